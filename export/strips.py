"""A convolutional graph computed in strips of rows, where its feature maps are too large to hold several of.

At 1024 px the last level of the VQ decoder works on 256 and 128 channels of 1024 x 1024: 1 GB and 0.5 GB a
map in float32, of which the plain graph holds several. Here a large map is a list of strips, bands of whole
rows stored in float16, or in the 8 bits that an int8 convolution gave, and widened one at a time:

    strip i-1 -- last row  --.
    strip i   -- all rows  --+--> float32 -> norm -> SiLU -> conv 3x3 -> float16 --> strip i of the next map
    strip i+1 -- first row --'                                        or 8 bits

Two kinds of maps are stored: those that a GroupNormalization reads, for it needs the whole map before its
first row, and those that are doubled, lest each of the many strips of the doubled map compute halos again.
Whatever stands between them is computed for the rows a strip needs, so one strip of it exists.
Nothing is approximated but the storage: statistics are those of the whole map, of the sums of each strip and
of its squares. (onnxruntime's own GroupNormalization takes the mean square less the square of the mean, too.)

All is unrolled into one graph of ordinary operators over the same weights, and strips are tensors of their
own: onnxruntime releases a strip once no later one needs it, so a pass from a map of N bytes to another of N
bytes takes N bytes and a few strips. Loop operators would hold both maps.

Graphs are run depth first from the outputs, and equal expressions are merged; four choices below keep that
from holding what should go:
- statistics are taken from the stored strip, so that the float32 one ends where it is stored;
- they widen it in a shape of its own, so that no widened strip is shared by two passes;
- a strip's two sums are one tensor, so that none is widened for the first and kept for the second;
- a block's shortcut is stored in one tensor with the block's hidden map, since both read the block's input
  and neither should keep it for the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

# About the most bytes of a strip of the largest map: 20 float32 rows of 128 x 1024 x 1024. Smaller strips
# read more halo rows and make a longer graph.
STRIP_BYTES = 10 * 2**20
# So many tensors of a strip's size are resident in a pass: three to five that are alive, what a convolution
# unfolds, and what onnxruntime keeps for later tensors of the same shape.
TENSORS = 20

# Strips hold the map divided by this, and are widened so: float16 ends at 65504, and a residual stream can go
# beyond (published configurations ask for float32 with `force_upcast`). A power of two, so nothing is lost
# but below 2^-10.
DIVISOR = 16.0

FLOAT_BYTES = 4

# Operators that give a row from the same row of their inputs.
ROW_BY_ROW = {
    "Add", "Mul", "Sub", "Div", "Sigmoid", "Clip", "Round", "Cast", "QuantizeLinear", "DequantizeLinear",
}  # fmt: skip
# Operators that can read a map by rows; for any other, a map is made whole.
RULES = ROW_BY_ROW | {"Conv", "GroupNormalization", "Pad", "Resize"}


def in_strips(model: ir.Model) -> None:
    """Rewrites a graph of convolutions. One whose maps [1, C, height, W] are small stays as it is."""
    nodes = list(model.graph)
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
    """A map in strips of `size` rows [1, more channels, rows, W], its channels first..last there."""

    strips: list[ir.Value]  # of float16, or of 8 bits
    size: int
    channels: tuple[int, int] | None  # None: all
    reader: ir.Node | None  # the DequantizeLinear of 8 bits


class Strips:
    def __init__(self, graph: ir.Graph) -> None:
        self.graph = graph
        self.stored: dict[ir.Value, Stored] = {}
        self.norms: dict[ir.Node, tuple[ir.Value, ir.Value]] = {}  # scale and shift, [C, 1, 1]
        self.constants: dict[tuple[object, ...], ir.Value] = {}
        maps = [value for node in graph for value in node.outputs if is_map(value)]
        self.largest = max(map(bytes_of, maps), default=0)

    def limit(self, size: int) -> int:
        """Most bytes of a strip while the widest map has `size` of them, in float32.

        A pass keeps two stored maps, together `size` bytes; that to the largest map gives up strip by strip
        what it reads, and keeps half of `largest`. What another keeps less its strips may have: fewer and
        larger ones, for which onnxruntime maps fewer copies of a kernel (see `unshare_weights`).
        """
        return STRIP_BYTES + max(0, self.largest // 2 - size) // TENSORS

    def is_large(self, value: ir.Value | None) -> bool:
        """Whether a value is a map that cannot be held whole."""
        return value is not None and is_map(value) and bytes_of(value) > self.limit(bytes_of(value))

    def visit(self, value: ir.Value) -> None:
        """Makes what others need of a value whose inputs were visited."""
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
        """A map computed in strips, joined for readers that need all of it."""
        parts = [self.rows(value, start, stop, {}) for start, stop in self.spans(value)]
        joined = self.op("Concat", *parts, axis=2)
        joined.name = f"{value.name}.whole"
        return joined

    def store(self, value: ir.Value) -> None:
        shortcut = self.shortcut_beside(value)
        maps = [value] if shortcut is None else [shortcut, value]
        codes = [codes_of(each) for each in maps]
        in_codes = None not in codes
        strips = []
        for start, stop in self.spans(value):
            parts = [self.rows(each, start, stop, {}) for each in (codes if in_codes else maps)]
            rows = self.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
            if not in_codes:
                # Div, since onnxruntime would fold a Mul into a copy of the convolution's weight per strip.
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
        """What a convolution gives of the stored map that `value` is made from, if it is not stored yet."""
        for base in self.bases(value):
            for node in convolutions_of(base):
                result = in_full(node.outputs[0])
                kept = result in self.stored or is_kept(result)
                if result is not value and self.is_large(result) and not kept:
                    return result
        return None

    def bases(self, value: ir.Value) -> list[ir.Value]:
        """The stored maps that rows of `value` are computed from."""
        node = value.producer()
        assert node is not None
        found: dict[ir.Value, None] = {}
        for source in node.inputs:
            if source is not None and self.is_large(source):
                found |= dict.fromkeys([source] if source in self.stored else self.bases(source))
        return list(found)

    def spans(self, value: ir.Value) -> list[tuple[int, int]]:
        """First and last row (not included) of each strip of a map, by the widest on the way to it.

        Those of a map that is doubled are made one by one while the doubled map grows: as large as its own.
        """
        height = shape(value)[2]
        widest = self.widest(value)
        doubled = [numbers(node.outputs[0]) for node in readers(value) if node.op_type == "Resize"]
        beside = max([widest, *(FLOAT_BYTES * count for count in doubled)])
        size = ceil(height / ceil(widest / self.limit(beside)))
        return [(start, min(start + size, height)) for start in range(0, height, size)]

    def widest(self, value: ir.Value) -> int:
        """Bytes of the largest map that is computed, not stored, in order to have this one."""
        node = value.producer()
        assert node is not None
        inputs = [source for source in node.inputs if source is not None and self.is_large(source)]
        return max(
            [bytes_of(value)]
            + [bytes_of(source) if source in self.stored else self.widest(source) for source in inputs]
        )

    def statistics(self, node: ir.Node) -> tuple[ir.Value, ir.Value]:
        """GroupNormalization as scale and shift [C, 1, 1] of the stored map."""
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
            moments.append(self.op("Concat", *both, axis=0))
        count = self.constant(numbers(source) / groups)
        sums = self.op("ReduceSum", self.op("Concat", *moments, axis=1), self.constant([1]))
        means = self.op("Div", sums, count)  # [2 * groups, 1]
        mean, squares = self.cut(means, 0, groups, axis=0), self.cut(means, groups, 2 * groups, axis=0)
        # Of a map that is the same everywhere rounding may leave less than zero.
        variance = self.op("Relu", self.op("Sub", squares, self.op("Mul", mean, mean)))
        epsilon = self.constant(node.attributes["epsilon"].as_float() / DIVISOR**2)
        deviation = self.op("Sqrt", self.op("Add", variance, epsilon))
        scale = self.op("Div", self.reshaped(weight, groups, -1), deviation)
        shift = self.op("Sub", self.reshaped(bias, groups, -1), self.op("Mul", mean, scale))
        return self.reshaped(scale, channels, 1, 1), self.reshaped(shift, channels, 1, 1)

    def rows(self, value: ir.Value | None, start: int, stop: int, known: dict[object, ir.Value]) -> ir.Value:
        """Rows of a map; `known` holds those of other maps that were computed for the same strip."""
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
        """Rows of a stored map, widened, still divided."""
        key = ("stored", value, start, stop)
        if key not in known:
            stored, parts = self.stored[value], []
            for index in range(start // stored.size, ceil(stop / stored.size)):
                first = index * stored.size
                here, there = max(start - first, 0), min(stop - first, stored.size, shape(value)[2] - first)
                whole = there - here == min(stored.size, shape(value)[2] - first)
                strip = stored.strips[index]
                parts.append(strip if whole else self.cut(strip, here, there, axis=2))
            joined = self.op("Concat", *parts, axis=2) if len(parts) > 1 else parts[0]
            if stored.channels is not None:
                joined = self.cut(joined, *stored.channels, axis=1)
            known[key] = self.widened(stored, joined)
        return known[key]

    def widened(self, stored: Stored, part: ir.Value) -> ir.Value:
        """A part of a stored map as float32, divided."""
        if stored.reader is None:
            return self.op("Cast", part, to=ir.DataType.FLOAT)
        _, scale, zero = stored.reader.inputs
        return self.op("DequantizeLinear", part, self.constant(constant_of(scale) / DIVISOR), zero)

    def computed_rows(self, node: ir.Node, start: int, stop: int, known: dict[object, ir.Value]) -> ir.Value:
        """Rows of what `node` gives, from the rows of its inputs that they depend on."""
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
        """The node on other inputs."""
        attributes = [value for name, value in node.attributes.items() if name not in changed]
        attributes += ir.convenience.convert_attributes(changed)
        made = ir.Node(node.domain, node.op_type, inputs, attributes)
        self.graph.append(made)
        return made.outputs[0]

    def op(self, kind: str, *inputs: ir.Value | None, **attributes: int) -> ir.Value:
        made = ir.Node("", kind, inputs, ir.convenience.convert_attributes(attributes))
        self.graph.append(made)
        return made.outputs[0]

    def cut(self, value: ir.Value, start: int, stop: int, axis: int) -> ir.Value:
        return self.op("Slice", value, self.constant([start]), self.constant([stop]), self.constant([axis]))

    def reshaped(self, value: ir.Value | None, *sizes: int) -> ir.Value:
        return self.op("Reshape", value, self.constant(list(sizes)))

    def constant(self, content: float | list[int] | np.ndarray) -> ir.Value:
        array = np.asarray(content, np.float32 if isinstance(content, float) else None)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self.constants:
            tensor = ir.tensor(array, name=f"strips.{len(self.constants)}")
            value = ir.Value(
                name=tensor.name,
                shape=ir.Shape(array.shape),
                type=ir.TensorType(tensor.dtype),
                const_value=tensor,
            )
            self.graph.register_initializer(value)
            self.constants[key] = value
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
    """Whether a value is a map [1, C, height, W]; weights are not."""
    if value is None or value.shape is None or value.producer() is None:
        return False
    return value.shape.rank() == 4 and shape(value)[0] == 1


def constant_of(value: ir.Value | None) -> np.ndarray:
    assert value is not None
    tensor = ir.convenience.get_const_tensor(value)
    assert tensor is not None
    return tensor.numpy()


def convolutions_of(value: ir.Value) -> Iterator[ir.Node]:
    """Those that read a map, also in 8 bits."""
    for node in readers(value):
        behind = node.outputs[0].uses() if node.op_type == "DequantizeLinear" else ()
        yield from (each for each in (node, *(use.node for use in behind)) if each.op_type == "Conv")


def in_full(result: ir.Value) -> ir.Value:
    """What a convolution gives, where it gives 8 bits as floats again."""
    for node in readers(result):
        if node.op_type == "DequantizeLinear":
            return node.outputs[0]
    return result


def codes_of(value: ir.Value) -> ir.Value | None:
    """The 8 bits that a map is read from as floats, if there are any."""
    node = value.producer()
    assert node is not None
    return node.inputs[0] if node.op_type == "DequantizeLinear" else None


def is_kept(value: ir.Value) -> bool:
    """Whether a map, if large, is stored: one that is normalised or doubled."""
    return any(reader.op_type in ("GroupNormalization", "Resize") for reader in readers(value))


def readers(value: ir.Value) -> list[ir.Node]:
    """What reads a map, also in 8 bits."""
    direct = [node for node, _ in value.uses()]
    quantizing = [node for node in direct if node.op_type == "QuantizeLinear"]
    return direct + [node for each in quantizing for node, _ in each.outputs[0].uses()]
