"""Drawing: text-to-image, image-to-image, inpainting and outpainting with one masked loop.

Each starts from a token grid in which some tokens are unknown. Every step predicts all tokens, keeps the
known ones and masks the least confident new ones again, fewer each time. Unlike the published pipelines,
strength 1 repaints everything, a mask may have any size the model can draw, each image has its own ratio,
one negative prompt serves several prompts, and calls do not affect each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from reference.checkpoint import Checkpoint
from reference.component_configs import StudentConfig
from reference.errors import Cancelled, CheckpointError, RequestError
from reference.image import decode_tokens, encode_pixels, mask_grid, to_images, to_pixels
from reference.noise import Noise
from reference.request import PipelineRequest, check_request, first_step
from reference.schedule import mask_length, mask_ratio, remask, temperatures
from reference.student import EmbeddingNoise, random_start
from reference.text import encode_text, tokenize


@dataclass(frozen=True)
class Conditions:
    """What the transformer reads of a request: rows [negative..., prompt...] if guided, else [prompt...]."""

    text_hidden: Tensor  # [R, T, J]
    text_pooled: Tensor  # [R, P]
    micro_conditions: Tensor  # [R, 5]
    guidance: float

    def of_prompts(self, batch: int) -> "Conditions":
        """Without guidance: the rows of the prompts, which are the last."""
        hidden, pooled, micro = self.text_hidden, self.text_pooled, self.micro_conditions
        return Conditions(hidden[-batch:], pooled[-batch:], micro[-batch:], 1.0)


@dataclass(frozen=True)
class StepTrace:
    """What one step did; tensors are [B, H, W]."""

    step: int
    tokens_in: Tensor
    drawn: Tensor
    log_prob: Tensor
    tokens: Tensor


@dataclass(frozen=True)
class Drawing:
    """The result of a request, images in the order p0, p1, ..., p0, p1, ..."""

    images: list[Image.Image]
    tokens: Tensor  # i64 [B, H, W]
    cut: list[str]  # the part of each prompt that did not fit the text length
    trace: list[StepTrace] = field(default_factory=list)


class Pipeline:
    """Draws with one checkpoint and never changes it.

    Every method takes the settings of `reference.request.check_request` by keyword. It raises RequestError
    for an invalid value and Cancelled when the callback returns False.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.unit = checkpoint.token_size * checkpoint.compression  # pixels; each side is a multiple

    def text_to_image(self, prompt: str | Sequence[str], **settings: Any) -> Drawing:
        """Draw one prompt or several."""
        request = check_request(prompt, self.checkpoint.defaults, self.unit, **settings)
        return self.draw(request, self.blank(request), 0, self.checkpoint.masking_schedule)

    def blank(self, request: PipelineRequest) -> Tensor:
        """The grid of a request, all masked: i64 [B, H, W]."""
        width, height = (side // self.checkpoint.token_size for side in request.size)
        return torch.full((request.batch, height, width), self.checkpoint.mask_token_id)

    def image_to_image(
        self, prompt: str | Sequence[str], image: Image.Image, strength: float = 0.5, **settings: Any
    ) -> Drawing:
        """Mask random tokens of an image and redraw it in the last share `strength` of the steps."""
        request, tokens = self.start_from(prompt, image, settings)
        start = first_step(request.steps, strength)
        schedule = self.checkpoint.masking_schedule
        uniforms = request.noise.start(request.batch, tokens[0].numel()).view(tokens.shape)
        unknown = uniforms.double() < float(mask_ratio(start, request.steps, schedule))
        if start == 0:  # a uniform may be 1, and strength 1 repaints everything
            unknown = torch.ones_like(unknown)
        return self.draw(request, tokens.masked_fill(unknown, self.checkpoint.mask_token_id), start, schedule)

    def inpaint(
        self,
        prompt: str | Sequence[str],
        image: Image.Image,
        mask: Image.Image,
        strength: float = 1.0,
        **settings: Any,
    ) -> Drawing:
        """Repaint where the mask is white. A strength below 1 skips the first steps."""
        request, tokens = self.start_from(prompt, image, settings)
        unknown = mask_grid(mask, image.size, self.checkpoint.token_size)
        return self.repaint(request, tokens, unknown, first_step(request.steps, strength))

    def outpaint(
        self,
        prompt: str | Sequence[str],
        image: Image.Image,
        margins: tuple[int, int, int, int],
        **settings: Any,
    ) -> Drawing:
        """Draw around an image: margins (left, top, right, bottom) in pixels, multiples of the token size."""
        token = self.checkpoint.token_size
        if min(margins) < 0 or any(margin % token for margin in margins):
            raise RequestError(f"margins {list(margins)}: each must be a multiple of {token} pixels, or 0")
        pixels = to_pixels(image, token).permute(2, 0, 1)[None].float()
        left, top, right, bottom = margins
        # The encoder sees pixels beyond each token. Repeating the edges disturbs the kept tokens least.
        canvas = F.pad(pixels, (left, right, top, bottom), mode="replicate")[0].permute(1, 2, 0).byte()
        request, tokens = self.start_from(prompt, Image.fromarray(canvas.contiguous().numpy()), settings)
        unknown = torch.ones(tokens.shape[1:], dtype=torch.bool)
        rows, columns = (top, top + image.height), (left, left + image.width)
        unknown[rows[0] // token : rows[1] // token, columns[0] // token : columns[1] // token] = False
        return self.repaint(request, tokens, unknown, 0)

    def start_from(
        self, prompt: str | Sequence[str], image: Image.Image, settings: dict[str, Any]
    ) -> tuple[PipelineRequest, Tensor]:
        """A request of the image's size, and the image's tokens [B, H, W]."""
        pixels = to_pixels(image, self.unit)
        if settings.get("size") not in (None, image.size):
            width, height = settings["size"]
            raise RequestError(
                f"size {width}x{height} differs from the image's {image.width}x{image.height}: leave size out"
            )
        settings = {**settings, "size": image.size}
        request = check_request(prompt, self.checkpoint.defaults, self.unit, **settings)
        tokens = encode_pixels(self.checkpoint.vqvae, pixels[None]).cpu()
        return request, tokens.repeat(request.batch, 1, 1)

    def repaint(self, request: PipelineRequest, tokens: Tensor, unknown: Tensor, start: int) -> Drawing:
        """Redraw the unknown positions (bool [H, W]) of tokens [B, H, W]; linear schedule, as published."""
        if not unknown.any():
            raise RequestError("the mask leaves nothing to repaint: make the area to repaint white")
        tokens = tokens.masked_fill(unknown, self.checkpoint.mask_token_id)
        return self.draw(request, tokens, start, "linear", int(unknown.sum()) / unknown.numel())

    @torch.no_grad()
    def draw(
        self, request: PipelineRequest, tokens: Tensor, start: int, schedule: str, starting_ratio: float = 1.0
    ) -> Drawing:
        """Encode the prompts, run the masked loop on tokens i64 [B, H, W] from step `start`, decode."""
        conditions = self.conditions(request)
        tokens, trace = self.run_loop(request, conditions, tokens, start, schedule, starting_ratio)
        pixels = decode_tokens(self.checkpoint.vqvae, tokens)
        _, cut = tokenize(self.checkpoint.tokenizer, request.prompts)
        return Drawing(to_images(pixels), tokens, cut, trace)

    @torch.no_grad()
    def run_loop(
        self,
        request: PipelineRequest,
        conditions: Conditions,
        tokens: Tensor,
        start: int,
        schedule: str,
        starting_ratio: float = 1.0,
    ) -> tuple[Tensor, list[StepTrace]]:
        """Run the masked loop on tokens i64 [B, H, W] from step `start`; docs/contract.md describes it.

        Returns the finished tokens, and the trace if the request asks for one.

        `starting_ratio` is the unknown share of the grid if the known tokens are never redrawn; else 1.
        """
        mask_token, steps = self.checkpoint.mask_token_id, request.steps
        total = tokens[0].numel()
        lengths = [int(count) for count in (tokens == mask_token).flatten(1).sum(dim=1)]
        weights = temperatures(steps, request.temperature)
        trace = []
        for step in range(start, steps):
            known, noise = (tokens != mask_token).flatten(1), None
            rows = conditions if request.guided_at(step) else conditions.of_prompts(request.batch)
            left = steps - 1 - step
            if step == 0 and self.checkpoint.student:  # its first pass; any others are as its teacher's
                tokens, noise = self.first_pass(request.noise, tokens, self.checkpoint.student)
                rows, left = conditions.of_prompts(request.batch), 0
            before = tokens
            logits = self.guided_logits(tokens, rows, self.checkpoint.timestep(left, steps), noise)
            drawn, log_prob = request.noise.draw(logits, step)
            if not log_prob.isfinite().all():
                raise CheckpointError(
                    f"step {step} gave a probability that is not a number: the weights are damaged or too"
                    " large; copy or download the checkpoint again"
                )
            after = torch.where(known, tokens.flatten(1), drawn)
            if step < steps - 1:
                lengths = [mask_length(step, steps, total, n, schedule, starting_ratio) for n in lengths]
                gumbel = request.noise.gumbel(request.batch, total, step)
                after = after.masked_fill(remask(log_prob, gumbel, weights[step], known, lengths), mask_token)
            tokens = after.view(tokens.shape)
            if request.trace:
                trace.append(StepTrace(step, before, drawn.view_as(tokens), log_prob.view_as(tokens), tokens))
            if request.callback and request.callback(step, steps, tokens) is False:
                raise Cancelled(f"cancelled after step {step + 1} of {steps}")
        return tokens, trace

    def first_pass(
        self, noise: Noise, tokens: Tensor, student: StudentConfig
    ) -> tuple[Tensor, EmbeddingNoise | None]:
        """What a student's first pass sees of tokens [B, H, W]: the random start, and embedding noise."""
        config, batch = self.checkpoint.transformer.config, len(tokens)
        uniforms = noise.random_start(batch, tokens[0].numel())
        started = random_start(tokens, uniforms, student, self.checkpoint.mask_token_id, config.codebook_size)
        if not student.noise:
            return started, None
        shape = (*tokens.shape, config.inner_dim)
        values = noise.embedding(batch, tokens[0].numel() * config.inner_dim).view(shape)
        return started, EmbeddingNoise(
            values.to(self.checkpoint.transformer.embed.conv.weight), student.noise
        )

    def conditions(self, request: PipelineRequest) -> Conditions:
        """Encode the prompts, and the negative prompts if the request is guided."""
        rows = request.prompts * request.images_per_prompt
        if request.guidance > 1:
            rows = request.negatives * request.images_per_prompt + rows
        texts = list(dict.fromkeys(rows))  # each text is encoded once
        hidden, pooled = encode_text(self.checkpoint.tokenizer, self.checkpoint.text_encoder, texts)
        order = torch.tensor([texts.index(row) for row in rows], device=hidden.device)
        micro = torch.tensor([request.micro_conditions] * len(rows), device=hidden.device).float()
        return Conditions(hidden[order], pooled[order], micro, request.guidance)

    def guided_logits(
        self, tokens: Tensor, conditions: Conditions, timestep: float, noise: EmbeddingNoise | None = None
    ) -> Tensor:
        """Logits f32 [B, S, C] of tokens [B, H, W] at a `Checkpoint.timestep`, guided as u + g (c - u)."""
        device = conditions.text_hidden.device
        rows = conditions.text_hidden.shape[0] // tokens.shape[0]
        logits = self.checkpoint.transformer(
            tokens.to(device).repeat(rows, 1, 1),
            conditions.text_hidden,
            conditions.text_pooled,
            torch.tensor([timestep], device=device),
            conditions.micro_conditions,
            noise,
        )
        logits = logits.float().flatten(2).transpose(1, 2).cpu()
        if rows == 1:
            return logits
        unconditional, conditional = logits.chunk(2)
        return unconditional + conditions.guidance * (conditional - unconditional)
