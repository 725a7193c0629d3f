"""onnxruntime, loaded where there is room for it.

When version 1.29 is loaded it matches the process's command line with a regular expression that recurses a
character at a time: some 35 000 characters overflow the usual stack and end the process.
"""

import threading

STACK = 2**28  # bytes, of which only those that are used cost memory: an argument has 2**17 at most


def _load() -> None:
    import onnxruntime  # noqa: F401


_usual = threading.stack_size(STACK)
_thread = threading.Thread(target=_load)
_thread.start()
threading.stack_size(_usual)
_thread.join()

import onnxruntime as ort  # noqa: E402
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors  # noqa: E402

__all__ = ["ort", "ort_errors"]
