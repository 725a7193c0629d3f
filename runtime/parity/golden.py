"""The golden trace: one drawing of the written bundle, step by step, for other runtimes to reproduce."""

import hashlib

import numpy as np

from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.generator import Drawing, Generator
from runtime.loop import Progress
from runtime.manifest import GoldenTrace
from runtime.request import Request

PROMPT = "a red cat on a blue background"
SEED = 7


def golden_drawing(
    bundle: Bundle, steps: int, engine: EngineName | None = None
) -> tuple[GoldenTrace, Drawing]:
    """Draws PROMPT with `engine` or the runtime that users have; Core ML packages with the evaluator on a Mac
    too, so that what a Mac or phone makes of them has something to be compared with.
    """
    usual: EngineName | None = "evaluator" if bundle.manifest.engine == "coreml" else None
    generator = Generator(bundle, engine=engine or usual)
    progress: list[Progress] = []
    request = Request(PROMPT, seed=SEED, steps=steps)
    drawing = generator.text_to_image(request, on_step=lambda step: progress.append(step))
    settings = drawing.settings
    trace = GoldenTrace(
        prompt=settings.prompt,
        negative=settings.negative,
        seed=settings.seed,
        steps=settings.steps,
        guidance=settings.guidance,
        size=settings.size,
        prompt_ids=ids(generator, settings.prompt),
        negative_ids=ids(generator, settings.negative),
        masked=[step.masked for step in progress],
        tokens=[step.tokens.ravel().tolist() for step in progress],
        final_tokens=drawing.tokens.ravel().tolist(),
        image_sha256=hashlib.sha256(np.ascontiguousarray(drawing.picture).tobytes()).hexdigest(),
    )
    return trace, drawing


def ids(generator: Generator, text: str) -> list[int]:
    return np.asarray(generator.tokenizer.encode(text)[0]).tolist()
