"""The guided logits of a bundle's step, for measuring: the graph itself gives out drawn codes only.

Needs the package onnx, but neither the reference nor torch.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from runtime.bundle import Bundle
from runtime.engine import session_options
from runtime.errors import BundleError

# Chunk i of the logits is named so by the exporter, whatever the precision.
CHUNK = r"drawing\.logits\.out\.\d+"

Tensors = Mapping[str, np.ndarray]


def open_step(path: Path, threads: int = 0) -> Callable[[Tensors], dict[str, np.ndarray]]:
    """A function from the tensors of a step, by name, to what its last graph `path` gives, and `logits` f32
    [H*W, C], the guided ones.

    It runs a copy of the graph that gives out its logits too. The copy lives in memory and maps the bundle's
    own weights; the bundle's folder is not written to. Raises BundleError.
    """
    model = onnx.load(path, load_external_data=False)
    made = [name for node in model.graph.node for name in node.output if re.fullmatch(CHUNK, name)]
    chunks = sorted(made, key=lambda name: int(name.rpartition(".")[2]))
    if not chunks:
        raise BundleError(f"{path} names no logits to compare with: export the bundle again")
    own = [output.name for output in model.graph.output]
    for name in chunks:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    options = session_options(threads)
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(path.parent.resolve())
    )
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]

    def step(tensors: Tensors) -> dict[str, np.ndarray]:
        found = session.run([*own, *chunks], {name: tensors[name] for name in inputs})
        logits = [chunk.reshape(-1, chunk.shape[-1]) for chunk in found[len(own) :]]
        return dict(zip(own, found, strict=False)) | {"logits": np.concatenate(logits)}

    return step


def open_logits(bundle: Bundle, threads: int = 0) -> Callable[[Tensors], np.ndarray]:
    """`open_step` of a bundle, for its logits alone."""
    step = open_step(bundle.path(bundle.manifest.graphs[bundle.manifest.step[-1]].files[0]), threads)
    return lambda tensors: step(tensors)["logits"]
