"""The published size, written, read and run: `make test-slow` (3 GB of disk, 6 GB of memory, minutes)."""

from pathlib import Path

import pytest
import torch

from reference.checkpoint import DTYPES, describe, load_checkpoint
from reference.pipeline import Pipeline
from reference.random_weights import PRESETS, write_random

PARAMETERS = {"transformer": 1_006_946_304, "vqvae": 146_244_675, "text_encoder": 354_032_640}


@pytest.mark.slow
def test_a_random_checkpoint_of_the_published_size_loads_and_draws(tmp_path: Path) -> None:
    write_random(tmp_path, PRESETS["1b"], DTYPES["fp16"])
    text = describe(tmp_path)
    checkpoint = load_checkpoint(tmp_path, torch.bfloat16)
    for part, count in PARAMETERS.items():
        assert f"{part}: {count:,} parameters" in text
        assert sum(p.numel() for p in getattr(checkpoint, part).parameters()) == count
    assert checkpoint.defaults.size == (1024, 1024)
    # a small picture through all of it: every block runs, and no value overflows
    drawing = Pipeline(checkpoint).text_to_image("a fox", size=(256, 256), steps=2, guidance=9.0)
    assert drawing.images[0].size == (256, 256)
    assert drawing.tokens.min() >= 0 and drawing.tokens.max() < 8192
    assert drawing.tokens.unique().numel() > 50
