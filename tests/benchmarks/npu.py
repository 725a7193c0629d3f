"""`python -m tests.benchmarks.npu BUNDLE`: what Qualcomm's HTP back end computes beside onnxruntime's CPU.

Runs every operator form of the graphs, the forms that were tried in their place, and every tensor of the
NPU's graphs of a bundle exported with --qnn. With --score it judges pictures that the back end draws, which
takes hours; an interrupted run goes on. The figures go to docs/results/npu.json, a section at a time, each
with the time and the command that measured it.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime as ort

from quantize.onnx_files import load
from quantize.qnn import FLOAT
from quantize.trials import size
from reference.errors import Parser, exit_code
from runtime.bundle import Bundle, open_bundle
from runtime.generator import Generator
from runtime.onnxruntime_engine import session_options
from runtime.parity.measures import psnr, storable
from runtime.parity.prompt_following import judge, share, sticker_tasks
from runtime.qnn_engine import open_on_npu
from runtime.request import Request
from tests.benchmarks.markdown import table
from tests.benchmarks.results import path, provenance, read, source_line, with_source, write
from tests.benchmarks.scores import PER_CATEGORY, score
from tests.npu.forms import FORMS, REJECTED, Form, measure

RESULT, COMMAND = "npu", "python -m tests.benchmarks.npu"
PROMPT, STEP = "a purple cat wearing a hat", 4  # whose step is compared tensor by tensor
LINEAR = "linear: MatMul, Add"
OUTPUTS = 40  # tensors that one session gives out
SHOWN = 5  # of the worst tensors


def forms() -> dict[str, dict[str, Any]]:
    """The figures of each form, dB."""
    found: dict[str, dict[str, Any]] = {"taken": {}, "rejected": {}}
    linear, small = FORMS[LINEAR], {"four_bits": True}
    measured: list[tuple[str, str, Form, dict[str, bool]]] = [
        *(("taken", name, form, {}) for name, form in FORMS.items()),
        ("taken", f"{LINEAR}, 4-bit weights", linear, small),
        *(("rejected", name, form, {}) for name, form in REJECTED.items()),
        ("rejected", f"{LINEAR}, 4-bit weights without zero points", linear, small | {"zero_points": False}),
    ]
    for kind, name, form, options in measured:
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(form, Path(folder), **options)
        found[kind][name] = {
            key: storable(value) if isinstance(value, float) else value for key, value in figures.items()
        }
        print(f"{name}: {figures}", flush=True)
    return found


class Recorder(Generator):
    """Draws on the CPU and keeps what each graph of the NPU is fed in step STEP, or once."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle, threads=1, keep=True)
        self.fed: dict[str, dict[str, np.ndarray]] = {}
        self.steps = 0

    def record(self) -> dict[str, dict[str, np.ndarray]]:
        run = self.engine.run

        def observed(name: str, tensors: Any) -> dict[str, np.ndarray]:
            graph = self.bundle.manifest.graphs[name]
            self.steps += name == "transformer"
            if graph.compute == "npu" and (name != "transformer" or self.steps == STEP + 1):
                self.fed[name] = {tensor.name: tensors[tensor.name] for tensor in graph.inputs}
            return run(name, tensors)

        self.engine.run = observed  # type: ignore[method-assign]
        self.text_to_image(Request(PROMPT, seed=3))
        return self.fed


def tensors(model: Path, feed: dict[str, np.ndarray]) -> Iterator[tuple[str, str, float]]:
    """Every activation of a graph with the operator that makes it and its PSNR, dB: HTP beside the CPU.

    A session gives out a part of them, because each output takes memory.
    """
    graph = load(model).graph
    makers = {
        str(node.inputs[0].name): node.inputs[0].producer().op_type
        for node in graph
        if node.op_type == "QuantizeLinear" and node.inputs[0].producer() is not None
    }
    names = [
        name
        for name in makers
        if f"{name}{FLOAT}" in {value.name for node in graph for value in node.outputs}
    ]
    for start in range(0, len(names), OUTPUTS):
        part = names[start : start + OUTPUTS]
        given = with_outputs(model, [f"{name}{FLOAT}" for name in part])
        on_npu = open_on_npu(given).run(None, feed)
        on_cpu = ort.InferenceSession(given, session_options(), providers=["CPUExecutionProvider"]).run(
            None, feed
        )
        for name, found, expected in zip(part, on_npu, on_cpu, strict=True):
            yield name, makers[name], psnr(expected, found)


def with_outputs(model: Path, names: list[str]) -> bytes:
    """The graph in memory with other outputs, and all of its constants."""
    loaded = load(model)
    values = {str(value.name): value for node in loaded.graph for value in node.outputs}
    loaded.graph.outputs.clear()
    for name in names:
        values[name].type = ir.TensorType(ir.DataType.FLOAT)
        loaded.graph.outputs.append(values[name])
    for value in loaded.graph.initializers.values():
        assert value.const_value is not None
        value.const_value = ir.Tensor(value.const_value.numpy(), dtype=value.dtype, name=value.name)
    return ir.to_proto(loaded).SerializeToString()


def graphs(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """The number of tensors of each graph, and the worst of them."""
    found = {}
    for name, feed in Recorder(bundle).record().items():
        every = sorted(
            tensors(bundle.path(bundle.manifest.graphs[name].files[0]), feed), key=lambda row: row[2]
        )
        figures = [row[2] for row in every]
        found[name] = {
            "tensors": len(every),
            "worst": [[tensor, operator, storable(figure)] for tensor, operator, figure in every[:SHOWN]],
            "median": storable(float(np.median(figures))),
        }
        print(f"{name}: {found[name]}", flush=True)
    return found


def precision_row() -> list[str]:
    """The row of README's table of precisions: drawn beside the reference on the HTP back end."""
    content = read(RESULT)
    bundle, judged = content["bundle"], content["score"]
    figures = bundle["parity"]
    same_weights = judged["weights"] == bundle["weights"]
    return [
        "ONNX qnn",
        "`export.onnx --qnn`",
        f"{bundle['bytes'] / 1e6:.1f}",
        f"{100 * figures['transformer.agreement']:.1f}",
        f"{figures['transformer.kl']:.2g}",
        score(judged["verdicts"]) if same_weights else "",
        "",
    ]


def shown(value: Any) -> str:
    return "equal" if value is None else f"{value:.0f}"


def form_table(kind: str) -> str:
    """docs/npu.md's table of the forms that are taken, or of those that are rejected."""
    content = read(RESULT)
    rows = []
    for name, figures in content["forms"][kind].items():
        refused = "refused" in figures
        cells = ("refused", "") if refused else (shown(figures["float"]), shown(figures["cpu"]))
        rows.append((name, *cells))
    return table(("operators", "HTP beside float, dB", "beside the CPU on the same codes, dB"), rows) + (
        f"\n\n{source_line(content['sources']['forms'])}"
    )


def tensor_table() -> str:
    """docs/npu.md's table of the worst tensors."""
    content = read(RESULT)
    rows = [
        (graph, str(figures["tensors"]), shown(figures["median"]), f"`{name}`", operator, shown(figure))
        for graph, figures in content["graphs"].items()
        for name, operator, figure in figures["worst"]
    ]
    made = table(("graph", "tensors", "median, dB", "worst tensors", "operator", "dB"), rows, words=1)
    return f"{made}\n\n{source_line(content['sources']['graphs'])}"


def command_line() -> None:
    """Raises UserError."""
    parser = Parser(
        prog=COMMAND,
        description="Compare Qualcomm's HTP back end with the CPU: operator by operator, tensor by tensor.",
        epilog=f"example:\n  {COMMAND} build/android-qnn",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of a bundle exported with --qnn")
    parser.add_argument("--score", action="store_true", help="judge pictures of the back end instead: hours")
    given = parser.parse_args()
    bundle = open_bundle(given.bundle)
    content = {**(read(RESULT) if path(RESULT).exists() else {}), **provenance(COMMAND, 1)}
    if given.score:
        judge_pictures(bundle, content, f"{COMMAND} {given.bundle} --score")
        return
    content = with_source(content, f"{COMMAND} {given.bundle}", bundle=described(bundle), forms=forms())
    write(RESULT, content)
    write(RESULT, with_source(content, f"{COMMAND} {given.bundle}", graphs=graphs(bundle)))


def described(bundle: Bundle) -> dict[str, Any]:
    """What is known of it without running it."""
    weights = bundle.manifest.files["transformer.onnx.data"].sha256
    return {"bytes": size(bundle), "weights": weights, "parity": bundle.manifest.parity}


def judge_pictures(bundle: Bundle, stored: dict[str, Any], command: str) -> None:
    """Judge pictures of the back end, from where an interrupted run of the same bundle ended."""
    tasks = sticker_tasks(bundle, PER_CATEGORY)
    of_bundle = described(bundle)
    weights, earlier = of_bundle["weights"], stored.get("score", {})
    verdicts = earlier.get("verdicts", "") if earlier.get("weights") == weights else ""
    for known in judge(bundle, tasks, verdicts, 1, "qnn"):
        print(f"{len(known)} of {len(tasks)} pictures, {share(known):.1%}", flush=True)
        judged = {"weights": weights, "verdicts": known}
        write(RESULT, with_source(stored, command, bundle=of_bundle, score=judged))


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
