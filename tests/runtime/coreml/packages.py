"""Small programs written to disk: built from MIL operations, or converted from torch modules."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from runtime.coreml.tools import coremltools as ct  # before its parts: silenced

mb, types = ct.converters.mil.mil.Builder, ct.converters.mil.mil.types
Function, Program = ct.converters.mil.mil.Function, ct.converters.mil.mil.Program

MIL_TYPES = {"float16": types.fp16, "float32": types.fp32, "int32": types.int32}
TARGET = ct.target.iOS18


def build(
    path: Path, body: Callable[..., Any], inputs: Mapping[str, np.ndarray], target: Any = TARGET
) -> Path:
    """Saves the operations that `body` makes of its inputs, without any pass over them."""
    placeholders = {
        name: mb.placeholder(shape=array.shape, dtype=MIL_TYPES[array.dtype.name])
        for name, array in inputs.items()
    }
    program = Program()
    with Function(placeholders, opset_version=target) as function:
        made = body(**function.inputs)
        function.set_outputs(list(made) if isinstance(made, tuple | list) else [made])
    program.add_function("main", function)
    return save(path, program, target)


def save(path: Path, program: Any, target: Any) -> Path:
    with quiet():
        model = ct.convert(
            program,
            convert_to="mlprogram",
            minimum_deployment_target=target,
            compute_precision=ct.precision.FLOAT32,
            pass_pipeline=ct.PassPipeline.EMPTY,
            skip_model_load=True,
        )
        model.save(str(path))
    return path


def convert(
    module: torch.nn.Module, inputs: Mapping[str, np.ndarray], half: bool, outputs: Mapping[str, Any]
) -> Any:
    """The module traced and converted as the exporter does it; the model, not yet saved."""
    example = tuple(torch.from_numpy(array) for array in inputs.values())
    with quiet(), torch.no_grad():
        traced = torch.jit.trace(module.eval(), example, check_trace=False)
        return ct.convert(
            traced,
            convert_to="mlprogram",
            inputs=[ct.TensorType(n, shape=a.shape, dtype=a.dtype.type) for n, a in inputs.items()],
            outputs=[ct.TensorType(name, dtype=dtype) for name, dtype in outputs.items()],
            minimum_deployment_target=TARGET,
            compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32,
            skip_model_load=True,
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without coremltools' progress bars and the tracer's warnings."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
