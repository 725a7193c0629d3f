"""Time of a step graph by operator, from onnxruntime's profiler.

python -m tests.benchmarks.profile --workload blocks-1024 --bundle int8
"""

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime as ort

from reference.errors import Parser, RequestError, exit_code
from reference.request import check_range
from runtime.onnxruntime_engine import session_options
from tests.benchmarks.results import provenance, read, source_line, write
from tests.benchmarks.workloads import WORKLOADS, inputs

STEP_INPUTS = ("tokens", "context", "modulation", "guidance", "uniforms")

# Purpose -> operators, named as onnxruntime does after its fusions.
KINDS = {
    "matmul": (
        "MatMul",
        "Gemm",
        "FusedMatMul",
        "MatMulInteger",
        "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul",
        "MatMulNBits",
        "QAttention",
    ),
    "attention": ("Attention", "MultiHeadAttention", "FlashAttention", "Softmax"),
    "unpack 4 bits": ("QLinearConcat", "BitwiseAnd", "BitShift", "QLinearMul"),
    "quantize": ("DynamicQuantizeLinear", "QuantizeLinear", "DequantizeLinear"),
    "norm": (
        "LayerNormalization",
        "SkipLayerNormalization",
        "RMSNormalization",
        "SimplifiedLayerNormalization",
        "SkipSimplifiedLayerNormalization",
    ),
    "rotary": ("RotaryEmbedding",),
    "gelu": ("Gelu", "FastGelu", "BiasGelu", "QuickGelu"),
    "move": ("Transpose", "Reshape", "Concat", "Split", "Slice", "Gather", "Expand", "Unsqueeze", "Squeeze"),
    "draw": ("Exp", "CumSum", "ReduceSum", "ReduceMax", "GatherElements", "Less", "Cast", "Log"),
    "elementwise": ("Add", "Mul", "Sub", "Div", "Sqrt", "Pow", "ReduceMean", "Where"),
}
KIND_OF = {operator: kind for kind, operators in KINDS.items() for operator in operators}


def profile(path: Path, feed: dict[str, np.ndarray], threads: int, runs: int) -> Counter[str]:
    """Milliseconds a run spends in each operator, the mean of `runs` runs after one that warms up."""
    options = session_options(threads)
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for _ in range(runs + 1):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    spent: Counter[str] = Counter()
    run = -1  # of the event; the first run is left out
    for event in sorted(events, key=lambda event: event["ts"]):
        if event["name"] == "model_run":
            run += 1
        elif event["cat"] == "Node" and event["name"].endswith("_kernel_time") and run > 0:
            spent[event["args"]["op_name"]] += event["dur"]
    return Counter({operator: microseconds / 1000 / runs for operator, microseconds in spent.items()})


def result_name(workload_name: str, precision: str) -> str:
    return f"profile-{workload_name}-{precision}"


def markdown(name: str) -> str:
    """The table of a profile's result file."""
    content = read(name)
    return "\n".join([*table(Counter(content["spent"])), "", source_line(content)])


def table(spent: Counter[str]) -> list[str]:
    """Markdown lines: time by purpose, its share, and the operators of each purpose."""
    total = sum(spent.values())
    kinds: Counter[str] = Counter()
    for operator, milliseconds in spent.items():
        kinds[KIND_OF.get(operator, "other")] += milliseconds
    lines = ["| operators for | ms | share, % | onnxruntime operators, ms |", "|---|---:|---:|---|"]
    for kind, milliseconds in kinds.most_common():
        inside = [
            f"{operator} {ms:.0f}"
            for operator, ms in spent.most_common()
            if KIND_OF.get(operator, "other") == kind and ms >= 0.5
        ]
        lines.append(
            f"| {kind} | {milliseconds:.0f} | {100 * milliseconds / total:.1f} | {', '.join(inside)} |"
        )
    return [*lines, f"| total | {total:.0f} | | |"]


def command_line() -> None:
    parser = Parser(
        prog="python -m tests.benchmarks.profile",
        description="The time of a bundle's step graph by kind of operator. The benchmark makes it.",
        epilog="examples:\n  python -m tests.benchmarks.profile\n"
        "  python -m tests.benchmarks.profile --workload blocks-1024 --bundle fp32 --runs 5",
    )
    add = parser.add_argument
    add("--workload", choices=sorted(WORKLOADS), default="blocks-512", help="default: %(default)s")
    add("--bundle", default="int8", metavar="PRECISION", help="fp32, int8 or int4; default: %(default)s")
    add("--threads", type=int, default=2, help="%(default)s")
    add("--runs", type=int, default=3, help="%(default)s")
    given = parser.parse_args()
    check_range("threads", given.threads, 1, 256)
    check_range("runs", given.runs, 1, 1000)
    workload = WORKLOADS[given.workload]
    path = workload.folder / f"bundle-{given.bundle}" / "transformer.onnx"
    if not path.exists():
        raise RequestError(
            f"{path} is missing: run `python -m tests.benchmarks --workload {workload.name} --task step`"
        )
    stored = inputs(workload)
    spent = profile(path, {name: stored[name] for name in STEP_INPUTS}, given.threads, given.runs)
    name = result_name(workload.name, given.bundle)
    command = f"python -m tests.benchmarks.profile --workload {workload.name} --bundle {given.bundle}"
    write(name, {**provenance(command, given.threads), "spent": spent})
    print(f"{path}, load average {os.getloadavg()[0]:.1f}\n\n{markdown(name)}")


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
