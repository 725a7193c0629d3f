"""`python -m tests.benchmarks.student`: the student of the stickers beside its teacher, in fewer passes.

The score of 360 prompts in PyTorch and of as many held-out ones; that of the teacher's own steps is in
stickers.json. The first pictures of each category go to docs/student.png: a row a way, the same prompts and
seeds in all, none picked.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Parser, exit_code
from reference.pipeline import Pipeline
from reference.stickers.detector import load_detector
from reference.stickers.evaluation_prompts import judge_pictures, prompt_set
from reference.stickers.score import Settings, generate
from tests.benchmarks.markdown import table
from tests.benchmarks.results import provenance, read, source_line, write
from tests.shared_bundles import STUDENT

RESULT = "student"
COMMAND = "python -m tests.benchmarks.student"
PICTURE = Path(__file__).parents[2] / "docs" / "student.png"
STEPS = 16  # of the teacher by default
PAIRS = ("drawn", "held_out")  # of subject and colour: those that training drew, and the others
WAYS = (("teacher", 2), ("teacher", 1), ("student", 2), ("student", 1))
SHOWN, GAP = 2, 4  # pictures of a category; pixels between them


def measure(checkpoint: Checkpoint, steps: int, held_out: bool) -> float:
    """The score in [0, 1]."""
    settings = Settings(steps=steps, held_out=held_out)
    tasks = prompt_set(settings.prompts_per_category, settings.seed, held_out)
    with tqdm(total=len(tasks) * steps, desc="drawing", unit="step", leave=False, disable=None) as bar:
        pictures = generate(Pipeline(checkpoint), tasks, settings, bar.update)
    return judge_pictures(load_detector(), tasks, pictures).overall


def pictures(checkpoint: Checkpoint, steps: int) -> np.ndarray:
    """The first pictures of each category, u8 [n, h, w, 3]."""
    return generate(Pipeline(checkpoint), prompt_set(SHOWN), Settings(steps=steps), lambda count: None)


def sheet(rows: Sequence[np.ndarray]) -> Image.Image:
    """Rows of pictures u8 [n, h, w, 3]."""
    count, height, width = rows[0].shape[:3]
    made = Image.new("RGB", (count * (width + GAP) - GAP, len(rows) * (height + GAP) - GAP), (235, 235, 235))
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            made.paste(Image.fromarray(picture), (column * (width + GAP), row * (height + GAP)))
    return made


def markdown() -> str:
    """The scores of the result file."""
    content, shipped = read(RESULT), read("stickers")
    scores = {name: shipped[name]["generated"]["overall"] for name in PAIRS}
    ways = [{"model": "teacher", "passes": STEPS, "rows": 2 * STEPS, **scores}, *content["ways"]]
    rows = [
        [way["model"], str(way["passes"]), str(way["rows"]), *(f"{100 * way[name]:.1f}" for name in PAIRS)]
        for way in ways
    ]
    head = ["", "passes", "text rows a picture", "score, %", "held out: score, %"]
    return f"{table(head, rows)}\n\n{source_line(content)}"


def command_line(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog=COMMAND,
        description="Score the student of the shipped stickers beside its teacher, minutes. Writes"
        f" docs/results/{RESULT}.json and docs/{PICTURE.name}.",
        epilog=f"example:\n  {COMMAND}",
    )
    parser.parse_args(arguments)
    checkpoints = {"teacher": load_checkpoint(), "student": load_checkpoint(STUDENT)}
    ways = list[dict[str, Any]]()
    for model, passes in WAYS:
        scores = {name: measure(checkpoints[model], passes, name == "held_out") for name in PAIRS}
        rows = passes * (2 if model == "teacher" else 1)
        ways.append({"model": model, "passes": passes, "rows": rows, **scores})
        print(ways[-1], flush=True)
    write(RESULT, provenance(COMMAND, threads=2) | {"ways": ways})
    shown = [pictures(checkpoints[model], passes) for model, passes in (("teacher", STEPS), *WAYS)]
    sheet(shown).save(PICTURE, optimize=True)
    print(markdown())


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: command_line(arguments), stopped="nothing was written")


if __name__ == "__main__":
    sys.exit(main())
