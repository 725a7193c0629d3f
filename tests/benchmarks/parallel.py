"""Parallel refinement against one token a forward: the 64 px stickers, judged by its judge.

    python -m tests.benchmarks.parallel

The same bundle draws the same prompts with N steps of the loop. With as many steps as tokens the schedule
fixes exactly one token a forward, the most certain, so the model chooses the order. "left to right" fixes
tokens in raster order, as an autoregressive decoder does; a masked model has no key-value cache, so each
forward still runs the whole grid. The checkpoint was trained on at most LONGEST steps; a longer drawing
passes the step index of the same moment in LONGEST steps.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from reference.errors import Parser, exit_code
from reference.request import check_range
from reference.stickers.detector import load_detector
from reference.stickers.evaluation_prompts import CATEGORIES, Task, judge_pictures, prompt_set
from reference.stickers.masked_modelling import STEP_COUNTS
from runtime.generator import Generator
from runtime.loop import Plan, draw_tokens
from runtime.philox import PhiloxNoise
from runtime.request import Request, settle
from tests.benchmarks.markdown import table
from tests.benchmarks.results import provenance, read, resume, source_line, write

LONGEST = max(STEP_COUNTS)
STEPS = (8, 16, 48)
SUREST, RASTER = "one token a forward, the surest", "one token a forward, left to right"
RESULT = "parallel"


@dataclass(frozen=True)
class Way:
    """How the tokens of a picture are filled in."""

    name: str
    forwards: int
    raster: bool = False


def ways(tokens: int) -> list[Way]:
    parallel = [Way(f"{steps} parallel steps", steps) for steps in STEPS]
    return [*parallel, Way(SUREST, tokens), Way(RASTER, tokens, raster=True)]


@dataclass(frozen=True)
class Outcome:
    """Median seconds a picture (steps and decoder, without the text) and score of one way."""

    name: str
    forwards: int
    seconds: float
    overall: float
    categories: dict[str, float]


def told(step: int, forwards: int) -> int:
    """The step index of step i of a drawing, as the checkpoint was trained to read it (N-1 first)."""
    if forwards <= LONGEST:
        return forwards - 1 - step
    return LONGEST - 1 - step * LONGEST // forwards


def draw(generator: Generator, way: Way, task: Task) -> tuple[np.ndarray, float]:
    """A picture u8 [h, w, 3] with the task's number as its seed, and the seconds it took after the text."""
    manifest = generator.bundle.manifest
    settings = settle(Request(task.prompt, seed=task.number, steps=min(way.forwards, LONGEST)), manifest)
    made, _ = generator.condition(settings)
    side = [length // manifest.model.token_size for length in reversed(settings.size)]
    masks = np.full(side, manifest.model.mask_token_id, np.int32)
    noise = PhiloxNoise(settings.seed)
    fixed = {"context": made["context"], "guidance": np.array(settings.guidance, np.float32)}

    def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        row = made["modulation"][told(i, way.forwards)]
        out = generator.run_step({**fixed, "tokens": tokens, "modulation": row, "uniforms": uniforms})
        return out["drawn"], out["log_prob"]

    begun = time.perf_counter()
    if way.raster:
        tokens = masks.reshape(-1)
        for i in range(tokens.size):
            tokens[i] = step(i, tokens.reshape(side), noise.draw(i, tokens.size))[0][i]
        tokens = tokens.reshape(side)
    else:
        model = manifest.model
        plan = Plan(way.forwards, model.mask_token_id, model.masking_schedule)
        tokens = draw_tokens(step, masks, noise, plan)
    picture = generator.decode(tokens)
    return picture, time.perf_counter() - begun


def judged(
    generator: Generator, way: Way, tasks: Sequence[Task], advance: Callable[[int], object]
) -> Outcome:
    pictures, seconds = [], []
    for task in tasks:
        picture, took = draw(generator, way, task)
        pictures.append(picture)
        seconds.append(took)
        advance(way.forwards)
    scores = judge_pictures(load_detector(), tasks, np.stack(pictures))
    return Outcome(way.name, way.forwards, statistics.median(seconds), scores.overall, scores.categories)


def markdown() -> str:
    """The table of the result file."""
    content = read(RESULT)
    rows = [
        [
            outcome["name"],
            str(outcome["forwards"]),
            f"{outcome['seconds']:.2f}",
            *(f"{100 * outcome['categories'][name]:.0f}" for name in CATEGORIES),
            f"**{100 * outcome['overall']:.1f}**",
        ]
        for outcome in content["outcomes"]
    ]
    head = ["how tokens are filled in", "forwards", "s a picture", *(f"{name}, %" for name in CATEGORIES)]
    return f"{table([*head, 'score, %'], rows)}\n\n{source_line(content)}"


def command_line() -> None:
    parser = Parser(
        prog="python -m tests.benchmarks.parallel",
        description="The 64 px stickers drawing in 8, 16 and 48 parallel steps and token by token:"
        " forwards, seconds, prompt-following score. Continues where it was stopped; writes"
        f" docs/results/{RESULT}.json.",
        epilog="examples:\n  python -m tests.benchmarks.parallel                            # 240 prompts\n"
        "  python -m tests.benchmarks.parallel --bundle build/android-fp32 --prompts-per-category 10",
    )
    add = parser.add_argument
    add("--bundle", type=Path, default=Path("build/android"), metavar="DIR", help="default: %(default)s")
    add("--prompts-per-category", type=int, default=40, metavar="N", help="%(default)s")
    add("--threads", type=int, default=2, help="%(default)s")
    given = parser.parse_args()
    check_range("prompts per category", given.prompts_per_category, 1, 10_000)
    check_range("threads", given.threads, 1, 256)
    generator = Generator.open(given.bundle, given.threads, keep=True)
    tasks = prompt_set(given.prompts_per_category)
    manifest = generator.bundle.manifest
    width, height = manifest.defaults.size
    every = ways(width * height // manifest.model.token_size**2)
    checkpoint = str(manifest.source.sha256)
    command = f"python -m tests.benchmarks.parallel --prompts-per-category {given.prompts_per_category}"
    fresh = {
        **provenance(command, given.threads),
        "checkpoint": checkpoint,
        "prompts": len(tasks),
        "outcomes": [],
    }
    stored = resume(RESULT, fresh, found="outcomes")
    done = {outcome["name"] for outcome in stored["outcomes"]}
    due = [way for way in every if way.name not in done]
    with tqdm(total=len(tasks) * sum(way.forwards for way in due), unit="forward", disable=None) as bar:
        for way in due:
            bar.set_description(way.name)
            stored["outcomes"].append(asdict(judged(generator, way, tasks, bar.update)))
            write(RESULT, stored)
    print(markdown())


if __name__ == "__main__":
    sys.exit(exit_code(command_line, stopped="the ways that were finished are kept"))
