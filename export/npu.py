"""The operators that Qualcomm's NPU takes and computes right, where they are not those of the CPU's graphs.

docs/npu.md has the measured error of each form, and the forms that were refused or computed wrongly.

    q, k, v [R, S, heads*H] --> Reshape, Transpose --> MatMul --> Mul 1/sqrt(H) --> Softmax --> MatMul
                            --> Transpose, Reshape
    x rotated by angles     --> x * cos + (x P) * sin,  where P [H, H] turns (a, b) into (-b, a) in each pair
    group norm              --> Reshape [N, groups, -1] --> InstanceNormalization --> Reshape --> Mul --> Add
    doubling of H and W     --> Concat of four --> DepthToSpace
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
from onnxscript import opset23
from torch import Tensor

from export.step import Kernels, Rotation


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attention head by head."""
    queries, keys, values = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    scores = queries @ keys.transpose(-1, -2) * queries.shape[-1] ** -0.5
    return (scores.softmax(dim=-1) @ values).transpose(1, 2).flatten(2)


def npu_kernels(head: int) -> Kernels:
    """For heads of width H = `head`."""
    # Made here and not while a graph is traced, so that the graph holds it once.
    turn = torch.kron(torch.eye(head // 2), torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))  # (a, b) -> (-b, a)

    def rotate(x: Tensor, rotation: Rotation) -> Tensor:
        cos, sin = rotation.by_position
        return (x * cos + x @ turn * sin).flatten(2)

    return Kernels(attend, rotate)


op: Any = opset23  # whose type hints know no lists


def group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, *_: Any) -> Any:
    """Group norm of [N, C, H, W]."""
    count, channels, height, width = x.shape
    ones, zeros = constant(np.ones(groups)), constant(np.zeros(groups))
    grouped = op.Reshape(x, [count, groups, channels // groups * height * width])
    normed = op.InstanceNormalization(grouped, ones, zeros, epsilon=eps)
    apart = op.Reshape(normed, [count, channels, height, width])
    by_channel = [1, channels, 1, 1]
    return op.Add(op.Mul(apart, op.Reshape(weight, by_channel)), op.Reshape(bias, by_channel))


def constant(value: np.ndarray) -> Any:
    """A float32 tensor of the graph."""
    return op.Constant(value=ir.tensor(value.astype(np.float32)))


def doubling(x: Any, *_: Any) -> Any:
    """Nearest-neighbour doubling of [N, C, H, W]."""
    return op.DepthToSpace(op.Concat(x, x, x, x, axis=1), blocksize=2, mode="DCR")


# What `trace` puts in place of torch's operators.
TRANSLATIONS: dict[Any, Callable[..., Any]] = {
    torch.ops.aten.group_norm.default: group_norm,
    torch.ops.aten.upsample_nearest2d.vec: doubling,
}
