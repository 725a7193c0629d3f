"""The graphs of an iPhone bundle by name: module, inputs and outputs, and the fixed shapes of each function.

Core ML runs fixed shapes best, so a graph has one function for each image size and number of text rows that
it depends on. A package holds all functions of a graph, which share their weights.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from export.apple.conditioner import AppleConditioner
from export.apple.data_format import Attention, data_format_for
from export.apple.embedder import TokenEmbedder
from export.apple.norms import ChannelNorm, fused, replace_group_norms
from export.apple.transformer import DoubleBlocks, SingleBlocks, Transformer
from export.conditioner import modulation_width
from export.draw_head import Sampler
from export.graphs import token_grid
from export.images import ImageDecoder, ImageEncoder
from export.sizes import Size
from export.text import TextEncoder
from reference.checkpoint import Checkpoint
from reference.transformer import MICRO_CONDITIONS, SINUSOID_WIDTH
from runtime.manifest import Compute

STEPS_A_CALL = 8  # of the conditioner; it divides the usual step counts
CHUNK_BYTES = 1e9  # the most bytes of half-precision weights that an iPhone loads in one graph
ROWS = (1, 2)  # text rows: without and with guidance

Shape = tuple[int | str, ...]  # a string names a dimension
Dimensions = Mapping[str, int]  # the sizes of named dimensions


@dataclass(frozen=True)
class TensorSpec:
    """The shape and type of an input or output."""

    shape: Shape
    dtype: Literal["int32", "float32"] = "float32"

    def example(self, dimensions: Dimensions) -> Tensor:
        """Zeros in the shape of a function with these dimensions."""
        shape = [dimensions[side] if isinstance(side, str) else side for side in self.shape]
        return torch.zeros(shape, dtype=getattr(torch, self.dtype))


@dataclass(frozen=True)
class AppleGraph:
    """What is needed to convert one graph."""

    part: str  # the part of the checkpoint whose weights the graph holds
    build: Callable[[Dimensions], nn.Module]  # called late, so that memory holds one graph's folded weights
    inputs: Mapping[str, TensorSpec]  # in the module's order
    outputs: Mapping[str, TensorSpec]
    half: bool  # whether the graph computes in float16
    compute: Compute  # the unit that the graph is made for

    def dimension_names(self) -> set[str]:
        """The named dimensions on which the graph's functions depend."""
        specs = [*self.inputs.values(), *self.outputs.values()]
        return {side for spec in specs for side in spec.shape if isinstance(side, str)}


def dimensions_of(checkpoint: Checkpoint, size: Size, rows: int) -> dict[str, int]:
    """The sizes of all named dimensions. Raises RequestError for a size the checkpoint cannot draw."""
    width, height = token_grid(checkpoint, size)
    cells = height * width // checkpoint.compression**2
    return {
        "rows": rows,
        "height": height,
        "width": width,
        "positions": height * width,
        "cells": cells,
        "stream": checkpoint.tokenizer.model_max_length + cells,
        "pixel_height": size[1],
        "pixel_width": size[0],
    }


def apple_graphs(
    checkpoint: Checkpoint, attention: Attention, chunked: bool, norm: ChannelNorm = fused
) -> dict[str, AppleGraph]:
    """All graphs by name, those of a step in running order; `chunked` puts the blocks into two graphs.

    `norm`: of the blocks, if the Neural Engine computes attention.
    """
    transformer, vqvae = checkpoint.transformer, checkpoint.vqvae
    config = transformer.config
    side, width, text = config.compression, config.inner_dim, checkpoint.tokenizer.model_max_length
    joint, pooled = checkpoint.text_encoder.config.hidden_size, config.pooled_projection_dim
    tokens = TensorSpec(("height", "width"), "int32")
    features = TensorSpec(("rows", "cells", side * side * width))
    context = TensorSpec(("rows", text, width))
    modulation = TensorSpec(("rows", modulation_width(transformer)))
    image = TensorSpec(("pixel_height", "pixel_width", 3), "int32")
    embedded, stream = TensorSpec((1, "cells", width)), TensorSpec(("rows", "stream", width))

    def grid(sizes: Dimensions) -> tuple[int, int, int]:
        return text, sizes["height"] // side, sizes["width"] // side

    def blocks(
        kind: type[nn.Module], inputs: dict[str, TensorSpec], outputs: dict[str, TensorSpec]
    ) -> AppleGraph:
        return AppleGraph(
            "transformer",
            lambda sizes: kind(transformer, data_format_for(attention, norm), grid(sizes)),
            inputs,
            outputs,
            half=True,
            compute=attention,
        )

    block_inputs = {"embedded": embedded, "context": context, "modulation": modulation}
    if chunked:
        block_graphs = {
            "double_blocks": blocks(DoubleBlocks, block_inputs, {"stream": stream}),
            "single_blocks": blocks(
                SingleBlocks, {"stream": stream, "modulation": modulation}, {"features": features}
            ),
        }
    else:
        block_graphs = {"transformer": blocks(Transformer, block_inputs, {"features": features})}
    return {
        "text_encoder": AppleGraph(
            "text_encoder",
            lambda sizes: TextEncoder(checkpoint.text_encoder),
            {"input_ids": TensorSpec(("rows", text), "int32")},
            {"text_hidden": TensorSpec(("rows", text, joint)), "text_pooled": TensorSpec(("rows", pooled))},
            half=True,
            compute="gpu",
        ),
        "conditioner": AppleGraph(
            "transformer",
            lambda sizes: AppleConditioner(transformer),
            {
                "text_hidden": TensorSpec(("rows", text, joint)),
                "text_pooled": TensorSpec(("rows", pooled)),
                "micro_sinusoids": TensorSpec((MICRO_CONDITIONS, SINUSOID_WIDTH)),
                "step_sinusoids": TensorSpec((STEPS_A_CALL, SINUSOID_WIDTH)),
            },
            {"context": context, "modulation": TensorSpec((STEPS_A_CALL, *modulation.shape))},
            half=True,
            compute="gpu",
        ),
        "token_embedder": AppleGraph(
            "transformer",
            lambda sizes: TokenEmbedder(transformer, sizes["height"], sizes["width"]),
            {"tokens": tokens},
            {"embedded": embedded},
            half=True,
            compute="cpu",
        ),
        **block_graphs,
        "sampler": AppleGraph(
            "transformer",
            lambda sizes: Sampler(transformer, sizes["height"], sizes["width"]),
            {
                "features": features,
                "guidance": TensorSpec((1,)),
                "uniforms": TensorSpec((2, "positions")),
            },
            {"drawn": TensorSpec(("positions",), "int32"), "log_prob": TensorSpec(("positions",))},
            half=False,
            compute="gpu",
        ),
        "image_decoder": AppleGraph(
            "vqvae",
            lambda sizes: replace_group_norms(ImageDecoder(vqvae)),
            {"tokens": tokens},
            {"image": image},
            half=True,
            compute="gpu",
        ),
        "image_encoder": AppleGraph(
            "vqvae",
            lambda sizes: replace_group_norms(ImageEncoder(vqvae, sizes["height"], sizes["width"])),
            {"image": image},
            {"tokens": tokens},
            half=False,  # half precision would change every tenth token of a sticker to a similar code
            compute="gpu",
        ),
    }


def step_of(graphs: Mapping[str, AppleGraph]) -> list[str]:
    """The graphs of a step in the order in which they run."""
    names = list(graphs)
    return names[names.index("token_embedder") : names.index("sampler") + 1]


def functions_of(graph: AppleGraph, shapes: Iterable[Dimensions]) -> dict[str, Dimensions]:
    """The graph's functions, name -> all dimensions; the first of `shapes` that give the same function."""
    functions: dict[str, Dimensions] = {}
    for dimensions in shapes:
        parts = [f"rows{dimensions['rows']}"] if "rows" in graph.dimension_names() else []
        if graph.dimension_names() - {"rows"}:
            parts.append(f"size{dimensions['pixel_width']}x{dimensions['pixel_height']}")
        functions.setdefault("_".join(parts) or "main", dimensions)
    return functions
