"""Train the judge: `python -m reference.judge --out DIR`.

It learns from drawings alone, never from generated pictures, and from seeds of its own. Half of its pictures
are scenes of the grammar; the other half are objects strewn at will, so that it cannot guess from habit (that
two equal objects make a third likely, or that a place is a layout's). All pictures are roughened as a VQ or a
phone might: blurred, shrunk and enlarged, compressed, tinted, with noise; a few are scrambled, which shows
nothing. Every (subject, colour) pair is drawn, those held out from the generator too.
"""

import io
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from torch import Tensor
from tqdm import tqdm

from reference.errors import Parser, RequestError
from reference.stickers.detector import (
    GRID,
    SHIPPED,
    SIDE,
    Detection,
    Detector,
    DetectorConfig,
    save_detector,
)
from reference.stickers.device import CPU, conv_format, mixed_precision
from reference.stickers.draw import draw
from reference.stickers.scene import (
    COLOURS,
    FLAT,
    VOCABULARIES,
    Scene,
    Sticker,
    Vocabulary,
    pick_background,
    sample_scene,
)

TRAINING, TESTING = 0, 1  # streams of pictures under one seed
CLEAN, ROUGH, CROPPED, STREWN, HELD_OUT = "clean", "rough", "cropped", "strewn", "held-out pairs"
NEAR = 0.09
"""Fractions of the side that a found centre may lie off the drawn one: a cell and a half."""


@dataclass(frozen=True)
class JudgeRecipe:
    """How the judge is trained; `seed` is none that the generator's data comes from."""

    steps: int = 1_200
    batch: int = 48
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    seed: int = 4_711


Sample = tuple[np.ndarray, tuple[Sticker, ...]]
"""uint8 [64, 64, 3] and what it shows, coordinates in fractions of the picture."""


def strewn_scene(rng: np.random.Generator, vocabulary: Vocabulary = FLAT) -> Scene:
    """Up to five objects of any kind, colour and size anywhere, not on top of one another."""
    stickers: list[Sticker] = []
    subjects = vocabulary.subjects
    wanted = 0 if rng.random() < 0.05 else int(rng.integers(1, 6))
    for _ in range(8 * wanted):
        radius = rng.uniform(0.16, 0.3) if wanted > 1 else rng.uniform(0.16, 0.44)
        subject = subjects[rng.integers(len(subjects))]
        wears = subject in vocabulary.wearers
        hat, glasses = wears and rng.random() < 0.3, wears and rng.random() < 0.3
        top = min(1.4 if hat else 0.85, 0.5 / radius)
        x, y = rng.uniform(0.85 * radius, 1 - 0.85 * radius), rng.uniform(top * radius, 1 - 0.85 * radius)
        if any(np.hypot(x - s.x, y - s.y) < max(0.9 * (radius + s.radius), 0.26) for s in stickers):
            continue
        colour = list(COLOURS)[rng.integers(len(COLOURS))]
        stickers.append(Sticker(subject, colour, x, y, radius, hat=bool(hat), glasses=bool(glasses)))
        if len(stickers) == wanted:
            break
    background = "white" if rng.random() < 0.5 else pick_background(rng, vocabulary)
    wobble = float(rng.uniform(0, 1) ** 2)
    return Scene("strewn", tuple(stickers), background=background, wobble=wobble, shaded=vocabulary.shaded)


def cropped(scene: Scene, rng: np.random.Generator) -> Sample:
    """A cut-out of a drawing a quarter larger, and the objects whose centres are in it."""
    whole = SIDE + SIDE // 4
    top, left = rng.integers(0, whole - SIDE + 1, 2).tolist()
    picture = draw(scene, whole, rng)[top : top + SIDE, left : left + SIDE]
    moved = tuple(
        Sticker(
            s.subject, s.colour, (s.x * whole - left) / SIDE, (s.y * whole - top) / SIDE,
            s.radius * whole / SIDE, s.hat, s.glasses,
        )
        for s in scene.stickers
    )  # fmt: skip
    return picture, tuple(s for s in moved if 0 <= s.x < 1 and 0 <= s.y < 1)


def roughened(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some of: blur (up to 1 px), shrinking (to 60 %), JPEG, tint and contrast, noise (up to 8 levels)."""
    image = Image.fromarray(picture)
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.0)))
    if rng.random() < 0.3:
        side = int(rng.integers(round(0.6 * SIDE), SIDE))
        image = image.resize((side, side), Image.Resampling.BOX)
        image = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    if rng.random() < 0.3:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(35, 92)))
        image = Image.open(file)
    values = np.asarray(image, np.float64)
    if rng.random() < 0.6:
        values = 128 + (values - 128) * rng.uniform(0.92, 1.06) + rng.uniform(-7, 7, 3)
    if rng.random() < 0.4:
        values = values + rng.normal(0, rng.uniform(0, 8), values.shape)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def scrambled(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture's 8 px tiles in another order: colours and strokes, but no object."""
    tiles = picture.reshape(8, 8, 8, 8, 3).swapaxes(1, 2).reshape(64, 8, 8, 3)
    return rng.permutation(tiles).reshape(8, 8, 8, 8, 3).swapaxes(1, 2).reshape(SIDE, SIDE, 3)


def training_sample(seed: int, index: int, vocabulary: Vocabulary = FLAT) -> Sample:
    """Picture `index` the judge learns from."""
    rng = np.random.default_rng([seed, TRAINING, index])
    kind = rng.random()
    if kind < 0.5:
        scene = strewn_scene(rng, vocabulary)
        picture, stickers = draw(scene, SIDE, rng), scene.stickers
    else:
        scene = sample_scene(rng, held_out=rng.random() < 0.1, vocabulary=vocabulary)
        picture, stickers = draw(scene, SIDE, rng), scene.stickers
        if kind > 0.94:
            picture, stickers = cropped(scene, rng)
    if rng.random() < 0.03:
        picture, stickers = scrambled(picture, rng), ()
    return roughened(picture, rng) if rng.random() < 0.8 else picture, stickers


def fresh_sample(seed: int, index: int, kind: str, vocabulary: Vocabulary = FLAT) -> Sample:
    """Picture `index` of a kind it is measured on; no training picture has its random numbers."""
    rng = np.random.default_rng([seed, TESTING, index])
    if kind == STREWN:
        scene = strewn_scene(rng, vocabulary)
    else:
        scene = sample_scene(rng, held_out=kind == HELD_OUT, vocabulary=vocabulary)
    if kind == CROPPED:
        return cropped(scene, rng)
    picture = draw(scene, SIDE, rng)
    return roughened(picture, rng) if kind == ROUGH else picture, scene.stickers


@dataclass(frozen=True)
class Targets:
    """What the detector should say, on its grid of 16x16 cells."""

    subjects: np.ndarray  # f32 [S, 16, 16]: 1 at a centre, falling off like a Gaussian
    near: np.ndarray  # f32 [16, 16]: how much a cell belongs to an object, 0 where none is near
    colours: np.ndarray  # i64 [16, 16], used where `near`
    worn: np.ndarray  # f32 [2, 16, 16], likewise


def targets(stickers: Sequence[Sticker], vocabulary: Vocabulary = FLAT) -> Targets:
    """The detector's answer to a picture of these stickers."""
    subjects = np.zeros((len(vocabulary.subjects), GRID, GRID), np.float32)
    near = np.zeros((GRID, GRID), np.float32)
    colours = np.zeros((GRID, GRID), np.int64)
    worn = np.zeros((2, GRID, GRID), np.float32)
    cells = np.arange(GRID) + 0.5
    for sticker in stickers:
        width = 0.6 + 0.1 * sticker.radius * GRID
        down, across = (cells - sticker.y * GRID) ** 2, (cells - sticker.x * GRID) ** 2
        bump = np.exp(-(down[:, None] + across) / (2 * width**2)).astype(np.float32)
        bump[int(sticker.y * GRID), int(sticker.x * GRID)] = 1
        heat = subjects[vocabulary.subjects.index(sticker.subject)]
        np.maximum(heat, bump, out=heat)
        mine = (bump > 0.3) & (bump > near)
        near[mine] = bump[mine]
        colours[mine] = list(COLOURS).index(sticker.colour)
        worn[:, mine] = np.array([[sticker.hat], [sticker.glasses]])
    return Targets(subjects, near, colours, worn)


def focal_loss(logits: Tensor, heat: Tensor) -> Tensor:
    """Sum over cells of the penalty-reduced focal loss, alpha 2, beta 4 (Law & Deng 2018, equation 1)."""
    probability = logits.sigmoid()
    at_centre = F.logsigmoid(logits) * (1 - probability) ** 2
    elsewhere = F.logsigmoid(-logits) * probability**2 * (1 - heat) ** 4
    return -torch.where(heat == 1, at_centre, elsewhere).sum()


def loss_of(detector: Detector, samples: Sequence[Sample]) -> Tensor:
    """Focal loss of subjects + cross-entropy of colours + twice that of what is worn, an object."""
    pictures = torch.from_numpy(np.stack([picture for picture, _ in samples])).permute(0, 3, 1, 2)
    wanted = [targets(stickers, detector.config.vocabulary) for _, stickers in samples]
    subjects, near, colours, worn = (
        torch.from_numpy(np.stack([getattr(target, name) for target in wanted]))
        for name in ("subjects", "near", "colours", "worn")
    )
    with mixed_precision(CPU):
        outputs = detector((pictures.float() / 255).contiguous(memory_format=conv_format(CPU)))
    heat, hues, wears = (output.float() for output in outputs)
    objects = max(1, sum(len(stickers) for _, stickers in samples))
    colour_loss = F.cross_entropy(hues, colours, reduction="none") * near
    worn_loss = F.binary_cross_entropy_with_logits(wears, worn, reduction="none") * near[:, None]
    belongs = near.sum().clamp(min=1)
    return focal_loss(heat, subjects) / objects + (colour_loss.sum() + 2 * worn_loss.sum()) / belongs


def train(recipe: JudgeRecipe, config: DetectorConfig) -> Detector:
    """A detector trained from nothing, in evaluation mode; the same recipe gives the same pictures."""
    torch.manual_seed(recipe.seed)
    detector = Detector(config).train()
    detector.to(memory_format=conv_format(CPU))  # type: ignore[call-overload] # the stubs lack it
    optimizer = torch.optim.AdamW(detector.parameters(), weight_decay=recipe.weight_decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.steps, pct_start=0.15
    )
    smooth = 0.0
    with tqdm(range(recipe.steps), desc="judge", unit="step", mininterval=1, disable=None) as bar:
        for step in bar:
            first = step * recipe.batch
            samples = [
                training_sample(recipe.seed, first + row, config.vocabulary) for row in range(recipe.batch)
            ]
            loss = loss_of(detector, samples)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(detector.parameters(), 5.0)
            optimizer.step()
            rate.step()
            smooth = loss.item() if step == 0 else 0.98 * smooth + 0.02 * loss.item()
            bar.set_postfix(loss=f"{smooth:.3f}", refresh=False)
    return detector.eval()


def facts_right(stickers: Sequence[Sticker], found: Sequence[Detection]) -> Counter[str]:
    """How many facts of one picture are right.

    Each sticker is matched with the nearest detection, if that is NEAR it. Of stickers ("stickers" in all):
    "position" (there is one), "subject", "colour", "hat" and "glasses" of the match. Of pictures: "count" (as
    many detections as stickers), "whole" (that, and every fact of every sticker).
    """
    right = Counter(stickers=len(stickers), pictures=1)
    matched = set()
    for sticker in stickers:
        distances = [np.hypot(d.x - sticker.x, d.y - sticker.y) for d in found]
        if not distances or min(distances) > NEAR:
            continue
        nearest = int(np.argmin(distances))
        matched.add(nearest)
        right["position"] += 1
        for fact in ("subject", "colour", "hat", "glasses"):
            right[fact] += getattr(found[nearest], fact) == getattr(sticker, fact)
    right["count"] = int(len(found) == len(stickers))
    facts = ("position", "subject", "colour", "hat", "glasses")
    every = len(matched) == len(stickers) and all(right[fact] == len(stickers) for fact in facts)
    right["whole"] = int(every and right["count"])
    return right


def measure(detector: Detector, seed: int, kind: str, pictures: int) -> dict[str, float]:
    """Shares of right facts (`facts_right`) on fresh drawings of a kind, in [0, 1]."""
    samples = [fresh_sample(seed, index, kind, detector.config.vocabulary) for index in range(pictures)]
    found = detector.detect(np.stack([picture for picture, _ in samples]))
    total: Counter[str] = Counter()
    for (_, stickers), detections in zip(samples, found, strict=True):
        total += facts_right(stickers, detections)
    shares = {fact: total[fact] / total["pictures"] for fact in ("whole", "count")}
    for fact in ("position", "subject", "colour", "hat", "glasses"):
        shares[fact] = total[fact] / max(1, total["stickers"])
    return {fact: round(share, 4) for fact, share in shares.items()}


def command_line() -> None:
    """`python -m reference.judge`."""
    parser = Parser(
        prog="python -m reference.judge",
        description="Train the judge of sticker pictures on drawings, measure it on fresh ones, write both.",
        epilog="examples:\n  python -m reference.judge --out build/judge\n"
        "  python -m reference.judge --vocabulary shaded --out build/judge-shaded",
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write (%(default)s)")
    parser.add_argument(
        "--vocabulary", choices=sorted(VOCABULARIES), default="flat", help="what it is to know (%(default)s)"
    )
    parser.add_argument(
        "--steps", type=int, default=JudgeRecipe.steps, help="training steps of 48 pictures (%(default)s)"
    )
    parser.add_argument(
        "--test-pictures", type=int, default=2_000, help="drawings of each kind to measure on (%(default)s)"
    )
    arguments = parser.parse_args()
    for name, value in (("--steps", arguments.steps), ("--test-pictures", arguments.test_pictures)):
        if value < 1:
            raise RequestError(f"{name} is {value}: it must be at least 1")
    if arguments.out.is_file():
        raise RequestError(f"{arguments.out} is a file: give a folder")
    recipe = JudgeRecipe(steps=arguments.steps)
    begun = time.monotonic()
    detector = train(recipe, DetectorConfig(vocabulary=VOCABULARIES[arguments.vocabulary]))
    seconds = round(time.monotonic() - begun)
    # what is measured is what is written: fp16 weights
    detector = detector.half().float()
    accuracy = {}
    for kind in (CLEAN, ROUGH, CROPPED, STREWN, HELD_OUT):
        accuracy[kind] = measure(detector, recipe.seed, kind, arguments.test_pictures)
        print(
            f"{kind:15}" + "  ".join(f"{fact} {100 * share:.2f} %" for fact, share in accuracy[kind].items())
        )
    record = {
        "parameters": sum(parameter.numel() for parameter in detector.parameters()),
        "command": f"python -m reference.judge --out {arguments.out} --steps {recipe.steps}"
        f" --vocabulary {arguments.vocabulary}",
        "recipe": asdict(recipe),
        "training_seconds": seconds,
        "test_pictures": arguments.test_pictures,
        "accuracy": accuracy,
    }
    save_detector(detector, arguments.out, record)
    print(f"wrote {arguments.out}")
