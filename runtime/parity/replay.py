"""Steps of a drawing, recorded so that something else can repeat them.

A teacher draws: the PyTorch reference (`reference_steps`), a float bundle (`bundle_steps`), or the bundle
that left a golden trace (`steps_of_trace`). A repeated step is teacher-forced: it starts from the teacher's
tokens and uniforms, whatever was drawn in the step before. Needs numpy, but no engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from runtime.conditioning import without_guidance
from runtime.feeds import embedding_noise, step_feed
from runtime.loop import Plan, StepFunction, Student, draw_tokens, random_tokens
from runtime.manifest import GoldenTrace, Manifest, ModelFacts
from runtime.philox import PhiloxNoise
from runtime.request import Settings

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class RecordedStep:
    """One step of a teacher's drawing, of S = H * W positions and C codes."""

    settings: Settings  # of the whole drawing
    index: int  # from 0
    tokens: np.ndarray  # i32 [H, W], before the step
    uniforms: np.ndarray  # f32 [2, S]
    compared: np.ndarray  # bool [S]: where `drawn` counts, because the position was masked
    drawn: np.ndarray  # i32 [S]
    logits: np.ndarray  # f32 [S, C], guided; [0, 0] in a golden trace, which does not hold them
    conditions: Tensors  # the teacher's `context` and `modulation` for all steps; none of the reference
    embedding_noise: np.ndarray | None = None  # f32 [H, W, D] of a student that takes it

    def feed(self, conditions: Tensors | None = None) -> dict[str, np.ndarray]:
        """What the step chain is fed: under other conditions, or the teacher's own."""
        own = self.conditions if conditions is None else conditions
        if not self.settings.guided_at(self.index):
            own = without_guidance(own, len(own["context"]))
        left = self.settings.left_after(self.index)
        guidance, noise = self.settings.guidance, self.embedding_noise
        return step_feed(own, left, self.tokens, self.uniforms, guidance, noise)


def token_grid(settings: Settings, model: ModelFacts) -> tuple[int, int]:
    """(H, W) in tokens."""
    width, height = (side // model.token_size for side in settings.size)
    return height, width


def plan_of(model: ModelFacts, steps: int) -> Plan:
    """Of a text-to-image drawing."""
    student = Student(model.student.masked, model.codebook_size) if model.student else None
    return Plan(steps, model.mask_token_id, model.masking_schedule, student=student)


def draw_from_masks(step: StepFunction, grid: tuple[int, int], plan: Plan, seed: int) -> np.ndarray:
    """The finished tokens i32 [H, W] of a text-to-image drawing on a grid (H, W)."""
    return draw_tokens(step, np.full(grid, plan.mask_token_id, np.int32), PhiloxNoise(seed), plan)


def steps_of_trace(trace: GoldenTrace, manifest: Manifest) -> list[RecordedStep]:
    """The steps of a golden drawing.

    A trace holds the tokens after each step, so a drawn code is known only where it was not masked again.
    """
    mask = manifest.model.mask_token_id
    settings = Settings(
        prompt=trace.prompt,
        negative=trace.negative,
        seed=trace.seed,
        steps=trace.steps,
        guidance=trace.guidance,
        size=(trace.size[0], trace.size[1]),
        student=manifest.model.student is not None,
    )
    grid, noise = token_grid(settings, manifest.model), PhiloxNoise(trace.seed)
    steps, before = [], np.full(grid, mask, np.int32)
    plan = plan_of(manifest.model, trace.steps)
    for index, tokens in enumerate(trace.tokens):
        after = np.array(tokens, np.int32)
        unknown = before.ravel() == mask
        if index == 0 and plan.student:
            before = random_tokens(before.ravel(), noise, plan, plan.student).reshape(grid)
        steps.append(
            RecordedStep(
                settings=settings,
                index=index,
                tokens=before,
                uniforms=noise.draw(index, after.size),
                compared=unknown & (after != mask),
                drawn=after,
                logits=np.empty((0, 0), np.float32),
                conditions={},
                embedding_noise=embedding_noise(manifest.model, grid, index, trace.seed),
            )
        )
        before = after.reshape(grid)
    return steps
