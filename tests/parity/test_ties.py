"""The tie criterion: the draw of the reference in float32 against exact arithmetic, at scale."""

import numpy as np
import pytest
import torch

from reference.inverse_cdf import draw
from runtime.parity.ties import arithmetic, differences, misdrawn, outside

CODES = 128
EVERYWHERE = np.ones(20_000, bool)


def drawn(logits: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    return draw(torch.from_numpy(logits), torch.from_numpy(uniforms))[0].numpy()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture
def logits(rng: np.random.Generator) -> np.ndarray:
    """Flat and peaked distributions, up to a largest logit of some 60."""
    width = rng.uniform(0.1, 15, (len(EVERYWHERE), 1))
    return (width * rng.standard_normal((len(EVERYWHERE), CODES))).astype(np.float32)


@pytest.fixture
def uniforms(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(size=(2, len(EVERYWHERE))).astype(np.float32)


def on_boundaries(logits: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """The first uniform moved to the end of block 3, where rounding decides."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    blocks = np.cumsum(weights.reshape(len(logits), 8, 16).sum(axis=2), axis=1)
    return np.stack([np.clip(blocks[:, 3] / blocks[:, -1], 2**-25, 1 - 2**-24), uniforms[1]]).astype(
        np.float32
    )


def test_a_code_of_probability_one_half_is_as_far_outside_as_the_uniform_says() -> None:
    logits = np.log(np.array([[0.5, 0.1, 0.3, 0.1]])).astype(np.float32)  # blocks of two codes: 0.6, 0.4
    uniforms = np.array([[0.7], [0.25]], np.float32)  # block 1 and its first code: code 2
    distances = [outside(logits, uniforms, np.array([code]))[0] for code in range(4)]
    # Code 0 wants u0 below 0.6; code 1 besides u1 above 5/6; code 3 wants u1 above 3/4.
    assert distances == pytest.approx([0.1, 5 / 6 - 0.25, 0, 0.5], abs=1e-6)


def test_nothing_can_be_drawn_from_a_block_without_mass() -> None:
    logits = np.array([[0, 0, -2000, -2000]], np.float32)
    assert outside(logits, np.array([[1 - 2**-24], [0.5]], np.float32), np.array([2]))[0] == 1


def test_the_float32_draw_stays_within_the_bound_of_its_arithmetic(
    logits: np.ndarray, uniforms: np.ndarray
) -> None:
    codes = drawn(logits, uniforms)
    assert misdrawn(logits, uniforms, codes) == 0
    near = on_boundaries(logits, uniforms)
    assert misdrawn(logits, near, drawn(logits, near)) == 0


def test_a_draw_by_other_uniforms_is_misdrawn(logits: np.ndarray, uniforms: np.ndarray) -> None:
    codes = drawn(logits, uniforms)
    moved = np.mod(uniforms + np.float32(1e-3), 1)
    assert misdrawn(logits, moved, codes) >= np.count_nonzero(drawn(logits, moved) != codes) > 20


def test_differences_by_rounding_sized_errors_are_ties(
    logits: np.ndarray, uniforms: np.ndarray, rng: np.random.Generator
) -> None:
    noise = rng.standard_normal(logits.shape) * 2**-20 * np.abs(logits).max(axis=1, keepdims=True)
    other = (logits + noise).astype(np.float32)
    near = on_boundaries(logits, uniforms)
    pair = drawn(logits, near), drawn(other, near)
    found = differences(0, EVERYWHERE, (logits, other), near, pair)
    assert len(found) == np.count_nonzero(pair[0] != pair[1]) > 1000
    assert all(one.tie for one in found)
    # The bound is narrow: the same codes are no ties where the uniform lies a thousandth further on.
    moved = near + np.array([[1e-3], [0]], np.float32)
    at = np.flatnonzero((pair[0] != pair[1]) & (drawn(logits, moved) == pair[0]) & (moved[0] < 1))
    again = differences(0, np.isin(np.arange(len(logits)), at), (logits, other), moved, pair)
    assert len(again) == len(at) > 100
    assert not any(one.tie for one in again)


def test_differences_by_larger_errors_are_not_ties(
    logits: np.ndarray, uniforms: np.ndarray, rng: np.random.Generator
) -> None:
    noise = rng.standard_normal(logits.shape) * 0.01 * np.abs(logits).max(axis=1, keepdims=True)
    other = (logits + noise).astype(np.float32)
    pair = drawn(logits, uniforms), drawn(other, uniforms)
    found = differences(0, EVERYWHERE, (logits, other), uniforms, pair)
    assert sum(not one.tie for one in found) > 0.9 * len(found) > 50


def test_a_wrong_code_from_right_logits_is_no_tie(logits: np.ndarray, uniforms: np.ndarray) -> None:
    codes = drawn(logits, uniforms)
    wrong = (codes + CODES // 2) % CODES
    found = differences(3, EVERYWHERE, (logits, logits), uniforms, (codes, wrong))
    assert len(found) == len(codes) and found[0].step == 3
    near = [one for one in found if one.tie]
    assert len(near) < 0.01 * len(found)
    assert all(one.outside <= arithmetic(CODES) for one in near)


def test_only_masked_positions_count(logits: np.ndarray, uniforms: np.ndarray) -> None:
    codes = drawn(logits, uniforms)
    masked = np.arange(len(codes)) % 7 == 0
    wrong = (codes + 1) % CODES
    found = differences(0, masked, (logits, logits), uniforms, (codes, wrong))
    assert [one.position for one in found] == np.flatnonzero(masked).tolist()
