"""Compresses the weights of a Core ML package, each to the form that a recipe names.

coremltools does it, except for int4 and palettes with our own rounding (`coreml_int4`, `coreml_palettes`) and
float16 weights of float32 programs (`half_storage`). Weights have their names in the converted program, which
come from their layers ("blocks_0_image_qkv_weight"). Only weights of linears, convolutions and look-ups
change; rotary tables and norms stay as they are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from coremltools.models.utils import _apply_graph_pass
from coremltools.optimize.coreml._quantization_passes import insert_prefix_quantize_dequantize_pair

from quantize.coreml_codes import Codes
from quantize.coreml_int4 import store_in_int4
from quantize.coreml_palettes import store_in_palettes
from quantize.errors import RecipeError
from quantize.half_storage import store_in_half
from runtime.coreml.tools import coremltools as ct
from runtime.coreml.tools import quiet

cto = ct.optimize.coreml
Ranges = dict[str, tuple[float, float]]  # result -> its smallest and largest value

Form = Literal["fp32", "fp16", "int8", "int4", "palette8", "palette6", "palette4"]
FORMS: tuple[Form, ...] = get_args(Form)
PALETTE_BITS = {"palette8": 8, "palette6": 6, "palette4": 4}
BLOCK = 32  # weights that share an int4 scale
GROUP = 16  # output channels that share a 4-bit palette
SMALLEST = 2048  # elements; coremltools leaves weights of up to so many alone

HALF = "_to_fp16"  # the converter appends this to the name of a weight that it casts
# Operations that read weights -> the name of that input.
LAYERS = {"linear": "weight", "conv": "weight", "conv_transpose": "weight", "gather": "x"}


@dataclass(frozen=True)
class Weight:
    """A weight of a program that can be compressed."""

    name: str
    layer: str  # the operation that reads it
    shape: tuple[int, ...]


def in_program(parameter: str) -> str:
    """The name of a module's parameter in the converted program."""
    return parameter.replace(".", "_")


def weights_of(model: Any) -> list[Weight]:
    """The compressible weights of an MLModel converted in this process, in its program's order.

    coremltools has such a list, but sorts every weight to count its values: a minute for 300 million.
    """
    (function,) = model._mil_program.functions.values()
    found: dict[str, Weight] = {}
    for op in function.operations:
        weight = op.inputs.get(LAYERS.get(op.op_type, ""))
        if weight is not None and weight.op is not None and weight.op.op_type == "const":
            shape = tuple(weight.shape)
            if len(shape) > 1 and math.prod(shape) > SMALLEST:
                name = weight.op.name.removesuffix(HALF)
                found[name] = Weight(name, op.op_type, shape)
    return list(found.values())


def compress(model: Any, forms: Mapping[str, Form], codes: Codes, grouped: bool, half: bool) -> Any:
    """The MLModel with each weight in the form that `forms` gives its name.

    int4 and palettes take their codes from `codes` or, if it lacks them, are rounded to nearest. `grouped`: a
    4-bit palette serves 16 output channels (iOS 18), not a whole tensor. `half`: the model computes in
    float16; otherwise fp16 weights are stored in float16 and widened on load. Raises as `check_fit`.
    """
    linear, palettes, halves, rounded, looked_up = {}, {}, set(), {}, {}
    for weight in weights_of(model):
        form = forms[weight.name]
        check_fit(weight, form, grouped, half)
        for name in (weight.name, weight.name + HALF):  # the program has one of the two
            if form == "int4" and weight.name in codes:
                rounded[name] = weight.name
            elif form in ("int8", "int4"):
                linear[name] = quantizer(form)
            elif form == "fp16":
                halves.add(name)
            elif form in PALETTE_BITS and weight.name in codes:
                looked_up[name] = weight.name
            elif form in PALETTE_BITS:
                palettes[name] = palettizer(form, grouped)
    with quiet():
        if linear:
            model = cto.linear_quantize_weights(model, cto.OptimizationConfig(op_name_configs=linear))
        if palettes:
            model = cto.palettize_weights(model, cto.OptimizationConfig(op_name_configs=palettes))
    if rounded:
        model = store_in_int4(model, codes, rounded)
    if looked_up:
        model = store_in_palettes(model, codes, looked_up)
    return store_in_half(model, halves) if halves and not half else model


def quantize_activations(model: Any, ranges: Ranges) -> Any:
    """The MLModel whose linears and convolutions read 8-bit activations, with a symmetric scale a tensor.

        x --> linear        x --> quantize --> dequantize --> linear

    The pass is coremltools'. We call it directly because its public function measures the ranges by running
    the model, which only a Mac can do.
    """
    form = cto.OpLinearQuantizerConfig(mode="linear_symmetric")
    config = cto.OptimizationConfig(op_type_configs={"linear": form, "conv": form})
    insert = insert_prefix_quantize_dequantize_pair(config)
    insert.activation_stats = {name: {"rmin": low, "rmax": high} for name, (low, high) in ranges.items()}
    with quiet():
        return _apply_graph_pass(model, insert, skip_model_load=True)


def check_fit(weight: Weight, form: Form, grouped: bool, half: bool) -> None:
    """Raise RecipeError if the weight cannot have the form.

    coremltools itself would silently skip or damage a weight that a block or group does not divide.
    """
    outputs, inputs = weight.shape[:2]
    if form == "fp32" and half:
        raise RecipeError(f'"{weight.name}" is read in half precision, so fp32 has no effect: choose fp16')
    if form == "int4" and inputs % BLOCK:
        raise RecipeError(
            f'int4 block {BLOCK} does not divide the {inputs} inputs of "{weight.name}": choose int8 for it'
        )
    if form == "palette4" and grouped and outputs % GROUP:
        raise RecipeError(
            f'palette group {GROUP} does not divide the {outputs} outputs of "{weight.name}":'
            " choose palette6 for it"
        )


def quantizer(form: Form) -> Any:
    """coremltools' settings for int8 or int4."""
    if form == "int8":
        return cto.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int8", granularity="per_channel")
    return cto.OpLinearQuantizerConfig(
        mode="linear_symmetric", dtype="int4", granularity="per_block", block_size=BLOCK
    )


def palettizer(form: Form, grouped: bool) -> Any:
    """coremltools' settings for a palette."""
    if outputs_a_palette(form, grouped):
        return cto.OpPalettizerConfig(
            mode="kmeans",
            nbits=PALETTE_BITS[form],
            granularity="per_grouped_channel",
            group_size=GROUP,
            channel_axis=0,
        )
    return cto.OpPalettizerConfig(mode="kmeans", nbits=PALETTE_BITS[form], granularity="per_tensor")


def outputs_a_palette(form: Form, grouped: bool) -> int:
    """How many outputs share a palette; 0: all."""
    return GROUP if form == "palette4" and grouped else 0
