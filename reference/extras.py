"""The optional dependencies, and the one line that says which of them is missing. Standard library only."""

import logging
import platform
import sys
import warnings
from importlib.util import find_spec

from reference.errors import UserError

# What an extra of pyproject.toml installs, as far as the modules that need the extra import it at once.
EXTRAS = {
    "export": ("torch", "transformers", "diffusers", "safetensors", "onnx", "onnxscript", "jinja2"),
    "coreml": ("coremltools", "sklearn"),
    "qnn": ("onnxruntime_qnn",),
    "coreai": ("coreai", "coreai_torch"),
}
PACKAGES = ("reference", "runtime", "quantize", "export")


class MissingExtra(UserError, ModuleNotFoundError):
    """A package of an extra is not installed."""


# Loggers that warn when diffusers is imported: that this project joins optimum's namespace
# package, and what an installed torchao lacks. Nothing here uses torchao.
NOISY = (
    "diffusers.utils.import_utils",
    "diffusers.quantizers.torchao.torchao_quantizer",
    "torchao",
    "torch.distributed.elastic.multiprocessing.redirects",
)


def require(*extras: str) -> None:
    """`check_installed` for the top of a module.

    A package or command calls it before it imports what the extra brings. `python -m` with a module of this
    project prints the line and ends with exit code 2, because nothing could catch the error there.
    """
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(torchao|diffusers\.quantizers)(\.|$)")
    try:
        check_installed(*extras)
    except MissingExtra as error:
        module = sys.orig_argv[sys.orig_argv.index("-m") + 1] if "-m" in sys.orig_argv else ""
        if module.partition(".")[0] not in PACKAGES:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def check_installed(*extras: str) -> None:
    """Raises MissingExtra if a package of these extras is not installed."""
    missing = [package for extra in extras for package in EXTRAS[extra] if find_spec(package) is None]
    if missing:
        line = f"{missing[0]} is not installed: pip install 'meissonic-mobile[{','.join(extras)}]'"
        raise MissingExtra(line, name=missing[0])


QNN_GLIBC = (2, 35)  # of the machine that onnxruntime-qnn was built on
COREAI_GLIBC = (2, 34)  # and coreai-core
COREAI_MACOS = 27  # the first with Core AI


def qnn_unavailable() -> str | None:
    """Why the extra qnn cannot execute graphs on this machine; None if it can."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        return f"onnxruntime-qnn executes graphs on Linux x86-64 only, and this is {system} {machine}"
    return glibc_too_old("onnxruntime-qnn", QNN_GLIBC)


def coreai_unavailable() -> str | None:
    """Why the extra coreai cannot execute assets on this machine; None if it can."""
    system, machine = platform.system(), platform.machine()
    if system == "Darwin":
        version = platform.mac_ver()[0]
        if int(version.partition(".")[0] or 0) < COREAI_MACOS:
            return f"Core AI needs macOS {COREAI_MACOS} or newer, and this Mac has {version}"
        return None
    if (system, machine) != ("Linux", "x86_64"):
        return f"coreai-core runs on macOS and on Linux x86-64, and this is {system} {machine}"
    return glibc_too_old("coreai-core", COREAI_GLIBC)


def glibc_too_old(package: str, needed: tuple[int, int]) -> str | None:
    """Why a package built for a glibc cannot be loaded on this Linux; None if it can."""
    library, version = platform.libc_ver()
    if library == "glibc" and tuple(int(part) for part in version.split(".")[:2]) >= needed:
        return None
    found = f"{library} {version}".strip() or "another C library"
    return f"{package} needs glibc {needed[0]}.{needed[1]} or newer, and this machine has {found}"
