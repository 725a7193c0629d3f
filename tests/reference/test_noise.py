"""Philox against the published known answers, and the arithmetic of the uniforms."""

import numpy as np
import pytest
import torch

from reference.noise import PhiloxNoise, TorchNoise, philox, philox_words, to_uniform

# Known-answer vectors of the Random123 library (kat_vectors, philox4x32 10): counter, key, words.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def numbers(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter, key, words):
    low, high = numbers(key)
    counters = np.array(numbers(counter), np.uint64)[:, None]
    assert philox_words(counters, (low, high))[:, 0].tolist() == numbers(words)


def test_counter_and_key_are_laid_out_as_documented():
    seed = 0x299F31D0A4093822
    counters = np.array([[5], [3], [1], [0]], np.uint64)
    expected = philox_words(counters, (0xA4093822, 0x299F31D0))
    assert np.array_equal(philox(seed, np.array([5]), 3, 1), expected)


def test_uniforms_are_float32_and_never_0_or_1():
    words = np.array([0, 255, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], np.uint32)
    assert to_uniform(words).dtype == np.float32
    # 2^23 + 0.5 is no float32: the sum rounds to even. At the top that would be 1.
    assert to_uniform(words).tolist() == [
        0.5 / 2**24, 0.5 / 2**24, 1.5 / 2**24, (2**23 - 0.5) / 2**24, 2**23 / 2**24, 1 - 2**-24
    ]  # fmt: skip


def test_images_of_a_batch_use_consecutive_seeds():
    logits = torch.randn(3, 10, 64)
    drawn, log_prob = PhiloxNoise(7).draw(logits, 2)
    for image in range(3):
        one, one_log_prob = PhiloxNoise(7 + image).draw(logits[image : image + 1], 2)
        assert torch.equal(one[0], drawn[image]) and torch.equal(one_log_prob[0], log_prob[image])
    assert torch.equal(PhiloxNoise(7).gumbel(2, 10, 4)[1], PhiloxNoise(8).gumbel(1, 10, 4)[0])
    assert not torch.equal(PhiloxNoise(7).gumbel(1, 10, 4), PhiloxNoise(7).gumbel(1, 10, 5))


def test_gumbel_noise_is_float64_rounded_once():
    uniforms = PhiloxNoise(7).uniforms(1, 100, 3, 1)[:, 0]
    expected = [np.float32(-np.log(-np.log(float(u)))) for u in uniforms[0]]
    assert PhiloxNoise(7).gumbel(1, 100, 3)[0].tolist() == expected


def test_uniforms_and_gumbel_noise_have_their_moments():
    uniforms = PhiloxNoise(1).uniforms(1, 100_000, 0, 0)
    assert abs(uniforms.mean() - 0.5) < 3e-3
    gumbel = PhiloxNoise(1).gumbel(1, 100_000, 0)
    assert abs(gumbel.mean().item() - np.euler_gamma) < 0.02
    assert abs(gumbel.var().item() - np.pi**2 / 6) < 0.05


@pytest.mark.parametrize("noise", [TorchNoise(torch.Generator().manual_seed(0)), PhiloxNoise(0)])
def test_both_sources_draw_from_the_softmax(noise):
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().expand(2, 20_000, 4)
    drawn, log_prob = noise.draw(logits, 0)
    share = torch.bincount(drawn.flatten(), minlength=4) / drawn.numel()
    torch.testing.assert_close(share, torch.tensor([0.1, 0.2, 0.3, 0.4]), atol=0.01, rtol=0)
    torch.testing.assert_close(log_prob.exp(), (drawn + 1) / 10, atol=1e-5, rtol=0)
