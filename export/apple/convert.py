"""Converts a graph's module to a Core ML program of one fixed shape."""

import warnings
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

import export.apple.operators  # noqa: F401 - registers an operator that coremltools lacks
from export.apple.graphs import AppleGraph, Dimensions, TensorSpec
from runtime.coreml.tools import coremltools as ct
from runtime.coreml.tools import quiet

Target = Literal["ios17", "ios18"]
TARGETS = {"ios17": ct.target.iOS17, "ios18": ct.target.iOS18}


def convert(module: nn.Module, graph: AppleGraph, dimensions: Dimensions, target: Target) -> Any:
    """`module`, built for these dimensions of the graph, as an MLModel with its float weights in memory."""
    examples = [spec.example(dimensions) for spec in graph.inputs.values()]
    with torch.no_grad(), warnings.catch_warnings():
        # Tracing warns that it makes some values constant. Shapes are fixed, so those values never change.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(module.eval(), tuple(examples), check_trace=False)
        with quiet():
            return ct.convert(
                traced,
                inputs=[tensor_type(name, spec, dimensions) for name, spec in graph.inputs.items()],
                outputs=[
                    ct.TensorType(name=name, dtype=getattr(np, spec.dtype))
                    for name, spec in graph.outputs.items()
                ],
                convert_to="mlprogram",
                minimum_deployment_target=TARGETS[target],
                compute_precision=ct.precision.FLOAT16 if graph.half else ct.precision.FLOAT32,
                skip_model_load=True,
            )


def tensor_type(name: str, spec: TensorSpec, dimensions: Dimensions) -> Any:
    """The input in coremltools' terms."""
    return ct.TensorType(name=name, shape=spec.example(dimensions).shape, dtype=getattr(np, spec.dtype))
