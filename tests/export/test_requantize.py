"""`python -m quantize`: a small float bundle of random weights, quantized, refused, interrupted."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from export import requantize as module
from quantize.__main__ import main
from quantize.onnx_files import files, load
from quantize.recipe import Recipe
from quantize.weights import weights_of
from reference.checkpoint import load_checkpoint
from runtime.bundle import Bundle, open_bundle
from runtime.generator import Generator
from runtime.parity.golden import golden_drawing
from runtime.parity.limits import LIMITS
from runtime.request import Request
from tests.benchmarks.ours import write_bundle as export_bundle
from tests.float_bundle import SIZE, write_bundle, write_checkpoint

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Read only."""
    folder = tmp_path_factory.mktemp("float")
    checkpoint = load_checkpoint(write_checkpoint(folder / "checkpoint"))
    return write_bundle(checkpoint, folder / "fp32", SIZE)


@pytest.mark.parametrize("precision", ["int8", "int4", "fp16"])
def test_a_float_bundle_becomes_a_verified_smaller_one(source, tmp_path, capsys, precision):
    out = tmp_path / "out"
    assert main([str(source.folder), f"--{precision}", "--out", str(out)]) == 0
    bundle = open_bundle(out)
    assert bundle.manifest.graphs["transformer"].precision == precision
    assert bundle.manifest.model == source.manifest.model and bundle.manifest.source == source.manifest.source
    assert 0.6 < bundle.manifest.parity["transformer.agreement"] <= 1
    golden = bundle.golden()
    assert golden is not None and golden_drawing(bundle, golden.steps)[0] == golden
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith(f"[1/5] text_encoder: 11 linears {precision}")
    assert lines[-2].startswith("verified: same token ")
    sizes = [
        sum(bundle.manifest.files[file].size for file in bundle.manifest.graphs["transformer"].files)
        for bundle in (source, bundle)
    ]
    assert sizes[1] < sizes[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_graphs_are_those_of_an_export_from_the_checkpoint(source, tmp_path):
    out, exported = tmp_path / "out", tmp_path / "exported"
    assert main([str(source.folder), "--int8", "--out", str(out)]) == 0
    export_bundle(source.folder.with_name("checkpoint"), SIZE, "int8", exported)
    for path in sorted(exported.glob("*.onnx")):  # but for shapes that an exporter notes down
        nodes = [
            [(node.op_type, node.name) for node in load(folder / path.name).graph]
            for folder in (exported, out)
        ]
        assert nodes[0] == nodes[1], path.name
        data = files(path)[1]
        assert data.read_bytes() == (out / data.name).read_bytes(), data.name


def operators(path: Path) -> list[tuple[str, str | None]]:
    return [(node.op_type, node.name) for node in load(path).graph]


def test_the_command_needs_no_torch():
    code = "import sys, quantize.__main__; print({'torch', 'transformers', 'diffusers'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


def test_large_pictures_keep_float_convolutions(source):
    int8 = Recipe.uniform("int8")
    assert module.static_int8(int8, "image_decoder", (128, 64))
    assert not module.static_int8(int8, "image_decoder", (144, 64))
    assert not module.static_int8(int8, "transformer", (64, 64))


def test_a_dry_run_says_how_large_and_writes_nothing(source, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([str(source.folder), "--int8", "--out", str(out), "--dry-run"]) == 0
    said = dict(line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:6])
    assert not any(tmp_path.iterdir())
    assert main([str(source.folder), "--int8", "--out", str(out)]) == 0
    for name, graph in open_bundle(out).manifest.graphs.items():
        size = sum((out / file).stat().st_size for file in graph.files)
        assert float(said[name]) == pytest.approx(size / 1e6, abs=0.15)  # operators differ, and alignment


def test_a_recipe_is_applied(source, tmp_path):
    weights = weights_of(source.path("transformer.onnx"))
    chosen = {"double_blocks.0.image.qkv": "int8", "drawing.logits": "fp16"}
    assert set(chosen) <= set(weights)
    Recipe(default="fp32", weights={"transformer": chosen}).write(tmp_path / "recipe.json")
    out = tmp_path / "out"
    assert main([str(source.folder), "--recipe", str(tmp_path / "recipe.json"), "--out", str(out)]) == 0
    precisions = {name: graph.precision for name, graph in open_bundle(out).manifest.graphs.items()}
    assert precisions["transformer"] == "fp32+fp16+int8"
    assert {precisions[name] for name in precisions if name != "transformer"} == {"fp32"}


def refused(arguments: list[str], capsys) -> str:
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: ")
    return lines[0]


def test_what_cannot_be_quantized_is_refused_in_one_line(source, tmp_path, capsys):
    float_bundle, out = str(source.folder), str(tmp_path / "out")
    assert "has no manifest.json" in refused([str(tmp_path), "--out", out], capsys)
    own = refused([float_bundle, "--out", float_bundle, "--overwrite"], capsys)
    assert "is the float bundle itself" in own
    assert "cannot read recipe" in refused([float_bundle, "--recipe", "nowhere", "--out", out], capsys)
    Recipe(default="int8", weights={"sampler": {"a": "int4"}}).write(tmp_path / "graph.json")
    unknown = refused([float_bundle, "--recipe", str(tmp_path / "graph.json"), "--out", out], capsys)
    assert 'names graph "sampler"' in unknown
    Recipe.uniform("int4", 64).write(tmp_path / "block.json")
    block = refused([float_bundle, "--recipe", str(tmp_path / "block.json"), "--out", out], capsys)
    assert "int4 block 64 does not divide the 32 rows" in block
    assert sorted(path.name for path in tmp_path.iterdir()) == ["block.json", "graph.json"]


def test_a_quantized_bundle_is_refused_with_the_way_out(source, tmp_path, capsys):
    folder = tmp_path / "int8"
    shutil.copytree(source.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["graphs"]["transformer"]["precision"] = "int8"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    said = refused([str(folder), "--int4", "--out", str(tmp_path / "out")], capsys)
    assert "transformer is int8 already" in said and "export.onnx --fp32" in said


def test_an_interrupted_run_goes_on_from_the_graphs_that_are_done(source, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    quantize_graph = module.quantize_graph

    def interrupted(path: Path, *others):
        if path.stem == "transformer":
            raise KeyboardInterrupt
        return quantize_graph(path, *others)

    with monkeypatch.context() as patched:
        patched.setattr(module, "quantize_graph", interrupted)
        assert main([str(source.folder), "--int4", "--out", str(out)]) == 130
    assert not out.exists()
    capsys.readouterr()
    assert main([str(source.folder), "--int4", "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["[1/5] text_encoder: done before", "[2/5] conditioner: done before"]
    whole = tmp_path / "whole"
    assert main([str(source.folder), "--int4", "--out", str(whole)]) == 0
    for path in (path for path in whole.rglob("*") if path.is_file() and path.name != "manifest.json"):
        assert path.read_bytes() == (out / path.relative_to(whole)).read_bytes()


def test_a_bundle_that_misses_a_limit_is_not_kept(source, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(LIMITS["transformer.kl_per_guidance"], "int4", 0.0)
    said = refused([str(source.folder), "--int4", "--out", str(tmp_path / "out")], capsys)
    assert "transformer.kl_per_guidance is 0." in said and "above the int4 limit of 0" in said
    assert not any(tmp_path.iterdir())


def test_an_image_graph_with_int4_weights_is_held_to_the_limits_of_int8(source):
    graph = source.manifest.graphs["image_decoder"].model_copy(update={"precision": "fp32+int4"})
    graphs = source.manifest.graphs | {"image_decoder": graph}
    quantized = Bundle(source.folder, source.manifest.model_copy(update={"graphs": graphs}))
    requantizer = module.Requantizer(source, Recipe.uniform("int8"))
    drawing = Generator(source).text_to_image(Request("a cat", steps=1))
    assert requantizer.verify(quantized, drawing)["image_decoder.psnr"] == float("inf")
