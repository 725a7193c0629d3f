"""`python -m tests.benchmarks.guidance`: what fewer steps, and guidance in a part of them, cost the stickers.

A step without guidance evaluates one text row in place of two. The Halton rows keep tokens in the order of a
Halton sequence over the grid (bases 2 and 3, as "Halton scheduler for masked generative image transformers",
arXiv 2503.17076, does), not the most certain first. No runtime has that order.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from reference.errors import Parser, exit_code
from reference.request import check_range
from reference.stickers.detector import load_detector
from reference.stickers.evaluation_prompts import Task, judge_pictures, prompt_set
from runtime.generator import Generator
from runtime.request import Request
from tests.benchmarks.markdown import table
from tests.benchmarks.results import provenance, read, resume, source_line, write

RESULT = "guidance"
COMMAND = "python -m tests.benchmarks.guidance"
FIRM = 1e4  # between the ranks of two tokens, so that the loop's noise changes no order


@dataclass(frozen=True)
class Way:
    """How a picture is drawn: guidance is on from `begin` until `end`, shares of the steps."""

    steps: int
    begin: float = 0.0
    end: float = 1.0
    halton: bool = False

    @property
    def name(self) -> str:
        guided = {
            (0.0, 1.0): "",
            (0.5, 1.0): ", guided in the second half alone",
            (0.0, 0.5): ", guided in the first half alone",
            (0.0, 0.0): ", never guided",
        }
        return f"{self.steps} steps{guided[self.begin, self.end]}{', Halton order' if self.halton else ''}"

    @property
    def rows(self) -> int:
        """Text rows evaluated a picture."""
        return self.steps + round(self.steps * (self.end - self.begin))


WAYS = (
    Way(48),
    *(
        Way(steps, *interval)
        for steps in (16, 8)
        for interval in ((0.0, 1.0), (0.5, 1.0), (0.0, 0.5), (0.0, 0.0))
    ),
    Way(4),
    *(Way(steps, halton=True) for steps in (16, 8, 4)),
)


def halton(count: int, base: int) -> np.ndarray:
    """The first numbers of the van der Corput sequence, f64 [count] in [0, 1)."""
    found, index, share = np.zeros(count), np.arange(1, count + 1), 1.0
    while index.any():
        share /= base
        found += share * (index % base)
        index //= base
    return found


def halton_ranks(height: int, width: int) -> np.ndarray:
    """When each token of a grid is kept, i64 [H, W]: its place in the Halton sequence."""
    count = 32 * height * width  # enough to meet every cell
    cells = (halton(count, 2) * height).astype(int) * width + (halton(count, 3) * width).astype(int)
    _, first = np.unique(cells, return_index=True)
    return np.argsort(np.argsort(first)).reshape(height, width)


class HaltonGenerator(Generator):
    """Keeps tokens in the order of the Halton sequence."""

    def run_step(self, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        ranks = halton_ranks(*tensors["tokens"].shape)
        return super().run_step(tensors) | {"log_prob": (-FIRM * ranks).astype(np.float32).ravel()}


def request(way: Way, task: Task) -> Request:
    """With the task's number as its seed."""
    drawn = Request(task.prompt, seed=task.number, steps=way.steps)
    if way.begin == way.end:
        return replace(drawn, guidance=1.0)
    return replace(drawn, guidance_from=way.begin, guidance_until=way.end)


def markdown() -> str:
    """The table of the result file."""
    content = read(RESULT)
    rows = [[way["name"], str(way["rows"]), f"{100 * way['score']:.1f}"] for way in content["ways"]]
    head = ["steps", "text rows a picture", "score, %"]
    return f"{table(head, rows)}\n\n{source_line(content)}"


def command_line(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog=COMMAND,
        description="Score the shipped stickers drawn in fewer steps, with guidance in a part of them, and in"
        f" another order. Continues where it was stopped; writes docs/results/{RESULT}.json.",
        epilog=f"example:\n  {COMMAND}",
    )
    add = parser.add_argument
    add("--bundle", type=Path, default=Path("build/android"), metavar="DIR", help="default: %(default)s")
    add("--prompts-per-category", type=int, default=20, metavar="N", help="%(default)s")
    given = parser.parse_args(arguments)
    check_range("prompts per category", given.prompts_per_category, 1, 10_000)
    generators = [kind.open(given.bundle, 2, keep=True) for kind in (Generator, HaltonGenerator)]
    tasks, judge = prompt_set(given.prompts_per_category), load_detector()
    fresh = {
        **provenance(COMMAND, 2),
        "checkpoint": str(generators[0].bundle.manifest.source.sha256),
        "prompts": len(tasks),
        "ways": [],
    }
    stored = resume(RESULT, fresh, found="ways")
    due = WAYS[len(stored["ways"]) :]
    with tqdm(total=len(due) * len(tasks), unit="picture", disable=None) as bar:
        for way in due:
            pictures = []
            for task in tasks:
                pictures.append(generators[way.halton].text_to_image(request(way, task)).picture)
                bar.update()
            score = judge_pictures(judge, tasks, np.stack(pictures)).overall
            stored["ways"].append({**asdict(way), "name": way.name, "rows": way.rows, "score": score})
            write(RESULT, stored)
    print(markdown())


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: command_line(arguments), stopped="the ways that were finished are kept")


if __name__ == "__main__":
    sys.exit(main())
