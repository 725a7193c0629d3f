"""Written packages: their contents, and their outputs against torch."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from export.apple.calibration import Drawings, moments, rounded_layers
from export.apple.coreml_bundle import CoreMLExporter, CoreMLOptions
from export.apple.data_format import Attention
from export.apple.graphs import AppleGraph, Dimensions, apple_graphs, dimensions_of, functions_of, step_of
from export.apple.package import CompressedGraph, package_files, write_package
from export.errors import ExportError
from quantize.coreml import Form
from quantize.coreml_recipe import CoreMLRecipe
from quantize.errors import RecipeError
from reference.checkpoint import Checkpoint, load_checkpoint
from runtime.coreml.evaluator import Evaluator
from runtime.coreml.program import load_program
from runtime.coreml.structure import read_package
from runtime.coreml.tools import coremltools as ct
from runtime.parity.measures import max_abs
from tests.float_bundle import WIDER, write_checkpoint
from tests.shared_bundles import ROOT

SIZE = (32, 48)
FP16 = CoreMLRecipe(default="fp16")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "wider", WIDER)


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> Checkpoint:
    return load_checkpoint(folder)


class Packages:
    """Writes packages of the small checkpoint's graphs."""

    def __init__(self, checkpoint: Checkpoint, folder: Path) -> None:
        self.checkpoint, self.folder = checkpoint, folder
        self.shapes = [dimensions_of(checkpoint, SIZE, rows) for rows in (1, 2)]
        self.drawings = {
            attention: Drawings(checkpoint, apple_graphs(checkpoint, attention, chunked=False))
            for attention in get_args(Attention)
        }

    def graph(self, name: str, attention: Attention = "gpu") -> AppleGraph:
        return self.drawings[attention].graphs[name]

    def write(
        self, name: str, form: Form = "fp16", attention: Attention = "gpu", rows: tuple[int, ...] = (2,)
    ) -> tuple[Path, CompressedGraph]:
        path = self.folder / f"{name}-{form}-{attention}.mlpackage"
        graph = self.graph(name, attention)
        functions = functions_of(graph, [self.shapes[row - 1] for row in rows])
        recipe = CoreMLRecipe(default=form)
        package = write_package(self.drawings[attention], name, functions, "ios18", recipe, path)
        return path, package

    def inputs(self, name: str) -> dict[str, np.ndarray]:
        """Random inputs of a graph for two text rows."""
        made = {}
        for tensor, spec in self.graph(name).inputs.items():
            example = spec.example(self.shapes[1])
            made[tensor] = (
                torch.randint(0, self.checkpoint.mask_token_id, example.shape, dtype=torch.int32)
                if spec.dtype == "int32"
                else torch.rand(example.shape)
            ).numpy()
        return made


@pytest.fixture(scope="module")
def packages(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return Packages(checkpoint, tmp_path_factory.mktemp("packages"))


def evaluate(path: Path, inputs: Mapping[str, np.ndarray], half: bool) -> tuple[np.ndarray, Counter[str]]:
    """The first output of the package's only function, and how often it runs each operation."""
    kinds: Counter[str] = Counter()

    def count(name: str, kind: str, result: torch.Tensor) -> None:
        kinds[kind] += 1

    return next(iter(Evaluator(path, None, half, count).run(inputs).values())), kinds


def module_output(graph: AppleGraph, dimensions: Dimensions, inputs: Mapping[str, np.ndarray], half: bool):
    """The first output of the graph's torch module; `half`: with its weights rounded to half precision."""
    module: nn.Module = graph.build(dimensions).eval()
    if half:
        module = module.half().float()
    with torch.no_grad():
        made = module(*(torch.from_numpy(inputs[name]) for name in graph.inputs))
    return made[0] if isinstance(made, tuple) else made


@pytest.mark.parametrize("attention", ["gpu", "ane"])
def test_blocks_compute_what_their_torch_module_computes(packages: Packages, attention: Attention) -> None:
    path, package = packages.write("transformer", attention=attention)
    assert package.precision == "fp16"
    inputs, graph = packages.inputs("transformer"), packages.graph("transformer", attention)
    exact, kinds = evaluate(path, inputs, half=False)
    rounded = module_output(graph, packages.shapes[1], inputs, half=True)
    assert max_abs(rounded, exact) < 1e-4 * rounded.abs().max()
    found, _ = evaluate(path, inputs, half=True)
    expected = module_output(graph, packages.shapes[1], inputs, half=False)
    assert max_abs(expected, found) < 5e-3 * expected.abs().max()
    blocks = packages.checkpoint.transformer.config
    if attention == "gpu":
        assert kinds["scaled_dot_product_attention"] == blocks.num_layers + blocks.num_single_layers
    else:
        assert kinds["scaled_dot_product_attention"] == kinds["linear"] == 0
        heads = blocks.num_attention_heads * (blocks.num_layers + blocks.num_single_layers)
        assert kinds["einsum"] == 2 * heads
    assert not {"square", "pow", "reduce_mean", "rsqrt"} & set(kinds)


@pytest.mark.parametrize("attention", ["gpu", "ane"])
def test_blocks_without_feature_compression_are_converted(tmp_path: Path, attention: Attention) -> None:
    flat = replace(WIDER, transformer=replace(WIDER.transformer, downsample=False, upsample=False))
    packages = Packages(load_checkpoint(write_checkpoint(tmp_path / "flat", flat)), tmp_path)
    path, _ = packages.write("transformer", attention=attention)
    inputs, graph = packages.inputs("transformer"), packages.graph("transformer", attention)
    found, _ = evaluate(path, inputs, half=False)
    expected = module_output(graph, packages.shapes[1], inputs, half=True)
    assert max_abs(expected, found) < 1e-4 * expected.abs().max()


@pytest.mark.parametrize("name", ["token_embedder", "sampler", "image_encoder"])
def test_graphs_that_choose_tokens_are_exact(packages: Packages, name: str) -> None:
    path, _ = packages.write(name)
    inputs, graph = packages.inputs(name), packages.graph(name)
    if name == "image_encoder":
        inputs["image"] = (inputs["image"] * 37) % 256
    found, _ = evaluate(path, inputs, half=True)
    expected = module_output(graph, packages.shapes[1], inputs, half=name == "token_embedder")
    if expected.is_floating_point():
        assert max_abs(expected, found) <= 1e-3 * expected.abs().max()
    else:
        assert (expected.numpy() == found).mean() > 0.99


def test_functions_share_their_weights(packages: Packages) -> None:
    path, package = packages.write("conditioner", rows=(1, 2))
    both = sum(file.stat().st_size for file in path.rglob("weight.bin"))
    module = packages.graph("conditioner").build(packages.shapes[0])
    assert both < 1.05 * 2 * sum(parameter.numel() for parameter in module.parameters())
    assert package.functions == 2
    assert [function.name for function in read_package(path).functions] == ["rows1", "rows2"]


@pytest.mark.parametrize(
    ("name", "form", "worst"),
    [("conditioner", "int8", 0.05), ("sampler", "int4", 0), ("conditioner", "palette6", 0.2)],
)
def test_every_weight_of_a_layer_is_compressed(
    packages: Packages, name: str, form: Form, worst: float
) -> None:
    path, package = packages.write(name, form)
    assert set(package.forms) == {form} and package.precision == form
    layers = packages.graph(name).build(packages.shapes[1]).modules()
    assert package.forms[form] == sum(isinstance(part, nn.Linear) for part in layers)
    if name == "conditioner":
        inputs = packages.inputs(name)
        found, _ = evaluate(path, inputs, half=True)
        expected = module_output(packages.graph(name), packages.shapes[1], inputs, half=False)
        assert np.sqrt(np.square(found - expected.numpy()).mean()) < worst * expected.std()


def test_int4_rounding_minimizes_the_error_on_a_layers_inputs(packages: Packages, tmp_path: Path) -> None:
    """On the calibration drawings the error of the logits is smaller than with coremltools' rounding."""
    path, _ = packages.write("sampler", "int4")
    (weight,) = {
        op.weight.op
        for op in load_program(path).functions["rows2_size32x48"].operations
        if op.op_type == "linear"
    }
    graph, feeds = packages.graph("sampler"), packages.drawings["gpu"].fed("sampler", packages.shapes[1])
    module = packages.drawings["gpu"].module("sampler", packages.shapes[1])
    recipe = CoreMLRecipe(default="int4")
    ((name, layer, _),) = rounded_layers(module, "sampler", recipe, grouped=True, half=False)
    moment = moments(graph, module, {name: layer}, feeds)[name][0]
    float_weight = layer.weight.detach().numpy()
    assert weight.data.val.min() == -8 and (weight.scale.val > 0).all()
    blocks = float_weight.reshape(len(float_weight), -1, 32)
    scales = np.abs(blocks).max(axis=-1, keepdims=True) / 7  # as coremltools computes them
    nearest = (np.rint(blocks / scales) * scales).reshape(float_weight.shape)
    lost = [
        np.einsum("nk,kl,nl->", error, moment, error)
        for error in (weight.materialized_val_inference() - float_weight, nearest - float_weight)
    ]
    assert 0 < lost[0] < 0.75 * lost[1]


def test_an_int4_block_that_does_not_divide_the_inputs_is_refused(packages: Packages) -> None:
    with pytest.raises(RecipeError, match="block 32 does not divide the 48 inputs"):
        packages.write("conditioner", "int4")


def test_tables_keep_at_least_6_bits_and_the_image_decoder_8(packages: Packages) -> None:
    _, embedder = packages.write("token_embedder", "int4")
    _, decoder = packages.write("image_decoder", "palette4")
    assert embedder.precision == "int8" and decoder.precision == "palette8"


def test_another_process_writes_the_same_bytes(packages: Packages, folder: Path, tmp_path: Path) -> None:
    path, _ = packages.write("token_embedder")
    code = (
        "from pathlib import Path; from tests.export.apple.test_package import *;"
        f"path, _ = Packages(load_checkpoint({str(folder)!r}), Path({str(tmp_path)!r}))"
        ".write('token_embedder')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    other = tmp_path / path.name
    files = [file.relative_to(path) for file in package_files(path)]
    assert files == [file.relative_to(other) for file in package_files(other)]
    assert all((path / file).read_bytes() == (other / file).read_bytes() for file in files)
    model = ct.models.MLModel(str(path), skip_model_load=True)  # coremltools can read its manifest
    assert model.get_spec().WhichOneof("Type") == "mlProgram"


def test_a_package_lists_its_manifest_first(packages: Packages) -> None:
    path, _ = packages.write("token_embedder")
    names = [file.relative_to(path).as_posix() for file in package_files(path)]
    assert names[0] == "Manifest.json" and "Data/com.apple.CoreML/weights/weight.bin" in names


def test_a_recipe_that_names_an_unknown_weight_is_refused(packages: Packages) -> None:
    graph = packages.graph("sampler")
    recipe = CoreMLRecipe(default="fp16", weights={"sampler": {"nothing_weight": "int8"}})
    functions = functions_of(graph, packages.shapes)
    with pytest.raises(RecipeError, match=r'"nothing_weight" of sampler.* nearest are drawing_logits_weight'):
        write_package(
            packages.drawings["gpu"], "sampler", functions, "ios18", recipe, packages.folder / "no.mlpackage"
        )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"recipe": CoreMLRecipe(default="int4"), "target": "ios17"}, RecipeError, "use --target ios18"),
        ({"sizes": [SIZE, (64, 64)], "target": "ios17"}, ExportError, "use --target ios18, or one --size"),
        (
            {"recipe": CoreMLRecipe(default="fp16", weights={"step": {}})},
            RecipeError,
            'names graph "step", but the bundle has text_encoder',
        ),
    ],
)
def test_options_that_exclude_each_other_are_refused(checkpoint: Checkpoint, options, error, message) -> None:
    given = {"sizes": [SIZE], "recipe": FP16} | options
    with pytest.raises(error, match=message):
        CoreMLExporter(checkpoint, CoreMLOptions(**given))


def test_the_planned_size_follows_the_recipe(packages: Packages, tmp_path: Path) -> None:
    """The size that a dry run prints, against the written file."""
    graph = packages.graph("sampler")
    weight = graph.build(packages.shapes[0]).get_parameter("drawing.logits.weight")
    recipe = CoreMLRecipe(default="fp16", weights={"sampler": {"drawing_logits_weight": "int8"}})
    plain, named = (
        CoreMLExporter(packages.checkpoint, CoreMLOptions([SIZE], one)).sizes["sampler"]
        for one in (FP16, recipe)
    )
    assert plain - named == weight.numel()
    functions = functions_of(graph, packages.shapes)
    path = tmp_path / "sampler.mlpackage"
    package = write_package(packages.drawings["gpu"], "sampler", functions, "ios18", recipe, path)
    assert package.forms == {"int8": 1}
    held = sum(file.stat().st_size for file in path.rglob("weight.bin"))
    assert named <= held < 1.2 * named


def test_ios17_has_one_function_of_two_rows(packages: Packages, tmp_path: Path) -> None:
    exporter = CoreMLExporter(packages.checkpoint, CoreMLOptions([SIZE], FP16, target="ios17"))
    entry, _ = exporter.write("text_encoder", tmp_path)
    assert [(function.name, function.dimensions) for function in entry.functions] == [("main", {"rows": 2})]
    ids = np.zeros((2, packages.checkpoint.tokenizer.model_max_length), np.int32)
    assert Evaluator(tmp_path / "text_encoder.mlpackage", "main").run({"input_ids": ids})


def test_8_bit_activations_stay_near_the_float_output(packages: Packages, tmp_path: Path) -> None:
    """The evaluator measures the ranges; every layer then reads integers."""
    options = CoreMLOptions([SIZE], CoreMLRecipe(default="int8"), target="ios17", activations=True)
    CoreMLExporter(packages.checkpoint, options).write("transformer", tmp_path)
    inputs = packages.drawings["gpu"].fed("transformer", packages.shapes[1])[0]
    found, kinds = evaluate(tmp_path / "transformer.mlpackage", inputs, half=True)
    expected = module_output(packages.graph("transformer"), packages.shapes[1], inputs, half=False)
    assert kinds["linear"] > 0 and kinds["quantize"] >= kinds["dequantize"] > 0
    error = np.sqrt(np.square(found - expected.numpy()).mean()) / expected.std()
    assert 1e-4 < error < 0.3


def test_large_blocks_become_two_graphs(checkpoint: Checkpoint, monkeypatch) -> None:
    monkeypatch.setattr("export.apple.coreml_bundle.CHUNK_BYTES", 1000)
    exporter = CoreMLExporter(checkpoint, CoreMLOptions([SIZE], FP16))
    assert step_of(exporter.graphs) == ["token_embedder", "double_blocks", "single_blocks", "sampler"]
