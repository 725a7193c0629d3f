"""Philox against the known answers of Random123 (file tests/kat_vectors of that library)."""

import json
from pathlib import Path

import numpy as np
import pytest

from runtime import philox

VECTORS = Path(__file__).parents[1] / "vectors" / "philox.json"

KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers_of_random123(counter: str, key: str, answer: str) -> None:
    first, second = words(key)
    found = philox.philox4x32(np.array([words(counter)], np.uint32), (first, second))
    assert found.tolist() == [words(answer)]


def test_counter_is_index_step_stream_and_key_is_the_seed_low_word_first() -> None:
    seed = 0x299F31D0_A4093822
    by_hand = philox.philox4x32(np.array([[5, 7, 1, 0]], np.uint32), (0xA4093822, 0x299F31D0))[0]
    expected = ((by_hand >> np.uint32(8)).astype(np.float64) + 0.5) / 2**24
    np.testing.assert_allclose(philox.uniforms(seed, 7, 1, 6, words=4)[:, 5], expected, atol=2**-25)


def test_uniforms_never_reach_zero_or_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for bits, expected in ((0, 2.0**-25), (0xFFFFFFFF, 1 - 2.0**-24)):
        words = np.full((3, 4), bits, np.uint32)
        monkeypatch.setattr(philox, "philox4x32", lambda counter, key, words=words: words)
        assert philox.uniforms(0, 0, 0, 3).tolist() == [[expected] * 3]
        assert np.isfinite(philox.PhiloxNoise(0).confidence(0, 3)).all()


def test_uniforms_are_uniform_and_streams_differ() -> None:
    values = philox.uniforms(11, 3, philox.DRAW, 20000, words=2)
    histogram = np.histogram(values, bins=10, range=(0, 1))[0]
    assert np.abs(histogram - 4000).max() < 300  # 5 standard deviations
    assert abs(np.corrcoef(values)[0, 1]) < 0.04
    for other in (
        philox.uniforms(11, 3, philox.CONFIDENCE, 20000),
        philox.uniforms(11, 4, philox.DRAW, 20000),
    ):
        assert abs(np.corrcoef(values[0], other[0])[0, 1]) < 0.04


def test_gumbel_noise_is_rounded_from_float64() -> None:
    noise = philox.PhiloxNoise(3)
    u = philox.uniforms(3, 2, philox.CONFIDENCE, 5000)[0].astype(np.float64)
    assert noise.confidence(2, 5000).dtype == np.float32
    assert noise.confidence(2, 5000).tolist() == (-np.log(-np.log(u))).astype(np.float32).tolist()
    assert abs(noise.confidence(2, 5000).mean() - np.euler_gamma) < 0.06


def test_numbers_equal_the_vectors_that_other_languages_read() -> None:
    cases = json.loads(VECTORS.read_text())
    assert len(cases) >= 8
    for case in cases:
        found = philox.uniforms(int(case["seed"]), case["step"], case["stream"], len(case["bits"][0]), 2)
        assert found.view(np.uint32).tolist() == case["bits"]
        assert case["uniforms"] == found.tolist()
