"""Draws with a bundle: text encoder, conditioner, the masked loop over the step chain, image decoder.

Tensors travel by name from graph to graph, as the manifest says; a chain of any length serves as the step.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from runtime.bundle import Bundle, open_bundle
from runtime.conditioning import run_conditioner
from runtime.engine import Engine, EngineName, open_engine
from runtime.errors import RequestError
from runtime.loop import Noise, OnStep, Plan, draw_tokens, mask_some, starting_step
from runtime.philox import PhiloxNoise
from runtime.pictures import margin_array, mask_array, pad_edges, picture_array
from runtime.request import Request, Settings, check_margins, check_strength, settle
from runtime.sinusoids import micro_sinusoids, step_sinusoids
from runtime.tokenizer import ClipTokenizer


@dataclass(frozen=True)
class Drawing:
    """A finished picture and how it came about."""

    picture: np.ndarray  # u8 [h, w, 3]
    tokens: np.ndarray  # i32 [H, W]
    settings: Settings
    cut: dict[str, str]  # what did not fit of "prompt" and "negative prompt"; empty if all did
    seconds: dict[str, float] = field(default_factory=dict)  # a stage; "steps" is the whole loop


class Generator:
    """One bundle, ready to draw. Not for several threads at once, but `cancel` may come from any."""

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 0,
        keep: bool = False,
        low_memory: bool = False,
        engine: EngineName | None = None,
    ) -> None:
        """`keep` leaves graphs loaded between stages and drawings: faster for many, but all in memory.

        `low_memory`: see OnnxRuntimeEngine; `engine`: see open_engine.
        """
        self.bundle = bundle
        self.engine: Engine = open_engine(bundle, threads, low_memory, engine)
        self.tokenizer = ClipTokenizer.from_bundle(bundle)
        self._keep = keep
        self._seconds: dict[str, float] = {}

    @classmethod
    def open(
        cls,
        folder: str | Path,
        threads: int = 0,
        keep: bool = False,
        low_memory: bool = False,
        engine: EngineName | None = None,
    ) -> "Generator":
        """Raises BundleError if the bundle is not whole, RequestError if the engine cannot run it."""
        return cls(open_bundle(folder), threads, keep, low_memory, engine)

    def text_to_image(self, request: Request, on_step: OnStep | None = None) -> Drawing:
        """All four drawing methods raise RequestError, BundleError, EngineError and Cancelled."""
        settings = self._begin(request)
        model = self.bundle.manifest.model
        tokens = np.full(self._grid(settings), model.mask_token_id, np.int32)
        return self._draw(settings, tokens, self._plan(settings, model.masking_schedule), on_step)

    def image_to_image(
        self,
        request: Request,
        image: Image.Image,
        strength: float | None = None,
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Redraws an image of the bundle's size; the more, the greater the strength (0 to 1)."""
        settings = self._begin(request)
        strength = check_strength(self.bundle.manifest.defaults.strength if strength is None else strength)
        pixels = picture_array(image, settings.size)
        schedule = self.bundle.manifest.model.masking_schedule
        plan = self._plan(settings, schedule, starting_step(settings.steps, strength))
        tokens = mask_some(self.encode(pixels), PhiloxNoise(settings.seed), plan)
        return self._draw(settings, tokens, plan, on_step)

    def inpaint(
        self,
        request: Request,
        image: Image.Image,
        mask: Image.Image,
        strength: float = 1.0,
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Repaints what is white in the mask; a strength below 1 skips the first steps."""
        settings = self._begin(request)
        check_strength(strength)
        pixels = picture_array(image, settings.size)
        unknown = mask_array(mask, settings.size, self._grid(settings))
        return self._repaint(settings, pixels, unknown, strength, on_step)

    def outpaint(
        self,
        request: Request,
        image: Image.Image,
        margins: tuple[int, int, int, int],
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Paints margins (left, top, right, bottom; pixels) around an image, up to the bundle's size."""
        settings = self._begin(request)
        token_size = self.bundle.manifest.model.token_size
        check_margins(margins, image.size, settings.size, token_size)
        pixels = pad_edges(picture_array(image, image.size), margins)
        unknown = margin_array(self._grid(settings), margins, token_size)
        return self._repaint(settings, pixels, unknown, 1.0, on_step)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Picture u8 [h, w, 3] to tokens i32 [H, W]. Raises RequestError if the bundle cannot edit."""
        if "image_encoder" not in self.bundle.manifest.graphs:
            raise RequestError(
                "this bundle has no image_encoder and draws from text only: export it again with one"
            )
        with self._stage("image_encoder"):
            return self.engine.run("image_encoder", {"image": pixels})["tokens"]

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """Tokens i32 [H, W] to a picture u8 [h, w, 3]; also for the half-finished `Progress.candidate`."""
        with self._stage("image_decoder"):
            # Core ML has no bytes: its levels come as wider integers.
            return self.engine.run("image_decoder", {"tokens": tokens})["image"].astype(np.uint8, copy=False)

    def condition(self, settings: Settings) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Runs the graphs that depend on the prompt alone.

        Returns the named tensors, `context` f32 [R, T, D] and `modulation` f32 [N, R, M] among them, and what
        was cut of the texts. Rows are [negative, prompt] with guidance, [prompt] without, which a step of two
        rows only gets twice.
        """
        encoded = self._encode_texts(settings)
        rows = [ids for ids, _ in encoded.values()]
        if self.bundle.manifest.two_rows and not settings.guided:
            rows *= 2
        tensors = {
            "input_ids": np.stack(rows),
            "micro_sinusoids": micro_sinusoids(*settings.size, self.bundle.manifest.defaults.score),
            "step_sinusoids": step_sinusoids(settings.steps),
        }
        with self._stage("text_encoder"):
            tensors |= self.engine.run("text_encoder", tensors)
        with self._stage("conditioner"):
            tensors |= run_conditioner(self.engine, tensors)
        return tensors, {which: cut for which, (_, cut) in encoded.items() if cut}

    def cut(self, request: Request) -> dict[str, str]:
        """What does not fit of "prompt" and "negative prompt". Raises RequestError."""
        encoded = self._encode_texts(settle(request, self.bundle.manifest))
        return {which: cut for which, (_, cut) in encoded.items() if cut}

    def run_step(self, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs the step chain on the tensors it names; returns them with those made (`drawn`, `log_prob`)."""
        for name in self.bundle.manifest.step:
            tensors = tensors | self.engine.run(name, tensors)
        return tensors

    def cancel(self) -> None:
        """Stops the drawing in progress as soon as the engine can; its method raises Cancelled."""
        self.engine.cancel()

    def _begin(self, request: Request) -> Settings:
        self.engine.resume()
        self._seconds = {}
        return settle(request, self.bundle.manifest)

    def _grid(self, settings: Settings) -> tuple[int, int]:
        """(H, W) in tokens."""
        width, height = settings.size
        token_size = self.bundle.manifest.model.token_size
        return height // token_size, width // token_size

    def _encode_texts(self, settings: Settings) -> dict[str, tuple[np.ndarray, str]]:
        """Rows of ids i32 [T] and what was cut, in the order the graphs take them."""
        texts = {"negative prompt": settings.negative} if settings.guided else {}
        texts["prompt"] = settings.prompt
        return {which: self.tokenizer.encode(text) for which, text in texts.items()}

    def _plan(self, settings: Settings, schedule: str, start: int = 0, starting_ratio: float = 1.0) -> Plan:
        return Plan(
            steps=settings.steps,
            mask_token_id=self.bundle.manifest.model.mask_token_id,
            schedule=schedule,
            start=start,
            starting_ratio=starting_ratio,
            temperature=self.bundle.manifest.defaults.temperature,
        )

    def _repaint(
        self,
        settings: Settings,
        pixels: np.ndarray,
        unknown: np.ndarray,
        strength: float,
        on_step: OnStep | None,
    ) -> Drawing:
        # The published inpainting takes the linear schedule, scaled to the share of the picture to repaint.
        start = starting_step(settings.steps, strength)
        plan = self._plan(settings, "linear", start, np.count_nonzero(unknown) / unknown.size)
        tokens = np.where(unknown, np.int32(plan.mask_token_id), self.encode(pixels))
        return self._draw(settings, tokens, plan, on_step)

    def _draw(self, settings: Settings, tokens: np.ndarray, plan: Plan, on_step: OnStep | None) -> Drawing:
        noise: Noise = PhiloxNoise(settings.seed)
        made, cut = self.condition(settings)
        fixed = {"context": made["context"], "guidance": np.array(settings.guidance, np.float32)}
        modulation = made["modulation"]
        chain = self.bundle.manifest.step

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            row = modulation[settings.steps - 1 - i]
            out = self.run_step({**fixed, "tokens": tokens, "modulation": row, "uniforms": uniforms})
            return out["drawn"], out["log_prob"]

        with self._stage("steps", *chain):
            tokens = draw_tokens(step, tokens, noise, plan, on_step)
        picture = self.decode(tokens)
        return Drawing(picture, tokens, settings, cut, dict(self._seconds))

    @contextmanager
    def _stage(self, name: str, *graphs: str) -> Iterator[None]:
        """Measures a stage, and unloads other graphs before it and its own after it (those named, else the
        stage's own).

        A picture decoded between two steps so finds itself alone, and the step is loaded again after it.
        """
        begun = time.perf_counter()
        own = graphs or (name,)
        if not self._keep:
            for other in set(self.engine.loaded).difference(own):
                self.engine.close(other)
        try:
            yield
        finally:
            for graph in () if self._keep else own:
                self.engine.close(graph)
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - begun
