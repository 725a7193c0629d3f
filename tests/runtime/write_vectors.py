"""`python -m tests.runtime.write_vectors`: what the Kotlin and Swift runtimes must match.

Random numbers are `runtime.philox`'s (held to Random123's known answers), token ids transformers'. Which
manifests are accepted is written in `manifest_cases`, how pictures are edited in `editing_cases`.
"""

import json
import random
import tempfile
from pathlib import Path

import numpy as np

from runtime.bundle import read_manifest
from runtime.philox import uniforms
from runtime.preview import PreviewTable
from tests.runtime import editing_cases
from tests.runtime.manifest_cases import document
from tests.runtime.prompts import prompts
from tests.runtime.published_tokenizer import published
from tests.runtime.tiny_bundle import write_bundle

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
    for name, cases in (
        ("philox", philox_cases()),
        ("previews", preview_cases()),
        ("tokenizer", tokenizer_cases()),
    ):
        lines = ",\n".join(json.dumps(case) for case in cases)
        (VECTORS / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        manifest = read_manifest(write_bundle(Path(folder) / "tiny"))
    (VECTORS / "manifests.json").write_text(document(manifest), encoding="utf-8")
    (VECTORS / "editing.json").write_text(editing_cases.document(), encoding="utf-8")
