"""The judge of sticker pictures: a small fully convolutional detector of what is drawn where.

A centre-point detector ("Objects as Points", Zhou et al. 2019) on a grid of one cell every four pixels: each
subject has a heatmap that peaks at the objects' centres, and the cell of a peak also says the colour and what
is worn. Whether a picture is what its prompt asks is then a question about its detections alone.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from reference.errors import CheckpointError, RequestError
from reference.files import atomic_file
from reference.stickers.scene import COLOURS, FLAT, VOCABULARIES, Vocabulary
from reference.weights import fill, read_json, read_tensors

SHIPPED = Path(__file__).parents[1] / "checkpoints" / "judge"
SHIPPED_SHADED = SHIPPED.with_name("judge-shaded")
SIDE = 64
"""Pixels a side of the pictures it looks at; others are resized."""
STICKERS = ((64, 64), (128, 128))
"""Sizes of the stickers' pictures, (W, H) pixels."""
CELL = 4
GRID = SIDE // CELL


@dataclass(frozen=True)
class Detection:
    """One object found. `x`, `y`: centre in fractions of the side; `score`: confidence in (0, 1)."""

    subject: str
    colour: str
    x: float
    y: float
    hat: bool
    glasses: bool
    score: float


@dataclass(frozen=True)
class DetectorConfig:
    """Channels at strides 2, 4 and 8, the least confidence of a detection, and what can be detected."""

    widths: tuple[int, int, int] = (24, 48, 96)
    threshold: float = 0.4
    vocabulary: Vocabulary = FLAT

    @property
    def outputs(self) -> tuple[int, int, int]:
        """Channels of the output: subjects, colours, (hat, glasses)."""
        return len(self.vocabulary.subjects), len(COLOURS), 2


class Block(nn.Sequential):
    """3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
        )


class Detector(nn.Module):
    """Down to stride 8, where a cell sees the whole picture, and back to stride 4 with a skip."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        self.stem = nn.Sequential(Block(3, fine, 2), Block(fine, fine))
        self.middle = nn.Sequential(Block(fine, middle, 2), Block(middle, middle), Block(middle, middle))
        self.coarse = nn.Sequential(Block(middle, coarse, 2), Block(coarse, coarse), Block(coarse, coarse))
        self.lateral = nn.Conv2d(coarse, middle, 1)
        self.joined = Block(middle, coarse)
        self.head = nn.Conv2d(coarse, sum(config.outputs), 1)
        nn.init.constant_(self.head.bias[: config.outputs[0]], -4.6)  # type: ignore[index] # empty cells: 1 %

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures f32 [B, 3, 64, 64] in [0, 1] -> logits [B, S | 11 | 2, 16, 16] of subjects, of colours,
        and of hat and glasses."""
        middle = self.middle(self.stem(pictures - 0.5))
        context = F.interpolate(self.lateral(self.coarse(middle)), scale_factor=2, mode="nearest")
        subjects, colours, worn = self.head(self.joined(middle + context)).split(self.config.outputs, 1)
        return subjects, colours, worn

    @torch.no_grad()
    def detect(self, pictures: np.ndarray, batch: int = 64) -> list[list[Detection]]:
        """What is in each of the pictures u8 [n, h, w, 3], most confident first. RequestError for another
        kind of array."""
        if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8:
            raise RequestError(
                f"pictures are {pictures.dtype} {list(pictures.shape)}: the judge looks at uint8 [n, h, w, 3]"
            )
        found = []
        for start in range(0, len(pictures), batch):
            rows = torch.from_numpy(pictures[start : start + batch].astype(np.float32) / 255)
            values = rows.permute(0, 3, 1, 2)
            if values.shape[2:] != (SIDE, SIDE):
                values = F.interpolate(values, (SIDE, SIDE), mode="bilinear", antialias=True)
            subjects, colours, worn = self(values)
            found += peaks(subjects, colours, worn, self.config)
        return found


def peaks(subjects: Tensor, colours: Tensor, worn: Tensor, config: DetectorConfig) -> list[list[Detection]]:
    """Read detections out of logits [B, S | 11 | 2, 16, 16].

    A cell is a detection if its likeliest subject reaches the threshold and no cell within two of it is
    likelier: objects lie further apart than that, and one cell holds one object.
    """
    best, subject = subjects.sigmoid().max(dim=1)
    is_peak = (best >= config.threshold) & (best == F.max_pool2d(best, 5, 1, 2))
    colour = colours.argmax(dim=1)
    wears = worn > 0
    found: list[list[Detection]] = [[] for _ in best]
    for image, row, column in is_peak.nonzero().tolist():
        at = image, row, column
        hat, glasses = wears[image, :, row, column].tolist()
        found[image].append(
            Detection(
                subject=config.vocabulary.subjects[subject[at]],
                colour=list(COLOURS)[colour[at]],
                x=(column + 0.5) / GRID,
                y=(row + 0.5) / GRID,
                hat=hat,
                glasses=glasses,
                score=float(best[at]),
            )
        )
    return [sorted(detections, key=lambda d: -d.score) for detections in found]


def save_detector(detector: Detector, folder: Path, record: dict[str, Any]) -> None:
    """Write model.safetensors (fp16) and config.json, which also holds `record`: how it was made and how good
    it is. Raises CheckpointError where that is impossible."""
    config = {
        "widths": detector.config.widths,
        "threshold": detector.config.threshold,
        "subjects": detector.config.vocabulary.subjects,
        "colours": list(COLOURS),
        **record,
    }
    tensors = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in detector.state_dict().items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error.strerror or error}") from None
    with atomic_file(folder / "model.safetensors") as weights, atomic_file(folder / "config.json") as facts:
        weights.write(save(tensors, metadata={"format": "pt"}))
        facts.write(json.dumps(config, indent=2, ensure_ascii=False).encode() + b"\n")


def load_detector(folder: Path = SHIPPED) -> Detector:
    """Read what `save_detector` wrote. CheckpointError names what is missing, damaged or out of date."""
    if not (folder / "config.json").exists():
        raise CheckpointError(f"{folder} holds no judge: train one with python -m reference.judge")
    config = read_json(folder / "config.json")
    subjects = {vocabulary.subjects: vocabulary for vocabulary in VOCABULARIES.values()}
    vocabulary = subjects.get(tuple(config.get("subjects", ())))
    for key, known in (
        ("subjects", vocabulary is not None),
        ("colours", config.get("colours") == list(COLOURS)),
    ):
        if not known:
            raise CheckpointError(
                f"{folder / 'config.json'}: {key} are not those that are drawn now:"
                " train the judge anew with python -m reference.judge"
            )
    try:
        fine, middle, coarse = (int(width) for width in config["widths"])
        settings = DetectorConfig((fine, middle, coarse), float(config["threshold"]), vocabulary or FLAT)
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            f'{folder / "config.json"} must hold "widths", three whole numbers, and "threshold"'
        ) from None
    with torch.device("meta"):
        detector = Detector(settings)
    fill(detector, read_tensors(folder, torch.float32), folder)
    return detector
