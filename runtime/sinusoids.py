"""Sinusoids of step indices and micro-conditions, made on the host in float64 (float16 would overflow)."""

import numpy as np

from runtime.manifest import Timestep

WIDTH = 256
_MAX_PERIOD = 10000.0
_STEP_SCALE = 1000.0  # the model multiplies its timestep by 1000


def sinusoids(values: np.ndarray | list[float]) -> np.ndarray:
    """f32 [n, 256] of n numbers: 128 cosines, then 128 sines, of frequencies 10000^(-i/128)."""
    half = WIDTH // 2
    frequencies = _MAX_PERIOD ** (-np.arange(half, dtype=np.float64) / half)
    angles = np.asarray(values, np.float64)[:, None] * frequencies
    both: np.ndarray = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return both.astype(np.float32)


def step_sinusoids(steps: int, timestep: Timestep) -> np.ndarray:
    """f32 [N, 256]: row t is for the step that has t steps after it (t = N-1-i).

    The model is told t, or the share t / N.
    """
    times = _STEP_SCALE * np.arange(steps)
    return sinusoids(times / steps if timestep == "share" else times)


def micro_sinusoids(width: int, height: int, score: float) -> np.ndarray:
    """f32 [5, 256] of a picture's width and height (pixels), crop corner (0, 0) and aesthetic score."""
    return sinusoids([width, height, 0, 0, score])
