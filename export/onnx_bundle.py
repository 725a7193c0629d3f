"""The Android bundle: ONNX graphs, quantized as a recipe says; for the CPU alone or for an NPU too."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx_ir as ir

from export.build_manifest import build_manifest, source_hash, write_tokenizer
from export.bundle_writer import QuantizedGraph
from export.calibration import calibration
from export.graphs import GraphSpec, graphs, npu_graphs, token_grid
from export.npu_contexts import add_contexts, context_figures
from export.onnx_graph import SizedModel, models, write_graph
from export.preview import fit_preview
from export.size_estimate import estimate
from export.sizes import Size
from export.verify import Effort, check, verify_against_reference
from quantize.onnx_files import files, load
from quantize.recipe import Precision, Recipe
from reference.checkpoint import Checkpoint
from runtime.bundle import Bundle
from runtime.engine import EngineName
from runtime.generator import Drawing
from runtime.manifest import NOISE_FEED, Compute, Function, Graph, Manifest, Tensor

STEP, NPU_STEP = ("transformer",), ("transformer", "sampler")
# Of what the CPU runs beside an NPU, the sampler is never below 8 bits, because it costs little.
NPU_RECIPES: dict[Precision, Recipe] = {
    "int8": Recipe.uniform("int8"),
    "int4": Recipe(default="int4", weights={"sampler": {"drawing.logits": "int8"}}),
}
TOOLS = ("torch", "onnx", "onnx-ir", "onnxscript", "onnxruntime", "transformers", "diffusers", "numpy")
QNN_TOOLS = ("onnxruntime-qnn",)  # contexts fit one version of it, and newer ones
DTYPES = {ir.DataType.INT32: "int32", ir.DataType.FLOAT: "float32", ir.DataType.UINT8: "uint8"}


NAMES = ("height", "width", "positions", "pixel_height", "pixel_width")
# The dimensions that depend on the size, which come first, by the tensors that have them.
SIDES: dict[str, list[int | str]] = {
    "tokens": ["height", "width"],
    "uniforms": [2, "positions"],
    "drawn": ["positions"],
    "log_prob": ["positions"],
    "image": ["pixel_height", "pixel_width"],
    NOISE_FEED: ["height", "width"],
}


@dataclass(frozen=True)
class OnnxOptions:
    """What to make of a checkpoint."""

    sizes: Sequence[Size]  # the default first; one for an NPU
    recipe: Recipe
    npu: bool = False  # transformer and image decoder for Qualcomm's NPU (NPU_RECIPES are the recipes)
    unverified: bool = False  # compare the graphs for the NPU on the CPU only
    chips: tuple[str, ...] = ()  # to compile the graphs for the NPU for
    tiny_decoder: str | None = None  # SHA-256 of the weights of the checkpoint's tiny decoder


class OnnxExporter:
    """An `Exporter` (see `bundle_writer`) of a checkpoint to ONNX."""

    def __init__(self, checkpoint: Checkpoint, options: OnnxOptions) -> None:
        """Raises RequestError for a size it cannot draw, RecipeError for a recipe of another model."""
        self.checkpoint, self.choices = checkpoint, options
        default, *_ = options.sizes
        for size in options.sizes:
            token_grid(checkpoint, size)
        specs, copies = self.graphs, 1 + len(options.chips)  # a context is as large as its graph
        self.sizes = {
            name: size * (copies if specs[name].npu else 1)
            for name, size in estimate(specs, options.recipe).items()
        }
        # While a graph is quantized, its float32 form is on the disk too.
        self.scratch_bytes = max(estimate(graphs(checkpoint, default), Recipe.uniform("fp32")).values())
        self.golden_steps = Effort.of(checkpoint).golden_steps
        self.calibration = calibration(checkpoint, default, two_rows=options.npu)
        self.engine: EngineName | None = "qnn" if options.npu and not options.unverified else None

    @property
    def graphs(self) -> dict[str, GraphSpec]:
        """In the order of writing."""
        return (npu_graphs if self.choices.npu else graphs)(self.checkpoint, self.choices.sizes[0])

    @property
    def source(self) -> str:
        return source_hash(self.checkpoint)

    def write(self, name: str, folder: Path) -> tuple[Graph, QuantizedGraph]:
        for earlier in self.sizes:  # a graph is calibrated with the outputs of those before it
            self.calibration.pass_on(earlier, graph_path(earlier, folder))
        options, path = self.choices, graph_path(name, folder)
        quantized = write_graph(
            self.checkpoint, name, options.sizes, options.recipe, path, self.calibration, options.npu
        )
        if not options.npu:
            entry = graph_entry(path, quantized.precision)
            return sized(entry, models(path, name, options.sizes), self.checkpoint.token_size), quantized
        npu = self.graphs[name].npu
        entry = graph_entry(path, quantized.precision, "npu" if npu else "cpu")
        return add_contexts(entry, folder, options.chips if npu else ()), quantized

    def describe(self, folder: Path, graphs: dict[str, Graph]) -> Manifest:
        write_tokenizer(folder, self.checkpoint)
        options = self.choices
        with_qnn = options.chips or self.engine == "qnn"
        tools = (*TOOLS, *QNN_TOOLS) if with_qnn else TOOLS
        made = build_manifest(
            folder, self.checkpoint, options.sizes, graphs, NPU_STEP if options.npu else STEP, tools
        )
        return made.model_copy(update={"parity": {"unverified": True}}) if options.unverified else made

    def preview(self, bundle: Bundle, drawing: Drawing) -> tuple[np.ndarray, float]:
        return fit_preview(bundle, self.checkpoint, drawing)

    def verify(self, bundle: Bundle, drawing: Drawing) -> dict[str, float]:
        figures = verify_against_reference(bundle, self.checkpoint, drawing, self.engine)
        if self.choices.chips and not self.choices.unverified:
            of_chips = context_figures(bundle, drawing, self.choices.chips)
            check(of_chips, bundle.manifest)
            figures |= of_chips
        return figures


def graph_path(name: str, folder: Path) -> Path:
    return folder / f"{name}.onnx"


def graph_entry(path: Path, precision: str, compute: Compute | None = None) -> Graph:
    """A graph's entry of the manifest, with every tensor as the file declares it."""
    model = load(path).graph
    return Graph(
        precision=precision,
        inputs=[tensor(value) for value in model.inputs],
        outputs=[tensor(value) for value in model.outputs],
        files=[file.name for file in files(path) if file.exists()],
        compute=compute,
    )


def sized(entry: Graph, models: Sequence[SizedModel], token_size: int) -> Graph:
    """The entry of a graph that has a model for each size: the dimensions that differ get names."""
    if len(models) == 1:
        return entry
    tensors = [*entry.inputs, *entry.outputs]
    names = sorted({str(side) for tensor in tensors for side in SIDES.get(tensor.name, []) if side in NAMES})

    def function(model: SizedModel) -> Function:
        width, height = (side // token_size for side in model.size)
        values = (height, width, height * width, model.size[1], model.size[0])
        sizes = dict(zip(NAMES, values, strict=True))
        return Function(name=model.path.name, dimensions={name: sizes[name] for name in names})

    def named(one: Tensor) -> Tensor:
        sides = SIDES.get(one.name, [])
        return one.model_copy(update={"shape": [*sides, *one.shape[len(sides) :]]})

    functions = [function(model) for model in models]
    files = [*(function.name for function in functions), *entry.files[1:]]
    shapes = {"inputs": [*map(named, entry.inputs)], "outputs": [*map(named, entry.outputs)]}
    return entry.model_copy(update={**shapes, "files": files, "functions": functions})


def tensor(value: ir.Value) -> Tensor:
    assert value.name is not None and value.dtype is not None and value.shape is not None
    dimensions = [dim if isinstance(dim, int) else str(dim.value) for dim in value.shape]
    return Tensor(name=value.name, dtype=DTYPES[value.dtype], shape=dimensions)  # type: ignore[arg-type]
