"""Compressed weights, against the file's own fields decompressed here in a few lines of numpy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools.optimize.coreml as cto
import numpy as np
import pytest
from torch import nn

from runtime.coreml.evaluator import Evaluator
from runtime.coreml.program import load_program
from tests.runtime.coreml.packages import build, convert, ct, mb, quiet

WIDTH, OUT = 64, 128
X = np.random.default_rng(0).standard_normal((5, WIDTH)).astype(np.float32)


def linear_package(path: Path, compress: Callable[[Any], Any]) -> Path:
    model = convert(nn.Linear(WIDTH, OUT), {"x": X}, half=True, outputs={"y": np.float32})
    with quiet():
        compress(model).save(str(path))
    return path


def weight_operation(package: Path) -> Any:
    operations = load_program(package).functions["main"].operations
    return next(op for op in operations if op.op_type == "linear").weight.op


def check(package: Path, weight: np.ndarray) -> None:
    """The evaluator's product with the file's weight is numpy's product with `weight`, [OUT, WIDTH]."""
    program = load_program(package)
    bias = next(op for op in program.functions["main"].operations if op.op_type == "linear").bias.val
    expected = X.astype(np.float64) @ weight.astype(np.float16).astype(np.float64).T + bias
    exact = Evaluator(package, half=False).run({"x": X})["y"]
    assert np.linalg.norm(exact - expected) <= 1e-6 * np.linalg.norm(expected)
    half = Evaluator(package).run({"x": X})["y"]
    assert np.linalg.norm(half - expected) <= 1e-3 * np.linalg.norm(expected)


def quantized(**settings: Any) -> Callable[[Any], Any]:
    config = cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=0, **settings)
    return lambda model: cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=config))


def palettized(**settings: Any) -> Callable[[Any], Any]:
    config = cto.OpPalettizerConfig(mode="uniform", weight_threshold=0, **settings)
    return lambda model: cto.palettize_weights(model, cto.OptimizationConfig(global_config=config))


def blockwise(op: Any) -> np.ndarray:
    """scale * (data - offset), a scale and an offset for each block."""
    data, scale = op.data.val.astype(np.float32), op.scale.val.astype(np.float32)
    repeats = [size // blocks for size, blocks in zip(data.shape, scale.shape, strict=True)]
    offset = np.zeros_like(scale) if op.offset is None else op.offset.val.astype(np.float32)
    for axis, repeat in enumerate(repeats):
        scale, offset = scale.repeat(repeat, axis), offset.repeat(repeat, axis)
    return scale * (data - offset)


def looked_up(op: Any) -> np.ndarray:
    """lut [groups of rows, groups of columns, entries, 1]: each index is looked up in its group's table."""
    indices, lut = op.indices.val, op.lut.val[..., 0]
    weight = np.empty(indices.shape, np.float32)
    for (row, column), index in np.ndenumerate(indices):
        group = row * lut.shape[0] // indices.shape[0], column * lut.shape[1] // indices.shape[1]
        weight[row, column] = lut[group][index]
    return weight


@pytest.mark.parametrize(
    ("settings", "dtype", "blocks"),
    [
        ({"dtype": "int8", "granularity": "per_channel"}, "int8", (OUT, 1)),
        ({"dtype": "int4", "granularity": "per_block", "block_size": 32}, "int4", (OUT, 2)),
        ({"dtype": "uint4", "granularity": "per_block", "block_size": 16}, "uint4", (OUT, 4)),
    ],
)
def test_quantized_weights(
    settings: dict[str, Any], dtype: str, blocks: tuple[int, int], tmp_path: Path
) -> None:
    package = linear_package(tmp_path / "q.mlpackage", quantized(**settings))
    op = weight_operation(package)
    assert op.op_type == "constexpr_blockwise_shift_scale"
    assert dtype in str(op.data.dtype.__type_info__())
    assert op.scale.shape == blocks
    check(package, blockwise(op))


@pytest.mark.parametrize(
    ("settings", "table"),
    [
        ({"nbits": 4}, (1, 1, 16, 1)),
        ({"nbits": 6}, (1, 1, 64, 1)),
        ({"nbits": 8}, (1, 1, 256, 1)),
        ({"nbits": 4, "granularity": "per_grouped_channel", "group_size": 16}, (OUT // 16, 1, 16, 1)),
    ],
)
def test_palettes(settings: dict[str, Any], table: tuple[int, ...], tmp_path: Path) -> None:
    package = linear_package(tmp_path / "p.mlpackage", palettized(**settings))
    op = weight_operation(package)
    assert op.op_type == "constexpr_lut_to_dense"
    assert op.lut.shape == table
    check(package, looked_up(op))


def test_palettes_of_int8_entries(tmp_path: Path) -> None:
    def compress(model: Any) -> Any:
        config = cto.OpLinearQuantizerConfig(
            mode="linear_symmetric", weight_threshold=0, granularity="per_tensor"
        )
        return cto.linear_quantize_weights(
            palettized(nbits=4)(model),
            cto.OptimizationConfig(global_config=config),
            joint_compression=True,
        )

    package = linear_package(tmp_path / "j.mlpackage", compress)
    lookup = weight_operation(package)
    entries = lookup.lut.op
    assert (lookup.op_type, entries.op_type) == ("constexpr_lut_to_dense", "constexpr_blockwise_shift_scale")
    scale = entries.scale.val.astype(np.float32).reshape(())
    check(package, (scale * entries.data.val.reshape(-1))[lookup.indices.val])


def test_sparse_weights(tmp_path: Path) -> None:
    config = cto.OpMagnitudePrunerConfig(target_sparsity=0.75, weight_threshold=0)
    package = linear_package(
        tmp_path / "s.mlpackage",
        lambda model: cto.prune_weights(model, cto.OptimizationConfig(global_config=config)),
    )
    op = weight_operation(package)
    assert op.op_type == "constexpr_sparse_to_dense"
    weight = np.zeros((OUT, WIDTH), np.float32)
    weight[op.mask.val.astype(bool)] = op.nonzero_data.val
    check(package, weight)


def test_an_embedding_and_a_convolution_are_decompressed(tmp_path: Path) -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows, self.conv = nn.Embedding(32, 64), nn.Conv1d(64, 48, 1)

        def forward(self, ids: Any) -> Any:
            return self.conv(self.rows(ids).transpose(1, 2))

    ids = np.arange(10, dtype=np.int32).reshape(1, 10)
    model = convert(Both(), {"ids": ids}, half=True, outputs={"y": np.float32})
    config = cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=0, dtype="int8")
    types = {"gather": config, "conv": config}
    with quiet():
        cto.linear_quantize_weights(model, cto.OptimizationConfig(op_type_configs=types)).save(
            str(tmp_path / "b.mlpackage")
        )
    operations = load_program(tmp_path / "b.mlpackage").functions["main"].operations
    table = blockwise(next(op for op in operations if op.op_type == "gather").x.op)
    conv = next(op for op in operations if op.op_type == "conv")
    expected = (
        np.einsum("oc,nc->on", blockwise(conv.weight.op)[..., 0], table[ids[0]]) + conv.bias.val[:, None]
    )
    actual = Evaluator(tmp_path / "b.mlpackage", half=False).run({"ids": ids})["y"][0]
    assert np.linalg.norm(actual - expected) <= 1e-3 * np.linalg.norm(expected)  # weights are rounded to half


def test_the_older_constants_of_ios_16(tmp_path: Path) -> None:
    data = np.random.default_rng(1).integers(-128, 128, (OUT, WIDTH), np.int8)
    scale = np.linspace(0.5, 2, OUT).astype(np.float16)
    lut = np.linspace(-1, 1, 4).astype(np.float16)
    source = np.random.default_rng(2).standard_normal((OUT, WIDTH)).astype(np.float16)
    mask = np.packbits(np.arange(OUT * WIDTH) % 4 == 0, bitorder="little")
    nonzero = source.reshape(-1)[: OUT * WIDTH // 4]
    indices = np.random.default_rng(3).integers(0, 4, OUT * WIDTH)
    packed = np.packbits((indices[:, None] >> np.arange(2)) & 1, bitorder="little")
    shape = np.array([OUT, WIDTH], np.uint32)

    def body(x: Any) -> Any:
        half = mb.cast(x=x, dtype="fp16")
        affine = mb.constexpr_affine_dequantize(
            quantized_data=data, zero_point=np.int8(3), scale=scale, axis=np.int32(0)
        )
        table = mb.constexpr_lut_to_dense(indices=packed, lut=lut, shape=shape)
        sparse = mb.constexpr_sparse_to_dense(nonzero_data=nonzero, mask=mask, shape=shape)
        single = mb.constexpr_cast(source_val=source, output_dtype="fp32")
        return (
            *(mb.linear(x=half, weight=weight) for weight in (affine, table, sparse)),
            mb.linear(x=x, weight=single),
        )

    package = build(tmp_path / "old.mlpackage", body, {"x": X}, target=ct.target.iOS16)
    kinds = [op.op_type for op in load_program(package).functions["main"].operations if "expr" in op.op_type]
    assert len(set(kinds)) == 4
    thinned = np.zeros(OUT * WIDTH, np.float16)
    thinned[::4] = nonzero
    weights = [
        (scale[:, None] * (data.astype(np.float32) - 3)).astype(np.float16),
        lut[indices].reshape(OUT, WIDTH),
        thinned.reshape(OUT, WIDTH),
        source,
    ]
    outputs = Evaluator(package, half=False).run({"x": X}).values()
    for output, weight in zip(outputs, weights, strict=True):
        expected = X.astype(np.float64) @ weight.astype(np.float64).T
        assert np.linalg.norm(output - expected) <= 1e-6 * np.linalg.norm(expected)
