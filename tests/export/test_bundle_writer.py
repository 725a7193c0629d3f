"""Writing bundles: interrupted, resumed, verified, refused; and what is read back by the runtime."""

import resource
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from export import onnx_bundle, onnx_graph
from export.bundle_writer import Exporter, write_bundle
from export.errors import VerificationError
from export.onnx import main
from export.onnx_bundle import OnnxExporter, OnnxOptions
from export.resume_key import resume_key
from export.workspace import Workspace
from quantize.recipe import Recipe
from reference.checkpoint import Checkpoint, load_checkpoint
from runtime.bundle import open_bundle
from runtime.errors import BundleError
from runtime.generator import Generator
from runtime.manifest import Manifest
from runtime.request import Request
from tests.export.inputs import GOLDEN
from tests.float_bundle import WIDER, write_checkpoint

INT8 = Recipe.uniform("int8")
MONO = GOLDEN / "mono" / "checkpoint"
SIZE = (32, 48)
GRAPHS = ["text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder"]


@dataclass
class Interrupted:
    """A bundle whose first run was stopped while the third graph was traced."""

    checkpoint: Checkpoint
    manifest: Manifest
    folder: Path
    left_by_interruption: set[str]
    traced: list[list[str]]  # inputs of each graph traced by the second run
    lines: list[str]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "wider", WIDER))


@pytest.fixture(scope="module")
def written(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interrupted]:
    out = tmp_path_factory.mktemp("bundles") / "android"
    trace, lines, traced = onnx_graph.trace, [], []

    def stopped(spec):
        if "uniforms" in spec.inputs:
            raise KeyboardInterrupt
        return trace(spec)

    def counted(spec):
        traced.append(list(spec.inputs))
        return trace(spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_graph, "trace", stopped)
        with pytest.raises(KeyboardInterrupt):
            write_bundle(exporter(checkpoint), out, False, lines.append)
        left = {path.name for path in out.parent.iterdir()}
        patch.setattr(onnx_graph, "trace", counted)
        manifest = write_bundle(exporter(checkpoint), out, False, lines.append)
    yield Interrupted(checkpoint, manifest, out, left, traced, lines)


def exporter(checkpoint: Checkpoint, recipe: Recipe = INT8) -> OnnxExporter:
    return OnnxExporter(checkpoint, OnnxOptions([SIZE], recipe))


def write(checkpoint: Checkpoint, out: Path, overwrite: bool = False) -> Manifest:
    return write_bundle(exporter(checkpoint), out, overwrite, lambda line: None)


def key(given: Exporter) -> str:
    return resume_key(given.source, given.choices)


def with_finished(written: Interrupted, out: Path, names: list[str]) -> Workspace:
    """A workspace as an interrupted run leaves it: the graphs `names` are finished."""
    with Workspace(out, key(exporter(written.checkpoint)), True) as workspace:
        for name in names:
            graph = written.manifest.graphs[name]
            for file in graph.files:
                shutil.copy(written.folder / file, workspace.folder)
            workspace.record(name, graph)
    return workspace


def test_an_interrupted_export_leaves_no_bundle(written: Interrupted):
    (left,) = written.left_by_interruption
    assert left.startswith(".meissonic-work-")


def test_the_next_run_resumes_from_the_graphs_that_are_done(written: Interrupted):
    # The image encoder is calibrated on pictures, for which the decoder is traced once more.
    assert [inputs[0] for inputs in written.traced] == ["tokens", "tokens", "image", "tokens"]
    assert sum("done before" in line for line in written.lines) == 2


def test_a_finished_bundle_opens_and_nothing_else_is_left(written: Interrupted):
    assert [path.name for path in written.folder.parent.iterdir()] == ["android"]
    bundle = open_bundle(written.folder)
    assert bundle.manifest == written.manifest
    listed = {written.folder / name for name in bundle.manifest.files} | {written.folder / "manifest.json"}
    assert listed == {path for path in written.folder.rglob("*") if path.is_file()}


def test_the_manifest_says_what_was_written(written: Interrupted):
    manifest, config = written.manifest, written.checkpoint.transformer.config
    assert list(manifest.graphs) == GRAPHS
    assert [graph.coarsest for graph in manifest.graphs.values()] == ["int8"] * 5
    assert manifest.graphs["transformer"].precision == "int8" == manifest.precision
    assert manifest.sizes == [SIZE] and manifest.model.mask_token_id == written.checkpoint.mask_token_id
    step = manifest.graphs["transformer"]
    shapes = {tensor.name: tensor.shape for tensor in (*step.inputs, *step.outputs)}
    width = (12 * config.num_layers + 3 * config.num_single_layers) * config.inner_dim
    assert shapes == {
        "tokens": [6, 4],
        "context": ["rows", 77, config.inner_dim],
        "modulation": ["rows", width],
        "guidance": [],
        "uniforms": [2, 24],
        "drawn": [24],
        "log_prob": [24],
    }
    assert 0.85 < manifest.parity["transformer.agreement"] <= 1
    assert manifest.parity["image_decoder.psnr"] >= 35


def test_the_golden_trace_is_reproduced_by_the_runtime(written: Interrupted):
    golden = open_bundle(written.folder).golden()
    assert golden is not None
    request = Request(golden.prompt, golden.negative, golden.seed, golden.steps, golden.guidance)
    steps: list[np.ndarray] = []
    drawing = Generator.open(written.folder).text_to_image(request, lambda step: steps.append(step.tokens))
    assert [tokens.ravel().tolist() for tokens in steps] == golden.tokens
    assert drawing.tokens.ravel().tolist() == golden.final_tokens
    masked = [int((tokens == written.checkpoint.mask_token_id).sum()) for tokens in steps]
    assert masked == golden.masked and masked[-1] == 0 < masked[0]


def test_a_bundle_that_differs_from_the_reference_is_refused_with_the_figure(written: Interrupted, tmp_path):
    weight = written.checkpoint.transformer.mlm_layer.conv2.weight
    original = weight.detach().clone()
    with_finished(written, tmp_path / "android", GRAPHS)
    with torch.no_grad():
        weight.copy_(weight.roll(1, dims=0))  # every logit belongs to another code
        try:
            with pytest.raises(VerificationError, match=r"^transformer\.\S+ is [-\d.]+, above the int8"):
                write(written.checkpoint, tmp_path / "android")
        finally:
            weight.copy_(original)
    assert not list(tmp_path.iterdir())


def test_a_graph_changed_since_it_was_finished_is_written_again(written: Interrupted, tmp_path, monkeypatch):
    again = []

    def stopped(checkpoint, name, *others):
        again.append(name)
        raise KeyboardInterrupt

    monkeypatch.setattr(onnx_bundle, "write_graph", stopped)
    workspace = with_finished(written, tmp_path / "android", GRAPHS)
    data = workspace.folder / "conditioner.onnx.data"
    data.write_bytes(b"x" + data.read_bytes()[1:])
    with Workspace(tmp_path / "android", workspace.key, False) as again_opened:
        assert [name for name in GRAPHS if not again_opened.has(name)] == ["conditioner"]
    with pytest.raises(KeyboardInterrupt):
        write(written.checkpoint, tmp_path / "android")
    assert again == ["conditioner"]


def test_a_workspace_of_other_options_is_not_resumed(written: Interrupted, tmp_path):
    with_finished(written, tmp_path / "android", GRAPHS)
    other = exporter(written.checkpoint, Recipe.uniform("fp32"))
    with Workspace(tmp_path / "android", key(other), False) as workspace:
        assert not workspace.finished and not list(workspace.folder.iterdir())


def test_a_bundle_is_replaced_only_on_request_and_whole(written: Interrupted, tmp_path):
    out = tmp_path / "android"
    out.mkdir()
    older = '{"format": "meissonic-mobile", "version": 1, "files": {}}'
    (out / "manifest.json").write_text(older)
    with pytest.raises(BundleError, match="already holds a bundle: add --overwrite"):
        write(written.checkpoint, out)
    assert (out / "manifest.json").read_text() == older
    with_finished(written, out, GRAPHS)
    write(written.checkpoint, out, overwrite=True)
    assert open_bundle(out).manifest == written.manifest
    assert [path.name for path in tmp_path.iterdir()] == ["android"]


def test_a_folder_that_is_no_bundle_is_never_replaced(written: Interrupted, tmp_path):
    (tmp_path / "holiday.jpg").write_text("x")
    with pytest.raises(BundleError, match="holds something that is no bundle"):
        write(written.checkpoint, tmp_path, overwrite=True)
    assert (tmp_path / "holiday.jpg").exists()


def test_a_disk_that_fills_up_gives_one_line_and_keeps_what_is_finished(written: Interrupted, tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    workspace = with_finished(written, tmp_path / "android", ["text_encoder"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))  # the conditioner in fp32 is larger
    try:
        with pytest.raises(BundleError, match=r"disk of .* is full: free .* finished graphs are kept"):
            write(written.checkpoint, tmp_path / "android")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    left = {path.name for path in workspace.folder.iterdir()}
    assert left == {"text_encoder.onnx", "text_encoder.onnx.data"}
    assert not (tmp_path / "android").exists()


def test_a_disk_too_small_is_noticed_before_anything_is_written(written: Interrupted, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BundleError, match=r"but .* has 0\.0 MB free"):
        write(written.checkpoint, tmp_path / "android")
    assert not list(tmp_path.iterdir())


def test_estimated_sizes_are_those_of_the_written_data(written: Interrupted):
    for name, size in exporter(written.checkpoint).sizes.items():
        actual = (written.folder / f"{name}.onnx.data").stat().st_size
        if name.startswith("image_"):  # estimated in int8, of which random weights keep much float
            assert size < 1.15 * actual, name
        else:
            assert size == pytest.approx(actual, rel=0.15), name


def test_a_changed_byte_in_the_bundle_is_noticed(written: Interrupted, tmp_path):
    shutil.copytree(written.folder, tmp_path / "copy")
    data = tmp_path / "copy" / "transformer.onnx.data"
    content = bytearray(data.read_bytes())
    content[1000] ^= 1
    data.write_bytes(content)
    with pytest.raises(BundleError, match=r"transformer\.onnx\.data is changed"):
        open_bundle(tmp_path / "copy")


def command(*arguments: str) -> int:
    return main(["--checkpoint", str(MONO), *arguments])


def test_a_dry_run_prints_every_graph_and_writes_nothing(tmp_path, capsys):
    assert command("--dry-run", "--size", "32", "48", "--out", str(tmp_path / "android")) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in GRAPHS) and "nothing was written" in printed
    assert not list(tmp_path.iterdir())


def test_a_dry_run_needs_no_place_for_its_bundle(written: Interrupted, capsys):
    before = (written.folder / "manifest.json").read_bytes()
    assert command("--dry-run", "--size", "32", "48", "--out", str(written.folder)) == 0
    assert "nothing was written" in capsys.readouterr().out
    assert (written.folder / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--size", "33", "48"], "size 33x48: each side must be a multiple of 16 pixels"),
        (["--size", "-16", "48"], "each side must be a multiple of 16 pixels"),
        (["--size", "32"], "--size: expected 2 arguments"),
        (["--size", "a", "b"], "--size: invalid int value: 'a'"),
        (["--int8", "--fp32"], "not allowed with"),
        (["--what"], "unrecognized arguments: --what"),
        (["--out", str(MONO)], "holds something that is no bundle"),
        (["--checkpoint", "/nowhere/at/all"], "/nowhere/at/all"),
    ],
)
def test_wrong_input_gives_one_line_and_exit_code_2(arguments, line, tmp_path, capsys):
    out = [] if "--out" in arguments else ["--out", str(tmp_path / "android")]
    assert command(*arguments, *out) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ") and line in error and "\n" not in error
    assert not list(tmp_path.iterdir())


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "--checkpoint MeissonFlow/Meissonic" in capsys.readouterr().out
