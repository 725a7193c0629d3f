"""Many measurements as one figure each, by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runtime.parity import measures
from runtime.parity.comparison import Comparison, decoder_figures
from runtime.parity.prompt_following import Meaning
from runtime.parity.side_by_side import DrawingComparison
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


def figures(drawings: Sequence[DrawingComparison], meaning: Meaning | None) -> dict[str, float]:
    """Shares and divergences are over all masked positions of all steps, PSNR (dB) over all pixels of all
    pictures; errors are the largest.
    """
    steps = [step for drawing in drawings for step in drawing.steps]
    compared = Comparison.total(step.compared for step in steps)
    different = [difference for step in steps for difference in step.differences]
    ties = sum(difference.tie for difference in different)
    references = np.stack([drawing.pictures[0] for drawing in drawings])
    decoded = np.stack([drawing.decoded for drawing in drawings])
    found = {
        "teacher_forced.positions": compared.positions,
        **compared.figures("teacher_forced"),
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
        **decoder_figures(references, decoded),
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
        compared = Comparison.total(step.compared for step in steps)
        means.append(StepMean(steps[0].step, compared.agreement, compared.kl))
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
