"""Prompt-following score of a sticker checkpoint: `python -m reference.score`.

The prompts of `evaluation_prompts` are drawn and judged by the `detector`. The score stands beside two
others: that of true drawings of the same scenes (the most that can be reached, because the judge errs too),
and that of those drawings through the VQ and back (what the tokens can hold).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from tqdm import tqdm

from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Parser, RequestError
from reference.files import atomic_file, check_output_file, write_text
from reference.image import decode_tokens, encode_pixels
from reference.pipeline import Pipeline
from reference.request import check_range
from reference.stickers.detector import SHIPPED, SHIPPED_SHADED, load_detector
from reference.stickers.evaluation_prompts import Scores, Task, judge_pictures, prompt_set
from reference.stickers.scene import VOCABULARIES

FRAME = {True: (40, 160, 60), False: (210, 40, 40)}
JUDGES = {"flat": SHIPPED, "shaded": SHIPPED_SHADED}
GRID_COLUMNS = 20
BATCH = 24


@dataclass(frozen=True)
class Settings:
    """What is drawn; None: the checkpoint's default."""

    prompts_per_category: int = 60
    seed: int = 0
    held_out: bool = False
    steps: int | None = None
    guidance: float | None = None
    vocabulary: str = "flat"


@dataclass(frozen=True)
class Report:
    """Scores of a checkpoint's pictures, of drawings of the same scenes, and of those through its VQ."""

    generated: Scores
    drawings: Scores
    reconstructions: Scores
    vq_psnr: float  # dB, over all drawings
    images: np.ndarray  # u8 [n, h, w, 3], the generated ones


def generate(
    pipeline: Pipeline, tasks: Sequence[Task], settings: Settings, advance: Callable[[int], object]
) -> np.ndarray:
    """Pictures u8 [n, h, w, 3] of the tasks, the i-th drawn with Philox seed `settings.seed` + i whatever the
    batches are. `advance` is told how many pictures have gone one step further."""
    batches = []
    for start in range(0, len(tasks), BATCH):
        batch = tasks[start : start + BATCH]
        drawing = pipeline.text_to_image(
            [task.prompt for task in batch],
            seed=settings.seed + start,
            steps=settings.steps,
            guidance=settings.guidance,
            callback=lambda step, steps, tokens: advance(len(tokens)),
        )
        batches += [np.asarray(image) for image in drawing.images]
    return np.stack(batches)


def reconstruct(checkpoint: Checkpoint, drawings: np.ndarray) -> tuple[np.ndarray, float]:
    """Drawings u8 [n, h, w, 3] through the VQ's tokens and back, and the PSNR in dB over all of them."""
    pixels = torch.from_numpy(drawings)
    tokens = torch.cat([encode_pixels(checkpoint.vqvae, batch) for batch in pixels.split(BATCH)])
    output = decode_tokens(checkpoint.vqvae, tokens).numpy()
    error = np.mean((output.astype(np.float64) - drawings) ** 2)
    return output, float(10 * np.log10(255**2 / max(error, 1e-12)))


def score(checkpoint: Checkpoint, settings: Settings, tasks: Sequence[Task]) -> Report:
    """Draw and judge everything. RequestError for settings or a checkpoint that cannot draw the tasks."""
    side, height = checkpoint.defaults.size
    if side != height:
        raise RequestError(f"{checkpoint.name} draws {side}x{height}: the score needs square pictures")
    judge = load_detector(JUDGES[settings.vocabulary])
    steps = checkpoint.defaults.steps if settings.steps is None else settings.steps
    with tqdm(total=len(tasks) * steps, desc="drawing", unit="step", leave=False, disable=None) as bar:
        images = generate(Pipeline(checkpoint), tasks, settings, bar.update)
    drawings = np.stack([task.drawing(side) for task in tasks])
    reconstructions, psnr = reconstruct(checkpoint, drawings)
    return Report(
        generated=judge_pictures(judge, tasks, images),
        drawings=judge_pictures(judge, tasks, drawings),
        reconstructions=judge_pictures(judge, tasks, reconstructions),
        vq_psnr=psnr,
        images=images,
    )


def table(report: Report, tasks: Sequence[Task]) -> str:
    """The report in lines of at most 60 characters, shares in per cent."""
    columns = (report.generated, report.drawings, report.reconstructions)
    lines = [f"{'':14}{'prompts':>8}{'score':>9}{'drawings':>11}{'through VQ':>13}"]

    def line(name: str, prompts: int, shares: list[float]) -> None:
        a, b, c = (f"{100 * share:.1f}" for share in shares)
        lines.append(f"{name:14}{prompts:8}{a:>9}{b:>11}{c:>13}")

    for name in report.generated.categories:
        inside = [task for task in tasks if task.category == name]
        line(name, len(inside), [column.categories[name] for column in columns])
        for part in dict.fromkeys(task.part for task in inside if task.part):
            prompts = sum(task.part == part for task in inside)
            line(f"  {part}", prompts, [column.parts[part] for column in columns])
    line("overall", len(tasks), [column.overall for column in columns])
    lines.append(f"VQ reconstruction of drawings: {report.vq_psnr:.2f} dB")
    return "\n".join(lines)


def to_json(
    report: Report, tasks: Sequence[Task], checkpoint: Checkpoint, settings: Settings
) -> dict[str, Any]:
    """Everything but the pictures."""
    columns = {
        "generated": report.generated,
        "drawings": report.drawings,
        "reconstructions": report.reconstructions,
    }
    return {
        "checkpoint": {"name": checkpoint.name, "sha256": checkpoint.sha256},
        "settings": {
            **asdict(settings),
            "steps": settings.steps or checkpoint.defaults.steps,
            "size": checkpoint.defaults.size,
            "guidance": checkpoint.defaults.guidance if settings.guidance is None else settings.guidance,
        },
        "scores": {
            name: {"overall": column.overall, "categories": column.categories, "parts": column.parts}
            for name, column in columns.items()
        },
        "vq_psnr": report.vq_psnr,
        "prompts": [
            {
                "prompt": task.prompt,
                "category": task.category,
                "seed": settings.seed + index,
                "passed": report.generated.passed[index],
                "seen": [asdict(detection) for detection in report.generated.detections[index]],
            }
            for index, task in enumerate(tasks)
        ],
    }


def grid(images: np.ndarray, passed: Sequence[bool]) -> Image.Image:
    """The pictures in rows of twenty, at least 64 px each, framed green where passed and red where not."""
    framed = [
        ImageOps.expand(Image.fromarray(image), border=3, fill=FRAME[ok])
        for image, ok in zip(images, passed, strict=True)
    ]
    width, height = framed[0].size
    rows = -(-len(framed) // GRID_COLUMNS)
    sheet = Image.new("RGB", (min(len(framed), GRID_COLUMNS) * (width + 2), rows * (height + 2)), "white")
    for index, picture in enumerate(framed):
        sheet.paste(picture, (index % GRID_COLUMNS * (width + 2), index // GRID_COLUMNS * (height + 2)))
    return sheet


def command_line() -> None:
    """`python -m reference.score`."""
    parser = Parser(
        prog="python -m reference.score",
        description="How often a sticker checkpoint draws what its prompt says, in six categories.",
        epilog="examples:\n  python -m reference.score\n"
        "  python -m reference.score --checkpoint build/stickers --out score.json --grid score.png\n"
        "  python -m reference.score --held-out        colours of things that training never showed",
    )
    add = parser.add_argument
    add("--checkpoint", metavar="DIR|ID", help="folder or Hugging Face id; default: the shipped stickers")
    add("--size", type=int, metavar="PX", help="pixels a side; default: the checkpoint's")
    add("--vocabulary", choices=sorted(VOCABULARIES), default="flat", help="of the prompts (%(default)s)")
    add("--steps", type=int, help="drawing steps; default: the checkpoint's")
    add("--guidance", type=float, help="default: the checkpoint's")
    add(
        "--prompts-per-category", type=int, default=60, metavar="N", help="%(default)s; even numbers are best"
    )
    add("--seed", type=int, default=0, help="another seed, other prompts and pictures (%(default)s)")
    add("--held-out", action="store_true", help="only (subject, colour) pairs training never drew")
    add("--out", type=Path, metavar="FILE.json", help="write scores and what was seen in every picture")
    add("--grid", type=Path, metavar="FILE.png", help="write all pictures, framed green or red")
    given = parser.parse_args()
    check_range("prompts per category", given.prompts_per_category, 1, 10_000)
    check_range("seed", given.seed, 0, 2**63)
    for flag, path, ending in (("--out", given.out, ".json"), ("--grid", given.grid, ".png")):
        if path is not None:
            check_output_file(path, flag, ending)
    settings = Settings(
        given.prompts_per_category, given.seed, given.held_out, given.steps, given.guidance, given.vocabulary
    )
    checkpoint = load_checkpoint(given.checkpoint)
    if given.size:
        checkpoint.defaults = replace(checkpoint.defaults, size=(given.size, given.size))
    vocabulary = VOCABULARIES[settings.vocabulary]
    tasks = prompt_set(settings.prompts_per_category, settings.seed, settings.held_out, vocabulary)
    report = score(checkpoint, settings, tasks)
    print(table(report, tasks))
    if given.out:
        text = json.dumps(to_json(report, tasks, checkpoint, settings), indent=1)
        write_text(given.out, text + "\n")
        print(f"wrote {given.out}")
    if given.grid:
        sheet = grid(report.images, report.generated.passed)
        with atomic_file(given.grid) as file:
            sheet.save(file, format="PNG")
        print(f"wrote {given.grid}")
