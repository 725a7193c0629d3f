"""Arithmetic, comparisons, functions of one number, and casts."""

import torch
from torch import Tensor

from runtime.coreml.ops.operator import table


def clip(x: Tensor, alpha: float, beta: float) -> Tensor:
    return x.clamp(alpha, beta)


def threshold(x: Tensor, alpha: float) -> Tensor:
    return x.clamp_min(alpha)


# MIL adds epsilon before each of these three; converters write the smallest number.
def inverse(x: Tensor, epsilon: float) -> Tensor:
    return (x + epsilon).reciprocal()


def rsqrt(x: Tensor, epsilon: float) -> Tensor:
    return (x + epsilon).rsqrt()


def log(x: Tensor, epsilon: float) -> Tensor:
    return (x + epsilon).log()


def cast(x: Tensor, dtype: str) -> Tensor:
    """Round towards zero from float to int. The evaluator rounds results declared fp16, as everywhere."""
    if dtype in ("fp16", "fp32"):
        return x.float()
    if dtype == "uint16":  # int32 instead, because torch supports uint16 in few operations
        return x.int() & 0xFFFF
    return x.to(
        {"int8": torch.int8, "uint8": torch.uint8, "int16": torch.int16, "bool": torch.bool}.get(
            dtype, torch.int32
        )
    )


ELEMENTWISE = {
    **table(
        exact=True,
        add=lambda x, y: x + y,
        sub=lambda x, y: x - y,
        mul=lambda x, y: x * y,
        real_div=lambda x, y: x / y,
        maximum=lambda x, y: torch.maximum(x, y),
        minimum=lambda x, y: torch.minimum(x, y),
        equal=lambda x, y: x == y,
        not_equal=lambda x, y: x != y,
        greater=lambda x, y: x > y,
        greater_equal=lambda x, y: x >= y,
        less=lambda x, y: x < y,
        less_equal=lambda x, y: x <= y,
        logical_and=lambda x, y: x & y,
        logical_or=lambda x, y: x | y,
        logical_xor=lambda x, y: x ^ y,
        logical_not=lambda x: ~x,
        select=lambda cond, a, b: torch.where(cond, a, b),
        abs=lambda x: x.abs(),
        ceil=lambda x: x.ceil(),
        floor=lambda x: x.floor(),
        round=lambda x: x.round(),  # half to even
        sign=lambda x: x.sign(),
        sqrt=lambda x: x.sqrt(),
        square=lambda x: x.square(),
        clip=clip,
        threshold=threshold,
        cast=cast,
    ),
    **table(
        exact=False,
        floor_div=lambda x, y: torch.div(x, y, rounding_mode="floor"),
        mod=lambda x, y: torch.remainder(x, y),  # the sign of y
        pow=lambda x, y: torch.pow(x, y),
        exp=lambda x: x.exp(),
        exp2=lambda x: x.exp2(),
        erf=lambda x: x.erf(),
        sin=lambda x: x.sin(),
        cos=lambda x: x.cos(),
        tan=lambda x: x.tan(),
        asin=lambda x: x.asin(),
        acos=lambda x: x.acos(),
        atan=lambda x: x.atan(),
        sinh=lambda x: x.sinh(),
        cosh=lambda x: x.cosh(),
        tanh=lambda x: x.tanh(),
        atanh=lambda x: x.atanh(),
        inverse=inverse,
        rsqrt=rsqrt,
        log=log,
    ),
}
