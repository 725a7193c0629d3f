"""The written graphs, executed by the runtime's engine, beside the reference.

Each graph runs on the reference's inputs; then the chain of text, conditioning and steps on its own outputs.
Steps are teacher-forced: the reference draws, and at every step the graph draws from the same tokens and
uniforms.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from export.conditioner import SCALES
from export.errors import VerificationError
from export.graphs import token_grid
from export.limits import Figures, check
from reference.checkpoint import Checkpoint
from reference.drawing import draw
from reference.image import decode_tokens, encode_pixels
from reference.pipeline import Conditions, Pipeline
from reference.request import AESTHETIC_SCORE, check_request
from reference.text import tokenize
from reference.transformer import MaskedTransformer
from runtime import measures
from runtime.bundle import Bundle
from runtime.engine import Engine
from runtime.loop import Plan, draw_tokens
from runtime.parity.logits import open_logits
from runtime.philox import PhiloxNoise
from runtime.sinusoids import micro_sinusoids, step_sinusoids
from runtime.tokenizer import ClipTokenizer

PROMPTS = ("a red cat on a blue background", "two yellow stars", "a small green house under the moon")
MOST_STEPS = 8  # of a verified drawing, which goes from all masked to finished whatever the default is

Arrays = dict[str, np.ndarray]
LogitsOf = Callable[[Mapping[str, np.ndarray]], np.ndarray]


def verify(bundle: Bundle, checkpoint: Checkpoint, precision: str) -> dict[str, float]:
    """The figures of an opened bundle. Raises VerificationError, with the figure, for a limit missed."""
    figures = Comparison(bundle, checkpoint).run()
    check(figures, precision)
    return figures


class Comparison:
    """A bundle's graphs beside the checkpoint they were made from."""

    def __init__(self, bundle: Bundle, checkpoint: Checkpoint) -> None:
        self.bundle, self.checkpoint = bundle, checkpoint
        self.engine, self.pipeline = Engine(bundle), Pipeline(checkpoint)
        self.size = bundle.manifest.sizes[0]
        self.steps = min(checkpoint.defaults.steps, MOST_STEPS)
        self.figures = Figures()

    @torch.no_grad()
    def run(self) -> dict[str, float]:
        """All figures over PROMPTS, with and without guidance; of the steps, over their masked positions."""
        self.text()
        logits_of = open_logits(self.bundle)
        for seed, prompt in enumerate(PROMPTS):
            for guidance in (1.0, max(self.checkpoint.defaults.guidance, 2.0)):
                tokens = self.drawing(prompt, guidance, seed, logits_of)
        self.images(tokens)
        return self.figures.result()

    def text(self) -> None:
        """Text encoder. Raises VerificationError if the runtime's tokenizer gives other ids."""
        tokenizer = ClipTokenizer.from_bundle(self.bundle)
        ids, _ = tokenize(self.checkpoint.tokenizer, ["", *PROMPTS])
        for prompt, row in zip(["", *PROMPTS], ids, strict=True):
            found = np.asarray(tokenizer.encode(prompt)[0])
            if not np.array_equal(found, row):
                raise VerificationError(
                    f"the bundle's tokenizer reads {prompt!r} as {found}, not {row.numpy()}"
                )
            pair = torch.stack([ids[0], row])
            expected = self.checkpoint.text_encoder(pair, output_hidden_states=True)
            result = self.engine.run("text_encoder", {"input_ids": pair.int().numpy()})
            self.figures.compare("text_encoder.hidden", expected.hidden_states[-2], result["text_hidden"])
            self.figures.compare("text_encoder.pooled", expected.text_embeds, result["text_pooled"])

    def drawing(self, prompt: str, guidance: float, seed: int, logits_of: LogitsOf) -> np.ndarray:
        """One drawing of the reference with the bundle beside it; returns its finished tokens i32 [H, W]."""
        defaults, unit = self.checkpoint.defaults, self.pipeline.unit
        request = check_request(prompt, defaults, unit, size=self.size, steps=self.steps, guidance=guidance)
        conditions = self.pipeline.conditions(request)
        given = self.conditioner(conditions)
        own = self.own_conditioning(prompt, guidance)
        mask = self.checkpoint.mask_token_id

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            t = self.steps - 1 - i
            (logits,) = self.pipeline.guided_logits(torch.from_numpy(tokens).long()[None], conditions, t)
            drawn, log_prob = (x.numpy() for x in draw(logits, torch.from_numpy(uniforms)))
            masked = (tokens == mask).ravel()
            count = int(masked.sum())

            def inputs(source: Arrays) -> Arrays:
                rows = {"context": source["context"], "modulation": source["modulation"][t]}
                return rows | {
                    "tokens": tokens,
                    "uniforms": uniforms,
                    "guidance": np.array(guidance, np.float32),
                }

            for name, source in (("transformer", given), ("end_to_end", own)):
                found = self.engine.run("transformer", inputs(source))["drawn"]
                self.figures.add(f"{name}.agreement", measures.agreement(drawn[masked], found[masked]), count)
            by_graph = logits_of(inputs(given))
            self.figures.compare("transformer.logits", logits, by_graph)
            self.figures.add("transformer.kl", measures.kl(logits[masked], by_graph[masked]), count)
            return drawn, log_prob

        width, height = token_grid(self.checkpoint, self.size)
        plan = Plan(self.steps, mask, self.checkpoint.masking_schedule)
        return draw_tokens(step, np.full((height, width), mask, np.int32), PhiloxNoise(seed), plan)

    def sinusoids(self) -> Arrays:
        micro = micro_sinusoids(*self.size, AESTHETIC_SCORE)
        return {"micro_sinusoids": micro, "step_sinusoids": step_sinusoids(self.steps)}

    def conditioner(self, conditions: Conditions) -> Arrays:
        """The conditioner on the reference's text; returns the reference's conditioning."""
        expected = reference_conditioning(self.checkpoint.transformer, conditions, self.steps)
        text = {"text_hidden": conditions.text_hidden.numpy(), "text_pooled": conditions.text_pooled.numpy()}
        result = self.engine.run("conditioner", {**text, **self.sinusoids()})
        for name, value in expected.items():
            self.figures.compare(f"conditioner.{name}", value, result[name])
        return expected

    def own_conditioning(self, prompt: str, guidance: float) -> Arrays:
        """The bundle's conditioning of the bundle's own text."""
        rows = ["", prompt] if guidance > 1 else [prompt]
        ids, _ = tokenize(self.checkpoint.tokenizer, rows)
        text = self.engine.run("text_encoder", {"input_ids": ids.int().numpy()})
        return self.engine.run("conditioner", {**text, **self.sinusoids()})

    def images(self, tokens: np.ndarray) -> None:
        """Decoder on finished tokens i32 [H, W], encoder on the reference's picture of them."""
        vqvae = self.checkpoint.vqvae
        expected = decode_tokens(vqvae, torch.from_numpy(tokens).long()[None])
        image = self.engine.run("image_decoder", {"tokens": tokens})["image"]
        self.figures.add("image_decoder.psnr", measures.image_psnr(expected[0], image))
        self.figures.add("image_decoder.levels", measures.max_abs(expected[0], image))
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
