"""The settings of one pipeline call, checked before anything is computed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from reference.component_configs import MAX_GUIDANCE, MAX_SIDE, MAX_STEPS
from reference.configs import Defaults
from reference.errors import RequestError
from reference.image import check_size
from reference.noise import Noise, PhiloxNoise
from reference.schedule import in_interval

AESTHETIC_SCORE = 6.0  # the published default of the fifth micro-condition

# callback(step, steps, tokens [B, H, W] after the step, mask tokens where unknown); returning False cancels.
Callback = Callable[[int, int, Tensor], bool | None]


@dataclass(frozen=True)
class PipelineRequest:
    """A checked request for B = prompts x images_per_prompt images, in the order p0, p1, ..., p0, p1, ..."""

    prompts: list[str]
    negatives: list[str]  # as many
    size: tuple[int, int]  # W, H in pixels
    steps: int
    guidance: float  # 1 or less: no guidance, the negative prompts are not used
    guidance_from: float  # guidance is on from this share of the steps ...
    guidance_until: float  # ... until this one
    images_per_prompt: int
    temperature: tuple[float, float] | float  # of the confidence noise, first and last step
    micro_conditions: tuple[float, ...]  # width, height, crop top, crop left, aesthetic score
    noise: Noise
    callback: Callback | None
    trace: bool

    @property
    def batch(self) -> int:
        """Number of images."""
        return len(self.prompts) * self.images_per_prompt

    def guided_at(self, step: int) -> bool:
        """Whether this step (from 0) sees the negative prompts."""
        on = in_interval(step, self.steps, self.guidance_from, self.guidance_until)
        return self.guidance > 1 and on


def check_request(
    prompt: str | Sequence[str],
    defaults: Defaults,
    unit: int,
    *,
    negative: str | Sequence[str] = "",
    size: tuple[int, int] | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    guidance_from: float = 0.0,
    guidance_until: float = 1.0,
    seed: int = 0,
    images_per_prompt: int = 1,
    temperature: tuple[float, float] | float = (2.0, 0.0),
    micro_conditions: tuple[float, ...] | None = None,
    noise: Noise | None = None,
    callback: Callback | None = None,
    trace: bool = False,
) -> PipelineRequest:
    """Fill in a checkpoint's defaults and check every value. Raises RequestError that names the wrong value.

    `negative` is one text for all prompts, or one a prompt. Image j uses Philox noise of `seed` + j unless
    `noise` is given. micro_conditions default to (W, H, 0, 0, 6). Sides must be multiples of `unit` pixels.
    """
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    if not prompts or not all(text.strip() for text in prompts):
        raise RequestError("the prompt is empty: say what to draw")
    negatives = [negative] if isinstance(negative, str) else list(negative)
    if len(negatives) == 1:
        negatives *= len(prompts)
    if len(negatives) != len(prompts):
        raise RequestError(
            f"{len(negatives)} negative prompts for {len(prompts)} prompts: give one or as many"
        )
    steps = defaults.steps if steps is None else steps
    guidance = defaults.guidance if guidance is None else guidance
    size = defaults.size if size is None else size
    check_range("steps", steps, 1, MAX_STEPS)
    check_range("guidance", guidance, 0, MAX_GUIDANCE)
    check_range("guidance from", guidance_from, 0, 1)
    check_range("guidance until", guidance_until, 0, 1)
    if guidance_from >= guidance_until:
        raise RequestError(
            f"guidance from {guidance_from} until {guidance_until} guides no step: give a smaller share"
            " first, or guidance 1"
        )
    check_range("seed", seed, 0, 2**64 - 1)
    check_range("images per prompt", images_per_prompt, 1, 1024)
    check_range("width", size[0], 1, MAX_SIDE)
    check_range("height", size[1], 1, MAX_SIDE)
    check_size(size, unit)
    micro_conditions = micro_conditions or (*size, 0, 0, AESTHETIC_SCORE)
    if len(micro_conditions) != 5 or not all(math.isfinite(value) for value in micro_conditions):
        raise RequestError(
            f"micro-conditions {list(micro_conditions)} must be five numbers:"
            " width, height, crop top, crop left, score"
        )
    return PipelineRequest(
        prompts=prompts,
        negatives=negatives,
        size=size,
        steps=steps,
        guidance=guidance,
        guidance_from=guidance_from,
        guidance_until=guidance_until,
        images_per_prompt=images_per_prompt,
        temperature=temperature,
        micro_conditions=micro_conditions,
        noise=noise or PhiloxNoise(seed),
        callback=callback,
        trace=trace,
    )


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise RequestError unless low <= value <= high; NaN fails."""
    if not low <= value <= high:
        raise RequestError(f"{name} is {value}: it must be between {low} and {high}")


def first_step(steps: int, strength: float) -> int:
    """The first step to run, so that a share `strength` in (0, 1] of the steps remains, at least one."""
    if not 0 < strength <= 1:
        raise RequestError(f"strength is {strength}: it must be above 0 and at most 1")
    return steps - max(int(steps * strength), 1)
