"""Fitting the patches of previews."""

import torch

from export.preview import averaged, fit

CODES, SIDE = 12, 2


def pictures_of(patches: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """[n, H, W] -> f32 [n, H*2, W*2, 3]."""
    count, height, width = tokens.shape
    cells = patches[tokens].transpose(2, 3)
    return cells.reshape(count, height * SIDE, width * SIDE, 3).float()


def test_a_code_that_is_never_drawn_gets_what_its_vector_says() -> None:
    generator = torch.Generator().manual_seed(3)
    vectors = torch.rand(CODES, 3, generator=generator)
    patches = (vectors @ torch.rand(3, SIDE * SIDE * 3, generator=generator) * 80).reshape(
        CODES, SIDE, SIDE, 3
    )
    tokens = torch.randint(0, CODES - 2, (4, 6, 8), generator=generator)  # the last two never
    made = fit(tokens, pictures_of(patches, tokens), vectors)
    assert made.shape == (CODES, SIDE, SIDE, 3)
    assert abs(torch.from_numpy(made).float() - patches).max() <= 0.51  # rounding to bytes


def test_a_code_that_is_often_drawn_gets_its_own_mean() -> None:
    generator = torch.Generator().manual_seed(4)
    patches = torch.randint(0, 256, (CODES, SIDE, SIDE, 3), generator=generator)
    tokens = torch.randint(0, CODES, (40, 16, 16), generator=generator)
    noise = torch.randn(40, 32, 32, 3, generator=generator) * 8
    made = fit(tokens, pictures_of(patches, tokens) + noise, torch.rand(CODES, 2, generator=generator))
    assert abs(torch.from_numpy(made).float() - patches.float()).max() <= 4


def test_pictures_are_averaged_over_squares() -> None:
    picture = torch.tensor([[[0, 10], [20, 31]]], dtype=torch.uint8)[..., None].expand(1, 2, 2, 3)
    assert averaged(picture, 2).tolist() == [[[[15.25] * 3]]]
