"""Errors a user can act on: the message is the one line that is printed, and says the way out."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """Wrong input. `str(error)` is one clear line naming the file or value and the way out."""


class CheckpointError(UserError):
    """A checkpoint folder, file or hub id cannot be used."""


class RequestError(UserError):
    """A prompt, number, size, image or mask cannot be used."""


class Cancelled(Exception):
    """The caller's callback returned False: nothing is drawn, nothing is wrong."""


def exit_code(command: Callable[[], None]) -> int:
    """Run a command: 0 when done, else one line on stderr and 2 after a wrong input, 130 after Ctrl-C."""
    try:
        command()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped: nothing was written", file=sys.stderr)
        return 130
    return 0
