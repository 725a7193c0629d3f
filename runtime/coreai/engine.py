"""Core AI assets under a bundle, run by Apple's runtime: Core AI on a Mac, an interpreter on Linux."""

import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from runtime.bundle import Bundle
from runtime.coreai.loop import RuntimeLoop
from runtime.coreai.saved import first_line, open_asset
from runtime.coreai.tools import NDArray
from runtime.errors import EngineError
from runtime.function_engine import FunctionEngine
from runtime.manifest import Compute


class AssetFunction:
    """One loaded function of an asset. Core AI cannot end a run early."""

    def __init__(self, asset: Path, function: str, options: Any = None) -> None:
        """Lowers the asset's program for this machine and loads it. Raises BundleError or EngineError.

        `options`: Apple's SpecializationOptions, which choose the unit of a Mac.
        """
        saved = open_asset(asset)
        self._what = f"{asset}, {function}"
        # Apple's interface is asynchronous; the loop runs only inside our calls.
        self.loop, scope = RuntimeLoop(), AsyncExitStack()
        weakref.finalize(self, release, self.loop, scope)
        try:
            model = self.loop.run_until_complete(scope.enter_async_context(saved.executable(options)))
            with log_hidden():
                self.function = model.load_function(function)
        except KeyError:
            raise EngineError(f"{asset} has no function {function}: export the bundle again") from None
        except Exception as error:  # Apple's runtime passes on errors of any type
            raise EngineError(f"Core AI cannot load {self._what}: {first_line(error)}") from None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The function's outputs by name. Raises EngineError."""
        feed = {name: NDArray(np.ascontiguousarray(array)) for name, array in inputs.items()}
        try:
            made = self.loop.run_until_complete(self.function(feed))
        except Exception as error:
            raise EngineError(f"Core AI failed in {self._what}: {first_line(error)}") from None
        # A copy, because the runtime owns the memory that it returns.
        return {name: np.array(value.numpy()) for name, value in made.items()}

    def cancel(self) -> None:
        """Do nothing: the run ends by itself, and the caller drops its result."""


def release(loop: RuntimeLoop, scope: AsyncExitStack) -> None:
    """Unload a model and delete its lowered program, once the runtime no longer uses them."""
    loop.wait()
    loop.run_until_complete(scope.aclose())
    loop.close()


@contextmanager
def log_hidden() -> Iterator[None]:
    """Hide the line that the runtime, which is no Python, logs to stderr for each function that it loads."""
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def load(asset: Path, function: str, compute: Compute) -> AssetFunction:
    """A function of an asset. Core AI chooses the unit of a Mac, so `compute` is ignored."""
    return AssetFunction(asset, function)


def assets(bundle: Bundle) -> FunctionEngine:
    """An engine that runs the bundle's assets with Apple's runtime."""
    return FunctionEngine(bundle, load)
