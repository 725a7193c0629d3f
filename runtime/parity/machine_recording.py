"""One drawing of a bundle, graph by graph: recorded on one machine, run again on the same inputs by another.

`python -m runtime.parity.machine_recording BUNDLE FOLDER` is what the other machine runs. It reads what
`save` put into FOLDER, leaves its own recording there, and prints a line for each recorded run. It imports
what a bundle needs to draw and no more: no onnx and no torch.
"""

import json
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from runtime.bundle import Bundle, open_bundle
from runtime.errors import exit_code
from runtime.functions import choose, dimensions_of
from runtime.generator import Drawing, Generator
from runtime.loop import Progress
from runtime.onnxruntime_engine import OnnxRuntimeEngine, open_copy, session_options
from runtime.request import Request

RECORDED, REPLAYED, LOGITS_MODEL = "recorded.npz", "replayed.npz", "logits.onnx"
LOGITS = "logits"  # stands for a graph as well: the step's last one when it gives them out
PREFIX = "drawing.logits.out."  # chunk i of the logits is named so by the exporter, whatever the precision

Tensors = Mapping[str, np.ndarray]
Advance = Callable[[], object]


@dataclass(frozen=True)
class Run:
    """One run of one graph."""

    graph: str
    inputs: Tensors
    outputs: Tensors
    seconds: float


@dataclass(frozen=True)
class Recording:
    """What a machine made of a bundle."""

    machine: str  # its architecture, as Python names it
    onnxruntime: str  # version
    request: Request
    runs: Sequence[Run]  # of one drawing, in order; all on the inputs of the machine that recorded first
    tokens: np.ndarray  # i32 [H, W] of a drawing that was left alone
    picture: np.ndarray  # u8 [h, w, 3] of the same


class Recorder(OnnxRuntimeEngine):
    """An engine that remembers. Wherever the step's last graph runs, its logits are computed as well."""

    def __init__(self, bundle: Bundle, logits_model: bytes, advance: Advance):
        super().__init__(bundle, threads=1)
        self.runs: list[Run] = []
        self._exposed = open_exposed(logits_model, last_graph(bundle).parent, threads=1)
        self._advance = advance

    def run(self, name: str, tensors: Tensors) -> dict[str, np.ndarray]:
        self.open(name)
        feed = {tensor.name: tensors[tensor.name] for tensor in self.bundle.manifest.graphs[name].inputs}
        begun = time.perf_counter()
        outputs = super().run(name, feed)
        self.runs.append(Run(name, feed, outputs, time.perf_counter() - begun))
        if name == self.bundle.manifest.step[-1]:
            begun = time.perf_counter()
            logits = {LOGITS: self._exposed(feed)[LOGITS]}
            self.runs.append(Run(LOGITS, feed, logits, time.perf_counter() - begun))
        self._advance()
        return outputs


def last_graph(bundle: Bundle, tensors: Tensors | None = None) -> Path:
    """The graph that draws. It takes the size of a step's tensors; without them, the default size."""
    name = bundle.manifest.step[-1]
    graph = bundle.manifest.graphs[name]
    if tensors is None or not graph.functions:
        return bundle.path(graph.models[0])
    return bundle.path(choose(name, graph, dimensions_of(graph, tensors)).name)


def open_exposed(model: bytes, folder: Path, threads: int) -> Callable[[Tensors], dict[str, np.ndarray]]:
    """A function from the tensors of a step, by name, to what `logits.expose` made a graph give out: its own
    outputs, and `logits` f32 [H*W, C].

    The copy lives in memory and maps the bundle's own weights, which are in `folder`.
    """
    session = open_copy(model, folder, session_options(threads))
    inputs = [value.name for value in session.get_inputs()]
    outputs = [value.name for value in session.get_outputs()]

    def step(tensors: Tensors) -> dict[str, np.ndarray]:
        found = dict(zip(outputs, session.run(None, {name: tensors[name] for name in inputs}), strict=True))
        chunks = [found.pop(name) for name in outputs if name.startswith(PREFIX)]
        return found | {LOGITS: np.concatenate([chunk.reshape(-1, chunk.shape[-1]) for chunk in chunks])}

    return step


def record(bundle: Bundle, logits_model: bytes, request: Request) -> Recording:
    """Draws, and encodes the picture again if the bundle can. Raises the UserErrors of drawing."""
    recorder = Recorder(bundle, logits_model, lambda: None)
    generator = Generator(bundle, keep=True, engine=recorder)
    drawing = generator.text_to_image(request)
    if "image_encoder" in bundle.manifest.graphs:
        generator.encode(drawing.picture)
    return recording(request, recorder.runs, drawing)


def replay(bundle: Bundle, logits_model: bytes, recorded: Recording, advance: Advance) -> Recording:
    """Runs every graph again on the recorded inputs, then draws alone.

    Advances once for each recorded run: a graph's at once, those of the logits with the steps of the drawing.
    """
    recorder = Recorder(bundle, logits_model, advance)
    for run in recorded.runs:
        if run.graph != LOGITS:
            recorder.run(run.graph, run.inputs)

    def on_step(progress: Progress) -> None:
        advance()

    drawing = Generator(bundle, threads=1).text_to_image(recorded.request, on_step)
    return recording(recorded.request, recorder.runs, drawing)


def recording(request: Request, runs: Sequence[Run], drawing: Drawing) -> Recording:
    """Of this machine."""
    return Recording(platform.machine(), ort.__version__, request, runs, drawing.tokens, drawing.picture)


def save(path: Path, recording: Recording) -> None:
    """One .npz: the arrays by number and name, the rest as JSON. Nothing in it is pickled."""
    facts: dict[str, Any] = {
        "machine": recording.machine,
        "onnxruntime": recording.onnxruntime,
        "request": asdict(recording.request),
        "runs": [
            {
                "graph": run.graph,
                "inputs": list(run.inputs),
                "outputs": list(run.outputs),
                "seconds": run.seconds,
            }
            for run in recording.runs
        ],
    }
    arrays = {"facts": np.array(json.dumps(facts)), "tokens": recording.tokens, "picture": recording.picture}
    for index, run in enumerate(recording.runs):
        arrays |= {f"{index}.inputs.{name}": array for name, array in run.inputs.items()}
        arrays |= {f"{index}.outputs.{name}": array for name, array in run.outputs.items()}
    np.savez(path, allow_pickle=False, **arrays)


def load(path: Path) -> Recording:
    with np.load(path, allow_pickle=False) as arrays:
        facts = json.loads(str(arrays["facts"]))
        runs = [
            Run(
                run["graph"],
                {name: arrays[f"{index}.inputs.{name}"] for name in run["inputs"]},
                {name: arrays[f"{index}.outputs.{name}"] for name in run["outputs"]},
                run["seconds"],
            )
            for index, run in enumerate(facts["runs"])
        ]
        return Recording(
            machine=facts["machine"],
            onnxruntime=facts["onnxruntime"],
            request=Request(**facts["request"]),
            runs=runs,
            tokens=arrays["tokens"],
            picture=arrays["picture"],
        )


def run(bundle: str, folder: str) -> None:
    """Raises UserError."""
    work = Path(folder)
    made = replay(
        open_bundle(bundle),
        (work / LOGITS_MODEL).read_bytes(),
        load(work / RECORDED),
        lambda: print("done", flush=True),
    )
    save(work / REPLAYED, made)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(*sys.argv[1:])))
