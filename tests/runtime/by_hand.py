"""Drawings of the tiny bundle in plain numpy, without bundle, engine or our tokenizer."""

import numpy as np

from runtime.loop import Plan, draw_tokens
from runtime.philox import PhiloxNoise
from runtime.request import Request
from runtime.sinusoids import sinusoids
from tests.runtime.published_tokenizer import published
from tests.runtime.tiny_bundle import MASK, SIZE, H, W, condition, draw, guided_logits

REQUEST = Request("the red cat!", negative="dog", seed=7, steps=9, guidance=2.5)


def by_hand(request: Request, tokens: np.ndarray, plan: Plan) -> np.ndarray:
    """The finished tokens i32 [H, W] of a drawing that starts from `tokens`."""
    steps, guidance = plan.steps, request.guidance
    assert guidance is not None
    texts = [request.negative, request.prompt] if guidance > 1 else [request.prompt]
    ids = np.array(published()(texts, padding="max_length", truncation=True, max_length=8).input_ids)
    times = sinusoids([1000.0 * t for t in range(steps)])
    context, modulation = condition(ids, times, sinusoids([*SIZE, 0, 0, 6.0]))

    def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(None) if request.guidance_from <= i / steps < request.guidance_until else slice(-1, None)
        logits = guided_logits(tokens, context[rows], modulation[steps - 1 - i][rows], guidance)
        drawn, log_prob = draw(logits, uniforms[0])
        return drawn, log_prob.astype(np.float32)

    return draw_tokens(step, tokens, PhiloxNoise(request.seed), plan)


def masks() -> np.ndarray:
    return np.full((H, W), MASK, np.int32)
