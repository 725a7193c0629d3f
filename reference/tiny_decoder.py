"""Distil a checkpoint's VQ decoder into a tiny one: `python -m reference.tiny_decoder`.

The tiny decoder learns to give the pictures that the VQ's decoder makes of token grids; nothing else is
needed. Large grids are cut into windows, and the VQ's decoder runs once a window.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Parser, RequestError, exit_code
from reference.files import atomic_file, shown
from reference.publishing import check_output_folder
from reference.request import check_range
from reference.stickers.device import training_device
from reference.stickers.snapshot import (
    Optimizers,
    SaveTimer,
    load_snapshot,
    opened_snapshot,
    read_meta,
    save_snapshot,
    seed_all,
)
from reference.tiny_decoder_model import (
    CONFIG,
    WEIGHTS,
    TinyDecoder,
    TinyDecoderConfig,
    full_decoder,
    multiplications,
    save_tiny_decoder,
)
from reference.token_grids import grids_of_drawings, grids_of_pictures, picture_files
from reference.weights import save_tensors

STATE, GRIDS = "training.safetensors", "grids.safetensors"  # of an unfinished run, beside what it makes
FILES = (CONFIG, WEIGHTS, STATE, GRIDS)
WINDOW = 256  # pixels of a side that is decoded at a time
BYTES = 1_000_000_000  # of the windows' pictures in memory
BATCH = 16
WARM_UP = 50  # steps
RATES = {"muon": 0.02, "adam": 6e-3}  # the highest learning rates
EXAMPLES = """examples:
  python -m reference.tiny_decoder                                   # of the shipped stickers' own drawings
  python -m reference.tiny_decoder --pictures ~/pictures             # of the tokens of a folder's pictures
  python -m reference.tiny_decoder --checkpoint MeissonFlow/Meissonic --pictures ~/pictures --out build/tiny
  python -m export.onnx --tiny-decoder build/tiny-decoder            # then: put it into a bundle
Start the same command again to resume it.
"""


@dataclass(frozen=True)
class Job:
    """What to distil, from what, and where to."""

    checkpoint: Checkpoint
    pictures: Path | None  # a folder; None: the checkpoint's own drawings
    drawings: int  # how many, without pictures
    steps: int
    out: Path

    @property
    def key(self) -> dict:
        """What decides the result; a run resumes only where all of it is equal."""
        pictures = str(self.pictures.resolve()) if self.pictures else self.drawings
        return {
            "checkpoint": self.checkpoint.sha256,
            "pictures": pictures,
            "steps": self.steps,
            "learning_rates": RATES,
        }


class Distillation:
    """One resumable run over `windows` of token grids, i32 [n, H, W]; the last twentieth is held out."""

    def __init__(self, job: Job, windows: Tensor) -> None:
        seed_all(0)
        self.job, self.device = job, training_device()
        self.decoder = TinyDecoder(TinyDecoderConfig.of(job.checkpoint))
        self.decoder.start_from(job.checkpoint.vqvae)
        self.decoder.to(self.device)
        # Muon takes 2-D parameters alone, so each convolution gets a flattened one that shares its memory.
        # After 400 steps the pictures are 2.7 dB nearer to true drawings than with AdamW for all.
        self.matrices = {
            weight: nn.Parameter(weight.detach().flatten(1))
            for weight in self.decoder.parameters()
            if weight.ndim == 4 and weight.shape[1] > 1
        }
        others = [weight for weight in self.decoder.parameters() if weight not in self.matrices]
        self.optimizers: Optimizers = {
            "muon": torch.optim.Muon(self.matrices.values(), weight_decay=0.0),
            "adam": torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.0),
        }
        held_out = max(1, len(windows) // 20)
        self.windows, self.held_out = windows[:-held_out], windows[-held_out:]
        self.teacher = full_decoder(job.checkpoint.vqvae.to(self.device))
        self.taught: dict[int, Tensor] = {}  # the teacher's pictures u8 [3, h, w] by window
        self.step = 0
        if (job.out / STATE).exists():
            meta = load_snapshot(job.out / STATE, {"decoder": self.decoder}, self.optimizers)
            self.step = meta["step"]

    def save(self) -> None:
        meta = {"key": self.job.key, "step": self.step}
        save_snapshot(self.job.out / STATE, {"decoder": self.decoder}, self.optimizers, meta)

    @torch.no_grad()
    def levels(self, tokens: Tensor) -> Tensor:
        """The teacher's pictures u8 [B, 3, h, w]."""
        return (self.teacher(tokens.long()).clamp(0, 1) * 255).round().byte()

    def lesson(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Windows and the teacher's pictures of them, in [0, 1]."""
        for row in rows:
            if row not in self.taught:
                self.taught[row] = self.levels(self.windows[row][None].to(self.device))[0]
        tokens = self.windows[list(rows)].long().to(self.device)
        return tokens, torch.stack([self.taught[row] for row in rows]).float() / 255

    def learning_rate(self, highest: float) -> float:
        """Warm-up, then linear to 0."""
        return highest * min((self.step + 1) / WARM_UP, 1 - self.step / self.job.steps)

    def advance(self) -> float:
        """Take one step; returns its mean squared error."""
        generator = torch.Generator().manual_seed(self.step)
        rows = torch.randint(len(self.windows), (BATCH,), generator=generator).tolist()
        tokens, pictures = self.lesson(rows)
        made = self.decoder(tokens)
        error = F.mse_loss(made, pictures)
        self.decoder.zero_grad()
        (error + 0.1 * F.l1_loss(made, pictures)).backward()
        for weight, matrix in self.matrices.items():
            assert weight.grad is not None
            matrix.grad = weight.grad.flatten(1)
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate(RATES[name])
            optimizer.step()
        self.step += 1
        return float(error.detach())

    @torch.no_grad()
    def quality(self) -> float:
        """PSNR in dB beside the teacher, on the windows held out."""
        error, numbers = 0.0, 0
        for window in self.held_out.split(BATCH):
            tokens = window.long().to(self.device)
            made = self.decoder(tokens).clamp(0, 1)
            error += float(F.mse_loss(made, self.levels(tokens).float() / 255, reduction="sum"))
            numbers += made.numel()
        return -10 * math.log10(error / numbers)

    def cost(self) -> tuple[int, int]:
        """Multiplications of one window: (the VQ's decoder, the tiny one)."""
        tokens = self.held_out[:1].long().to(self.device)
        full = multiplications(lambda: self.teacher(tokens))
        return full, multiplications(lambda: self.decoder(tokens))

    def run(self) -> None:
        """Train to the end, saving every two minutes and when interrupted."""
        due = SaveTimer()
        steps = self.job.steps
        with tqdm(total=steps, initial=self.step, desc="distilling", leave=False, disable=None) as bar:
            try:
                while self.step < steps:
                    error = self.advance()
                    bar.update()
                    bar.set_postfix_str(f"{-10 * torch.tensor(error).log10():.1f} dB", refresh=False)
                    if due():
                        self.save()
            finally:
                self.save()


def cut(grids: Tensor, token_size: int) -> Tensor:
    """Windows i32 [n, h, w] of grids [m, H, W], in random order, as many as fit in `BYTES`."""
    height, width = (min(side, max(1, WINDOW // token_size)) for side in grids.shape[1:])
    tiles = grids.unfold(1, height, height).unfold(2, width, width).reshape(-1, height, width)
    order = torch.randperm(len(tiles), generator=torch.Generator().manual_seed(0))
    return tiles[order[: max(2, BYTES // (3 * height * width * token_size**2))]]


def token_grids(job: Job) -> Tensor:
    """The grids i32 [n, H, W] of a job, kept beside its state, so that an interrupted run goes on."""
    file, files = job.out / GRIDS, picture_files(job.pictures) if job.pictures else None
    parts, due = [], SaveTimer()
    if file.exists():
        with opened_snapshot(file) as opened:
            parts.append(opened.get_tensor("grids"))

    def keep() -> None:
        with atomic_file(file) as opened:
            save_tensors(Path(opened.name), {"grids": torch.cat(parts)}, {"key": json.dumps(job.key)})

    first = sum(map(len, parts))
    made = (
        grids_of_pictures(job.checkpoint, files, first)
        if files
        else grids_of_drawings(job.checkpoint, job.drawings, first)
    )
    try:
        for batch in made:
            parts.append(batch)
            if due():
                keep()
    finally:
        if parts:
            keep()
    return torch.cat(parts)


def check_run(job: Job, overwrite: bool) -> None:
    """Raises RequestError unless `job.out` is new, holds the same unfinished run, or may be overwritten."""
    check_output_folder(job.out)
    out = job.out
    if not out.is_dir():
        return
    if others := sorted({path.name for path in out.iterdir()} - set(FILES)):
        raise RequestError(f"--out {shown(out)} also holds {others[0]}: choose another folder")
    if (out / CONFIG).exists() and not overwrite:
        raise RequestError(f"--out {shown(out)} holds a finished tiny decoder: add --overwrite to replace it")
    if all(key == job.key for key in unfinished(out)):
        return
    if not overwrite:
        raise RequestError(
            f"--out {shown(out)} holds an unfinished run of another checkpoint, pictures or steps: add"
            " --overwrite to start anew, or choose another folder"
        )
    for name in (STATE, GRIDS):
        (out / name).unlink(missing_ok=True)


def unfinished(out: Path) -> Iterator[dict]:
    """The key of each file that an unfinished run left in a folder."""
    if (out / GRIDS).exists():
        with opened_snapshot(out / GRIDS) as file:
            yield json.loads(file.metadata()["key"])
    if (out / STATE).exists():
        yield read_meta(out / STATE)["key"]


def distil(job: Job) -> dict[str, float]:
    """Carry out a job, resuming what its folder holds. Returns the figures written with the decoder."""
    job.out.mkdir(parents=True, exist_ok=True)
    windows = cut(token_grids(job), job.checkpoint.token_size)
    if len(windows) < 2:
        raise RequestError(
            f"--pictures {job.pictures} has one small picture: put another there, to measure the decoder on"
        )
    with job.checkpoint.loaded("vqvae"):
        run = Distillation(job, windows)
        run.run()
        full, tiny = run.cost()
        figures = {"_psnr": round(run.quality(), 2), "_multiplications": tiny, "_multiplications_full": full}
    save_tiny_decoder(run.decoder, job.out, figures)
    for name in (STATE, GRIDS):
        (job.out / name).unlink()
    return figures


def command_line(arguments: Sequence[str] | None = None) -> None:
    """`python -m reference.tiny_decoder`."""
    parser = Parser(
        prog="python -m reference.tiny_decoder",
        description="Distil a checkpoint's image decoder into a tiny one, with at least ten times fewer"
        " multiplications.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("--checkpoint", metavar="DIR|ID", help="folder or hub id; default: the shipped stickers")
    add("--pictures", type=Path, metavar="DIR", help="folder to learn from; default: its own drawings")
    add("--drawings", type=int, metavar="N", help="how many drawings, without --pictures (512)")
    add("--steps", type=int, default=6000, help="of 16 windows each (%(default)s)")
    add("--out", type=Path, default=Path("build/tiny-decoder"), metavar="DIR", help="default: %(default)s")
    add("--overwrite", action="store_true", help="replace a finished decoder, or start anew")
    given = parser.parse_args(arguments)
    check_range("steps", given.steps, 1, 10_000_000)
    if given.pictures and given.drawings is not None:
        raise RequestError("--drawings is for a run without --pictures: leave one out")
    drawings = 512 if given.drawings is None else given.drawings
    check_range("drawings", drawings, 2, 1_000_000)
    if given.pictures:
        picture_files(given.pictures)
    checkpoint = load_checkpoint(given.checkpoint, stream=True)
    TinyDecoderConfig.of(checkpoint)
    job = Job(checkpoint, given.pictures, drawings, given.steps, given.out)
    check_run(job, given.overwrite)
    figures = distil(job)
    ratio = figures["_multiplications_full"] / figures["_multiplications"]
    print(
        f"{shown(given.out)}: {figures['_psnr']:.1f} dB beside the full decoder on windows held out,"
        f" {ratio:.1f} times fewer multiplications"
    )


if __name__ == "__main__":
    sys.exit(exit_code(command_line, stopped="start the same command again to go on"))
