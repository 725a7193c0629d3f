"""Fits the patches that make previews (`runtime.preview`) to pictures of the reference's decoder, at export.

Least squares in two steps. A linear map takes each code's vector in the codebook to a patch, so a code that
is seldom drawn has a patch too. Then each code moves from there towards the mean of its own positions, the
further the more it has: ridge regression on the codes.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from export.verify import Effort
from quantize.gptq_moments import CALIBRATION_PROMPTS, POSITIONS
from reference.checkpoint import Checkpoint
from reference.image import decode_tokens
from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.generator import Drawing, Generator
from runtime.parity.measures import image_psnr
from runtime.preview import PreviewTable
from runtime.request import Request

SIDE = 2  # pixels along one side of a token; 4 would take four times the bytes
STEPS = 4  # of a drawing
RIDGE = 4.0  # positions


def fit_preview(bundle: Bundle, checkpoint: Checkpoint, drawing: Drawing) -> tuple[np.ndarray, float]:
    """The patches u8 [C, side, side, 3], and their PSNR in dB on `drawing`, the bundle's golden one.

    The PSNR is beside the decoded picture, averaged down to the size of the preview. The patches are fitted
    to other drawings of the bundle; those of a large model, whose steps take long, to the golden one itself.
    """
    side = min(SIDE, checkpoint.token_size)
    large = Effort.of(checkpoint).guided_only
    grids = [] if large else drawn(bundle)
    tokens = torch.from_numpy(np.stack([*grids, drawing.tokens])).long()
    with checkpoint.loaded("vqvae"):
        pictures = decode_tokens(checkpoint.vqvae, tokens)
        vectors = checkpoint.vqvae.quantize.embedding.weight.detach().float()
    small = averaged(pictures, checkpoint.token_size // side)
    fitted = slice(None) if large else slice(-1)
    patches = fit(tokens[fitted], small[fitted], vectors)
    preview = PreviewTable(patches).picture(drawing.tokens)
    return patches, image_psnr(small[-1].round().byte(), preview)


def drawn(bundle: Bundle) -> list[np.ndarray]:
    """Grids i32 [H, W]: what the bundle would show after each step of a few drawings."""
    usual: EngineName | None = "evaluator" if bundle.manifest.engine == "coreml" else None
    width, height = bundle.manifest.defaults.size
    positions = STEPS * width * height // bundle.manifest.model.token_size**2
    grids: list[np.ndarray] = []
    with Generator(bundle, keep=True, engine=usual) as generator:
        for seed, prompt in enumerate(CALIBRATION_PROMPTS[: max(1, POSITIONS // positions)]):
            request = Request(prompt, seed=seed, steps=STEPS)
            generator.text_to_image(request, lambda progress: grids.append(progress.candidate))
    return grids


def averaged(pictures: Tensor, factor: int) -> Tensor:
    """Pictures u8 [n, h, w, 3] -> f32 [n, h / factor, w / factor, 3], means of squares of pixels."""
    return F.avg_pool2d(pictures.permute(0, 3, 1, 2).float(), factor).permute(0, 2, 3, 1)


def fit(tokens: Tensor, pictures: Tensor, vectors: Tensor) -> np.ndarray:
    """Patches u8 [C, s, s, 3] from tokens i64 [n, H, W], their pictures f32 [n, H*s, W*s, 3] and the codebook
    f32 [C, E]. In float64.
    """
    codes, side = len(vectors), pictures.shape[1] // tokens.shape[1]
    parts = pictures.double().unfold(1, side, side).unfold(2, side, side)  # [n, H, W, 3, s, s]
    parts = parts.permute(0, 1, 2, 4, 5, 3).reshape(tokens.numel(), -1)
    count = torch.bincount(tokens.flatten(), minlength=codes).double()[:, None]
    total = torch.zeros(codes, parts.shape[1], dtype=torch.float64).index_add_(0, tokens.flatten(), parts)
    rows = torch.cat([vectors.double(), torch.ones(codes, 1, dtype=torch.float64)], dim=1)
    weighted = rows * count.sqrt()
    # Codes that lie in a plane, or fewer of them than dimensions, leave the map open: take the smallest.
    linear = torch.linalg.pinv(weighted) @ (total / count.clamp(min=1).sqrt())
    base = rows @ linear
    patches = base + (total - count * base) / (count + RIDGE)
    return patches.clamp(0, 255).round().byte().reshape(codes, side, side, 3).numpy()
