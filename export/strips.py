"""Rewrites a convolutional graph to compute its large feature maps in strips of rows, which saves memory.

At 1024 px the last level of the VQ decoder has 256 and 128 channels of 1024 x 1024: 1 GB and 0.5 GB a map in
float32, and the plain graph holds several maps. Here a large map is a list of strips, which are bands of
whole rows. Strips are stored in float16, or in the 8 bits that an int8 convolution gives, and are widened one
at a time:

    strip i-1 -- last row  --.
    strip i   -- all rows  --+--> float32 -> norm -> SiLU -> conv 3x3 -> float16 --> strip i of the next map
    strip i+1 -- first row --'                                        or 8 bits

Two kinds of maps are stored:
- the inputs of a GroupNormalization, because it needs the whole map before its first row;
- the inputs of a Resize, because otherwise each strip of the doubled map would compute their halos anew.
All maps between them are computed only for the rows of one strip at a time.
Only storage loses precision. A norm's statistics are those of the whole map: sums over the strips and over
their squares. (onnxruntime's GroupNormalization computes the variance from mean squares, too.)

The result is one unrolled graph of ordinary operators over the same weights. Each strip is a tensor of its
own, which onnxruntime releases after its last use. So a pass from one map of N bytes to another takes N bytes
and a few strips. Loop operators would hold both maps.

onnxruntime runs graphs depth first from the outputs and merges equal expressions, which could keep tensors
alive for too long. Four choices prevent that:
- Statistics read the stored strip, so the float32 strip is released as soon as it is stored.
- Statistics widen it in another shape, so no two passes share a widened strip.
- A strip's two sums are one tensor, so no widened strip waits for the second sum.
- A block's shortcut and hidden map, which both read the block's input, share a stored tensor, so neither
  keeps the input for the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from quantize.graph_edit import initializer

# The approximate size of a strip of the largest map: 20 float32 rows of 128 x 1024 x 1024. Smaller strips
# read more halo rows and make a longer graph.
STRIP_BYTES = 10 * 2**20
# The strip-sized tensors that a pass holds: three to five live ones, a convolution's unfolded input, and the
# memory that onnxruntime keeps for later tensors of the same shape.
TENSORS = 20

# float16 ends at 65504, which a residual stream can exceed (published configurations set `force_upcast`). So
# stored strips are divided by this power of two. It costs precision only below 2^-10.
DIVISOR = 16.0

FLOAT_BYTES = 4

# Operators whose output row depends only on the same row of their inputs.
ROW_BY_ROW = {
    "Add", "Mul", "Sub", "Div", "Sigmoid", "Clip", "Round", "Cast", "QuantizeLinear", "DequantizeLinear",
}  # fmt: skip
# Operators that can read a map by rows. Any other operator gets the whole map.
RULES = ROW_BY_ROW | {"Conv", "GroupNormalization", "Pad", "Resize"}


def in_strips(model: ir.Model) -> None:
    """Rewrite a graph of convolutions in place. It stays as it is if all maps [1, C, height, W] are small, or
    if DepthToSpace makes its picture: a tiny decoder's maps have the size of the token grid.

    Raises AssertionError if an operator outside RULES gives a large map.
    """
    nodes = list(model.graph)
    if any(node.op_type == "DepthToSpace" for node in nodes):
        return
    strips = Strips(model.graph)
    if not any(node.op_type == "Conv" and strips.is_large(node.outputs[0]) for node in nodes):
        return
    for node in nodes:
        for value in node.outputs:
            strips.visit(value)
    RemoveUnusedNodesPass()(model)
    model.graph.sort()


@dataclass
class Stored:
    """A map [1, C, height, W] stored in strips [1, C or more, rows, W] of `size` rows."""

    strips: list[ir.Value]  # float16 or 8 bits
    size: int
    channels: tuple[int, int] | None  # the map's channels in a strip, first and end; None: all of them
    dequantize: ir.Node | None  # the DequantizeLinear that widens 8 bits; None for float16


class Strips:
    """Adds operators on strips to a graph and remembers which maps they store."""

    def __init__(self, graph: ir.Graph) -> None:
        self.graph = graph
        self.stored: dict[ir.Value, Stored] = {}
        self.norms: dict[ir.Node, tuple[ir.Value, ir.Value]] = {}  # each norm's scale and shift, [C, 1, 1]
        self.constants: dict[tuple[object, ...], ir.Value] = {}
        maps = [value for node in graph for value in node.outputs if is_map(value)]
        self.largest = max(map(bytes_of, maps), default=0)

    def limit(self, size: int) -> int:
        """The most bytes a strip may have in a pass whose widest map has `size` bytes in float32.

        A pass holds two stored maps, together `size` bytes. The pass to the largest map releases the strips
        it has read, so it holds only `largest` / 2. Other passes may spend the difference on larger strips.
        These are fewer, so onnxruntime holds fewer copies of a kernel (see `unshare_weights`).
        """
        return STRIP_BYTES + max(0, self.largest // 2 - size) // TENSORS

    def is_large(self, value: ir.Value | None) -> bool:
        """Whether a value is a map that is too large to be held whole."""
        return value is not None and is_map(value) and bytes_of(value) > self.limit(bytes_of(value))

    def visit(self, value: ir.Value) -> None:
        """Add what the readers of a value need; its inputs have been visited before."""
        node = value.producer()
        assert node is not None
        if self.is_large(value):
            if value not in self.stored and is_kept(value):
                self.store(value)
            elif node.op_type == "GroupNormalization":
                self.norms[node] = self.statistics(node)
            elif others := [use for use in value.uses() if use.node.op_type not in RULES]:
                whole = self.whole(value)
                for use in others:
                    use.node.replace_input_with(use.idx, whole)
        elif any(self.is_large(source) for source in node.inputs):
            whole = self.whole(value)
            whole.shape, whole.type = value.shape, value.type
            ir.convenience.replace_all_uses_with(value, whole, replace_graph_outputs=True)

    def whole(self, value: ir.Value) -> ir.Value:
        """A map that is computed in strips and joined for a reader that needs all of it."""
        parts = [self.rows(value, start, stop, {}) for start, stop in self.spans(value)]
        joined = self.op("Concat", *parts, axis=2)
        joined.name = f"{value.name}.whole"
        return joined

    def store(self, value: ir.Value) -> None:
        """Store a large map, and a shortcut beside it, in strips."""
        shortcut = self.shortcut_beside(value)
        maps = [value] if shortcut is None else [shortcut, value]
        codes = [codes_of(each) for each in maps]
        in_codes = None not in codes
        strips = []
        for start, stop in self.spans(value):
            parts = [self.rows(each, start, stop, {}) for each in (codes if in_codes else maps)]
            rows = self.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
            if not in_codes:
                # Not Mul: onnxruntime would fold it into the convolution's weight, with one copy a strip.
                rows = self.op("Div", rows, self.constant(DIVISOR))
                rows = self.op("Cast", rows, to=ir.DataType.FLOAT16)
            rows.name = f"{value.name}.rows.{start}"
            strips.append(rows)
        size, last = self.spans(value)[0][1], 0
        for each in maps:
            first, last = last, last + shape(each)[1]
            channels = (first, last) if len(maps) > 1 else None
            self.stored[each] = Stored(strips, size, channels, each.producer() if in_codes else None)

    def shortcut_beside(self, value: ir.Value) -> ir.Value | None:
        """Another convolution's large output from the same stored map as `value`, if not stored itself."""
        for source in self.stored_sources(value):
            for node in convolutions_of(source):
                result = dequantized(node.outputs[0])
                kept = result in self.stored or is_kept(result)
                if result is not value and self.is_large(result) and not kept:
                    return result
        return None

    def stored_sources(self, value: ir.Value) -> list[ir.Value]:
        """The stored maps from which rows of `value` are computed."""
        node = value.producer()
        assert node is not None
        found: dict[ir.Value, None] = {}
        for source in node.inputs:
            if source is not None and self.is_large(source):
                found |= dict.fromkeys([source] if source in self.stored else self.stored_sources(source))
        return list(found)

    def spans(self, value: ir.Value) -> list[tuple[int, int]]:
        """First row and end of each strip of a map; the widest map on the way to it sets their number.

        The strips of a map that a Resize reads exist beside the doubled map, so that map limits them.
        """
        height = shape(value)[2]
        widest = self.widest(value)
        doubled = [numbers(node.outputs[0]) for node in readers(value) if node.op_type == "Resize"]
        widest_beside = max([widest, *(FLOAT_BYTES * count for count in doubled)])
        size = ceil(height / ceil(widest / self.limit(widest_beside)))
        return [(start, min(start + size, height)) for start in range(0, height, size)]

    def widest(self, value: ir.Value) -> int:
        """Bytes of the largest map on the way from stored maps to this one, both ends included."""
        node = value.producer()
        assert node is not None
        inputs = [source for source in node.inputs if source is not None and self.is_large(source)]
        return max(
            [bytes_of(value)]
            + [bytes_of(source) if source in self.stored else self.widest(source) for source in inputs]
        )

    def statistics(self, node: ir.Node) -> tuple[ir.Value, ir.Value]:
        """Scale and shift [C, 1, 1] by which a GroupNormalization maps its stored (divided) input.

        (x - mean) / deviation * weight + bias   ==   x * scale + shift
        """
        source, weight, bias = node.inputs
        assert source is not None
        stored, channels = self.stored[source], shape(source)[1]
        groups = node.attributes["num_groups"].as_int()
        moments = []
        for strip in stored.strips:
            if stored.channels is not None:
                strip = self.cut(strip, *stored.channels, axis=1)
            values = self.widened(stored, self.reshaped(strip, groups, -1))
            both = [self.op(kind, values, self.constant([1])) for kind in ("ReduceSum", "ReduceSumSquare")]
            moments.append(self.op("Concat", *both, axis=0))  # [2 * groups, 1]
        count = self.constant(numbers(source) / groups)
        sums = self.op("ReduceSum", self.op("Concat", *moments, axis=1), self.constant([1]))
        means = self.op("Div", sums, count)  # [2 * groups, 1]
        mean, squares = self.cut(means, 0, groups, axis=0), self.cut(means, groups, 2 * groups, axis=0)
        # Rounding may give a constant map a variance below zero.
        variance = self.op("Relu", self.op("Sub", squares, self.op("Mul", mean, mean)))
        epsilon = self.constant(node.attributes["epsilon"].as_float() / DIVISOR**2)
        deviation = self.op("Sqrt", self.op("Add", variance, epsilon))
        scale = self.op("Div", self.reshaped(weight, groups, -1), deviation)
        shift = self.op("Sub", self.reshaped(bias, groups, -1), self.op("Mul", mean, scale))
        return self.reshaped(scale, channels, 1, 1), self.reshaped(shift, channels, 1, 1)

    def rows(self, value: ir.Value | None, start: int, stop: int, known: dict[object, ir.Value]) -> ir.Value:
        """Rows of a map in float32; `known` holds the rows of all maps computed for the same strip."""
        assert value is not None
        key, node = (value, start, stop), value.producer()
        if key not in known:
            if value in self.stored:
                narrow = self.stored_rows(value, start, stop, known)
                known[key] = self.op("Mul", narrow, self.constant(DIVISOR))
            elif node is not None and any(self.is_large(each) for each in (value, *node.inputs)):
                known[key] = self.computed_rows(node, start, stop, known)
            else:
                known[key] = self.cut(value, start, stop, axis=2) if stop - start < shape(value)[2] else value
        return known[key]

    def stored_rows(self, value: ir.Value, start: int, stop: int, known: dict[object, ir.Value]) -> ir.Value:
        """Rows of a stored map in float32, still divided."""
        key = ("stored", value, start, stop)
        if key not in known:
            stored, parts = self.stored[value], []
            for index in range(start // stored.size, ceil(stop / stored.size)):
                first = index * stored.size
                height = min(stored.size, shape(value)[2] - first)  # the last strip may have fewer rows
                top, bottom = max(start - first, 0), min(stop - first, height)
                strip = stored.strips[index]
                parts.append(strip if bottom - top == height else self.cut(strip, top, bottom, axis=2))
            joined = self.op("Concat", *parts, axis=2) if len(parts) > 1 else parts[0]
            if stored.channels is not None:
                joined = self.cut(joined, *stored.channels, axis=1)
            known[key] = self.widened(stored, joined)
        return known[key]

    def widened(self, stored: Stored, part: ir.Value) -> ir.Value:
        """A part of a stored map in float32, still divided."""
        if stored.dequantize is None:
            return self.op("Cast", part, to=ir.DataType.FLOAT)
        _, scale, zero = stored.dequantize.inputs
        return self.op("DequantizeLinear", part, self.constant(constant_of(scale) / DIVISOR), zero)

    def computed_rows(self, node: ir.Node, start: int, stop: int, known: dict[object, ir.Value]) -> ir.Value:
        """Rows of the output of `node`, from the rows of its inputs on which they depend."""
        source = node.inputs[0]
        assert source is not None
        height = shape(source)[2]
        if node.op_type == "GroupNormalization":
            scale, shift = self.norms[node]
            narrow = self.stored_rows(source, start, stop, known)
            return self.op("Add", self.op("Mul", narrow, scale), shift)
        if node.op_type == "Conv":
            (kernel, _), (stride, _) = (
                node.attributes[name].as_ints() for name in ("kernel_shape", "strides")
            )
            top, left, _, right = node.attributes["pads"].as_ints()
            first = start * stride - top
            last = (stop - 1) * stride - top + kernel
            pads = [max(-first, 0), left, max(last - height, 0), right]
            rows = self.rows(source, max(first, 0), min(last, height), known)
            return self.again(node, rows, *node.inputs[1:], pads=pads)
        if node.op_type == "Pad":
            pads = constant_of(node.inputs[1]).tolist()
            top = pads[2]
            pads[2], pads[6] = max(top - start, 0), max(stop - top - height, 0)
            rows = self.rows(source, max(start - top, 0), min(stop - top, height), known)
            return self.again(node, rows, self.constant(pads), *node.inputs[2:])
        if node.op_type == "Resize":
            factor = shape(node.outputs[0])[2] // height
            first = start // factor
            rows = self.again(node, self.rows(source, first, ceil(stop / factor), known), *node.inputs[1:])
            if (start, stop) == (first * factor, ceil(stop / factor) * factor):
                return rows
            return self.cut(rows, start - first * factor, stop - first * factor, axis=2)
        assert node.op_type in ROW_BY_ROW, node
        inputs = [self.rows(value, start, stop, known) if is_map(value) else value for value in node.inputs]
        return self.again(node, *inputs)

    def again(self, node: ir.Node, *inputs: ir.Value | None, **changed: Sequence[int]) -> ir.Value:
        """The output of a copy of the node on other inputs, with some attributes changed."""
        attributes = [value for name, value in node.attributes.items() if name not in changed]
        attributes += ir.convenience.convert_attributes(changed)
        made = ir.Node(node.domain, node.op_type, inputs, attributes)
        self.graph.append(made)
        return made.outputs[0]

    def op(self, kind: str, *inputs: ir.Value | None, **attributes: int) -> ir.Value:
        """The output of a new node."""
        made = ir.Node("", kind, inputs, ir.convenience.convert_attributes(attributes))
        self.graph.append(made)
        return made.outputs[0]

    def cut(self, value: ir.Value, start: int, stop: int, axis: int) -> ir.Value:
        return self.op("Slice", value, self.constant([start]), self.constant([stop]), self.constant([axis]))

    def reshaped(self, value: ir.Value | None, *sizes: int) -> ir.Value:
        return self.op("Reshape", value, self.constant(list(sizes)))

    def constant(self, content: float | list[int] | np.ndarray) -> ir.Value:
        """An initializer of these numbers; equal ones are the same initializer."""
        array = np.asarray(content, np.float32 if isinstance(content, float) else None)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self.constants:
            tensor = ir.tensor(array, name=f"strips.{len(self.constants)}")
            self.constants[key] = initializer(self.graph, tensor)
        return self.constants[key]


def shape(value: ir.Value) -> tuple[int, ...]:
    assert value.shape is not None
    return value.shape.numpy()


def numbers(value: ir.Value) -> int:
    return prod(shape(value))


def bytes_of(value: ir.Value) -> int:
    assert value.dtype is not None
    return int(value.dtype.itemsize * numbers(value))


def is_map(value: ir.Value | None) -> bool:
    """Whether a value is a computed map [1, C, height, W]; weights are not."""
    if value is None or value.shape is None or value.producer() is None:
        return False
    return value.shape.rank() == 4 and shape(value)[0] == 1


def constant_of(value: ir.Value | None) -> np.ndarray:
    """The numbers of an initializer or a Constant."""
    assert value is not None
    tensor = ir.convenience.get_const_tensor(value)
    assert tensor is not None
    return tensor.numpy()


def convolutions_of(value: ir.Value) -> Iterator[ir.Node]:
    """The convolutions that read a map, directly or through 8 bits.

    map --> Conv          map --> QuantizeLinear --> DequantizeLinear --> Conv
    """
    for node in readers(value):
        behind = node.outputs[0].uses() if node.op_type == "DequantizeLinear" else ()
        yield from (each for each in (node, *(use.node for use in behind)) if each.op_type == "Conv")


def dequantized(result: ir.Value) -> ir.Value:
    """A convolution's output as later operators read it: after QuantizeLinear, DequantizeLinear if any."""
    for node in readers(result):
        if node.op_type == "DequantizeLinear":
            return node.outputs[0]
    return result


def codes_of(value: ir.Value) -> ir.Value | None:
    """The 8-bit codes from which a DequantizeLinear makes a map; None for any other map."""
    node = value.producer()
    assert node is not None
    return node.inputs[0] if node.op_type == "DequantizeLinear" else None


def is_kept(value: ir.Value) -> bool:
    """Whether a map is stored if it is large: GroupNormalization and Resize read stored maps."""
    return any(reader.op_type in ("GroupNormalization", "Resize") for reader in readers(value))


def readers(value: ir.Value) -> list[ir.Node]:
    """The nodes that read a map, and those that read its 8-bit codes if it is quantized."""
    direct = [node for node, _ in value.uses()]
    quantizing = [node for node in direct if node.op_type == "QuantizeLinear"]
    return direct + [node for each in quantizing for node, _ in each.outputs[0].uses()]
