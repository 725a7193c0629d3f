"""Graphs compiled for chips: context binaries beside the portable graph.

A phone's provider loads a context at once, where it would have to compile the portable graph. A context is
an ONNX model with a node for each piece of the graph (`npu_pieces`), and a binary for each. It fits one chip,
and the version of Qualcomm's runtime that made it or a newer one.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx_ir as ir
from tqdm import tqdm

from export.errors import ExportError
from export.npu_pieces import MOST_BYTES, pieces
from quantize.errors import QuantizationError
from quantize.onnx_files import load
from runtime.bundle import Bundle
from runtime.feeds import step_feed
from runtime.generator import Drawing, Generator
from runtime.manifest import Graph
from runtime.parity.measures import image_psnr, psnr
from runtime.qnn_engine import QnnEngine, open_on_npu


class Chip(NamedTuple):
    """What Qualcomm's runtime calls a chip."""

    name: str  # as it is sold
    soc_model: int
    htp_arch: int  # the version of its Hexagon processor


SOURCE = "pytorch/executorch, backends/qualcomm/serialization/qc_schema.py"
# Phones whose Hexagon has version 73 or newer, by the table in SOURCE.
CHIPS = {
    "sm8550": Chip("Snapdragon 8 Gen 2", 43, 73),
    "sm8650": Chip("Snapdragon 8 Gen 3", 57, 75),
    "sm8750": Chip("Snapdragon 8 Elite", 69, 79),
    "sm8845": Chip("Snapdragon 8 Gen 5", 97, 81),
    "sm8850": Chip("Snapdragon 8 Elite Gen 5", 87, 81),
}
CONTEXTS = "com.microsoft"  # domain of the operator that stands for a context
# The compiler takes longer and gives the fastest graph.
OPTIMIZED = {"htp_graph_finalization_optimization_mode": "3", "htp_performance_mode": "burst"}


def parse_chips(text: str) -> tuple[str, ...]:
    """The chips of "sm8650,sm8750". Raises ExportError for one that is not in CHIPS."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if not names:
        raise ExportError(f"--soc names no chip: choose from {', '.join(CHIPS)} (--list-socs)")
    for name in names:
        if name not in CHIPS:
            raise ExportError(f'--soc "{name}" is unknown: choose from {", ".join(CHIPS)} (--list-socs)')
    return names


def chip_table() -> str:
    """What --list-socs prints."""
    lines = [f"{'soc':8} {'soc_model':>9} {'htp_arch':>8}  chip"]
    lines += [f"{soc:8} {chip.soc_model:9} {chip.htp_arch:8}  {chip.name}" for soc, chip in CHIPS.items()]
    return "\n".join([*lines, f"source: {SOURCE}"])


def add_contexts(graph: Graph, folder: Path, chips: Iterable[str]) -> Graph:
    """The manifest's entry of a graph in `folder` after it was compiled for chips, in folders of their names.

    Raises QuantizationError if the compiler refuses it.
    """
    contexts = {soc: compile_for(folder / graph.files[0], soc, folder / soc) for soc in chips}
    named = {soc: [path.relative_to(folder).as_posix() for path in paths] for soc, paths in contexts.items()}
    return graph.model_copy(update={"contexts": named})


def context_figures(bundle: Bundle, drawing: Drawing, chips: Iterable[str]) -> dict[str, float]:
    """The worst PSNR of any chip's contexts beside the portable graphs, dB: features of the first step of a
    drawing, and its picture.
    """
    portable = Generator(bundle, engine="qnn")
    conditions, _ = portable.condition(drawing.settings)
    blank = np.full_like(drawing.tokens, bundle.manifest.model.mask_token_id)
    uniforms = np.full((2, blank.size), 0.5, np.float32)
    settings = drawing.settings
    feed = step_feed(conditions, settings.steps - 1, blank, uniforms, settings.guidance)
    features = portable.engine.run("transformer", feed)["features"]
    picture = portable.decode(drawing.tokens)
    portable.close()
    found: dict[str, list[float]] = {"contexts.features.psnr": [], "contexts.image.psnr": []}
    for soc in chips:
        compiled = Generator(bundle, engine=QnnEngine(bundle, soc=soc))
        theirs = compiled.engine.run("transformer", feed)["features"]
        found["contexts.features.psnr"].append(psnr(features, theirs))
        found["contexts.image.psnr"].append(image_psnr(picture, compiled.decode(drawing.tokens)))
        compiled.close()
    return {name: min(values) for name, values in found.items()}


def compile_for(
    model: Path,
    soc: str,
    folder: Path,
    most_bytes: float = MOST_BYTES,
    options: Mapping[str, str] = OPTIMIZED,
) -> list[Path]:
    """The files of the context of `model` for a chip: a model in `folder`, and the binaries that it names.

    Each binary is a piece of at most `most_bytes` of weights. Raises QuantizationError for one that the
    compiler refuses.
    """
    folder.mkdir(exist_ok=True)
    target, whole = folder / model.name, load(model)
    parts = pieces(whole, most_bytes)
    if len(parts) == 1:
        return [target, compiled(model, soc, target, options)]
    binaries, nodes = list[Path](), list[ir.Node]()
    bar = tqdm(parts, desc=f"compiling for {soc}", unit="piece", leave=False, disable=None)
    for index, part in enumerate(bar):
        name = f"{model.stem}.{index}.onnx"
        piece, context = model.with_name(name), folder / name
        try:
            ir.save(part, piece)  # its weights stay in the data file of the whole
            binaries.append(compiled(piece, soc, context, options))
            nodes += ir.load(context).graph
        finally:
            piece.unlink(missing_ok=True)
            context.unlink(missing_ok=True)
    ir.save(chained(nodes, whole), target)
    return [target, *binaries]


def compiled(model: Path, soc: str, target: Path, options: Mapping[str, str]) -> Path:
    """The binary of one piece for a chip, beside the model `target` that names it."""
    target.unlink(missing_ok=True)  # of an interrupted run: the provider replaces nothing
    before, chip = set(target.parent.iterdir()), CHIPS[soc]
    settings = {
        "ep.context_enable": "1",
        "ep.context_file_path": str(target),
        "ep.context_embed_mode": "0",
    }
    of_chip = {"soc_model": str(chip.soc_model), "htp_arch": str(chip.htp_arch)}
    try:
        open_on_npu(model, {**options, **of_chip}, settings)
    except Exception as error:  # onnxruntime raises many types
        raise QuantizationError(f"{model.name} cannot be compiled for {soc}: {error}") from None
    (binary,) = set(target.parent.iterdir()) - before - {target}
    return binary


def chained(nodes: Sequence[ir.Node], whole: ir.Model) -> ir.Model:
    """A model of the contexts of pieces, which has the inputs and outputs of the whole graph."""
    inputs = {
        value.name: ir.Value(name=value.name, type=value.type, shape=value.shape)
        for value in whole.graph.inputs
    }
    made: dict[str | None, ir.Value] = dict(inputs)
    chain = []
    for node in nodes:
        attributes, outputs = list(node.attributes.values()), list(node.outputs)
        read = [made[value.name] for value in node.inputs if value is not None]
        copy = ir.Node(node.domain, node.op_type, read, attributes, num_outputs=len(outputs), name=node.name)
        for value, output in zip(copy.outputs, outputs, strict=True):
            value.name, value.type, value.shape = output.name, output.type, output.shape
            made[value.name] = value
        chain.append(copy)
    results = [made[value.name] for value in whole.graph.outputs]
    graph = ir.Graph(
        list(inputs.values()), results, nodes=chain, opset_imports={CONTEXTS: 1}, name=whole.graph.name
    )
    return ir.Model(graph, ir_version=whole.ir_version)
