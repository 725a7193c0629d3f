"""What a command of this project sets in its own process. A library leaves it to its host: importing
`runtime` or opening a bundle changes none of it.
"""

import ctypes
import importlib
import threading

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
        thread = threading.Thread(target=importlib.import_module, args=("onnxruntime",))
        thread.start()
    finally:
        threading.stack_size(usual)
    thread.join()
