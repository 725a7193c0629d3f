"""The figures of a quantized bundle beside the float bundle it was made from. No checkpoint and no torch."""

import numpy as np

from runtime.bundle import Bundle
from runtime.generator import Generator
from runtime.manifest import Manifest
from runtime.parity.bundle_steps import BundleSteps, record
from runtime.parity.comparison import Comparison, decoder_figures, encoder_figures
from runtime.request import Request

VERIFICATION_PROMPTS = (
    "a red cat on a blue background",
    "two yellow stars",
    "a small green house under the moon",
    "a purple fish and an orange apple",
)
# A verified drawing goes from all masked to finished in few steps, whatever the bundle's default.
MOST_STEPS, FEWEST_STEPS = 8, 4
POSITIONS = 2**14  # drawn positions that are enough: 4 drawings at 64 px, 1 in 4 steps at 1024


def verification_steps(bundle: Bundle) -> int:
    """The steps of a drawing that verifies, or that other runtimes reproduce."""
    return min(
        bundle.manifest.defaults.steps, MOST_STEPS, max(FEWEST_STEPS, POSITIONS // token_count(bundle))
    )


def size_prefix(size: tuple[int, int], manifest: Manifest) -> str:
    """What the names of a size's figures begin with: nothing for the default one, else "96x128."."""
    return "" if size == manifest.sizes[0] else f"{size[0]}x{size[1]}."


def token_count(bundle: Bundle) -> int:
    width, height = bundle.manifest.defaults.size
    return width * height // bundle.manifest.model.token_size**2


def verify_against_bundle(
    teacher: Bundle, bundle: Bundle, size: tuple[int, int] | None = None
) -> dict[str, float]:
    """Figures of drawings from text, with guidance: fewer drawings the more tokens a picture has.

    `size` None: the default one.
    """
    steps, guidance = verification_steps(teacher), max(teacher.manifest.defaults.guidance, 2.0)
    prompts = VERIFICATION_PROMPTS[: max(1, POSITIONS // (steps * token_count(teacher)))]
    requests = [
        Request(prompt, seed=seed, steps=steps, guidance=guidance, size=size)
        for seed, prompt in enumerate(prompts)
    ]
    found = Comparison.of(record(BundleSteps(teacher), requests), BundleSteps(bundle).repeat)
    return found.figures("transformer") | image_figures(Generator(teacher), Generator(bundle), requests[0])


def decode_tiny(generator: Generator, tokens: np.ndarray) -> np.ndarray:
    """What the tiny decoder of the generator's bundle makes of tokens i32 [H, W]: u8 [h, w, 3]."""
    return Generator(generator.bundle, engine=generator.engine, tiny=True).decode(tokens)


def image_figures(teacher: Generator, other: Generator, request: Request) -> dict[str, float]:
    """Of the image graphs, on one picture of the teacher."""
    drawing = teacher.text_to_image(request)
    figures = decoder_figures(drawing.picture, other.decode(drawing.tokens))
    if "tiny_decoder" in teacher.bundle.manifest.graphs:
        made = [decode_tiny(generator, drawing.tokens) for generator in (teacher, other)]
        figures |= decoder_figures(made[0], made[1], "tiny_decoder")
    if "image_encoder" in teacher.bundle.manifest.graphs:
        figures |= encoder_figures(teacher.encode(drawing.picture), other.encode(drawing.picture))
    return figures
