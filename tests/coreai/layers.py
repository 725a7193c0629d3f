"""Assets of single layers, written and run in tests."""

from pathlib import Path

import numpy as np
import torch
from torch import nn


def linear(weight: np.ndarray) -> nn.Module:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(torch.from_numpy(weight), requires_grad=False)
    return nn.Sequential(layer)


def write_asset(module: nn.Module, inputs: dict[str, np.ndarray], path: Path) -> Path:
    """The converted module, with the function "main" and the output "y"."""
    from coreai_torch import TorchConverter, get_decomp_table

    from export.apple.asset import quiet

    examples = tuple(map(torch.from_numpy, inputs.values()))
    program = torch.export.export(module.eval(), examples).run_decompositions(get_decomp_table())
    with quiet():
        converter = TorchConverter(mode=TorchConverter.Mode.RELEASE)
        converter.add_exported_program(program, input_names=list(inputs), output_names=["y"])
        converter.to_coreai().save_asset(path)
    return path


def run_asset(module: nn.Module, inputs: dict[str, np.ndarray], path: Path) -> np.ndarray:
    """The output of a converted and executed module."""
    from runtime.coreai.engine import AssetFunction

    return AssetFunction(write_asset(module, inputs, path), "main").run(inputs)["y"]
