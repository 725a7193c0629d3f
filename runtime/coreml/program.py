"""A saved .mlpackage read as a MIL program: what the file holds, not what the converter had in memory."""

import logging
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

# What the reader raises for a file whose contents contradict themselves.
_READER_ERRORS = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Feature:
    """An input, output or result as the file declares it; `dtype` is numpy's name for it."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


@dataclass(frozen=True)
class Signature:
    """What a function takes and gives, in the file's order."""

    inputs: list[Feature]
    outputs: list[Feature]


def load_program(package: Path) -> "Program":
    """The MIL program of a saved package, all functions of it, weights as the file holds them.

    Raises BundleError for a package that is missing, damaged, or declares a result that its operation cannot
    give (the result is named); EngineError where coremltools is not installed.
    """
    package = Path(package)
    if not (package / "Manifest.json").is_file():
        raise BundleError(f"{package} is not a Core ML package: it has no Manifest.json (export it again)")
    ct, reader, program_class, damaged = _coremltools()
    try:
        spec = ct.utils.load_spec(str(package))
    except (damaged, *_READER_ERRORS) as error:
        raise BundleError(f"cannot read {package}: {_first_line(error)}: export it again") from None
    if spec.WhichOneof("Type") != "mlProgram":
        raise BundleError(f"{package} holds no ML program: export it for iOS 16 or newer")
    # Function by function as `reader.load` does, but with the context at hand: it says how far reading came.
    context = reader.TranscriptionContext(str(package / WEIGHTS))
    program = program_class()
    for name, function in sorted(spec.mlProgram.functions.items()):  # protobuf's maps have no order
        try:
            program.add_function(name, reader._load_function(context, function, spec.specificationVersion))
        except _READER_ERRORS as error:
            latest = next(reversed(context.name_to_var), "its first input")
            where = f"{package}: function {name} cannot be read beyond {latest}"
            raise BundleError(f"{where}: {_first_line(error)}: export it again") from None
    return program


def signatures(program: "Program") -> dict[str, Signature]:
    """What each function takes and gives."""
    return {
        name: Signature(
            [feature(var) for var in function.inputs.values()], [feature(var) for var in function.outputs]
        )
        for name, function in program.functions.items()
    }


def feature(var: "Var") -> Feature:
    """What the file declares of a variable. Raises EngineError if a size is left open."""
    from coremltools.converters.mil.mil.types import builtin_to_string
    from coremltools.converters.mil.mil.types.symbolic import any_symbolic

    if any_symbolic(var.shape):
        raise EngineError(f"{var.name} has an open size {list(var.shape)}: export one function for each size")
    name = builtin_to_string(var.dtype)
    return Feature(var.name, _NUMPY_NAMES.get(name, name), tuple(int(size) for size in var.shape))


def choose_function(program: "Program", package: Path, name: str | None) -> tuple[str, "Function"]:
    """The function of that name, or the package's only one. Raises EngineError that lists what there is."""
    functions = program.functions
    if name is None and len(functions) == 1:
        name = next(iter(functions))
    if name is None or name not in functions:
        wanted = "more than one function" if name is None else f"no function {name}"
        raise EngineError(f"{package} has {wanted}: choose one of {', '.join(functions)}")
    return name, functions[name]


def _coremltools() -> tuple[Any, Any, Any, type[Exception]]:
    # It warns at import of what it cannot do on Linux and of newer versions: nothing a reader of files needs.
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    try:
        import coremltools
        from coremltools.converters.mil import Program
        from coremltools.converters.mil.frontend.milproto import load
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise EngineError(f"no coremltools ({error}): install meissonic-mobile[coreml]") from None
    return coremltools, load, Program, DecodeError


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].strip(". ") or type(error).__name__
