"""The guided logits of a bundle's step, for measuring: the graph itself gives out drawn codes only.

Needs the package onnx, but neither the reference nor torch.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx

from runtime.bundle import Bundle
from runtime.errors import BundleError
from runtime.parity.replay import PREFIX, Tensors, last_graph, open_exposed


def expose(path: Path) -> bytes:
    """A copy of the step's last graph that gives out its logits too, in chunks by position.

    Its weights are the bundle's own files; the bundle's folder is not written to. Raises BundleError.
    """
    model = onnx.load(path, load_external_data=False)
    made = {name.removeprefix(PREFIX) for node in model.graph.node for name in node.output if PREFIX in name}
    # What quantization puts between is named after a chunk: only bare numbers are chunks themselves.
    chunks = [f"{PREFIX}{number}" for number in sorted(int(name) for name in made if name.isdigit())]
    if not chunks:
        raise BundleError(f"{path} names no logits to compare with: export the bundle again")
    for name in chunks:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return model.SerializeToString()


def open_step(path: Path, threads: int = 0) -> Callable[[Tensors], dict[str, np.ndarray]]:
    """A function from the tensors of a step, by name, to what its last graph `path` gives, and `logits` f32
    [H*W, C], the guided ones. Raises BundleError.
    """
    return open_exposed(expose(path), path.parent, threads)


def open_logits(bundle: Bundle, threads: int = 0) -> Callable[[Tensors], np.ndarray]:
    """`open_step` of a bundle, for its logits alone."""
    step = open_step(last_graph(bundle), threads)
    return lambda tensors: step(tensors)["logits"]
