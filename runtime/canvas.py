"""Editing: what a drawing starts from, either nothing or a picture of which some tokens are kept."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from reference.compose import covered_pixels
from reference.fit import Fit
from runtime.errors import RequestError
from runtime.loop import Plan, Student, masked_at_start, starting_step
from runtime.manifest import Manifest
from runtime.philox import PhiloxNoise
from runtime.pictures import margin_array, mask_array, mask_levels, pad_edges, picture_array
from runtime.request import Settings, check_margins, check_strength


@dataclass(frozen=True)
class Canvas:
    """The start of a drawing on a grid of H x W tokens. Each maker below raises RequestError for an edit
    that cannot be drawn.
    """

    plan: Plan
    unknown: np.ndarray  # bool [H, W]: the tokens to draw; the others are the picture's
    pixels: np.ndarray | None = None  # u8 [h, w, 3] for the image encoder; None without a picture
    # bool [h, w]: the pixels to repaint, the others stay the picture's; None: all of them
    covered: np.ndarray | None = None

    def tokens(self, encoded: np.ndarray | None) -> np.ndarray:
        """The tokens i32 [H, W] that the loop starts from, given those of the picture (None without one)."""
        mask = np.int32(self.plan.mask_token_id)
        return np.full(self.unknown.shape, mask) if encoded is None else np.where(self.unknown, mask, encoded)


def blank(settings: Settings, manifest: Manifest) -> Canvas:
    """Text-to-image: nothing is known."""
    unknown = np.ones(_grid(settings, manifest), bool)
    return Canvas(_plan(settings, manifest, manifest.model.masking_schedule), unknown)


def redrawn(
    settings: Settings, manifest: Manifest, image: Image.Image, strength: float | None, how: Fit
) -> Canvas:
    """Image-to-image: chance decides which tokens are known; the greater the strength, the fewer."""
    check_encoder(manifest)
    strength = check_strength(manifest.defaults.strength if strength is None else strength)
    pixels = picture_array(image, settings.size, how)
    start = starting_step(settings.steps, strength)
    plan = _plan(settings, manifest, manifest.model.masking_schedule, start)
    height, width = _grid(settings, manifest)
    unknown = masked_at_start(PhiloxNoise(settings.seed), plan, height * width).reshape(height, width)
    return Canvas(plan, unknown, pixels)


def inpainted(
    settings: Settings,
    manifest: Manifest,
    image: Image.Image,
    mask: Image.Image,
    strength: float,
    how: Fit,
) -> Canvas:
    """Inpainting: what is white in the mask is unknown."""
    check_encoder(manifest)
    check_strength(strength)
    pixels = picture_array(image, settings.size, how)
    levels = mask_levels(mask, image.size, settings.size, how)
    unknown = mask_array(levels, _grid(settings, manifest))
    covered = covered_pixels(unknown, manifest.model.token_size, levels)
    return _repainted(settings, manifest, pixels, unknown, covered, strength)


def outpainted(
    settings: Settings,
    manifest: Manifest,
    image: Image.Image,
    margins: tuple[int, int, int, int],
    how: Fit,
) -> Canvas:
    """Outpainting: the margins (left, top, right, bottom; pixels) around the image are unknown."""
    check_encoder(manifest)
    token_size = manifest.model.token_size
    inner = check_margins(margins, settings.size, token_size)
    pixels = pad_edges(picture_array(image, inner, how), margins)
    unknown = margin_array(_grid(settings, manifest), margins, token_size)
    return _repainted(settings, manifest, pixels, unknown, covered_pixels(unknown, token_size), strength=1.0)


def _repainted(
    settings: Settings,
    manifest: Manifest,
    pixels: np.ndarray,
    unknown: np.ndarray,
    covered: np.ndarray,
    strength: float,
) -> Canvas:
    # The published inpainting takes the linear schedule, scaled to the share of the picture to repaint.
    start = starting_step(settings.steps, strength)
    plan = _plan(settings, manifest, "linear", start, np.count_nonzero(unknown) / unknown.size)
    return Canvas(plan, unknown, pixels, covered)


def _plan(
    settings: Settings, manifest: Manifest, schedule: str, start: int = 0, starting_ratio: float = 1.0
) -> Plan:
    model = manifest.model
    return Plan(
        steps=settings.steps,
        mask_token_id=model.mask_token_id,
        schedule=schedule,
        start=start,
        starting_ratio=starting_ratio,
        temperature=manifest.defaults.temperature,
        student=Student(model.student.masked, model.codebook_size) if model.student else None,
    )


def _grid(settings: Settings, manifest: Manifest) -> tuple[int, int]:
    """(H, W) in tokens."""
    width, height = settings.size
    return height // manifest.model.token_size, width // manifest.model.token_size


def check_encoder(manifest: Manifest) -> None:
    """Raises RequestError if the bundle cannot edit."""
    if "image_encoder" not in manifest.graphs:
        raise RequestError(
            "this bundle has no image_encoder and draws from text only: export it again with one"
        )
