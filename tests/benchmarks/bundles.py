"""Run what `ours` wrote; a module of its own, so that a turn's memory holds no torch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort

from runtime.generator import Generator
from runtime.onnxruntime_engine import session_options
from runtime.request import Request
from tests.benchmarks.workloads import PROMPT, SEED, Workload, inputs


def open_bundle(workload: Workload, folder: Path, item: str, threads: int) -> Callable[[], np.ndarray]:
    """A function that runs "step" (drawn i32 [H*W]), "decoder" or "picture" (image u8 [h, w, 3])."""
    generator = Generator.open(folder, threads, keep=True)
    stored = inputs(workload)
    if item == "step":
        return lambda: generator.run_step(stored)["drawn"]
    if item == "decoder":
        return lambda: generator.decode(stored["codes"])
    return lambda: generator.text_to_image(Request(PROMPT, seed=SEED)).picture


def open_floor(path: Path, threads: int) -> tuple[Callable[[], np.ndarray], str]:
    """A function that runs all products, and a note with their number."""
    session = ort.InferenceSession(path, session_options(threads), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(SEED)
    feed = {"scale": np.array(0.01, np.float32), "zero": np.array(128, np.uint8)}
    for argument in session.get_inputs():
        if argument.name not in feed:
            feed[argument.name] = random.integers(0, 256, argument.shape, np.uint8)
    (count,) = (len(session.run(None, feed)[0]),)
    return lambda: session.run(None, feed)[0], f"{count} products"
