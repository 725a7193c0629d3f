"""Core AI on this Mac: load an asset for chosen compute units, run it, and compile it ahead of time.

Core AI does not tell where an operation runs.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from export.mac_check.device import Model, Placement
from runtime.errors import EngineError

KINDS = {"CPU_AND_GPU": "gpu", "CPU_AND_NE": "neural_engine"}
AHEAD = ("gpu", "neural-engine")  # what coreai-build can prefer


class CoreAIMac:
    """A `Device`. Its methods raise EngineError, or what Apple's packages raise."""

    def __init__(self) -> None:
        os.environ.setdefault("USE_OS_COREAI", "1")  # the system's framework, not the package's interpreter

    def compile(self, package: Path, folder: Path) -> Path:
        """A copy of the asset, at a path that no cache knows: Core AI compiles when it loads."""
        return Path(shutil.copytree(package, folder / package.name))

    def load(self, compiled: Path, function: str | None, unit: str) -> Model:
        from runtime.coreai.engine import AssetFunction

        return Loaded(AssetFunction(compiled, function or "main", options(unit)))

    def placement(self, compiled: Path, function: str | None, unit: str) -> Placement:
        return Placement({}, {})


class Loaded:
    def __init__(self, function: Any) -> None:
        self._function = function

    def predict(self, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        made: dict[str, np.ndarray] = self._function.run(feed)
        return made


def options(unit: str) -> Any:
    """Apple's options for one of UNITS; None where there is no choice, as on Linux."""
    from coreai.runtime import SpecializationOptions

    if not SpecializationOptions.is_supported():
        return None
    if unit == "CPU_ONLY":
        return SpecializationOptions.cpu_only()
    if unit == "ALL":
        return SpecializationOptions.default()
    from coreai.runtime import ComputeUnitKind

    return SpecializationOptions.from_preferred_compute_unit_kind(getattr(ComputeUnitKind, KINDS[unit])())


def compile_ahead(asset: Path, folder: Path, unit: str) -> None:
    """Compile an asset for iPhones with Xcode's tool, into a new folder. Raises EngineError.

    `unit` is one of AHEAD.
    """
    command = ["xcrun", "coreai-build", "compile", str(asset), "--platform", "iOS"]
    command += ["--preferred-compute", unit, "--output", str(folder)]
    folder.mkdir()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise EngineError("there is no xcrun: install Xcode 27 to compile ahead of time") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise EngineError(f"coreai-build ended with code {done.returncode}: {said}")
