"""`python -m tests.parity.phone_vectors`: what the other runtimes are held to, in build/phones/vectors.

They are too large for git: ids of 10 000 prompts by transformers, temperatures and sinusoids bit by bit,
masks resized by Pillow, and runs of every drawing mode by the Python runtime on the tests' shared bundle.
build/phones also gets small bundles of several sizes, of a one-step student and of int4 weights.
Where Qualcomm's runtime is installed, build/phones/npu gets a small bundle for its NPU, whose golden trace
Python drew there.
"""

import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reference.fit import scaled
from reference.random_weights import Preset
from runtime.bundle import Bundle, open_bundle
from runtime.generator import Drawing, Generator
from runtime.loop import OnStep, Progress
from runtime.manifest import StudentFacts, TokenizerFacts
from runtime.pictures import picture_array
from runtime.request import Request
from runtime.schedule import temperatures
from runtime.sinusoids import micro_sinusoids, step_sinusoids
from tests.float_bundle import SMALLEST, WIDER, write_checkpoint
from tests.runtime.prompts import prompts
from tests.runtime.published_tokenizer import published
from tests.runtime.tiny_bundle import GOLDEN_TOKENIZER, NOISY
from tests.runtime.tiny_bundle import write_bundle as write_tiny
from tests.shared_bundles import PHONES, ROOT, make_once, shared_bundle

FOLDER, NPU = PHONES / "vectors", PHONES / "npu"
SIZES, STUDENT, INT4 = PHONES / "sizes", PHONES / "student", PHONES / "int4"
BUNDLE_SIZES = ((32, 24), (24, 32), (16, 40))
SOURCES = ("tests/parity", "tests/runtime")
PROMPTS = 10_000
MASKS = ((64, 64, 16, 16), (48, 80, 12, 20), (50, 34, 25, 17), (16, 16, 16, 16), (1024, 512, 64, 32))
STEPS = 6
GUIDANCE = 2.0
INTERVAL = (0.3, 0.7)  # of guidance: steps 2 to 4 of 6


def bits(values: np.ndarray) -> list[int]:
    return values.astype(np.float32).ravel().view(np.uint32).tolist()


def tokenizer_cases() -> dict[str, object]:
    """Ids by the recorded checkpoint's tokenizer. Its files are named from the repository's root."""
    tokenizer, texts = published(), prompts(random.Random(11), PROMPTS)
    files = (str((GOLDEN_TOKENIZER / name).relative_to(ROOT)) for name in ("vocab.json", "merges.txt"))
    ids = tokenizer(texts).input_ids
    return {
        "facts": TokenizerFacts.of(tokenizer, *files).model_dump(),
        "cases": [{"text": text, "ids": row} for text, row in zip(texts, ids, strict=True)],
    }


def numbers() -> dict[str, object]:
    return {
        "temperatures": {str(steps): bits(temperatures(steps)) for steps in (1, 2, 3, 16, 47, 48, 64, 1000)},
        "step_sinusoids": bits(step_sinusoids(64, "index")),
        "share_sinusoids": bits(step_sinusoids(48, "share")),
        "micro_sinusoids": bits(micro_sinusoids(1024, 768, 6.0)),
    }


def argb(picture: Image.Image) -> list[int]:
    """0xAARRGGBB for each pixel, as signed 32-bit numbers."""
    r, g, b, a = (np.asarray(band, np.uint32) for band in picture.convert("RGBA").split())
    return ((a << 24) | (r << 16) | (g << 8) | b).astype(np.uint32).view(np.int32).ravel().tolist()


def noise_picture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Blocks of random colour and opacity, half of them white, so that masks have large areas."""
    coarse = rng.integers(0, 256, (max(height // 5, 1), max(width // 5, 1), 4), np.uint8)
    coarse[coarse[..., 0] > 127] = 255
    return Image.fromarray(coarse, "RGBA").resize((width, height), Image.Resampling.NEAREST)


def picture_cases() -> list[dict[str, object]]:
    rng, cases = np.random.default_rng(3), list[dict[str, object]]()
    for width, height, columns, rows in MASKS:
        picture = noise_picture(rng, width, height)
        black = Image.new("RGBA", picture.size, "black")  # so that transparent areas mean "keep"
        grey = Image.alpha_composite(black, picture.convert("RGBA")).convert("L")
        small = scaled(grey, (columns, rows))
        cases.append(
            {
                "size": [width, height],
                "grid": [columns, rows],
                "argb": argb(picture),
                "grey": np.asarray(small).ravel().tolist(),
                "rgb_sha256": hashlib.sha256(picture_array(picture, (width, height)).tobytes()).hexdigest(),
            }
        )
    return cases


class Recorder:
    """Draws and records the request and its results."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []

    def record(
        self, mode: str, draw: Callable[[Request, OnStep], Drawing], seed: int, **inputs: object
    ) -> Drawing:
        after: list[list[int]] = []

        def on_step(progress: Progress) -> None:
            after.append(progress.tokens.ravel().tolist())

        guidance = inputs.pop("guidance", GUIDANCE)
        assert isinstance(guidance, float)
        start, end = INTERVAL if inputs.pop("interval", False) else (0.0, 1.0)
        request = Request(
            "a red cat with a hat",
            seed=seed,
            steps=STEPS,
            guidance=guidance,
            guidance_from=start,
            guidance_until=end,
        )
        drawing = draw(request, on_step)
        self.runs.append(
            {
                "mode": mode,
                "prompt": request.prompt,
                "seed": str(seed),
                "steps": STEPS,
                "guidance": guidance,
                "guidance_from": start,
                "guidance_until": end,
                "low_memory": False,
                **inputs,
                "tokens": after,
                "image_sha256": hashlib.sha256(drawing.picture.tobytes()).hexdigest(),
            }
        )
        return drawing


def runs(bundle: Bundle) -> list[dict[str, Any]]:
    generator = Generator(bundle, keep=True)
    recorder = Recorder()
    # Mapped weights run on other kernels: the same tokens, but the picture is rounded differently.
    recorder.record("text", Generator(bundle, low_memory=True).text_to_image, 3, low_memory=True)
    drawn = recorder.record("text", generator.text_to_image, 3)
    recorder.record("text", generator.text_to_image, 2**64 - 1, guidance=1.0)
    recorder.record("text", generator.text_to_image, 3, interval=True)
    picture = Image.fromarray(drawn.picture)
    width, height = picture.size
    for strength in (0.5, 1.0):
        recorder.record(
            "image",
            lambda request, on_step, strength=strength: generator.image_to_image(
                request, picture, strength, on_step
            ),
            4,
            image=argb(picture),
            image_size=[width, height],
            strength=strength,
        )
    mask = noise_picture(np.random.default_rng(5), width, height)
    recorder.record(
        "inpaint",
        lambda request, on_step: generator.inpaint(request, picture, mask, 1.0, on_step),
        5,
        image=argb(picture),
        image_size=[width, height],
        mask=argb(mask),
        strength=1.0,
    )
    unit = generator.bundle.manifest.model.token_size
    margins = (2 * unit, 0, unit, 3 * unit)
    small = picture.crop((0, 0, width - 3 * unit, height - 3 * unit))
    recorder.record(
        "outpaint",
        lambda request, on_step: generator.outpaint(request, small, margins, on_step),
        6,
        image=argb(small),
        image_size=list(small.size),
        margins=list(margins),
    )
    return recorder.runs


def size_runs() -> list[dict[str, Any]]:
    """Drawings of a bundle of several sizes, one after the other in one generator, that change the size."""
    generator = Generator(open_bundle(SIZES), keep=True)
    made = []
    for size in (*BUNDLE_SIZES, *reversed(BUNDLE_SIZES)):
        run, drawing = drawn(generator, Request("a red cat", seed=9, size=size))
        made.append(
            {**run, "size": list(size), "encoded": generator.encode(drawing.picture).ravel().tolist()}
        )
    return made


def student_runs() -> list[dict[str, Any]]:
    """Drawings of the tiny student in one pass, its default, and in several."""
    generator = Generator(open_bundle(STUDENT), keep=True)
    requests = [Request("a red cat", seed=seed, steps=steps) for seed, steps in ((9, 1), (10, 1), (9, 4))]
    return [drawn(generator, request)[0] | {"steps": request.steps} for request in requests]


def drawn(generator: Generator, request: Request) -> tuple[dict[str, Any], Drawing]:
    """What identifies a drawing, and the drawing."""
    after: list[list[int]] = []

    def on_step(progress: Progress) -> None:
        after.append(progress.tokens.ravel().tolist())

    drawing = generator.text_to_image(request, on_step)
    facts = {
        "prompt": request.prompt,
        "seed": str(request.seed),
        "tokens": after,
        "image_sha256": hashlib.sha256(drawing.picture.tobytes()).hexdigest(),
    }
    return facts, drawing


def write_sizes() -> None:
    """The tiny bundle in several sizes, two of which have as many tokens."""
    shutil.rmtree(SIZES, ignore_errors=True)
    write_tiny(SIZES, sizes=BUNDLE_SIZES)


def write_student() -> None:
    """The tiny bundle as a one-step student, whose token embeddings take noise."""
    shutil.rmtree(STUDENT, ignore_errors=True)
    write_tiny(STUDENT, {"transformer": NOISY}, student=StudentFacts(masked=0.6, noise=0.1))


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = {
        "tokenizer": tokenizer_cases(),
        "numbers": numbers(),
        "pictures": picture_cases(),
        "sizes": size_runs(),
        "students": student_runs(),
        "runs": runs(open_bundle(shared_bundle("android"))),
    }
    for name, content in made.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def write_random(preset: Preset, bundle: Path, *flags: str) -> None:
    """A bundle of random weights. Raises SystemExit if the export refuses it."""
    from export.onnx import main as export

    with tempfile.TemporaryDirectory() as folder:
        checkpoint = write_checkpoint(Path(folder) / "checkpoint", preset)
        if code := export(["--checkpoint", str(checkpoint), *flags, "--out", str(bundle), "--overwrite"]):
            raise SystemExit(code)


if __name__ == "__main__":
    make_once(SIZES, write_sizes, *SOURCES)
    make_once(STUDENT, write_student, *SOURCES)
    make_once(INT4, lambda: write_random(WIDER, INT4, "--int4"))
    make_once(FOLDER, write, *SOURCES)
    if find_spec("onnxruntime_qnn"):
        make_once(NPU, lambda: write_random(SMALLEST, NPU, "--qnn", "--soc", "sm8650"))
    else:
        print("NOT RECORDED: a bundle for Qualcomm's NPU. It needs onnxruntime-qnn", file=sys.stderr)
