"""The reference for peers: two plain modules, their plain export, and a drawing loop around them.

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
from tests.benchmarks.workloads import PLAIN_INPUTS, PROMPT, SEED, Workload, examples, inputs

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


def modules(workload: Workload) -> dict[str, nn.Module]:
    checkpoint = load_checkpoint(str(workload.checkpoint))
    return {
        "step": Transformer(checkpoint.transformer).eval(),
        "decoder": Decoder(checkpoint.vqvae).eval(),
    }


def export(workload: Workload, folder: Path) -> None:
    """`step.onnx` and `decoder.onnx` with fixed shapes, by torch.onnx.export with its own defaults."""
    folder.mkdir()
    for name, module in modules(workload).items():
        arguments = tuple(torch.from_numpy(array) for array in examples(workload)[name])
        names = PLAIN_INPUTS if name == "step" else ("tokens",)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module, arguments, input_names=list(names), dynamo=True, verbose=False
            )
        assert program is not None
        program.save(folder / f"{name}.onnx", external_data=True)


def drawn(logits: np.ndarray, workload: Workload) -> np.ndarray:
    """The tokens i32 [H*W] that a bundle's step graph draws from the same logits f32 [2, C, H, W]."""
    return sample(logits, workload.guidance, inputs(workload)["uniforms"])[0]


def sample(logits: np.ndarray, guidance: float, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    without, prompt = torch.from_numpy(logits).flatten(2).transpose(1, 2)
    codes, log_prob = draw(without + guidance * (prompt - without), torch.from_numpy(uniforms))
    return codes.int().numpy(), log_prob.numpy()


class Drawer:
    """A whole picture with plain graphs: text by the reference in float32, steps and decoder by the peer."""

    def __init__(self, workload: Workload, logits: Logits, decode: Decode) -> None:
        self.workload, self.logits, self.decode = workload, logits, decode
        self.checkpoint: Checkpoint = load_checkpoint(str(workload.checkpoint))
        del self.checkpoint.transformer.transformer_blocks  # the peer has its own weights

    def __call__(self) -> np.ndarray:
        """Image u8 [1, 3, h, w]."""
        workload, checkpoint = self.workload, self.checkpoint
        with torch.no_grad():
            hidden, pooled = encode_text(checkpoint.tokenizer, checkpoint.text_encoder, ["", PROMPT])
        stored = inputs(workload)
        text = hidden.numpy(), pooled.numpy()

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            grid = np.repeat(tokens.astype(np.int64)[None], 2, axis=0)
            logits = self.logits(grid, *text, np.array([workload.steps - 1 - i]), stored["micro"])
            return sample(logits, workload.guidance, uniforms)

        plan = Plan(workload.steps, checkpoint.mask_token_id, checkpoint.masking_schedule)
        masks = np.full_like(stored["tokens"], checkpoint.mask_token_id)
        tokens = draw_tokens(step, masks, PhiloxNoise(SEED), plan)
        return self.decode(tokens.astype(np.int64)[None])
