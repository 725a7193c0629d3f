"""A bundle for the NPU: executed on Qualcomm's runtime, compiled for chips, drawn with."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.npu_contexts import compile_for
from export.npu_pieces import weight_bytes
from export.onnx import main as export
from quantize.onnx_files import load
from runtime.__main__ import main as draw
from runtime.bundle import Bundle, open_bundle
from runtime.errors import BundleError, EngineError
from runtime.parity.golden import golden_drawing
from runtime.parity.limits import judged, missed
from runtime.parity.measures import psnr
from runtime.qnn_engine import QnnEngine, open_on_npu
from tests.float_bundle import write_checkpoint
from tests.npu.steps import quantized_step, random_feeds
from tests.runtime.tiny_bundle import edit_manifest

SOCS = ("sm8650", "sm8750")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("npu")
    checkpoint = write_checkpoint(folder / "checkpoint")
    arguments = [
        "--checkpoint",
        str(checkpoint),
        "--qnn",
        "--soc",
        ",".join(SOCS),
        "--out",
        str(folder / "out"),
    ]
    assert export(arguments) == 0
    return open_bundle(folder / "out")


def test_the_manifest_says_which_unit_each_graph_was_made_for(bundle: Bundle) -> None:
    manifest = bundle.manifest
    assert manifest.step == ["transformer", "sampler"] and manifest.two_rows
    npu = {name for name, graph in manifest.graphs.items() if graph.compute == "npu"}
    assert npu == {"transformer", "image_decoder"}
    assert {graph.compute for name, graph in manifest.graphs.items() if name not in npu} == {"cpu"}
    assert {name: graph.precision for name, graph in manifest.graphs.items() if name in npu} == dict.fromkeys(
        npu, "qnn"
    )


def test_it_was_verified_by_running_it_there(bundle: Bundle) -> None:
    figures = bundle.manifest.parity
    assert figures["engine"] == "qnn" and "unverified" not in figures
    numbers = {name: value for name, value in figures.items() if isinstance(value, float)}
    assert missed(judged(numbers, bundle.manifest)) == []
    assert {"transformer.kl_per_guidance", "transformer.misdrawn", "image_decoder.psnr"} <= set(numbers)
    assert {"contexts.features.psnr", "contexts.image.psnr"} <= set(numbers)


def test_the_provider_takes_every_operator_as_one_partition(bundle: Bundle, tmp_path: Path) -> None:
    for name in ("transformer", "image_decoder"):
        trace = {"enable_framework_op_trace": "1", "framework_op_trace_dir": str(tmp_path / name)}
        path = bundle.path(bundle.manifest.graphs[name].files[0])
        open_on_npu(path, trace)
        found = json.loads((tmp_path / name / "qnn_op_trace.json").read_text())
        assert found["unsupported_nodes"] == [] and len(found["subgraph_traces"]) == 1
        operators = {source["name"] for source in sources(found) if source["type"] == "OP"}
        assert len(found["subgraph_traces"][0]["op_mappings"]) > 50
        assert any("layer_norm" in operator or "InstanceNorm" in operator for operator in operators)


def sources(trace: dict) -> list[dict]:
    return [source for mapping in trace["subgraph_traces"][0]["op_mappings"] for source in mapping["sources"]]


def test_the_engine_draws_the_golden_trace_and_the_cpu_another_picture(bundle: Bundle) -> None:
    golden = bundle.golden()
    assert golden is not None
    again, drawing = golden_drawing(bundle, golden.steps, "qnn")
    assert again == golden
    on_cpu, other = golden_drawing(bundle, golden.steps)
    assert other.picture.shape == drawing.picture.shape
    assert on_cpu.prompt_ids == golden.prompt_ids


def test_a_chip_that_nothing_was_compiled_for_is_refused(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match=r"has contexts for sm\d+.*, not sm9999: export it with --soc"):
        QnnEngine(bundle, soc="sm9999")


def test_graphs_for_chips_are_in_the_bundle_and_run(bundle: Bundle) -> None:
    """A context of a chip loads on the emulator too."""
    golden, graph = bundle.golden(), bundle.manifest.graphs["image_decoder"]
    assert golden is not None
    tokens = np.array(golden.final_tokens, np.int32).reshape(graph.inputs[0].shape)
    assert list(graph.contexts) == list(SOCS)
    picture = open_on_npu(bundle.path(graph.files[0])).run(None, {"tokens": tokens})[0]
    for soc, (model, binary) in graph.contexts.items():
        assert model == f"{soc}/image_decoder.onnx" and bundle.path(binary).stat().st_size > 10_000
        found = open_on_npu(bundle.path(model)).run(None, {"tokens": tokens})[0]
        assert np.abs(found.astype(int) - picture).max() <= 8


def test_a_graph_is_compiled_in_pieces_that_give_what_the_whole_gives(tmp_path: Path) -> None:
    step = quantized_step(tmp_path)
    (feed,) = random_feeds(load(step).graph, 1)
    model, *binaries = compile_for(step, SOCS[0], tmp_path / "pieces", step_bytes(step) / 2)
    assert len(binaries) >= 2 and not list((tmp_path / "pieces").glob("*.?.onnx"))
    whole, _ = compile_for(step, SOCS[0], tmp_path / "whole")
    features = [open_on_npu(path).run(None, feed)[0] for path in (whole, model)]
    assert psnr(*features) > 60


def step_bytes(step: Path) -> int:
    return sum(weight_bytes(node) for node in load(step).graph)


def test_python_draws_with_it(bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cat.png"
    common = ["a cat", "--bundle", str(bundle.folder), "--steps", "2", "--out", str(out)]
    assert draw([*common, "--engine", "qnn"]) == 0
    assert "the NPU is emulated" in capsys.readouterr().err
    assert Image.open(out).size == bundle.manifest.defaults.size
    assert draw([*common, "--engine", "onnxruntime"]) == 0
    assert "emulated" not in capsys.readouterr().err


def test_a_session_that_fails_is_one_error_and_the_cpu_does_not_take_over(
    bundle: Bundle, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The decoder's context in place of the transformer's: it opens, and its run fails."""
    model, binary = bundle.manifest.graphs["transformer"].contexts[SOCS[0]]
    _, other = bundle.manifest.graphs["image_decoder"].contexts[SOCS[0]]
    (tmp_path / SOCS[0]).mkdir()
    shutil.copyfile(bundle.path(model), tmp_path / model)
    shutil.copyfile(bundle.path(other), tmp_path / binary)
    engine = QnnEngine(Bundle(tmp_path, bundle.manifest), soc=SOCS[0])
    inputs = bundle.manifest.graphs["transformer"].inputs
    feed = {tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in inputs}
    with pytest.raises(EngineError, match=r"^onnxruntime .*transformer.*$"):
        engine.run("transformer", feed)
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""


def drawn_alone(bundle: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    """One step in a process of its own: once a bundle ran in one, the provider takes more there."""
    command = [sys.executable, "-m", "runtime", "a cat", "--bundle", str(bundle), "--engine", "qnn"]
    return subprocess.run([*command, "--steps", "1", "--out", str(out)], capture_output=True, text=True)


def test_a_float_graph_on_the_npu_is_one_line(bundle: Bundle, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle.folder, tmp_path / "bundle"))
    edit_manifest(copy, "graphs", "sampler", "compute", value="npu")
    finished = drawn_alone(copy, tmp_path / "cat.png")
    last = finished.stderr.splitlines()[-1]
    assert finished.returncode == 2 and last.startswith("error: "), finished.stderr
    assert "sampler.onnx" in last and "onnxruntime-qnn" in last


def test_drawing_prints_only_the_result(bundle: Bundle, tmp_path: Path) -> None:
    """Qualcomm's library has a line of its own for the standard output."""
    finished = drawn_alone(bundle.folder, out := tmp_path / "cat.png")
    assert finished.returncode == 0, finished.stderr
    assert len(finished.stdout.splitlines()) == 1 and finished.stdout.startswith(str(out))


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"\0" * 64 + data[64:]])
def test_a_context_that_the_library_cannot_read_is_one_line(
    bundle: Bundle, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """Truncated, or of another version: its hash is the manifest's, so only the library can tell."""
    model, binary = bundle.manifest.graphs["image_decoder"].contexts[SOCS[0]]
    for path in (model, binary):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copyfile(bundle.path(path), tmp_path / path)
    (tmp_path / binary).write_bytes(damage((tmp_path / binary).read_bytes()))
    engine = QnnEngine(Bundle(tmp_path, bundle.manifest), soc=SOCS[0])
    with pytest.raises(EngineError, match=r"^onnxruntime .* cannot open .*image_decoder.onnx: .*context.*$"):
        engine.open("image_decoder")
