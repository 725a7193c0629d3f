"""Train the VQ's decoder alone: the tokens stay what they are, so the transformer stays right."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from reference.stickers.device import CPU, conv_format, mixed_precision
from reference.stickers.snapshot import (
    SaveTimer,
    load_snapshot,
    save_snapshot,
    share_of_batch,
    sum_gradients,
    total,
)
from reference.stickers.vq import Vq, VqRecipe, encode, picture_batches, reconstruction_loss

WARM_UP = 50  # steps


class DecoderTuning:
    """One resumable run over pictures that the VQ's own training did not see."""

    def __init__(self, vq: Vq, recipe: VqRecipe, folder: Path, device: torch.device = CPU) -> None:
        self.vq, self.recipe, self.device = vq.to(device, memory_format=conv_format(device)), recipe, device
        self.modules: dict[str, nn.Module] = {"decoder": vq.decoder, "post_quant_conv": vq.post_quant_conv}
        self.parameters = [p for module in self.modules.values() for p in module.parameters()]
        self.optimizer = torch.optim.AdamW(self.parameters, betas=(0.9, 0.98), weight_decay=0.0)
        self.file = folder / "decoder.safetensors"
        self.step = 0
        self.curve: list[tuple[int, float]] = []
        if self.file.exists():
            meta = load_snapshot(self.file, self.modules, {"optimizer": self.optimizer})
            self.step, self.curve = meta["step"], [tuple(point) for point in meta["curve"]]
        self._pictures = self._batches()

    def save(self) -> None:
        save_snapshot(
            self.file, self.modules, {"optimizer": self.optimizer}, {"step": self.step, "curve": self.curve}
        )

    def _learning_rate(self) -> float:
        """Warm-up, then linear to 0."""
        steps = self.recipe.decoder_steps
        return self.recipe.learning_rate * min((self.step + 1) / WARM_UP, (steps - self.step) / steps)

    def _batches(self) -> Iterator[Tensor]:
        """This process's share of each step's pictures from the present step on."""
        size, begun = self.recipe.batch, self.recipe.steps + self.step
        mine = share_of_batch(size)
        rows = (range(step * size, (step + 1) * size)[mine] for step in itertools.count(begun))
        return picture_batches(self.recipe, rows, self.device)

    def advance(self) -> float:
        """Take one step; returns its loss."""
        pictures = next(self._pictures)
        share = len(pictures) / self.recipe.batch
        tokens = encode(self.vq, pictures)
        codes = self.vq.quantize.get_codebook_entry(tokens, (*tokens.shape, self.recipe.code_width)).detach()
        with mixed_precision(self.device):
            output = self.vq.decoder(self.vq.post_quant_conv(codes)).float()
        loss = reconstruction_loss(output, pictures)
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        (loss * share).backward()
        sum_gradients(self.parameters)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        value = float(total(loss * share))
        if self.step % 20 == 0:
            self.curve.append((self.step, value))
        return value


def tune_decoder(
    vq: Vq,
    recipe: VqRecipe,
    folder: Path,
    progress: Callable[[int, int, float], None],
    device: torch.device = CPU,
) -> None:
    """Train the decoder of `vq` to the end of the recipe, resuming what `folder` holds."""
    tuning, due = DecoderTuning(vq, recipe, folder, device), SaveTimer()
    while tuning.step < recipe.decoder_steps:
        loss = tuning.advance()
        progress(tuning.step, recipe.decoder_steps, loss)
        if tuning.step == recipe.decoder_steps or due():
            tuning.save()
