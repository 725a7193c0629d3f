"""Which engine runs a bundle: onnxruntime its ONNX graphs; Core ML, or the evaluator, its packages."""

from collections.abc import Mapping
from typing import Literal, Protocol, get_args

import numpy as np

from runtime.bundle import Bundle
from runtime.errors import RequestError
from runtime.onnxruntime_engine import OnnxRuntimeEngine

EngineName = Literal["onnxruntime", "coreml", "evaluator"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


class Engine(Protocol):
    """What a generator asks of an engine; see `runtime.onnxruntime_engine.OnnxRuntimeEngine`."""

    bundle: Bundle

    @property
    def loaded(self) -> list[str]: ...

    def open(self, name: str) -> None: ...

    def close(self, name: str) -> None: ...

    def run(self, name: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]: ...

    def cancel(self) -> None: ...

    def resume(self) -> None: ...


def open_engine(
    bundle: Bundle, threads: int = 0, low_memory: bool = False, name: EngineName | None = None
) -> Engine:
    """The engine of a bundle's graphs, on a Mac Core ML for packages, elsewhere the evaluator; or that named.

    `threads` and `low_memory` are for onnxruntime. Raises RequestError for an engine that cannot run the
    bundle, EngineError where what it needs is not installed.
    """
    own = bundle.manifest.engine
    if own == "onnxruntime":
        if name not in (None, "onnxruntime"):
            raise RequestError(f"--engine {name} runs Core ML packages, but this bundle holds ONNX graphs")
        return OnnxRuntimeEngine(bundle, threads, low_memory)
    if name == "onnxruntime":
        raise RequestError("--engine onnxruntime runs ONNX graphs, but this bundle holds Core ML packages")
    from runtime.coreml import engine as coreml  # an extra: it needs torch and coremltools

    if name == "coreml" and not coreml.has_core_ml():
        raise RequestError("--engine coreml needs a Mac: leave it out, and the evaluator runs the bundle")
    if name == "evaluator" or not coreml.has_core_ml():
        return coreml.evaluated(bundle)
    return coreml.native(bundle)
