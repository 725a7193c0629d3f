"""What to draw: a request, the defaults that the manifest adds, and the ranges of the values."""

import math
from dataclasses import dataclass

from reference.fit import FITS, Fit
from runtime.errors import RequestError
from runtime.manifest import MAX_GUIDANCE, MAX_STEPS, Manifest
from runtime.schedule import in_interval

MAX_THREADS = 256
MAX_COUNT = 1000


@dataclass(frozen=True)
class Request:
    """What to draw. None means the bundle's default. A `guidance` of 1 or less ignores `negative`.

    `fit` and `compose` are for drawing on a picture: how it gets the size drawn, and whether what a mask or
    margins do not cover stays the picture's own pixels.
    """

    prompt: str
    negative: str | None = None
    seed: int = 0
    steps: int | None = None
    guidance: float | None = None
    size: tuple[int, int] | None = None  # (W, H) in pixels
    fit: Fit = "crop"
    compose: bool = True
    # Guidance is on from the first share of the steps until the second; elsewhere a step takes half the work.
    guidance_from: float = 0.0
    guidance_until: float = 1.0


@dataclass(frozen=True)
class Settings:
    """A request whose values are all known and in range."""

    prompt: str
    negative: str
    seed: int
    steps: int
    guidance: float
    size: tuple[int, int]  # (W, H) in pixels
    guidance_from: float = 0.0
    guidance_until: float = 1.0
    student: bool = False  # whether the model is a one-step student

    @property
    def guided(self) -> bool:
        """Whether a step may also see the negative prompt."""
        return self.guidance > 1

    def guided_at(self, step: int) -> bool:
        """Whether this step (from 0) also sees the negative prompt. A student's first pass never does."""
        inside = in_interval(step, self.steps, self.guidance_from, self.guidance_until)
        return self.guided and inside and not self._first_pass(step)

    def left_after(self, step: int) -> int:
        """The steps after this one, which choose its modulation. A student's first pass is as a last step."""
        return 0 if self._first_pass(step) else self.steps - 1 - step

    def _first_pass(self, step: int) -> bool:
        return self.student and step == 0


def settle(request: Request, manifest: Manifest) -> Settings:
    """Fills in the defaults. Raises RequestError, which names the first value out of range."""
    defaults = manifest.defaults
    settings = Settings(
        prompt=request.prompt,
        negative=defaults.negative if request.negative is None else request.negative,
        seed=request.seed,
        steps=defaults.steps if request.steps is None else request.steps,
        guidance=defaults.guidance if request.guidance is None else request.guidance,
        size=defaults.size if request.size is None else request.size,
        guidance_from=request.guidance_from,
        guidance_until=request.guidance_until,
        student=manifest.model.student is not None,
    )
    if not settings.prompt.strip():
        raise RequestError("the prompt is empty: say what to draw")
    if any("\ud800" <= character <= "\udfff" for character in settings.negative):
        raise RequestError("the negative prompt is not valid Unicode: type it as UTF-8")
    if not 0 <= settings.seed < 2**64:
        raise RequestError(f"seed {settings.seed} is out of range: give 0 to {2**64 - 1}")
    if not 1 <= settings.steps <= MAX_STEPS:
        raise RequestError(f"steps {settings.steps} is out of range: give 1 to {MAX_STEPS}")
    if not (math.isfinite(settings.guidance) and 0 <= settings.guidance <= MAX_GUIDANCE):
        raise RequestError(f"guidance {settings.guidance} is out of range: give 0 to {MAX_GUIDANCE:g}")
    check_interval(settings.guidance_from, settings.guidance_until)
    if settings.size not in manifest.sizes:
        sizes = ", ".join(f"{width}x{height}" for width, height in manifest.sizes)
        width, height = settings.size
        raise RequestError(
            f"size {width}x{height} is not in this bundle, which draws {sizes}: "
            f"choose one of those or export again with --size {width} {height}"
        )
    if request.fit not in FITS:
        raise RequestError(f"fit {request.fit!r} is unknown: give {', '.join(FITS)}")
    return settings


def check_count(count: int, seed: int) -> int:
    """Returns the number of pictures from `seed` on. Raises RequestError unless all have a seed."""
    if not 1 <= count <= MAX_COUNT:
        raise RequestError(f"--count {count} is out of range: give 1 to {MAX_COUNT}")
    if seed + count > 2**64 and seed < 2**64:
        raise RequestError(f"seed {seed} has no {count - 1} seeds after it: give at most {2**64 - count}")
    return count


def check_threads(threads: int) -> int:
    """Returns the number of threads, 0 for every core. Raises RequestError unless it is in range."""
    if not 0 <= threads <= MAX_THREADS:
        raise RequestError(
            f"--threads {threads} is out of range: give 1 to {MAX_THREADS}, or 0 for every core"
        )
    return threads


def check_interval(start: float, end: float) -> None:
    """Raises RequestError unless 0 <= start < end <= 1, the shares of steps that bound guidance."""
    for name, value in (("from", start), ("until", end)):
        if not 0 <= value <= 1:
            raise RequestError(f"guidance {name} {value} is out of range: give 0 to 1, a share of the steps")
    if start >= end:
        raise RequestError(
            f"guidance from {start} until {end} guides no step: give a smaller share first, or guidance 1"
        )


def check_strength(strength: float) -> float:
    """Returns the share of the steps that an edit runs. Raises RequestError unless it is in (0, 1]."""
    if not 0 < strength <= 1:
        raise RequestError(f"strength {strength} is out of range: give more than 0, at most 1")
    return strength


def check_margins(
    margins: tuple[int, int, int, int], size: tuple[int, int], token_size: int
) -> tuple[int, int]:
    """The size (W, H) inside margins (left, top, right, bottom), all in pixels.

    Raises RequestError unless the margins are whole tokens and leave room for a picture.
    """
    left, top, right, bottom = margins
    shown = " ".join(map(str, margins))
    if min(margins) < 0 or not any(margins) or any(margin % token_size for margin in margins):
        raise RequestError(
            f"margins {shown} are no frame: give left, top, right, bottom in multiples of {token_size} pixels"
        )
    inner = size[0] - left - right, size[1] - top - bottom
    if min(inner) <= 0:
        raise RequestError(
            f"margins {shown} leave no room for the picture in {size[0]}x{size[1]} pixels: give smaller ones"
        )
    return inner
