"""`meissonic COMMAND`: this project's commands under one name. Each is also a module for `python -m`."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from runtime.errors import Parser, exit_code

# Words of the command line, the module that runs them, what they do. Modules are imported by name, because
# those of `export` and `quantize` stand above this package and need an extra.
COMMANDS = {
    "draw": ("runtime.__main__", "draw a picture with a bundle"),
    "export onnx": ("export.onnx", "a checkpoint to a bundle for Android, Linux, macOS or Windows"),
    "export coreml": ("export.coreml", "a checkpoint to a bundle for iPhone"),
    "export coreai": ("export.coreai", "a checkpoint to a bundle for iPhone, iOS 27"),
    "quantize": ("quantize.__main__", "a float bundle to a quantized one"),
    "verify": ("runtime.parity.__main__", "compare a bundle with the PyTorch reference, as an HTML report"),
    "inspect": ("runtime.inspect", "check a bundle's files and show what it holds"),
}
EXAMPLES = """

examples:
  meissonic export onnx --int8 --out build/android
  meissonic draw "a purple cat wearing a hat" --bundle build/android --seed 3 --out cat.png
  meissonic quantize --help
"""


def run(words: Sequence[str]) -> int:
    """Raises UserError for an unknown command or one whose extra is not installed."""
    for name, (module, _) in COMMANDS.items():
        own = name.split()
        if list(words[: len(own)]) == own:
            sys.argv[0] = f"meissonic {name}"  # what the command calls itself in its help
            code: int = import_module(module).main(words[len(own) :])
            return code
    listed = [f"  {name:14} {text}" for name, (_, text) in COMMANDS.items()]
    parser = Parser(
        prog="meissonic",
        description="Masked-token text-to-image for phones: export, quantize, draw, verify.",
        epilog="\n".join(["commands:", *listed]) + EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=version("meissonic-mobile"))
    parser.add_argument("command", metavar="COMMAND", choices=sorted(COMMANDS), help="one of those below")
    first = " ".join(words[:2]) if words[:1] == ["export"] else " ".join(words[:1])
    parser.parse_args([first] if first else [])  # prints the help or the version and exits, or raises
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    return exit_code(lambda: run(words))


if __name__ == "__main__":
    sys.exit(main())
