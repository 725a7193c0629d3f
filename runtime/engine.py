"""Engines: onnxruntime for ONNX graphs, and qnn for those made for Qualcomm's NPU; for Core ML packages Core
ML on a Mac, elsewhere the evaluator; for Core AI assets Apple's runtime.
"""

from collections.abc import Mapping
from typing import Literal, Protocol, get_args

import numpy as np

from runtime.bundle import Bundle
from runtime.errors import RequestError

EngineName = Literal["onnxruntime", "qnn", "coreml", "evaluator", "coreai"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


class Engine(Protocol):
    """Runs the graphs of one bundle by name. One thread draws; `cancel` may come from another."""

    bundle: Bundle

    @property
    def loaded(self) -> list[str]:
        """The graphs in memory."""

    def open(self, name: str) -> None:
        """Loads a graph unless it is loaded. Raises EngineError or BundleError that names the file."""

    def close(self, name: str) -> None:
        """Unloads a graph and its weights."""

    def run(self, name: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs a graph on the tensors it names (it ignores others) and returns its outputs by name.

        Raises Cancelled after `cancel`, BundleError for a tensor unlike the manifest's, EngineError if the
        run fails.
        """

    def cancel(self) -> None:
        """Stops the run in progress and refuses others until `resume`."""

    def resume(self) -> None:
        """Allows runs again after `cancel`."""


def open_engine(
    bundle: Bundle, threads: int = 0, low_memory: bool = False, name: EngineName | None = None
) -> Engine:
    """The engine of that name, or the usual one for the bundle's graphs.

    `threads` and `low_memory` are for graphs that onnxruntime runs on the CPU. Raises RequestError if the
    engine cannot run the bundle, UserError if a package that the engine needs is not installed.
    """
    own = bundle.manifest.engine
    if own == "coreai":
        if name not in (None, "coreai"):
            raise RequestError(f"--engine {name} does not run Core AI assets: leave it out")
        from runtime.coreai import engine as coreai  # needs the extra coreai

        return coreai.assets(bundle)
    if name == "coreai":
        raise RequestError(
            "--engine coreai runs Core AI assets, but this bundle has none: export one with"
            " python -m export.coreai"
        )
    if own == "onnxruntime":
        return onnx_engine(bundle, threads, low_memory, name)
    if name in ("onnxruntime", "qnn"):
        raise RequestError(f"--engine {name} runs ONNX graphs, but this bundle holds Core ML packages")
    from runtime.coreml import engine as coreml  # needs the extras export and coreml

    if name == "coreml" and not coreml.has_core_ml():
        raise RequestError("--engine coreml needs a Mac: leave it out, and the evaluator runs the bundle")
    if name == "evaluator" or not coreml.has_core_ml():
        return coreml.evaluated(bundle)
    return coreml.native(bundle)


def onnx_engine(bundle: Bundle, threads: int, low_memory: bool, name: EngineName | None) -> Engine:
    """`open_engine` of a bundle of ONNX graphs."""
    if name in ("coreml", "evaluator"):
        raise RequestError(f"--engine {name} runs Core ML packages, but this bundle holds ONNX graphs")
    if name == "qnn":
        if not bundle.manifest.for_npu:
            raise RequestError(
                "--engine qnn runs graphs made for an NPU, but this bundle has none: export one with --qnn"
            )
        from runtime.qnn_engine import QnnEngine  # needs the extra qnn

        return QnnEngine(bundle, threads, low_memory)
    from runtime.onnxruntime_engine import OnnxRuntimeEngine  # loads onnxruntime

    return OnnxRuntimeEngine(bundle, threads, low_memory)
