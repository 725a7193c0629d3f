"""Second moments of the inputs of linears, measured while float graphs draw: what `gptq` rounds by.

The graphs come in a bundle's order, each as a float file: the text encoder reads a few prompts, the
conditioner takes its output, the step graph draws. So an exporter that has one float graph on disk at a time
calibrates as a finished bundle does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import gcd
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from quantize.onnx_files import load
from quantize.weights import reads
from runtime.bundle import Bundle
from runtime.feeds import embedding_noise, prompt_feed, step_feed
from runtime.manifest import ModelFacts
from runtime.onnxruntime_engine import open_copy, session_options
from runtime.parity.replay import draw_from_masks, plan_of
from runtime.tokenizer import ClipTokenizer

CALIBRATION_PROMPTS = (
    "a blue cat wearing a hat",
    "three pink balloons",
    "a red cat above a green boat",
    "a happy face with glasses",
    "a big brown mushroom on a light blue background",
    "a yellow star and a black umbrella",
    "a green tree under a yellow sun",
    "a blue letter a to the left of a red letter t",
)
STEPS = 2  # of a calibration drawing
POSITIONS = 8192  # of all rows, steps and prompts, that are enough: 1 prompt at 1024 px, 8 at 64
LARGEST = 1536  # width of an input that has one matrix of moments; wider inputs are split

CHAIN = ("text_encoder", "conditioner", "transformer")
SAMPLER = "sampler"  # draws from what the transformer gives, if the transformer does not draw itself

Tensors = Mapping[str, np.ndarray]
Run = Callable[[Tensors], dict[str, np.ndarray]]


@dataclass
class Calibration:
    """Drawings of a model whose graphs come one by one."""

    prompts: Sequence[np.ndarray]  # ids i32 [R, T] of (negative, prompt)
    size: tuple[int, int]  # (W, H) pixels
    grid: tuple[int, int]  # (H, W) tokens
    steps: int  # of the model's usual drawing: those that calibrate take their conditioning from it
    guidance: float
    score: float
    model: ModelFacts
    threads: int = 0
    made: list[dict[str, np.ndarray]] = field(init=False)  # a prompt: what graphs are fed, and gave so far
    drawn: list[np.ndarray] = field(default_factory=list, init=False)  # see `pictures`
    done: dict[str, Path] = field(default_factory=dict, init=False)  # see `pass_on`
    ran: set[str] = field(default_factory=set, init=False)

    @classmethod
    def of(cls, bundle: Bundle, threads: int = 0) -> "Calibration":
        """The bundle's own defaults."""
        model, defaults = bundle.manifest.model, bundle.manifest.defaults
        tokenizer = ClipTokenizer.from_bundle(bundle)
        width, height = defaults.size
        texts = (
            [defaults.negative, prompt] if defaults.guidance > 1 else [prompt]
            for prompt in CALIBRATION_PROMPTS
        )
        return cls(
            prompts=[np.stack([tokenizer.encode(text)[0] for text in rows]) for rows in texts],
            size=defaults.size,
            grid=(height // model.token_size, width // model.token_size),
            steps=defaults.steps,
            guidance=defaults.guidance,
            score=defaults.score,
            model=model,
            threads=threads,
        )

    def __post_init__(self) -> None:
        self.made = [
            prompt_feed(ids, self.size, self.steps, self.score, self.model.timestep) for ids in self.prompts
        ]

    def pass_on(self, graph: str, path: Path) -> None:
        """Tells where a finished graph lies, in any precision: its outputs feed the graphs after it."""
        self.done[graph] = path

    def moments(self, graph: str, path: Path) -> dict[str, np.ndarray]:
        """Second moments f32 [G, K / G, K / G] by weight, from runs of the float graph `path`.

        For text_encoder, conditioner and transformer, after those before them have been passed on.
        """
        self.run_before(graph)
        observer = Observer(path, self.threads)
        if graph == "transformer":
            run = self.step(observer.run)
            for seed, tensors in enumerate(self.made):
                self.draw(run, tensors, seed, STEPS)
        else:
            for tensors in self.made:
                observer.run(tensors)
        return observer.moments()

    @classmethod
    def all_moments(cls, bundle: Bundle, threads: int = 0) -> dict[str, dict[str, np.ndarray]]:
        """The moments of a float bundle, by graph."""
        calibration, found = cls.of(bundle, threads), {}
        for graph in CHAIN:
            path = bundle.path(bundle.manifest.graphs[graph].files[0])
            found[graph] = calibration.moments(graph, path)
            calibration.pass_on(graph, path)
        return found

    def fed(self, path: Path) -> list[dict[str, np.ndarray]]:
        """Inputs of the float transformer `path` in drawings, by name: the calibration set of static ranges.

        After text_encoder, conditioner and sampler have been passed on.
        """
        self.run_before("transformer")
        run = self.step(opened(path, self.threads))
        names = [str(value.name) for value in load(path).graph.inputs]
        fed: list[dict[str, np.ndarray]] = []

        def observed(tensors: Tensors) -> dict[str, np.ndarray]:
            fed.append({name: tensors[name] for name in names})
            return run(tensors)

        for seed, tensors in enumerate(self.made):
            self.draw(observed, tensors, seed, STEPS)
        return fed

    def step(self, transformer: Run) -> Run:
        """The step whose first graph is `transformer`: the sampler draws, if the bundle has one."""
        if SAMPLER not in self.done:
            return transformer
        sampler = opened(self.done[SAMPLER], self.threads)
        return lambda tensors: sampler({**tensors, **transformer(tensors)})

    def pictures(self, count: int) -> list[np.ndarray]:
        """Finished tokens i32 [H, W] of `count` drawings, after all three graphs have been passed on.

        In fewer steps than usual where a step takes long.
        """
        self.run_before("transformer")
        if len(self.drawn) < count:
            run = self.step(opened(self.done["transformer"], self.threads))
            steps = min(self.steps, max(STEPS, POSITIONS // (2 * self.grid[0] * self.grid[1])))
            for seed in range(len(self.drawn), count):
                self.drawn.append(self.draw(run, self.made[seed % len(self.made)], seed, steps))
        return self.drawn[:count]

    def run_before(self, graph: str) -> None:
        """Runs the graphs before this one that have not run yet.

        They run as they were written, so that a resumed export calibrates like an uninterrupted one.
        """
        for name in CHAIN[: CHAIN.index(graph)]:
            if name in self.ran:
                continue
            run = opened(self.done[name], self.threads)
            for tensors in self.made:
                tensors |= run(tensors)
            self.ran.add(name)
            if name == "conditioner":  # modulations are large: keep those that the step will need
                positions = STEPS * len(self.prompts[0]) * self.grid[0] * self.grid[1]
                del self.made[max(1, POSITIONS // positions) :]

    def draw(self, run: Run, tensors: Tensors, seed: int, steps: int) -> np.ndarray:
        """A drawing in `steps`, each conditioned as the usual drawing is at the same share of its steps."""

        def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            left = self.steps - 1 - i * self.steps // steps
            noise = embedding_noise(self.model, self.grid, i, seed)
            found = run(step_feed(tensors, left, tokens, uniforms, self.guidance, noise))
            return found["drawn"], found["log_prob"]

        return draw_from_masks(step, self.grid, plan_of(self.model, steps), seed)


def opened(path: Path, threads: int = 0) -> Run:
    """A graph as a function of the tensors that it names."""
    session = ort.InferenceSession(path, session_options(threads), providers=["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]
    outputs = [value.name for value in session.get_outputs()]

    def run(tensors: Tensors) -> dict[str, np.ndarray]:
        found = session.run(outputs, {name: tensors[name] for name in inputs})
        # Copies, as in OnnxRuntimeEngine.run: a kept tensor of onnxruntime's keeps its whole arena.
        return {name: np.array(value) for name, value in zip(outputs, found, strict=True)}

    return run


class Observer:
    """Runs a float graph and sums x^T x of the inputs x [..., K] of its linears.

        x --> Reshape [n, G, K / G] --> Transpose --> MatMul --> Add --> sums [G, K / G, K / G]
                                   '--> Transpose --'  sums --'

    The graph makes the products, so that no activation outlives its use, and adds them where the sums lie:
    those of 1 B take 1.6 GB.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self.inputs_of: dict[str, list[str]] = {}  # weight -> tensors
        widths: dict[str, int] = {}
        for node, value, kind in reads(load(path)):
            if kind == "linear":
                x = node.inputs[0]
                assert x is not None and value.shape is not None
                self.inputs_of.setdefault(str(value.name), []).append(str(x.name))
                widths[str(x.name)] = value.shape.numpy()[0]
        model = onnx.load(path, load_external_data=False)
        self.outputs = [output.name for output in model.graph.output]
        # onnxruntime runs a graph depth first from its last output. The first input is observed last, so that
        # its product is made at once; otherwise all inputs stay in memory until the model has run.
        for name, width in reversed(widths.items()):
            observe(model.graph, name, width)
        # A prepacked copy of the weights would cost memory and save time only after many runs.
        self.session = open_copy(
            model.SerializeToString(), path.parent, session_options(threads, mapped=True)
        )
        self.inputs = [value.name for value in self.session.get_inputs() if not value.name.endswith(SUM)]
        self.sums = {name: np.zeros(moment_shape(width), np.float32) for name, width in widths.items()}

    def run(self, tensors: Tensors) -> dict[str, np.ndarray]:
        """The graph's own outputs by name."""
        bound = self.session.io_binding()
        for name in self.inputs:
            bound.bind_cpu_input(name, tensors[name])
        for name in self.outputs:
            bound.bind_output(name)
        for name, total in self.sums.items():
            value = ort.OrtValue.ortvalue_from_numpy(total)
            bound.bind_ortvalue_input(name + SUM, value)
            bound.bind_ortvalue_output(name + MOMENT, value)
        self.session.run_with_iobinding(bound)
        found = bound.get_outputs()[: len(self.outputs)]
        return {name: value.numpy() for name, value in zip(self.outputs, found, strict=True)}

    def moments(self) -> dict[str, np.ndarray]:
        """f32 [G, K / G, K / G] by weight, summed over all runs and, for a shared weight, its readers."""
        return {
            weight: self.sums[names[0]] if len(names) == 1 else np.sum([self.sums[x] for x in names], axis=0)
            for weight, names in self.inputs_of.items()
        }


SUM, MOMENT = ".sum", ".moment"


def moment_shape(width: int) -> tuple[int, int, int]:
    """Of the moment of an input of `width` numbers, [G, K / G, K / G]."""
    groups = groups_of(width)
    return groups, width // groups, width // groups


def observe(graph: onnx.GraphProto, name: str, width: int) -> None:
    """Gives out `name.moment`, the moment of the tensor `name` [..., width] added to the input `name.sum`."""
    groups, part, _ = moment_shape(width)
    shape = helper.make_tensor(f"{name}.shape", TensorProto.INT64, [3], [-1, groups, part])
    graph.initializer.append(shape)
    graph.input.append(helper.make_tensor_value_info(name + SUM, TensorProto.FLOAT, moment_shape(width)))
    graph.node.extend(
        [
            helper.make_node("Reshape", [name, shape.name], [f"{name}.rows"]),
            helper.make_node("Transpose", [f"{name}.rows"], [f"{name}.left"], perm=[1, 2, 0]),
            helper.make_node("Transpose", [f"{name}.rows"], [f"{name}.right"], perm=[1, 0, 2]),
            helper.make_node("MatMul", [f"{name}.left", f"{name}.right"], [f"{name}.product"]),
            helper.make_node("Add", [name + SUM, f"{name}.product"], [name + MOMENT]),
        ]
    )
    graph.output.append(helper.make_tensor_value_info(name + MOMENT, TensorProto.FLOAT, moment_shape(width)))


def groups_of(width: int) -> int:
    """In how many equal parts an input is split, between blocks of weights: 1 up to LARGEST numbers."""
    parts = -(-width // LARGEST)
    block = gcd(width, 256)
    return next(
        count for count in range(parts, width + 1) if width % count == 0 and width // count % block == 0
    )
