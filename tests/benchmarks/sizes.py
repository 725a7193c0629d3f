"""`python -m tests.benchmarks.sizes`: time and memory of a drawing by its tokens, text rows and steps.

The int8 bundle of the blocks-512 workload for each size; every graph alone in the low-memory profile, in
a process of its own. The second run of a graph is timed, because the first reads its weights.
"""

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reference.errors import Parser, exit_code
from reference.request import check_range
from runtime.bundle import read_manifest
from tests.benchmarks import processes
from tests.benchmarks.markdown import table
from tests.benchmarks.memory import Child, drawing_child, graph_child
from tests.benchmarks.results import provenance, read, resume, source_line, write
from tests.benchmarks.workloads import ROOT, WORKLOADS, prepare

SIZES = ((256, 256), (512, 512), (768, 512), (768, 768), (1024, 768), (1024, 1024))
STEPS, STEPS_AT, GUIDANCES = (1, 4, 16), (512, 512), (1.0, 9.0)
WORKLOAD = WORKLOADS["blocks-512"]
RESULT = "sizes"


def named(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def folder(size: tuple[int, int]) -> Path:
    return ROOT / "sizes" / named(size)


def write_bundles() -> None:
    """The bundle of each size, unless it is there. One that is there is whole."""
    from tests.benchmarks.ours import write_bundle

    prepare(WORKLOAD)
    for size in SIZES:
        target, part = folder(size), folder(size).with_suffix(".partial")
        if target.exists():
            continue
        print(f"writing {target}", flush=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        write_bundle(WORKLOAD.checkpoint, size, "int8", part)
        part.rename(target)


def due(threads: int) -> dict[str, Callable[[], Child]]:
    """What is measured, by name."""
    found: dict[str, Callable[[], Child]] = {}
    for size in SIZES:
        for graph, rows in (("transformer", 1), ("transformer", 2), ("image_decoder", 2)):
            run = partial(graph_child, folder(size), graph, steps=1, rows=rows, threads=threads)
            found[f"{named(size)} {graph} {rows}"] = run
    for steps in STEPS:
        for guidance in GUIDANCES:
            run = partial(drawing_child, folder(STEPS_AT), steps, guidance, threads)
            found[f"drawing {steps} {guidance:g}"] = run
    return found


def measure(stored: dict[str, Any], rounds: int, threads: int) -> None:
    """Every measurement `rounds` times, in turn; what was done before counts."""
    turns: dict[str, list[dict[str, float]]] = stored["turns"]
    measurements = due(threads)
    left = sum(max(rounds - len(turns.get(name, [])), 0) for name in measurements)
    with tqdm(total=left, unit="process", disable=None) as bar:
        for number in range(rounds):
            for name, run in measurements.items():
                had = turns.setdefault(name, [])
                if len(had) > number:
                    continue
                ended = run()
                seconds = json.loads(ended.printed) if "drawing" not in name else ended.seconds
                had.append({"seconds": seconds, "peak_mb": ended.peak_mb})
                write(RESULT, stored)
                bar.update()


def markdown() -> str:
    """The tables of the result file; columns of what was not measured are left out."""
    content = read(RESULT)
    turns, token, position = content["turns"], content["pixels"]["token"], content["pixels"]["position"]

    def seconds(name: str) -> str:
        return f"{statistics.median(turn['seconds'] for turn in turns[name]):.3g}"

    def peak(name: str) -> str:
        return f"{max(turn['peak_mb'] for turn in turns[name]):,.0f}"

    columns = [
        (f"{title}, {unit}", run, cell)
        for run, title in (
            ("transformer 2", "guided step"),
            ("transformer 1", "step without guidance"),
            ("image_decoder 2", "decoder"),
        )
        for unit, cell in (("s", seconds), ("peak MB", peak))
        if f"{named(SIZES[0])} {run}" in turns
    ]
    rows = [
        [
            f"{width} x {height}",
            f"{width * height // token**2:,}",
            f"{width * height // position**2:,}",
            *(cell(f"{named((width, height))} {run}") for _, run, cell in columns),
        ]
        for width, height in SIZES
    ]
    head = ["picture, px", "tokens", "positions in the blocks", *(title for title, _, _ in columns)]
    parts = [table(head, rows)]
    if any(name.startswith("drawing") for name in turns):
        rows = []
        for steps in STEPS:
            one, two = (f"drawing {steps} {guidance:g}" for guidance in GUIDANCES)
            rows.append([str(steps), seconds(two), peak(two), seconds(one), peak(one)])
        head = ["steps", "guided drawing, s", "peak MB", "without guidance, s", "peak MB"]
        parts.append(f"Whole drawings of {named(STEPS_AT).replace('x', ' x ')} px:\n\n{table(head, rows)}")
    return "\n\n".join([*parts, source_line(content)])


def command_line(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="python -m tests.benchmarks.sizes",
        description="Seconds and peak memory of step and decoder at sizes from 256 to 1024 px, and of whole"
        f" drawings in 1 to 16 steps. Continues where it was stopped; writes docs/results/{RESULT}.json.",
        epilog="example:\n  python -m tests.benchmarks.sizes --rounds 3",
    )
    add = parser.add_argument
    add("--rounds", type=int, default=3, help="processes of each measurement (%(default)s; 0: bundles only)")
    add("--threads", type=int, default=2, help="%(default)s")
    given = parser.parse_args(arguments)
    check_range("rounds", given.rounds, 0, 1000)
    check_range("threads", given.threads, 1, 256)
    processes.stop_on_terminate()
    write_bundles()
    model = read_manifest(folder(SIZES[0])).model
    pixels = {"token": model.token_size, "position": model.token_size * model.compression}
    command = f"python -m tests.benchmarks.sizes --rounds {given.rounds}"
    fresh = {**provenance(command, given.threads), "pixels": pixels, "turns": {}}
    stored = resume(RESULT, fresh, found="turns")
    measure(stored, given.rounds, given.threads)
    if given.rounds:
        print(markdown())


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(
        lambda: command_line(arguments), stopped="what was measured is kept; the same command continues"
    )


if __name__ == "__main__":
    sys.exit(main())
