"""`python -m tests.runtime.write_vectors`: what the other runtimes must match.

Random numbers are `runtime.philox`'s (held to Random123's known answers), token ids transformers'. Which
manifests are accepted is written in `manifest_cases`, how pictures are edited in `editing_cases`.
"""

import json
import random
import tempfile
from pathlib import Path

import numpy as np
import torch

from reference.component_configs import StudentConfig
from reference.noise import PhiloxNoise
from reference.student import random_start
from runtime.bundle import read_manifest
from runtime.normals import normals
from runtime.philox import uniforms
from runtime.preview import PreviewTable
from tests.runtime import editing_cases
from tests.runtime.manifest_cases import document
from tests.runtime.prompts import prompts
from tests.runtime.published_tokenizer import published
from tests.runtime.tiny_bundle import write_bundle

# Shares with and without an exact form, and the quotients of steps themselves.
INTERVALS = (
    (0.0, 1.0),
    (0.5, 1.0),
    (0.0, 0.5),
    (0.25, 0.75),
    (0.1, 0.7),
    (0.3, 0.6),
    (1 / 3, 2 / 3),
    (0.0, 1e-9),
)
VECTORS = Path(__file__).parents[1] / "vectors"


def philox_cases() -> list[dict[str, object]]:
    cases: list[dict[str, object]] = []
    for seed in (0, 7, 2**32 + 5, 2**64 - 1):
        for step, stream in ((0, 0), (47, 0), (3, 1), (0, 2)):
            values = uniforms(seed, step, stream, 16, words=2)
            bits = values.view("uint32").tolist()
            # The seed as text: JSON readers keep 53 bits of a number.
            cases.append(
                {"seed": str(seed), "step": step, "stream": stream, "bits": bits, "uniforms": values.tolist()}
            )
    return cases


def tokenizer_cases() -> list[dict[str, object]]:
    tokenizer = published()
    texts = [text for text in prompts(random.Random(5), 400) if len(text) < 120]
    return [{"text": text, "ids": ids} for text, ids in zip(texts, tokenizer(texts).input_ids, strict=True)]


def interval_cases() -> list[dict[str, object]]:
    """Which steps lie in an interval, by exact arithmetic on the shares as JSON gives them."""
    cases: list[dict[str, object]] = []
    for steps in (1, 2, 3, 7, 8, 10, 48, 1000):
        for start, end in INTERVALS:
            inside = [step for step in range(steps) if start <= step / steps < end]
            cases.append({"steps": steps, "from": start, "until": end, "inside": inside})
    return cases


def normals_cases() -> list[dict[str, object]]:
    """Words of every size and at the ends of every quadrant, and the normal numbers that they give."""
    rng = random.Random(23)
    words = [0, 0, 0xFFFFFFFF, 0xFFFFFFFF, *(rng.getrandbits(rng.randint(1, 32)) for _ in range(1020))]
    ends = (0, 1, 0x1FFFFFFF, 0x20000000, 0x3FFFFFFF)
    words += [rng.getrandbits(2) << 30 | rng.choice(ends) for _ in range(64)]
    rows = np.array(words, np.uint32).reshape(-1, 4)
    bits = normals(rows).view(np.uint32).reshape(-1, 4)
    return [{"words": row, "bits": made} for row, made in zip(rows.tolist(), bits.tolist(), strict=True)]


def start_cases() -> list[dict[str, object]]:
    """What students start from, by the reference's own Philox; the mask is the id after the codes."""
    cases: list[dict[str, object]] = []
    for seed, codes, masked, count in (
        (0, 64, 0.6, 256),
        (7, 8192, 0.5, 15),
        (2**64 - 1, 5, 1.0, 9),
        (3, 9, 0.0, 8),
    ):
        before = torch.full((1, 1, count), codes)
        before[..., 2::5] = 1  # known
        uniforms = PhiloxNoise(seed).random_start(1, count)
        after = random_start(before, uniforms, StudentConfig(masked), codes, codes)
        cases.append(
            {
                "seed": str(seed),
                "codes": codes,
                "masked": masked,
                "before": before.ravel().tolist(),
                "after": after.ravel().tolist(),
            }
        )
    return cases


def preview_cases() -> list[dict[str, object]]:
    """Random patches and tokens, the mask (the number of codes, or more) among them."""
    rng = np.random.default_rng(4)
    cases: list[dict[str, object]] = []
    for side, codes, width, height in ((1, 3, 4, 2), (2, 5, 3, 4), (4, 2, 1, 3), (3, 7, 5, 1)):
        patches = rng.integers(0, 256, (codes, side, side, 3), np.uint8)
        tokens = rng.integers(0, codes + 2, (height, width), np.int32)
        pixels = PreviewTable(patches).picture(tokens)
        parts = {"patches": patches, "tokens": tokens, "pixels": pixels}
        lists = {name: part.ravel().tolist() for name, part in parts.items()}
        cases.append({"side": side, "width": width, "height": height, **lists})
    return cases


if __name__ == "__main__":
    VECTORS.mkdir(exist_ok=True)
    made = {
        "philox": philox_cases(),
        "intervals": interval_cases(),
        "normals": normals_cases(),
        "starts": start_cases(),
        "previews": preview_cases(),
        "tokenizer": tokenizer_cases(),
    }
    for name, cases in made.items():
        lines = ",\n".join(json.dumps(case) for case in cases)
        (VECTORS / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        manifest = read_manifest(write_bundle(Path(folder) / "tiny"))
    (VECTORS / "manifests.json").write_text(document(manifest), encoding="utf-8")
    (VECTORS / "editing.json").write_text(editing_cases.document(), encoding="utf-8")
