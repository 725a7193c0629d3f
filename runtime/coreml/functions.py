"""Which function of a package fits, and tensors as Core ML takes them: for the evaluator and on a Mac."""

from collections.abc import Mapping

import numpy as np

from runtime.bundle import Function, Graph, Tensor
from runtime.errors import BundleError


def adapted(tensor: Tensor, array: np.ndarray) -> np.ndarray:
    """The array as Core ML takes it: no tensor without dimensions, no bytes."""
    array = array.reshape(1) if array.ndim == 0 else array
    return array.astype(np.int32) if array.dtype == np.uint8 and tensor.dtype == "int32" else array


def dimensions_of(graph: Graph, feed: Mapping[str, np.ndarray]) -> dict[str, int]:
    """The named dimensions of a graph's inputs, as arrays have them."""
    return {
        side: size
        for tensor in graph.inputs
        for side, size in zip(tensor.shape, feed[tensor.name].shape, strict=True)
        if isinstance(side, str)
    }


def choose(name: str, graph: Graph, dimensions: Mapping[str, int]) -> Function:
    """The function whose dimensions are these, as far as they are given. Raises BundleError."""
    for function in graph.functions:
        if all(dimensions.get(side, size) == size for side, size in function.dimensions.items()):
            return function
    sides = {side for function in graph.functions for side in function.dimensions}
    wanted = ", ".join(f"{side} {size}" for side, size in dimensions.items() if side in sides)
    raise BundleError(f"graph {name} has no function for {wanted}: export the bundle for this size")


def in_core_ml(function: str) -> str | None:
    """What Core ML is told to load: a package of one function calls it "main" and wants no name."""
    return None if function == "main" else function
