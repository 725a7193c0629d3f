"""What a bundle may miss the reference by, for each precision. All figures are those of `figures`."""

from dataclasses import dataclass

from runtime.bundle import Manifest
from runtime.limits import decoder_limits, held_as, step_limit
from runtime.measures import Limit, at_most

DRAW = at_most("teacher_forced.misdrawn", 0)  # the draw is float32 in every bundle
# By the coarsest precision of the graphs that draw tokens: what is lost of the prompt-following score.
DROP = {"fp32": 0.02, "fp16": 0.05, "qnn": 0.1, "int8": 0.1, "palette6": 0.1, "int4": 0.2}


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
    precision = held_as(manifest.precision)
    limits = [
        step_limit(precision, "teacher_forced"),
        at_most("meaning.drop", DROP[precision]),
        DRAW,
        *decoder_limits(manifest.graphs["image_decoder"].coarsest),
    ]
    if precision == "fp32":
        limits.append(at_most("teacher_forced.not_ties", 0))
    return [Verdict(limit, figures[limit.figure]) for limit in limits if limit.figure in figures]
