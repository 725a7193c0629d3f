"""Child processes that end when the command that started them is stopped."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Any


def stop_on_terminate() -> None:
    """Treat SIGTERM as Ctrl-C, so that `run` ends its child and what was measured is kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def run(
    command: Sequence[str], timeout: float | None = None, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """`subprocess.run` for text output; an exception kills the child and every process that it started.

    Raises TimeoutExpired.
    """
    with subprocess.Popen(command, text=True, process_group=0, **options) as process:
        try:
            printed, _ = process.communicate(timeout=timeout)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()  # after a Ctrl-C, Popen itself leaves without waiting for the child
            raise
    return subprocess.CompletedProcess(command, process.returncode, printed)
