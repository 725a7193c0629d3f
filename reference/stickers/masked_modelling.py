"""Masked image modelling: hide tokens by the cosine schedule, predict them from the text and the rest."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from reference.stickers.dataset import StickerTokens
from reference.stickers.device import mixed_precision
from reference.stickers.snapshot import (
    SaveTimer,
    load_snapshot,
    save_snapshot,
    share_of_batch,
    sum_gradients,
    total,
)
from reference.text import tokenize
from reference.transformer import MaskedTransformer

STEP_COUNTS = (4, 8, 12, 16, 16, 16, 20, 24, 32, 48, 64)
"""Step counts N a picture may be drawn in; the model is told the step index, whose meaning depends on N."""
CONDITION_DROPOUT = 0.1


@dataclass(frozen=True)
class Stage:
    """One stage of the recipe. `compression` as in the transformer's config.

    Step k trains on pictures of `sides[k % len(sides)]` pixels, a batch out of `pictures` of that size.
    The learning rate warms up over 100 steps, stays, and falls linearly to 0 over the last `decay` share.
    """

    name: str
    sides: tuple[int, ...]
    simple: bool
    compression: bool
    pictures: int
    steps: int
    batch: int = 64
    learning_rate: float = 1e-3
    decay: float = 0.0

    @property
    def side(self) -> int:
        """The largest size, which samples are drawn in."""
        return max(self.sides)

    def rate(self, step: int) -> float:
        """Learning rate of step `step` (from 0)."""
        falling = (self.steps - step) / (self.decay * self.steps) if self.decay else 1.0
        return self.learning_rate * min(1.0, (step + 1) / 100, falling)


@dataclass(frozen=True)
class MaskedBatch:
    """What the model sees: tokens i64 [B, h, w] with some masked, which ones, and the step index [B]."""

    tokens: Tensor
    masked: Tensor
    timestep: Tensor


def mask_batch(tokens: Tensor, mask_id: int, generator: torch.Generator) -> MaskedBatch:
    """Hide ceil(cos(r pi/2) S) random tokens of each picture, r uniform in [0, 1).

    A picture drawn in N steps is at step i = floor(r N) with that many hidden; its step index is N-1-i.
    """
    batch, height, width = tokens.shape
    moment = torch.rand(batch, generator=generator)
    counts = torch.tensor(STEP_COUNTS)[torch.randint(len(STEP_COUNTS), (batch,), generator=generator)]
    hidden = torch.ceil(torch.cos(moment * math.pi / 2) * height * width)
    order = torch.rand(batch, height * width, generator=generator).argsort(1).argsort(1)
    masked = (order < hidden.unsqueeze(1)).view_as(tokens)
    timestep = counts - 1 - torch.floor(moment * counts)
    return MaskedBatch(tokens.masked_fill(masked, mask_id), masked, timestep)


class MaskedModelling:
    """One resumable stage: transformer and text encoder trained together on token grids of each size."""

    def __init__(
        self,
        stage: Stage,
        data: dict[int, StickerTokens],
        tokenizer: CLIPTokenizer,
        text_encoder: CLIPTextModelWithProjection,
        transformer: MaskedTransformer,
        seed: int,
        file: Path,
    ) -> None:
        self.stage, self.data, self.file, self.seed = stage, data, file, seed
        self.transformer, self.text_encoder = transformer.train(), text_encoder.train()
        self.mask_id = transformer.config.vocab_size - 1
        self.ids = {side: tokenize(tokenizer, tokens.captions)[0] for side, tokens in data.items()}
        self.empty_ids, _ = tokenize(tokenizer, [""])
        self.modules: dict[str, nn.Module] = {"transformer": transformer, "text_encoder": text_encoder}
        parameters = [p for module in self.modules.values() for p in module.parameters()]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.02},
                {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
            ],
            lr=stage.learning_rate,
            betas=(0.9, 0.97),
            fused=True,
        )
        self.parameters = parameters
        self.step = 0
        self.curve: list[tuple[int, float]] = []
        if file.exists():
            meta = load_snapshot(file, self.modules, {"optimizer": self.optimizer})
            self.step, self.curve = meta["step"], [tuple(point) for point in meta["curve"]]

    def save(self) -> None:
        save_snapshot(
            self.file, self.modules, {"optimizer": self.optimizer}, {"step": self.step, "curve": self.curve}
        )

    def loss(self, side: int, rows: Tensor, generator: torch.Generator) -> Tensor:
        """This process's part of the mean cross-entropy (nats) over all masked tokens of the batch: pictures
        `rows` of `side` pixels."""
        data = self.data[side]
        batch = mask_batch(data.tokens[rows].long(), self.mask_id, generator)
        dropped = torch.rand(len(rows), generator=generator) < CONDITION_DROPOUT
        mine = share_of_batch(len(rows))
        ids = torch.where(dropped[mine].unsqueeze(1), self.empty_ids, self.ids[side][rows[mine]])
        device = self.parameters[0].device
        # the plain attention: at these lengths its backward is 25 % of a step faster than the fused one's
        with mixed_precision(device), sdpa_kernel(SDPBackend.MATH):
            text = self.text_encoder(ids.to(device), output_hidden_states=True)
            features = self.transformer.features(
                batch.tokens[mine].to(device),
                text.hidden_states[-2],
                text.text_embeds,
                batch.timestep[mine].to(device),
                data.micro_conditions[rows[mine]].to(device),
            )
            masked = batch.masked[mine]
            logits = self.transformer.mlm_layer.conv2(features[masked.to(device)])
        targets = data.tokens[rows[mine]][masked].long().to(device)
        return F.cross_entropy(logits.float(), targets, reduction="sum") / int(batch.masked.sum())

    def advance(self) -> float:
        """Take one step; returns the global batch's loss."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.step)
        side = self.stage.sides[self.step % len(self.stage.sides)]
        rows = torch.randint(len(self.data[side]), (self.stage.batch,), generator=generator)
        for group in self.optimizer.param_groups:
            group["lr"] = self.stage.rate(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(side, rows, generator)
        loss.backward()
        sum_gradients(self.parameters)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        value = float(total(loss))
        if self.step % 10 < len(self.stage.sides):  # so that every size has its points
            self.curve.append((self.step, value))
        return value

    def run(self, progress: Callable[[int, int, float], None]) -> None:
        """Train to the end of the stage, resuming, saving every few minutes."""
        due = SaveTimer()
        while self.step < self.stage.steps:
            loss = self.advance()
            progress(self.step, self.stage.steps, loss)
            if self.step == self.stage.steps or due():
                self.save()


def initialise(transformer: MaskedTransformer) -> None:
    """Training start: variance-keeping weights, zero biases, and every AdaLN at zero, so that blocks begin
    as identity (the AdaLN-Zero start of DiT)."""
    for name, parameter in transformer.named_parameters():
        if "norm" in name and ".linear." in name:
            nn.init.zeros_(parameter)
        elif parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.02 if "embeddings" in name else parameter[0].numel() ** -0.5)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
