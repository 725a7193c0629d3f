"""Compares two recordings of a bundle: what the second machine computes otherwise than the first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runtime.bundle import Bundle
from runtime.parity import measures
from runtime.parity.comparison import Comparison
from runtime.parity.machine_recording import LOGITS, Recording, Run

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
class MachineComparison:
    """All that differs."""

    outputs: list[OutputFigures]
    steps: list[StepFigures]
    figures: dict[str, float]


def compare_machines(bundle: Bundle, first: Recording, second: Recording) -> MachineComparison:
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
    compared = [compare_step(*step) for step in zip(masks, pairs[chain[-1]], pairs[LOGITS], strict=True)]
    steps = [
        StepFigures(index, step.positions, step.agreement, step.kl) for index, step in enumerate(compared)
    ]
    total = Comparison.total(compared)
    figures = {
        "graphs.cosine": min(output.cosine for output in outputs if output.cosine is not None),
        "teacher_forced.positions": total.positions,
        "teacher_forced.agreement": total.agreement,
        "teacher_forced.kl": total.kl,
        "free_running.agreement": measures.agreement(first.tokens, second.tokens),
        "free_running.psnr": measures.image_psnr(first.picture, second.picture),
    }
    for output in outputs:
        if output.graph == "image_decoder":
            figures["image_decoder.levels"] = output.max_abs
        if output.graph == "image_encoder":
            figures["image_encoder.agreement"] = output.equal
    return MachineComparison(outputs, steps, figures)


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


def compare_step(masked: np.ndarray, drawn: Pair, logits: Pair) -> Comparison:
    """One step over the positions that were masked, bool [H*W]."""
    codes = drawn[0].outputs["drawn"][masked], drawn[1].outputs["drawn"][masked]
    rows = logits[0].outputs[LOGITS][masked], logits[1].outputs[LOGITS][masked]
    return Comparison.between(codes, rows, float(drawn[0].inputs["guidance"]))
