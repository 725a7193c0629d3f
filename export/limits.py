"""What a written graph may differ from the reference by, and how many measurements become one figure."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from export.errors import VerificationError
from runtime import measures
from runtime.bundle import Manifest
from runtime.limits import decoder_limits, encoder_limits, held_as, step_limit
from runtime.measures import Limit, at_least, at_most


def text_limits(hidden: float, pooled: float, context: float, modulation: float) -> tuple[Limit, ...]:
    """PSNR in dB."""
    return (
        at_least("text_encoder.hidden.psnr", hidden),
        at_least("text_encoder.pooled.psnr", pooled),
        at_least("conditioner.context.psnr", context),
        at_least("conditioner.modulation.psnr", modulation),
    )


# By the coarsest precision of the graphs that draw tokens. Each below the worst of three checkpoints: two
# recorded ones of random weights (D 64) and the shipped one (D 192).
TEXT_LIMITS = {
    "fp32": text_limits(90, 90, 90, 90),  # rounding leaves 100 to 130 dB
    "fp16": text_limits(60, 60, 60, 60),
    "qnn": text_limits(35, 35, 40, 45),  # those of int8, in which such a bundle's texts are
    "int8": text_limits(35, 35, 40, 45),  # measured 44, 44, 51, 54
    "palette6": text_limits(25, 25, 30, 35),  # 10 dB below int8's (`runtime.limits.LIKE`)
    "int4": text_limits(20, 15, 20, 25),
}
LOGITS_PSNR = {"fp32": 80, "fp16": 50, "qnn": 25, "int8": 25, "palette6": 15, "int4": 12}  # dB


class Figures:
    """Figures by name, "graph.measure" or "graph.tensor.measure".

    Of many measurements a distance (PSNR, cosine, largest error) is the worst, a share or divergence the
    mean, a count the sum.
    """

    COMBINED: ClassVar[dict[str, Any]] = {
        "psnr": min,
        "cosine": min,
        "max_abs": max,
        "levels": max,
        "misdrawn": sum,
    }

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
        combined = self.COMBINED.get(name.rpartition(".")[2])
        return float(combined(values) if combined else np.average(values, weights=weights))


def limits_of(manifest: Manifest) -> tuple[Limit, ...]:
    """The limits of a bundle, by what its graphs are stored in."""
    drawing = held_as(manifest.precision)
    return (
        *TEXT_LIMITS[drawing],
        at_least("transformer.logits.psnr", LOGITS_PSNR[drawing]),
        step_limit(drawing, "transformer"),
        at_most("transformer.misdrawn", 0),  # the draw is float32 in every bundle
        *decoder_limits(manifest.graphs["image_decoder"].coarsest),
        *encoder_limits(manifest.graphs["image_encoder"].coarsest),
    )


def check(figures: dict[str, float], manifest: Manifest) -> None:
    """Raises VerificationError, with the figures, for limits that are missed."""
    missed = [limit for limit in limits_of(manifest) if not limit.holds(figures[limit.figure])]
    if not missed:
        return
    precisions = [manifest.graphs[limit.figure.partition(".")[0]].coarsest for limit in missed]
    said = ", ".join(
        f"{limit.figure} is {figures[limit.figure]:.6g}, {'below' if limit.higher_is_better else 'above'}"
        f" the {precision} limit of {limit.worst:g}"
        for limit, precision in zip(missed, precisions, strict=True)
    )
    plain = "fp16" if manifest.engine == "coreml" else "fp32"
    quantized = set(precisions) - {plain, "fp32"}
    way_out = f"; --{plain} writes a bundle without quantization" if quantized else ""
    raise VerificationError(f"{said}: no bundle is written{way_out}")
