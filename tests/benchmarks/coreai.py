"""`python -m tests.benchmarks.coreai`: Core AI bundles of the 64 px stickers on Apple's runtime.

beside      every graph in every form: the evaluator on the package beside Apple's runtime on the asset
bundles     size and verification of a bundle in every form
scores      how many pictures of such a bundle show what their prompts ask for
rounding    our weights beside those of coreai-opt, in torch: equal tokens of the step

The figures go to docs/results/coreai.json. A stopped run continues where it was.
"""

import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from export.apple.asset import forms_of
from export.apple.calibration import Drawings, Feed, round_weights, run
from export.apple.coreai_bundle import CoreAIExporter, CoreAIOptions
from export.apple.coreai_sampler import Logits
from export.apple.coreai_weights import Compression
from export.apple.graphs import apple_graphs, dimensions_of
from export.bundle_writer import write_bundle
from quantize.coreml import BLOCK
from quantize.coreml_recipe import CoreMLRecipe
from quantize.trials import size
from reference.checkpoint import Checkpoint, load_checkpoint
from reference.errors import Parser, UserError, exit_code
from runtime.bundle import Bundle, open_bundle
from runtime.manifest import MANIFEST
from runtime.parity.prompt_following import judge, sticker_tasks
from tests.benchmarks.coreai_report import FORMS, KINDS, RESULT, Kind
from tests.benchmarks.results import path, provenance, read, with_source, write
from tests.benchmarks.scores import PER_CATEGORY
from tests.coreai.beside import Beside, Difference
from tests.shared_bundles import STICKERS_64

WORK = Path("build/coreai")
COMMAND = "python -m tests.benchmarks.coreai"


def recipe(form: str) -> CoreMLRecipe:
    return CoreMLRecipe.model_validate({"default": form})


class Figures:
    """The result file, written after every figure; each section says when it was last measured."""

    def __init__(self) -> None:
        stored = read(RESULT) if path(RESULT).exists() else {}
        self.content = {**stored, **provenance(COMMAND, 1)}

    def missing(self, section: str, name: str) -> bool:
        return name not in self.content.get(section, {})

    def add(self, section: str, name: str, **figures: Any) -> None:
        measured = self.content.get(section, {}) | {name: figures}
        self.content = with_source(self.content, COMMAND, **{section: measured})
        write(RESULT, self.content)
        print(f"{section}: {name}: {figures}", flush=True)


def beside(figures: Figures, checkpoint: Checkpoint) -> None:
    """Every graph in every form in float32, and in half precision with float16 weights."""
    drawn = Drawings(checkpoint, apple_graphs(checkpoint, "gpu", chunked=False))
    for form, name in compared(drawn.graphs):
        half, key = form == "fp16", f"{form} {name}"
        if not (half and not drawn.graphs[name].half) and figures.missing("beside", key):
            with tempfile.TemporaryDirectory() as folder:
                both = Beside(drawn, name, recipe(form), half, Path(folder))
                begun = time.perf_counter()
                expected, evaluated, apple = both.outputs(both.feed())
                figures.add(
                    "beside",
                    key,
                    arithmetic="float16" if both.graph.half else "float32",
                    unequal_weights=len(both.unequal_weights()),
                    evaluator=Difference.of(expected, evaluated).figures(),
                    apple=Difference.of(expected, apple).figures(),
                    beside=Difference.of(evaluated, apple).figures(),
                    seconds=round(time.perf_counter() - begun, 1),
                )


def compared(graphs: Iterable[str]) -> list[tuple[str, str]]:
    """Form and graph, the most telling first: int8, half precision, the transformer, all others."""
    every = [(form, name) for form in ("int8", "fp16", *FORMS) for name in graphs]
    first = [pair for pair in every if pair[0] in ("int8", "fp16")]
    return list(dict.fromkeys([*first, *((form, "transformer") for form in FORMS), *every]))


def bundle_of(checkpoint: Checkpoint, kind: Kind) -> Bundle:
    """The bundle of a kind, verified by its export."""
    folder = WORK / kind.name
    if not (folder / MANIFEST).exists():
        sizes = [checkpoint.defaults.size]
        options = CoreAIOptions(sizes, recipe(kind.form), kind.attention, kind.arithmetic)
        write_bundle(CoreAIExporter(checkpoint, options), folder, False, lambda line: None)
    return open_bundle(folder)


def bundles(figures: Figures, checkpoint: Checkpoint) -> None:
    """A bundle of every kind."""
    for kind in KINDS:
        if figures.missing("bundles", kind.name):
            bundle = bundle_of(checkpoint, kind)
            figures.add("bundles", kind.name, bytes=size(bundle), parity=bundle.manifest.parity)


def scores(figures: Figures, checkpoint: Checkpoint) -> None:
    """Pictures that Apple's runtime draws from the bundles, judged."""
    for form in FORMS:
        verdicts = figures.content.get("scores", {}).get(form, {}).get("verdicts", "")
        bundle = bundle_of(checkpoint, Kind(form))
        for known in judge(bundle, sticker_tasks(bundle, PER_CATEGORY), verdicts, threads=1):
            figures.add("scores", form, verdicts=known)


def rounding(figures: Figures, checkpoint: Checkpoint) -> None:
    """The transformer compressed by our export and by coreai-opt, the rest of the step in float."""
    drawings = Drawings(checkpoint, apple_graphs(checkpoint, "gpu", chunked=False))
    dimensions = dimensions_of(checkpoint, checkpoint.defaults.size, 2)
    graph, feeds = drawings.graphs["transformer"], drawings.steps(dimensions)
    for form in FORMS[1:]:
        if figures.missing("rounding", f"{form} ours"):
            module = drawings.module("transformer", dimensions)
            forms = forms_of(module, "transformer", graph, recipe(form), half=False)
            with tempfile.TemporaryDirectory() as folder:
                codes = round_weights(
                    drawings, "transformer", dimensions, recipe(form), grouped=True, folder=Path(folder)
                )
                Compression(forms, codes, half=graph.half).apply(module)
            figures.add("rounding", f"{form} ours", **kept(drawings, module, feeds))
        if figures.missing("rounding", f"{form} coreai-opt"):
            module = drawings.module("transformer", dimensions)
            examples = tuple(spec.example(dimensions) for spec in graph.inputs.values())
            figures.add(
                "rounding", f"{form} coreai-opt", **kept(drawings, by_apple(module, examples, form), feeds)
            )


def by_apple(module: nn.Module, examples: tuple[Any, ...], form: str) -> nn.Module:
    """The module compressed by coreai-opt's preset for the form, as it computes in torch.

    Raises UserError.
    """
    if not find_spec("coreai_opt"):
        raise UserError("coreai-opt is not installed: pip install coreai-opt")
    from coreai_opt.common import ExportBackend
    from coreai_opt.palettization import KMeansPalettizer, KMeansPalettizerConfig
    from coreai_opt.quantization import ModuleQuantizerConfig, Quantizer, QuantizerConfig

    bits = int(form[-1])
    compressor: Any
    if form.startswith("palette"):
        compressor = KMeansPalettizer(module, getattr(KMeansPalettizerConfig.presets, f"w{bits}")())
    else:
        presets = ModuleQuantizerConfig.presets
        weights = presets.w8(axis=0) if bits == 8 else presets.w4_per_block(block_size=BLOCK, axis=1)
        # Only linears, as ours: it would quantize the weights of norms too.
        compressor = Quantizer(
            module, QuantizerConfig(global_config=None, module_type_configs={nn.Linear: weights})
        )
    prepared = compressor.prepare(examples)
    with torch.no_grad():
        prepared(*examples)
    made: nn.Module = compressor.finalize(backend=ExportBackend.Torch)
    return made


def kept(drawings: Drawings, module: nn.Module, feeds: list[Feed]) -> dict[str, float]:
    """Equal tokens and KL, nats, of the step with another transformer."""
    dimensions = dimensions_of(drawings.checkpoint, drawings.checkpoint.defaults.size, 2)
    sampler = drawings.module("sampler", dimensions)
    logits, same, nats = Logits(sampler), [], []
    for feed in feeds:
        found = run(drawings.graphs["transformer"], module, feed)
        drawn = run(drawings.graphs["sampler"], sampler, feed | found)["drawn"]
        same.append(float((drawn == feed["drawn"]).mean()))
        with torch.no_grad():
            guidance = torch.from_numpy(feed["guidance"])
            p, q = (
                logits(torch.from_numpy(features), guidance).log_softmax(dim=-1)
                for features in (feed["features"], found["features"])
            )
        nats.append(float((p.exp() * (p - q)).sum(dim=-1).mean()))
    return {"agreement": float(np.mean(same)), "kl": float(np.mean(nats))}


RUNS = {"beside": beside, "bundles": bundles, "scores": scores, "rounding": rounding}


def command_line() -> None:
    """Raises UserError."""
    parser = Parser(
        prog=COMMAND,
        description="Measure Core AI bundles of the 64 px stickers on Apple's runtime; the last section"
        f" needs coreai-opt. Continues where it was stopped; writes docs/results/{RESULT}.json.",
        epilog=f"example:\n  {COMMAND} --only beside",
    )
    parser.add_argument("--only", choices=RUNS, help="one section; default: all")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("coreai_opt").setLevel(logging.ERROR)
    figures, checkpoint = Figures(), load_checkpoint(STICKERS_64)
    for section in RUNS:
        if given.only in (None, section):
            RUNS[section](figures, checkpoint)


if __name__ == "__main__":
    sys.exit(exit_code(command_line, stopped="what was measured is kept; the same command continues"))
