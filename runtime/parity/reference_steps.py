"""The steps of a drawing of the PyTorch reference, recorded while its own pipeline draws."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from reference.checkpoint import Checkpoint
from reference.noise import PhiloxNoise
from reference.text import tokenize
from runtime.feeds import embedding_noise
from runtime.loop import random_tokens
from runtime.manifest import Manifest
from runtime.parity.replay import RecordedStep, plan_of, token_grid
from runtime.philox import PhiloxNoise as RuntimeNoise
from runtime.request import Settings
from runtime.tokenizer import ClipTokenizer


class Witness(PhiloxNoise):
    """The reference's random numbers for one picture; `on_step` is given each step when its codes are drawn.

    The recorded uniforms are the runtime's own, so that a bundle shows whether both draw the same numbers.
    """

    def __init__(
        self, settings: Settings, manifest: Manifest, on_step: Callable[[RecordedStep], object]
    ) -> None:
        super().__init__(settings.seed)
        self.settings, self.defaults, self.on_step = settings, manifest.defaults, on_step
        self.mask = manifest.model.mask_token_id
        self.tokens = np.full(token_grid(settings, manifest.model), self.mask, np.int32)
        self.numbers = RuntimeNoise(settings.seed)
        self.model, self.plan = manifest.model, plan_of(manifest.model, settings.steps)

    @property
    def request(self) -> dict[str, Any]:
        """The drawing as keywords of `reference.request.check_request`, which records it."""
        settings = self.settings
        return {
            "negative": settings.negative,
            "size": settings.size,
            "steps": settings.steps,
            "guidance": settings.guidance,
            "temperature": self.defaults.temperature,
            "micro_conditions": (*settings.size, 0, 0, self.defaults.score),
            "noise": self,
            "callback": self._after,
        }

    def draw(self, logits: Tensor, step: int) -> tuple[Tensor, Tensor]:
        drawn, log_prob = super().draw(logits, step)
        unknown = (self.tokens == self.mask).ravel()
        if step == 0 and self.plan.student:
            seen = random_tokens(self.tokens.ravel(), self.numbers, self.plan, self.plan.student)
            self.tokens = seen.reshape(self.tokens.shape)
        self.on_step(
            RecordedStep(
                settings=self.settings,
                index=step,
                tokens=self.tokens,
                uniforms=self.numbers.draw(step, self.tokens.size),
                compared=unknown,
                drawn=drawn[0].int().numpy(),
                logits=logits[0].numpy(),
                conditions={},
                embedding_noise=embedding_noise(self.model, self.tokens.shape, step, self.settings.seed),
            )
        )
        return drawn, log_prob

    def _after(self, step: int, steps: int, tokens: Tensor) -> None:
        self.tokens = tokens[0].int().numpy()


def tokenizer_difference(
    tokenizer: ClipTokenizer, checkpoint: Checkpoint, texts: Sequence[str]
) -> str | None:
    """The first text that a bundle's tokenizer reads otherwise than the reference's, as a sentence."""
    ids, _ = tokenize(checkpoint.tokenizer, list(texts))
    for text, row in zip(texts, ids.tolist(), strict=True):
        found = np.asarray(tokenizer.encode(text)[0]).tolist()
        if found != row:
            return f"the bundle's tokenizer reads {text!r} as {found}, the reference's as {row}"
    return None
