"""The size of a bundle's graphs, estimated without making them."""

from collections.abc import Iterator, Mapping

from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from export.graphs import GraphSpec
from quantize.onnx_files import PAGE
from quantize.recipe import Recipe, stored_bytes
from quantize.weights import Weight


def estimate(specs: Mapping[str, GraphSpec], recipe: Recipe) -> dict[str, int]:
    """Bytes of each graph's data file, by name. Raises RecipeError for a recipe that does not fit.

    Modules are built from shapes alone: nothing is folded and no memory is taken.
    """
    recipe.check_graphs(specs)
    with FakeTensorMode(allow_non_fake_inputs=True):
        return {name: data_bytes(spec.build(), name, recipe, npu=spec.npu) for name, spec in specs.items()}


def data_bytes(module: nn.Module, graph: str, recipe: Recipe, npu: bool) -> int:
    """Bytes of a graph's tensors: weights as the recipe stores them, or as `quantize.qnn` does for the NPU;
    others as they are.
    """
    weights = dict(weights_of(module))
    recipe.check(graph, {weight.name: weight for weight in weights.values()})
    total = 0
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        size = tensor.numel() * tensor.element_size()
        if name in weights and npu:
            size = npu_bytes(weights[name], recipe)
        elif name in weights:
            size = stored_bytes(weights[name], recipe.precision(graph, weights[name]), recipe.block)
        total += -(-size // PAGE) * PAGE if size >= PAGE else size
    return total


def npu_bytes(weight: Weight, recipe: Recipe) -> int:
    """Tables have 16 bits, convolutions 8, and linears 8 or 4."""
    if weight.kind == "table":
        return 2 * weight.size
    return weight.size // 2 if weight.kind == "linear" and recipe.default == "int4" else weight.size


def weights_of(module: nn.Module) -> Iterator[tuple[str, Weight]]:
    """Parameter name and weight of each layer, with the name and shape it has in the traced graph."""
    for name, part in module.named_modules():
        if isinstance(part, nn.Linear):  # stored transposed under its layer's name (`trace`)
            yield f"{name}.weight", Weight(name, "linear", (part.in_features, part.out_features))
        elif isinstance(part, nn.Embedding):
            yield f"{name}.weight", Weight(f"{name}.weight", "table", tuple(part.weight.shape))
        elif isinstance(part, nn.Conv2d):
            yield f"{name}.weight", Weight(f"{name}.weight", "convolution", tuple(part.weight.shape))
