"""The guided logits of a bundle's step, for measuring: the graph itself gives out drawn codes only.

Needs the package onnx, but neither the reference nor torch.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from runtime.bundle import Bundle
from runtime.errors import BundleError
from runtime.parity.machine_recording import LOGITS, PREFIX, Tensors, last_graph, open_exposed


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


def open_step(bundle: Bundle, threads: int = 0) -> Callable[[Tensors], dict[str, np.ndarray]]:
    """A function from the tensors that the last graph of a step takes, by name, to what it gives, and
    `logits` f32 [H*W, C], the guided ones. Raises BundleError.
    """
    if bundle.manifest.engine == "coreml":
        return evaluated_step(bundle)
    if bundle.manifest.engine == "coreai":
        from runtime.parity.coreai_logits import logits_step  # an extra

        return logits_step(bundle)
    expose(last_graph(bundle))  # says at once if a graph does not name its logits
    opened: dict[Path, Callable[[Tensors], dict[str, np.ndarray]]] = {}

    def step(tensors: Tensors) -> dict[str, np.ndarray]:
        path = last_graph(bundle, tensors)
        if path not in opened:
            opened.clear()  # those of another size leave memory first
            opened[path] = open_exposed(expose(path), path.parent, threads)
        return opened[path](tensors)

    return step


def evaluated_step(bundle: Bundle) -> Callable[[Tensors], dict[str, np.ndarray]]:
    """`open_step` of Core ML packages: the sampler's linears give the logits, in chunks by position."""
    from runtime.coreml.engine import evaluated  # an extra: it needs torch and coremltools

    chunks: list[np.ndarray] = []

    def keep(name: str, kind: str, result: Any) -> None:
        if kind == "linear":
            chunks.append(result.numpy().reshape(-1, result.shape[-1]))

    engine, name = evaluated(bundle, keep), bundle.manifest.step[-1]

    def step(tensors: Tensors) -> dict[str, np.ndarray]:
        chunks.clear()
        made = engine.run(name, tensors)
        return made | {LOGITS: np.concatenate(chunks)}

    return step
