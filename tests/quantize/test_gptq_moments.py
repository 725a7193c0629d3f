"""Second moments taken by the graph itself against those of numpy."""

import json

import numpy as np
import onnx
import onnxruntime

from quantize.gptq_moments import MOMENT, SUM, Observer, groups_of, observe
from runtime.onnxruntime_engine import session_options


def test_moments_are_sums_over_runs_and_readers(network, run):
    """The network's linears: two read x, one weight is read by two operators."""
    rng = np.random.default_rng(3)
    batches = [rng.integers(0, 50, (1, 16)) for _ in range(2)]
    observer = Observer(network, threads=1)
    sums: dict[str, np.ndarray] = {}
    names = {"x": "left_weight", "both": "shared_weight", "squashed": "shared_weight"}
    model = onnx.load(network)
    for name in names:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), session_options(1))
    for ids in batches:
        outputs = observer.run({"ids": ids})
        np.testing.assert_allclose(outputs["y"], run(network, ids)[0], rtol=1e-4, atol=1e-4)
        for (_, weight), value in zip(names.items(), session.run(list(names), {"ids": ids}), strict=True):
            x = value.reshape(-1, value.shape[-1]).astype(np.float64)
            sums[weight] = sums.get(weight, 0) + x.T @ x
    found = observer.moments()
    assert set(found) == {"left_weight", "right_weight", "shared_weight"}
    assert np.array_equal(found["left_weight"], found["right_weight"])
    for weight, expected in sums.items():
        np.testing.assert_allclose(found[weight][0], expected, rtol=1e-4, atol=1e-3)


def test_an_input_is_observed_before_the_model_goes_on(network, ids, monkeypatch, tmp_path):
    """So that inputs do not wait in memory for the end of the run."""

    def profiled(*given, **named):
        options = session_options(*given, **named)
        options.enable_profiling, options.profile_file_prefix = True, str(tmp_path / "run")
        return options

    monkeypatch.setattr("quantize.gptq_moments.session_options", profiled)
    observer = Observer(network, threads=1)
    observer.run({"ids": ids})
    with open(observer.session.end_profiling(), encoding="utf-8") as file:
        ran = [event["args"].get("op_name") for event in json.load(file) if event["cat"] == "Node"]
    # x and both are observed before Tanh makes squashed of them.
    assert [name for name in ran if name in ("Tanh", "Add")] == ["Add", "Add", "Tanh", "Add"]


def test_long_inputs_are_split_and_their_parts_are_diagonal_blocks():
    x = np.random.default_rng(0).normal(size=(3, 7, 4096)).astype(np.float32)
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([], "g", [info("x", onnx.TensorProto.FLOAT, x.shape)], [])
    observe(graph, "x", 4096)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 23)], ir_version=10)
    before = np.full((4, 1024, 1024), 2, np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (found,) = session.run(["x" + MOMENT], {"x": x, "x" + SUM: before})
    rows = x.reshape(-1, 4096)
    whole = rows.T @ rows + 2
    assert found.shape == (4, 1024, 1024)
    for group in range(4):
        part = slice(1024 * group, 1024 * (group + 1))
        np.testing.assert_allclose(found[group], whole[part, part], rtol=1e-3, atol=1e-3)


def test_parts_of_an_input_are_equal_and_cut_no_block():
    for width in (48, 192, 768, 1024, 1472, 2304, 4096, 5120):
        part = width // groups_of(width)
        assert part * groups_of(width) == width and part <= 1536
        assert groups_of(width) == 1 or part % 64 == 0
