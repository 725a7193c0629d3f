"""The written graphs, executed by the runtime's engine, beside the reference.

Text and conditioning are compared on the reference's inputs; the step is run on the bundle's own text and
conditioning, so its figures are those of the whole chain. Steps are teacher-forced: the reference draws, and
from the same tokens and uniforms the graph then repeats each of its steps. One part of the reference is in
memory at a time, and none while the steps are repeated.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from export.conditioner import SCALES
from export.errors import VerificationError
from export.graphs import token_grid
from export.limits import Figures, check
from reference.checkpoint import Checkpoint
from reference.image import decode_tokens, encode_pixels
from reference.inverse_cdf import draw
from reference.pipeline import Conditions, Pipeline
from reference.request import AESTHETIC_SCORE, check_request
from reference.text import tokenize
from reference.transformer import MaskedTransformer
from runtime import measures
from runtime.bundle import Bundle
from runtime.conditioning import run_conditioner
from runtime.engine import open_engine
from runtime.generator import Drawing
from runtime.loop import Plan, draw_tokens
from runtime.parity.logits import open_step
from runtime.parity.ties import misdrawn
from runtime.philox import PhiloxNoise
from runtime.sinusoids import micro_sinusoids, step_sinusoids
from runtime.tokenizer import ClipTokenizer

PROMPTS = ("a red cat on a blue background", "two yellow stars", "a small green house under the moon")

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Effort:
    """How much is drawn to verify a bundle; a drawing goes from all masked to finished in any case."""

    prompts: int
    guided_only: bool
    steps: int  # of a verified drawing
    golden_steps: int  # of the golden trace

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "Effort":
        """One prompt and two steps for a model of which a step takes half a minute on two cores."""
        parameters = sum(parameter.numel() for parameter in checkpoint.transformer.parameters())
        steps = checkpoint.defaults.steps
        if parameters > LARGE:
            return cls(1, guided_only=True, steps=min(steps, 2), golden_steps=min(steps, 2))
        return cls(len(PROMPTS), guided_only=False, steps=min(steps, 8), golden_steps=min(steps, 16))


LARGE = 200e6  # parameters


def verify(bundle: Bundle, checkpoint: Checkpoint, drawing: Drawing) -> dict[str, float]:
    """The figures of an opened bundle; `drawing` is one of its own. Raises VerificationError, with the
    figure, for a limit missed.
    """
    figures = Comparison(bundle, checkpoint).run(drawing)
    check(figures, bundle.manifest)
    return figures


@dataclass(frozen=True)
class Sample:
    """One drawing to verify: the reference's conditions and the bundle's own."""

    seed: int
    guidance: float
    conditions: Conditions
    own: Arrays  # text_hidden, text_pooled


@dataclass(frozen=True)
class Step:
    """One step of a drawing of the reference, of S = H * W positions."""

    t: int  # counted down to 0
    tokens: np.ndarray  # i32 [H, W], what it began with
    uniforms: np.ndarray  # f32 [2, S]
    logits: np.ndarray  # f32 [S, C], guided
    drawn: np.ndarray  # i32 [S]


class Comparison:
    """A bundle's graphs beside the checkpoint they were made from."""

    def __init__(self, bundle: Bundle, checkpoint: Checkpoint) -> None:
        self.bundle, self.checkpoint = bundle, checkpoint
        self.engine, self.pipeline = open_engine(bundle), Pipeline(checkpoint)
        self.size = bundle.manifest.sizes[0]
        self.effort = Effort.of(checkpoint)
        self.figures = Figures()

    @torch.no_grad()
    def run(self, drawing: Drawing) -> dict[str, float]:
        """All figures; of the steps, over their masked positions."""
        with self.checkpoint.loaded("text_encoder"):
            samples = self.text()
        with self.checkpoint.loaded("transformer"):
            for sample in samples:
                self.conditioner(sample)
            self.engine.close("conditioner")
            drawings = [self.draw(sample) for sample in samples]
        self.steps(samples, drawings)
        with self.checkpoint.loaded("vqvae"):
            self.images(drawing)
        return self.figures.result()

    def text(self) -> list[Sample]:
        """Text encoder. Raises VerificationError if the runtime's tokenizer gives other ids."""
        tokenizer = ClipTokenizer.from_bundle(self.bundle)
        prompts = PROMPTS[: self.effort.prompts]
        ids, _ = tokenize(self.checkpoint.tokenizer, ["", *prompts])
        for prompt, row in zip(["", *prompts], ids, strict=True):
            found = np.asarray(tokenizer.encode(prompt)[0])
            if not np.array_equal(found, row):
                raise VerificationError(
                    f"the bundle's tokenizer reads {prompt!r} as {found}, not {row.numpy()}"
                )
        guided = max(self.checkpoint.defaults.guidance, 2.0)
        guided_only = self.effort.guided_only or self.bundle.manifest.two_rows
        samples = []
        for seed, prompt in enumerate(prompts):
            for guidance in (guided,) if guided_only else (1.0, guided):
                request = check_request(
                    prompt,
                    self.checkpoint.defaults,
                    self.pipeline.unit,
                    size=self.size,
                    steps=self.effort.steps,
                    guidance=guidance,
                )
                conditions = self.pipeline.conditions(request)
                rows = torch.stack([ids[0], ids[seed + 1]] if guidance > 1 else [ids[seed + 1]])
                own = self.engine.run("text_encoder", {"input_ids": rows.int().numpy()})
                self.figures.compare("text_encoder.hidden", conditions.text_hidden, own["text_hidden"])
                self.figures.compare("text_encoder.pooled", conditions.text_pooled, own["text_pooled"])
                samples.append(Sample(seed, guidance, conditions, own))
        self.engine.close("text_encoder")
        return samples

    def conditioner(self, sample: Sample) -> None:
        """The conditioner on the reference's text; then on the bundle's own, which the steps will take."""
        sinusoids = {
            "micro_sinusoids": micro_sinusoids(*self.size, AESTHETIC_SCORE),
            "step_sinusoids": step_sinusoids(self.effort.steps),
        }
        expected = reference_conditioning(self.checkpoint.transformer, sample.conditions, self.effort.steps)
        text = {
            "text_hidden": sample.conditions.text_hidden.numpy(),
            "text_pooled": sample.conditions.text_pooled.numpy(),
        }
        result = run_conditioner(self.engine, {**text, **sinusoids})
        for name, value in expected.items():
            self.figures.compare(f"conditioner.{name}", value, result[name])
        sample.own.update(run_conditioner(self.engine, {**sample.own, **sinusoids}))

    def draw(self, sample: Sample) -> list[Step]:
        """The steps of the reference's drawing of a sample."""
        count, mask = self.effort.steps, self.checkpoint.mask_token_id
        width, height = token_grid(self.checkpoint, self.size)
        steps = []

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            t = count - 1 - i
            (logits,) = self.pipeline.guided_logits(
                torch.from_numpy(tokens).long()[None], sample.conditions, t
            )
            drawn, log_prob = (x.numpy() for x in draw(logits, torch.from_numpy(uniforms)))
            steps.append(Step(t, tokens, uniforms, logits.numpy(), drawn))
            return drawn, log_prob

        plan = Plan(count, mask, self.checkpoint.masking_schedule)
        draw_tokens(step, np.full((height, width), mask, np.int32), PhiloxNoise(sample.seed), plan)
        return steps

    def steps(self, samples: Iterable[Sample], drawings: Iterable[list[Step]]) -> None:
        """Every step of the reference's drawings, repeated by the bundle's step."""
        repeat, chain = open_step(self.bundle), self.bundle.manifest.step
        for sample, drawing in zip(samples, drawings, strict=True):
            for step in drawing:
                tensors = {
                    "tokens": step.tokens,
                    "context": sample.own["context"],
                    "modulation": sample.own["modulation"][step.t],
                    "guidance": np.array(sample.guidance, np.float32),
                    "uniforms": step.uniforms,
                }
                for name in chain[:-1]:
                    tensors |= self.engine.run(name, tensors)
                self.compare_step(sample, step, repeat(tensors))

    def compare_step(self, sample: Sample, step: Step, outputs: Arrays) -> None:
        found, drawn = outputs["logits"], outputs["drawn"]
        masked = (step.tokens == self.checkpoint.mask_token_id).ravel()
        count = int(masked.sum())
        kl = measures.kl(step.logits[masked], found[masked])
        figures = {
            "transformer.agreement": measures.agreement(step.drawn[masked], drawn[masked]),
            "transformer.kl": kl,
            "transformer.kl_per_guidance": measures.kl_per_guidance(kl, sample.guidance),
        }
        for name, value in figures.items():
            self.figures.add(name, value, count)
        self.figures.compare("transformer.logits", step.logits, found)
        wrong = misdrawn(found[masked], step.uniforms[:, masked], drawn[masked])
        self.figures.add("transformer.misdrawn", wrong)

    def images(self, drawing: Drawing) -> None:
        """Decoder on the tokens of the bundle's own drawing, encoder on the reference's picture of them."""
        vqvae = self.checkpoint.vqvae
        expected = decode_tokens(vqvae, torch.from_numpy(drawing.tokens).long()[None])
        self.figures.add("image_decoder.psnr", measures.image_psnr(expected[0], drawing.picture))
        self.figures.add("image_decoder.levels", measures.max_abs(expected[0], drawing.picture))
        codes = encode_pixels(vqvae, expected)[0]
        found = self.engine.run("image_encoder", {"image": expected[0].numpy()})["tokens"]
        self.figures.add("image_encoder.agreement", measures.agreement(codes, found))


def reference_conditioning(transformer: MaskedTransformer, conditions: Conditions, steps: int) -> Arrays:
    """What the conditioner should give, from the reference's layers: context and modulation."""
    doubles: Iterable[Any] = transformer.transformer_blocks
    singles: Iterable[Any] = transformer.single_transformer_blocks
    layers = [norm for block in doubles for norm in (block.norm1, block.norm1_context)]
    layers += [block.norm for block in singles]
    modulation = []
    for t in range(steps):
        temb = transformer.condition(conditions.text_pooled, torch.tensor([t]), conditions.micro_conditions)
        parts = [
            part.squeeze(1) + (index in SCALES) for layer in layers for index, part in enumerate(layer(temb))
        ]
        modulation.append(torch.cat(parts, dim=-1))
    context = transformer.embed_text(conditions.text_hidden)
    return {"context": context.numpy(), "modulation": torch.stack(modulation).numpy()}
