"""Writing bundles: interrupted, resumed, verified, refused; and what is read back by the runtime."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import export.android as android
import export.bundle_writer as writer
import export.graph_writer as graph_writer
from export.android import Android, Options, planned, write_bundle
from export.errors import VerificationError
from export.onnx import main
from export.workspace import Workspace
from quantize.onnx_files import files
from quantize.recipe import Recipe
from reference.checkpoint import Checkpoint, load_checkpoint
from runtime.bundle import Manifest, open_bundle
from runtime.errors import BundleError
from runtime.generator import Generator
from runtime.request import Request
from tests.export.inputs import GOLDEN
from tests.float_bundle import WIDER, write_checkpoint

INT8 = Recipe.uniform("int8")
MONO = GOLDEN / "mono" / "checkpoint"
SIZE = (32, 48)
GRAPHS = ["text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder"]


@dataclass
class Written:
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
def written(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    options = Options(tmp_path_factory.mktemp("bundles") / "android", SIZE, INT8)
    trace, lines, traced = graph_writer.trace, [], []

    def stopped(spec):
        if "uniforms" in spec.inputs:
            raise KeyboardInterrupt
        return trace(spec)

    def counted(spec):
        traced.append(list(spec.inputs))
        return trace(spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_writer, "trace", stopped)
        with pytest.raises(KeyboardInterrupt):
            write_bundle(checkpoint, options, lines.append)
        left = {path.name for path in options.out.parent.iterdir()}
        patch.setattr(graph_writer, "trace", counted)
        manifest = write_bundle(checkpoint, options, lines.append)
    yield Written(checkpoint, manifest, options.out, left, traced, lines)


@contextmanager
def finished_graphs(written: Written, options: Options, names: list[str]) -> Iterator[Workspace]:
    """A workspace as an interrupted run leaves it: the graphs `names` are done."""
    workspace = Workspace(options.out, writer.resume_key(Android(written.checkpoint, options)))
    for name in names:
        for path in files(written.folder / f"{name}.onnx"):
            shutil.copy(path, workspace.folder)
        precision = written.manifest.graphs[name].precision
        workspace.record(name, precision, files(workspace.folder / f"{name}.onnx"))
    yield workspace


def test_an_interrupted_export_leaves_no_bundle(written: Written):
    assert written.left_by_interruption == {"android.partial"}


def test_the_next_run_resumes_from_the_graphs_that_are_done(written: Written):
    # The image encoder is calibrated on pictures, for which the decoder is traced once more.
    assert [inputs[0] for inputs in written.traced] == ["tokens", "tokens", "image", "tokens"]
    assert sum("done before" in line for line in written.lines) == 2


def test_a_finished_bundle_opens_and_nothing_else_is_left(written: Written):
    assert [path.name for path in written.folder.parent.iterdir()] == ["android"]
    bundle = open_bundle(written.folder)
    assert bundle.manifest == written.manifest
    listed = {written.folder / name for name in bundle.manifest.files} | {written.folder / "manifest.json"}
    assert listed == {path for path in written.folder.rglob("*") if path.is_file()}


def test_the_manifest_says_what_was_written(written: Written):
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


def test_the_golden_trace_is_reproduced_by_the_runtime(written: Written):
    golden = open_bundle(written.folder).golden()
    assert golden is not None
    request = Request(golden.prompt, golden.negative, golden.seed, golden.steps, golden.guidance)
    steps: list[np.ndarray] = []
    drawing = Generator.open(written.folder).text_to_image(request, lambda step: steps.append(step.tokens))
    assert [tokens.ravel().tolist() for tokens in steps] == golden.tokens
    assert drawing.tokens.ravel().tolist() == golden.final_tokens
    masked = [int((tokens == written.checkpoint.mask_token_id).sum()) for tokens in steps]
    assert masked == golden.masked and masked[-1] == 0 < masked[0]


def test_a_bundle_that_differs_from_the_reference_is_refused_with_the_figure(written: Written, tmp_path):
    options = Options(tmp_path / "android", SIZE, INT8)
    weight = written.checkpoint.transformer.mlm_layer.conv2.weight
    original = weight.detach().clone()
    with finished_graphs(written, options, GRAPHS), torch.no_grad():
        weight.copy_(weight.roll(1, dims=0))  # every logit belongs to another code
        try:
            with pytest.raises(VerificationError, match=r"^transformer\.\S+ is [-\d.]+, below the int8"):
                write_bundle(written.checkpoint, options, lambda line: None)
        finally:
            weight.copy_(original)
    assert not list(tmp_path.iterdir())


def test_a_graph_changed_since_it_was_done_is_made_again(written: Written, tmp_path, monkeypatch):
    options = Options(tmp_path / "android", SIZE, INT8)
    remade = []

    def stopped(checkpoint, name, size, recipe, path, *others):
        remade.append(path.stem)
        raise KeyboardInterrupt

    monkeypatch.setattr(android, "write_graph", stopped)
    with finished_graphs(written, options, GRAPHS) as workspace:
        data = workspace.folder / "conditioner.onnx.data"
        data.write_bytes(b"x" + data.read_bytes()[1:])
        assert [name for name in GRAPHS if not workspace.has(name)] == ["conditioner"]
        with pytest.raises(KeyboardInterrupt):
            write_bundle(written.checkpoint, options, lambda line: None)
    assert remade == ["conditioner"]


def test_a_workspace_of_other_options_is_not_resumed(written: Written, tmp_path):
    options = Options(tmp_path / "android", SIZE, INT8)
    other = Options(tmp_path / "android", SIZE, Recipe.uniform("fp32"))
    with finished_graphs(written, options, GRAPHS):
        workspace = Workspace(options.out, writer.resume_key(Android(written.checkpoint, other)))
        assert not workspace.done and not list(workspace.folder.iterdir())


def test_a_bundle_is_replaced_only_on_request_and_whole(written: Written, tmp_path):
    out = tmp_path / "android"
    out.mkdir()
    (out / "manifest.json").write_text("older")
    kept = Options(out, SIZE, INT8)
    with pytest.raises(BundleError, match="already holds a bundle: add --overwrite"):
        write_bundle(written.checkpoint, kept, lambda line: None)
    assert (out / "manifest.json").read_text() == "older"
    replaced = Options(out, SIZE, INT8, overwrite=True)
    with finished_graphs(written, replaced, GRAPHS):
        write_bundle(written.checkpoint, replaced, lambda line: None)
    assert open_bundle(out).manifest == written.manifest
    assert [path.name for path in tmp_path.iterdir()] == ["android"]


def test_a_folder_that_is_no_bundle_is_never_replaced(written: Written, tmp_path):
    (tmp_path / "holiday.jpg").write_text("x")
    with pytest.raises(BundleError, match="holds something that is no bundle"):
        write_bundle(written.checkpoint, Options(tmp_path, SIZE, INT8, overwrite=True), lambda line: None)
    assert (tmp_path / "holiday.jpg").exists()


def test_a_disk_that_fills_up_gives_one_line_and_keeps_what_is_done(written: Written, tmp_path):
    options = Options(tmp_path / "android", SIZE, INT8)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with finished_graphs(written, options, ["text_encoder"]) as workspace:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))  # the conditioner in fp32 is larger
        try:
            with pytest.raises(BundleError, match=r"disk of .* is full: free .* finished graphs are kept"):
                write_bundle(written.checkpoint, options, lambda line: None)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        left = {path.name for path in workspace.folder.iterdir()}
    assert left == {"state.json", "text_encoder.onnx", "text_encoder.onnx.data"}
    assert not options.out.exists()


def test_a_disk_too_small_is_noticed_before_anything_is_written(written: Written, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BundleError, match=r"but .* has 0\.0 MB free"):
        write_bundle(written.checkpoint, Options(tmp_path / "android", SIZE, INT8), lambda line: None)
    assert not list(tmp_path.iterdir())


def test_planned_sizes_are_those_of_the_written_data(written: Written):
    sizes = planned(written.checkpoint, Options(Path("nowhere"), SIZE, INT8))
    for name in GRAPHS:
        actual = (written.folder / f"{name}.onnx.data").stat().st_size
        if name.startswith("image_"):  # planned in int8, of which random weights keep much float
            assert sizes[name] < 1.15 * actual, name
        else:
            assert sizes[name] == pytest.approx(actual, rel=0.15), name


def test_a_changed_byte_in_the_bundle_is_noticed(written: Written, tmp_path):
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
