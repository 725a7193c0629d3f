"""Rules that find operations which the Neural Engine does not run, or runs slowly.

Sources: Apple's "Deploying Transformers on the Apple Neural Engine" (ml-ane-transformers),
ml-stable-diffusion, the coremltools guide to compressing weights, and measurements by users. They are rules
of thumb: only a device shows where an operation runs. Tensors of more than five axes need no rule, because
coremltools never writes them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from runtime.coreml.saved import Operation, Value

LEAST_LAST_AXIS = 32  # elements: 64 bytes of fp16, to which the last axis is padded
LARGEST_CHUNK = 512  # queries
SMALL = 1 << 16  # elements with padding: short axes below this, such as modulations, waste little

# Casts at the border of a graph are unavoidable, and quantized activations stay on the Neural Engine.
_CHANGES_OF_TYPE = ("cast", "quantize", "dequantize")


@dataclass(frozen=True)
class Rule:
    """`leaves`: the operation runs on another device; otherwise it stays but costs time or memory."""

    name: str
    reason: str
    leaves: bool
    broken: Callable[[Operation], bool]


def gather(operation: Operation) -> bool:
    return operation.type.startswith(("gather", "scatter"))


def cumulative_sum(operation: Operation) -> bool:
    return operation.type == "cumsum"


def selection(operation: Operation) -> bool:
    return operation.type in ("reduce_argmax", "reduce_argmin", "topk", "argsort", "non_zero")


def fused_attention(operation: Operation) -> bool:
    return operation.type == "scaled_dot_product_attention"


def whole_numbers(operation: Operation) -> bool:
    return operation.type not in _CHANGES_OF_TYPE and any(
        value.dtype.removeprefix("u").startswith(("int", "bool")) for value in _tensors(operation)
    )


def single_precision(operation: Operation) -> bool:
    return operation.type not in _CHANGES_OF_TYPE and any(
        value.dtype == "fp32" for value in _tensors(operation)
    )


def blocks(operation: Operation) -> bool:
    weights = [value.weight for values in operation.inputs.values() for value in values if value.weight]
    return any(weight.blocks or weight.precision == "int4" for weight in weights)


def linear(operation: Operation) -> bool:
    return operation.type == "linear"


def softmax_axis(operation: Operation) -> bool:
    return operation.type == "softmax" and _axis(operation) != 1


def chunk(operation: Operation) -> bool:
    shape = operation.outputs[0].shape
    return operation.type == "softmax" and _axis(operation) == 1 and shape[-1] > LARGEST_CHUNK


def moved_axis(operation: Operation) -> bool:
    if operation.type != "transpose":
        return False
    order = operation.parameter("perm")
    return order[-1] not in (-1, len(order) - 1)


def short_axis(operation: Operation) -> bool:
    return any(
        value.shape[-1] < LEAST_LAST_AXIS and value.elements // value.shape[-1] * LEAST_LAST_AXIS > SMALL
        for value in operation.outputs
        if value.shape
    )


# An operation counts under the first rule that it breaks: leaving before slow, special before general.
RULES = (
    Rule("gather", "gathers and scatters run on the CPU: put them into a separate graph", True, gather),
    Rule("cumulative sum", "cumsum runs on the CPU: draw in a separate graph", True, cumulative_sum),
    Rule("selection", "argmax, top-k and sorting run on the CPU: draw in a separate graph", True, selection),
    Rule(
        "fused attention",
        "scaled_dot_product_attention is for the GPU: write each head as two products with a softmax between",
        True,
        fused_attention,
    ),
    Rule("whole numbers", "int and bool arithmetic runs on the CPU: only fp16 stays", True, whole_numbers),
    Rule("single precision", "fp32 runs on CPU or GPU: only fp16 stays", True, single_precision),
    Rule(
        "blocks",
        "4-bit linear and blockwise weights are for the GPU: use a palette, or int8 with a scale a channel",
        True,
        blocks,
    ),
    Rule("linear", "linears are fastest as 1x1 convolutions over [B, C, 1, S]", False, linear),
    Rule(
        "softmax axis",
        "softmax moves data unless it is over the keys (axis 1) of [B, keys, heads, queries]",
        False,
        softmax_axis,
    ),
    Rule(
        "attention chunk",
        f"more than {LARGEST_CHUNK} queries at once do not fit the on-chip memory: use chunks of 256 to 512",
        False,
        chunk,
    ),
    Rule("moved axis", "a transpose of the last, contiguous axis copies the tensor", False, moved_axis),
    Rule(
        "short axis",
        f"the last axis is padded to {LEAST_LAST_AXIS} elements: put the sequence there, not the channels",
        False,
        short_axis,
    ),
)


def first_broken(operation: Operation) -> Rule | None:
    return next((rule for rule in RULES if rule.broken(operation)), None)


def _tensors(operation: Operation) -> list[Value]:
    return [*operation.activations, *operation.outputs]


def _axis(operation: Operation) -> int:
    axis: int = operation.parameter("axis", -1)
    return axis % len(operation.outputs[0].shape)
