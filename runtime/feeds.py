"""What the graphs of a bundle are fed, by name: the same wherever a drawing is made, recorded or repeated."""

from collections.abc import Mapping

import numpy as np

from runtime.bundle import Timestep
from runtime.sinusoids import micro_sinusoids, step_sinusoids


def prompt_feed(
    ids: np.ndarray, size: tuple[int, int], steps: int, score: float, timestep: Timestep
) -> dict[str, np.ndarray]:
    """For the text encoder and the conditioner: ids i32 [R, T] of the texts, size (W, H) in pixels."""
    return {
        "input_ids": ids,
        "micro_sinusoids": micro_sinusoids(*size, score),
        "step_sinusoids": step_sinusoids(steps, timestep),
    }


def step_feed(
    conditions: Mapping[str, np.ndarray],
    left: int,
    tokens: np.ndarray,
    uniforms: np.ndarray,
    guidance: float,
) -> dict[str, np.ndarray]:
    """For the step chain, with `left` steps after this one: tokens i32 [H, W] and uniforms f32 [2, H*W].

    `conditions` holds the conditioner's `context` [R, T, D] and `modulation` [N, R, M] for all N steps.
    """
    return {
        "tokens": tokens,
        "uniforms": uniforms,
        "guidance": np.array(guidance, np.float32),
        "context": conditions["context"],
        "modulation": conditions["modulation"][left],
    }
