"""Where a step graph's time goes, operator by operator, as onnxruntime's own profiler counts it.

python -m tests.benchmarks.profile --layout blocks-1024 --bundle int8
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
from tests.benchmarks.layouts import LAYOUTS, Layout, inputs

STEP_INPUTS = ("tokens", "context", "modulation", "guidance", "uniforms")

# Operators as onnxruntime names them after its own fusions -> what they are for.
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


def profile_file(layout: Layout, precision: str) -> Path:
    return layout.folder / f"profile-{precision}.json"


def stored_tables(layout: Layout) -> list[str]:
    """Markdown of the profiles that were taken of a layout."""
    lines: list[str] = []
    for precision in ("fp32", "int8", "int4"):
        path = profile_file(layout, precision)
        if path.exists():
            stored = json.loads(path.read_text(encoding="utf-8"))
            lines += ["", f"Inside the {precision} step, {stored['threads']} threads:", ""]
            lines += table(Counter(stored["spent"]))
    return lines[1:]


def table(spent: Counter[str]) -> list[str]:
    """Kinds with their share, and the operators of each that take any time; Markdown."""
    total = sum(spent.values())
    kinds: Counter[str] = Counter()
    for operator, milliseconds in spent.items():
        kinds[KIND_OF.get(operator, "other")] += milliseconds
    lines = ["| kind | ms | share | operators |", "|---|---:|---:|---|"]
    for kind, milliseconds in kinds.most_common():
        inside = [
            f"{operator} {ms:.0f}"
            for operator, ms in spent.most_common()
            if KIND_OF.get(operator, "other") == kind and ms >= 0.5
        ]
        lines.append(f"| {kind} | {milliseconds:.0f} | {milliseconds / total:.1%} | {', '.join(inside)} |")
    return [*lines, f"| in all | {total:.0f} | | |"]


def command_line() -> None:
    parser = Parser(
        prog="python -m tests.benchmarks.profile",
        description="The time of a bundle's step graph by kind of operator. The benchmark makes it.",
        epilog="examples:\n  python -m tests.benchmarks.profile\n"
        "  python -m tests.benchmarks.profile --layout blocks-1024 --bundle fp32 --runs 5",
    )
    add = parser.add_argument
    add("--layout", choices=sorted(LAYOUTS), default="blocks-512", help="default: %(default)s")
    add("--bundle", default="int8", metavar="PRECISION", help="fp32, int8 or int4; default: %(default)s")
    add("--threads", type=int, default=2, help="%(default)s")
    add("--runs", type=int, default=3, help="%(default)s")
    given = parser.parse_args()
    check_range("threads", given.threads, 1, 256)
    check_range("runs", given.runs, 1, 1000)
    layout = LAYOUTS[given.layout]
    path = layout.folder / f"bundle-{given.bundle}" / "transformer.onnx"
    if not path.exists():
        raise RequestError(
            f"{path} is missing: run `python -m tests.benchmarks --layout {layout.name} --task step` first"
        )
    stored = inputs(layout)
    spent = profile(path, {name: stored[name] for name in STEP_INPUTS}, given.threads, given.runs)
    stored_file = profile_file(layout, given.bundle)
    stored_file.write_text(json.dumps({"threads": given.threads, "spent": spent}), encoding="utf-8")
    print(f"{path}, {given.threads} threads, load average {os.getloadavg()[0]:.1f}\n")
    print("\n".join(table(spent)))
    print(f"\nwrote {stored_file}, which `python -m tests.benchmarks report` reads")


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
