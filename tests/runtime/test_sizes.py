"""Bundles whose graphs have a model for each size, in the tiny bundle."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runtime.__main__ import main
from runtime.bundle import open_bundle
from runtime.errors import BundleError
from runtime.functions import choose, dimensions_of
from runtime.generator import Drawing, Generator
from runtime.manifest import Function, Graph, Tensor
from runtime.onnxruntime_engine import OnnxRuntimeEngine
from runtime.request import Request
from tests.runtime.tiny_bundle import edit_manifest, write_bundle

SIZES = ((32, 24), (24, 32), (16, 40))  # two of them have as many tokens
REQUEST = Request("a red cat", seed=9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("tiny") / "sizes", sizes=SIZES)


@pytest.fixture(params=[False, True], ids=["one stage in memory", "all kept"])
def generator(folder: Path, request: pytest.FixtureRequest) -> Iterator[Generator]:
    with Generator.open(folder, keep=request.param) as opened:
        yield opened


def drawn(generator: Generator, size: tuple[int, int]) -> Drawing:
    return generator.text_to_image(Request(REQUEST.prompt, seed=REQUEST.seed, size=size))


def test_every_size_is_drawn_as_a_bundle_of_that_size_alone_draws_it(generator: Generator, tmp_path: Path):
    for size in (*SIZES, *reversed(SIZES)):
        alone = tmp_path / f"{size[0]}x{size[1]}"
        if not alone.exists():
            write_bundle(alone, sizes=[size])
        drawing, expected = drawn(generator, size), Generator.open(alone).text_to_image(REQUEST)
        assert drawing.picture.shape == (size[1], size[0], 3)
        assert drawing.tokens.tolist() == expected.tokens.tolist()
        assert drawing.picture.tobytes() == expected.picture.tobytes()
        assert generator.encode(drawing.picture).tolist() == drawing.tokens.tolist()


def test_the_first_size_is_the_default_and_pictures_of_every_size_are_edited(generator: Generator):
    assert generator.text_to_image(REQUEST).settings.size == SIZES[0]
    for size in SIZES:
        picture = Image.fromarray(drawn(generator, size).picture)
        edited = generator.image_to_image(Request("a moon", size=size), picture, 0.5)
        assert edited.picture.shape == (size[1], size[0], 3)


def test_a_graph_is_in_memory_for_one_size_only(folder: Path, monkeypatch: pytest.MonkeyPatch):
    engine, opened = OnnxRuntimeEngine(open_bundle(folder)), []
    create = engine.create

    def counted(name: str, path: Path):
        assert name not in engine.loaded
        opened.append(path.name)
        return create(name, path)

    monkeypatch.setattr(engine, "create", counted)
    for size in ((6, 8), (6, 8), (8, 6), (6, 8)):
        engine.run("image_decoder", {"tokens": np.zeros(size, np.int32)})
    assert opened == ["image_decoder.onnx", "image_decoder_24x32.onnx", "image_decoder.onnx"]


def test_sizes_share_their_data_file(folder: Path):
    manifest = open_bundle(folder).manifest
    for graph in manifest.graphs.values():
        assert Counter(path.endswith(".data") for path in graph.files)[True] <= 1
    step = manifest.graphs["transformer"]
    assert step.files == [*step.models, "transformer.onnx.data"] and len(step.models) == 3
    assert len(list(folder.glob("transformer*.data"))) == 1
    assert manifest.engine == "onnxruntime"


def test_a_size_that_no_model_has_is_one_line(folder: Path):
    engine = OnnxRuntimeEngine(open_bundle(folder))
    with pytest.raises(BundleError) as caught:
        engine.run("image_decoder", {"tokens": np.zeros((3, 3), np.int32)})
    assert str(caught.value) == (
        "graph image_decoder has no function for height 3, width 3: export the bundle for this size"
    )


def test_a_model_unlike_the_size_that_the_manifest_gives_it_is_named(tmp_path: Path):
    folder = write_bundle(tmp_path / "sizes", sizes=SIZES)
    keys = ("graphs", "transformer", "functions", 1, "dimensions", "height")
    edit_manifest(folder, *keys, value=7)
    edit_manifest(folder, *keys[:-1], "width", value=7)
    engine = OnnxRuntimeEngine(open_bundle(folder))
    step = {
        "tokens": np.zeros((7, 7), np.int32),
        "context": np.zeros((1, 8, 4), np.float32),
        "modulation": np.zeros((1, 4), np.float32),
        "guidance": np.array(1, np.float32),
        "uniforms": np.zeros((2, 48), np.float32),
    }
    with pytest.raises(BundleError, match=r"transformer_24x32.onnx: input tokens is .* the manifest says"):
        engine.run("transformer", step)


def test_a_model_of_one_size_that_is_missing_is_named(tmp_path: Path):
    folder = write_bundle(tmp_path / "sizes", sizes=SIZES)
    (folder / "image_encoder_16x40.onnx").unlink()
    with pytest.raises(BundleError, match=r"image_encoder_16x40.onnx is missing"):
        open_bundle(folder)


def test_sizes_with_as_many_cells_are_told_apart_by_the_token_grid():
    features = Tensor(name="embedded", dtype="float32", shape=["cells", 4])
    functions = [
        Function(name=name, dimensions={"cells": 6, "height": height, "width": width})
        for name, height, width in (("wide", 2, 3), ("high", 3, 2))
    ]
    graph = Graph(precision="fp16", inputs=[features], outputs=[], files=["x"], functions=functions)
    for name, grid in (("wide", (2, 3)), ("high", (3, 2))):
        tensors = {"embedded": np.zeros((6, 4), np.float32), "tokens": np.zeros(grid, np.int32)}
        assert choose("blocks", graph, dimensions_of(graph, tensors)).name == name


def test_the_command_draws_every_size_and_names_those_there_are(folder: Path, tmp_path: Path, capsys):
    command = ["a red cat", "--bundle", str(folder), "--out", str(tmp_path / "cat.png")]
    for width, height in SIZES:
        assert main([*command, "--size", str(width), str(height)]) == 0
        assert Image.open(tmp_path / "cat.png").size == (width, height)
    capsys.readouterr()
    assert main([*command, "--size", "40", "16"]) == 2
    line = capsys.readouterr().err.strip()
    assert line.startswith("error: size 40x16 is not in this bundle, which draws 32x24, 24x32, 16x40: ")
