"""Ranges of a step's activations, for 8-bit activations: the evaluator watches the checkpoint's own drawings.

coremltools calibrates by running the model, which it can on a Mac only; here the saved half-precision package
is executed by the evaluator instead.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from export.apple.graphs import Dimensions
from export.apple.step import TokenEmbedder
from export.conditioner import Conditioner
from quantize.calibration import POSITIONS, PROMPTS
from quantize.coreml import Ranges
from reference.checkpoint import Checkpoint
from reference.drawing import draw
from reference.pipeline import Conditions, Pipeline
from reference.request import AESTHETIC_SCORE, check_request
from runtime.coreml.evaluator import Evaluator
from runtime.loop import Plan, draw_tokens
from runtime.philox import PhiloxNoise
from runtime.sinusoids import micro_sinusoids, step_sinusoids

STEPS = 4  # of a drawing that is watched

Feed = dict[str, np.ndarray]


@torch.no_grad()
def step_feeds(checkpoint: Checkpoint, dimensions: Dimensions) -> list[Feed]:
    """What the transformer package of these dimensions is fed while the reference draws."""
    pipeline, transformer = Pipeline(checkpoint), checkpoint.transformer
    size = dimensions["pixel_width"], dimensions["pixel_height"]
    grid = dimensions["height"], dimensions["width"]
    prompts = PROMPTS[: max(1, POSITIONS // (STEPS * dimensions["positions"]))]
    with checkpoint.loaded("text_encoder"):
        requests = [
            check_request(prompt, checkpoint.defaults, pipeline.unit, size=size) for prompt in prompts
        ]
        texts = [pipeline.conditions(request) for request in requests]
    micro, times = micro_sinusoids(*size, AESTHETIC_SCORE), step_sinusoids(STEPS)
    feeds: list[Feed] = []
    with checkpoint.loaded("transformer"):
        conditioner, embedder = Conditioner(transformer), TokenEmbedder(transformer, *grid)
        for seed, text in enumerate(texts):
            sinusoids = torch.from_numpy(micro), torch.from_numpy(times)
            context, modulation = conditioner(text.text_hidden, text.text_pooled, *sinusoids)
            rows = slice(-dimensions["rows"], None)  # the prompt's is the last

            def step(
                i: int,
                tokens: np.ndarray,
                uniforms: np.ndarray,
                text: Conditions = text,
                fixed: tuple[Tensor, Tensor] = (context[rows], modulation[:, rows]),
            ) -> tuple[np.ndarray, np.ndarray]:
                t = STEPS - 1 - i
                fed = {
                    "embedded": embedder(torch.from_numpy(tokens)),
                    "context": fixed[0],
                    "modulation": fixed[1][t],
                }
                feeds.append({name: value.numpy() for name, value in fed.items()})
                (logits,) = pipeline.guided_logits(torch.from_numpy(tokens).long()[None], text, t)
                drawn, log_prob = draw(logits, torch.from_numpy(uniforms))
                return drawn.numpy(), log_prob.numpy()

            plan = Plan(STEPS, checkpoint.mask_token_id, checkpoint.masking_schedule)
            draw_tokens(step, np.full(grid, plan.mask_token_id, np.int32), PhiloxNoise(seed), plan)
    return feeds


def observed(package: Path, fed: Iterable[Mapping[str, np.ndarray]]) -> Ranges:
    """Smallest and largest value of each result of a package of one function, over all feeds."""
    ranges: Ranges = {}

    def watch(name: str, _: str, result: Tensor) -> None:
        if result.is_floating_point():
            smallest, largest = (float(value) for value in result.aminmax())
            before = ranges.get(name, (smallest, largest))
            ranges[name] = min(before[0], smallest), max(before[1], largest)

    evaluator = Evaluator(package, hook=watch)
    for feed in fed:
        evaluator.run(feed)
    return ranges
