"""Static quantization for Qualcomm's NPU (HTP): 16-bit activations, 8-bit weights, fixed shapes.

onnxruntime's own quantizer and QNN settings do the work, on a graph in the NPU's operators
(`export.npu_form`). The draw from the logits (sums, comparisons, look-ups) stays float and runs on the CPU,
because probabilities rounded to 16 bits would make rare codes impossible.
"""

import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx_ir as ir
import psutil
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize
from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config

from quantize.errors import QuantizationError
from quantize.onnx_files import files, load, save
from quantize.static_ranges import Feed

LOGITS = "drawing.logits.out."  # chunks of the step's logits; what follows draws from them
# The ranges behind the guidance grow with it: calibrated at guidance 2, a step keeps 49 % of its tokens at 9.
# So they are measured at this guidance, at no cost at 2. Greater guidance is clipped.
MOST_GUIDANCE = np.array(20, np.float32)
# onnxruntime's quantizer holds the graph this many times: for a step of 345 MB it took 1.96 GB, of which
# Python took 0.3 GB.
COPIES = 5
TURN = "rotary.turn"  # a matrix of -1, 0 and 1 (`export.npu_form`), exact with these settings:
EXACT = {"quant_type": QuantType.QUInt8, "scale": np.float32(1 / 127), "zero_point": np.uint8(128)}


@dataclass(frozen=True)
class NpuGraph:
    """What quantization made of a graph: what the NPU runs and what stays with the CPU."""

    weights: tuple[str, ...]  # in 8 bits
    quantized: dict[str, int]  # operators between Dequantize and Quantize, which the NPU runs
    left_float: dict[str, int]  # operators on floats, integers or booleans, which the CPU runs

    @property
    def precision(self) -> str:
        """For the manifest."""
        return "qnn"

    def __str__(self) -> str:
        npu, cpu = (sum(counts.values()) for counts in (self.quantized, self.left_float))
        return f"{len(self.weights)} weights in 8 bits, {npu} operators for the NPU, {cpu} for the CPU"


class Reader(CalibrationDataReader):
    def __init__(self, feeds: Iterable[Feed]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> Feed | None:
        feed = next(self.feeds, None)
        return feed if feed is None or "guidance" not in feed else {**feed, "guidance": MOST_GUIDANCE}


def quantize_qnn(source: Path, target: Path, feeds: Sequence[Feed]) -> NpuGraph:
    """Quantize the float graph `source` into `target`, with ranges over `feeds`, its inputs by name.

    Raises QuantizationError without feeds, for feeds of several shapes and for too little memory, OSError
    when the target cannot be written.
    """
    if not feeds:
        raise QuantizationError(f"{source.name}: no step to calibrate on: draw at least one picture")
    shapes = {tuple(sorted((name, array.shape) for name, array in feed.items())) for feed in feeds}
    if len(shapes) > 1:
        raise QuantizationError(
            f"{source.name}: the NPU takes one shape of each input, and the steps have several"
        )
    check_memory(source)
    graph = load(source).graph
    with tempfile.TemporaryDirectory(dir=source.parent) as folder, quiet():
        settings = get_qnn_qdq_config(
            source,
            Reader(feeds),
            activation_type=QuantType.QUInt16,
            weight_type=QuantType.QUInt8,
            init_overrides={TURN: [EXACT]} if TURN in graph.initializers else None,
            nodes_to_exclude=list(after_logits(graph)),
        )
        quantized = Path(folder) / "quantized.onnx"
        quantize(source, quantized, settings)
        save(load(quantized), target)
    return summarized(load(target).graph)


def check_memory(source: Path) -> None:
    """Raises QuantizationError if onnxruntime's quantizer would need more than this machine's memory."""
    needed = COPIES * sum(file.stat().st_size for file in files(source))
    available = psutil.virtual_memory().total
    if needed > available:
        raise QuantizationError(
            f"{source.name}: quantization for the NPU takes about {needed / 1e9:.1f} GB of memory, and this"
            f" machine has {available / 1e9:.1f} GB: use a larger one, or export for the CPU (--int8)"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Silence onnxruntime's advice to optimise the graph first, which would fold weights away."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def after_logits(graph: ir.Graph) -> Iterator[str]:
    """Names of the nodes that draw from the logits."""
    drawn: set[ir.Value] = set()
    for node in graph:
        if any(
            str(value.name).startswith(LOGITS) or value in drawn for value in node.inputs if value is not None
        ):
            drawn.update(node.outputs)
            yield str(node.name)


def summarized(graph: ir.Graph) -> NpuGraph:
    quantized, left = Counter[str](), Counter[str]()
    for node in graph:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            continue
        readers = {use.node.op_type for value in node.outputs for use in value.uses()}
        (quantized if "QuantizeLinear" in readers else left)[node.op_type] += 1
    weights = [
        name.removesuffix("_quantized")
        for name, value in graph.initializers.items()
        if value.dtype == ir.DataType.UINT8 and value.shape is not None and value.shape.rank() > 0
    ]
    return NpuGraph(tuple(weights), dict(quantized), dict(left))
