"""`python -m tests.benchmarks.memory BUNDLE`: peak RSS of every graph and of a whole drawing.

Each line is a process of its own, in the low-memory profile; its peak is what the operating system says when
it has ended (`/usr/bin/time` prints the same number). A peak holds the pages of mapped weights that were
read, which the system may take back, and Python with its libraries, the first line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runtime.bundle import Bundle, read_manifest
from runtime.manifest import Tensor
from runtime.onnxruntime_engine import OnnxRuntimeEngine
from tests.benchmarks import processes

ROWS = 2  # with guidance
WATCH = Path(__file__).with_name("peak.py")
NOTHING = "nothing"  # a process that runs no graph


@dataclass(frozen=True)
class Child:
    """A finished process: seconds from start to end, peak RSS in MB, printed text."""

    seconds: float
    peak_mb: float
    printed: str


def child(command: Sequence[str]) -> Child:
    """Run a command and measure it. Raises SystemExit if it fails."""
    begun = time.perf_counter()
    watched = [sys.executable, "-S", str(WATCH), *command]
    status, peak, printed = json.loads(processes.run(watched, stdout=subprocess.PIPE).stdout)
    if status:
        raise SystemExit(f"error: {' '.join(command)} failed")
    return Child(time.perf_counter() - begun, peak / 1e6, printed)


def graph_child(bundle: Path, graph: str, steps: int, rows: int = ROWS, threads: int = 0) -> Child:
    """Run one graph twice; prints the seconds of the second run, whose weights are in memory."""
    own = [sys.executable, "-m", "tests.benchmarks.memory", str(bundle), "--graph", graph]
    return child([*own, "--steps", str(steps), "--rows", str(rows), "--threads", str(threads)])


def drawing_child(bundle: Path, steps: int, guidance: float | None = None, threads: int = 0) -> Child:
    """Run `python -m runtime --low-memory` and drop the picture."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "runtime", "a red fox", "--bundle", str(bundle), "--low-memory"]
        command += ["--steps", str(steps), "--threads", str(threads), "--out", f"{folder}/picture.png"]
        return child([*command, *(["--guidance", str(guidance)] if guidance is not None else [])])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--steps", type=int, default=48, help="of the conditioning; default: 48")
    parser.add_argument("--drawn", type=int, default=2, help="steps of the whole drawing; default: 2")
    for name in ("--graph", "--rows", "--threads"):  # the child: run this graph
        parser.add_argument(name, type=str if name == "--graph" else int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    processes.stop_on_terminate()
    if given.graph:
        if given.graph != NOTHING:
            seconds = run_graph(given.bundle, given.graph, given.steps, given.rows, given.threads)
            print(json.dumps(seconds))
        return 0
    print(f"| {given.bundle.name} | weights, MB | seconds | peak, MB |\n|---|---|---|---|")
    manifest = read_manifest(given.bundle)
    row("Python and libraries", 0, graph_child(given.bundle, NOTHING, given.steps))
    for name, graph in manifest.graphs.items():
        size = sum(manifest.files[file].size for file in graph.files)
        row(name, size, graph_child(given.bundle, name, given.steps))
    total = sum(facts.size for facts in manifest.files.values())
    row(f"a drawing of {given.drawn} steps", total, drawing_child(given.bundle, given.drawn))
    return 0


def row(name: str, size: int, ended: Child) -> None:
    print(f"| {name} | {size / 1e6:.0f} | {ended.seconds:.1f} | {ended.peak_mb:.0f} |", flush=True)


def run_graph(folder: Path, name: str, steps: int, rows: int, threads: int) -> float:
    """Run a graph twice on inputs of the manifest's shapes; returns the seconds of the second run."""
    # Not open_bundle, because hashing the files would load every page.
    bundle = Bundle(folder, read_manifest(folder))
    rng = np.random.default_rng(0)
    inputs = bundle.manifest.graphs[name].inputs
    tensors = {tensor.name: example(tensor, {"rows": rows, "steps": steps}, rng) for tensor in inputs}
    engine = OnnxRuntimeEngine(bundle, threads, low_memory=True)
    engine.run(name, tensors)
    begun = time.perf_counter()
    engine.run(name, tensors)
    return time.perf_counter() - begun


def example(tensor: Tensor, sizes: dict[str, int], rng: np.random.Generator) -> np.ndarray:
    shape = [sizes[side] if isinstance(side, str) else side for side in tensor.shape]
    if tensor.dtype == "float32":
        return rng.uniform(0.01, 0.99, shape).astype(np.float32)
    return rng.integers(0, 8, shape).astype(tensor.dtype)


if __name__ == "__main__":
    sys.exit(main())
