"""Core ML on this Mac: compile a package, load it on chosen compute units, predict, and ask where it runs."""

import importlib.metadata
import math
import platform
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from runtime.errors import EngineError

UNITS = ("CPU_ONLY", "CPU_AND_GPU", "CPU_AND_NE", "ALL")

_DEVICES = {
    "MLCPUComputeDevice": "cpu",
    "MLGPUComputeDevice": "gpu",
    "MLNeuralEngineComputeDevice": "ane",
}


@dataclass(frozen=True)
class Placement:
    """Core ML's plan, made before anything runs."""

    operations: dict[str, dict[str, int]]  # device -> type -> count
    cost: dict[str, float]  # device -> share of the estimated cost


class Model(Protocol):
    def predict(self, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]: ...


class Device(Protocol):
    """What a check needs of Core ML; tests put something else here. `unit` is one of UNITS."""

    def compile(self, package: Path, folder: Path) -> Path:
        """The compiled model, in `folder`."""

    def load(self, compiled: Path, function: str | None, unit: str) -> Model: ...

    def placement(self, compiled: Path, function: str | None, unit: str) -> Placement: ...


class Mac:
    """The real one. Its methods raise whatever coremltools raises: often a bare Exception or RuntimeError."""

    def __init__(self) -> None:
        from runtime.coreml.tools import coremltools

        self._tools = coremltools

    def compile(self, package: Path, folder: Path) -> Path:
        compiled = folder / f"{package.stem}.mlmodelc"
        return Path(self._tools.models.utils.compile_model(str(package), str(compiled)))

    def load(self, compiled: Path, function: str | None, unit: str) -> Model:
        model: Model = self._tools.models.CompiledMLModel(
            str(compiled), compute_units=self._tools.ComputeUnit[unit], function_name=function
        )
        return model

    def placement(self, compiled: Path, function: str | None, unit: str) -> Placement:
        from coremltools.models.compute_plan import MLComputePlan

        plan = MLComputePlan.load_from_path(str(compiled), compute_units=self._tools.ComputeUnit[unit])
        functions = plan.model_structure.program.functions
        return placement(plan, functions[function or next(iter(functions))].block.operations)


def placement(plan: Any, operations: list[Any]) -> Placement:
    """Counts `operations` by the device that the plan prefers; constants have none."""
    counts: dict[str, Counter[str]] = {}
    cost: dict[str, float] = {}
    for operation in operations:
        kind = operation.operator_name.rpartition(".")[2]  # "ios18.conv"
        usage = plan.get_compute_device_usage_for_mlprogram_operation(operation)
        if usage is None or kind == "const" or kind.startswith("constexpr_"):
            continue
        name = type(usage.preferred_compute_device).__name__
        device = _DEVICES.get(name, name)
        counts.setdefault(device, Counter())[kind] += 1
        estimate = plan.get_estimated_cost_for_mlprogram_operation(operation)
        known = estimate is not None and math.isfinite(estimate.weight)
        cost[device] = cost.get(device, 0.0) + (estimate.weight if known else 0.0)
    return Placement({device: dict(kinds.most_common()) for device, kinds in counts.items()}, cost)


def machine(package: str = "coremltools") -> Mapping[str, Any]:
    """The chip, its memory and the versions of what runs on it. Raises EngineError without the package."""
    try:
        tools = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise EngineError(f"{package} is not installed: pip install {package}") from None
    return {
        "chip": _sysctl("machdep.cpu.brand_string"),
        "model": _sysctl("hw.model"),
        "memory_bytes": int(_sysctl("hw.memsize") or 0),
        "macos": platform.mac_ver()[0],
        "python": platform.python_version(),
        package: tools,
        "numpy": np.__version__,
    }


def _sysctl(name: str) -> str:
    """Empty where there is none."""
    try:
        found = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return found.stdout.strip()
