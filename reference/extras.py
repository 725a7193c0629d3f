"""The optional dependencies, and the one line that says which of them is missing. Standard library only."""

import logging
import sys
import warnings
from importlib.util import find_spec

from reference.errors import UserError

# What an extra of pyproject.toml installs, as far as the modules that need the extra import it at once.
EXTRAS = {
    "export": ("torch", "transformers", "diffusers", "safetensors", "onnx", "onnxscript", "jinja2"),
    "coreml": ("coremltools", "sklearn"),
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
    """Raises MissingExtra if a package of these extras is not installed.

    A package or command calls it before it imports what the extra brings. `python -m` with a module of this
    project prints the line and ends with exit code 2, because nothing could catch the error there.
    """
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(torchao|diffusers\.quantizers)(\.|$)")
    missing = [package for extra in extras for package in EXTRAS[extra] if find_spec(package) is None]
    if not missing:
        return
    line = f"{missing[0]} is not installed: pip install 'meissonic-mobile[{','.join(extras)}]'"
    module = sys.orig_argv[sys.orig_argv.index("-m") + 1] if "-m" in sys.orig_argv else ""
    if module.partition(".")[0] in PACKAGES:
        print(f"error: {line}", file=sys.stderr)
        sys.exit(2)
    raise MissingExtra(line, name=missing[0])
