"""Choose a graph's function by the shapes of its inputs, and convert tensors to the types that Apple's
runtimes accept.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from runtime.errors import BundleError
from runtime.manifest import Function, Graph, Tensor


def adapted(tensor: Tensor, array: np.ndarray) -> np.ndarray:
    """The array in a form Apple's runtimes accept: at least one dimension, int32 instead of uint8."""
    array = array.reshape(1) if array.ndim == 0 else array
    return array.astype(np.int32) if array.dtype == np.uint8 and tensor.dtype == "int32" else array


def dimensions_of(graph: Graph, tensors: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Sizes of the named dimensions of a graph's inputs, taken from the arrays.

    The token grid counts even if the graph does not read it: blocks of 2 x 3 and of 3 x 2 cells differ, and
    their inputs have the same shape.
    """
    grid = tensors["tokens"].shape if "tokens" in tensors else ()
    return dict(zip(("height", "width"), grid, strict=False)) | {
        side: size
        for tensor in graph.inputs
        for side, size in zip(tensor.shape, tensors[tensor.name].shape, strict=True)
        if isinstance(side, str)
    }


def fixed(tensors: Sequence[Tensor], function: Function | None) -> list[Tensor]:
    """The tensors of a graph in the shapes that a function has."""
    sizes = function.dimensions if function else {}
    return [
        tensor.model_copy(update={"shape": [sizes.get(side, side) for side in tensor.shape]})  # type: ignore[arg-type]
        for tensor in tensors
    ]


def choose(name: str, graph: Graph, dimensions: Mapping[str, int]) -> Function:
    """The first function that agrees with all given dimensions. Raises BundleError if there is none."""
    for function in graph.functions:
        if all(dimensions.get(side, size) == size for side, size in function.dimensions.items()):
            return function
    sides = {side for function in graph.functions for side in function.dimensions}
    wanted = ", ".join(f"{side} {size}" for side, size in dimensions.items() if side in sides)
    raise BundleError(f"graph {name} has no function for {wanted}: export the bundle for this size")


def in_core_ml(function: str) -> str | None:
    """The function name for Core ML: None for "main", because a package of one function takes no name."""
    return None if function == "main" else function
