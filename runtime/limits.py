"""What storing weights in a precision may cost, for any checkpoint, however it is measured.

A step is held to how far it moves the distributions, and to drawing what they say. The share of equal tokens
follows from that, from the guidance and from how flat the distributions are, so that no one share fits all
checkpoints; the shipped one is held to shares by its own tests.
"""

from runtime.measures import Limit, at_least, at_most

# Palettes of 8 and 4 bits are held to the limits of the integers of as many bits: of the shipped checkpoint's
# tokens they keep 97.6 and 75.9 %, the integers 97.3 and 87.4 %. Palettes of 6 bits have limits of their own:
# the best 64 numbers for normally distributed weights leave 32 dB (Lloyd, 1982; Max, 1960), int8 with a scale
# for every 1000 of them 42 dB.
LIKE = {"palette8": "int8", "palette4": "int4"}


def held_as(precision: str) -> str:
    """The precision whose limits hold for a precision."""
    return LIKE.get(precision, precision)


# By the coarsest precision of the graphs that draw tokens. Measured on the shipped checkpoint and on random
# weights of the real size (1 B, 1024 px, guidance 9): int8 0.001 and 0.005, int4 0.011 and 0.052, Core ML's
# palettes of 6 bits 0.003 and 0.020.
# What int8 costs there is what int8 costs: torch with the same rounding, without any of our graphs, gives
# 0.0066 (docs/quantization.md). 6 bits may lose the geometric mean of what 8 and 4 may.
# In nats.
KL_PER_GUIDANCE = {
    "fp32": 1e-6,
    "fp16": 1e-4,
    "qnn": 0.03,
    "int8": 0.01,
    "palette6": 0.025,
    "int4": 0.06,
}


def step_limit(precision: str, graph: str) -> Limit:
    """Of the figure `graph.kl_per_guidance`, over the masked positions of teacher-forced steps."""
    return at_most(f"{graph}.kl_per_guidance", KL_PER_GUIDANCE[precision])


DECODER_LIMITS = {
    "fp32": (at_most("image_decoder.levels", 1),),
    "fp16": (at_least("image_decoder.psnr", 45),),
    "qnn": (at_least("image_decoder.psnr", 40),),
    "int8": (at_least("image_decoder.psnr", 35),),
}
ENCODER_LIMITS = {
    "fp32": (at_least("image_encoder.agreement", 0.999),),
    "fp16": (at_least("image_encoder.agreement", 0.98),),
    # Of one picture; on several the exporter has kept 87 % (`quantize.static_ranges.FLOORS`).
    "int8": (at_least("image_encoder.agreement", 0.75),),
}


def decoder_limits(precision: str) -> tuple[Limit, ...]:
    """By the coarsest precision of the decoder: its picture is shown, so fewer bits excuse nothing."""
    return DECODER_LIMITS.get(precision, DECODER_LIMITS["int8"])


def encoder_limits(precision: str) -> tuple[Limit, ...]:
    """By the coarsest precision of the encoder."""
    return ENCODER_LIMITS.get(precision, ENCODER_LIMITS["int8"])
