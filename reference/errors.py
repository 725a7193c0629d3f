"""The errors of all packages, and how a command reports them. Standard library only.

- UserError: wrong input, or anything else that the user can fix
    - CheckpointError: reference; RequestError: every package
    - BundleError, EngineError: runtime.errors
    - QuantizationError, RecipeError: quantize.errors
    - ExportError, VerificationError: export.errors
- Cancelled: the caller stopped a drawing
"""

import argparse
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

# Without a file's name these are errors of standard output: whatever writes a file names it.
OUTPUT_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


class UserError(Exception):
    """Wrong input. `str(error)` is one clear line that names the file or value and the way out."""


class CheckpointError(UserError):
    """A checkpoint folder, file or hub id cannot be used."""


class RequestError(UserError):
    """A prompt, number, size, image, mask or option cannot be used."""


class Cancelled(Exception):
    """The caller stopped the drawing. Nothing is drawn and nothing is wrong."""


def printable(text: object) -> str:
    """The text with escapes for characters that steer a terminal: names and files may hold any."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line, like any wrong input, and keeps the lines of its examples. Flags
    are written out, so that a new one changes no script.

    A command started as `meissonic draw` calls itself that in place of `prog`.
    """

    def __init__(self, **settings: Any) -> None:
        if sys.argv[0].startswith("meissonic "):  # see `runtime.commands`
            settings["prog"] = sys.argv[0]
        as_written = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
        super().__init__(**{**as_written, **settings})

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message} (see {self.prog} --help)")


def exit_code(command: Callable[[], int | None], stopped: str = "nothing was written") -> int:
    """Run a command and return its exit code, 0 if it returns None.

    A UserError is one line on stderr and exit code 2, and so is an error of the file system. Ctrl-C is one
    line that says what is left, and exit code 130: `stopped`, unless the KeyboardInterrupt itself carries the
    words. SIGTERM (143) and SIGHUP (129) clean up and say the same. A closed pipe ends the command silently
    with 141.
    """
    for stream in (sys.stdout, sys.stderr):  # a file's name must not end a command after its work
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    received: list[int] = []
    try:
        with signals_interrupt(received):
            try:
                return command() or 0
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()  # not when Python ends, because then an error is a traceback
    except KeyboardInterrupt as interrupt:
        stopped = str(interrupt) or stopped
    except Cancelled:
        pass
    except Exception as error:
        if not received:  # a library may have turned the interruption into an error of its own
            return failed(error)
    print(f"\nstopped: {stopped}", file=sys.stderr)
    return 128 + (received[0] if received else signal.SIGINT)


def failed(error: Exception) -> int:
    """Report an error in one line and return the exit code. Raises what no user can mend."""
    if isinstance(error, BrokenPipeError):
        drop_output()
        return 141  # as a shell shows SIGPIPE
    if isinstance(error, UserError):
        line = str(error)
    elif isinstance(error, MemoryError):
        line = "not enough memory: end other programs, or use a larger machine"
    elif isinstance(error, OSError):
        reason = error.strerror or str(error)
        if error.filename is None and error.errno in OUTPUT_ERRORS:
            drop_output()
            line = f"cannot write to standard output: {reason}"
        else:
            line = f"{error.filename or type(error).__name__}: {reason}"
    else:
        raise error
    print(f"error: {printable(line)}", file=sys.stderr)
    return 2


@contextmanager
def signals_interrupt(received: list[int]) -> Iterator[None]:
    """Inside the block SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt; their numbers go to `received`.

    One that is ignored stays ignored (`nohup`), and one with a handler keeps it. A second SIGTERM or SIGHUP
    does not disturb the cleaning up, a second Ctrl-C does. Python allows handlers in the main thread alone.
    """

    def interrupt(number: int, _frame: FrameType | None) -> NoReturn:
        received.append(number)
        for other in before:
            if other != signal.SIGINT:
                signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def drop_output() -> None:
    """Drop what waits in standard output, so that Python does not fail to write it when it ends."""
    with suppress(OSError, ValueError):  # an output that is no file has no number
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
