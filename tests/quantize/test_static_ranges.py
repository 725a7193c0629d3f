"""Ranges against onnxruntime's own calibrator, and convolutions kept float when int8 costs too much."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from onnxruntime.quantization.calibrate import CalibrationDataReader, CalibrationMethod, create_calibrator
from torch import nn

from quantize.errors import QuantizationError
from quantize.onnx_files import load, save
from quantize.static_ranges import measure, quantize_images, run
from runtime.parity.measures import image_psnr


def ran(path: Path, feeds: list[dict[str, np.ndarray]]) -> list[np.ndarray]:
    return run(load(path), path.parent, feeds)


class Trunk(nn.Module):
    """A small version of a VQ decoder's trunk."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(4, 16, 3, padding=1)
        self.mid_block = nn.Conv2d(16, 16, 3, padding=1)
        self.up_blocks = nn.ModuleList(nn.Conv2d(16, 16, 3, padding=1) for _ in range(2))
        self.conv_out = nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.mid_block(F.silu(self.conv_in(x)))
        for block in self.up_blocks:
            x = block(F.silu(F.interpolate(x, scale_factor=2.0, mode="nearest")))
        return self.conv_out(F.silu(x))


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(32, 4)
        self.decoder = Trunk()

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        pixels = self.decoder(self.table(tokens).permute(2, 0, 1).unsqueeze(0)) + 0.5
        return (pixels.clamp(0, 1) * 255).round().to(torch.uint8).squeeze(0).permute(1, 2, 0)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict(
            {
                "conv_in": nn.Conv2d(3, 16, 3, padding=1),
                "mid_block": nn.Conv2d(16, 16, 3, padding=1),
                "conv_out": nn.Conv2d(16, 8, 1),
            }
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = image.permute(2, 0, 1).unsqueeze(0).float() / 255
        for layer in self.encoder.values():
            x = torch.tanh(layer(x))
        return x.argmax(1)[0].to(torch.int32)


def export(module: nn.Module, example: torch.Tensor, names: tuple[str, str], path: Path) -> Path:
    program = torch.onnx.export(
        module.eval(),
        (example,),
        input_names=[names[0]],
        output_names=[names[1]],
        dynamo=True,
        opset_version=23,
        verbose=False,
    )
    save(program.model, path)
    return path


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("decoder") / "image_decoder.onnx"
    return export(Decoder(), torch.zeros(6, 5, dtype=torch.int32), ("tokens", "image"), path)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("encoder") / "image_encoder.onnx"
    return export(Encoder(), torch.zeros(12, 10, 3, dtype=torch.uint8), ("image", "tokens"), path)


def grids(count: int) -> list[dict[str, np.ndarray]]:
    generator = np.random.default_rng(0)
    return [{"tokens": generator.integers(0, 32, (6, 5), np.int32)} for _ in range(count)]


def pictures(count: int) -> list[dict[str, np.ndarray]]:
    generator = np.random.default_rng(0)
    return [{"image": generator.integers(0, 256, (12, 10, 3), np.uint8)} for _ in range(count)]


class Reader(CalibrationDataReader):
    def __init__(self, feeds: list[dict[str, np.ndarray]]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def test_ranges_equal_those_of_onnxruntimes_calibrator(decoder, tmp_path):
    calibrator = create_calibrator(
        decoder, ["Conv"], str(tmp_path / "augmented.onnx"), calibrate_method=CalibrationMethod.MinMax
    )
    calibrator.collect_data(Reader(grids(5)))
    theirs = calibrator.compute_data().data
    ours = measure(decoder, grids(5))
    nodes = [node for node in load(decoder).graph if node.op_type == "Conv"]
    assert len(ours) == len(nodes) == 5
    for node in nodes:
        for ours_of, value in zip(ours[node.inputs[1].name], (node.inputs[0], node.outputs[0]), strict=True):
            np.testing.assert_allclose(ours_of, np.ravel(theirs[value.name].range_value), rtol=1e-5)


def test_a_decoder_that_reaches_the_floor_is_entirely_int8(decoder, tmp_path):
    outcome = quantize_images(decoder, tmp_path / "int8.onnx", grids(8))
    assert outcome.tried == ((5, outcome.likeness),)
    assert outcome.static.precision == "int8"
    assert outcome.likeness >= outcome.floor == 35
    pairs = zip(ran(decoder, grids(8)), ran(tmp_path / "int8.onnx", grids(8)), strict=True)
    assert min(image_psnr(*pair) for pair in pairs) < np.inf
    assert outcome.likeness < np.inf


def test_a_higher_floor_keeps_as_few_convolutions_float_as_it_can(decoder, tmp_path):
    all_int8 = quantize_images(decoder, tmp_path / "int8.onnx", grids(8)).likeness
    outcome = quantize_images(decoder, tmp_path / "mixed.onnx", grids(8), floor=all_int8 + 3)
    tried = dict(outcome.tried)
    assert tried[5] == all_int8
    assert tried[5 - len(outcome.keep_float)] == outcome.likeness >= all_int8 + 3
    assert tried[6 - len(outcome.keep_float)] < all_int8 + 3
    kept = {name for name, why in outcome.static.left_float.items() if why == "kept float on request"}
    assert kept == set(outcome.keep_float)
    assert outcome.static.precision == "fp32+int8"


def test_the_convolution_that_int8_spoils_is_kept_float(decoder, tmp_path):
    floor = (
        quantize_images(decoder, tmp_path / "int8.onnx", grids(8)).likeness - 6
    )  # the spoiled convolution costs 13
    torch.manual_seed(0)
    module = Decoder()
    with torch.no_grad():  # the same pictures, but one channel is so large that the others round to 0
        module.table.weight[:, 0] *= 1000
        module.decoder.conv_in.weight[:, 0] /= 1000
    example = torch.zeros(6, 5, dtype=torch.int32)
    source = export(module, example, ("tokens", "image"), tmp_path / "image_decoder.onnx")
    outcome = quantize_images(source, tmp_path / "int8.onnx", grids(8), floor)
    assert outcome.tried[0][1] < floor <= outcome.likeness
    assert outcome.keep_float == ("decoder.conv_in.weight",)


def test_a_floor_out_of_reach_leaves_the_graph_float(decoder, tmp_path):
    outcome = quantize_images(decoder, tmp_path / "float.onnx", grids(4), floor=1000)
    assert outcome.static.convolutions == [] and outcome.static.precision == "fp32"
    assert outcome.likeness == np.inf
    (expected,), (found,) = ran(decoder, grids(1)), ran(tmp_path / "float.onnx", grids(1))
    assert np.array_equal(expected, found)
    assert len(outcome.tried) > 1 and "float" in str(outcome)


def test_an_encoders_likeness_is_its_share_of_equal_tokens(encoder, tmp_path):
    outcome = quantize_images(encoder, tmp_path / "int8.onnx", pictures(8), floor=0.5)
    assert outcome.tried == ((3, outcome.likeness),)
    assert 0.5 <= outcome.likeness <= 1


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures_are_refused_in_one_line(decoder, tmp_path, count):
    with pytest.raises(
        QuantizationError, match=rf"^image_decoder.onnx: {count} pictures to calibrate on: .*$"
    ):
        quantize_images(decoder, tmp_path / "x.onnx", iter(grids(count)))
    assert not (tmp_path / "x.onnx").exists()
