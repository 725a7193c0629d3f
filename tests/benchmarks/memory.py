"""`python -m tests.benchmarks.memory BUNDLE`: the resident peak of every graph, and of a whole drawing.

Each line is a process of its own, in the low-memory profile; its peak is what the operating system says when
it has ended (`/usr/bin/time` prints the same number). A peak holds the pages of mapped weights that were
read, which the system may take back, and Python with its libraries, the first line.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from runtime.bundle import Bundle, Tensor, read_manifest
from runtime.engine import Engine

ROWS = 2  # with guidance


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--steps", type=int, default=48, help="of the conditioning; default: 48")
    parser.add_argument("--drawn", type=int, default=2, help="steps of the whole drawing; default: 2")
    parser.add_argument("--graph", help=argparse.SUPPRESS)  # the child: run this graph once
    given = parser.parse_args(arguments)
    if given.graph:
        if given.graph != "nothing":
            run_graph(given.bundle, given.graph, given.steps)
        return 0
    print(f"| {given.bundle.name} | weights, MB | seconds | peak, MB |\n|---|---|---|---|")
    manifest = read_manifest(given.bundle)
    own = [sys.executable, "-m", "tests.benchmarks.memory", str(given.bundle), "--steps", str(given.steps)]
    row("Python and libraries", 0, [*own, "--graph", "nothing"])
    for name, graph in manifest.graphs.items():
        row(name, sum(manifest.files[file].size for file in graph.files), [*own, "--graph", name])
    with tempfile.TemporaryDirectory() as folder:
        picture = str(Path(folder) / "picture.png")
        settings = ["--steps", str(given.drawn), "--out", picture, "--low-memory"]
        whole = [sys.executable, "-m", "runtime", "a red fox", "--bundle", str(given.bundle), *settings]
        total = sum(facts.size for facts in manifest.files.values())
        row(f"a drawing of {given.drawn} steps", total, whole)
    return 0


def row(name: str, size: int, command: list[str]) -> None:
    """Runs the command and prints its line."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"error: {' '.join(command)} failed")
    seconds = time.perf_counter() - begun
    print(f"| {name} | {size / 1e6:.0f} | {seconds:.1f} | {usage.ru_maxrss * 1024 / 1e6:.0f} |", flush=True)


def run_graph(folder: Path, name: str, steps: int) -> None:
    """One run of a graph on inputs of the manifest's shapes."""
    # The files were verified when the bundle was written: hashing them would load every page.
    bundle = Bundle(folder, read_manifest(folder))
    rng = np.random.default_rng(0)
    tensors = {tensor.name: example(tensor, steps, rng) for tensor in bundle.manifest.graphs[name].inputs}
    Engine(bundle, low_memory=True).run(name, tensors)


def example(tensor: Tensor, steps: int, rng: np.random.Generator) -> np.ndarray:
    sizes = {"rows": ROWS, "steps": steps}
    shape = [sizes[side] if isinstance(side, str) else side for side in tensor.shape]
    if tensor.dtype == "float32":
        return rng.uniform(0.01, 0.99, shape).astype(np.float32)
    return rng.integers(0, 8, shape).astype(tensor.dtype)


if __name__ == "__main__":
    sys.exit(main())
