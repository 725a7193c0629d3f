"""What a bundle may miss the reference by, for each precision. All figures are those of `figures`."""

from dataclasses import dataclass

from runtime.bundle import Bundle
from runtime.errors import BundleError
from runtime.measures import Limit, at_least, at_most

DRAWING = (  # the draw and the image graphs are float32 in every bundle
    at_most("teacher_forced.misdrawn", 0),
    at_most("image_decoder.levels", 1),
)
LIMITS = {
    "fp32": (
        at_least("teacher_forced.agreement", 0.999),
        at_most("teacher_forced.not_ties", 0),
        at_most("teacher_forced.kl", 1e-6),
        at_most("meaning.drop", 0.02),
        *DRAWING,
    ),
    # For any checkpoint: random weights, the hardest, give 89 % and 0.03 nats. The shipped one gives 94.8 %
    # and 0.002, and tests/parity/test_shipped.py holds it to that.
    "int8": (
        at_least("teacher_forced.agreement", 0.85),
        at_most("teacher_forced.kl", 0.05),
        at_most("meaning.drop", 0.1),
        *DRAWING,
    ),
}


@dataclass(frozen=True)
class Verdict:
    """A figure beside its limit."""

    limit: Limit
    value: float

    @property
    def holds(self) -> bool:
        return self.limit.holds(self.value)


def precision_of(bundle: Bundle) -> str:
    """The precision of the graphs that are not fp32, if any. Raises BundleError for one without limits."""
    found = {graph.precision for graph in bundle.manifest.graphs.values()} - {"fp32"} or {"fp32"}
    if len(found) > 1 or not found <= set(LIMITS):
        raise BundleError(
            f"{bundle.folder} has graphs of precision {', '.join(sorted(found))}:"
            f" parity knows limits for {', '.join(LIMITS)}"
        )
    return found.pop()


def judged(figures: dict[str, float], precision: str) -> list[Verdict]:
    """Every limit of the precision whose figure was measured."""
    return [Verdict(limit, figures[limit.figure]) for limit in LIMITS[precision] if limit.figure in figures]
