"""Every call of an iPhone bundle's golden drawing.

Another runtime that has no Core ML and no Core AI, as Swift on Linux, can be held to them: it must call the
same functions with the same bytes, and then gets the bytes that the evaluator or Apple's runtime gave here.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from runtime.bundle import open_bundle
from runtime.coreml.evaluator import Evaluator
from runtime.function_engine import FunctionEngine, Runnable
from runtime.generator import Generator
from runtime.manifest import Compute
from runtime.request import Request


class RecordedFunction:
    """A function that writes down what it was given (a hash) and what it gave."""

    def __init__(self, package: Path, function: str, runnable: Runnable, calls: list[dict[str, Any]]) -> None:
        self._runnable = runnable
        self._name = {"graph": package.stem, "function": function}
        self._calls = calls

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = self._runnable.run(inputs)
        given = {
            name: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
            for name, array in inputs.items()
        }
        made = {
            name: {
                "dtype": str(array.dtype),
                "shape": list(array.shape),
                "base64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
            }
            for name, array in outputs.items()
        }
        self._calls.append({**self._name, "inputs": given, "outputs": made})
        return outputs

    def cancel(self) -> None:
        self._runnable.cancel()


def recorded_calls(folder: Path) -> list[dict[str, Any]]:
    """The calls in order."""
    bundle = open_bundle(folder)
    trace = bundle.golden()
    assert trace is not None
    calls: list[dict[str, Any]] = []

    def load(package: Path, function: str, _: Compute) -> RecordedFunction:
        runnable: Runnable
        if bundle.manifest.engine == "coreai":
            from runtime.coreai.engine import AssetFunction  # an extra

            runnable = AssetFunction(package, function)
        else:
            runnable = Evaluator(package, function)
        return RecordedFunction(package, function, runnable, calls)

    generator = Generator(bundle, engine=FunctionEngine(bundle, load))
    generator.text_to_image(Request(trace.prompt, seed=trace.seed, steps=trace.steps))
    return calls
