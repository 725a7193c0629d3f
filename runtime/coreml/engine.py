"""Core ML packages under a bundle: run by the evaluator anywhere, by Core ML itself on a Mac."""

import platform

from runtime.bundle import Bundle
from runtime.coreml.evaluator import Evaluator, Hook
from runtime.coreml.native import NativeFunction
from runtime.function_engine import FunctionEngine


def evaluated(bundle: Bundle, hook: Hook | None = None, half: bool = True) -> FunctionEngine:
    """An engine that runs on any machine; `hook` and `half`: see Evaluator."""
    return FunctionEngine(bundle, lambda package, function, _: Evaluator(package, function, half, hook))


def native(bundle: Bundle) -> FunctionEngine:
    """Core ML itself, on a Mac."""
    return FunctionEngine(bundle, NativeFunction)


def has_core_ml() -> bool:
    return platform.system() == "Darwin"
