"""`python -m tests.benchmarks.bundle_sizes`: what further sizes add to an int8 bundle of the published size.

The graphs of a random checkpoint are written in four sizes, and the bytes that the three further ones add are
counted: their models, and what they append to the data files. Neither depends on the number of attention
heads, so the step has one of the published width. Its models grow by a constant for each block, so three
depths give those of the published depth. The image graphs are the published ones, every convolution in int8.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reference.errors import Parser, exit_code
from tests.benchmarks.results import provenance, read, source_line, write

RESULT, REAL, FORM = "bundle-sizes", "real-size", "ONNX int8"
SIZES = ((1024, 1024), (768, 1344), (1344, 768), (512, 512))
DEPTHS = ((1, 2), (2, 2), (1, 3))  # double and single blocks
PRESET = "1b"


def added(folder: Path, graph: str, doubles: int, singles: int) -> int:
    """Bytes that the further sizes add to a graph, which is written into a new folder."""
    import onnx_ir as ir
    import torch

    from export.graphs import graphs
    from export.onnx_graph import models, save_static, write_float
    from quantize.apply_recipe import quantize_graph
    from quantize.onnx_files import files, load, tensors_of
    from quantize.recipe import Recipe
    from quantize.static_int8 import ConvRange, convolutions
    from reference.checkpoint import load_checkpoint
    from reference.random_weights import PRESETS, write_random
    from runtime.manifest import IMAGE_GRAPHS

    preset = PRESETS[PRESET]
    width = preset.transformer.attention_head_dim
    few = replace(
        preset.transformer,
        num_attention_heads=1,
        joint_attention_dim=width,
        pooled_projection_dim=width,
        num_layers=doubles,
        num_single_layers=singles,
    )
    narrow = {"hidden_size": width, "intermediate_size": width, "projection_dim": width}
    text = preset.text | narrow | {"num_hidden_layers": 1, "num_attention_heads": 1}
    made = replace(preset, transformer=few, text=text)
    if graph not in IMAGE_GRAPHS:  # a small VQ is sooner made
        made = replace(made, channels=(8,) * len(preset.channels), norm_groups=4)
    write_random(folder / "checkpoint", made, torch.float16)
    checkpoint = load_checkpoint(str(folder / "checkpoint"), stream=True)
    path, first = folder / f"{graph}.onnx", None
    (floats := folder / "float").mkdir()
    for model in models(path, graph, SIZES):
        whole = floats / model.path.name
        write_float(checkpoint, graphs(checkpoint, model.size)[graph], whole, first and floats / path.name)
        if graph in IMAGE_GRAPHS:
            around = ConvRange((-1.0, 1.0), (-1.0, 1.0))
            ranges = {name: around for name, _ in convolutions(load(whole))}
            save_static(whole, model.path, ranges, (), first)
        else:
            quantize_graph(whole, model.path, graph, Recipe.uniform("int8"), first=first)
        first = path
    alone = max(
        (tensor.offset or 0) + tensor.nbytes
        for tensor in tensors_of(path).values()
        if isinstance(tensor, ir.ExternalTensor)
    )
    further = sum(model.path.stat().st_size for model in models(path, graph, SIZES)[1:])
    return further + files(path)[1].stat().st_size - alone


def at_full_depth(by_depth: Sequence[float]) -> float:
    """What the three DEPTHS give for the published numbers of blocks."""
    from reference.random_weights import PRESETS

    config, (doubles, singles) = PRESETS[PRESET].transformer, DEPTHS[0]
    least, double, single = by_depth[0], by_depth[1] - by_depth[0], by_depth[2] - by_depth[0]
    return least + (config.num_layers - doubles) * double + (config.num_single_layers - singles) * single


def measure() -> dict[str, Any]:
    def of(graph: str, depth: tuple[int, int]) -> int:
        with tempfile.TemporaryDirectory(dir="build") as name:
            found = added(Path(name), graph, *depth)
        blocks = f"{depth[0]} double and {depth[1]} single blocks"
        print(f"{graph}, {blocks}: {found / 1e6:.2f} MB more", flush=True)
        return found

    depths = [of("transformer", depth) for depth in DEPTHS]
    bytes_added = {
        "transformer": round(at_full_depth(depths)),
        "image_decoder": of("image_decoder", DEPTHS[0]),
        "image_encoder": of("image_encoder", DEPTHS[0]),
    }
    return {"sizes": SIZES, "depths": dict(zip(map(str, DEPTHS), depths, strict=True)), "added": bytes_added}


def markdown() -> str:
    """The table of the result file, beside the bundle of one size in `real-size`."""
    from tests.benchmarks.markdown import table

    content = read(RESULT)
    form = read(REAL)["forms"][FORM]
    added, total = content["added"], 1000 * form["gigabytes"]
    rows = [[name, f"{form['megabytes'][name]:,.0f}", f"{more / 1e6:.2f}"] for name, more in added.items()]
    more = sum(added.values()) / 1e6
    rows.append(["whole bundle", f"{total:,.0f}", f"{more:.2f} ({more / total:.1%})"])
    return f"{table(['graph', 'one size, MB', 'three further sizes, MB'], rows)}\n\n{source_line(content)}"


def command_line(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="python -m tests.benchmarks.bundle_sizes",
        description="Bytes that further sizes add to an int8 bundle of the published size. Writes"
        f" docs/results/{RESULT}.json.",
        epilog="example:\n  python -m tests.benchmarks.bundle_sizes",
    )
    parser.parse_args(arguments)
    write(RESULT, provenance("python -m tests.benchmarks.bundle_sizes", threads=1) | measure())
    print(markdown())


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: command_line(arguments), stopped="nothing was written")


if __name__ == "__main__":
    sys.exit(main())
