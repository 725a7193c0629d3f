"""The two-level draw against torch's softmax and the distribution it must have."""

import pytest
import torch

from reference.inverse_cdf import block_size, draw


def test_block_size_is_the_smallest_divisor_not_below_the_root():
    assert [block_size(codes) for codes in (8192, 512, 128, 64, 7, 1)] == [128, 32, 16, 8, 7, 1]


@pytest.mark.parametrize("codes", [64, 128, 6, 7])
def test_draws_follow_the_softmax(codes):
    """Chi-square over 200 000 draws; its 99.99 % quantile is below mean + 6 standard deviations here."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(codes, generator=generator) * 1.5
    count = 200_000
    drawn, log_prob = draw(logits.expand(count, codes), torch.rand(2, count, generator=generator))
    probability = logits.softmax(dim=0)
    expected = probability * count
    chi_square = ((torch.bincount(drawn, minlength=codes) - expected) ** 2 / expected).sum().item()
    assert chi_square < (codes - 1) + 6 * (2 * (codes - 1)) ** 0.5
    torch.testing.assert_close(log_prob, probability.log()[drawn], atol=1e-5, rtol=0)


def test_evenly_spaced_uniforms_visit_each_code_in_proportion():
    logits = torch.tensor([1.0, 3.0, 0.5, 0.0, 2.0, 1.5]).log()
    middles = (torch.arange(3200) + 0.5) / 3200
    uniforms = torch.cartesian_prod(middles[::8], middles[::8]).T
    drawn, _ = draw(logits.expand(uniforms.shape[1], 6), uniforms)
    share = torch.bincount(drawn, minlength=6) / uniforms.shape[1]
    torch.testing.assert_close(share, torch.tensor([1.0, 3.0, 0.5, 0.0, 2.0, 1.5]) / 8, atol=0.01, rtol=0)
    assert share[3] == 0


@pytest.mark.parametrize("uniform", [2.0**-25, 1.0])
def test_extreme_uniforms_never_draw_a_code_without_mass(uniform):
    logits = torch.full((4, 64), -1e4)
    alive = torch.tensor([13, 27, 40, 50])
    logits[torch.arange(4), alive] = 150.0  # the others underflow to 0
    drawn, log_prob = draw(logits, torch.full((2, 4), uniform))
    assert torch.equal(drawn, alive)
    assert torch.equal(log_prob, torch.zeros(4))


def test_leading_dimensions_are_kept():
    drawn, log_prob = draw(torch.randn(2, 3, 5, 64), torch.rand(2, 2, 3, 5))
    assert drawn.shape == log_prob.shape == (2, 3, 5) and drawn.dtype == torch.int64
