"""The prompt-following score of reference and bundle, on pictures of the same sticker prompts and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reference.stickers.detector import SHIPPED, SIDE, load_detector
from reference.stickers.evaluation_prompts import Scores, Task, judge_pictures
from reference.stickers.score import Settings, generate
from runtime.parity.compare import Advance, Comparison, counted


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


def reason_to_skip(comparison: Comparison) -> str | None:
    """Why a bundle's pictures cannot be judged; None if they can."""
    size = comparison.settings.size
    if size != (SIDE, SIDE) or comparison.checkpoint.defaults.size != size:
        return f"its {size[0]}x{size[1]} pictures are no stickers of {SIDE}x{SIDE}"
    if not (SHIPPED / "config.json").exists():
        return "there is no judge yet: train one with python -m reference.judge"
    return None


def judge(comparison: Comparison, tasks: Sequence[Task], advance: Advance) -> Meaning:
    """Draws every task with both, the i-th with seed i, and judges the pictures."""
    settings = Settings(seed=0, steps=comparison.settings.steps, guidance=comparison.settings.guidance)
    references = generate(
        comparison.pipeline, tasks, settings, lambda pictures: [advance() for _ in range(pictures)]
    )
    own = []
    for seed, task in enumerate(tasks):
        request = comparison.request(task.prompt, seed)
        own.append(comparison.generator.text_to_image(request, counted(advance)).picture)
    detector = load_detector()
    pictures = references, np.stack(own)
    scores = [judge_pictures(detector, tasks, images) for images in pictures]
    return Meaning(tasks, scores[0], scores[1], pictures)
