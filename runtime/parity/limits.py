"""What storing weights in a precision may cost: one table for every command and any checkpoint.

A step is held to how far it moves the distributions, and to drawing what they say. The share of equal tokens
follows from that, from the guidance and from how flat the distributions are, so no one share fits all
checkpoints; tests hold the 64 px stickers to shares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runtime.manifest import IMAGE_GRAPHS, Manifest

# Palettes of 8 and 4 bits, and the 8-bit weights of "qnn", are held to the limits of the integers of as many
# bits. They keep about as many tokens as those integers, 4-bit palettes fewer (docs/coreml.md).
# Palettes of 6 bits have limits of their own: the best 64 numbers for normally distributed weights leave
# 32 dB (Lloyd, 1982; Max, 1960), int8 with a scale for every 1000 of them 42 dB.
HELD_AS = {"qnn": "int8", "palette8": "int8", "palette4": "int4"}
HIGHER_IS_BETTER = ("psnr", "cosine", "agreement")


def row(*worst: float) -> dict[str, float]:
    return dict(zip(("fp32", "fp16", "int8", "palette6", "int4"), worst, strict=True))


# The worst value of each figure. A row that names fewer precisions limits the others by another figure.
# PSNR in dB, KL in nats. Each limit lies below the worst of three checkpoints: two recorded ones of random
# weights (D 64) and the 64 px stickers (D 192); int8 measured 44, 44, 51 and 54 dB in the first four rows.
LIMITS: dict[str, dict[str, float]] = {
    #                                 fp32   fp16  int8  palette6  int4
    "text_encoder.hidden.psnr": row(90, 60, 35, 25, 20),
    "text_encoder.pooled.psnr": row(90, 60, 35, 25, 15),
    "conditioner.context.psnr": row(90, 60, 40, 30, 20),
    "conditioner.modulation.psnr": row(90, 60, 45, 35, 25),
    "transformer.logits.psnr": row(80, 50, 25, 15, 12),
    # Measured on the 64 px stickers and on random weights of the real size (1 B, 1024 px, guidance 9):
    # int8 0.001 and 0.005, int4 0.011 and 0.052, palettes of 6 bits 0.001 and 0.008. torch with the same int8
    # rounding, without any of our graphs, gives 0.0066 there (docs/real-size.md). 6 bits may lose the
    # geometric mean of what 8 and 4 may.
    "transformer.kl_per_guidance": row(1e-6, 1e-4, 0.01, 0.025, 0.06),
    "transformer.misdrawn": row(0, 0, 0, 0, 0),  # every bundle draws in float32
    "teacher_forced.not_ties": {"fp32": 0},
    "meaning.drop": row(0.02, 0.05, 0.1, 0.1, 0.2),  # of the prompt-following score
    # The decoder's picture is shown, so fewer bits than 8 excuse nothing.
    "image_decoder.levels": {"fp32": 1},
    "image_decoder.psnr": {"fp16": 45, "int8": 35, "palette6": 35, "int4": 35},
    # The worst of the chips' contexts beside the portable graphs. The compiler may round in another order for
    # a chip.
    "contexts.features.psnr": {"int8": 40, "int4": 40},
    "contexts.image.psnr": {"int8": 40, "int4": 40},
    # Of one picture; on several the exporter has kept 87 % (`quantize.static_ranges.FLOORS`).
    "image_encoder.agreement": row(0.999, 0.98, 0.75, 0.75, 0.75),
}
# Two machines that run the same bundle sum in float32, in different orders. Where activations are quantized
# to 8 bits, that moves some of them to the next level, which costs up to half of what the quantization itself
# costs (docs/arm.md).
MACHINE_LIMITS: dict[str, dict[str, float]] = {
    "graphs.cosine": {"float": 0.999999, "quantized": 0.999},
    "teacher_forced.agreement": {"float": 0.999, "quantized": 0.93},
    "teacher_forced.kl": {"float": 1e-6, "quantized": 4e-3},
    "image_decoder.levels": {"float": 1},
    "image_encoder.agreement": {"float": 0.99},
}
# Core AI sums in an order of its own, too, which chooses between codes that are almost equally near: at
# 1024 px with random codes it keeps 99.4 %.
_ENCODER = "image_encoder.agreement"
CORE_AI_LIMITS = {_ENCODER: LIMITS[_ENCODER] | {"fp32": MACHINE_LIMITS[_ENCODER]["float"]}}
for _measure in ("levels", "psnr"):  # beside the tiny decoder it was exported from
    LIMITS[f"tiny_decoder.{_measure}"] = LIMITS[f"image_decoder.{_measure}"]
# A parity report repeats the same steps under another name.
for _measure in ("kl_per_guidance", "misdrawn"):
    LIMITS[f"teacher_forced.{_measure}"] = LIMITS[f"transformer.{_measure}"]


@dataclass(frozen=True)
class Limit:
    """The worst value a figure may have, and whose limit it is."""

    figure: str
    worst: float
    of: str  # a precision, or a machine

    @property
    def higher_is_better(self) -> bool:
        return self.figure.endswith(HIGHER_IS_BETTER)

    def holds(self, value: float) -> bool:
        # Written so that NaN fails.
        return value >= self.worst if self.higher_is_better else value <= self.worst


@dataclass(frozen=True)
class Verdict:
    """A figure beside its limit."""

    limit: Limit
    value: float

    @property
    def holds(self) -> bool:
        return self.limit.holds(self.value)

    def __str__(self) -> str:
        limit, side = self.limit, "below" if self.limit.higher_is_better else "above"
        return f"{limit.figure} is {self.value:.6g}, {side} the {limit.of} limit of {limit.worst:g}"


def limit_of(figure: str, manifest: Manifest) -> Limit | None:
    """The limit of a figure for a bundle's precision; None if it has none.

    Figures of an image graph are limited by that graph's coarsest precision, all others by the coarsest of
    the graphs that draw tokens.
    """
    graph = figure.partition(".")[0]
    precision = manifest.graphs[graph].coarsest if graph in IMAGE_GRAPHS else manifest.precision
    precision = HELD_AS.get(precision, precision)
    limits = LIMITS | CORE_AI_LIMITS if manifest.engine == "coreai" else LIMITS
    worst = limits.get(figure, {}).get(precision)
    return None if worst is None else Limit(figure, worst, precision)


def judged(figures: Mapping[str, float], manifest: Manifest) -> list[Verdict]:
    """Every measured figure that has a limit."""
    limits = {figure: limit_of(figure, manifest) for figure in figures}
    return [Verdict(limit, figures[figure]) for figure, limit in limits.items() if limit is not None]


def machines_judged(figures: Mapping[str, float], manifest: Manifest, machine: str) -> list[Verdict]:
    """Every measured figure that has a limit for a bundle on another machine."""
    floats = all(graph.precision == "fp32" for graph in manifest.graphs.values())
    kind = "float" if floats else "quantized"
    limits = {figure: row[kind] for figure, row in MACHINE_LIMITS.items() if kind in row}
    return [
        Verdict(Limit(figure, worst, machine), figures[figure])
        for figure, worst in limits.items()
        if figure in figures
    ]


def missed(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those whose limit does not hold."""
    return [verdict for verdict in verdicts if not verdict.holds]
