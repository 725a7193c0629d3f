"""Draws with a bundle: text encoder, conditioner, the masked loop over the step chain, image decoder.

Tensors travel from graph to graph by name, as the manifest says; the step is a chain of any length.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image

from reference.compose import compose
from runtime.bundle import Bundle, open_bundle
from runtime.canvas import Canvas, blank, check_encoder, inpainted, outpainted, redrawn
from runtime.conditioning import run_conditioner, without_guidance
from runtime.engine import Engine, EngineName, open_engine
from runtime.errors import RequestError
from runtime.feeds import embedding_noise, prompt_feed, step_feed
from runtime.loop import OnStep, Plan, Progress, draw_tokens
from runtime.philox import PhiloxNoise
from runtime.preview import PreviewTable
from runtime.request import Request, Settings, settle
from runtime.tokenizer import ClipTokenizer


@dataclass(frozen=True)
class Drawing:
    """A finished picture, and how it was made."""

    picture: np.ndarray  # u8 [h, w, 3]
    tokens: np.ndarray  # i32 [H, W]
    settings: Settings
    cut: dict[str, str]  # the end of "prompt" and "negative prompt" that did not fit; empty if all did
    seconds: dict[str, float] = field(default_factory=dict)  # by stage; "steps" is the whole loop


class Generator:
    """An open bundle, ready to draw one picture at a time. Only `cancel` may be called from another thread.

        with Generator.open("build/android") as generator:
            drawing = generator.text_to_image(Request("a red cat", seed=7))

    Without `keep`, one stage's graphs are in memory at a time. `decode` is a stage of its own: an exact
    preview between two steps unloads the step, decodes alone, and the step is loaded again. The small
    preview of each `Progress` needs no graph.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int = 0,
        keep: bool = False,
        low_memory: bool = False,
        engine: Engine | EngineName | None = None,
        keep_text: bool = False,
        tiny: bool = False,
    ) -> None:
        """`engine` is an engine of this bundle, or the name of one to open (see `open_engine`, which also
        takes `threads` and `low_memory`).

        `keep` leaves graphs loaded between stages and drawings: faster for many, but all are in memory.
        `keep_text` keeps what the graphs made of the texts, so that the next drawing of the same texts, size
        and steps does not run them again. `tiny` decodes with the bundle's tiny decoder.

        Raises BundleError for a broken tokenizer, RequestError if the engine cannot run the bundle or there
        is no tiny decoder.
        """
        self.bundle = bundle
        self.engine: Engine = (
            open_engine(bundle, threads, low_memory, engine)
            if engine is None or isinstance(engine, str)
            else engine
        )
        self.tokenizer = ClipTokenizer.from_bundle(bundle)
        self.preview_table = PreviewTable.of(bundle)
        self._decoder = "tiny_decoder" if tiny else "image_decoder"
        if self._decoder not in bundle.manifest.graphs:
            raise RequestError(
                "this bundle has no tiny_decoder: leave it out, or export with --tiny-decoder DIR"
            )
        self._keep = keep
        self._keep_text = keep_text
        self._kept_text: tuple[Settings, dict[str, np.ndarray], dict[str, str]] | None = None
        self._seconds: dict[str, float] = {}

    @classmethod
    def open(
        cls,
        folder: str | Path,
        threads: int = 0,
        keep: bool = False,
        low_memory: bool = False,
        engine: EngineName | None = None,
        keep_text: bool = False,
        tiny: bool = False,
    ) -> Self:
        """Checks every file of the bundle in `folder` and opens it. Raises BundleError if one is missing or
        changed, RequestError as the constructor does.
        """
        return cls(open_bundle(folder), threads, keep, low_memory, engine, keep_text, tiny)

    def close(self) -> None:
        """Unloads every graph and forgets the last texts. A later drawing loads them again."""
        self._kept_text = None
        for name in self.engine.loaded:
            self.engine.close(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def text_to_image(self, request: Request, on_step: OnStep | None = None) -> Drawing:
        """Draws. `on_step` gets the `Progress` after each step and stops the drawing if it returns False.

        All four drawing methods raise RequestError, BundleError, EngineError and Cancelled.
        """
        settings = settle(request, self.bundle.manifest)
        return self._draw(request, settings, blank(settings, self.bundle.manifest), on_step)

    def image_to_image(
        self,
        request: Request,
        image: Image.Image,
        strength: float | None = None,
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Redraws an image of any size, fitted. `strength` (above 0, to 1) is the share of steps run."""
        settings = settle(request, self.bundle.manifest)
        canvas = redrawn(settings, self.bundle.manifest, image, strength, request.fit)
        return self._draw(request, settings, canvas, on_step)

    def inpaint(
        self,
        request: Request,
        image: Image.Image,
        mask: Image.Image,
        strength: float = 1.0,
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Repaints the image where the mask is white, and leaves its other pixels as they are.

        A strength below 1 skips the first steps.
        """
        settings = settle(request, self.bundle.manifest)
        canvas = inpainted(settings, self.bundle.manifest, image, mask, strength, request.fit)
        return self._draw(request, settings, canvas, on_step)

    def outpaint(
        self,
        request: Request,
        image: Image.Image,
        margins: tuple[int, int, int, int],
        on_step: OnStep | None = None,
    ) -> Drawing:
        """Paints margins (left, top, right, bottom; pixels) around an image that is fitted inside them."""
        settings = settle(request, self.bundle.manifest)
        canvas = outpainted(settings, self.bundle.manifest, image, margins, request.fit)
        return self._draw(request, settings, canvas, on_step)

    def cut(self, request: Request) -> dict[str, str]:
        """The end of "prompt" and "negative prompt" that does not fit. Raises RequestError."""
        texts = self._encode_texts(settle(request, self.bundle.manifest))
        return {which: cut for which, (_, cut) in texts.items() if cut}

    def cancel(self) -> None:
        """Stops the drawing in progress as soon as the engine can; its method raises Cancelled."""
        self.engine.cancel()

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """A picture u8 [h, w, 3] as tokens i32 [H, W]. Raises RequestError if the bundle cannot edit."""
        check_encoder(self.bundle.manifest)
        with self._stage("image_encoder"):
            return self.engine.run("image_encoder", {"image": pixels})["tokens"]

    def decode(self, tokens: np.ndarray) -> np.ndarray:
        """Tokens i32 [H, W] as a picture u8 [h, w, 3]; of `Progress.candidate`, an exact preview."""
        with self._stage("image_decoder", self._decoder):
            # Core ML has no bytes: its levels come as wider integers.
            return self.engine.run(self._decoder, {"tokens": tokens})["image"].astype(np.uint8, copy=False)

    def condition(self, settings: Settings) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Runs the graphs that depend on the prompt alone.

        Returns their tensors by name, `context` f32 [R, T, D] and `modulation` f32 [N, R, M] among them, and
        the ends of the texts that were cut. Rows are [negative, prompt] with guidance, [prompt] without, and
        [prompt, prompt] without if the step takes exactly two.
        """
        texts = self._encode_texts(settings)
        rows = [ids for ids, _ in texts.values()]
        if self.bundle.manifest.two_rows and not settings.guided:
            rows *= 2
        model, score = self.bundle.manifest.model, self.bundle.manifest.defaults.score
        tensors = prompt_feed(np.stack(rows), settings.size, settings.steps, score, model.timestep)
        with self._stage("text_encoder"):
            tensors |= self.engine.run("text_encoder", tensors)
        with self._stage("conditioner"):
            tensors |= run_conditioner(self.engine, tensors)
        return tensors, {which: cut for which, (_, cut) in texts.items() if cut}

    def run_step(self, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs the step chain. Returns all tensors, `drawn` and `log_prob` among them."""
        for name in self.bundle.manifest.step:
            tensors = tensors | self.engine.run(name, tensors)
        return tensors

    def _draw(self, request: Request, settings: Settings, canvas: Canvas, on_step: OnStep | None) -> Drawing:
        self.engine.resume()
        self._seconds = {}
        encoded = None if canvas.pixels is None else self.encode(canvas.pixels)
        conditions, cut = self._condition_once(settings)
        tokens = self._run_loop(settings, canvas.plan, canvas.tokens(encoded), conditions, on_step)
        picture = self.decode(tokens)
        if request.compose and canvas.pixels is not None and canvas.covered is not None:
            token_size = self.bundle.manifest.model.token_size
            picture = compose(canvas.pixels, picture, canvas.covered, token_size)
        return Drawing(picture, tokens, settings, cut, dict(self._seconds))

    def _condition_once(self, settings: Settings) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """What `condition` gives, kept from the last drawing if nothing but the seed differs."""
        same = replace(settings, seed=0)
        if self._kept_text is None or self._kept_text[0] != same:
            self._kept_text = None  # frees it before the graphs run
            made = self.condition(settings)
            if not self._keep_text:
                return made
            self._kept_text = (same, *made)
        return self._kept_text[1:]

    def _run_loop(
        self,
        settings: Settings,
        plan: Plan,
        tokens: np.ndarray,
        conditions: dict[str, np.ndarray],
        on_step: OnStep | None,
    ) -> np.ndarray:
        """The finished tokens i32 [H, W]."""
        unguided = without_guidance(conditions, 1 + self.bundle.manifest.two_rows)
        model = self.bundle.manifest.model

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rows, left = conditions if settings.guided_at(i) else unguided, settings.left_after(i)
            noise = embedding_noise(model, tokens.shape, i, settings.seed)
            out = self.run_step(step_feed(rows, left, tokens, uniforms, settings.guidance, noise))
            return out["drawn"], out["log_prob"]

        def tell(progress: Progress) -> bool | None:
            if on_step is None:
                return None
            if self.preview_table is not None:
                progress = replace(progress, preview=self.preview_table.picture(progress.candidate))
            return on_step(progress)

        with self._stage("steps", *self.bundle.manifest.step):
            return draw_tokens(step, tokens, PhiloxNoise(settings.seed), plan, tell)

    def _encode_texts(self, settings: Settings) -> dict[str, tuple[np.ndarray, str]]:
        """Ids i32 [T] and the end that was cut of each text, in the order the graphs take them."""
        texts = {"negative prompt": settings.negative} if settings.guided else {}
        texts["prompt"] = settings.prompt
        return {which: self.tokenizer.encode(text) for which, text in texts.items()}

    @contextmanager
    def _stage(self, name: str, *graphs: str) -> Iterator[None]:
        """Measures a stage. Unless graphs are kept, unloads all others before it, and its own (`graphs`, or
        the one of its name) after it.
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
