"""`python -m tests.benchmarks.sizes`: how a drawing grows with its tokens, its text rows and its steps.

The int8 bundle of the blocks-512 layout for each size, every graph alone and in the low-memory profile, each
measurement a process of its own. The second run of a graph is timed, in which its weights are read already.
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
from tests.benchmarks.layouts import LAYOUTS, ROOT, prepare
from tests.benchmarks.machine import facts
from tests.benchmarks.memory import Child, drawing_child, graph_child
from tests.benchmarks.stored import stored_or_fresh, write

SIZES = ((256, 256), (512, 512), (768, 512), (768, 768), (1024, 768), (1024, 1024))
STEPS, STEPS_AT, GUIDANCES = (1, 4, 16), (512, 512), (1.0, 9.0)
LAYOUT = LAYOUTS["blocks-512"]
RESULTS = ROOT / "sizes.json"


def named(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def folder(size: tuple[int, int]) -> Path:
    return ROOT / "sizes" / named(size)


def write_bundles() -> None:
    """The bundle of each size, unless it is there. One that is there is whole."""
    from tests.benchmarks.ours import write_bundle

    prepare(LAYOUT)
    for size in SIZES:
        target, part = folder(size), folder(size).with_suffix(".partial")
        if target.exists():
            continue
        print(f"writing {target}", flush=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        write_bundle(LAYOUT.checkpoint, size, "int8", part)
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
                write(stored, RESULTS)
                bar.update()


def markdown(stored: dict[str, Any]) -> str:
    """The two tables of `sizes.json`."""
    turns, machine = stored["turns"], stored["machine"]
    token, position = stored["pixels"]["token"], stored["pixels"]["position"]

    def seconds(name: str) -> str:
        return f"{statistics.median(turn['seconds'] for turn in turns[name]):.3g}"

    def peak(name: str) -> str:
        return f"{max(turn['peak_mb'] for turn in turns[name]):,.0f}"

    rounds = min(len(found) for found in turns.values())
    counted = f"medians of {rounds} processes" if rounds > 1 else "one process each"
    lines = [
        f"{machine['cpu']}, {machine['threads']} threads, has {', '.join(machine['flags'])}; {counted}.",
        "",
        "| size | tokens | in the blocks | step, guided, s | one row, s | decoder, s | peak of step, MB"
        " | of decoder, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for width, height in SIZES:
        name = named((width, height))
        one, two, decoder = (f"{name} {run}" for run in ("transformer 1", "transformer 2", "image_decoder 2"))
        lines.append(
            f"| {name} | {width * height // token**2:,} | {width * height // position**2:,} | {seconds(two)}"
            f" | {seconds(one)} | {seconds(decoder)} | {peak(two)} | {peak(decoder)} |"
        )
    lines += [
        "",
        f"| whole drawing, {named(STEPS_AT)} | guided, s | peak, MB | one row, s | peak, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for steps in STEPS:
        one, two = (f"drawing {steps} {guidance:g}" for guidance in GUIDANCES)
        cells = (seconds(two), peak(two), seconds(one), peak(one))
        lines.append(f"| {steps} step{'s' if steps > 1 else ''} | {' | '.join(cells)} |")
    return "\n".join(lines)


def command_line(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="python -m tests.benchmarks.sizes",
        description="Seconds and peak memory of step and decoder at sizes from 256 to 1024 px, and of whole"
        f" drawings in 1 to 16 steps. Goes on where it was stopped; writes {RESULTS}.",
        epilog="example:\n  python -m tests.benchmarks.sizes --rounds 3",
    )
    add = parser.add_argument
    add("--rounds", type=int, default=3, help="processes of each measurement (%(default)s; 0: bundles only)")
    add("--threads", type=int, default=2, help="%(default)s")
    given = parser.parse_args(arguments)
    check_range("rounds", given.rounds, 0, 1000)
    check_range("threads", given.threads, 1, 256)
    write_bundles()
    model = read_manifest(folder(SIZES[0])).model
    pixels = {"token": model.token_size, "position": model.token_size * model.compression}
    fresh = {"machine": facts(given.threads), "pixels": pixels, "turns": {}}
    stored = stored_or_fresh(RESULTS, fresh, found="turns")
    measure(stored, given.rounds, given.threads)
    if given.rounds:
        print(markdown(stored))


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(
        lambda: command_line(arguments), stopped="what was measured is kept; the same command goes on"
    )


if __name__ == "__main__":
    sys.exit(main())
