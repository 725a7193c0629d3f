"""What the graphs of a bundle are fed, by name: the same wherever a drawing is made, recorded or repeated."""

from collections.abc import Mapping

import numpy as np

from runtime.manifest import NOISE_FEED, ModelFacts, Timestep
from runtime.philox import PhiloxNoise
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
    embedding_noise: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """For the step chain, with `left` steps after this one: tokens i32 [H, W] and uniforms f32 [2, H*W], and
    embedding_noise f32 [H, W, D] of a student that takes it.

    `conditions` holds the conditioner's `context` [R, T, D] and `modulation` [N, R, M] for all N steps.
    """
    noise = {} if embedding_noise is None else {NOISE_FEED: embedding_noise}
    return noise | {
        "tokens": tokens,
        "uniforms": uniforms,
        "guidance": np.array(guidance, np.float32),
        "context": conditions["context"],
        "modulation": conditions["modulation"][left],
    }


def embedding_noise(model: ModelFacts, grid: tuple[int, int], step: int, seed: int) -> np.ndarray | None:
    """Noise f32 [H, W, D] for the token embeddings of a grid (H, W), None of a model that takes none.

    It is standard normal in a student's first pass. Later passes have none, as its teacher.
    """
    if model.student is None or not model.student.noise:
        return None
    shape = (*grid, model.inner_dim)
    if step > 0:
        return np.zeros(shape, np.float32)
    return PhiloxNoise(seed).embedding(grid[0] * grid[1] * model.inner_dim).reshape(shape)
