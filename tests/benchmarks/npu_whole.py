"""`python -m tests.benchmarks.npu_whole BUNDLE CHECKPOINT`: a whole step on the emulator, piece by piece.

For a model whose step takes the emulator hours: an interrupted run goes on with the next piece. A piece runs
in a process of its own, whose peak RSS is measured. The features go beside those that PyTorch computes in
float32 from the same tokens and conditioning. The figures go to docs/results/npu-whole.json.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import torch

from export.npu import npu_kernels
from export.step import Transformer
from reference.checkpoint import load_checkpoint
from reference.errors import Parser, exit_code
from runtime.bundle import Bundle, open_bundle
from runtime.feeds import step_feed
from runtime.generator import Generator
from runtime.parity.measures import psnr, storable
from runtime.request import Request, settle
from tests.benchmarks.npu_blocks import child
from tests.benchmarks.results import provenance, write, write_json

RESULT = "npu-whole"
COMMAND = "python -m tests.benchmarks.npu_whole"
PROMPT = "a purple cat wearing a hat"
RUN = """
import sys, time
import numpy as np
from pathlib import Path
from runtime.qnn_engine import open_on_npu
session = open_on_npu(Path(sys.argv[1]))
tensors = {}
for name in sys.argv[3:]:
    tensors |= np.load(name)
begun = time.perf_counter()
names = [value.name for value in session.get_outputs()]
found = session.run(names, {value.name: tensors[value.name] for value in session.get_inputs()})
seconds = time.perf_counter() - begun
np.savez(sys.argv[2] + ".part.npz", **dict(zip(names, found)))
Path(sys.argv[2] + ".part.npz").rename(sys.argv[2])
print(seconds)
"""


def fed(bundle: Bundle, folder: Path) -> Path:
    """The inputs of the transformer in the first of two steps, half of whose tokens are known."""
    file = folder / "fed.npz"
    if not file.exists():
        settings = settle(Request(PROMPT, seed=3, steps=2), bundle.manifest)
        with Generator(bundle) as generator:
            conditions, _ = generator.condition(settings)
        model, (width, height) = bundle.manifest.model, settings.size
        random = np.random.default_rng(3)
        grid = height // model.token_size, width // model.token_size
        tokens = random.integers(0, model.mask_token_id, grid, np.int32)
        tokens[random.random(grid) < 0.5] = model.mask_token_id
        feed = step_feed(conditions, 1, tokens, np.zeros((2, tokens.size), np.float32), settings.guidance)
        np.savez(file, **{name: feed[name] for name in ("tokens", "context", "modulation")})
    return file


def contexts(model: Path, folder: Path) -> Iterator[Path]:
    """Each piece of a compiled graph as a model of its own, beside a link to its binary."""
    chain = ir.load(model)
    for index, node in enumerate(chain.graph):
        binary = node.attributes["ep_cache_context"].as_string()
        link, target = folder / binary, folder / f"{index}.onnx"
        if not link.exists():
            link.symlink_to(model.with_name(binary).resolve())
        inputs = [value for value in node.inputs if value is not None]
        alone = ir.convenience.extract(chain.graph, inputs, node.outputs)
        ir.save(ir.Model(alone, ir_version=chain.ir_version), target)
        yield target


@torch.no_grad()
def expected(checkpoint: str, bundle: Bundle, feed: Path) -> np.ndarray:
    """PyTorch's features f32 [2, h*w, K*D]."""
    loaded = load_checkpoint(checkpoint, stream=True)
    tensors = [torch.from_numpy(value) for value in np.load(feed).values()]
    (height, width), head = tensors[0].shape, loaded.transformer.config.attention_head_dim
    with loaded.loaded("transformer"):
        step = Transformer(
            loaded.transformer, bundle.manifest.tokenizer.length, height, width, npu_kernels(head)
        )
        features: np.ndarray = step(*tensors).numpy()
    return features


def megabytes(bundle: Bundle, graph: str, soc: str) -> float:
    """Of a graph's contexts for a chip."""
    _, *binaries = bundle.manifest.graphs[graph].contexts[soc]
    return sum(bundle.manifest.files[name].size for name in binaries) / 1e6


def measure(bundle: Bundle, checkpoint: str, soc: str, folder: Path) -> dict[str, Any]:
    """The figures of a whole step. `folder` keeps what is done."""
    folder.mkdir(parents=True, exist_ok=True)
    feed, binaries = fed(bundle, folder), bundle.manifest.graphs["transformer"].contexts[soc]
    made, rows = [feed], list[dict[str, float]]()
    for index, model in enumerate(contexts(bundle.path(binaries[0]), folder)):
        output, figures = folder / f"{index}.npz", folder / f"{index}.json"
        if not figures.exists():
            _, peak, printed = child(RUN, str(model), str(output), *map(str, made))
            seconds = float(printed.split()[-1])
            write_json(figures, {"run_seconds": storable(seconds), "run_gb": storable(peak)})
        rows.append(json.loads(figures.read_text()))
        print(f"piece {index + 1} of {len(binaries) - 1}: {rows[-1]}", flush=True)
        made.append(output)
    found = np.load(made[-1])["features"]
    return {
        "soc": soc,
        "pixels": list(bundle.manifest.defaults.size),
        "contexts": len(rows),
        "context_mb": megabytes(bundle, "transformer", soc),
        "decoder_context_mb": megabytes(bundle, "image_decoder", soc),
        "run_minutes": storable(sum(row["run_seconds"] for row in rows) / 60),
        "run_gb": storable(max(row["run_gb"] for row in rows)),
        "pieces": rows,
        "psnr": storable(psnr(expected(checkpoint, bundle, feed), found)),
    }


def command_line() -> None:
    """Raises UserError."""
    parser = Parser(
        prog=COMMAND,
        description="Run a whole step of a large bundle on Qualcomm's emulator, beside PyTorch.",
        epilog=f"example:\n  {COMMAND} build/android-qnn-1b build/random-1b --soc sm8650",
    )
    add = parser.add_argument
    add("bundle", type=Path, metavar="BUNDLE", help="folder of a bundle exported with --qnn --soc")
    add("checkpoint", metavar="CHECKPOINT", help="what it was exported from")
    add("--soc", default="sm8650", help="whose contexts; default: sm8650")
    add("--folder", type=Path, default=Path("build/npu-whole"), help="keeps finished pieces")
    given = parser.parse_args()
    row = measure(open_bundle(given.bundle), given.checkpoint, given.soc, given.folder)
    print(row)
    write(RESULT, {**provenance(f"{COMMAND} BUNDLE CHECKPOINT", 1), **row})


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
