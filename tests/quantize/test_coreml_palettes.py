"""Indices into palettes against brute force, and k-means of coremltools."""

import numpy as np
import pytest

from quantize.coreml_palettes import Nearest, k_means, rounded_to

K, N = 256, 48


@pytest.fixture
def weight() -> np.ndarray:
    """Heavy tails, as trained weights have; f32 [N, K]. Every third output is larger."""
    weight = np.random.default_rng(0).standard_t(4, size=(N, K)) / 16
    weight[::3] *= 40
    return weight.astype(np.float32)


def nearest(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Each weight [N, K] as the nearest value of its group's palette."""
    palettes = np.repeat(values, N // len(values), axis=0)[:, None]
    index = np.abs(weight[..., None] - palettes).argmin(axis=-1)
    return np.take_along_axis(palettes, index[..., None], axis=-1)[..., 0]


def kept(values: np.ndarray, indices: np.ndarray) -> np.ndarray:
    return np.take_along_axis(np.repeat(values, N // len(values), axis=0), indices.astype(int), axis=1)


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("bits", [4, 6, 8])
def test_without_dependent_inputs_each_weight_takes_the_nearest_value(weight, bits, groups):
    values = k_means(weight, bits, groups)
    assert values.shape == (groups, 2**bits) and (np.diff(values) >= 0).all()
    found = kept(values, rounded_to(values, weight, np.eye(K, dtype=np.float32)[None]))
    np.testing.assert_allclose(np.abs(found - weight), np.abs(nearest(values, weight) - weight), rtol=1e-4)


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("split", [1, 2])
def test_it_loses_less_of_the_outputs_than_the_nearest_values(weight, groups, split):
    """`split`: a long input has the moments of so many parts, here independent ones."""
    rng = np.random.default_rng(1)
    parts = rng.normal(size=(split, 500, K // split)) @ rng.normal(size=(split, K // split, K // split))
    moment = (parts.transpose(0, 2, 1) @ parts).astype(np.float32)
    x = np.concatenate(parts, axis=1)
    values = k_means(weight, 4, groups)

    def lost(made: np.ndarray) -> float:
        return float(np.linalg.norm(x @ (made - weight).T))

    assert lost(kept(values, rounded_to(values, weight, moment))) < 0.8 * lost(nearest(values, weight))


def test_weights_of_one_value_are_kept():
    weight = np.zeros((4, 8), np.float32)
    weight[2:] = 0.5
    values = np.zeros((2, 16), np.float32)
    values[1] = 0.5
    found = Nearest(values, 4)
    assert all(np.array_equal(found.kept(found(column)), column) for column in weight.T)
