"""`python -m tests.benchmarks.tiny_decoder`: what a tiny decoder saves and costs.

With `--decoder DIR`, a tiny decoder of the shipped stickers: its PSNR beside true drawings and its
prompt-following score, each beside the full decoder's on the same tokens. Always: multiplications and seconds
of one picture of the published VQ's shape, with random weights. Writes docs/results/tiny-decoder.json.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Parser, exit_code
from reference.image import decode_tokens, encode_pixels
from reference.pipeline import Pipeline
from reference.random_weights import PRESETS, random_tensor
from reference.request import check_range
from reference.stickers.detector import SHIPPED, load_detector
from reference.stickers.evaluation_prompts import judge_pictures, prompt_set
from reference.tiny_decoder_model import (
    TinyDecoder,
    TinyDecoderConfig,
    decode_pixels,
    full_decoder,
    load_tiny_decoder,
    multiplications,
)
from tests.benchmarks.results import path, provenance, read, write

BATCH = 24
REPEATS = 3

Decode = Callable[[Tensor], Tensor]


def published(side: int) -> dict[str, Any]:
    """Multiplications, and the fastest of a few decodes in seconds, of a picture of side x side pixels."""
    vqvae = PRESETS["1b"].modules()["vqvae"]
    token_size = 2 ** (len(PRESETS["1b"].channels) - 1)
    source: Any = SimpleNamespace(
        name="published shape", vqvae=vqvae, token_size=token_size, loaded=lambda part: nullcontext()
    )
    fill(vqvae)
    with torch.device("meta"):
        tiny = TinyDecoder(TinyDecoderConfig.of(source))
    fill(tiny)
    tokens = torch.randint(0, tiny.config.codes, (1, side // token_size, side // token_size))
    rows: dict[str, Any] = {"side": side}
    for name, decode in (("full", full_decoder(vqvae)), ("tiny", tiny)):
        rows[name] = {"multiplications": multiplications(lambda d=decode: d(tokens))}  # warms up too
        rows[name]["seconds"] = min(seconds(decode, tokens) for _ in range(REPEATS))
    return rows


def fill(module: nn.Module) -> None:
    """Random weights in a module on the meta device."""
    generator = torch.Generator().manual_seed(0)
    tensors = {
        name: random_tensor(name, tuple(value.shape), generator)
        for name, value in module.state_dict().items()
    }
    module.load_state_dict(tensors, assign=True)
    module.eval().requires_grad_(False)


@torch.no_grad()
def seconds(decode: Decode, tokens: Tensor) -> float:
    begun = time.perf_counter()
    decode(tokens)
    return time.perf_counter() - begun


def stickers(checkpoint: Checkpoint, tiny: TinyDecoder, prompts: int) -> dict[str, Any]:
    """PSNR in dB beside drawings, and score in per cent, of both decoders on the same tokens."""
    tasks, pipeline = prompt_set(prompts, 0, False), Pipeline(checkpoint)
    drawings = torch.from_numpy(np.stack([task.drawing(checkpoint.defaults.size[0]) for task in tasks]))
    encoded = torch.cat([encode_pixels(checkpoint.vqvae, batch) for batch in drawings.split(BATCH)])
    drawn = []
    for start in tqdm(range(0, len(tasks), BATCH), desc="drawing", leave=False, disable=None):
        texts = [task.prompt for task in tasks[start : start + BATCH]]
        drawn.append(pipeline.text_to_image(texts, seed=start).tokens)
    judge, tokens = load_detector(SHIPPED), torch.cat(drawn)
    full: Decode = lambda grids: decode_tokens(checkpoint.vqvae, grids)  # noqa: E731
    small: Decode = lambda grids: decode_pixels(tiny, grids)  # noqa: E731
    rows: dict[str, Any] = {"prompts": len(tasks)}
    for name, decode in (("full", full), ("tiny", small)):
        error = (decode(encoded).double() - drawings.double()).square().mean()
        score = judge_pictures(judge, tasks, decode(tokens).numpy()).overall
        rows[name] = {
            "psnr_db": float(20 * np.log10(255) - 10 * torch.log10(error)),
            "score_percent": 100 * score,
        }
    return rows | {"psnr_lost": rows["full"]["psnr_db"] - rows["tiny"]["psnr_db"]}


def command_line() -> None:
    """Raises UserError."""
    parser = Parser(
        prog="python -m tests.benchmarks.tiny_decoder",
        description="Measure what a tiny decoder saves and costs; writes docs/results/tiny-decoder.json.",
        epilog="examples:\n  python -m tests.benchmarks.tiny_decoder --side 1024\n"
        "  python -m tests.benchmarks.tiny_decoder --decoder build/tiny-decoder",
    )
    parser.add_argument("--decoder", type=Path, metavar="DIR", help="a tiny decoder of the shipped stickers")
    parser.add_argument("--side", type=int, default=512, metavar="PX", help="pixels a side (%(default)s)")
    parser.add_argument("--prompts-per-category", type=int, default=20, metavar="N", help="(%(default)s)")
    given = parser.parse_args()
    check_range("side", given.side, 16, 4096)
    check_range("prompts per category", given.prompts_per_category, 1, 10_000)
    checkpoint = load_checkpoint() if given.decoder else None
    tiny = load_tiny_decoder(given.decoder, checkpoint) if checkpoint else None
    threads = torch.get_num_threads()
    command = " ".join(["python -m tests.benchmarks.tiny_decoder", *sys.argv[1:]])
    # A run without a decoder keeps what was measured of one.
    content = read("tiny-decoder") if path("tiny-decoder").exists() else {}
    content |= {**provenance(command, threads), "published": published(given.side)}
    if checkpoint and tiny:
        content["stickers"] = stickers(checkpoint, tiny, given.prompts_per_category)
    write("tiny-decoder", content)
    print(
        json.dumps({name: content[name] for name in ("published", "stickers") if name in content}, indent=1)
    )


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
