"""Every graph of a written bundle, run by the runtime's engine and compared with the reference.

The text encoder and the conditioner are compared on the reference's inputs. The step is repeated
teacher-forced on the bundle's own text and conditioning, so its figures are those of the whole chain. One
part of the reference is in memory at a time, and none while the steps are repeated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from export.conditioner import SCALES
from export.errors import VerificationError
from reference.checkpoint import Checkpoint
from reference.image import decode_tokens, encode_pixels
from reference.pipeline import Conditions, Pipeline
from reference.request import PipelineRequest, check_request
from reference.tiny_decoder_model import TinyDecoder, decode_pixels
from runtime.bundle import Bundle
from runtime.conditioning import run_conditioner
from runtime.engine import EngineName
from runtime.generator import Drawing
from runtime.manifest import Manifest
from runtime.parity.bundle_steps import BundleSteps
from runtime.parity.comparison import Comparison, TensorFigures, decoder_figures, encoder_figures
from runtime.parity.limits import judged, missed
from runtime.parity.reference_steps import Witness, tokenizer_difference
from runtime.parity.replay import RecordedStep, Tensors
from runtime.parity.ties import misdrawn
from runtime.parity.verification import VERIFICATION_PROMPTS, decode_tiny, size_prefix
from runtime.request import Request, Settings, settle

LARGE = 200e6  # parameters
PROMPTS = VERIFICATION_PROMPTS[:3]


@dataclass(frozen=True)
class Effort:
    """How much is drawn to verify a bundle. Every drawing goes from all masked to finished."""

    prompts: int
    guided_only: bool
    steps: int  # of a verified drawing
    golden_steps: int  # of the golden trace

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "Effort":
        """One prompt and two steps for a large model, whose step takes half a minute on two cores."""
        parameters = sum(parameter.numel() for parameter in checkpoint.transformer.parameters())
        steps = checkpoint.defaults.steps
        if parameters > LARGE:
            return cls(1, guided_only=True, steps=min(steps, 2), golden_steps=min(steps, 2))
        return cls(len(PROMPTS), guided_only=False, steps=min(steps, 8), golden_steps=min(steps, 16))


@dataclass
class Sample:
    """One drawing to verify."""

    settings: Settings
    own: Tensors  # what the bundle's text encoder and conditioner were fed and gave
    request: PipelineRequest  # records the reference's steps
    steps: list[RecordedStep]


@torch.no_grad()
def verify_against_reference(
    bundle: Bundle, checkpoint: Checkpoint, drawing: Drawing, engine: EngineName | None = None
) -> dict[str, float]:
    """The figures of an opened bundle; `drawing` is one of its own, and `engine` runs its graphs.

    Every size is compared. Figures of a size other than the default one begin with it:
    "96x128.transformer.kl". Raises VerificationError, with the figures, for limits that are missed.
    """
    steps, manifest = BundleSteps(bundle, engine=engine), bundle.manifest
    prompts = PROMPTS[: Effort.of(checkpoint).prompts]
    if difference := tokenizer_difference(steps.generator.tokenizer, checkpoint, ["", *prompts]):
        raise VerificationError(difference)
    figures: dict[str, float] = {}
    for size in manifest.sizes:
        if drawing.settings.size != size:
            drawn = drawing.settings
            request = Request(drawn.prompt, drawn.negative, drawn.seed, drawn.steps, drawn.guidance, size)
            drawing = steps.generator.text_to_image(request)
        own, prefix = compare_size(steps, checkpoint, prompts, drawing), size_prefix(size, manifest)
        check(own, manifest, prefix)
        figures |= {f"{prefix}{name}": value for name, value in own.items()}
    return figures


def compare_size(
    steps: BundleSteps, checkpoint: Checkpoint, prompts: Sequence[str], drawing: Drawing
) -> dict[str, float]:
    """The figures of all graphs, at the size of the drawing, which is the bundle's."""
    pipeline, tensors, size = Pipeline(checkpoint), TensorFigures(), drawing.settings.size
    samples = [
        sample(steps, pipeline, settings) for settings in drawings(steps.bundle, checkpoint, prompts, size)
    ]
    with checkpoint.loaded("text_encoder"):
        conditions = [pipeline.conditions(each.request) for each in samples]
    with checkpoint.loaded("transformer"):
        for each, theirs in zip(samples, conditions, strict=True):
            compare_conditioning(steps, checkpoint, each, theirs, tensors)
            tokens = pipeline.blank(each.request)
            pipeline.run_loop(each.request, theirs, tokens, 0, checkpoint.masking_schedule)
    steps.generator.engine.close("conditioner")
    figures = compare_steps(steps, samples, tensors) | tensors.result()
    with checkpoint.loaded("vqvae"):
        figures |= compare_images(steps, checkpoint, drawing)
    return figures


def check(figures: dict[str, float], manifest: Manifest, prefix: str = "") -> None:
    """Raises VerificationError, with the figures, for limits that are missed."""
    wrong = missed(judged(figures, manifest))
    if not wrong:
        return
    plain = "fp16" if manifest.engine == "coreml" else "fp32"
    quantized = {verdict.limit.of for verdict in wrong} - {plain, "fp32"}
    flags = f"--{plain} without --qnn" if manifest.for_npu else f"--{plain}"
    way_out = f"; {flags} writes a bundle without quantization" if quantized else ""
    said = ", ".join(f"{prefix}{verdict}" for verdict in wrong)
    raise VerificationError(f"{said}: no bundle is written{way_out}")


def drawings(
    bundle: Bundle, checkpoint: Checkpoint, prompts: Sequence[str], size: tuple[int, int]
) -> list[Settings]:
    """Each prompt without guidance and with it, where the bundle can draw without and is not large."""
    effort, manifest = Effort.of(checkpoint), bundle.manifest
    guided = max(checkpoint.defaults.guidance, 2.0)
    scales = (guided,) if effort.guided_only or manifest.two_rows else (1.0, guided)
    if checkpoint.student:
        scales = (1.0,)  # the one pass that it is verified in has no guidance
    return [
        settle(Request(prompt, "", seed, effort.steps, guidance, size), manifest)
        for seed, prompt in enumerate(prompts)
        for guidance in scales
    ]


def sample(steps: BundleSteps, pipeline: Pipeline, settings: Settings) -> Sample:
    """Runs the bundle's text encoder and conditioner, and prepares the reference's drawing."""
    recorded: list[RecordedStep] = []
    witness = Witness(settings, steps.bundle.manifest, recorded.append)
    defaults, unit = pipeline.checkpoint.defaults, pipeline.unit
    request = check_request(settings.prompt, defaults, unit, **witness.request)
    return Sample(settings, steps.conditions(settings), request, recorded)


def compare_conditioning(
    steps: BundleSteps,
    checkpoint: Checkpoint,
    sample: Sample,
    conditions: Conditions,
    tensors: TensorFigures,
) -> None:
    """The text encoder's outputs, and those of the conditioner on the reference's text."""
    text = {
        "text_hidden": conditions.text_hidden.numpy(),
        "text_pooled": conditions.text_pooled.numpy(),
    }
    for name, value in text.items():
        tensors.compare(f"text_encoder.{name.removeprefix('text_')}", value, sample.own[name])
    made = run_conditioner(steps.generator.engine, {**sample.own, **text})
    for name, value in reference_conditioning(checkpoint, conditions, sample.settings.steps).items():
        tensors.compare(f"conditioner.{name}", value, made[name])


def compare_steps(steps: BundleSteps, samples: Sequence[Sample], tensors: TensorFigures) -> dict[str, float]:
    """Every step of the reference's drawings, repeated by the bundle."""
    parts, wrong = [], 0
    pairs = [(sample, step) for sample in samples for step in sample.steps]
    with tqdm(pairs, desc="verifying", unit="step", leave=False, disable=None) as bar:
        for sample, step in bar:
            found, at = steps.run(step.feed(sample.own)), step.compared
            parts.append(Comparison.of_step(step, found))
            tensors.compare("transformer.logits", step.logits, found["logits"])
            wrong += misdrawn(found["logits"][at], step.uniforms[:, at], found["drawn"][at])
    return Comparison.total(parts).figures("transformer") | {"transformer.misdrawn": wrong}


def compare_images(steps: BundleSteps, checkpoint: Checkpoint, drawing: Drawing) -> dict[str, float]:
    """Decoder on the tokens of the bundle's own drawing, encoder on the reference's picture of them."""
    expected = decode_tokens(checkpoint.vqvae, torch.from_numpy(drawing.tokens).long()[None])
    codes = encode_pixels(checkpoint.vqvae, expected)[0]
    found = steps.generator.encode(expected[0].numpy())
    figures = decoder_figures(expected[0], drawing.picture) | encoder_figures(codes, found)
    if isinstance(tiny := checkpoint.tiny_decoder, TinyDecoder):
        wanted = decode_pixels(tiny, torch.from_numpy(drawing.tokens).long()[None])[0]
        figures |= decoder_figures(wanted, decode_tiny(steps.generator, drawing.tokens), "tiny_decoder")
    return figures


def reference_conditioning(
    checkpoint: Checkpoint, conditions: Conditions, steps: int
) -> dict[str, np.ndarray]:
    """What the conditioner should give, from the reference's layers: context and modulation."""
    transformer = checkpoint.transformer
    doubles: Iterable[Any] = transformer.transformer_blocks
    singles: Iterable[Any] = transformer.single_transformer_blocks
    layers = [norm for block in doubles for norm in (block.norm1, block.norm1_context)]
    layers += [block.norm for block in singles]
    modulation = []
    for t in range(steps):
        time = torch.tensor([checkpoint.timestep(t, steps)])
        temb = transformer.condition(conditions.text_pooled, time, conditions.micro_conditions)
        parts = [
            part.squeeze(1) + (index in SCALES) for layer in layers for index, part in enumerate(layer(temb))
        ]
        modulation.append(torch.cat(parts, dim=-1))
    context = transformer.embed_text(conditions.text_hidden)
    return {"context": context.numpy(), "modulation": torch.stack(modulation).numpy()}
