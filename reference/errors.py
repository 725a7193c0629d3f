"""Errors a user can act on: the message is the one line that is printed, and says the way out."""

import argparse
import sys
from collections.abc import Callable
from typing import Any, NoReturn


class UserError(Exception):
    """Wrong input. `str(error)` is one clear line naming the file or value and the way out."""


class CheckpointError(UserError):
    """A checkpoint folder, file or hub id cannot be used."""


class RequestError(UserError):
    """A prompt, number, size, image or mask cannot be used."""


class Cancelled(Exception):
    """The caller's callback returned False: nothing is drawn, nothing is wrong."""


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument as every other wrong input, in one line; keeps the lines of its examples."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, **settings})

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message} (see {self.prog} --help)")


def exit_code(command: Callable[[], None], stopped: str = "nothing was written") -> int:
    """Run a command: 0 when done, else one line on stderr and 2 after a wrong input, 130 after Ctrl-C."""
    try:
        command()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nstopped: {stopped}", file=sys.stderr)
        return 130
    return 0
