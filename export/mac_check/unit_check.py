"""Runs the golden drawing on one choice of compute units: how fast, how like another choice, which tokens."""

import hashlib
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from export.mac_check.device import UNITS, Device, Model, Placement
from export.mac_check.feeds import Golden, Tensors, calls, joined
from runtime.parity.measures import agreement, cosine

# Each graph on the unit that the manifest names: what the app does.
AS_SHIPPED = "AS_SHIPPED"
CHOICES = (*UNITS, AS_SHIPPED)

REPEATS = 5  # timed predictions of a graph
MOST_STEPS = 16  # of the drawing, evenly spread: a billion parameters on a CPU take half a minute a step

_SUITED = {"cpu": "CPU_ONLY", "gpu": "CPU_AND_GPU", "ane": "CPU_AND_NE", None: "ALL"}


@dataclass
class GraphCheck:
    """`errors` holds by what was tried why it failed; the figures that need it are then missing."""

    graph: str
    function: str | None
    choice: str
    unit: str
    load_seconds: list[float] = field(default_factory=list)  # the first time on this machine, and again
    first_predict_ms: float | None = None
    predict_ms: float | None = None  # median of REPEATS
    compared_with: str | None = None  # the choice that was fed the same and gave the outputs to compare with
    likeness: dict[str, float | None] = field(default_factory=dict)  # share of equal integers, or cosine
    placement: Placement | None = None
    errors: dict[str, str] = field(default_factory=dict)


@dataclass
class DrawingCheck:
    """Tokens beside the trace, over the steps that were run."""

    choice: str
    steps: list[int] = field(default_factory=list)
    equal: int = 0
    compared: int = 0
    share: float | None = None
    step_ms: float | None = None  # median of the whole step chain
    image_same: bool | None = None  # as the trace's, bit by bit
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Started:
    """What is about to be done: it is sent before, because it may end the process."""

    what: str


Message = GraphCheck | DrawingCheck | Started
Tell = Callable[[Message], None]


@contextmanager
def recorded(errors: dict[str, str], what: str) -> Iterator[None]:
    """Records a failure and continues."""
    try:
        yield
    except Exception as error:  # coremltools raises bare Exceptions; one failure must not hide other figures
        errors[what] = f"{type(error).__name__}: {error}"


def chosen_steps(steps: int) -> list[int]:
    """At most MOST_STEPS step indices, the first and the last among them."""
    count = min(steps, MOST_STEPS)
    return sorted({round(i * (steps - 1) / max(count - 1, 1)) for i in range(count)})


@dataclass(frozen=True)
class Reference:
    """One call of a graph, and what all its calls made, by the first choice that ran it."""

    choice: str
    inputs: Tensors
    outputs: Tensors
    made: Tensors

    def save(self, path: Path) -> None:
        parts = {"inputs": self.inputs, "outputs": self.outputs, "made": self.made}
        arrays = {f"{part}/{name}": array for part, held in parts.items() for name, array in held.items()}
        arrays["choice"] = np.array(self.choice)
        part = path.with_suffix(".part.npz")  # renamed when whole: the process may die at any time
        np.savez(part, allow_pickle=False, **arrays)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Reference":
        with np.load(path) as file:
            parts: dict[str, Tensors] = {"inputs": {}, "outputs": {}, "made": {}}
            for key in file.files:
                part, _, name = key.partition("/")
                if name:
                    parts[part][name] = file[key]
            return cls(str(file["choice"]), **parts)


class UnitCheck:
    """The first choice that runs a graph leaves its inputs and outputs in the folder `references`.

    Other choices are fed the same inputs, so that a difference is the graph's own. Where a graph fails, the
    graphs after it run on what an earlier choice left.
    """

    def __init__(
        self,
        golden: Golden,
        device: Device,
        compiled: Mapping[str, Path],
        choice: str,
        references: Path,
        tell: Tell,
    ) -> None:
        self.golden, self.device, self.compiled = golden, device, compiled
        self.choice, self.references, self.tell = choice, references, tell
        self.drawing = DrawingCheck(choice)

    def run(self) -> None:
        """Tells of every graph, then of the drawing."""
        tensors = self.golden.texts()
        for name in ("text_encoder", "conditioner"):
            _, made = self._check(name, tensors)
            tensors |= made
        with recorded(self.drawing.errors, "steps"):
            self._draw(tensors)
        decoder, made = self._check("image_decoder", {"tokens": self.golden.final})
        if decoder is not None:
            pixels = np.ascontiguousarray(made["image"], np.uint8).tobytes()
            self.drawing.image_same = hashlib.sha256(pixels).hexdigest() == self.golden.trace.image_sha256
        if "image_encoder" in self.golden.bundle.manifest.graphs:
            self._check("image_encoder", made)
        self.tell(self.drawing)

    def _draw(self, conditions: Mapping[str, np.ndarray]) -> None:
        graphs = self.golden.bundle.manifest.graphs
        if not conditions.keys() >= {"context", "modulation"}:
            raise RuntimeError("the conditioner never ran, so no token was drawn")
        chain: dict[str, Model] = {}
        tensors = self.golden.steps[0].feed(conditions)
        for name in self.golden.bundle.manifest.step:
            model, made = self._check(name, tensors)
            tensors |= made
            if model is not None:
                chain[name] = model
        if missing := [name for name in self.golden.bundle.manifest.step if name not in chain]:
            raise RuntimeError(f"{', '.join(missing)} did not run, so no token was drawn")
        milliseconds = []
        for i in chosen_steps(self.golden.trace.steps):
            self.tell(Started(f"{self.choice}: step {i + 1} of {self.golden.trace.steps}"))
            step = self.golden.steps[i]
            tensors = step.feed(conditions)
            begun = time.perf_counter()
            for name, model in chain.items():
                (feed,) = calls(graphs[name], tensors)
                tensors |= model.predict(feed)
            milliseconds.append(1e3 * (time.perf_counter() - begun))
            self.drawing.steps.append(i)
            self.drawing.equal += int((tensors["drawn"].ravel() == step.drawn)[step.compared].sum())
            self.drawing.compared += int(step.compared.sum())
        self.drawing.share = self.drawing.equal / self.drawing.compared
        self.drawing.step_ms = statistics.median(milliseconds)

    def _check(self, name: str, tensors: Mapping[str, np.ndarray]) -> tuple[Model | None, Tensors]:
        """The graph and its outputs for `tensors`; where it fails None, and what another choice made."""
        graph = self.golden.bundle.manifest.graphs[name]
        unit = _SUITED[graph.compute] if self.choice == AS_SHIPPED else self.choice
        check = GraphCheck(name, None, self.choice, unit)
        stored = self.references / f"{name}.npz"
        model: Model | None = None
        made: Tensors | None = None
        self.tell(Started(f"{self.choice}: {name}"))
        with recorded(check.errors, "load"):
            check.function = self.golden.function(name)
            model = self._load(check)
        if model is not None:
            with recorded(check.errors, "predict"):
                feeds = calls(graph, tensors)
                first, check.first_predict_ms = _timed(model, feeds[0])
                outputs = [first, *(model.predict(feed) for feed in feeds[1:])]
                made = joined(outputs, self.golden.trace.steps)
                if not stored.exists():
                    Reference(self.choice, feeds[0], first, made).save(stored)
                self._compare(check, model, Reference.load(stored))
        if name in self.compiled:
            with recorded(check.errors, "placement"):
                check.placement = self.device.placement(self.compiled[name], check.function, unit)
        self.tell(check)
        if model is None or made is None:
            return None, Reference.load(stored).made if stored.exists() else {}
        return model, made

    def _load(self, check: GraphCheck) -> Model:
        """Twice: the first load on a Neural Engine compiles for it, the second is what users wait for."""
        if check.graph not in self.compiled:
            raise RuntimeError("the package was not compiled")
        for _ in range(2):
            model = None  # let go of the first: two copies of a large graph may not fit in memory
            begun = time.perf_counter()
            model = self.device.load(self.compiled[check.graph], check.function, check.unit)
            check.load_seconds.append(time.perf_counter() - begun)
        assert model is not None
        return model

    def _compare(self, check: GraphCheck, model: Model, reference: Reference) -> None:
        runs = [_timed(model, reference.inputs) for _ in range(REPEATS)]
        check.predict_ms = statistics.median(milliseconds for _, milliseconds in runs)
        if reference.choice != self.choice:
            given, _ = runs[-1]
            check.compared_with = reference.choice
            check.likeness = {
                name: _likeness(expected, given[name]) for name, expected in reference.outputs.items()
            }


def _timed(model: Model, feed: Tensors) -> tuple[Tensors, float]:
    """Outputs and milliseconds."""
    begun = time.perf_counter()
    outputs = model.predict(feed)
    return outputs, 1e3 * (time.perf_counter() - begun)


def _likeness(expected: np.ndarray, given: np.ndarray) -> float | None:
    """Share of equal integers, or the cosine of floats; None if it is not a number."""
    if np.issubdtype(expected.dtype, np.integer):
        return agreement(expected, given)
    value = cosine(expected, given)
    return value if math.isfinite(value) else None
