"""Writes one graph of a Core AI bundle: its functions, compressed and converted into one asset."""

import contextlib
import io
import json
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.apple.calibration import Drawings, round_weights
from export.apple.coreai_converter import TorchConverter, get_decomp_table, strip_debug_info
from export.apple.coreai_sampler import Drawn, Logits, logits_graph
from export.apple.coreai_weights import Compression
from export.apple.coreml_bundle import KINDS
from export.apple.graphs import AppleGraph, Dimensions, TensorSpec
from export.apple.package import CompressedGraph
from export.size_estimate import weights_of
from export.workspace import scratch
from quantize.coreml import SMALLEST, Form, Weight, check_fit, in_program
from quantize.coreml_recipe import CoreMLRecipe
from runtime.parity.coreai_logits import name_of

SAMPLER = "sampler"


class Boundary(nn.Module):
    """A module whose inputs and outputs have the types of the manifest, whatever it computes in."""

    def __init__(self, module: nn.Module, outputs: Mapping[str, TensorSpec], half: bool) -> None:
        super().__init__()
        self.module = module.half() if half else module
        self.dtypes = [getattr(torch, spec.dtype) for spec in outputs.values()]
        self.computes_in = torch.float16 if half else torch.float32

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        made = self.module(*(x.to(self.computes_in) if x.is_floating_point() else x for x in inputs))
        made = made if isinstance(made, tuple) else (made,)
        return tuple(value.to(dtype) for value, dtype in zip(made, self.dtypes, strict=True))


def forms_of(
    module: nn.Module, name: str, graph: AppleGraph, recipe: CoreMLRecipe, half: bool
) -> dict[str, Form]:
    """The form of each weight of a graph's module by parameter. Raises RecipeError if one does not fit.

    A float weight has the precision of the arithmetic, because Core AI's compiler folds a cast of a constant.
    """
    weights = {
        parameter: Weight(
            in_program(parameter), KINDS[weight.kind], tuple(module.get_parameter(parameter).shape)
        )
        for parameter, weight in weights_of(module)
        if module.get_parameter(parameter).numel() > SMALLEST
    }
    named = recipe.of(name, list(weights.values()))
    plain: Form = "fp16" if half else "fp32"
    forms: dict[str, Form] = {}
    for parameter, weight in weights.items():
        form = named[weight.name]
        forms[parameter] = plain if form in ("fp32", "fp16") else form
        check_fit(weight, forms[parameter], grouped=True, half=half)
    return forms


def write_asset(
    drawings: Drawings,
    name: str,
    functions: Mapping[str, Dimensions],
    recipe: CoreMLRecipe,
    half: bool,
    path: Path,
) -> CompressedGraph:
    """Write graph `name` of `drawings`, with its `functions` (name -> dimensions), into the asset `path`.

    `half`: compute in float16. Equal weights of functions are stored once. Raises RecipeError if the recipe
    does not fit a weight.
    """
    graph = drawings.graphs[name]
    forms: dict[str, Form] = {}
    # Only release mode leaves out stack traces, which hold paths of this machine.
    converter = TorchConverter(mode=TorchConverter.Mode.RELEASE)
    with scratch(path.with_name("codes")) as folder:
        first = next(iter(functions.values()))
        codes = round_weights(drawings, name, first, recipe, grouped=True, folder=folder / "codes")
        with quiet():
            for function, dimensions in functions.items():
                module = drawings.module(name, dimensions)
                forms = forms_of(module, name, graph, recipe, half)
                Compression(forms, codes, half=graph.half).apply(module)
                if name == SAMPLER:
                    add(converter, function, Drawn(module), graph, dimensions, half)
                    shown = logits_graph(graph)
                    add(converter, name_of(function), Logits(module), shown, dimensions, half)
                else:
                    add(converter, function, module, graph, dimensions, half)
            program = converter.to_coreai()
            strip_debug_info(program)
            asset = program.save_asset(path)
            asset.update_metadata(undated)
    metadata = path / "metadata.json"  # whose keys have another order in each process
    metadata.write_text(
        json.dumps(json.loads(metadata.read_text(encoding="utf-8")), indent=2, sort_keys=True)
    )
    return CompressedGraph(len(functions), Counter(forms.values()), plain="fp32")


def add(
    converter: Any, function: str, module: nn.Module, graph: AppleGraph, dimensions: Dimensions, half: bool
) -> None:
    """Stage a module as an entry point of the asset."""
    converter.add_exported_program(
        exported(Boundary(module, graph.outputs, half).eval(), graph, dimensions),
        input_names=list(graph.inputs),
        output_names=list(graph.outputs),
        entrypoint_name=function,
    )


def exported(module: nn.Module, graph: AppleGraph, dimensions: Dimensions) -> Any:
    """The module as an ExportedProgram with Core AI's operators."""
    examples = tuple(spec.example(dimensions) for spec in graph.inputs.values())
    with torch.no_grad():
        return torch.export.export(module, examples).run_decompositions(operators())


def operators() -> dict[Any, Any]:
    """The converter's decompositions, and that of the one operator of the sampler that it cannot convert:
    `take_along_dim` wraps negative indices with a remainder.
    """
    aten = torch.ops.aten

    def remainder(x: Tensor, divisor: int) -> Tensor:
        """x modulo a divisor above 0, with the sign of the divisor; `fmod` has the sign of x."""
        return aten.fmod.Scalar(aten.add.Scalar(aten.fmod.Scalar(x, divisor), divisor), divisor)

    table = get_decomp_table()
    table[aten.remainder.Scalar] = remainder
    return table


def undated(metadata: Any) -> None:
    """Equal weights give equal assets, apart from the compiler's names of constants."""
    metadata.creation_date = 0.0


def asset_files(path: Path) -> list[Path]:
    """The files of an asset, its metadata last."""
    return sorted(file for file in path.rglob("*") if file.is_file())


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide the converter's progress and warnings; errors are exceptions."""
    with (
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
