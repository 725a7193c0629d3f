"""A bundle beside its teacher: one comparison of drawn codes and distributions, whoever the teacher is."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from runtime.parity import measures
from runtime.parity.replay import RecordedStep, Tensors

Pair = tuple[np.ndarray, np.ndarray]


@dataclass
class Comparison:
    """What a bundle makes of recorded steps, over their masked positions."""

    positions: int = 0
    same: int = 0  # positions where both drew the same code
    nats: float = 0.0  # sum of KL(teacher || bundle) of the guided distributions
    nats_per_guidance: float = 0.0  # the same, each step's divided by its guidance

    @classmethod
    def of(cls, steps: Iterable[RecordedStep], repeat: Callable[[RecordedStep], Tensors]) -> "Comparison":
        """`repeat` repeats a step: `BundleSteps.repeat`, or `BundleSteps.run` of what the teacher was fed."""
        return cls.total(cls.of_step(step, repeat(step)) for step in steps)

    @classmethod
    def of_step(cls, step: RecordedStep, found: Tensors) -> "Comparison":
        """`found`: the step repeated, `drawn` i32 [S] and `logits` f32 [S, C]."""
        at = step.compared
        drawn, logits = found["drawn"][at], found["logits"][at]
        return cls.between((step.drawn[at], drawn), (step.logits[at], logits), step.settings.guidance)

    @classmethod
    def between(cls, drawn: Pair, logits: Pair, guidance: float) -> "Comparison":
        """Codes [n] and guided logits [n, C] of (teacher, bundle)."""
        count, same = len(drawn[0]), int((drawn[0] == drawn[1]).sum())
        kl = max(measures.kl(*logits), 0.0)  # rounding may leave it below 0
        return cls(count, same, kl * count, measures.kl_per_guidance(kl, guidance) * count)

    @classmethod
    def total(cls, parts: Iterable["Comparison"]) -> "Comparison":
        return cls(*(sum(values) for values in zip(*map(astuple, parts), strict=True)))

    @property
    def agreement(self) -> float:
        """Share of positions where both drew the same code."""
        return self.same / self.positions

    @property
    def kl(self) -> float:
        """Nats, mean over positions."""
        return self.nats / self.positions

    def figures(self, name: str) -> dict[str, float]:
        """Figures under `name`: "transformer" in a manifest, "teacher_forced" in a parity report."""
        return {
            f"{name}.agreement": self.agreement,
            f"{name}.kl": self.kl,
            f"{name}.kl_per_guidance": self.nats_per_guidance / self.positions,
        }


def decoder_figures(
    expected: ArrayLike, decoded: ArrayLike, graph: str = "image_decoder"
) -> dict[str, float]:
    """Of pictures u8 decoded from the same tokens."""
    return {
        f"{graph}.psnr": measures.image_psnr(expected, decoded),
        f"{graph}.levels": measures.max_abs(expected, decoded),
    }


def encoder_figures(expected: ArrayLike, encoded: ArrayLike) -> dict[str, float]:
    """Of tokens encoded from the same picture."""
    return {"image_encoder.agreement": measures.agreement(expected, encoded)}


class TensorFigures:
    """Figures of tensors that were measured several times, "graph.tensor.measure": the worst of each."""

    WORST: ClassVar[dict[str, Any]] = {"psnr": min, "cosine": min, "max_abs": max}

    def __init__(self) -> None:
        self._measured: dict[str, list[float]] = defaultdict(list)

    def compare(self, name: str, expected: ArrayLike, actual: ArrayLike) -> None:
        for measure in (measures.psnr, measures.cosine, measures.max_abs):
            self._measured[f"{name}.{measure.__name__}"].append(measure(expected, actual))

    def result(self) -> dict[str, float]:
        return {
            name: float(self.WORST[name.rpartition(".")[2]](values))
            for name, values in self._measured.items()
        }
