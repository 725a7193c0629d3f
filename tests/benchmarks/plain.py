"""The reference as a peer gets it: two plain modules, their plain export, and a drawing loop around them.

Nothing is folded: conditioning and text projection run in every step, logits of both text rows leave the
graph, and guidance and drawing are done on the host.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reference.checkpoint import Checkpoint, load_checkpoint
from reference.inverse_cdf import draw
from reference.text import encode_text
from runtime.loop import Plan, draw_tokens
from runtime.philox import PhiloxNoise
from tests.benchmarks.layouts import PLAIN_INPUTS, PROMPT, SEED, Layout, examples, inputs

# (tokens i64 [2, H, W], text_hidden, text_pooled, timestep, micro) -> logits f32 [2, C, H, W]
Logits = Callable[..., np.ndarray]
# tokens i64 [1, H, W] -> image u8 [1, 3, h, w]
Decode = Callable[[np.ndarray], np.ndarray]


class Decoder(nn.Module):
    """Tokens i64 [1, H, W] -> image u8 [1, 3, h, w], as `reference.image.decode_tokens` computes it."""

    def __init__(self, vqvae: Any) -> None:
        super().__init__()
        self.codebook, self.post_quant_conv = vqvae.quantize.embedding, vqvae.post_quant_conv
        self.decoder = vqvae.decoder

    def forward(self, tokens: Tensor) -> Tensor:
        values = self.decoder(self.post_quant_conv(self.codebook(tokens).permute(0, 3, 1, 2)))
        return (values.float().clamp(0, 1) * 255).round().to(torch.uint8)


class Transformer(nn.Module):
    """The reference's transformer; its logits in float32 whatever it computes in."""

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(
        self, tokens: Tensor, hidden: Tensor, pooled: Tensor, timestep: Tensor, micro: Tensor
    ) -> Tensor:
        return self.transformer(tokens, hidden, pooled, timestep, micro).float()


def modules(layout: Layout) -> dict[str, nn.Module]:
    checkpoint = load_checkpoint(str(layout.checkpoint))
    return {
        "step": Transformer(checkpoint.transformer).eval(),
        "decoder": Decoder(checkpoint.vqvae).eval(),
    }


def export(layout: Layout, folder: Path) -> None:
    """`step.onnx` and `decoder.onnx` with fixed shapes, by torch.onnx.export with its own defaults."""
    folder.mkdir()
    for name, module in modules(layout).items():
        arguments = tuple(torch.from_numpy(array) for array in examples(layout)[name])
        names = PLAIN_INPUTS if name == "step" else ("tokens",)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module, arguments, input_names=list(names), dynamo=True, verbose=False
            )
        assert program is not None
        program.save(folder / f"{name}.onnx", external_data=True)


def drawn(logits: np.ndarray, layout: Layout) -> np.ndarray:
    """The tokens i32 [H*W] that a bundle's step graph draws from the same logits f32 [2, C, H, W]."""
    return sample(logits, layout.guidance, inputs(layout)["uniforms"])[0]


def sample(logits: np.ndarray, guidance: float, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    without, prompt = torch.from_numpy(logits).flatten(2).transpose(1, 2)
    codes, log_prob = draw(without + guidance * (prompt - without), torch.from_numpy(uniforms))
    return codes.int().numpy(), log_prob.numpy()


class Drawer:
    """A whole picture with plain graphs: text by the reference in float32, steps and decoder by the peer."""

    def __init__(self, layout: Layout, logits: Logits, decode: Decode) -> None:
        self.layout, self.logits, self.decode = layout, logits, decode
        self.checkpoint: Checkpoint = load_checkpoint(str(layout.checkpoint))
        del self.checkpoint.transformer.transformer_blocks  # the peer has its own weights

    def __call__(self) -> np.ndarray:
        """Image u8 [1, 3, h, w]."""
        layout, checkpoint = self.layout, self.checkpoint
        with torch.no_grad():
            hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, ["", PROMPT])
        stored = inputs(layout)
        text = hidden.numpy(), pooled.numpy()

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            grid = np.repeat(tokens.astype(np.int64)[None], 2, axis=0)
            logits = self.logits(grid, *text, np.array([layout.steps - 1 - i]), stored["micro"])
            return sample(logits, layout.guidance, uniforms)

        plan = Plan(layout.steps, checkpoint.mask_token_id, checkpoint.masking_schedule)
        masks = np.full_like(stored["tokens"], checkpoint.mask_token_id)
        tokens = draw_tokens(step, masks, PhiloxNoise(SEED), plan)
        return self.decode(tokens.astype(np.int64)[None])
