"""Draws with the reference and with a bundle: the same prompts, seeds and settings.

Teacher-forced: the reference draws, and at every step the bundle is given the reference's tokens and the same
uniforms, with the text and conditioning of its own graphs. Free-running: the bundle draws alone, as a user
sees it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from reference.checkpoint import Checkpoint
from reference.noise import PhiloxNoise
from reference.pipeline import Pipeline
from reference.text import tokenize
from runtime import measures
from runtime.bundle import Bundle
from runtime.errors import BundleError
from runtime.generator import Generator
from runtime.loop import OnStep, Progress
from runtime.parity.logits import open_logits
from runtime.parity.ties import Difference, differences, logit_error, misdrawn
from runtime.philox import PhiloxNoise as RuntimeNoise
from runtime.request import Request, Settings, settle

Advance = Callable[[], object]  # told of each step that either side has finished


@dataclass(frozen=True)
class StepComparison:
    """One teacher-forced step over its masked positions."""

    step: int
    masked: int
    same: int  # drawn the same code
    kl: float  # nats, mean over positions, of the guided distributions: KL(reference || bundle)
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
    bundle_seconds: dict[str, float]  # a stage


class Comparison:
    """A bundle and the checkpoint it was made from."""

    def __init__(self, bundle: Bundle, checkpoint: Checkpoint, steps: int | None = None, threads: int = 0):
        """`steps` None: the bundle's default. Raises BundleError if the two do not belong together."""
        check_source(bundle, checkpoint)
        self.bundle, self.checkpoint = bundle, checkpoint
        self.generator = Generator(bundle, threads, keep=True)
        self.pipeline = Pipeline(checkpoint)
        self.settings = settle(Request("any", steps=steps, size=bundle.manifest.sizes[0]), bundle.manifest)
        self.generator.engine.open(bundle.manifest.step[-1])  # says why, if a graph cannot be opened
        self.logits_of = open_logits(bundle, threads)

    def check_texts(self, prompts: Sequence[str]) -> None:
        """Raises BundleError if the bundle's tokenizer reads a prompt otherwise than the reference's."""
        texts = [self.settings.negative, *prompts]
        ids, _ = tokenize(self.checkpoint.tokenizer, texts)
        for text, row in zip(texts, ids.tolist(), strict=True):
            found = np.asarray(self.generator.tokenizer.encode(text)[0]).tolist()
            if found != row:
                raise BundleError(
                    f"the bundle's tokenizer reads {text!r} as {found}, the reference's as {row}:"
                    " export the bundle again"
                )

    def draw(self, prompt: str, seed: int, advance: Advance) -> DrawingComparison:
        """One drawing of each, and the bundle's steps beside the reference's."""
        request = self.request(prompt, seed)
        settings = settle(request, self.bundle.manifest)
        forced = TeacherForced(self, settings, advance)
        begun = time.perf_counter()
        drawing = self.pipeline.text_to_image(
            prompt,
            negative=settings.negative,
            size=settings.size,
            steps=settings.steps,
            guidance=settings.guidance,
            temperature=self.bundle.manifest.defaults.temperature,
            micro_conditions=(*settings.size, 0, 0, self.bundle.manifest.defaults.score),
            noise=forced,
            callback=forced.after,
        )
        seconds = time.perf_counter() - begun - forced.seconds
        tokens = drawing.tokens[0].int().numpy()
        decoded = self.generator.decode(tokens)
        own = self.generator.text_to_image(request, counted(advance))
        return DrawingComparison(
            prompt=prompt,
            seed=seed,
            steps=forced.steps,
            tokens=(tokens, own.tokens),
            pictures=(np.asarray(drawing.images[0]), own.picture),
            decoded=decoded,
            reference_seconds=seconds,
            bundle_seconds=own.seconds,
        )

    def request(self, prompt: str, seed: int) -> Request:
        """A prompt with the settings of the comparison."""
        return Request(prompt, seed=seed, steps=self.settings.steps, size=self.settings.size)


class TeacherForced(PhiloxNoise):
    """The reference's random numbers, and a witness: where the reference draws, the bundle draws too."""

    def __init__(self, comparison: Comparison, settings: Settings, advance: Advance) -> None:
        super().__init__(settings.seed)
        model = comparison.bundle.manifest.model
        self.generator, self.logits_of = comparison.generator, comparison.logits_of
        self.mask, self.advance, self.total = model.mask_token_id, advance, settings.steps
        width, height = (side // model.token_size for side in settings.size)
        self.tokens = np.full((height, width), self.mask, np.int32)
        self.noise = RuntimeNoise(settings.seed)
        self.guidance = np.array(settings.guidance, np.float32)
        self.steps: list[StepComparison] = []
        self.conditions, _ = comparison.generator.condition(settings)
        self.seconds = 0.0  # the bundle's, inside the reference's drawing

    def draw(self, logits: Tensor, step: int) -> tuple[Tensor, Tensor]:
        drawn, log_prob = super().draw(logits, step)
        begun = time.perf_counter()
        self.steps.append(self.beside(step, logits[0].numpy(), drawn[0].numpy()))
        self.seconds += time.perf_counter() - begun
        return drawn, log_prob

    def after(self, step: int, steps: int, tokens: Tensor) -> None:
        self.tokens = tokens[0].int().numpy()
        self.advance()

    def beside(self, step: int, logits: np.ndarray, drawn: np.ndarray) -> StepComparison:
        """The bundle's step on the reference's tokens; logits [S, C] and drawn [S] are the reference's."""
        uniforms = self.noise.draw(step, self.tokens.size)
        made = self.generator.run_step(
            {
                "tokens": self.tokens,
                "context": self.conditions["context"],
                "modulation": self.conditions["modulation"][self.total - 1 - step],
                "guidance": self.guidance,
                "uniforms": uniforms,
            }
        )
        found = self.logits_of(made)
        masked = (self.tokens == self.mask).ravel()
        largest = np.maximum(np.abs(logits[masked]).max(axis=-1), np.float32(1e-30))
        return StepComparison(
            step=step,
            masked=int(masked.sum()),
            same=int((drawn == made["drawn"])[masked].sum()),
            kl=max(measures.kl(logits[masked], found[masked]), 0.0),  # rounding may leave it below 0
            logit_error=float((logit_error(logits[masked], found[masked]) / largest).max()),
            misdrawn=misdrawn(found[masked], uniforms[:, masked], made["drawn"][masked]),
            differences=differences(step, masked, (logits, found), uniforms, (drawn, made["drawn"])),
        )


def counted(advance: Advance) -> OnStep:
    """`advance` as what the generator calls after each step."""

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
