"""A saved .mlpackage as plain operations and values, read from its specification alone.

The specification names every operation, type and shape, and the type and file offset of each weight. Reading
a package of a billion parameters therefore reads no weights, and two functions share a weight if its offset
is equal.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.coreml.tools import MIL_pb2
from runtime.coreml.tools import coremltools as ct
from runtime.errors import BundleError

MAX_MANIFEST = 4_000_000  # bytes of a package's Manifest.json

# By the specification's type name: our name, and bits an element. Strings are parameters without a size.
TYPES = {
    "FLOAT16": ("fp16", 16),
    "FLOAT32": ("fp32", 32),
    "BOOL": ("bool", 8),
    "STRING": ("str", 0),
    **{f"INT{bits}": (f"int{bits}", bits) for bits in (4, 8, 16, 32, 64)},
    **{f"UINT{bits}": (f"uint{bits}", bits) for bits in (1, 2, 3, 4, 6, 8, 16, 32)},
}
BITS = dict(TYPES.values())


@dataclass(frozen=True)
class Blob:
    """A piece of the weight file."""

    file: str
    offset: int
    bytes: int


@dataclass(frozen=True)
class Weight:
    """A constant of the weight file, as an operation reads it."""

    precision: str  # "fp16", "int8", "palette 6", ...
    parameters: int
    blobs: frozenset[Blob]
    blocks: bool = False  # quantized with per-block scales


@dataclass(frozen=True)
class Value:
    """An input, a result or a constant. A constant in the weight file has `weight`, others `constant`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    weight: Weight | None = None
    constant: Any = None

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of the dense tensor."""
        return math.ceil(self.elements * BITS[self.dtype] / 8)

    @property
    def computed(self) -> bool:
        """Whether the value differs between calls."""
        return self.weight is None and self.constant is None


@dataclass(frozen=True)
class Operation:
    """A computation. Constants and decompressed weights are `Value`s, not operations."""

    type: str
    inputs: Mapping[str, tuple[Value, ...]]
    outputs: tuple[Value, ...]

    @property
    def name(self) -> str:
        return self.outputs[0].name

    @property
    def activations(self) -> list[Value]:
        """The inputs that differ between calls."""
        return [value for values in self.inputs.values() for value in values if value.computed]

    def one(self, name: str) -> Value:
        """The input of that name."""
        return self.inputs[name][0]

    def parameter(self, name: str, default: Any = None) -> Any:
        """The constant given as input `name`: a number, a string, or a tuple of numbers."""
        return self.one(name).constant if name in self.inputs else default


@dataclass(frozen=True)
class Function:
    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    operations: tuple[Operation, ...]

    @property
    def weights(self) -> list[Weight]:
        """The weights of all operations, repeated for each use."""
        inputs = (
            value for operation in self.operations for values in operation.inputs.values() for value in values
        )
        return [value.weight for value in inputs if value.weight is not None]


@dataclass(frozen=True)
class SavedPackage:
    path: Path
    specification: int  # version; 9 is iOS 18
    bytes: int  # on disk
    functions: tuple[Function, ...]


def read_package(path: Path) -> SavedPackage:
    """Read a package. Raises BundleError unless it is an ML program with static shapes."""
    if path.suffix != ".mlpackage" or not path.is_dir():
        raise BundleError(f"{path} is not a Core ML package: name a folder that ends in .mlpackage")
    check_files(path)
    try:
        spec = ct.utils.load_spec(str(path))
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    except Exception as error:  # coremltools' reader raises almost anything on a damaged package
        raise BundleError(f"cannot read {path}: {first_line(error)}: export the bundle again") from None
    if spec.WhichOneof("Type") != "mlProgram":
        raise BundleError(f"{path} is not an ML program: export it for iOS 15 or newer")
    names = sorted(spec.mlProgram.functions)  # protobuf maps have no order
    try:
        functions = tuple(_Reader(name, spec.mlProgram.functions[name]).read() for name in names)
    except _Unsupported as error:
        raise BundleError(f"{path}: {error}") from None
    except Exception as error:  # what a message lacks or contradicts shows wherever it is used
        raise BundleError(f"{path} is damaged: {first_line(error)}: export the bundle again") from None
    check_weights(path, functions)
    return SavedPackage(path, spec.specificationVersion, size, functions)


def check_weights(package: Path, functions: Iterable[Function]) -> None:
    """Raises BundleError for a weight file that is missing or ends before the last weight."""
    sizes = {file.name: file.stat().st_size for file in package.rglob("*") if file.is_file()}
    for blob in {blob for function in functions for weight in function.weights for blob in weight.blobs}:
        if sizes.get(blob.file, 0) < blob.offset + blob.bytes:
            raise BundleError(f"{package}: {blob.file} is missing or truncated: export the bundle again")


def check_files(package: Path) -> None:
    """Raises BundleError for a package with pipes, devices or a large Manifest.json, before it is opened."""
    manifest = package / "Manifest.json"
    for file in package.rglob("*"):
        if not file.is_file() and not file.is_dir():  # opening a pipe waits for its other end
            raise BundleError(f"{file} is not a file: export the bundle again")
    if manifest.is_file() and manifest.stat().st_size > MAX_MANIFEST:
        raise BundleError(f"{manifest} is larger than {MAX_MANIFEST / 1e6:g} MB: export the bundle again")


def first_line(error: Exception) -> str:
    """The error's first line and its kind, because many are a bare value."""
    return f"{type(error).__name__} {str(error).partition(chr(10))[0].strip('. ')}".strip()


class _Unsupported(Exception):
    pass


@dataclass
class _Reader:
    """Reads one function; `known` holds the values that its operations may name."""

    name: str
    function: Any
    known: dict[str, Value] = field(default_factory=dict)

    def read(self) -> Function:
        inputs = tuple(_value(named.name, named.type) for named in self.function.inputs)
        self.known = {value.name: value for value in inputs}
        block = self.function.block_specializations[self.function.opset]
        operations = tuple(self._operations(block.operations))
        outputs = tuple(self.known[name] for name in block.outputs)
        return Function(self.name, inputs, outputs, operations)

    def _operations(self, specs: Iterable[Any]) -> Iterable[Operation]:
        for spec in specs:
            if spec.blocks:
                raise _Unsupported(
                    f"operation {spec.type} has nested operations: this report cannot count them"
                )
            outputs = tuple(_value(named.name, named.type) for named in spec.outputs)
            inputs = {name: self._bound(name, argument) for name, argument in spec.inputs.items()}
            # Constants are attributes, and before iOS 18 so are the inputs of a decompression.
            inputs |= {
                name: (_constant(name, value),) for name, value in spec.attributes.items() if name != "name"
            }
            if spec.type == "const":
                (held,) = inputs["val"]
                outputs = (Value(outputs[0].name, held.dtype, held.shape, held.weight, held.constant),)
            elif spec.type.startswith("constexpr_"):
                outputs = (_decompressed(spec.type, inputs, outputs[0]),)
            self.known |= {value.name: value for value in outputs}
            if outputs and outputs[0].computed:
                yield Operation(spec.type, inputs, outputs)

    def _bound(self, name: str, argument: Any) -> tuple[Value, ...]:
        return tuple(
            self.known[binding.name]
            if binding.WhichOneof("binding") == "name"
            else _constant(name, binding.value)
            for binding in argument.arguments
        )


def _value(name: str, kind: Any) -> Value:
    if kind.WhichOneof("type") != "tensorType":
        raise _Unsupported(f"{name} is not a tensor: this report counts only tensors")
    tensor = kind.tensorType
    if any(dimension.WhichOneof("dimension") != "constant" for dimension in tensor.dimensions):
        raise _Unsupported(f"{name} has a shape that is known only at run time: export one function a shape")
    type_name = MIL_pb2.DataType.Name(tensor.dataType)
    if type_name not in TYPES:
        raise _Unsupported(f"{name} has the type {type_name}, which this report does not know")
    return Value(name, TYPES[type_name][0], tuple(dimension.constant.size for dimension in tensor.dimensions))


def _constant(name: str, spec: Any) -> Value:
    if spec.type.WhichOneof("type") == "listType":  # of strings or shapes: never arithmetic
        return Value(name, "str", (), constant=())
    plain = _value(name, spec.type)
    if spec.WhichOneof("value") == "blobFileValue":
        blob = Blob(Path(spec.blobFileValue.fileName).name, spec.blobFileValue.offset, plain.bytes)
        weight = Weight(plain.dtype, plain.elements, frozenset([blob]))
        return Value(name, plain.dtype, plain.shape, weight)
    tensor = spec.immediateValue.tensor
    kind = tensor.WhichOneof("value")
    held = getattr(tensor, kind)
    values = tuple(held.values) if kind != "bytes" else (held.values,)
    return Value(name, plain.dtype, plain.shape, constant=values if plain.shape else values[0])


def _decompressed(kind: str, inputs: Mapping[str, tuple[Value, ...]], dense: Value) -> Value:
    """The weight that a constexpr operation decompresses."""
    parts = {name: values[0] for name, values in inputs.items()}
    blobs = frozenset(blob for part in parts.values() if part.weight for blob in part.weight.blobs)
    blocks = False
    match kind:
        case "constexpr_blockwise_shift_scale":
            precision = f"int{BITS[parts['data'].dtype]}"
            blocks = sum(count > 1 for count in parts["scale"].shape) > 1
        case "constexpr_affine_dequantize":
            precision = f"int{BITS[parts['quantized_data'].dtype]}"
        case "constexpr_lut_to_dense":
            # [groups ..., colours, vector length] since iOS 18, [colours] before.
            table = parts["lut"].shape
            precision = f"palette {math.ceil(math.log2(table[-2] if len(table) > 1 else table[0]))}"
        case _:
            # A cast reads fp16. Other kinds keep their MIL name.
            precision = "fp16" if kind == "constexpr_cast" else kind.removeprefix("constexpr_")
    weight = Weight(precision, dense.elements, blobs, blocks)
    return Value(dense.name, dense.dtype, dense.shape, weight)
