"""The transformer against the recorded activations of the published code, and the published sizes."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from reference import transformer as module
from reference.blocks import rope_table
from reference.errors import CheckpointError, RequestError
from reference.transformer import MaskedTransformer, sinusoid
from reference.transformer_config import TransformerConfig
from tests.reference.golden import RUNS, GoldenRun, golden_run, golden_transformer, published_sinusoid

INPUTS = ["hidden_states", "encoder_hidden_states", "pooled_projections", "timestep", "micro_conds"]


@torch.no_grad()
def differences(run: GoldenRun) -> dict[str, float]:
    """Largest absolute difference of each recorded activation, and of the logits."""
    transformer = golden_transformer(run.model)
    outputs: dict[str, Tensor] = {}

    def record(name: str, output: Tensor | tuple[Tensor, Tensor]) -> None:
        if isinstance(output, tuple):
            outputs[f"{name}.image"], outputs[f"{name}.text"] = output
        else:
            outputs[name] = output.permute(0, 3, 1, 2) if output.ndim == 4 else output

    hooks = [
        layer.register_forward_hook(lambda _layer, _inputs, output, name=name: record(name, output))
        for name, layer in transformer.named_modules()
        if f"act_{name}" in run.keys("act_") or f"act_{name}.image" in run.keys("act_")
    ]
    logits = transformer(*(run[f"call0_{name}"] for name in INPUTS))
    for hook in hooks:
        hook.remove()
    height, width = (side // transformer.config.compression for side in run["final_tokens"].shape[1:])
    cos, sin = rope_table(77, height, width, transformer.config.axes_dims_rope)
    outputs |= {"rope_cos": cos.repeat_interleave(2, dim=1), "rope_sin": sin.repeat_interleave(2, dim=1)}
    found = {key: run.difference(key, outputs[key.removeprefix("act_")]) for key in run.keys("act_")}
    return found | {"logits": run.difference("call0_logits", logits)}


@pytest.mark.parametrize(("model", "name"), RUNS)
def test_every_module_and_block_gives_the_published_activations(model, name, monkeypatch):
    monkeypatch.setattr(module, "sinusoid", published_sinusoid)
    found = differences(golden_run(model, name))
    blocks = 2 * 2 + 3  # two double blocks with two streams, three single blocks
    assert len(found) == blocks + 12  # 9 modules, 2 rotary tables, logits
    assert found.pop("logits") < 1e-3
    assert max(found.values()) < 1e-4, found


@pytest.mark.parametrize(("model", "name"), RUNS)
def test_sinusoids_in_float64_stay_within_the_published_rounding(model, name):
    """Published angles are float32, off by 4e-4 rad at step 7; ours are exact. Logits stay within 1e-3."""
    found = differences(golden_run(model, name))
    assert found.pop("logits") < 1e-3
    assert max(found.values()) < 5e-4, found


def test_sinusoid_is_cosines_first_and_exact_at_large_steps():
    values = sinusoid(torch.tensor([0.0, 63_000.0]))
    assert values.shape == (2, 256) and values.dtype == torch.float32
    assert torch.equal(values[0], torch.cat([torch.ones(128), torch.zeros(128)]))
    for i in (0, 1, 64, 127):
        angle = 63_000.0 * 10_000.0 ** (-i / 128)
        assert values[1, i].item() == pytest.approx(math.cos(angle), abs=1e-7)
        assert values[1, 128 + i].item() == pytest.approx(math.sin(angle), abs=1e-7)


@pytest.mark.parametrize(
    ("config", "parameters", "tensors"),
    [
        (TransformerConfig(), 1_006_946_304, 867),
        (TransformerConfig(downsample=False, upsample=False), 998_555_648, 863),
    ],
    ids=["meissonic", "monetico"],
)
def test_published_configs_have_the_published_parameter_counts(config, parameters, tensors):
    with torch.device("meta"):
        transformer = MaskedTransformer(config)
    assert sum(parameter.numel() for parameter in transformer.parameters()) == parameters
    assert len(transformer.state_dict()) == tensors


def test_features_give_the_logits_of_chosen_positions():
    run = golden_run("mei", "t2i")
    transformer = golden_transformer("mei")
    inputs = [run[f"call0_{name}"] for name in INPUTS]
    chosen = inputs[0] == transformer.config.vocab_size - 1
    chosen[:, ::2] = False
    with torch.no_grad():
        logits = transformer(*inputs).permute(0, 2, 3, 1)[chosen]
        picked = transformer.mlm_layer.conv2(transformer.features(*inputs)[chosen])
    torch.testing.assert_close(picked, logits, atol=1e-5, rtol=1e-5)


def test_trains_in_bfloat16_autocast():
    transformer = MaskedTransformer(golden_transformer("mei").config)
    run = golden_run("mei", "t2i")
    with torch.autocast("cpu", torch.bfloat16):
        logits = transformer(*(run[f"call0_{name}"] for name in INPUTS))
    assert logits.dtype == torch.bfloat16
    torch.nn.functional.cross_entropy(logits.float(), run["final_tokens"].expand(2, -1, -1)).backward()
    gradients = [parameter.grad for parameter in transformer.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
    assert sum(gradient.abs().sum() > 0 for gradient in gradients) > 0.95 * len(gradients)


def test_odd_grid_is_refused_with_compression():
    with pytest.raises(RequestError, match="even number of tokens"):
        golden_transformer("mei").embed_tokens(torch.zeros(1, 5, 4, dtype=torch.int64))


def test_config_round_trips_and_contradictions_are_named():
    config = golden_transformer("mono").config
    assert TransformerConfig.from_dict(config.to_dict()) == config
    with pytest.raises(CheckpointError, match="axes_dims_rope"):
        replace(config, axes_dims_rope=(2, 2, 2))
    with pytest.raises(CheckpointError, match="pooled_projection_dim"):
        replace(config, pooled_projection_dim=7)
    with pytest.raises(CheckpointError, match="missing num_layers"):
        TransformerConfig.from_dict({key: v for key, v in config.to_dict().items() if key != "num_layers"})
    with pytest.raises(CheckpointError, match="unknown depth"):
        TransformerConfig.from_dict(config.to_dict() | {"depth": 3})
