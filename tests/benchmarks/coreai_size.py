"""`python -m tests.benchmarks.coreai_size BUNDLE`: the published size on Apple's runtime.

step      the graphs of a step of an int8 bundle of that size, each in a process of its own, whose peak RSS is
          measured
blocks    single blocks of that width at 512 px in float32 and in half precision, on the evaluator too; a
          whole step in half precision would take Apple's interpreter hours

Times are those of the processor, so that other work changes them little. The figures go to
docs/results/coreai-size.json.
"""

import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from export.apple.calibration import Drawings
from export.apple.graphs import apple_graphs
from quantize.coreml_recipe import CoreMLRecipe
from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Parser, exit_code
from reference.random_weights import PRESETS, write_random
from runtime.bundle import Bundle, open_bundle
from runtime.functions import choose, fixed
from runtime.parity.measures import storable
from tests.benchmarks.coreai_report import SIZE_RESULT
from tests.benchmarks.memory import child
from tests.benchmarks.results import provenance, write
from tests.coreai.beside import Beside, Difference

COMMAND = "python -m tests.benchmarks.coreai_size"
ROWS = 2  # with guidance
BLOCK_SIZE = (512, 512)  # pixels; at 1024 a block in half precision takes a quarter of an hour
RUN = """
import sys, time
from pathlib import Path
import numpy as np
from runtime.coreai.engine import AssetFunction
function = AssetFunction(Path(sys.argv[1]), sys.argv[2])
feed = dict(np.load(sys.argv[3]))
begun = time.process_time()
function.run(feed)
print(time.process_time() - begun)
"""


def step(bundle: Bundle) -> Iterator[dict[str, Any]]:
    """Processor seconds of a run and peak GB of each graph of a step with guidance, on random inputs."""
    random, (width, height) = np.random.default_rng(0), bundle.manifest.defaults.size
    side = bundle.manifest.model.token_size
    for name in bundle.manifest.step:
        graph = bundle.manifest.graphs[name]
        sizes = {"rows": ROWS, "height": height // side, "width": width // side}
        function = choose(name, graph, sizes)
        feed = {
            tensor.name: random.random(tensor.shape, np.float32)
            if tensor.dtype == "float32"
            else random.integers(0, bundle.manifest.model.codebook_size, tensor.shape, np.int32)
            for tensor in fixed(graph.inputs, function)
        }
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            np.savez(file, **feed)
            file.flush()
            asset = str(bundle.path(graph.files[0]).parent)
            ended = child([sys.executable, "-c", RUN, asset, function.name, file.name])
        yield {
            "graph": name,
            "seconds": storable(float(ended.printed.split()[-1])),
            "gb": storable(ended.peak_mb / 1e3),
        }


def one_block_a_kind(folder: Path) -> Checkpoint:
    """A random checkpoint of the published width with one double and one single block."""
    preset = PRESETS["1b"]
    few = replace(preset.transformer, num_layers=1, num_single_layers=1)
    small = replace(preset, transformer=few, defaults={"size": list(BLOCK_SIZE)})
    write_random(folder, small, torch.float16)
    return load_checkpoint(str(folder), stream=True)


def blocks() -> Iterator[dict[str, Any]]:
    """Blocks with int8 weights on the inputs of a drawing: differences, and seconds on Apple's runtime."""
    with tempfile.TemporaryDirectory(dir="build") as name:
        folder = Path(name)
        checkpoint = one_block_a_kind(folder / "checkpoint")
        drawn = Drawings(checkpoint, apple_graphs(checkpoint, "gpu", chunked=True))
        recipe = CoreMLRecipe.model_validate({"default": "int8"})
        for half in (False, True):
            for graph in ("double_blocks", "single_blocks"):
                files = folder / f"{graph}-{half}"
                files.mkdir()
                both = Beside(drawn, graph, recipe, half, files)
                feed = both.feed()
                expected, evaluated = both.expected(feed), both.evaluator.run(feed)
                begun = time.process_time()
                apple = both.apple.run(feed)
                yield {
                    "graph": graph,
                    "arithmetic": "float16" if half else "float32",
                    "seconds": storable(time.process_time() - begun),
                    "evaluator": Difference.of(expected, evaluated).figures(),
                    "apple": Difference.of(expected, apple).figures(),
                    "beside": Difference.of(evaluated, apple).figures(),
                }


def command_line() -> None:
    """Raises UserError."""
    parser = Parser(
        prog=COMMAND,
        description="Execute a step and single blocks of the published size on Apple's runtime.",
        epilog=f"example:\n  {COMMAND} build/iphone27-1b",
    )
    parser.add_argument("bundle", type=Path, help="an int8 bundle of the published size, from export.coreai")
    bundle = open_bundle(parser.parse_args().bundle)
    warnings.simplefilter("ignore")
    content: dict[str, Any] = provenance(f"{COMMAND} BUNDLE", 1) | {"step": [], "blocks": []}
    for section, rows in (("step", step(bundle)), ("blocks", blocks())):
        for row in rows:
            print(f"{section}: {row}", flush=True)
            content[section].append(row)
    write(SIZE_RESULT, content)


if __name__ == "__main__":
    sys.exit(exit_code(command_line))
