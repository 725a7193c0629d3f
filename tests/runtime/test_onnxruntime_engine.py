"""The engine: graphs checked against the manifest, runs that can be stopped, errors in one line."""

import resource
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper, parser

from runtime.bundle import open_bundle
from runtime.errors import BundleError, Cancelled, EngineError, RequestError
from runtime.onnxruntime_engine import OnnxRuntimeEngine, session_options
from tests.runtime.tiny_bundle import (
    IMAGE_DECODER,
    WEIGHTS,
    edit_manifest,
    paint,
    replace_file,
    slow_tokens,
    write_bundle,
)

TOKENS = np.arange(48, dtype=np.int32).reshape(6, 8) % 16


def test_runs_a_graph_by_name_and_ignores_other_tensors(bundle_folder: Path) -> None:
    engine = OnnxRuntimeEngine(open_bundle(bundle_folder), threads=1)
    outputs = engine.run("image_decoder", {"tokens": TOKENS, "context": np.zeros(3)})
    assert list(outputs) == ["image"]
    np.testing.assert_array_equal(outputs["image"], paint(TOKENS))


def test_dynamic_rows_take_one_or_two(bundle_folder: Path) -> None:
    engine = OnnxRuntimeEngine(open_bundle(bundle_folder), threads=1)
    for rows in (1, 2):
        ids = np.arange(rows * 8, dtype=np.int32).reshape(rows, 8)
        hidden = engine.run("text_encoder", {"input_ids": ids})["text_hidden"]
        np.testing.assert_array_equal(hidden, WEIGHTS["text_table"][ids])


@pytest.mark.parametrize(
    "tokens", [TOKENS.astype(np.int64), TOKENS[:5], TOKENS.reshape(-1), TOKENS.astype(np.float32)]
)
def test_tensor_unlike_the_manifest_is_refused(bundle_folder: Path, tokens: np.ndarray) -> None:
    with pytest.raises(
        BundleError, match=r"image_decoder: tokens would be .* the manifest says int32 \[6, 8\]"
    ):
        OnnxRuntimeEngine(open_bundle(bundle_folder), threads=1).run("image_decoder", {"tokens": tokens})


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("shape", [6, 9], r"input tokens is tensor\(int32\) \[6, 8\]"),
        ("shape", [48], "the manifest says int32"),
        ("dtype", "uint8", "the manifest says uint8"),
    ],
)
def test_graph_unlike_the_manifest_is_refused(own_bundle: Path, key: str, value: object, line: str) -> None:
    edit_manifest(own_bundle, "graphs", "image_decoder", "inputs", 0, key, value=value)
    with pytest.raises(BundleError, match=line) as caught:
        OnnxRuntimeEngine(open_bundle(own_bundle), threads=1).open("image_decoder")
    assert "image_decoder.onnx" in str(caught.value)


def test_graph_with_more_outputs_than_the_manifest_is_refused(own_bundle: Path) -> None:
    tensor = {"name": "extra", "dtype": "float32", "shape": [1]}
    image = {"name": "image", "dtype": "uint8", "shape": [24, 32, 3]}
    edit_manifest(own_bundle, "graphs", "image_decoder", "outputs", value=[image, tensor])
    with pytest.raises(BundleError, match="has outputs image, unlike the manifest"):
        OnnxRuntimeEngine(open_bundle(own_bundle), threads=1).open("image_decoder")


@pytest.mark.parametrize(
    ("opset", "operator", "line"),
    [(23, "com.microsoft.NoSuchOperator", "NoSuchOperator"), (99, "Gather", "Opset 99")],
)
def test_engine_without_the_operator_names_the_file_and_the_way_out(
    own_bundle: Path, opset: int, operator: str, line: str
) -> None:
    # As an exporter for a newer engine would write it: onnx's own checker would refuse.
    header = f'<ir_version: 10, opset_import: ["": {opset}, "com.microsoft": 1]>\n'
    model = parser.parse_model(header + IMAGE_DECODER.replace("Gather", operator))
    model.graph.initializer.append(numpy_helper.from_array(WEIGHTS["palette"], "palette"))
    replace_file(own_bundle, "image_decoder.onnx", model.SerializeToString())
    with pytest.raises(EngineError) as caught:
        OnnxRuntimeEngine(open_bundle(own_bundle), threads=1).open("image_decoder")
    message = str(caught.value)
    assert "\n" not in message
    for part in ("image_decoder.onnx", line, "made with onnxruntime 1.32.0"):
        assert part in message


def test_file_that_is_no_graph_is_refused(own_bundle: Path) -> None:
    replace_file(own_bundle, "image_decoder.onnx", b"no graph at all")
    with pytest.raises(BundleError, match=r"image_decoder\.onnx is not an ONNX model"):
        open_bundle(own_bundle)


@pytest.mark.parametrize("threads", [-1, 257, 2**31])
def test_number_of_threads_out_of_range_is_refused(bundle_folder: Path, threads: int) -> None:
    with pytest.raises(RequestError, match=f"--threads {threads} is out of range"):
        OnnxRuntimeEngine(open_bundle(bundle_folder), threads)


def test_failing_run_names_the_graph(bundle_folder: Path) -> None:
    with pytest.raises(EngineError, match="failed in graph image_decoder"):
        OnnxRuntimeEngine(open_bundle(bundle_folder), threads=1).run(
            "image_decoder", {"tokens": TOKENS + 1000}
        )


SLOW_DECODER = IMAGE_DECODER.replace(
    "{\n  colours = Gather(palette, tokens)",
    f"{{{slow_tokens(20000)}\n  colours = Gather(palette, late_tokens)",
)


def test_cancel_stops_a_run_in_progress_and_resume_allows_the_next(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "slow", {"image_decoder": SLOW_DECODER})
    engine = OnnxRuntimeEngine(open_bundle(folder), threads=1)
    engine.open("image_decoder")
    threading.Timer(0.3, engine.cancel).start()
    begun = time.perf_counter()
    with pytest.raises(Cancelled):
        engine.run("image_decoder", {"tokens": TOKENS})
    assert 0.2 < time.perf_counter() - begun < 5
    with pytest.raises(Cancelled):
        engine.run("text_encoder", {"input_ids": np.zeros((1, 8), np.int32)})
    engine.resume()
    engine.run("text_encoder", {"input_ids": np.zeros((1, 8), np.int32)})


def test_what_a_graph_gives_outlives_it_without_its_memory(bundle_folder: Path) -> None:
    """A tensor that is onnxruntime's would keep the arena of a graph that was closed, its weights and all."""
    engine = OnnxRuntimeEngine(open_bundle(bundle_folder))
    given = engine.run("text_encoder", {"input_ids": np.zeros((1, 8), np.int32)})
    assert given and all(tensor.flags.owndata for tensor in given.values())


def test_a_run_finds_the_memory_of_the_one_before(tmp_path: Path) -> None:
    """Tensors of 32 MB, more than the C library keeps: mapped anew, they would cost all page faults again."""
    model = parser.parse_model("""
        <ir_version: 10, opset_import: ["": 21]>
        graph (int64[1] side) => (float peak) {
            numbers = ConstantOfShape <value = float[1] {1.5}> (side)
            roots = Sqrt(numbers)
            sums = Add(roots, numbers)
            peak = ReduceMax <keepdims = 0> (sums)
        }""")
    onnx.save(model, tmp_path / "x.onnx")
    session = onnxruntime.InferenceSession(
        tmp_path / "x.onnx", session_options(1), providers=["CPUExecutionProvider"]
    )
    faults = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        session.run(None, {"side": np.array([2**23])})
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    assert max(faults[1:]) < faults[0] / 3
