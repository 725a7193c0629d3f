"""Two recordings of a bundle side by side: what the second machine computes otherwise than the first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runtime import measures
from runtime.bundle import Bundle
from runtime.measures import at_least, at_most
from runtime.parity.limits import Verdict
from runtime.parity.replay import LOGITS, Recording, Run

MEANING = {
    "graphs.cosine": "the smallest cosine of a graph's float output, all its runs together",
    "teacher_forced.positions": "masked positions of all steps",
    "teacher_forced.agreement": "share of them where both drew the same token, from the same inputs",
    "teacher_forced.kl": "KL of the guided distributions, nats, mean",
    "free_running.agreement": "share of equal final tokens, each drawing alone",
    "free_running.psnr": "of the two pictures",
    "image_decoder.levels": "largest difference of the same tokens' pictures, of 255",
    "image_encoder.agreement": "share of equal tokens of the same picture",
}

# Both machines sum in float32, in different orders. Where activations are quantized to 8 bits, that moves
# some of them to the next level, which costs up to half of what the quantization itself does (docs/arm.md).
FLOAT = (
    at_least("graphs.cosine", 0.999999),
    at_least("teacher_forced.agreement", 0.999),
    at_most("teacher_forced.kl", 1e-6),
    at_most("image_decoder.levels", 1),
    at_least("image_encoder.agreement", 0.99),
)
QUANTIZED = (
    at_least("graphs.cosine", 0.999),
    at_least("teacher_forced.agreement", 0.93),
    at_most("teacher_forced.kl", 4e-3),
)


Pair = tuple[Run, Run]


@dataclass(frozen=True)
class OutputFigures:
    """One output of a graph over all its runs. Without a cosine: tokens or pixels."""

    graph: str
    output: str
    runs: int
    seconds: tuple[float, float]  # mean of a run (first machine, second)
    equal: float  # share of equal entries
    cosine: float | None
    psnr: float | None  # dB
    max_abs: float


@dataclass(frozen=True)
class StepFigures:
    """One step over its masked positions."""

    step: int
    masked: int
    agreement: float
    kl: float  # nats


@dataclass(frozen=True)
class Beside:
    """All that differs."""

    outputs: list[OutputFigures]
    steps: list[StepFigures]
    figures: dict[str, float]


def beside(bundle: Bundle, first: Recording, second: Recording) -> Beside:
    """Compares two recordings of the same runs."""
    pairs: dict[str, list[Pair]] = {}
    for ours, theirs in zip(first.runs, second.runs, strict=True):
        pairs.setdefault(ours.graph, []).append((ours, theirs))
    outputs = [
        output_figures(of_graph, name) for of_graph in pairs.values() for name in of_graph[0][0].outputs
    ]
    chain = bundle.manifest.step
    mask = bundle.manifest.model.mask_token_id
    masks = [(ours.inputs["tokens"] == mask).ravel() for ours, _ in pairs[chain[0]]]
    steps = [
        step_figures(index, *step)
        for index, step in enumerate(zip(masks, pairs[chain[-1]], pairs[LOGITS], strict=True))
    ]
    weights = [step.masked for step in steps]
    figures = {
        "graphs.cosine": min(output.cosine for output in outputs if output.cosine is not None),
        "teacher_forced.positions": sum(weights),
        "teacher_forced.agreement": float(np.average([step.agreement for step in steps], weights=weights)),
        "teacher_forced.kl": float(np.average([step.kl for step in steps], weights=weights)),
        "free_running.agreement": measures.agreement(first.tokens, second.tokens),
        "free_running.psnr": measures.image_psnr(first.picture, second.picture),
    }
    for output in outputs:
        if output.graph == "image_decoder":
            figures["image_decoder.levels"] = output.max_abs
        if output.graph == "image_encoder":
            figures["image_encoder.agreement"] = output.equal
    return Beside(outputs, steps, figures)


def output_figures(pairs: Sequence[Pair], name: str) -> OutputFigures:
    """One output of the runs of one graph."""
    kept = [comparable(ours, theirs, name) for ours, theirs in pairs]
    first, second = (np.concatenate([pair[side] for pair in kept]) for side in (0, 1))
    real = first.dtype == np.float32
    return OutputFigures(
        graph=pairs[0][0].graph,
        output=name,
        runs=len(pairs),
        seconds=(
            float(np.mean([ours.seconds for ours, _ in pairs])),
            float(np.mean([theirs.seconds for _, theirs in pairs])),
        ),
        equal=measures.agreement(first, second),
        cosine=measures.cosine(first, second) if real else None,
        psnr=measures.psnr(first, second) if real else None,
        max_abs=measures.max_abs(first, second),
    )


def comparable(ours: Run, theirs: Run, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The output of both, flat. Where the drawn codes differ, their probabilities are of different things."""
    first, second = ours.outputs[name].ravel(), theirs.outputs[name].ravel()
    if name == "log_prob":
        same = ours.outputs["drawn"] == theirs.outputs["drawn"]
        return first[same], second[same]
    return first, second


def step_figures(index: int, masked: np.ndarray, drawn: Pair, logits: Pair) -> StepFigures:
    """One step over the positions that were masked, bool [H*W]."""
    codes = [run.outputs["drawn"][masked] for run in drawn]
    rows = [run.outputs[LOGITS][masked] for run in logits]
    return StepFigures(
        step=index,
        masked=int(masked.sum()),
        agreement=measures.agreement(*codes),
        kl=max(measures.kl(*rows), 0.0),  # rounding may leave it below 0
    )


def judged(bundle: Bundle, figures: dict[str, float]) -> list[Verdict]:
    """Every limit of the bundle's kind whose figure was measured."""
    floats = all(graph.precision == "fp32" for graph in bundle.manifest.graphs.values())
    limits = FLOAT if floats else QUANTIZED
    return [Verdict(limit, figures[limit.figure]) for limit in limits if limit.figure in figures]
