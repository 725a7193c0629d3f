"""What to draw: a request, the defaults that the manifest adds, and the ranges of the values."""

import math
from dataclasses import dataclass

from runtime.bundle import MAX_GUIDANCE, MAX_STEPS, Manifest
from runtime.errors import RequestError
from runtime.schedule import in_interval

MAX_THREADS = 256


@dataclass(frozen=True)
class Request:
    """What to draw. None means the bundle's default. A `guidance` of 1 or less ignores `negative`."""

    prompt: str
    negative: str | None = None
    seed: int = 0
    steps: int | None = None
    guidance: float | None = None
    size: tuple[int, int] | None = None  # (W, H) in pixels
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

    @property
    def guided(self) -> bool:
        """Whether a step may also see the negative prompt."""
        return self.guidance > 1

    def guided_at(self, step: int) -> bool:
        """Whether this step (from 0) also sees the negative prompt."""
        return self.guided and in_interval(step, self.steps, self.guidance_from, self.guidance_until)


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
    )
    if not settings.prompt.strip():
        raise RequestError("the prompt is empty: say what to draw")
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
    return settings


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
    margins: tuple[int, int, int, int], picture: tuple[int, int], size: tuple[int, int], token_size: int
) -> None:
    """Raises RequestError unless margins (left, top, right, bottom) fill a picture (W, H) up to the size."""
    left, top, right, bottom = margins
    shown = " ".join(map(str, margins))
    if min(margins) < 0 or not any(margins) or any(margin % token_size for margin in margins):
        raise RequestError(
            f"margins {shown} are no frame: give left, top, right, bottom in multiples of {token_size} pixels"
        )
    padded = picture[0] + left + right, picture[1] + top + bottom
    if padded != size:
        raise RequestError(
            f"margins {shown} around {picture[0]}x{picture[1]} pixels make {padded[0]}x{padded[1]}, but the "
            f"bundle draws {size[0]}x{size[1]}: change the margins or resize the image"
        )
