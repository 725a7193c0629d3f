"""Whether a bundle's pictures still show what sticker prompts ask: the score, for forms of one bundle.

The judge is `reference`'s and needs torch; it is imported when it is used. Verdicts are strings, "1" for a
picture that shows what was asked: one character a prompt, so that an interrupted judging goes on.
"""

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from quantize.errors import QuantizationError
from runtime.bundle import Bundle
from runtime.generator import Generator
from runtime.request import Request

if TYPE_CHECKING:
    from reference.stickers.evaluation_prompts import Task

BATCH = 12  # pictures drawn before they are judged and the verdicts kept


def sticker_tasks(bundle: Bundle, per_category: int) -> "list[Task]":
    """The prompts of `runtime.parity`.

    Raises QuantizationError if the pictures are no stickers, or without the judge's packages.
    """
    try:
        from reference.stickers.detector import SIDE
        from reference.stickers.evaluation_prompts import prompt_set
    except ModuleNotFoundError as error:
        raise QuantizationError(
            f"judging pictures needs {error.name}: install meissonic-mobile[export], or leave out --score"
        ) from None
    width, height = bundle.manifest.defaults.size
    if (width, height) != (SIDE, SIDE):
        raise QuantizationError(
            f"--score judges stickers of {SIDE}x{SIDE}, {bundle.folder} draws {width}x{height}: leave it out"
        )
    return prompt_set(per_category)


def judge(bundle: Bundle, tasks: "list[Task]", known: str, threads: int = 0) -> Iterator[str]:
    """Draws and judges the tasks that `known` has no verdict of, the i-th with seed i.

    Gives all verdicts so far after each batch.
    """
    from reference.stickers.detector import load_detector
    from reference.stickers.evaluation_prompts import judge_pictures

    detector = load_detector()
    generator = Generator(bundle, threads, keep=True)
    while len(known) < len(tasks):
        start = len(known)
        batch = tasks[start : start + BATCH]
        requests = [Request(task.prompt, seed=start + index) for index, task in enumerate(batch)]
        pictures = np.stack([generator.text_to_image(request).picture for request in requests])
        known += "".join("01"[passed] for passed in judge_pictures(detector, batch, pictures).passed)
        yield known


def share(verdicts: str) -> float:
    """Of prompts that were drawn right. Categories are of one size, so it is the mean over them too."""
    return verdicts.count("1") / len(verdicts)


def standard_error(verdicts: str) -> float:
    """Of `share`."""
    return sqrt(share(verdicts) * (1 - share(verdicts)) / len(verdicts))


def change(teacher: str, other: str) -> tuple[float, float]:
    """What another form adds to the share, on the same prompts, and the standard error of that."""
    gained = [int(b) - int(a) for a, b in zip(teacher, other, strict=True)]
    return float(np.mean(gained)), float(np.std(gained) / sqrt(len(gained)))
