"""What storing weights in a precision may cost, for any checkpoint, however it is measured.

A step is held to how far it moves the distributions, and to drawing what they say. The share of equal tokens
follows from that, from the guidance and from how flat the distributions are, so that no one share fits all
checkpoints; the shipped one is held to shares by its own tests.
"""

from runtime.measures import Limit, at_least, at_most

# Palettes are held to the limits of the integers they stand beside: of the shipped checkpoint's tokens 8 and
# 6 bits keep 97.7 and 92.6 %, 4 bits 75.9 %.
LIKE = {"palette8": "int8", "palette6": "int8", "palette4": "int4"}


def held_as(precision: str) -> str:
    """The precision whose limits hold for a precision."""
    return LIKE.get(precision, precision)


# By the coarsest precision of the graphs that draw tokens. Measured on the shipped checkpoint and on random
# weights of the real size (1 B, 1024 px, guidance 9): int8 0.001 and 0.005, int4 0.011 and 0.052.
# What int8 costs there is what int8 costs: torch with the same rounding, without any of our graphs, gives
# 0.0066 (docs/quantization.md).
KL_PER_GUIDANCE = {"fp32": 1e-6, "fp16": 1e-4, "qnn": 0.03, "int8": 0.01, "int4": 0.06}  # nats


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
    # Of one picture; on several the exporter has kept 87 % (`quantize.calibrate.FLOORS`).
    "int8": (at_least("image_encoder.agreement", 0.75),),
}
