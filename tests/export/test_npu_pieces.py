"""A quantized step in pieces: their chain computes what the whole does, to the bit."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime as ort
import pytest

from export.npu_pieces import pieces, weight_bytes
from quantize.onnx_files import load
from tests.npu.steps import quantized_step, random_feeds


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quantized_step(tmp_path_factory.mktemp("step"))


def weights(model: ir.Model) -> int:
    return sum(weight_bytes(node) for node in model.graph)


def run(path: Path, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    inputs = {value.name: feed[value.name] for value in session.get_inputs()}
    return dict(zip(names, session.run(names, inputs), strict=True))


def test_the_chain_of_pieces_gives_the_features_of_the_whole(step: Path) -> None:
    whole = load(step)
    parts = pieces(whole, weights(whole) / 3)
    assert len(parts) >= 3
    (feed,) = random_feeds(whole.graph, 1)
    tensors = dict(feed)
    for index, part in enumerate(parts):
        ir.save(part, path := step.with_name(f"{index}.onnx"))
        tensors |= run(path, tensors)
    np.testing.assert_array_equal(tensors["features"], run(step, feed)["features"])


def test_pieces_hold_every_weight_once_and_none_is_larger_than_asked(step: Path) -> None:
    whole = load(step)
    most = weights(whole) / 3
    parts = [weights(part) for part in pieces(whole, most)]
    assert max(parts) <= most
    assert sum(parts) == pytest.approx(weights(whole), rel=1e-3)  # scales of inputs are in several


def test_neighbours_exchange_no_more_than_the_residual_stream(step: Path) -> None:
    whole = load(step)
    names = {value.name for value in whole.graph.inputs}
    _, context, _ = (value.shape.numpy() for value in whole.graph.inputs)
    rows, positions, _ = whole.graph.outputs[0].shape.numpy()
    stream = rows * (context[1] + positions) * context[2]
    for before, after in pairwise(pieces(whole, weights(whole) / 3)):
        given = {value.name: value for value in before.graph.outputs}
        assert {value.name for value in after.graph.inputs} - names == set(given)
        assert {value.dtype for value in given.values()} == {ir.DataType.UINT16}
        assert sum(int(np.prod(value.shape.numpy())) for value in given.values()) <= stream


def test_a_small_graph_stays_whole(step: Path) -> None:
    whole = load(step)
    assert pieces(whole) == [whole]
