"""The prompt-following score: how often pictures of sticker prompts show what the prompts ask for.

`judge_both` draws with reference and bundle. `judge` draws with one bundle, batch by batch: its verdicts are
strings, "1" for a picture that shows what was asked, one character a prompt, so that it resumes after an
interruption.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from reference.stickers.detector import SHIPPED, STICKERS, load_detector
from reference.stickers.evaluation_prompts import Scores, Task, judge_pictures, prompt_set
from reference.stickers.score import Settings, generate
from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.errors import RequestError
from runtime.generator import Generator
from runtime.parity.side_by_side import Advance, SideBySide, counted
from runtime.request import Request

BATCH = 12  # pictures drawn before they are judged and the verdicts kept
SIZES = " or ".join(f"{width}x{height}" for width, height in STICKERS)


@dataclass(frozen=True)
class Meaning:
    """The judge's verdict on both."""

    tasks: Sequence[Task]
    reference: Scores
    bundle: Scores
    pictures: tuple[np.ndarray, np.ndarray]  # u8 [n, h, w, 3] of (reference, bundle)

    def passed_only(self) -> tuple[int, int]:
        """Prompts that only the reference, and only the bundle, drew right."""
        pairs = list(zip(self.reference.passed, self.bundle.passed, strict=True))
        return pairs.count((True, False)), pairs.count((False, True))


def reason_to_skip(sides: SideBySide) -> str | None:
    """Why a bundle's pictures cannot be judged; None if they can."""
    size = sides.settings.size
    if size not in STICKERS or sides.checkpoint.defaults.size != size:
        return f"its {size[0]}x{size[1]} pictures are no stickers of {SIZES}"
    if not (SHIPPED / "config.json").exists():
        return "there is no judge yet: train one with python -m reference.judge"
    return None


def judge_both(sides: SideBySide, tasks: Sequence[Task], advance: Advance) -> Meaning:
    """Draws every task with both, the i-th with seed i, and judges the pictures."""
    settings = Settings(seed=0, steps=sides.settings.steps, guidance=sides.settings.guidance)
    references = generate(
        sides.pipeline, tasks, settings, lambda pictures: [advance() for _ in range(pictures)]
    )
    own = []
    for seed, task in enumerate(tasks):
        request = sides.request(task.prompt, seed)
        own.append(sides.generator.text_to_image(request, counted(advance)).picture)
    detector = load_detector()
    pictures = references, np.stack(own)
    scores = [judge_pictures(detector, tasks, images) for images in pictures]
    return Meaning(tasks, scores[0], scores[1], pictures)


def sticker_tasks(bundle: Bundle, per_category: int) -> list[Task]:
    """The prompts that a bundle is judged on. Raises RequestError if its pictures are no stickers."""
    width, height = bundle.manifest.defaults.size
    if (width, height) not in STICKERS:
        raise RequestError(
            f"--score judges stickers of {SIZES}, {bundle.folder} draws {width}x{height}: leave it out"
        )
    return prompt_set(per_category)


def judge(
    bundle: Bundle, tasks: Sequence[Task], known: str, threads: int = 0, engine: EngineName | None = None
) -> Iterator[str]:
    """Draws and judges the tasks that `known` has no verdict of, the i-th with seed i.

    Yields all verdicts so far after each batch.
    """
    detector = load_detector()
    generator = Generator(bundle, threads, keep=True, engine=engine)
    while len(known) < len(tasks):
        start = len(known)
        batch = tasks[start : start + BATCH]
        requests = [Request(task.prompt, seed=start + index) for index, task in enumerate(batch)]
        pictures = np.stack([generator.text_to_image(request).picture for request in requests])
        known += "".join("01"[passed] for passed in judge_pictures(detector, batch, pictures).passed)
        yield known


def share(verdicts: str) -> float:
    """The share of prompts that were drawn right. Categories have one size, so it is their mean too."""
    return verdicts.count("1") / len(verdicts)


def standard_error(verdicts: str) -> float:
    """Of `share`."""
    return sqrt(share(verdicts) * (1 - share(verdicts)) / len(verdicts))


def change(teacher: str, other: str) -> tuple[float, float]:
    """What another bundle adds to the share on the same prompts, and the standard error of that."""
    gained = [int(b) - int(a) for a, b in zip(teacher, other, strict=True)]
    return float(np.mean(gained)), float(np.std(gained) / sqrt(len(gained)))
