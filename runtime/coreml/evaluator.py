"""Run a saved Core ML program with torch, operation by operation, on any machine.

This checks the file: its graph, its weights (coremltools decompresses them), its types, and where half
precision overflows. It does not show what the Neural Engine or the GPU compute.
"""

import gc
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from runtime.coreml.ops import OPERATORS
from runtime.coreml.ops.operator import Operator
from runtime.coreml.program import Feature, feature, load_function, signature
from runtime.errors import Cancelled, EngineError

if TYPE_CHECKING:
    from coremltools.converters.mil.mil import Operation, Var

# Called with a result's name, the type of its operation, and the result.
Hook = Callable[[str, str, Tensor], None]

# How values are stored. torch supports uint16 in few operations.
_STORED = {
    "float16": torch.float16,
    "float32": torch.float32,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "int16": torch.int16,
    "uint16": torch.int32,
    "int32": torch.int32,
    "bool": torch.bool,
}


@dataclass(frozen=True)
class _Read:
    """An argument that is computed during the run, by its name."""

    name: str


@dataclass(frozen=True)
class _Step:
    """One operation, ready to run."""

    name: str
    type: str
    operator: Operator
    arguments: dict[str, Any]  # by MIL's name: Tensors, Python values, _Reads, or lists of Tensors and _Reads
    results: list[Feature]
    last_uses: list[str]  # values that nothing reads afterwards


class Evaluator:
    """Executes one function of a saved package. One thread runs; another may call `cancel`.

    With `half`, each result declared fp16 is computed in float32 from its inputs and rounded to half
    precision once; values above 65504 become infinite, as in hardware. A layer_norm or an attention is one
    operation. Without `half` nothing is rounded: float32 arithmetic on the file's weights.

    `hook` receives every result and may be replaced between runs. Half-precision results are torch.float16
    tensors (float32 without `half`).
    """

    def __init__(
        self, package: Path, function: str | None = None, half: bool = True, hook: Hook | None = None
    ) -> None:
        """Read the package and decompress its weights into half precision (single without `half`).

        Reading needs twice their memory. `function` may be None if the package has only one.

        Raises BundleError for a damaged package, and EngineError for an unknown function or for operations
        that have no operator (the error names all of them).
        """
        self.package, self.hook = package, hook
        self._half = half
        self.function, body = load_function(package, function)
        self.signature = signature(body)
        operations = [op for op in body.operations if not _is_constant(op)]
        self._refuse_unknown(operations)
        self._constants: dict[str, Tensor] = {}
        self._steps = self._plan(operations, kept={var.name for var in body.outputs})
        self._outputs = [self._argument(var) for var in body.outputs]
        self.half_results = frozenset(
            result.name for step in self._steps for result in step.results if result.dtype == "float16"
        )
        self._cancelled = threading.Event()
        # A MIL function holds reference cycles, so only the collector frees its copy of the weights.
        del body, operations
        gc.collect()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The function's outputs by name. `inputs` may hold more than the function reads.

        Arrays have the declared dtypes and shapes; float16 outputs are float32 without `half`. Raises
        Cancelled after `cancel`. Raises EngineError for an input or a result that differs from its
        declaration, or an index out of range; the error names the operation.
        """
        values: dict[str, Tensor] = {}
        for declared in self.signature.inputs:
            values[declared.name] = self._input(declared, inputs)
        with torch.inference_mode():
            for step in self._steps:
                if self._cancelled.is_set():
                    raise Cancelled
                self._execute(step, values)
            outputs = [self._value(argument, values) for argument in self._outputs]
        return {
            declared.name: output.clone(memory_format=torch.contiguous_format).numpy()
            for declared, output in zip(self.signature.outputs, outputs, strict=True)
        }

    def cancel(self) -> None:
        """Stop the current run before its next operation, and refuse runs until `resume`."""
        self._cancelled.set()

    def resume(self) -> None:
        self._cancelled.clear()

    def _execute(self, step: _Step, values: dict[str, Tensor]) -> None:
        arguments = {name: self._value(argument, values) for name, argument in step.arguments.items()}
        for name, argument in arguments.items():
            if name not in step.operator.tensors and isinstance(argument, Tensor):
                arguments[name] = argument.tolist()  # a computed size or position
        if not step.operator.exact:
            arguments = {name: _in_float32(argument) for name, argument in arguments.items()}
        try:
            made = step.operator.compute(**arguments)
        except IndexError as error:
            raise EngineError(f"{self.package}: {step.type} {step.name}: {error}") from None
        for declared, result in zip(step.results, made if isinstance(made, tuple) else (made,), strict=True):
            values[declared.name] = self._as_declared(step, declared, result)
            if self.hook is not None:
                self.hook(declared.name, step.type, values[declared.name])
        for name in step.last_uses:
            del values[name]

    def _as_declared(self, step: _Step, declared: Feature, result: Tensor) -> Tensor:
        stored = self._stored(declared)
        alike = result.is_floating_point() if stored.is_floating_point else result.dtype == stored
        if not alike or tuple(result.shape) != declared.shape:
            raise EngineError(
                f"{self.package}: {step.type} {step.name} gives {result.dtype} {list(result.shape)} for "
                f"{declared.name}, the file declares {declared}"
            )
        return result.to(stored)

    def _stored(self, declared: Feature) -> torch.dtype:
        stored = _STORED[declared.dtype]
        return torch.float32 if stored is torch.float16 and not self._half else stored

    def _input(self, declared: Feature, inputs: Mapping[str, np.ndarray]) -> Tensor:
        if declared.name not in inputs:
            raise EngineError(f"{self.package}: {self.function} needs {declared.name}, {declared}")
        array = inputs[declared.name]
        if array.dtype.name != declared.dtype or array.shape != declared.shape:
            raise EngineError(
                f"{self.package}: {self.function}: {declared.name} would be {array.dtype.name} "
                f"{list(array.shape)}, the file says {declared}"
            )
        return self._tensor(declared, array)

    def _tensor(self, declared: Feature, array: np.ndarray) -> Tensor:
        # numpy converts, because torch barely supports uint16, and copies, because the original may be read
        # only.
        dtype = np.int32 if array.dtype == np.uint16 else array.dtype
        return torch.from_numpy(np.array(array, dtype)).to(self._stored(declared))

    @staticmethod
    def _value(argument: Any, values: Mapping[str, Tensor]) -> Any:
        if isinstance(argument, _Read):
            return values[argument.name]
        if isinstance(argument, list):
            return [values[item.name] if isinstance(item, _Read) else item for item in argument]
        return argument

    def _refuse_unknown(self, operations: "list[Operation]") -> None:
        unknown: dict[str, list[str]] = {}
        for op in operations:
            if op.op_type not in OPERATORS:
                unknown.setdefault(op.op_type, []).append(op.name)
        if unknown:
            listed = "; ".join(f"{kind} ({', '.join(names)})" for kind, names in unknown.items())
            raise EngineError(f"{self.package}: {self.function} has operations without an operator: {listed}")

    def _plan(self, operations: "list[Operation]", kept: set[str]) -> list[_Step]:
        """The operations with their constants bound, and for each the values that it is the last to read."""
        steps: list[_Step] = []
        still_read = set(kept)
        for op in reversed(operations):
            operator = OPERATORS[op.op_type]
            arguments = {
                name: self._argument(var) if name in operator.tensors else self._setting(var)
                for name, var in op.inputs.items()
                if var is not None
            }
            results = [feature(var) for var in op.outputs]
            # A result that nothing reads ends here too.
            touched = dict.fromkeys([*_reads(arguments), *(result.name for result in results)])
            last_uses = [name for name in touched if name not in still_read]
            still_read.update(touched)
            steps.append(_Step(op.name, op.op_type, operator, arguments, results, last_uses))
        return steps[::-1]

    def _argument(self, var: "Var | list[Var]") -> "Tensor | _Read | list[Tensor | _Read]":
        """An operand; a constant becomes one tensor, which all its operations share."""
        if isinstance(var, list | tuple):
            return [self._argument(item) for item in var]  # type: ignore[misc]
        if var.op is None or not _is_constant(var.op):
            return _Read(var.name)
        if var.name not in self._constants:
            self._constants[var.name] = self._tensor(feature(var), np.asarray(_constant(var)))
        return self._constants[var.name]

    def _setting(self, var: "Var") -> Any:
        """A parameter that is not a tensor: an axis, a mode, sizes."""
        if var.op is None or not _is_constant(var.op):
            return _Read(var.name)
        value = _constant(var)
        return value if isinstance(value, str) else np.asarray(value).tolist()


def _is_constant(op: "Operation") -> bool:
    return op.op_type == "const" or op.op_type.startswith("constexpr_")


def _constant(var: "Var") -> Any:
    """The value of a constant. coremltools decompresses compressed weights."""
    op = var.op
    if op.op_type == "const":
        return var.val
    if op.op_type == "constexpr_lut_to_dense" and op.lut.val is None:
        # coremltools does not decompress a palette that is itself quantized.
        axis = None if op.vector_axis is None else op.vector_axis.val
        return op.decompress(op.indices.val, _constant(op.lut), axis)
    value = op.materialized_val_inference()
    return value[op.outputs.index(var)] if isinstance(value, tuple) else value


def _reads(arguments: dict[str, Any]) -> list[str]:
    flat = [i for value in arguments.values() for i in (value if isinstance(value, list) else [value])]
    return [item.name for item in flat if isinstance(item, _Read)]


def _in_float32(argument: Any) -> Any:
    if isinstance(argument, list):
        return [_in_float32(item) for item in argument]
    return argument.float() if isinstance(argument, Tensor) and argument.dtype == torch.float16 else argument
