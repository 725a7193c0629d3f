"""What a command of this project sets in its own process. A library leaves it to its host: importing
`runtime` or opening a bundle changes none of it.
"""

import _thread
import ctypes
import importlib
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from runtime.errors import EngineError

Made = TypeVar("Made")

M_MMAP_THRESHOLD = -3  # glibc's malloc.h
LARGE = 2**20  # bytes
STACK = 2**28  # bytes; only pages in use cost memory, and one argument has 2**17 bytes at most


def return_freed_memory() -> None:
    """Makes glibc map each block of 1 MiB or more by itself, so that freed blocks return to the system.

    By default glibc raises that limit to the largest block freed so far (up to 32 MiB), and smaller blocks
    then leave holes: decoding a stand-in model in strips took 347 MiB instead of 235. Does nothing where the
    C library has no `mallopt` (musl, macOS, Windows).
    """
    try:
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)
    except (AttributeError, OSError, TypeError):
        return


def load_onnxruntime() -> None:
    """Loads onnxruntime in a thread with a large stack.

    Version 1.29 matches the process's command line with a regular expression that recurses for each
    character: a prompt of some 35 000 characters overflows the default stack and ends the process.
    """
    usual = threading.stack_size(STACK)
    try:
        loading = Work(lambda: importlib.import_module("onnxruntime"))
    finally:
        threading.stack_size(usual)
    loading.ended.wait()
    try:
        loading.result()
    except ImportError as error:
        raise EngineError(f"onnxruntime cannot be loaded: {error}: install it again") from None


class Work(Generic[Made]):
    """A call in a thread of its own. `ended` is set when it ends, also if the thread dies before it begins.

    `threading.Thread.start` waits for ever for a thread that ran out of memory before its first line.
    """

    def __init__(self, call: Callable[[], Made]) -> None:
        """Raises MemoryError if no thread can be started."""
        self.ended = threading.Event()
        self._made: list[Made] = []
        self._error: BaseException = MemoryError()  # of a thread that died before its first line
        alive = _Alive()  # freed with the thread's arguments, whichever way it ends
        weakref.finalize(alive, self.ended.set)
        try:
            _thread.start_new_thread(self._run, (call, alive))
        except RuntimeError:
            raise MemoryError from None

    def _run(self, call: Callable[[], Made], _: "_Alive") -> None:
        try:
            self._made.append(call())
        except BaseException as error:  # for `result` to raise in the caller's thread
            self._error = error
        finally:
            self.ended.set()

    def result(self) -> Made:
        """What the ended call returned. Raises what it raised, MemoryError if its thread died."""
        if not self._made:
            raise self._error
        return self._made[0]


class _Alive:
    pass
