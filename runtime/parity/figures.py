"""Many measurements as one figure each, by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runtime import measures
from runtime.parity.compare import DrawingComparison
from runtime.parity.meaning import Meaning
from runtime.parity.ties import Difference

MEANING = {
    "teacher_forced.positions": "masked positions of all steps of all drawings",
    "teacher_forced.agreement": "share of them where both drew the same token",
    "teacher_forced.kl": "KL(reference || bundle) of the guided distribution, nats, mean",
    "teacher_forced.kl_per_guidance": "the same divided by the guidance, which it grows with",
    "teacher_forced.logit_error": "largest error of a guided logit, relative to the largest logit there",
    "teacher_forced.different": "positions where the tokens differ",
    "teacher_forced.ties": "of these: explained by float32 rounding",
    "teacher_forced.not_ties": "of these: not explained by rounding",
    "teacher_forced.misdrawn": "tokens that the bundle's own logits do not give",
    "free_running.agreement": "share of equal final tokens, each drawing alone",
    "free_running.equal_pictures": "pictures equal in every pixel",
    "free_running.psnr": "of all pictures together",
    "image_decoder.psnr": "the reference's tokens through the bundle's decoder",
    "image_decoder.levels": "largest difference of those pictures, of 255",
    "meaning.prompts": "sticker prompts drawn by both and judged",
    "meaning.reference": "prompt-following score of the reference, mean of the categories",
    "meaning.bundle": "the same of the bundle",
    "meaning.drop": "what the bundle loses of it",
}


@dataclass(frozen=True)
class StepMean:
    """A step over all drawings, weighted by masked positions."""

    step: int
    agreement: float
    kl: float  # nats


def figures(
    drawings: Sequence[DrawingComparison], guidance: float, meaning: Meaning | None
) -> dict[str, float]:
    """Of drawings that all have this guidance. Shares and divergences over all masked positions of all steps;
    PSNR (dB) over all pixels of all pictures; errors the largest."""
    steps = [step for drawing in drawings for step in drawing.steps]
    masked = sum(step.masked for step in steps)
    kl = sum(step.kl * step.masked for step in steps) / masked
    different = [difference for step in steps for difference in step.differences]
    ties = sum(difference.tie for difference in different)
    references = np.stack([drawing.pictures[0] for drawing in drawings])
    decoded = np.stack([drawing.decoded for drawing in drawings])
    found = {
        "teacher_forced.positions": masked,
        "teacher_forced.agreement": sum(step.same for step in steps) / masked,
        "teacher_forced.kl": kl,
        "teacher_forced.kl_per_guidance": measures.kl_per_guidance(kl, guidance),
        "teacher_forced.logit_error": max(step.logit_error for step in steps),
        "teacher_forced.different": len(different),
        "teacher_forced.ties": ties,
        "teacher_forced.not_ties": len(different) - ties,
        "teacher_forced.misdrawn": sum(step.misdrawn for step in steps),
        "free_running.agreement": float(
            np.mean([measures.agreement(*drawing.tokens) for drawing in drawings])
        ),
        "free_running.equal_pictures": sum(np.array_equal(*drawing.pictures) for drawing in drawings),
        "free_running.psnr": measures.image_psnr(
            references, np.stack([drawing.pictures[1] for drawing in drawings])
        ),
        "image_decoder.psnr": measures.image_psnr(references, decoded),
        "image_decoder.levels": measures.max_abs(references, decoded),
    }
    if meaning is not None:
        found |= {
            "meaning.prompts": len(meaning.tasks),
            "meaning.reference": meaning.reference.overall,
            "meaning.bundle": meaning.bundle.overall,
            "meaning.drop": meaning.reference.overall - meaning.bundle.overall,
        }
    return found


def by_step(drawings: Sequence[DrawingComparison]) -> list[StepMean]:
    """Each step's means."""
    means = []
    for steps in zip(*(drawing.steps for drawing in drawings), strict=True):
        masked = sum(step.masked for step in steps)
        agreement = sum(step.same for step in steps) / masked
        means.append(
            StepMean(steps[0].step, agreement, sum(step.kl * step.masked for step in steps) / masked)
        )
    return means


def not_ties(drawings: Sequence[DrawingComparison]) -> list[tuple[DrawingComparison, Difference]]:
    """Every differing position that rounding does not explain, the farthest first."""
    found = [
        (drawing, difference)
        for drawing in drawings
        for step in drawing.steps
        for difference in step.differences
        if not difference.tie
    ]
    return sorted(found, key=lambda pair: -pair[1].outside)
