"""`python -m tests.runtime.write_vectors`: what the Kotlin and Swift runtimes must match.

Random numbers are `runtime.philox`'s (held to Random123's known answers), token ids transformers'. Which
manifests are accepted is written in `manifest_cases`.
"""

import json
import random
import tempfile
from pathlib import Path

from runtime.bundle import read_manifest
from runtime.philox import uniforms
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


if __name__ == "__main__":
    VECTORS.mkdir(exist_ok=True)
    made = {"philox": philox_cases(), "intervals": interval_cases(), "tokenizer": tokenizer_cases()}
    for name, cases in made.items():
        lines = ",\n".join(json.dumps(case) for case in cases)
        (VECTORS / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        manifest = read_manifest(write_bundle(Path(folder) / "tiny"))
    (VECTORS / "manifests.json").write_text(document(manifest), encoding="utf-8")
