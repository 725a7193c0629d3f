"""Draws with the reference and with a bundle: the same prompts, seeds and settings.

Teacher-forced: the reference draws, and the bundle repeats each of its steps with its own text and
conditioning. Free-running: the bundle draws alone, as a user sees it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reference.checkpoint import Checkpoint
from reference.pipeline import Pipeline
from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.errors import BundleError
from runtime.loop import OnStep, Progress
from runtime.parity.bundle_steps import BundleSteps
from runtime.parity.comparison import Comparison
from runtime.parity.reference_steps import Witness, tokenizer_difference
from runtime.parity.replay import RecordedStep
from runtime.parity.ties import Difference, differences, logit_error, misdrawn
from runtime.request import Request, settle

Advance = Callable[[], object]  # called after each step of either side


@dataclass(frozen=True)
class StepComparison:
    """One teacher-forced step over its masked positions."""

    step: int
    compared: Comparison
    logit_error: float  # largest, relative to the largest logit
    misdrawn: int  # codes of the bundle that its own logits do not give
    differences: list[Difference]


@dataclass(frozen=True)
class DrawingComparison:
    """One prompt and seed."""

    prompt: str
    seed: int
    steps: list[StepComparison]
    tokens: tuple[np.ndarray, np.ndarray]  # finished ones i32 [H, W] of (reference, bundle), free-running
    pictures: tuple[np.ndarray, np.ndarray]  # u8 [h, w, 3] of the same
    decoded: np.ndarray  # u8 [h, w, 3], the reference's tokens through the bundle's image decoder
    reference_seconds: float
    bundle_seconds: dict[str, float]  # by stage

    @property
    def compared(self) -> Comparison:
        return Comparison.total(step.compared for step in self.steps)


class SideBySide:
    """A bundle and the checkpoint it was made from."""

    def __init__(
        self,
        bundle: Bundle,
        checkpoint: Checkpoint,
        steps: int | None = None,
        threads: int = 0,
        engine: EngineName | None = None,
        size: tuple[int, int] | None = None,
    ):
        """`steps` and `size` None: the bundle's default; `engine`: see Generator. Raises BundleError if the
        two do not belong together, RequestError for a size that the bundle does not have.
        """
        check_source(bundle, checkpoint)
        self.bundle, self.checkpoint = bundle, checkpoint
        self.pipeline = Pipeline(checkpoint)
        self.steps = BundleSteps(bundle, threads, keep=True, engine=engine)
        self.generator = self.steps.generator
        self.settings = settle(
            Request("any", steps=steps, size=size or bundle.manifest.sizes[0]), bundle.manifest
        )
        self.generator.engine.open(bundle.manifest.step[-1])  # says why, if a graph cannot be opened
        _ = self.steps.last  # and that it names its logits

    def check_texts(self, prompts: Sequence[str]) -> None:
        """Raises BundleError if the bundle's tokenizer reads a prompt otherwise than the reference's."""
        texts = [self.settings.negative, *prompts]
        if difference := tokenizer_difference(self.generator.tokenizer, self.checkpoint, texts):
            raise BundleError(f"{difference}: export the bundle again")

    def draw(self, prompt: str, seed: int, advance: Advance) -> DrawingComparison:
        """One drawing of each, and the reference's steps repeated by the bundle."""
        request = self.request(prompt, seed)
        settings = settle(request, self.bundle.manifest)
        steps: list[StepComparison] = []
        repeating = 0.0  # seconds of the bundle inside the reference's drawing

        def repeat(step: RecordedStep) -> None:
            nonlocal repeating
            begun = time.perf_counter()
            steps.append(compare(step, self.steps.repeat(step)))
            repeating += time.perf_counter() - begun
            advance()

        self.steps.conditions(settings)  # before the clock starts
        witness = Witness(settings, self.bundle.manifest, repeat)
        begun = time.perf_counter()
        drawing = self.pipeline.text_to_image(prompt, **witness.request)
        seconds = time.perf_counter() - begun - repeating
        tokens = drawing.tokens[0].int().numpy()
        decoded = self.generator.decode(tokens)
        own = self.generator.text_to_image(request, counted(advance))
        return DrawingComparison(
            prompt=prompt,
            seed=seed,
            steps=steps,
            tokens=(tokens, own.tokens),
            pictures=(np.asarray(drawing.images[0]), own.picture),
            decoded=decoded,
            reference_seconds=seconds,
            bundle_seconds=own.seconds,
        )

    def request(self, prompt: str, seed: int) -> Request:
        """A prompt with the settings of the comparison."""
        return Request(prompt, seed=seed, steps=self.settings.steps, size=self.settings.size)


def compare(step: RecordedStep, found: dict[str, np.ndarray]) -> StepComparison:
    """The reference's step and the bundle's `drawn` i32 [S] and `logits` f32 [S, C] of it."""
    at, drawn, logits = step.compared, found["drawn"], found["logits"]
    largest = np.maximum(np.abs(step.logits[at]).max(axis=-1), np.float32(1e-30))
    return StepComparison(
        step=step.index,
        compared=Comparison.of_step(step, found),
        logit_error=float((logit_error(step.logits[at], logits[at]) / largest).max()),
        misdrawn=misdrawn(logits[at], step.uniforms[:, at], drawn[at]),
        differences=differences(step.index, at, (step.logits, logits), step.uniforms, (step.drawn, drawn)),
    )


def counted(advance: Advance) -> OnStep:
    """`advance` as a generator calls it after each step."""

    def on_step(progress: Progress) -> None:
        advance()

    return on_step


def check_source(bundle: Bundle, checkpoint: Checkpoint) -> None:
    """Raises BundleError unless the bundle was exported from this very checkpoint."""
    source = bundle.manifest.source
    if source.sha256 != checkpoint.sha256:
        raise BundleError(
            f"{bundle.folder} was made from checkpoint {source.checkpoint} ({source.sha256[:12]}), but"
            f" {checkpoint.name} is {checkpoint.sha256[:12]}: give that checkpoint with --checkpoint, or"
            " export the bundle again"
        )
