"""`python -m tests.benchmarks.npu_blocks`: blocks of the published width on Qualcomm's runtime.

A whole step of 42 blocks takes hours of emulation and more memory than a small machine has. So the export's
own functions make a random checkpoint of the published size with few blocks, which is compiled for a chip
and, with --run, executed beside the float graph. Either runs in a process of its own, whose peak RSS is
measured. The figures go to docs/results/npu.json, under "blocks", each row with its date and commit.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir

from reference.errors import Parser, UserError, exit_code
from tests.benchmarks.markdown import table
from tests.benchmarks.results import machine_line, path, provenance, read, with_source, write

RESULT, PRESET = "npu", "1b"
COMMAND = "python -m tests.benchmarks.npu_blocks"
COMPILE = """
import sys
from pathlib import Path
from export.npu_contexts import OPTIMIZED, compile_for
from tests.benchmarks.npu_blocks import SPILL, spill
files = compile_for(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), options=OPTIMIZED | SPILL)
print(sum(file.stat().st_size for file in files), spill(files[0]))
"""
RUN = """
import sys, time
import numpy as np
from pathlib import Path
from runtime.qnn_engine import open_on_npu
feed = dict(np.load(sys.argv[2]))
session = open_on_npu(Path(sys.argv[1]))
begun = time.perf_counter()
np.save(sys.argv[3], session.run(None, feed)[0])
print(time.perf_counter() - begun)
"""


# The provider then writes the size into the context, so that the pieces may share one buffer.
# The emulator does not load such contexts ("Invalid config"), so bundles have others.
SPILL = {"enable_htp_spill_fill_buffer": "1"}


def spill(context: Path) -> int:
    """Bytes of memory for what does not fit on the chip, of the piece of a graph that needs the most."""
    nodes = ir.load(context).graph
    return max(node.attributes["max_size"].as_int() for node in nodes)


def child(code: str, *arguments: str) -> tuple[float, float, str]:
    """Seconds, peak RSS in GB and what a Python process printed. Raises UserError if it fails."""
    command = [sys.executable, "-m", "tests.benchmarks.peak", sys.executable, "-c", code, *arguments]
    begun = time.perf_counter()
    status, peak, printed = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)
    if status:
        raise UserError(f"Qualcomm's runtime refused {arguments[0]}: its message is above")
    return time.perf_counter() - begun, peak / 1e9, printed


def make(
    folder: Path, graph: str, doubles: int, singles: int, size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Write float.onnx and codes.onnx of a graph with few blocks; random inputs of it."""
    import torch

    from export.graphs import npu_graphs
    from export.trace import trace
    from quantize.onnx_files import save
    from quantize.qnn import quantize_qnn
    from reference.checkpoint import load_checkpoint
    from reference.random_weights import PRESETS, write_random

    preset = PRESETS[PRESET]
    few = replace(preset.transformer, num_layers=doubles, num_single_layers=singles)
    write_random(folder / "checkpoint", replace(preset, transformer=few), torch.float16)
    checkpoint = load_checkpoint(str(folder / "checkpoint"), stream=True)
    spec = npu_graphs(checkpoint, size)[graph]
    with checkpoint.loaded(spec.part):
        save(trace(spec), folder / "float.onnx")
    random = np.random.default_rng(0)
    feeds = [
        {
            name: random.integers(0, few.codebook_size, tuple(value.shape), np.int32)
            if name == "tokens"
            else random.normal(name == "modulation", 0.5, tuple(value.shape)).astype(np.float32)
            for name, value in spec.inputs.items()
        }
        for _ in range(2)
    ]
    quantize_qnn(folder / "float.onnx", folder / "codes.onnx", feeds)
    return feeds[0]


def measure(
    graph: str, doubles: int, singles: int, size: tuple[int, int], soc: str, execute: bool
) -> dict[str, Any]:
    """The figures of one graph. Raises UserError."""
    import onnxruntime as ort

    from runtime.onnxruntime_engine import session_options
    from runtime.parity.measures import psnr, storable

    with tempfile.TemporaryDirectory(dir="build") as name:
        folder = Path(name)
        feed = make(folder, graph, doubles, singles, size)
        seconds, peak, printed = child(COMPILE, str(folder / "codes.onnx"), soc, str(folder / soc))
        found: dict[str, Any] = {
            "graph": graph,
            "pixels": list(size),
            "doubles": doubles,
            "singles": singles,
            "soc": soc,
            "compile_seconds": storable(seconds),
            "compile_gb": storable(peak),
            "context_bytes": int(printed.split()[-2]),
            "spill_bytes": int(printed.split()[-1]),
        }
        print(found, flush=True)
        if execute:
            np.savez(folder / "feed.npz", **feed)  # type: ignore[arg-type]
            _, peak, printed = child(
                RUN, str(folder / "codes.onnx"), str(folder / "feed.npz"), str(folder / "out.npy")
            )
            exact = ort.InferenceSession(
                folder / "float.onnx", session_options(), providers=["CPUExecutionProvider"]
            )
            expected = exact.run(None, feed)[0]
            found |= {
                "run_seconds": storable(float(printed.split()[-1])),
                "run_gb": storable(peak),
                "psnr": storable(psnr(expected, np.load(folder / "out.npy"))),
            }
    return found


def markdown() -> str:
    """docs/npu.md's table."""
    content = read(RESULT)
    rows = [
        (
            row["graph"],
            f"{row['pixels'][0]}",
            f"{row['doubles']} + {row['singles']}" if row["graph"] == "transformer" else "",
            f"{row['compile_seconds']:.0f}",
            f"{row['compile_gb']:.1f}",
            f"{row['context_bytes'] / 1e6:.1f}",
            f"{row['spill_bytes'] / 1e6:.1f}" if "spill_bytes" in row else "",
            f"{row['psnr']:.1f}" if "psnr" in row else "not run",
            f"{row['date']}, {row['commit']}, `{row['command']}`",
        )
        for row in content["blocks"]
    ]
    head = ("graph", "pixels", "double + single blocks", "compile, s", "peak RSS, GB", "context, MB")
    made = table((*head, "spill, MB", "HTP beside float, dB", "measured"), rows)
    return f"{made}\n\n*{machine_line(content['sources']['blocks']['machine'])}*"


def command_line() -> None:
    """Raises UserError."""
    parser = Parser(
        prog=COMMAND,
        description="Compile and run blocks of the published width on Qualcomm's runtime.",
        epilog=f"example:\n  {COMMAND} --size 512 512 --run",
    )
    add = parser.add_argument
    add("--graph", choices=("transformer", "image_decoder"), default="transformer")
    add("--doubles", type=int, default=1, help="double blocks; default: 1")
    add("--singles", type=int, default=2, help="single blocks, the last included; default: 2")
    add("--size", nargs=2, type=int, default=(1024, 1024), metavar=("W", "H"), help="pixels; default: 1024")
    add("--soc", default="sm8650", help="chip to compile for; default: sm8650")
    add("--run", action="store_true", help="execute it, too: slow")
    given = parser.parse_args()
    row = measure(given.graph, given.doubles, given.singles, tuple(given.size), given.soc, given.run)
    print(row)
    command = " ".join([COMMAND, *sys.argv[1:]])
    stored = {**(read(RESULT) if path(RESULT).exists() else {}), **provenance(command, 1)}
    row |= {name: stored[name] for name in ("date", "commit", "command")}
    key = ("graph", "pixels", "doubles", "singles", "soc")
    others = [old for old in stored.get("blocks", []) if [old[k] for k in key] != [row[k] for k in key]]
    write(RESULT, with_source(stored, command, blocks=[*others, row]))


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
