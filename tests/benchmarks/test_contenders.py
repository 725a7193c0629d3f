"""Real turns on the tiny workload: contenders compute what the reference computes."""

import numpy as np
import onnx_ir as ir
import pytest
import torch

from reference.checkpoint import load_checkpoint
from reference.image import decode_tokens
from runtime.parity import measures
from runtime.schedule import mask_length
from tests.benchmarks import turn
from tests.benchmarks.contenders import CONTENDERS, FLOOR
from tests.benchmarks.parallel import LONGEST, told
from tests.benchmarks.profile import profile, table
from tests.benchmarks.turn import answer_file
from tests.benchmarks.workloads import WORKLOADS, Workload, inputs, prepare


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory):
    """The tiny workload in a folder of its own, with an int8 bundle."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.benchmarks.workloads.ROOT", tmp_path_factory.mktemp("benchmarks"))
        patch.setattr(turn, "ENOUGH", 0.0)
        chosen = WORKLOADS["tiny"]
        prepare(chosen)
        turn.prepare(chosen, CONTENDERS["bundle int8"])
        yield chosen


def answer(workload: Workload, name: str, task: str) -> np.ndarray:
    measured = turn.run(workload, CONTENDERS[name], task, 1)
    assert measured["seconds"] and measured["peak_mb"] > 1
    return np.load(answer_file(workload, CONTENDERS[name], task))


def test_torch_and_the_bundle_draw_the_same_tokens(workload):
    tokens = answer(workload, "torch fp32", "step")
    assert len(np.unique(tokens)) > 10
    assert measures.agreement(tokens, answer(workload, "bundle int8", "step")) > 0.75


def test_torch_and_the_bundle_decode_the_same_picture(workload):
    expected = decode_tokens(
        load_checkpoint(str(workload.checkpoint)).vqvae,
        torch.from_numpy(inputs(workload)["codes"]).long()[None],
    )[0].numpy()
    assert np.array_equal(answer(workload, "torch fp32", "decoder"), expected)
    assert measures.image_psnr(expected, answer(workload, "bundle int8", "decoder")) > 30  # it is int8 too


@pytest.mark.parametrize("name", ["torch fp32", "torch bf16", "bundle int8"])
def test_whole_pictures_have_the_workloads_size(workload, name):
    opened = CONTENDERS[name].open(workload, "picture", workload.folder / CONTENDERS[name].files, 1)
    picture = opened.answer(opened.run())
    assert picture.shape == (workload.side, workload.side, 3) and picture.dtype == np.uint8


def test_the_floor_has_every_int8_product_of_the_step(workload):
    turn.prepare(workload, CONTENDERS[FLOOR])
    step = ir.load(workload.folder / "bundle-int8" / "transformer.onnx").graph
    floor = ir.load(workload.folder / "floor" / "products.onnx").graph
    count = sum(node.op_type == "MatMulInteger" for node in step)
    products = [node for node in floor if node.op_type == "MatMulInteger"]
    assert len(products) == count > 10
    assert all(len(node.inputs) == 4 for node in products)  # the zero of W chooses the kernel
    assert turn.run(workload, CONTENDERS[FLOOR], "step", 1)["note"] == f"{count} products"


def test_a_precision_that_the_exporter_does_not_know_is_no_contender(workload, monkeypatch):
    monkeypatch.setattr("tests.benchmarks.ours.PRODUCTS", {"fp32": "MatMul", "int8": "MatMulNBits"})
    from reference.errors import UserError
    from tests.benchmarks.ours import check_products

    with pytest.raises(UserError, match="int8"):
        check_products(workload.folder / "bundle-int8", "int8")


def test_the_profile_counts_products_and_attention(workload):
    stored = inputs(workload)
    feed = {name: stored[name] for name in ("tokens", "context", "modulation", "guidance", "uniforms")}
    spent = profile(workload.folder / "bundle-int8" / "transformer.onnx", feed, 1, 2)
    assert spent["DynamicQuantizeMatMul"] > 0 and spent["MultiHeadAttention"] + spent["Attention"] > 0
    lines = table(spent)
    assert any(line.startswith("| matmul |") for line in lines)
    assert lines[-1].startswith("| total |")


def test_as_many_steps_as_tokens_fix_one_token_a_forward():
    tokens = unknown = 256
    for step in range(tokens - 1):
        left = mask_length("cosine", step, tokens, tokens, unknown)
        assert left == unknown - 1
        unknown = left


def test_long_drawings_are_told_the_moment_in_steps_they_were_trained_on():
    assert [told(step, 8) for step in range(8)] == [7, 6, 5, 4, 3, 2, 1, 0]
    indices = [told(step, 256) for step in range(256)]
    assert indices[0] == LONGEST - 1 and indices[-1] == 0
    assert indices == sorted(indices, reverse=True) and set(indices) == set(range(LONGEST))
