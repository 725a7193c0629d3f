"""Draw pictures with an exported bundle, on numpy and onnxruntime.

    from runtime import Generator, Request

    with Generator.open("build/android") as generator:
        drawing = generator.text_to_image(Request("a purple cat wearing a hat", seed=3))
    Image.fromarray(drawing.picture).save("cat.png")  # from PIL import Image

`open_bundle` reads a bundle without drawing. `Engine` is what runs the graphs; pass `Generator` one of your
own, or the name of one. Every error that a caller can act on is a `UserError`.

Importing this package loads no engine and changes nothing in the process. Only `runtime.parity` and
`runtime.coreml` need more than the package's own dependencies: the extras `export` and `coreml`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.bundle import Bundle, open_bundle
    from runtime.engine import Engine
    from runtime.errors import BundleError, Cancelled, EngineError, RequestError, UserError
    from runtime.generator import Drawing, Generator
    from runtime.loop import Progress
    from runtime.request import Request, Settings

__all__ = [
    "Bundle",
    "BundleError",
    "Cancelled",
    "Drawing",
    "Engine",
    "EngineError",
    "Generator",
    "Progress",
    "Request",
    "RequestError",
    "Settings",
    "UserError",
    "open_bundle",
]

_MODULES = ("bundle", "engine", "errors", "generator", "loop", "request")


def __getattr__(name: str) -> Any:
    """Imports a name of `__all__` when it is first used: the check on a Mac runs without Pillow."""
    if name in __all__:
        for module in _MODULES:
            found = vars(import_module(f"runtime.{module}")).get(name)
            if found is not None:
                return found
    raise AttributeError(f"module 'runtime' has no attribute {name!r}")
