"""The engine "qnn": graphs made for Qualcomm's NPU run on its own runtime, the others on the CPU.

The package onnxruntime-qnn is a provider for onnxruntime. On Linux x86-64 its HTP back end computes with the
NPU's arithmetic. That takes seconds a step, so it shows what a phone draws but not how fast.
"""

import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import onnxruntime as ort

from reference.extras import require
from runtime.errors import EngineError
from runtime.onnxruntime_engine import OnnxRuntimeEngine, session_options

GLIBC = (2, 35)  # of the machine that the package was built on
# No operator may run elsewhere unseen: neither on the CPU nor, as a float operator, in half precision.
STRICT = {"session.disable_cpu_ep_fallback": "1"}
NO_FLOAT = {"enable_htp_fp16_precision": "0"}
NONE: dict[str, str] = {}


class QnnEngine(OnnxRuntimeEngine):
    """Runs a bundle's graphs by name. One thread draws; `cancel` may be called from another, and a run on the
    NPU ends before it takes effect.
    """

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
    devices = [device for device in ort.get_ep_devices() if device.ep_name == package.EP_NAME]
    backend = {"backend_path": package.get_qnn_htp_path()}
    session.add_provider_for_devices(devices, {**backend, **NO_FLOAT, **options})
    return ort.InferenceSession(path, session)


@cache  # onnxruntime takes a library once
def provider() -> Any:
    """The package onnxruntime_qnn, once its library is registered. Raises EngineError where it cannot run,
    MissingExtra where it is not installed.
    """
    if why := unavailable():
        raise EngineError(why)
    require("qnn")
    import onnxruntime_qnn as package

    try:
        ort.register_execution_provider_library(package.EP_NAME, package.get_library_path())
    except Exception as error:  # onnxruntime raises no type of its own here
        raise EngineError(
            f"onnxruntime {ort.__version__} cannot load onnxruntime-qnn {package.__version__} ({error}): "
            "install the versions of requirements.lock"
        ) from None
    return package


def unavailable() -> str | None:
    """Why Qualcomm's runtime cannot execute graphs on this machine; None if it can."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        return f"Qualcomm's runtime executes graphs on Linux x86-64 only, and this is {system} {machine}"
    library, version = platform.libc_ver()
    if library == "glibc" and tuple(int(part) for part in version.split(".")[:2]) < GLIBC:
        return f"onnxruntime-qnn needs glibc 2.35, and this machine has {version}: use a newer distribution"
    return None
