"""Run a function of a package with Core ML, on a Mac."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from runtime.coreml.tools import coremltools as ct
from runtime.errors import EngineError
from runtime.functions import in_core_ml
from runtime.manifest import Compute

UNITS = {
    "cpu": ct.ComputeUnit.CPU_ONLY,
    "gpu": ct.ComputeUnit.CPU_AND_GPU,
    "ane": ct.ComputeUnit.CPU_AND_NE,
}


class NativeFunction:
    """One loaded function. Core ML cannot end a run early."""

    def __init__(self, package: Path, function: str, compute: Compute) -> None:
        """Compiles and loads. Raises EngineError."""
        name = in_core_ml(function)
        try:
            self._model = ct.models.MLModel(str(package), function_name=name, compute_units=UNITS[compute])
        except Exception as error:  # coremltools passes on errors of any type
            raise EngineError(f"Core ML cannot load {package}, {function}: {error}") from None
        self._what = f"{package}, {function}"

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The function's outputs by name. Raises EngineError."""
        try:
            return dict(self._model.predict(dict(inputs)))
        except RuntimeError as error:
            raise EngineError(f"Core ML failed in {self._what}: {error}") from None

    def cancel(self) -> None:
        """Do nothing: the run ends by itself, and the caller drops its result."""
