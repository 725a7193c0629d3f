"""Read a saved .mlpackage as a MIL program, from the file alone, not from the converter's memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import BundleError, EngineError

if TYPE_CHECKING:
    from coremltools.converters.mil import Program
    from coremltools.converters.mil.mil import Function, Var

# Where coremltools puts a package's weights.
WEIGHTS = Path("Data", "com.apple.CoreML", "weights")

_NUMPY_NAMES = {"fp16": "float16", "fp32": "float32"}


@dataclass(frozen=True)
class Feature:
    """An input, output or result as the file declares it; `dtype` is numpy's name."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


@dataclass(frozen=True)
class Signature:
    """A function's inputs and outputs, in the file's order."""

    inputs: list[Feature]
    outputs: list[Feature]


def load_program(package: Path) -> "Program":
    """The MIL program of a saved package: all functions, weights as stored.

    Raises BundleError for a package that is missing or damaged, or declares a result that its operation
    cannot have (the error names it), and EngineError if coremltools is not installed.
    """
    from runtime.coreml.tools import coremltools

    spec = _read_spec(package)
    program = coremltools.converters.mil.Program()
    for name in sorted(spec.mlProgram.functions):  # protobuf's maps have no order
        program.add_function(name, _read_function(package, spec, name))
    return program


def load_function(package: Path, name: str | None = None) -> tuple[str, "Function"]:
    """One function and its name; `name` may be None if the package has only one function.

    Reads only its weights. Raises as load_program does, and EngineError for an unknown name.
    """
    spec = _read_spec(package)
    names = sorted(spec.mlProgram.functions)
    if name is None and len(names) == 1:
        name = names[0]
    if name is None or name not in names:
        wanted = "more than one function" if name is None else f"no function {name}"
        raise EngineError(f"{package} has {wanted}: choose one of {', '.join(names)}")
    return name, _read_function(package, spec, name)


def signature(function: "Function") -> Signature:
    """The declared inputs and outputs. Raises EngineError if a size is not fixed."""
    return Signature(
        [feature(var) for var in function.inputs.values()], [feature(var) for var in function.outputs]
    )


def feature(var: "Var") -> Feature:
    """The declared dtype and shape of a variable. Raises EngineError if a size is not fixed."""
    from coremltools.converters.mil.mil.types import builtin_to_string
    from coremltools.converters.mil.mil.types.symbolic import any_symbolic

    if any_symbolic(var.shape):
        raise EngineError(
            f"{var.name} has a size that is not fixed {list(var.shape)}: export a function a size"
        )
    name = builtin_to_string(var.dtype)
    return Feature(var.name, _NUMPY_NAMES.get(name, name), tuple(int(size) for size in var.shape))


def _read_spec(package: Path) -> Any:
    """The package's protobuf message; large weights are references into another file."""
    from runtime.coreml.saved import check_files, first_line
    from runtime.coreml.tools import coremltools

    if not (package / "Manifest.json").is_file():
        raise BundleError(f"{package} is not a Core ML package: it has no Manifest.json (export it again)")
    check_files(package)
    try:
        spec = coremltools.utils.load_spec(str(package))
    except Exception as error:  # coremltools' reader raises almost anything on a damaged package
        raise BundleError(f"cannot read {package}: {first_line(error)}: export it again") from None
    if spec.WhichOneof("Type") != "mlProgram":
        raise BundleError(f"{package} holds no ML program: export it for iOS 16 or newer")
    return spec


def _read_function(package: Path, spec: Any, name: str) -> "Function":
    from coremltools.converters.mil.frontend.milproto import load

    from runtime.coreml.saved import first_line

    # As `load.load` does for each function, but we keep the context, which tells how far reading came.
    context = load.TranscriptionContext(str(package / WEIGHTS))
    try:
        return load._load_function(context, spec.mlProgram.functions[name], spec.specificationVersion)
    except Exception as error:  # as above
        latest = next(reversed(context.name_to_var), "its first input")
        where = f"{package}: function {name} cannot be read beyond {latest}"
        raise BundleError(f"{where}: {first_line(error)}: export it again") from None
