"""What a written graph may differ from the reference by, and how many measurements become one figure."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from export.errors import VerificationError
from runtime import measures
from runtime.measures import at_least, at_most

IMAGE_LIMITS = (  # the image graphs are float32 in every bundle
    at_most("image_decoder.levels", 1),
    at_least("image_encoder.agreement", 0.999),
)
LIMITS = {
    # Rounding leaves 100 to 130 dB. A drawn token differs only where a uniform falls into a rounding's width.
    "fp32": (
        at_least("text_encoder.hidden.psnr", 90),
        at_least("text_encoder.pooled.psnr", 90),
        at_least("conditioner.context.psnr", 90),
        at_least("conditioner.modulation.psnr", 90),
        at_least("transformer.logits.psnr", 80),
        at_most("transformer.kl", 1e-6),
        at_least("transformer.agreement", 0.999),
        at_least("end_to_end.agreement", 0.999),
        *IMAGE_LIMITS,
    ),
    # Below the worst of three checkpoints: two recorded ones of random weights (D 64) and the shipped one
    # (D 192) gave text 44 dB, context 51, modulation 54, logits 33, KL 0.01, agreement 93 %.
    "int8": (
        at_least("text_encoder.hidden.psnr", 35),
        at_least("text_encoder.pooled.psnr", 35),
        at_least("conditioner.context.psnr", 40),
        at_least("conditioner.modulation.psnr", 45),
        at_least("transformer.logits.psnr", 25),
        at_most("transformer.kl", 0.05),
        at_least("transformer.agreement", 0.85),
        at_least("end_to_end.agreement", 0.85),
        *IMAGE_LIMITS,
    ),
}


class Figures:
    """Figures by name, "graph.measure" or "graph.tensor.measure".

    Of many measurements a distance (PSNR, cosine, largest error) is the worst, a share or divergence the
    mean.
    """

    WORST: ClassVar[dict[str, Any]] = {"psnr": min, "cosine": min, "max_abs": max, "levels": max}

    def __init__(self) -> None:
        self.measured: dict[str, list[tuple[float, int]]] = defaultdict(list)

    def add(self, name: str, value: float, weight: int = 1) -> None:
        self.measured[name].append((value, weight))

    def compare(self, name: str, expected: ArrayLike, actual: ArrayLike) -> None:
        for measure in (measures.psnr, measures.cosine, measures.max_abs):
            self.add(f"{name}.{measure.__name__}", measure(expected, actual))

    def result(self) -> dict[str, float]:
        return {name: self._combined(name, pairs) for name, pairs in self.measured.items()}

    def _combined(self, name: str, pairs: Iterable[tuple[float, int]]) -> float:
        values, weights = zip(*pairs, strict=True)
        worst = self.WORST.get(name.rpartition(".")[2])
        return float(worst(values) if worst else np.average(values, weights=weights))


def check(figures: dict[str, float], precision: str) -> None:
    """Raises VerificationError, with the figure, for the first limit of the precision that is missed."""
    for limit in LIMITS[precision]:
        value = figures[limit.figure]
        if not limit.holds(value):
            side = "below" if limit.higher_is_better else "above"
            way_out = "; --fp32 writes a bundle without quantization" if precision == "int8" else ""
            raise VerificationError(
                f"{limit.figure} is {value:.6g}, {side} the {precision} limit of {limit.worst:g}:"
                f" no bundle is written{way_out}"
            )
