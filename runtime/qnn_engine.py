"""The engine "qnn": graphs made for Qualcomm's NPU run on its own runtime, the others on the CPU.

The package onnxruntime-qnn is a provider for onnxruntime. On Linux x86-64 its HTP back end computes with the
NPU's arithmetic. That takes seconds a step, so it shows what a phone draws but not how fast.
"""

import ctypes
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import onnxruntime as ort

from reference.extras import check_installed, qnn_unavailable
from runtime.bundle import Bundle
from runtime.errors import BundleError, EngineError
from runtime.onnxruntime_engine import OnnxRuntimeEngine, session_options

# No operator may run on the CPU unseen, and none in half precision.
STRICT = {"session.disable_cpu_ep_fallback": "1"}
NO_HALF = {"enable_htp_fp16_precision": "0"}
NONE: dict[str, str] = {}


class QnnEngine(OnnxRuntimeEngine):
    """Runs a bundle's graphs by name. One thread draws; `cancel` may be called from another, and a run on the
    NPU ends before it takes effect.
    """

    def __init__(
        self, bundle: Bundle, threads: int = 0, low_memory: bool = False, soc: str | None = None
    ) -> None:
        """`soc`: run what was compiled for this chip, which the emulator can too, not the portable graphs.

        Raises BundleError for a chip that nothing was compiled for.
        """
        super().__init__(bundle, threads, low_memory)
        compiled = {chip for graph in bundle.manifest.graphs.values() for chip in graph.contexts}
        if soc and soc not in compiled:
            chips = ", ".join(sorted(compiled)) or "no chip"
            raise BundleError(f"{bundle.folder} has contexts for {chips}, not {soc}: export it with --soc")
        self._soc = soc

    def path(self, name: str) -> Path:
        contexts = self.bundle.manifest.graphs[name].contexts
        return self.bundle.path(contexts[self._soc][0]) if self._soc in contexts else super().path(name)

    def way_out(self, name: str) -> str:
        if self.bundle.manifest.graphs[name].compute != "npu":
            return super().way_out(name)
        version = self.made_with("onnxruntime-qnn")
        return f"made with onnxruntime-qnn {version}: install that or a newer one, or copy the bundle again"

    def create(self, name: str, path: Path) -> ort.InferenceSession:
        if self.bundle.manifest.graphs[name].compute != "npu":
            return super().create(name, path)
        return open_on_npu(path)


def open_on_npu(
    path: Path | bytes, options: Mapping[str, str] = NONE, settings: Mapping[str, str] = NONE
) -> ort.InferenceSession:
    """A graph on the HTP back end, which must take every operator.

    `options` are the provider's, `settings` the session's. Raises as onnxruntime does, EngineError and
    MissingExtra.
    """
    package, session = provider(), session_options()
    for key, value in {**STRICT, **settings}.items():
        session.add_session_config_entry(key, value)
    backend = {"backend_path": package.get_qnn_htp_path()}
    session.add_provider_for_devices(devices(package.EP_NAME), {**backend, **NO_HALF, **options})
    return ort.InferenceSession(path, session, enable_fallback=0)  # else its Python layer tries the CPU


@cache  # onnxruntime takes a library once
def provider() -> Any:
    """The package onnxruntime_qnn, once its library is registered. Raises EngineError where it cannot run,
    MissingExtra where it is not installed.
    """
    if why := qnn_unavailable():
        raise EngineError(why)
    check_installed("qnn")
    import onnxruntime_qnn as package

    load_quietly(package.get_qnn_htp_path())
    if devices(package.EP_NAME):  # a host of this library has registered it
        return package
    try:
        ort.register_execution_provider_library(package.EP_NAME, package.get_library_path())
    except Exception as error:  # onnxruntime raises no type of its own here
        raise EngineError(
            f"onnxruntime {ort.__version__} cannot load onnxruntime-qnn {package.__version__} ({error}): "
            "install the versions of requirements.lock"
        ) from None
    return package


def load_quietly(library: str) -> None:
    """Load a library whose constructors print a line to the standard output, without the line."""
    sys.stdout.flush()
    output = os.dup(1)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        with suppress(OSError):  # onnxruntime will say why
            ctypes.CDLL(library)
        ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(output, 1)
        os.close(output)


def devices(name: str) -> list[Any]:
    """What a registered provider of this name runs on."""
    return [device for device in ort.get_ep_devices() if device.ep_name == name]
