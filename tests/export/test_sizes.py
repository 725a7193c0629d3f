"""Exports of several sizes: what they share, that each is verified, and wrong sizes."""

from collections.abc import Mapping
from pathlib import Path

import onnx_ir as ir
import pytest

from export import onnx_graph
from export.calibration import calibration
from export.errors import VerificationError
from export.onnx import main
from export.onnx_graph import models, write_graph
from export.verify import check
from quantize.__main__ import main as quantize
from quantize.gptq_moments import Calibration
from quantize.onnx_files import tensors_of
from quantize.recipe import Recipe
from quantize.rounding import Nearest
from reference.checkpoint import Checkpoint, load_checkpoint
from runtime.bundle import Bundle, open_bundle
from runtime.generator import Generator
from runtime.request import Request
from tests.float_bundle import write_checkpoint

SIZES = ((32, 48), (48, 32), (64, 64))
SIZED = {"transformer", "image_decoder", "image_encoder"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a checkpoint."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "small")


@pytest.fixture(scope="module")
def checkpoint(source: Path) -> Checkpoint:
    return load_checkpoint(source)


@pytest.fixture(scope="module")
def written(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A float bundle of two sizes, which the export has verified; read only."""
    out = tmp_path_factory.mktemp("bundles") / "fp32"
    flags = [word for size in SIZES[:2] for word in ("--size", *map(str, size))]
    assert main(["--checkpoint", str(source), "--fp32", "--out", str(out), *flags]) == 0
    return open_bundle(out)


def check_shared(bundle: Bundle) -> None:
    """Every graph has one data file, and a model a size if it depends on the size."""
    for name, graph in bundle.manifest.graphs.items():
        count = len(bundle.manifest.sizes) if name in SIZED else 1
        assert len(graph.models) == count and len(graph.functions) == (count if name in SIZED else 0)
        assert graph.files == [*graph.models, f"{name}.onnx.data"]


def test_the_manifest_names_a_model_a_size(written: Bundle):
    manifest = written.manifest
    assert manifest.sizes == list(SIZES[:2]) and manifest.defaults.size == SIZES[0]
    assert manifest.engine == "onnxruntime"
    check_shared(written)
    step = manifest.graphs["transformer"]
    assert {tensor.name: tensor.shape for tensor in (*step.inputs, *step.outputs)}["tokens"] == [
        "height",
        "width",
    ]
    side = manifest.model.token_size
    height, width = (length // side for length in SIZES[0])
    assert [(each.name, each.dimensions) for each in step.functions] == [
        ("transformer.onnx", {"height": width, "positions": height * width, "width": height}),
        ("transformer_48x32.onnx", {"height": height, "positions": height * width, "width": width}),
    ]


def test_every_size_draws_the_references_tokens(written: Bundle):
    parity = written.manifest.parity
    for prefix in ("", "48x32."):
        assert parity[f"{prefix}transformer.agreement"] == 1
        assert parity[f"{prefix}transformer.misdrawn"] == 0
        assert parity[f"{prefix}image_decoder.levels"] <= 1
        assert parity[f"{prefix}image_encoder.agreement"] > 0.99
    with Generator(written, keep=True) as generator:
        for width, height in SIZES[:2]:
            picture = generator.text_to_image(Request("a red cat", steps=2, size=(width, height))).picture
            assert picture.shape == (height, width, 3)


def test_further_sizes_take_few_bytes_of_the_data_file(written: Bundle):
    path = written.path("transformer.onnx")
    whole = sum(tensor.nbytes for tensor in stored(path).values())
    others = stored(written.path("transformer_48x32.onnx"))
    first = {name: tensor.offset for name, tensor in stored(path).items()}
    added = {name for name, tensor in others.items() if tensor.offset != first.get(name)}
    assert 0 < len(added) <= 6  # rotary angles and positions, which differ though they have one shape
    assert sum(others[name].nbytes for name in added) < 0.1 * whole


@pytest.mark.parametrize(
    ("graph", "precision"),
    [("transformer", "int8"), ("transformer", "int4"), ("image_decoder", "fp16")],
)
def test_a_further_size_reads_the_numbers_of_an_export_of_that_size_alone(
    checkpoint: Checkpoint, tmp_path: Path, graph: str, precision, monkeypatch: pytest.MonkeyPatch
):
    # int4 is rounded to the nearest, because the moments of `gptq` are measured at the first size.
    monkeypatch.setattr(Calibration, "moments", lambda *others: {})
    monkeypatch.setattr(onnx_graph, "Gptq", lambda moments: Nearest())
    drawings, recipe = calibration(checkpoint, SIZES[0]), Recipe.uniform(precision)
    together, alone = tmp_path / f"{graph}.onnx", tmp_path / "alone" / f"{graph}.onnx"
    alone.parent.mkdir()
    sizes = (SIZES[0], SIZES[2])
    write_graph(checkpoint, graph, sizes, recipe, together, drawings)
    write_graph(checkpoint, graph, sizes[1:], recipe, alone, drawings)
    found, expected = tensors_of(models(together, graph, sizes)[1].path), tensors_of(alone)
    assert contents(found) == contents(expected)


def stored(path: Path) -> dict[str, ir.ExternalTensor]:
    """The tensors of a model that are in its data file."""
    found = tensors_of(path).items()
    return {name: tensor for name, tensor in found if isinstance(tensor, ir.ExternalTensor)}


def contents(tensors: Mapping) -> dict[str, bytes]:
    return {name: tensor.tobytes() for name, tensor in tensors.items()}


def test_a_float_bundle_of_several_sizes_is_quantized_whole(written: Bundle, tmp_path: Path):
    out = tmp_path / "int8"
    assert quantize([str(written.folder), "--int8", "--out", str(out)]) == 0
    bundle = open_bundle(out)
    check_shared(bundle)
    assert bundle.manifest.sizes == written.manifest.sizes
    assert 0.6 < bundle.manifest.parity["48x32.transformer.agreement"] <= 1
    assert bundle.manifest.graphs["image_decoder"].coarsest == "int8"


def test_a_size_that_misses_a_limit_is_named(written: Bundle):
    with pytest.raises(VerificationError, match=r"^48x32\.transformer\.misdrawn is 3, above the fp32 limit"):
        check({"transformer.misdrawn": 3}, written.manifest, "48x32.")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--size", "32", "48"] * 2, "error: --size 32 48 is given twice: leave one out"),
        (["--size", "32", "48", "--size", "0", "48"], "error: size 0x48: each side must be a multiple of"),
        (["--size", "32", "48", "--size", "33", "48"], "error: size 33x48: each side must be a multiple of"),
        (["--size", "32", "48", "--size", "8192", "48"], "error: size 8192x48: a side has at most 4096"),
        (
            [word for side in range(65) for word in ("--size", str(16 * (side + 1)), "16")],
            "error: 65 sizes are more than a bundle holds: give at most 64",
        ),
        (["--size", "32", "48", "--size", "48", "32", "--qnn"], "error: --qnn makes graphs of one size"),
        (["--size", "32", "48", "--size"], "error: argument --size: expected 2 arguments"),
    ],
)
def test_wrong_sizes_give_one_line(source: Path, tmp_path: Path, capsys, arguments: list[str], line: str):
    assert main(["--checkpoint", str(source), "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith(line) and "\n" not in error
    assert not list(tmp_path.iterdir())


def test_a_dry_run_of_several_sizes_writes_nothing(source: Path, tmp_path: Path, capsys):
    flags = [word for size in SIZES for word in ("--size", *map(str, size))]
    assert main(["--checkpoint", str(source), "--dry-run", "--out", str(tmp_path / "out"), *flags]) == 0
    assert "32x48, 48x32, 64x64" in capsys.readouterr().out and not list(tmp_path.iterdir())
