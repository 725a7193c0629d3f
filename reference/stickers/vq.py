"""Train the stickers' VQ: a plain autoencoder first, then few, unambiguous codes started by k-means.

Started cold, the codebook collapses to a single code; and with many codes several mean the same, which a
masked transformer pays for in blotches. So: autoencoder, k-means on its latents, quantized training with dead
codes put back to work; then once more from k-means with somewhat more codes, for the colours 128 left out.

A finished VQ is continued on other drawings and at other sizes without the autoencoder. In the first round it
keeps its codes, and new ones start at the latents that the old fit worst. The second starts from k-means.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import VQModel
from torch import Tensor

from reference.stickers.device import CPU, conv_format, made_ahead, mixed_precision
from reference.stickers.draw import draw
from reference.stickers.scene import FLAT, Vocabulary, sample_scene
from reference.stickers.snapshot import (
    SaveTimer,
    broadcast,
    load_snapshot,
    read_meta,
    save_snapshot,
    seed_all,
    share_of_batch,
    sum_gradients,
    total,
)

Vq = Any  # diffusers' VQModel, whose mixins hide its attributes from type checkers


@dataclass(frozen=True)
class VqRecipe:
    """How the VQ is built and trained. `side` in pixels; the token grid is side / 2**(len(widths) - 1)."""

    side: int = 64
    widths: tuple[int, ...] = (16, 32, 64)
    codebooks: tuple[tuple[int, int], ...] = ((128, 1600), (192, 1000))  # of each round: codes, steps
    code_width: int = 16
    batch: int = 16
    autoencoder_steps: int = 700
    decoder_steps: int = 0  # of the decoder alone, when the transformer has learnt the tokens
    learning_rate: float = 1e-3
    vocabulary: Vocabulary = FLAT
    seed: int = 1
    held_out: int = 128  # pictures to measure on

    @property
    def steps(self) -> int:
        """Steps of all rounds together."""
        return self.autoencoder_steps + sum(steps for _, steps in self.codebooks)


def build_vq(recipe: VqRecipe, codes: int) -> Vq:
    """The published layout (spec: VQModel without attention, codebook lookup), small."""
    levels = len(recipe.widths)
    return VQModel(
        block_out_channels=recipe.widths,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=1,
        latent_channels=recipe.code_width,
        num_vq_embeddings=codes,
        norm_num_groups=8,
        sample_size=recipe.side,
        mid_block_add_attention=False,
        lookup_from_codebook=True,
        force_upcast=True,
    )


def picture(recipe: VqRecipe, index: int, seed: int) -> np.ndarray:
    """Training picture `index`, uint8 [side, side, 3]; one in five is four half-size drawings side by side,
    so that low-resolution stickers are in the codebook's reach too."""
    rng = np.random.default_rng([seed, index])
    if index % 5:
        return draw(sample_scene(rng, vocabulary=recipe.vocabulary), recipe.side, rng)
    quarters = [
        draw(sample_scene(rng, vocabulary=recipe.vocabulary), recipe.side // 2, rng) for _ in range(4)
    ]
    return np.concatenate([np.concatenate(quarters[:2], 1), np.concatenate(quarters[2:], 1)], 0)


def to_tensor(pictures: list[np.ndarray]) -> Tensor:
    """uint8 pictures to float [B, 3, H, W] in [0, 1]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(255)


def picture_batches(
    recipe: VqRecipe, rows: Iterable[Sequence[int]], device: torch.device
) -> Iterator[Tensor]:
    """Training pictures of each batch of rows, float [B, 3, side, side] in [0, 1] on the device."""
    for pictures in made_ahead(partial(picture, recipe, seed=recipe.seed), rows, device):
        yield to_tensor(pictures).to(device).contiguous(memory_format=conv_format(device))


def _edges(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """L1 + MSE + L1 of image gradients (outlines carry the drawing) + L1 of 4x4 averages (so do colours)."""
    edges = sum(F.l1_loss(a, b) for a, b in zip(_edges(output), _edges(target), strict=True))
    colours = F.l1_loss(F.avg_pool2d(output, 4), F.avg_pool2d(target, 4))
    return F.l1_loss(output, target) + F.mse_loss(output, target) + edges + colours


def kmeans(points: Tensor, count: int, generator: torch.Generator, rounds: int = 25) -> Tensor:
    """Lloyd's algorithm on [n, d] points; empty clusters restart at random points."""
    centres = points[torch.randperm(len(points), generator=generator)[:count]].clone()
    for _ in range(rounds):
        nearest = torch.cdist(points, centres).argmin(1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        counts = torch.bincount(nearest, minlength=count).unsqueeze(1)
        centres = sums / counts.clamp(min=1)
        empty = (counts == 0).squeeze(1)
        centres[empty] = points[torch.randint(len(points), (int(empty.sum()),), generator=generator)]
    return centres


def extended_codebook(codes: Tensor, points: Tensor, count: int) -> Tensor:
    """`codes` [k, d] and further ones up to `count`: each the point of [n, d] farthest from all so far."""
    far = torch.cdist(points, codes).amin(1)
    grown = [codes]
    for _ in range(count - len(codes)):
        new = points[far.argmax()].unsqueeze(0)
        grown.append(new)
        far = torch.minimum(far, torch.cdist(points, new).squeeze(1))
    return torch.cat(grown)


def psnr(output: Tensor, target: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of pictures in [0, 1]."""
    return float(-10 * torch.log10(F.mse_loss(output.clamp(0, 1), target)))


class VqTraining:
    """One resumable run; `step` is the next step to take.

    Rounds: the autoencoder (no codes), then one for each codebook, each with a fresh optimizer. `start` is a
    finished VQ to continue instead of training an autoencoder.
    """

    def __init__(
        self, recipe: VqRecipe, folder: Path, start: Vq | None = None, device: torch.device = CPU
    ) -> None:
        seed_all(recipe.seed)
        self.recipe, self.start, self.device = recipe, start, device
        self._format = conv_format(device)
        self.starts = list(
            itertools.accumulate((n for _, n in recipe.codebooks), initial=recipe.autoencoder_steps)
        )
        self.steps = self.starts.pop()
        self.step = 0
        self.curve: list[tuple[int, float]] = []
        self._file = folder / "vq.safetensors"
        if self._file.exists():
            meta = read_meta(self._file)
            self.step, self.curve = meta["step"], [tuple(point) for point in meta["curve"]]
        rounds_begun = sum(start < self.step for start in self.starts)  # the autoencoder's not counted
        self._build(max(rounds_begun, 1))
        if self._file.exists():
            load_snapshot(self._file, {"vq": self.vq}, {"optimizer": self.optimizer})
        self._pictures = self._batches(recipe.batch)

    def _build(self, number: int) -> None:
        codes = self.recipe.codebooks[number - 1][0]
        self.vq = build_vq(self.recipe, codes).to(self.device, memory_format=self._format)
        self._uses = torch.zeros(codes, device=self.device)
        self.optimizer = torch.optim.AdamW(
            self.vq.parameters(), lr=self.recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0
        )

    def save(self) -> None:
        save_snapshot(
            self._file,
            {"vq": self.vq},
            {"optimizer": self.optimizer},
            {"step": self.step, "curve": self.curve},
        )

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + self.step)

    def _batches(self, size: int) -> Iterator[Tensor]:
        """This process's share of the pictures of each step from the present one on, `size` in all a step."""
        rows = (
            range(step * self.recipe.batch, step * self.recipe.batch + size)[share_of_batch(size)]
            for step in itertools.count(self.step)
        )
        return picture_batches(self.recipe, rows, self.device)

    def _latents(self, pictures: Tensor) -> Tensor:
        with mixed_precision(pictures.device):
            return self.vq.quant_conv(self.vq.encoder(pictures)).float()

    def _decode(self, latents: Tensor) -> Tensor:
        with mixed_precision(latents.device):
            return self.vq.decoder(self.vq.post_quant_conv(latents)).float()

    def _start_codebook(self, number: int) -> None:
        """Codebook `number` from k-means on latents; the first, if there is a `start`, keeps its codes.

        All other layers go on as they are.
        """
        start = self.start if number == 1 else None
        layers = (start or self.vq).state_dict()
        self._build(number)
        state = {key: value for key, value in layers.items() if not key.startswith("quantize.")}
        self.vq.load_state_dict(state, strict=False)
        with torch.no_grad():
            pictures = next(self._batches(256 * 64**2 // self.recipe.side**2))
            points = self._latents(pictures).permute(0, 2, 3, 1).flatten(0, 2)
            if start:
                codes = layers["quantize.embedding.weight"].to(self.device)
                centres = extended_codebook(codes, points, len(self._uses))
            else:
                centres = kmeans(points.cpu(), len(self._uses), self._generator())
            self.vq.quantize.embedding.weight.copy_(centres)
            for parameter in self.vq.parameters():
                broadcast(parameter.data)

    def _revive(self, latents: Tensor) -> None:
        """Put codes nobody used lately onto random latents of this batch."""
        with torch.no_grad():
            dead = self._uses == 0
            points = latents.permute(0, 2, 3, 1).flatten(0, 2)
            chosen = torch.randint(len(points), (int(dead.sum()),), generator=self._generator())
            self.vq.quantize.embedding.weight[dead] = points[chosen.to(points.device)]
            broadcast(self.vq.quantize.embedding.weight.data)
            self._uses.zero_()

    def _learning_rate(self) -> float:
        """Warm-up over 50 steps in every round, linear to 0 over the last 60 % of the last."""
        begun = max(start for start in [0, *self.starts] if start <= self.step)
        falling = (self.steps - self.step) / (0.6 * (self.steps - self.starts[-1]))
        return self.recipe.learning_rate * min(1.0, (self.step - begun + 1) / 50, falling)

    def advance(self) -> float:
        """Take one step; returns its loss."""
        quantized = self.step >= self.starts[0]
        if self.step in self.starts:
            self._start_codebook(self.starts.index(self.step) + 1)
        pictures = next(self._pictures)
        share = len(pictures) / self.recipe.batch
        latents = self._latents(pictures)
        commitment = latents.new_zeros(())
        if quantized:
            codes, commitment, (_, _, indices) = self.vq.quantize(latents)
            self._uses += total(torch.bincount(indices.flatten(), minlength=len(self._uses)).float())
        loss = reconstruction_loss(self._decode(codes if quantized else latents), pictures) + commitment
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        (loss * share).backward()
        sum_gradients(self.vq.parameters())
        torch.nn.utils.clip_grad_norm_(self.vq.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        if quantized and self.step % 60 == 0 and self._learning_rate() >= 0.5 * self.recipe.learning_rate:
            self._revive(latents.detach())
        value = float(total(loss * share))
        if self.step % 20 == 0:
            self.curve.append((self.step, value))
        return value


@torch.no_grad()
def reconstruct(vq: Vq, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures [B, 3, H, W] through tokens and back: (pictures in [0, 1], tokens [B, h, w])."""
    tokens = encode(vq, pictures)
    codes = vq.quantize.get_codebook_entry(tokens, (*tokens.shape, vq.config.latent_channels))
    return vq.decoder(vq.post_quant_conv(codes)).clamp(0, 1), tokens


@torch.no_grad()
def encode(vq: Vq, pictures: Tensor) -> Tensor:
    """Pictures [B, 3, H, W] in [0, 1] to tokens [B, h, w]."""
    latents = vq.quant_conv(vq.encoder(pictures))
    batch, _, height, width = latents.shape
    indices = vq.quantize(latents)[2][2]
    return indices.view(batch, height, width)


def code_parents(old: Vq, new: Vq, pictures: Tensor) -> Tensor:
    """For each code of `new`, the code of `old` that most often stands at the same place of the pictures
    [B, 3, H, W]; i64 [C]. A code that never stands anywhere gets `old`'s most frequent one."""
    sizes = [len(vq.quantize.embedding.weight) for vq in (new, old)]
    places = sizes[1] * encode(new, pictures) + encode(old, pictures)
    together = torch.bincount(places.flatten(), minlength=sizes[0] * sizes[1]).view(sizes)
    return torch.where(together.sum(1) > 0, together.argmax(1), together.sum(0).argmax())


def held_out_quality(vq: Vq, recipe: VqRecipe) -> tuple[float, int]:
    """(PSNR in dB, codes in use) on pictures that training never drew."""
    rows = [5 * index + 1 for index in range(recipe.held_out)]
    pictures = to_tensor([picture(recipe, row, recipe.seed + 1) for row in rows])
    pictures = pictures.to(next(vq.parameters()).device)
    output, tokens = reconstruct(vq, pictures)
    return psnr(output, pictures), int(tokens.unique().numel())


def train_vq(
    recipe: VqRecipe,
    folder: Path,
    progress: Callable[[int, int, float], None],
    start: Vq | None = None,
    device: torch.device = CPU,
) -> VqTraining:
    """Run to the end of the recipe, resuming what `folder` holds and saving every few minutes."""
    training = VqTraining(recipe, folder, start, device)
    due = SaveTimer()
    while training.step < training.steps:
        loss = training.advance()
        progress(training.step, training.steps, loss)
        if training.step == training.steps or due():
            training.save()
    return training
