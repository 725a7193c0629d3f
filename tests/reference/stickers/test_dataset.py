"""Token sets: made in parts that survive an interruption, and extended rather than made again."""

from pathlib import Path

import pytest
import torch

from reference.stickers import dataset
from reference.stickers.dataset import PictureSet, build_tokens, captioned_picture, token_set
from reference.stickers.scene import SHADED
from reference.stickers.training_recipe import RECIPES
from reference.stickers.vq import build_vq, encode, to_tensor

PICTURES = PictureSet(SHADED, 64, simple=False, seed=3)


@pytest.fixture(scope="module")
def vq():
    torch.manual_seed(0)
    return build_vq(RECIPES["tiny"].vq, 300).eval()


def test_tokens_are_those_of_the_drawn_pictures_in_order(vq):
    tokens = build_tokens(vq, PICTURES, range(2, 5), lambda done: None)
    picture, caption, conditions = captioned_picture(PICTURES, 3)
    assert torch.equal(tokens.tokens[1].long(), encode(vq, to_tensor([picture]))[0])
    assert tokens.tokens.max() > 255  # more than a byte holds
    assert tokens.captions[1] == caption
    assert tokens.micro_conditions[1].tolist() == pytest.approx(conditions)


def test_an_interrupted_set_keeps_its_finished_parts_and_a_larger_one_extends_it(
    vq, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dataset, "PART", 2)
    finished: list[int] = []

    def stop_after_three(done: int, total: int) -> None:
        finished.append(done)
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        token_set(tmp_path, vq, PICTURES, 6, stop_after_three)
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["000000-000002.npz"]
    first = (tmp_path / "000000-000002.npz").stat().st_mtime_ns
    made: list[tuple[int, int]] = []
    tokens = token_set(tmp_path, vq, PICTURES, 6, lambda done, total: made.append((done, total)))
    assert made == [(2, 4), (4, 4)]
    assert (tmp_path / "000000-000002.npz").stat().st_mtime_ns == first
    assert torch.equal(tokens.tokens, build_tokens(vq, PICTURES, range(6), lambda done: None).tokens)
    assert len(token_set(tmp_path, vq, PICTURES, 8, lambda done, total: made.append((done, total)))) == 8
    assert made[2:] == [(2, 2)]
