import numpy as np
import pytest
import torch
import torch.nn.functional as F

from runtime.parity import measures

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(6, 40)).astype(np.float32), RNG.normal(size=(6, 40)).astype(np.float32)


def test_kl_is_torchs():
    p, q = torch.from_numpy(5 * A).double().log_softmax(-1), torch.from_numpy(5 * B).double().log_softmax(-1)
    expected = F.kl_div(q, p, reduction="batchmean", log_target=True).item()
    assert measures.kl(5 * A, 5 * B) == pytest.approx(expected, rel=1e-9)


def test_kl_is_of_the_reference_and_ignores_a_shift_of_the_logits():
    assert measures.kl(5 * A, 5 * B) != pytest.approx(measures.kl(5 * B, 5 * A), rel=1e-3)
    assert measures.kl(A, A + 1000) == pytest.approx(0, abs=1e-4)


def test_cosine_is_torchs():
    expected = F.cosine_similarity(torch.from_numpy(A).flatten(), torch.from_numpy(B).flatten(), dim=0).item()
    assert measures.cosine(A, B) == pytest.approx(expected, rel=1e-5)
    assert measures.cosine(np.zeros(3), np.zeros(3)) == 1
    assert measures.cosine(np.zeros(3), np.ones(3)) == 0


def test_psnr_is_against_the_largest_reference_value():
    reference = np.array([0.0, -10.0, 4.0])
    # An error of 0.1 everywhere is 40 dB below a peak of 10.
    assert measures.psnr(reference, reference + 0.1) == pytest.approx(40)
    assert measures.psnr(reference, reference) == float("inf")
    assert measures.psnr(np.zeros(3), np.ones(3)) == float("-inf")


def test_image_psnr_is_against_full_scale_however_dark_the_image():
    dark = np.full((2, 2, 3), 10, np.uint8)
    assert measures.image_psnr(dark, dark + 1) == pytest.approx(20 * np.log10(255))


def test_differences_of_bytes_do_not_wrap():
    assert measures.max_abs(np.array([0], np.uint8), np.array([255], np.uint8)) == 255


def test_a_divergence_counts_by_guidance_and_whole_without():
    assert measures.kl_per_guidance(0.18, 9) == pytest.approx(0.02)
    assert measures.kl_per_guidance(0.18, 0) == measures.kl_per_guidance(0.18, 1) == 0.18


def test_agreement_counts_equal_entries():
    assert measures.agreement([1, 2, 3, 4], [1, 0, 3, 0]) == 0.5


@pytest.mark.parametrize("measure", [measures.max_abs, measures.psnr, measures.kl, measures.agreement])
def test_shapes_that_would_broadcast_are_refused(measure):
    with pytest.raises(ValueError, match="shapes differ"):
        measure(np.ones((2, 3)), np.ones((1, 3)))
