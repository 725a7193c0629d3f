"""The written float32 graphs: their form, and onnxruntime's results against the reference and the recorded
runs.
"""

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch

from export.draw_head import DrawingHead
from export.graphs import GraphSpec, graphs, token_grid
from export.trace import OPSET, trace
from quantize.apply_recipe import quantize_graph
from quantize.onnx_files import INLINE, LINE, PAGE, save
from quantize.recipe import Recipe
from reference.errors import RequestError
from reference.inverse_cdf import draw
from reference.transformer import MaskedTokenHead, sinusoid
from reference.transformer_config import TransformerConfig
from runtime.onnxruntime_engine import session_options
from tests.export.inputs import half_masked, micro_conditions, texts, uniforms
from tests.reference.golden import golden_run


def run(path, **inputs):
    """Outputs of a graph for tensors or arrays, by name."""
    session = onnxruntime.InferenceSession(path, session_options(1), providers=["CPUExecutionProvider"])
    arrays = {name: np.asarray(value) for name, value in inputs.items()}
    return dict(
        zip((output.name for output in session.get_outputs()), session.run(None, arrays), strict=True)
    )


def test_every_graph_is_a_valid_model_of_the_opset(traced):
    assert set(traced) == {"text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder"}
    for path in traced.values():
        onnx.checker.check_model(path)
        assert ir.load(path).opset_imports[""] == OPSET


def test_the_step_has_single_operators_for_attention_norms_and_rotation(checkpoint, traced, operators):
    config, found = checkpoint.transformer.config, operators(traced["transformer"])
    doubles, singles = config.num_layers, config.num_single_layers
    assert found["MultiHeadAttention"] == doubles + singles  # none holds all scores
    assert found["RotaryEmbedding"] == 2 * doubles + 2 * singles  # text has no angle
    assert found["LayerNormalization"] == 4 * doubles + singles
    around = 4 if config.downsample else 2  # after the tables; before, between, after the head's linears
    assert found["RMSNormalization"] == 4 * doubles + 2 * singles + around
    assert found["Gelu"] == 2 * doubles + singles
    assert found["Transpose"] == (2 if config.downsample else 1)  # grid to corners and back, none of heads
    assert not {"Attention", "Gemm", "Conv", "ConvTranspose", "Pow", "Softmax", "Einsum"} & set(found)


def test_the_step_has_one_linear_for_what_reads_one_input(checkpoint, traced, operators):
    config = checkpoint.transformer.config
    # double: qkv, out, two of the MLP for each stream; single: qkv, MLP in, two halves of the output; last:
    # queries apart from keys and values. Around: projections and logits.
    expected = 8 * config.num_layers + 4 * config.num_single_layers + 1 + (4 if config.downsample else 2)
    assert operators(traced["transformer"])["MatMul"] == expected


def test_chunks_of_a_large_projection_share_one_weight_that_is_quantized(tmp_path, monkeypatch, operators):
    """Of a size at which the exporter's own constant folding gives up."""
    config = TransformerConfig(4, 16, 1, 1, (4, 6, 6), 48, 64, vocab_size=8256, codebook_size=8192)
    monkeypatch.setattr("export.draw_head.CHUNK_BYTES", 4 * 8192 * 4)
    head = MaskedTokenHead(config)
    spec = GraphSpec(
        part="transformer",
        build=lambda: DrawingHead(head, 12),
        inputs={"features": torch.randn(12, 64), "uniforms": torch.rand(2, 12)},
        outputs=("drawn", "log_prob"),
        dynamic={},
    )
    save(trace(spec), tmp_path / "float.onnx")
    found = operators(tmp_path / "float.onnx")
    assert found["MatMul"] == 3 and found["Transpose"] == 0
    assert (tmp_path / "float.onnx.data").stat().st_size < 1.1 * 4 * 8192 * 64
    report = quantize_graph(
        tmp_path / "float.onnx", tmp_path / "int8.onnx", "transformer", Recipe.uniform("int8")
    )
    assert report.weights == {"logits": ("linear", "int8")}
    assert report.readers == {("linear", "int8"): 3}
    assert operators(tmp_path / "int8.onnx")["MatMulInteger"] == 3
    expected = run(tmp_path / "float.onnx", **spec.inputs)
    actual = run(tmp_path / "int8.onnx", **spec.inputs)
    same = actual["drawn"] == expected["drawn"]  # quantization moves a boundary past a uniform now and then
    assert same.sum() >= 10
    np.testing.assert_allclose(actual["log_prob"][same], expected["log_prob"][same], atol=0.2)
    assert (actual["drawn"] == expected["drawn"]).mean() > 0.5


def test_large_tensors_can_be_mapped_and_small_ones_are_aligned(traced):
    for path in traced.values():
        for name, value in ir.load(path).graph.initializers.items():
            tensor = value.const_value
            if isinstance(tensor, ir.ExternalTensor):
                assert tensor.location == path.name + ".data"
                assert tensor.offset % (PAGE if tensor.nbytes >= PAGE else LINE) == 0, name
            else:
                assert tensor.nbytes <= INLINE, name


def test_the_files_hold_no_trace_of_the_machine(traced):
    for path in traced.values():
        content = path.read_bytes()
        assert b".py" not in content and b"site-packages" not in content
        assert all(not node.metadata_props and not node.doc_string for node in ir.load(path).graph)


def test_tracing_again_gives_the_same_bytes(checkpoint, size, traced, tmp_path):
    for name in ("text_encoder", "conditioner"):
        save(trace(graphs(checkpoint, size)[name]), tmp_path / f"{name}.onnx")
        for suffix in ("", ".data"):
            again, before = tmp_path / f"{name}.onnx{suffix}", traced[name].with_name(f"{name}.onnx{suffix}")
            assert again.read_bytes() == before.read_bytes()


@pytest.mark.parametrize("rows", [1, 2])
def test_text_conditioning_and_step_give_the_references_tokens(checkpoint, size, traced, rows):
    """The whole chain in onnxruntime, at both numbers of rows and another number of steps than traced."""
    tokens, u, steps, step, guidance = half_masked(checkpoint, size), uniforms(checkpoint, size), 5, 3, 4.0
    hidden, pooled = texts(checkpoint, rows)
    micro = micro_conditions(size)
    grid = tokens.expand(rows, -1, -1)
    with torch.no_grad():
        conditions = torch.tensor([float(step)]), micro.expand(rows, -1)
        logits = checkpoint.transformer(grid, hidden, pooled, *conditions).flatten(2).transpose(1, 2)
    expected, expected_log_prob = draw(logits[0] + guidance * (logits[-1] - logits[0]), u)

    conditioning = run(
        traced["conditioner"],
        text_hidden=hidden,
        text_pooled=pooled,
        micro_sinusoids=sinusoid(micro[0]),
        step_sinusoids=sinusoid(1000.0 * torch.arange(steps, dtype=torch.float64)),
    )
    assert conditioning["modulation"].shape[:2] == (steps, rows)
    result = run(
        traced["transformer"],
        tokens=tokens.int(),
        context=conditioning["context"],
        modulation=conditioning["modulation"][step],
        guidance=np.float32(guidance),
        uniforms=u,
    )
    assert np.array_equal(result["drawn"], expected)
    np.testing.assert_allclose(result["log_prob"], expected_log_prob, atol=2e-4)


@pytest.mark.parametrize("name", ["t2i", "t2i_nocfg"])
def test_recorded_text_comes_out_of_the_text_encoder(checkpoint, traced, name):
    recorded = golden_run("mei" if checkpoint.compression == 2 else "mono", name)
    result = run(traced["text_encoder"], input_ids=recorded["prompt_ids"].int())
    assert recorded.difference("prompt_hidden", torch.from_numpy(result["text_hidden"])) < 1e-4
    assert recorded.difference("prompt_embeds", torch.from_numpy(result["text_pooled"])) < 1e-4


def test_image_graphs_give_the_vq_models_pixels_and_tokens(checkpoint, size, traced):
    vqvae = checkpoint.vqvae
    width, height = token_grid(checkpoint, size)
    tokens = torch.randint(0, vqvae.config.num_vq_embeddings, (height, width), dtype=torch.int32)
    image = run(traced["image_decoder"], tokens=tokens)["image"]
    with torch.no_grad():
        shape = (1, height, width, vqvae.config.latent_channels)
        pixels = vqvae.decode(tokens, force_not_quantize=True, shape=shape).sample[0].permute(1, 2, 0)
        latents = vqvae.encode(torch.from_numpy(image).permute(2, 0, 1)[None] / 255.0).latents
        codes = vqvae.quantize(latents)[2][2].reshape(height, width)
    assert np.abs(image / 255.0 - pixels.clamp(0, 1).numpy()).max() <= 0.5 / 255 + 1e-4
    assert np.array_equal(run(traced["image_encoder"], image=image)["tokens"], codes)


@pytest.mark.parametrize("wrong", [(0, 64), (-64, 64), (65, 64), (64, 100)])
def test_a_size_off_the_grid_is_refused_with_a_size_that_fits(checkpoint, wrong):
    with pytest.raises(RequestError, match=r"each side must be a multiple of \d+ pixels, such as \d+x\d+"):
        token_grid(checkpoint, wrong)


def test_a_size_that_no_bundle_can_have_is_refused(checkpoint):
    side = 8192  # a multiple of every unit
    with pytest.raises(RequestError, match=f"size {side}x512: a side has at most 4096 pixels"):
        token_grid(checkpoint, (side, 512))


def test_compression_refuses_an_odd_token_grid(checkpoint):
    odd = (3 * checkpoint.token_size, 4 * checkpoint.token_size)
    if checkpoint.compression == 1:
        assert token_grid(checkpoint, odd) == (3, 4)
    else:
        with pytest.raises(RequestError, match=f"multiple of {2 * checkpoint.token_size} pixels"):
            token_grid(checkpoint, odd)
