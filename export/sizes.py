"""How large a bundle's graphs will be, without making them."""

from collections.abc import Mapping

from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from export.graphs import GraphSpec
from quantize.store import PAGE


def estimate(specs: Mapping[str, GraphSpec], int8: frozenset[str]) -> dict[str, int]:
    """Bytes of each graph's data file, by name; the graphs named in `int8` are counted quantized.

    Modules are built from shapes alone: nothing is folded and no memory is taken.
    """
    with FakeTensorMode(allow_non_fake_inputs=True):
        return {name: data_bytes(spec.build(), name in int8) for name, spec in specs.items()}


def data_bytes(module: nn.Module, int8: bool) -> int:
    """A linear or a table in int8 has one byte a weight and four a scale: an output channel's, a row's."""
    total = 0
    for part in module.modules():
        for name, tensor in [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]:
            size = tensor.numel() * tensor.element_size()
            if int8 and name == "weight" and isinstance(part, (nn.Linear, nn.Embedding)):
                size = tensor.numel() + 4 * tensor.shape[0]
            total += -(-size // PAGE) * PAGE if size >= PAGE else size
    return total
