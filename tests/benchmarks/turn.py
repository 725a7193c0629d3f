"""One turn in a process of its own, so that its peak memory is its own and nothing of it outlives it.

    python -m tests.benchmarks.turn prepare WORKLOAD CONTENDER
    python -m tests.benchmarks.turn run WORKLOAD CONTENDER TASK THREADS

The last line printed is the result in JSON.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.contenders import CONTENDERS, PICTURE, Contender, Opened
from tests.benchmarks.workloads import WORKLOADS, Workload

LONG = 15.0  # seconds; longer runs count from the first, because warming up is a small part of them
ENOUGH = 6.0  # seconds a turn spends on shorter runs
MOST = 5  # runs a turn


def answer_file(workload: Workload, contender: Contender, task: str) -> Path:
    return workload.folder / "answers" / f"{task}-{contender.name.replace(' ', '-')}.npy"


def prepare(workload: Workload, contender: Contender) -> dict[str, float]:
    """Write the contender's files under a temporary name, so that existing files are whole."""
    target = workload.folder / contender.files
    part = workload.folder / f".{contender.files}.partial"
    shutil.rmtree(part, ignore_errors=True)
    begun = time.perf_counter()
    try:
        contender.prepare(workload, part)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {"seconds": time.perf_counter() - begun, "peak_mb": peak_mb()}


def run(workload: Workload, contender: Contender, task: str, threads: int) -> dict[str, object]:
    """Open, warm up with one run, then time runs for about ENOUGH seconds."""
    begun = time.perf_counter()
    opened: Opened = contender.open(workload, task, workload.folder / contender.files, threads)
    loaded = time.perf_counter() - begun
    first, result = timed(opened)
    seconds = [first] if first >= LONG else []
    while first < LONG and len(seconds) < MOST and (not seconds or sum(seconds) < ENOUGH):
        took, result = timed(opened)
        seconds.append(took)
    peak = peak_mb()
    path = answer_file(workload, contender, task)
    if not path.exists() and task != PICTURE:
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npy")
        np.save(part, opened.answer(result))
        part.replace(path)
    return {
        "task": task,
        "contender": contender.name,
        "seconds": seconds,
        "first": first,
        "load": loaded,
        "peak_mb": peak,
        "note": opened.note,
    }


def timed(opened: Opened) -> tuple[float, np.ndarray]:
    begun = time.perf_counter()
    result = opened.run()
    return time.perf_counter() - begun, result


def peak_mb() -> float:
    """Peak RSS of this process so far, MB. VmHWM, because getrusage includes the process that started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def main(arguments: list[str]) -> None:
    what, workload, contender, *rest = arguments
    if what == "prepare":
        result = prepare(WORKLOADS[workload], CONTENDERS[contender])
    else:
        task, threads = rest
        result = run(WORKLOADS[workload], CONTENDERS[contender], task, int(threads))
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
