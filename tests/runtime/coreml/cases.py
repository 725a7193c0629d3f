"""One small program, at least, for every operator: how MIL builds it and what torch says it computes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.runtime.coreml.packages import mb, types

_random = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """`expected` takes the inputs as float32, int32 or bool tensors. Float inputs are cast to the type tested."""

    type: str
    build: Callable[..., Any]
    expected: Callable[..., Any]
    inputs: dict[str, np.ndarray]

    def __str__(self) -> str:
        return self.type


def real(*shape: int) -> np.ndarray:
    # Of half precision, so that both types see the same numbers.
    return _random.standard_normal(shape).astype(np.float16).astype(np.float32)


def positive(*shape: int) -> np.ndarray:
    return np.abs(real(*shape)) + np.float32(0.25)


def whole(*shape: int, low: int = -9, high: int = 10) -> np.ndarray:
    return _random.integers(low, high, shape, dtype=np.int32)


def like(x: Any, constant: Any) -> np.ndarray:
    """A constant in the type of a variable."""
    return np.asarray(constant, types.nptype_from_builtin(x.dtype))


def case(type: str, build: Callable[..., Any], expected: Callable[..., Any], **inputs: np.ndarray) -> Case:
    return Case(type, build, expected, inputs)


def _unary(type: str, function: Callable[[Tensor], Tensor], x: np.ndarray | None = None) -> Case:
    x = real(2, 5) if x is None else x
    return case(type, lambda x: getattr(mb, type)(x=x), lambda x: function(x), x=x)


def _binary(type: str, function: Callable[..., Tensor], x: np.ndarray, y: np.ndarray) -> Case:
    return case(type, lambda x, y: getattr(mb, type)(x=x, y=y), function, x=x, y=y)


def _as_bool(x: Any) -> Any:
    return mb.cast(x=x, dtype="bool")


def _logical(type: str, function: Callable[..., Tensor]) -> Case:
    return case(
        type,
        lambda x, y: mb.cast(x=getattr(mb, type)(x=_as_bool(x), y=_as_bool(y)), dtype="int32"),
        lambda x, y: function(x.bool(), y.bool()).int(),
        x=whole(3, 4, low=0, high=2),
        y=whole(3, 4, low=0, high=2),
    )


def _comparison(type: str, function: Callable[..., Tensor]) -> Case:
    return case(
        type,
        lambda x, y: mb.cast(x=getattr(mb, type)(x=x, y=y), dtype="int32"),
        lambda x, y: function(x, y).int(),
        x=whole(4, 5, low=-2, high=3).astype(np.float32),
        y=whole(5, low=-2, high=3).astype(np.float32),
    )


def _reduction(type: str, function: Callable[[Tensor], Tensor], x: np.ndarray | None = None) -> Case:
    x = real(2, 3, 4) if x is None else x
    return case(type, lambda x: getattr(mb, type)(x=x, axes=[0, -1], keep_dims=True), function, x=x)


GAMMA, BETA, VARIANCE = real(6), real(6), positive(6)
HALVES = np.array([[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.25, -3.75]], np.float32)
SIGNED = np.array([[-7.5, 7.5, -7, 7, 0, 3]], np.float32)
UNIT = np.linspace(-0.9, 0.9, 7, dtype=np.float16).astype(np.float32).reshape(1, 7)

ELEMENTWISE = [
    _binary("add", lambda x, y: x + y, real(2, 3, 4), real(3, 1)),
    _binary("add", lambda x, y: x + y, whole(2, 3), whole(3)),
    _binary("sub", lambda x, y: x - y, real(2, 3), real(3)),
    _binary("mul", lambda x, y: x * y, real(2, 3), real(3)),
    _binary("real_div", lambda x, y: x / y, real(2, 3), positive(3)),
    _binary("floor_div", lambda x, y: torch.floor(x / y), SIGNED, np.array([2], np.float32)),
    _binary("floor_div", lambda x, y: (x / y).floor().int(), whole(2, 6), np.array([-4], np.int32)),
    _binary("mod", lambda x, y: x - y * torch.floor(x / y), SIGNED, np.array([2], np.float32)),
    _binary("mod", lambda x, y: x - y * (x / y).floor().int(), whole(2, 6), np.array([-4], np.int32)),
    _binary("pow", lambda x, y: (y * x.log()).exp(), positive(2, 3), real(3)),
    _binary("maximum", lambda x, y: torch.where(x > y, x, y), real(2, 3), real(3)),
    _binary("minimum", lambda x, y: torch.where(x < y, x, y), whole(2, 3), whole(3)),
    _comparison("equal", torch.eq),
    _comparison("not_equal", torch.ne),
    _comparison("greater", torch.gt),
    _comparison("greater_equal", torch.ge),
    _comparison("less", torch.lt),
    _comparison("less_equal", torch.le),
    _logical("logical_and", torch.logical_and),
    _logical("logical_or", torch.logical_or),
    _logical("logical_xor", torch.logical_xor),
    case(
        "logical_not",
        lambda x: mb.cast(x=mb.logical_not(x=_as_bool(x)), dtype="int32"),
        lambda x: (x == 0).int(),
        x=whole(3, 4, low=0, high=2),
    ),
    case(
        "select",
        lambda c, x, y: mb.select(cond=_as_bool(c), a=x, b=y),
        lambda c, x, y: torch.where(c.bool(), x, y),
        c=whole(3, 1, low=0, high=2),
        x=real(3, 4),
        y=real(3, 4),
    ),
    _unary("abs", torch.abs),
    _unary("ceil", torch.ceil, HALVES),
    _unary("floor", torch.floor, HALVES),
    _unary("round", lambda x: torch.from_numpy(np.rint(x.numpy())), HALVES),
    _unary("sign", torch.sign, HALVES),
    _unary("sqrt", torch.sqrt, positive(2, 5)),
    _unary("square", lambda x: x * x),
    _unary("exp", torch.exp),
    _unary("exp2", lambda x: 2**x),
    _unary("erf", torch.erf),
    _unary("sin", torch.sin),
    _unary("cos", torch.cos),
    _unary("tan", torch.tan),
    _unary("asin", torch.asin, UNIT),
    _unary("acos", torch.acos, UNIT),
    _unary("atan", torch.atan),
    _unary("sinh", torch.sinh),
    _unary("cosh", torch.cosh),
    _unary("tanh", torch.tanh),
    _unary("atanh", torch.atanh, UNIT),
    case("inverse", lambda x: mb.inverse(x=x, epsilon=0.5), lambda x: 1 / (x + 0.5), x=positive(2, 5)),
    case("rsqrt", lambda x: mb.rsqrt(x=x, epsilon=0.5), lambda x: (x + 0.5) ** -0.5, x=positive(2, 5)),
    case("log", lambda x: mb.log(x=x, epsilon=0.5), lambda x: (x + 0.5).log(), x=positive(2, 5)),
    case("clip", lambda x: mb.clip(x=x, alpha=-0.5, beta=1.0), lambda x: x.clamp(-0.5, 1), x=real(2, 5)),
    case("threshold", lambda x: mb.threshold(x=x, alpha=0.25), lambda x: x.clamp_min(0.25), x=real(2, 5)),
    case("cast", lambda x: mb.cast(x=x, dtype="int32"), lambda x: x.trunc().int(), x=HALVES),
    case("cast", lambda x: mb.cast(x=x, dtype="fp32"), lambda x: x.float(), x=whole(2, 3)),
    case(
        "cast",
        lambda x: mb.cast(x=mb.cast(x=x, dtype="uint16"), dtype="int32"),
        lambda x: x,
        x=np.array([0, 40000, 65535], np.int32),
    ),
    case(
        "cast",
        lambda x: mb.cast(x=mb.cast(x=x, dtype="bool"), dtype="int32"),
        lambda x: (x != 0).int(),
        x=np.array([0, 0.25, -3], np.float32),
    ),
]

ACTIVATIONS = [
    _unary("relu", F.relu),
    _unary("relu6", F.relu6, real(2, 5) * 8),
    _unary("sigmoid", torch.sigmoid),
    _unary("silu", lambda x: x / (1 + (-x).exp())),
    _unary("softplus", lambda x: (1 + x.exp()).log()),
    case("elu", lambda x: mb.elu(x=x, alpha=0.5), lambda x: F.elu(x, 0.5), x=real(2, 5)),
    case(
        "leaky_relu", lambda x: mb.leaky_relu(x=x, alpha=0.25), lambda x: F.leaky_relu(x, 0.25), x=real(2, 5)
    ),
    case(
        "softplus_parametric",
        lambda x: mb.softplus_parametric(x=x, alpha=like(x, [1, 2]), beta=like(x, [0.5, 1])),
        lambda x: torch.tensor([1.0, 2])[:, None] * F.softplus(x * torch.tensor([0.5, 1])[:, None]),
        x=real(1, 2, 3),
    ),
    case("gelu", lambda x: mb.gelu(x=x, mode="EXACT"), F.gelu, x=real(2, 5)),
    case(
        "gelu",
        lambda x: mb.gelu(x=x, mode="TANH_APPROXIMATION"),
        lambda x: F.gelu(x, approximate="tanh"),
        x=real(2, 5),
    ),
    case(
        "gelu",
        lambda x: mb.gelu(x=x, mode="SIGMOID_APPROXIMATION"),
        lambda x: x / (1 + (-1.702 * x).exp()),
        x=real(2, 5),
    ),
    case("softmax", lambda x: mb.softmax(x=x, axis=1), lambda x: x.softmax(1), x=real(2, 5, 3)),
    case(
        "layer_norm",
        lambda x: mb.layer_norm(x=x, axes=[-1], gamma=like(x, GAMMA), beta=like(x, BETA), epsilon=0.25),
        lambda x: F.layer_norm(x, (6,), torch.from_numpy(GAMMA), torch.from_numpy(BETA), 0.25),
        x=real(2, 5, 6),
    ),
    case(
        "layer_norm",
        lambda x: mb.layer_norm(x=x, axes=[1, 2], epsilon=0.25),
        lambda x: (x - x.mean((1, 2), keepdim=True)) / (x.var((1, 2), False, keepdim=True) + 0.25).sqrt(),
        x=real(2, 3, 4, 5),
    ),
    case(
        "batch_norm",
        lambda x: mb.batch_norm(
            x=x,
            mean=like(x, BETA),
            variance=like(x, VARIANCE),
            gamma=like(x, GAMMA),
            beta=like(x, BETA),
            epsilon=0.25,
        ),
        lambda x: F.batch_norm(x, *(torch.from_numpy(a) for a in (BETA, VARIANCE, GAMMA, BETA)), eps=0.25),
        x=real(2, 6, 3, 4),
    ),
    case(
        "instance_norm",
        lambda x: mb.instance_norm(x=x, gamma=like(x, GAMMA), beta=like(x, BETA), epsilon=0.25),
        lambda x: (
            (x - x.mean((2, 3), keepdim=True))
            / (x.var((2, 3), False, keepdim=True) + 0.25).sqrt()
            * torch.from_numpy(GAMMA)[:, None, None]
            + torch.from_numpy(BETA)[:, None, None]
        ),
        x=real(2, 6, 3, 4),
    ),
]

REDUCTIONS = [
    _reduction("reduce_sum", lambda x: x.sum((0, 2), keepdim=True)),
    _reduction("reduce_sum", lambda x: x.sum((0, 2), keepdim=True).int(), whole(2, 3, 4)),
    _reduction("reduce_mean", lambda x: x.mean((0, 2), keepdim=True)),
    _reduction("reduce_max", lambda x: x.amax((0, 2), keepdim=True)),
    _reduction("reduce_min", lambda x: x.amin((0, 2), keepdim=True)),
    _reduction("reduce_prod", lambda x: x.prod(2, True).prod(0, True)),
    _reduction("reduce_sum_square", lambda x: (x * x).sum((0, 2), keepdim=True)),
    _reduction("reduce_l1_norm", lambda x: x.abs().sum((0, 2), keepdim=True)),
    _reduction("reduce_l2_norm", lambda x: (x * x).sum((0, 2), keepdim=True).sqrt()),
    _reduction("reduce_log_sum", lambda x: x.sum((0, 2), keepdim=True).log(), positive(2, 3, 4)),
    _reduction("reduce_log_sum_exp", lambda x: x.exp().sum((0, 2), keepdim=True).log()),
    case("reduce_sum", lambda x: mb.reduce_sum(x=x), lambda x: x.sum(), x=real(2, 3)),
    case("reduce_prod", lambda x: mb.reduce_prod(x=x, axes=[0, 1]), lambda x: x.prod(), x=real(2, 3)),
    case(
        "reduce_argmax",
        lambda x: mb.reduce_argmax(x=x, axis=1),
        lambda x: torch.tensor([[1, 0], [2, 1]], dtype=torch.int32),
        x=np.array([[[1, 5], [3, 5], [3, 5]], [[1, 1], [2, 7], [4, 6]]], np.float32),
    ),
    case(
        "reduce_argmin",
        lambda x: mb.reduce_argmin(x=x, axis=-1, keep_dims=True),
        lambda x: torch.tensor([[1], [0]], dtype=torch.int32),
        x=np.array([[3, 1, 1], [2, 2, 2]], np.float32),
    ),
    case("cumsum", lambda x: mb.cumsum(x=x, axis=1), lambda x: x.cumsum(1), x=real(2, 5)),
    case(
        "cumsum",
        lambda x: mb.cumsum(x=x, axis=0, exclusive=True),
        lambda x: torch.tensor([0, 1, 3, 6], dtype=torch.int32),
        x=np.array([1, 2, 3, 4], np.int32),
    ),
    case(
        "cumsum",
        lambda x: mb.cumsum(x=x, axis=-1, exclusive=True, reverse=True),
        lambda x: torch.tensor([[9.0, 7, 4, 0]]),
        x=np.array([[1, 2, 3, 4]], np.float32),
    ),
    case(
        "argsort",
        lambda x: mb.argsort(x=x, axis=-1),
        lambda x: torch.tensor([[1, 3, 0, 2]], dtype=torch.int32),
        x=np.array([[2, 5, 1, 2.5]], np.float32),
    ),
    case(
        "topk",
        lambda x: mb.topk(x=x, k=2, axis=1, ascending=True),
        lambda x: (x[:, [3, 0]], torch.tensor([[3, 0]], dtype=torch.int32)),
        x=np.array([[2, 5, 4, 1]], np.float32),
    ),
    case(
        "topk",
        lambda x: mb.topk(x=x, k=2, return_indices=False),
        lambda x: x[:, [1, 2]],
        x=np.array([[2, 5, 4, 1]], np.float32),
    ),
]


def _slices(**named: Any) -> Callable[..., Any]:
    return lambda x: mb.slice_by_index(x=x, **named)


SHAPES = [
    _unary("identity", lambda x: x),
    _unary("shape", lambda x: torch.tensor([2, 5], dtype=torch.int32)),
    case("reshape", lambda x: mb.reshape(x=x, shape=[0, -1]), lambda x: x.flatten(1), x=real(2, 3, 4)),
    case("reshape", lambda x: mb.reshape(x=x, shape=[4, 3]), lambda x: x.view(4, 3), x=whole(2, 6)),
    case(
        "reshape",  # to a size that the program computes
        lambda x: mb.reshape(x=x, shape=mb.shape(x=mb.transpose(x=x, perm=[1, 0]))),
        lambda x: x.reshape(3, 2),
        x=real(2, 3),
    ),
    case(
        "transpose",
        lambda x: mb.transpose(x=x, perm=[2, 0, 1]),
        lambda x: x.permute(2, 0, 1),
        x=real(2, 3, 4),
    ),
    case(
        "expand_dims", lambda x: mb.expand_dims(x=x, axes=[0, -1]), lambda x: x[None, ..., None], x=real(2, 3)
    ),
    case("squeeze", lambda x: mb.squeeze(x=x, axes=[0, 2]), lambda x: x[0, :, 0], x=real(1, 3, 1)),
    case("squeeze", lambda x: mb.squeeze(x=x), lambda x: x[0, :, 0], x=real(1, 3, 1)),
    case("flatten2d", lambda x: mb.flatten2d(x=x, axis=2), lambda x: x.reshape(6, 4), x=real(2, 3, 4)),
    case(
        "concat",
        lambda x, y: mb.concat(values=[x, y, like(x, GAMMA[None])], axis=0),
        lambda x, y: torch.cat([x, y, torch.from_numpy(GAMMA)[None]]),
        x=real(2, 6),
        y=real(1, 6),
    ),
    case(
        "concat",
        lambda x, y: mb.concat(values=[x, y], axis=-1, interleave=True),
        lambda x, y: torch.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1),
        x=real(3, 2),
        y=real(3, 2),
    ),
    case(
        "stack",
        lambda x, y: mb.stack(values=[x, y], axis=1),
        lambda x, y: torch.stack([x, y], 1),
        x=real(2, 3),
        y=real(2, 3),
    ),
    case("split", lambda x: mb.split(x=x, num_splits=2, axis=-1), lambda x: x.chunk(2, -1), x=real(2, 6)),
    case(
        "split",
        lambda x: mb.split(x=x, split_sizes=[1, 3, 2], axis=1),
        lambda x: x.split([1, 3, 2], 1),
        x=real(2, 6),
    ),
    case("tile", lambda x: mb.tile(x=x, reps=[2, 1, 3]), lambda x: x.repeat(2, 1, 3), x=real(2, 3, 2)),
    case("reverse", lambda x: mb.reverse(x=x, axes=[1]), lambda x: x[:, [2, 1, 0]], x=real(2, 3)),
    case("reverse", lambda x: mb.reverse(x=x), lambda x: x.flip(0, 1), x=real(2, 3)),
    case(
        "pad",
        lambda x: mb.pad(x=x, pad=[1, 0, 2, 3], constant_val=0.5),
        lambda x: F.pad(x, [2, 3, 1, 0], value=0.5),
        x=real(2, 3, 4),
    ),
    *(
        case(
            "pad",
            lambda x, mode=mode: mb.pad(x=x, pad=[1, 2, 3, 1], mode=mode),
            lambda x, mode=mode: F.pad(x[None], [3, 1, 1, 2], mode=mode)[0],
            x=real(2, 3, 4),
        )
        for mode in ("reflect", "replicate")
    ),
    case("slice_by_index", _slices(begin=[1, -3], end=[2, 4]), lambda x: x[1:2, 1:4], x=real(3, 4)),
    case(
        "slice_by_index",
        _slices(begin=[7, 0], end=[2, 7], begin_mask=[True, False], end_mask=[False, True], stride=[1, 2]),
        lambda x: x[:2, ::2],
        x=real(3, 5),
    ),
    case(
        "slice_by_index",
        _slices(begin=[-1, 1, 0], end=[0, 3, 0], squeeze_mask=[True, False, True]),
        lambda x: x[-1, 1:3, 0],
        x=real(3, 5, 2),
    ),
    case(
        "slice_by_index",
        _slices(begin=[3, 4], end=[0, 0], stride=[-1, -2], end_mask=[False, True]),
        lambda x: x[[3, 2, 1]][:, [4, 2, 0]],
        x=real(4, 5),
    ),
    case(
        "slice_by_index",  # begin and end that the program is given
        lambda x, b: mb.reshape(
            x=mb.slice_by_index(x=x, begin=b, end=mb.add(x=b, y=np.int32([1, 2]))), shape=[1, 2]
        ),
        lambda x, b: x[1:2, 3:5],
        x=real(4, 5),
        b=np.array([1, 3], np.int32),
    ),
    case(
        "slice_update",
        lambda x, u: mb.slice_update(x=x, update=u, begin=[1, 0], end=[2, 5], stride=[1, 2]),
        lambda x, u: torch.cat(
            [x[:1], torch.stack([u[0, 0], x[1, 1], u[0, 1], x[1, 3], u[0, 2]])[None], x[2:]]
        ),
        x=real(3, 5),
        u=real(1, 3),
    ),
    case(
        "slice_by_size",
        lambda x: mb.slice_by_size(x=x, begin=[1, 2], size=[-1, 2]),
        lambda x: x[1:, 2:4],
        x=real(3, 5),
    ),
    case("band_part", lambda x: mb.band_part(x=x, lower=-1, upper=0), lambda x: x.tril(), x=real(2, 4, 5)),
    case("band_part", lambda x: mb.band_part(x=x, lower=1, upper=-1), lambda x: x.triu(-1), x=real(4, 5)),
    case(
        "depth_to_space",
        lambda x: mb.depth_to_space(x=x, block_size=2),
        lambda x: F.pixel_shuffle(x.view(1, 4, 3, 2, 5).transpose(1, 2).reshape(1, 12, 2, 5), 2),
        x=real(1, 12, 2, 5),
    ),
    case(
        "space_to_depth",
        lambda x: mb.space_to_depth(x=x, block_size=2),
        lambda x: F.pixel_unshuffle(x, 2).view(1, 3, 4, 2, 3).transpose(1, 2).reshape(1, 12, 2, 3),
        x=real(1, 3, 4, 6),
    ),
    case(
        "pixel_shuffle",
        lambda x: mb.pixel_shuffle(x=x, upscale_factor=2),
        lambda x: x.view(1, 2, 2, 2, 3, 5).permute(0, 1, 4, 2, 5, 3).reshape(1, 2, 6, 10),
        x=real(1, 8, 3, 5),
    ),
    case(
        "pixel_unshuffle",
        lambda x: mb.pixel_unshuffle(x=x, downscale_factor=np.uint32(2)),
        lambda x: x.view(1, 2, 3, 2, 5, 2).permute(0, 1, 3, 5, 2, 4).reshape(1, 8, 3, 5),
        x=real(1, 2, 6, 10),
    ),
    case(
        "fill",
        lambda x: mb.add(x=x, y=mb.fill(shape=[2, 3], value=like(x, 1.5))),
        lambda x: x + 1.5,
        x=real(2, 3),
    ),
    case(
        "fill_like",
        lambda x: mb.fill_like(ref_tensor=x, value=like(x, 1.5)),
        lambda x: torch.full((2, 3), 1.5),
        x=real(2, 3),
    ),
    case(
        "range_1d",
        lambda x: mb.add(x=x, y=mb.range_1d(start=2, end=11, step=3)),
        lambda x: x + torch.tensor([2, 5, 8], dtype=torch.int32),
        x=whole(3),
    ),
    case(
        "one_hot",
        lambda x: mb.one_hot(indices=x, one_hot_vector_size=5, axis=1, on_value=2, off_value=-1),
        lambda x: (F.one_hot(x.long(), 5) * 3 - 1).int().transpose(1, 2),
        x=whole(2, 3, low=0, high=5),
    ),
]

WEIGHT = real(6, 4)
KERNEL = real(6, 4, 3, 2)
TRANSPOSED = real(4, 3, 3, 2)


def _conv(bias: bool, **named: Any) -> Callable[..., Any]:
    return lambda x: mb.conv(x=x, weight=like(x, KERNEL), bias=like(x, BETA) if bias else None, **named)


def _conv_transpose(**named: Any) -> Callable[..., Any]:
    return lambda x: mb.conv_transpose(x=x, weight=like(x, TRANSPOSED), bias=like(x, BETA[:3]), **named)


PRODUCTS = [
    case(
        "linear",
        lambda x: mb.linear(x=x, weight=like(x, WEIGHT), bias=like(x, BETA)),
        lambda x: x @ torch.from_numpy(WEIGHT).T + torch.from_numpy(BETA),
        x=real(2, 5, 4),
    ),
    case(
        "linear",
        lambda x: mb.linear(x=x, weight=like(x, WEIGHT)),
        lambda x: x @ torch.from_numpy(WEIGHT).T,
        x=real(3, 4),
    ),
    _binary("matmul", torch.matmul, real(2, 1, 3, 4), real(5, 4, 2)),
    case(
        "matmul",
        lambda x, y: mb.matmul(x=x, y=y, transpose_x=True, transpose_y=True),
        lambda x, y: x.transpose(1, 2) @ y.T,
        x=real(2, 4, 3),
        y=real(5, 4),
    ),
    case(
        "einsum",
        lambda q, k: mb.einsum(values=[q, k], equation="bchq,bkhc->bkhq"),
        lambda q, k: (q[:, None] * k.permute(0, 1, 3, 2)[..., None]).sum(2),
        q=real(2, 4, 3, 5),
        k=real(2, 6, 3, 4),
    ),
    case(
        "scaled_dot_product_attention",
        lambda q, k, v: mb.scaled_dot_product_attention(query=q, key=k, value=v),
        lambda q, k, v: (q @ k.mT / 2).softmax(-1) @ v,
        q=real(2, 3, 5, 4),
        k=real(2, 3, 6, 4),
        v=real(2, 3, 6, 7),
    ),
    case(
        "scaled_dot_product_attention",
        lambda q, k, v, m: mb.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=m),
        lambda q, k, v, m: (q @ k.mT / 2 + m).softmax(-1) @ v,
        q=real(2, 5, 4),
        k=real(2, 6, 4),
        v=real(2, 6, 4),
        m=real(5, 6),
    ),
    case(
        "scaled_dot_product_attention",
        lambda q, k, v, m: mb.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=_as_bool(m)),
        lambda q, k, v, m: (q @ k.mT / 2).masked_fill(m == 0, -torch.inf).softmax(-1) @ v,
        q=real(2, 5, 4),
        k=real(2, 6, 4),
        v=real(2, 6, 4),
        m=np.tri(5, 6, dtype=np.int32),
    ),
    case(
        "conv",
        _conv(True, pad_type="custom", pad=[1, 2, 0, 1], strides=[2, 1]),
        lambda x: F.conv2d(
            F.pad(x, [0, 1, 1, 2]), torch.from_numpy(KERNEL), torch.from_numpy(BETA), stride=(2, 1)
        ),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",
        _conv(False, pad_type="valid", dilations=[2, 1]),
        lambda x: F.conv2d(x, torch.from_numpy(KERNEL), dilation=(2, 1)),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",
        _conv(False, pad_type="same", strides=[2, 2]),
        lambda x: F.conv2d(F.pad(x, [0, 0, 1, 1]), torch.from_numpy(KERNEL), stride=2),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",
        _conv(False, pad_type="same_lower"),
        lambda x: F.conv2d(F.pad(x, [1, 0, 1, 1]), torch.from_numpy(KERNEL)),
        x=real(2, 4, 7, 6),
    ),
    case(
        "conv",  # one axis, a group a channel
        lambda x: mb.conv(x=x, weight=like(x, KERNEL[:4, :1, :, 0]), pad_type="valid", groups=4),
        lambda x: F.conv1d(x, torch.from_numpy(KERNEL[:4, :1, :, 0].copy()), groups=4),
        x=real(2, 4, 7),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="valid", strides=[2, 3]),
        lambda x: F.conv_transpose2d(
            x, torch.from_numpy(TRANSPOSED), torch.from_numpy(BETA[:3]), stride=(2, 3)
        ),
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="custom", pad=[1, 0, 1, 1], strides=[2, 2]),
        lambda x: F.conv_transpose2d(x, torch.from_numpy(TRANSPOSED), torch.from_numpy(BETA[:3]), stride=2)[
            :, :, 1:, 1:-1
        ],
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="custom", pad=[1, 1, 0, 0], strides=[2, 2], output_shape=[2, 3, 6, 11]),
        lambda x: F.conv_transpose2d(
            x,
            torch.from_numpy(TRANSPOSED),
            torch.from_numpy(BETA[:3]),
            stride=2,
            padding=(1, 0),
            output_padding=(1, 1),
        ),
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        _conv_transpose(pad_type="same", strides=[2, 2]),
        lambda x: F.conv_transpose2d(x, torch.from_numpy(TRANSPOSED), torch.from_numpy(BETA[:3]), stride=2)[
            :, :, :-1
        ],
        x=real(2, 4, 3, 5),
    ),
    case(
        "conv_transpose",
        lambda x: mb.conv_transpose(x=x, weight=like(x, TRANSPOSED), groups=2),
        lambda x: F.conv_transpose2d(x, torch.from_numpy(TRANSPOSED), groups=2),
        x=real(2, 4, 3, 5),
    ),
]

TABLE = real(7, 3)

GATHERING = [
    case(
        "gather",
        lambda i, x: mb.add(x=mb.gather(x=like(x, TABLE), indices=i, axis=0), y=x),
        lambda i, x: F.embedding(i, torch.from_numpy(TABLE)) + x,
        i=whole(2, 4, low=0, high=7),
        x=real(3),
    ),
    case(
        "gather",
        lambda x: mb.gather(x=x, indices=np.int32([2, 0]), axis=-1),
        lambda x: x[..., [2, 0]],
        x=real(2, 4, 3),
    ),
    case(
        "gather",
        lambda x, i: mb.gather(x=x, indices=i, axis=2, batch_dims=1),
        lambda x, i: torch.stack([x[0][:, i[0]], x[1][:, i[1]]]),
        x=real(2, 3, 4, 5),
        i=whole(2, 6, low=0, high=4),
    ),
    case(
        "gather_along_axis",
        lambda x, i: mb.gather_along_axis(x=x, indices=i, axis=1),
        lambda x, i: x.gather(1, i.long()),
        x=real(3, 5),
        i=whole(3, 2, low=0, high=5),
    ),
    case(
        "gather_nd",
        lambda x, i: mb.gather_nd(x=x, indices=i),
        lambda x, i: x[i[..., 0], i[..., 1]],
        x=real(3, 3, 4),
        i=whole(2, 5, 2, low=0, high=3),
    ),
    case(
        "gather_nd",
        lambda x, i: mb.gather_nd(x=x, indices=i, batch_dims=1),
        lambda x, i: torch.stack([x[b][i[b, :, 0]] for b in range(2)]),
        x=real(2, 3, 4),
        i=whole(2, 5, 1, low=0, high=3),
    ),
    *(
        case(
            "scatter_along_axis",
            lambda x, u, mode=mode: mb.scatter_along_axis(
                data=x, indices=np.int32([[0, 3], [2, 1]]), updates=u, axis=1, mode=mode
            ),
            lambda x, u, f=f: _scattered(x, u, f),
            x=positive(2, 4),
            u=positive(2, 2),
        )
        for mode, f in {
            "update": lambda x, u: u,
            "add": torch.add,
            "sub": torch.sub,
            "mul": torch.mul,
            "div": torch.div,
            "max": torch.maximum,
            "min": torch.minimum,
        }.items()
    ),
    case(
        "scatter",
        lambda x, u: mb.scatter(data=x, indices=np.int32([3, 0, 3]), updates=u, axis=1, mode="add"),
        lambda x, u: torch.stack([x[:, 0] + u[:, 1], x[:, 1], x[:, 2], x[:, 3] + u[:, 0] + u[:, 2]], 1),
        x=real(2, 4, 3),
        u=real(2, 3, 3),
    ),
    case(
        "scatter_nd",
        lambda x, u: mb.scatter_nd(data=x, indices=np.int32([[1, 2], [0, 0]]), updates=u, mode="update"),
        lambda x, u: x.index_put((torch.tensor([1, 0]), torch.tensor([2, 0])), u),
        x=real(2, 3, 4),
        u=real(2, 4),
    ),
]


def _scattered(x: Tensor, updates: Tensor, combine: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    result = x.clone()
    for row, columns in enumerate([[0, 3], [2, 1]]):
        for place, column in enumerate(columns):
            result[row, column] = combine(x[row, column], updates[row, place])
    return result


RESIZING = [
    case(
        "upsample_nearest_neighbor",
        lambda x: mb.upsample_nearest_neighbor(x=x, scale_factor_height=2, scale_factor_width=3),
        lambda x: x.repeat_interleave(2, -2).repeat_interleave(3, -1),
        x=real(1, 2, 3, 4),
    ),
    case(
        "resize_nearest_neighbor",
        lambda x: mb.resize_nearest_neighbor(x=x, target_size_height=5, target_size_width=2),
        lambda x: F.interpolate(x, (5, 2), mode="nearest"),
        x=real(1, 2, 3, 4),
    ),
    *(
        case(
            "upsample_bilinear",
            lambda x, align=align: mb.upsample_bilinear(
                x=x, scale_factor_height=2, scale_factor_width=2, align_corners=align
            ),
            lambda x, align=align: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=align),
            x=real(1, 2, 3, 4),
        )
        for align in (False, True)
    ),
    *(
        case(
            "resize_bilinear",
            lambda x, mode=mode, n=len(values): mb.resize_bilinear(
                x=x, target_size_height=1, target_size_width=n, sampling_mode=mode
            ),
            lambda x, values=values: torch.tensor([[values]]),
            x=np.array([[[0, 1]]], np.float32),
        )
        # The figures of MIL's documentation, where it gives some.
        for mode, values in {
            "UNALIGN_CORNERS": [0.0, 0.1, 0.5, 0.9, 1.0],
            "STRICT_ALIGN_CORNERS": [0.0, 0.25, 0.5, 0.75, 1.0],
            "ALIGN_CORNERS": [0.5],
            "DEFAULT": [0.0, 0.4, 0.8, 1.0, 1.0],
            "OFFSET_CORNERS": [0.1, 0.3, 0.5, 0.7, 0.9],
        }.items()
    ),
]

QUANTIZATION = [
    case(
        "quantize",
        lambda x: mb.cast(
            x=mb.quantize(input=x, scale=like(x, 0.5), zero_point=np.int8(3), output_dtype="int8"),
            dtype="int32",
        ),
        lambda x: torch.tensor([[3, 5, 5, 7, -128, 127]], dtype=torch.int32),
        x=np.array([[0, 0.75, 1.25, 2, -100, 100]], np.float32),
    ),
    case(
        "quantize",
        lambda x: mb.cast(
            x=mb.quantize(input=x, scale=like(x, [0.5, 2]), axis=1, output_dtype="uint8"), dtype="int32"
        ),
        lambda x: torch.tensor([[8, 2], [0, 255]], dtype=torch.int32),
        x=np.array([[4, 4], [-1, 1000]], np.float32),
    ),
    case(
        "dequantize",
        lambda x: mb.dequantize(
            input=mb.quantize(input=x, scale=like(x, [0.5, 2]), axis=0, output_dtype="int8"),
            scale=like(x, [0.5, 2]),
            zero_point=np.int8([1, 0]),
            axis=0,
        ),
        lambda x: torch.tensor([[1.5, -1.0], [4, -6]]),
        x=np.array([[2, -0.5], [4, -6]], np.float32),
    ),
]

CASES = [
    *ELEMENTWISE,
    *ACTIVATIONS,
    *REDUCTIONS,
    *SHAPES,
    *PRODUCTS,
    *GATHERING,
    *RESIZING,
    *QUANTIZATION,
]
