"""A step for the NPU, made from a recorded checkpoint and random inputs."""

from pathlib import Path

import numpy as np
import onnx_ir as ir

from export.graphs import npu_graphs
from export.trace import trace
from quantize.onnx_files import load, save
from quantize.qnn import quantize_qnn
from reference.checkpoint import load_checkpoint

CHECKPOINT = Path(__file__).parents[1] / "golden" / "mei" / "checkpoint"

Feed = dict[str, np.ndarray]


def float_step(folder: Path) -> Path:
    """The float transformer in the operators of the NPU."""
    save(
        trace(npu_graphs(load_checkpoint(CHECKPOINT), (256, 128))["transformer"]),
        path := folder / "float.onnx",
    )
    return path


def quantized_step(folder: Path) -> Path:
    """The same in codes."""
    source, target = float_step(folder), folder / "transformer.onnx"
    quantize_qnn(source, target, random_feeds(load(source).graph, 2))
    return target


def random_feeds(graph: ir.Graph, count: int) -> list[Feed]:
    """Inputs of random steps."""
    generator = np.random.default_rng(0)
    shapes = {str(value.name): value.shape.numpy() for value in graph.inputs if value.shape is not None}
    return [
        {
            "tokens": generator.integers(0, 8, shapes["tokens"], np.int32),
            "context": generator.normal(size=shapes["context"]).astype(np.float32),
            "modulation": generator.normal(0.5, 0.5, shapes["modulation"]).astype(np.float32),
        }
        for _ in range(count)
    ]
