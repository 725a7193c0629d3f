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
from runtime.errors import RequestError
from runtime.request import Request, Settings

KEYWORD = "meissonic"  # of the text chunk
Mode = Literal["text", "image", "inpaint", "outpaint"]


class PictureSettings(BaseModel):
    """What made a picture. The last four are of drawings on a picture."""

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
    guidance_from: float | None = None  # these two if guidance was off in a part of the steps
    guidance_until: float | None = None

    def json_text(self) -> str:
        """JSON with the keys that have a value."""
        return json.dumps(self.model_dump(exclude_none=True), ensure_ascii=False)


def picture_settings(
    request: Request,
    settings: Settings,
    model: str,
    mode: Mode = "text",
    strength: float | None = None,
    margins: tuple[int, int, int, int] | None = None,
) -> PictureSettings:
    """The settings of a drawing with the bundle whose manifest has the SHA-256 `model`."""
    interval = settings.guidance_from, settings.guidance_until
    partly = interval != (0, 1)
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
        guidance_from=interval[0] if partly else None,
        guidance_until=interval[1] if partly else None,
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
        first = error.errors()[0]
        where = "".join(f"{str(part)[:100]}: " for part in first["loc"])
        raise RequestError(
            f"{shown(path)} has settings that cannot be read: {where}{first['msg']}: give another picture"
        ) from None
