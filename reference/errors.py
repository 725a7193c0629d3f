"""The errors of all packages, and how a command reports them. Standard library only.

- UserError: wrong input, or anything else that the user can fix
    - CheckpointError: reference; RequestError: every package
    - BundleError, EngineError: runtime.errors
    - QuantizationError, RecipeError: quantize.errors
    - ExportError, VerificationError: export.errors
- Cancelled: the caller stopped a drawing
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any, NoReturn


class UserError(Exception):
    """Wrong input. `str(error)` is one clear line that names the file or value and the way out."""


class CheckpointError(UserError):
    """A checkpoint folder, file or hub id cannot be used."""


class RequestError(UserError):
    """A prompt, number, size, image, mask or option cannot be used."""


class Cancelled(Exception):
    """The caller stopped the drawing. Nothing is drawn and nothing is wrong."""


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line, like any wrong input, and keeps the lines of its examples.

    A command started as `meissonic draw` calls itself that in place of `prog`.
    """

    def __init__(self, **settings: Any) -> None:
        if sys.argv[0].startswith("meissonic "):  # see `runtime.commands`
            settings["prog"] = sys.argv[0]
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **settings})

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message} (see {self.prog} --help)")


def exit_code(command: Callable[[], int | None], stopped: str = "nothing was written") -> int:
    """Run a command and return its exit code, 0 if it returns None.

    A UserError is one line on stderr and exit code 2. Ctrl-C is one line that says what is left, and exit
    code 130: `stopped`, unless the KeyboardInterrupt itself carries the words.
    """
    try:
        return command() or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        stopped = str(interrupt) or stopped
    except Cancelled:
        pass
    print(f"\nstopped: {stopped}", file=sys.stderr)
    return 130
