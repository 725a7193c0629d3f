"""What a bundle may miss the reference by, for each precision. All figures are those of `figures`."""

from dataclasses import dataclass

from runtime.bundle import Manifest
from runtime.measures import Limit, at_least, at_most

DRAW = at_most("teacher_forced.misdrawn", 0)  # the draw is float32 in every bundle
# By the coarsest precision of the graphs that draw tokens.
LIMITS = {
    "fp32": (
        at_least("teacher_forced.agreement", 0.999),
        at_most("teacher_forced.not_ties", 0),
        at_most("teacher_forced.kl", 1e-6),
        at_most("meaning.drop", 0.02),
        DRAW,
    ),
    # For any checkpoint: random weights, the hardest, give 89 % and 0.03 nats. The shipped one gives 94.8 %
    # and 0.002, and tests/parity/test_shipped.py holds it to that.
    "int8": (
        at_least("teacher_forced.agreement", 0.85),
        at_most("teacher_forced.kl", 0.05),
        at_most("meaning.drop", 0.1),
        DRAW,
    ),
}
DECODER_LIMITS = {"fp32": (at_most("image_decoder.levels", 1),)}


@dataclass(frozen=True)
class Verdict:
    """A figure beside its limit."""

    limit: Limit
    value: float

    @property
    def holds(self) -> bool:
        return self.limit.holds(self.value)


def judged(figures: dict[str, float], manifest: Manifest) -> list[Verdict]:
    """Every limit of the bundle's precisions whose figure was measured."""
    limits = (*LIMITS[manifest.precision], *DECODER_LIMITS[manifest.graphs["image_decoder"].coarsest])
    return [Verdict(limit, figures[limit.figure]) for limit in limits if limit.figure in figures]
