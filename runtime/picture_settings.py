"""The settings that made a picture, in its PNG file: a text chunk (iTXt) that holds JSON.

Every runtime writes and reads them (docs/contract.md). They hold no paths.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reference.files import shown
from reference.fit import Fit
from reference.pictures import read_picture
from runtime.errors import RequestError, first_problem
from runtime.request import Request, Settings

KEYWORD = "meissonic"  # of the text chunk
Mode = Literal["text", "image", "inpaint", "outpaint"]


class PictureSettings(BaseModel):
    """What made a picture. Those from `strength` to `compose` are of drawings on a picture."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)  # keys that a newer runtime adds are ignored

    prompt: str
    negative_prompt: str
    seed: Annotated[int, Field(ge=0, lt=2**64)]
    steps: int
    guidance: float
    size: tuple[int, int]  # (h, w) in pixels
    mode: Mode
    model: str  # SHA-256 of the bundle's manifest
    strength: float | None = None
    margins: tuple[int, int, int, int] | None = None  # left, top, right, bottom
    fit: Fit | None = None
    compose: bool | None = None
    guidance_from: float = 0.0  # the share of the steps that guidance begins at
    guidance_until: float = 1.0  # ... and ends at

    def json_text(self) -> str:
        """JSON without the keys that have their default."""
        return json.dumps(self.model_dump(exclude_defaults=True), ensure_ascii=False)

    def request(self) -> Request:
        """What draws the picture again, with the strength, margins and pictures that it was drawn on."""
        return Request(
            prompt=self.prompt,
            negative=self.negative_prompt,
            seed=self.seed,
            steps=self.steps,
            guidance=self.guidance,
            size=(self.size[1], self.size[0]),
            fit=self.fit or "crop",
            compose=self.compose is not False,
            guidance_from=self.guidance_from,
            guidance_until=self.guidance_until,
        )


def picture_settings(
    request: Request,
    settings: Settings,
    model: str,
    mode: Mode = "text",
    strength: float | None = None,
    margins: tuple[int, int, int, int] | None = None,
) -> PictureSettings:
    """The settings of a drawing with the bundle whose manifest has the SHA-256 `model`."""
    return PictureSettings(
        prompt=settings.prompt,
        negative_prompt=settings.negative,
        seed=settings.seed,
        steps=settings.steps,
        guidance=settings.guidance,
        size=(settings.size[1], settings.size[0]),
        mode=mode,
        model=model,
        strength=strength,
        margins=margins,
        fit=None if mode == "text" else request.fit,
        compose=request.compose if mode in ("inpaint", "outpaint") else None,
        guidance_from=settings.guidance_from,
        guidance_until=settings.guidance_until,
    )


def read_settings(path: Path) -> PictureSettings:
    """The settings in a PNG file. Raises RequestError if it has none or cannot be read."""
    text = read_picture(path).info.get(KEYWORD)
    if text is None:
        raise RequestError(
            f"{shown(path)} does not say what made it: give a PNG that this project drew, unchanged"
        )
    try:
        return PictureSettings.model_validate_json(str(text), strict=True)
    except ValidationError as error:
        raise RequestError(
            f"{shown(path)} has settings that cannot be read: {first_problem(error)}: give another picture"
        ) from None
