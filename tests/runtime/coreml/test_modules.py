"""Modules as the exporter converts them, from the saved file, against torch."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.vae import Decoder
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from export.text import TextEncoder
from runtime.coreml.evaluator import Evaluator
from runtime.coreml.program import load_program
from tests.runtime.coreml.packages import convert

SINGLE, HALF = (
    1e-5,
    5e-3,
)  # relative errors: float32 throughout, and half precision as the converter places it

ROW, ROWS = torch.arange(4, dtype=torch.float32), 3


class Everyday(nn.Module):
    """One result for each function of torch that our graphs are written with."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(16, 8)
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.transposed = nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1)
        self.corners = nn.ConvTranspose2d(3, 4, 2, stride=2)
        self.group_norm = nn.GroupNorm(2, 6)

    def forward(self, x: Tensor, image: Tensor, ids: Tensor) -> dict[str, Tensor]:
        """x f32 [2, 4, 8], image f32 [1, 3, 8, 8], ids i32 [2, 4] in 0 .. 7."""
        query, key = x.reshape(2, 4, 2, 4), (x + 1).reshape(2, 4, 2, 4)
        return {
            "layer_norm": F.layer_norm(x, (8,)),
            "rms_norm": F.rms_norm(x, (8,), eps=1e-6),
            "group_norm": self.group_norm(self.conv(image)),
            "gelu_tanh": F.gelu(x, approximate="tanh"),
            "silu": F.silu(x),
            "softmax": x.softmax(1),
            "log_softmax": x.log_softmax(-1),
            "logsumexp": x.logsumexp(-1),
            "cumsum": x.softmax(-1).cumsum(-1),
            "gather": x.gather(-1, ids.long().unsqueeze(-1)),
            "argmax": x.argmax(-1).int(),
            "count": (x < x[..., :1]).sum(-1).int(),
            "embedding": self.embedding(ids),
            "one_hot": F.one_hot(ids.long(), 8).int(),
            "chunk": torch.cat(x.chunk(2, -1)[::-1], -1),
            "split": x.split([3, 5], -1)[1],
            "unflatten": x.unflatten(-1, (2, 4)).permute(0, 2, 1, 3),
            "conv_transpose": self.transposed(image),
            "corners": self.corners(image),
            "nearest": F.interpolate(image, scale_factor=2.0, mode="nearest"),
            "bilinear": F.interpolate(image, size=(16, 12), mode="bilinear", align_corners=False),
            "pixel_shuffle": F.pixel_shuffle(image.reshape(1, 12, 4, 4), 2),
            "scores": torch.einsum("bchq,bkhc->bkhq", query, key.permute(0, 3, 2, 1)),
            "mixed": torch.einsum("bkhq,bchk->bchq", query, key),
            "where": torch.where(x > 0, x, -2 * x),
            "clamp": x.clamp(-0.5, 0.5),
            "minimum": torch.minimum(ids, torch.tensor(5, dtype=torch.int32)),
            "pixels": (x.clamp(0, 1) * 15).round().int(),
            "gumbel": -torch.log(-torch.log(x.sigmoid())),
            "assigned": assigned(image, x),
            "index": image[0, 0, :, ids[0].long()],
            "causal": F.scaled_dot_product_attention(query, key, key, is_causal=True),
            "normalized": F.normalize(x, dim=-1),
            "flipped": x.roll(1, -1).flip(1),
        }


def assigned(image: Tensor, x: Tensor) -> Tensor:
    image = image.clone()
    image[:, 1, 2:6] = x[:1]
    return image


class Named(nn.Module):
    """The module's dict as a tuple, for the tracer."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.module(*inputs).values())


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(actual.astype(np.float64) - expected) / np.linalg.norm(expected))


def compare(module: nn.Module, inputs: dict[str, np.ndarray], half: bool, path: Path) -> Evaluator:
    with torch.no_grad():
        expected = {
            name: tensor.numpy()
            for name, tensor in module(*(torch.from_numpy(array) for array in inputs.values())).items()
        }
    outputs = {name: array.dtype.type for name, array in expected.items()}
    convert(Named(module), inputs, half, outputs).save(str(path))
    evaluator = Evaluator(path)
    actual = evaluator.run(inputs)
    assert list(actual) == list(expected)
    for name, wanted in expected.items():
        assert actual[name].dtype == wanted.dtype, name
        if wanted.dtype == np.float32:
            assert relative_error(actual[name], wanted) <= (HALF if half else SINGLE), name
        else:
            np.testing.assert_array_equal(actual[name], wanted, err_msg=name)
    return evaluator


@pytest.mark.parametrize("half", [False, True])
def test_everyday_functions(half: bool, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    inputs = {
        "x": random.standard_normal((2, 4, 8)).astype(np.float16).astype(np.float32),
        "image": random.standard_normal((1, 3, 8, 8)).astype(np.float32),
        "ids": random.integers(0, 8, (2, 4), dtype=np.int32),
    }
    compare(Everyday(), inputs, half, tmp_path / "everyday.mlpackage")


class Dict(nn.Module):
    """Names for what a module gives."""

    def __init__(self, module: nn.Module, *names: str) -> None:
        super().__init__()
        self.module, self.names = module, names

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        made = self.module(*inputs)
        return dict(zip(self.names, made if isinstance(made, tuple) else (made,), strict=True))


@pytest.mark.parametrize("half", [False, True])
def test_the_text_encoder(half: bool, tmp_path: Path) -> None:
    config = CLIPTextConfig(
        vocab_size=99,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=16,
        projection_dim=48,
        eos_token_id=98,
        hidden_act="gelu",
    )
    ids = np.random.default_rng(4).integers(0, 98, (2, 16), dtype=np.int32)
    ids[:, 9:] = 98
    encoder = TextEncoder(CLIPTextModelWithProjection(config).eval())
    compare(Dict(encoder, "hidden", "pooled"), {"ids": ids}, half, tmp_path / "text.mlpackage")


@pytest.mark.parametrize("half", [False, True])
def test_the_trunk_of_the_image_decoder(half: bool, tmp_path: Path) -> None:
    decoder = Decoder(
        in_channels=8,
        out_channels=3,
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=8,
    ).eval()
    latents = np.random.default_rng(5).standard_normal((1, 8, 6, 8)).astype(np.float32)
    compare(Dict(decoder, "image"), {"latents": latents}, half, tmp_path / "decoder.mlpackage")


class Block(nn.Module):
    """A single-stream block of the transformer: modulation, rotated attention, MLP beside it."""

    def __init__(self, width: int = 64, heads: int = 4) -> None:
        super().__init__()
        self.heads, head = heads, width // heads
        self.modulation = nn.Linear(width, 3 * width)
        self.into = nn.Linear(width, 7 * width)
        self.out = nn.Linear(5 * width, width)
        self.norms = nn.ModuleList([nn.RMSNorm(head, eps=1e-6), nn.RMSNorm(head, eps=1e-6)])
        angles = torch.outer(torch.arange(20.0), 100.0 ** (-torch.arange(head // 2) / (head // 2)))
        self.cos, self.sin = angles.cos().repeat_interleave(2, -1), angles.sin().repeat_interleave(2, -1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [2, 20, width], condition [2, width] -> as x."""
        shift, scale, gate = self.modulation(F.silu(condition)).unsqueeze(1).chunk(3, -1)
        normed = F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift
        query, key, value, mlp = self.into(normed).split([64, 64, 64, 256], -1)
        query, key, value = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (query, key, value))
        query, key = (self.rotate(norm(t)) for norm, t in zip(self.norms, (query, key), strict=True))
        attended = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return x + gate * self.out(torch.cat([attended, F.gelu(mlp, approximate="tanh")], -1))

    def rotate(self, x: Tensor) -> Tensor:
        real, imaginary = x.unflatten(-1, (-1, 2)).unbind(-1)
        return x * self.cos + torch.stack([-imaginary, real], -1).flatten(-2) * self.sin


@pytest.mark.parametrize("half", [False, True])
def test_a_transformer_block(half: bool, tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    inputs = {
        "x": random.standard_normal((2, 20, 64)).astype(np.float32),
        "condition": random.standard_normal((2, 64)).astype(np.float32),
    }
    path = tmp_path / "block.mlpackage"
    evaluator = compare(Dict(Block(), "y"), inputs, half, path)
    types = [op.op_type for op in load_program(path).functions["main"].operations]
    assert types.count("scaled_dot_product_attention") == 1
    assert bool(evaluator.half_results) == half
