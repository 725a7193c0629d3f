"""Apple's coreai-core, or the one line that says why this machine cannot run it."""

import platform

from runtime.errors import EngineError

GLIBC = (2, 34)  # of the machine that coreai-core was built on
MACOS = 27  # the first with Core AI


def unavailable() -> str | None:
    """Why this machine cannot run Core AI assets; None if it can."""
    system, machine = platform.system(), platform.machine()
    if system == "Darwin":
        version = platform.mac_ver()[0]
        if int(version.partition(".")[0] or 0) < MACOS:
            return f"Core AI needs macOS {MACOS} or newer, and this Mac has {version}"
        return None
    if (system, machine) != ("Linux", "x86_64"):
        return f"Core AI runs on macOS and on Linux x86-64, and this is {system} {machine}"
    library, version = platform.libc_ver()
    if library != "glibc" or tuple(int(part) for part in version.split(".")[:2]) < GLIBC:
        found = f"{library} {version}".strip() or "another C library"
        return f"coreai-core needs glibc 2.34 or newer, and this machine has {found}"
    return None


if why := unavailable():
    raise EngineError(f"{why}: draw with an iPhone bundle of python -m export.coreml instead")

try:
    from coreai.authoring import AIModelAsset
    from coreai.runtime import NDArray
except ImportError as error:
    raise EngineError(f"no coreai-core ({error}): pip install 'meissonic-mobile[coreai]'") from None

__all__ = ["AIModelAsset", "NDArray"]
