"""Assets of single layers and samplers, executed by Apple's runtime beside torch."""

import numpy as np
import pytest
import torch

from reference.checkpoint import load_checkpoint
from tests.coreai.layers import linear, run_asset
from tests.export.inputs import GOLDEN


@pytest.mark.parametrize(
    ("form", "bits"), [("int8", 8), ("int4", 4), ("palette8", 8), ("palette6", 6), ("palette4", 4)]
)
def test_weights_are_stored_in_their_bits_and_come_back_exactly(form, bits, tmp_path):
    """An identity shows the weights that the runtime computes with."""
    from export.apple.coreai_weights import Compression
    from quantize.coreml_codes import Codes

    weight = np.random.default_rng(3).normal(size=(256, 192)).astype(np.float32)
    compression = Compression({"0.weight": form}, Codes(tmp_path / "codes"), half=True)
    stored = compression.stored("0.weight", form, weight)
    wanted = stored(torch.empty(0)).numpy()
    assert np.abs(wanted - weight).max() < np.abs(weight).max() * {8: 0.1, 6: 0.2, 4: 0.5}[bits]
    module = compression.apply(linear(weight))
    identity = np.eye(192, dtype=np.float32)[None]
    found = run_asset(module, {"x": identity}, tmp_path / "x.aimodel")[0].T
    assert np.array_equal(found, wanted)
    size = sum(file.stat().st_size for file in (tmp_path / "x.aimodel").iterdir())
    assert size < weight.size * bits / 8 + 20_000


@pytest.mark.parametrize("name", ["mono", "mei"])
def test_the_sampler_written_otherwise_draws_the_same(name):
    """Bit for bit in torch, with and without feature compression."""
    from export.apple.coreai_sampler import Drawn, Logits
    from export.draw_head import Sampler

    transformer = load_checkpoint(GOLDEN / name / "checkpoint").transformer
    config, generator = transformer.config, torch.Generator().manual_seed(1)
    side = config.compression
    sampler = Sampler(transformer, 4 * side, 6 * side).eval()
    features = torch.randn(2, 24, side * side * config.inner_dim, generator=generator)
    guidance, uniforms = torch.tensor([3.0]), torch.rand(2, 24 * side**2, generator=generator)
    with torch.no_grad():
        wanted, found = (each(features, guidance, uniforms) for each in (sampler, Drawn(sampler)))
        logits = Logits(sampler)(features, guidance)
        direct = sampler.drawing.logits(sampler.guided(features, guidance)[None])[0]
    assert all(torch.equal(one, other) for one, other in zip(wanted, found, strict=True))
    assert torch.equal(logits, direct)


def test_a_missing_function_and_a_damaged_asset_take_one_line(tmp_path):
    from runtime.coreai.engine import AssetFunction
    from runtime.errors import BundleError, EngineError

    path = tmp_path / "x.aimodel"
    run_asset(linear(np.eye(8, dtype=np.float32)), {"x": np.eye(8, dtype=np.float32)}, path)
    with pytest.raises(EngineError, match="has no function other"):
        AssetFunction(path, "other")
    (path / "main.mlirb").write_bytes(b"damaged")
    with pytest.raises(BundleError, match=r"main\.mlirb is damaged"):
        AssetFunction(path, "main")
    (path / "main.hash").unlink()
    with pytest.raises(BundleError, match=r"cannot read .*main\.hash"):
        AssetFunction(path, "main")


def test_an_asset_of_another_version_takes_one_line(tmp_path):
    from runtime.coreai.saved import open_asset
    from runtime.errors import BundleError

    path = tmp_path / "x.aimodel"
    run_asset(linear(np.eye(8, dtype=np.float32)), {"x": np.eye(8, dtype=np.float32)}, path)
    text = (path / "metadata.json").read_text()
    (path / "metadata.json").write_text(text.replace('"2.0"', '"3.0"'))
    with pytest.raises(BundleError, match=r"asset version 3\.0, and this runtime reads 2\.0"):
        open_asset(path)
    (path / "metadata.json").write_text("[]")
    with pytest.raises(BundleError, match=r"metadata\.json does not describe an asset"):
        open_asset(path)


def test_a_shape_that_a_function_does_not_have_takes_one_line(tmp_path):
    from runtime.coreai.engine import AssetFunction
    from runtime.errors import EngineError

    path = tmp_path / "x.aimodel"
    run_asset(linear(np.eye(8, dtype=np.float32)), {"x": np.eye(8, dtype=np.float32)}, path)
    with pytest.raises(EngineError, match=r"Core AI failed in .*x\.aimodel, main: ") as failure:
        AssetFunction(path, "main").run({"x": np.eye(4, dtype=np.float32)})
    assert "\n" not in str(failure.value)
