"""The graphs for the NPU before they are quantized: what the CPU's graphs compute, in other operators."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from export.draw_head import Sampler
from export.graphs import npu_graphs, token_grid
from export.images import ImageDecoder
from export.npu import npu_kernels
from export.onnx import parser
from export.step import Transformer, TransformerStep
from export.trace import trace
from quantize.onnx_files import load, save
from reference.checkpoint import Checkpoint
from tests.export.inputs import conditioning, half_masked

# One of these is refused by the NPU's provider, or computed wrongly (docs/npu.md).
REFUSED = {"Attention", "GroupNormalization", "MultiHeadAttention", "ReduceSum", "Resize", "RotaryEmbedding"}


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def written(
    checkpoint: Checkpoint, size: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The float graphs that the NPU runs."""
    folder = tmp_path_factory.mktemp("npu")
    for name, spec in npu_graphs(checkpoint, size).items():
        if spec.npu:
            save(trace(spec), folder / f"{name}.onnx")
    return {path.stem: path for path in folder.glob("*.onnx")}


def run(path: Path, feed: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, feed)[0]


def test_transformer_and_sampler_draw_the_tokens_of_the_whole_step(checkpoint, size, written):
    width, height = token_grid(checkpoint, size)
    length = checkpoint.tokenizer.model_max_length
    tokens = half_masked(checkpoint, size).int()
    context, modulation = conditioning(checkpoint, size, rows=2)
    guidance, uniforms = torch.tensor(3.0), torch.rand(2, height * width)
    step = TransformerStep(checkpoint.transformer, length, height, width)
    drawn, log_prob = step(tokens, context, modulation, guidance, uniforms)
    feed = {"tokens": tokens, "context": context, "modulation": modulation}
    features = run(written["transformer"], {name: value.numpy() for name, value in feed.items()})
    expected = Transformer(checkpoint.transformer, length, height, width)(tokens, context, modulation)
    np.testing.assert_allclose(features, expected.numpy(), atol=2e-4)
    sampler = Sampler(checkpoint.transformer, height, width)
    found, found_log_prob = sampler(torch.tensor(features), guidance, uniforms)
    assert torch.equal(found, drawn)
    torch.testing.assert_close(found_log_prob, log_prob, atol=1e-3, rtol=1e-4)


def test_the_kernels_compute_the_same_without_being_traced(checkpoint, size):
    width, height = token_grid(checkpoint, size)
    inputs = half_masked(checkpoint, size).int(), *conditioning(checkpoint, size, rows=2)
    grid = checkpoint.tokenizer.model_max_length, height, width
    expected = Transformer(checkpoint.transformer, *grid)(*inputs)
    kernels = npu_kernels(checkpoint.transformer.config.attention_head_dim)
    torch.testing.assert_close(Transformer(checkpoint.transformer, *grid, kernels)(*inputs), expected)


def test_the_codes_of_the_picture_are_its_levels(checkpoint, size, written):
    tokens = half_masked(checkpoint, size).int().clamp(max=checkpoint.transformer.config.codebook_size - 1)
    levels = run(written["image_decoder"], {"tokens": tokens.numpy()})
    expected = ImageDecoder(checkpoint.vqvae)(tokens).numpy()
    assert levels.dtype == np.uint8 and levels.shape == expected.shape
    assert np.abs(levels.astype(int) - expected).max() <= 1
    assert (levels == expected).mean() > 0.999


def test_the_operators_are_those_that_the_npu_takes(written):
    for path in written.values():
        graph = load(path).graph
        assert not {node.op_type for node in graph} & REFUSED
        assert {node.domain for node in graph} == {""}


def test_shapes_and_tables_are_fixed(written):
    for path in written.values():
        graph = load(path).graph
        assert all(isinstance(size, int) for value in graph.inputs for size in value.shape)
        computed = [node for node in graph if all(value and value.is_initializer() for value in node.inputs)]
        assert computed == []


def test_chips_may_be_listed_and_the_flag_repeated() -> None:
    given = parser().parse_args(["--qnn", "--soc", "sm8650,SM8750", "--soc", "sm8550"])
    assert given.soc == ["sm8650", "sm8750", "sm8550"]
    assert parser().parse_args(["--qnn"]).soc == []
