"""Quantizes a float graph: every weight gets the precision that a recipe names, in one pass.

`int8`, `int4` and `fp16` hold the rewrites, and `weights` says what a weight is. A weight that several
operators read is stored once. The same graph and recipe give the same bytes.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import onnx_ir as ir

from quantize import fp16, int4, int8
from quantize.graph_edit import Widened
from quantize.onnx_files import load, save
from quantize.recipe import Precision, Recipe
from quantize.rounding import Nearest, Rounding
from quantize.weights import Kind, reads, weights_of
from runtime.manifest import PRECISIONS

ROUNDING = Nearest()
OURS = (int8.SCALE, int4.SCALE)  # float tensors that quantization itself adds


@dataclass
class QuantizedWeights:
    """What quantization made of a graph: every float tensor, and the reason if it is still float."""

    weights: dict[str, tuple[Kind, Precision]] = field(default_factory=dict)  # each weight once
    readers: Counter[tuple[Kind, Precision]] = field(default_factory=Counter)  # how many operators read them
    left_float: dict[str, str] = field(default_factory=dict)  # name -> reason

    def __str__(self) -> str:
        counts = [
            f"{count} {kind}{'s' if count > 1 else ''} {precision}"
            for (kind, precision), count in sorted(self.readers.items())
        ]
        return ", ".join([*counts, f"{len(self.left_float)} tensors float"])

    @property
    def precision(self) -> str:
        """For the manifest: that of linears and convolutions, "int8+int4" where they differ."""
        found = {precision for kind, precision in self.weights.values() if kind != "table"}
        return "+".join(sorted(found, key=PRECISIONS.index)) or "fp32"


def quantize_graph(
    source: Path,
    target: Path,
    graph: str,
    recipe: Recipe,
    rounding: Rounding = ROUNDING,
    first: Path | None = None,
) -> QuantizedWeights:
    """Quantize the float graph `source`, named `graph` in the bundle, into `target` as the recipe says.

    `first` is the same graph for another size, quantized alike: see `onnx_files.save`.

    int4 weights are rounded by `rounding`, whose scales must be in units. Raises RecipeError if the recipe
    does not fit the graph, ValueError for a graph that hides weights (`weights.reads`), OSError when the
    target cannot be written. Nothing is written before the checks.
    """
    model = load(source)
    weights = weights_of(model)
    recipe.check(graph, weights)
    made, original = QuantizedWeights(), {}
    quantized: int8.QuantizedInputs = {}
    unpacked: int4.Unpacked = {}
    widened: Widened = {}
    too_large: set[str] = set()
    for node, value, kind in reads(model):
        name = str(value.name)
        precision = recipe.precision(graph, weights[name])
        if precision == "fp16" and name not in original and not fp16.fits(value):
            too_large.add(name)
        if name in too_large:
            precision = "fp32"
        original[name] = value
        made.weights[name] = kind, precision
        made.readers[kind, precision] += 1
        if precision == "fp32":
            continue
        if precision == "fp16":
            fp16.table(node, value) if kind == "table" else fp16.matrix(node, value, widened)
        elif precision == "int8" and kind == "convolution":
            int8.kernel(node, value, widened)
        elif precision == "int8":
            int8.table(node, value) if kind == "table" else int8.linear(node, value, quantized)
        else:
            int4.linear(node, value, recipe.block, rounding, quantized, unpacked)
            model.opset_imports.setdefault(int4.DOMAIN, 1)
    for name, value in original.items():
        if not value.uses():
            assert value.graph is not None
            del value.graph.initializers[name]
    for part in model.graphs():
        for name, value in part.initializers.items():
            if value.dtype == ir.DataType.FLOAT and not name.endswith(OURS):
                made.left_float[name] = reason(value, made, too_large)
    save(model, target, first)
    return made


def reason(value: ir.Value, made: QuantizedWeights, too_large: set[str]) -> str:
    """Why a tensor is float in the written graph."""
    if value.name in too_large:
        return f"holds numbers above {fp16.LARGEST:g}, the largest of fp16"
    if value.name in made.weights:
        return "kept float by the recipe"
    readers = ", ".join(sorted({use.node.op_type for use in value.uses()}))
    if value.shape is not None and value.shape.rank() <= 1:
        return f"vector or number ({readers})"
    return f"not the weight of a linear, table or convolution ({readers})"
