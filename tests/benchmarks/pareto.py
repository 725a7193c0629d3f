"""`python -m tests.benchmarks.pareto`: size against quality, in uniform and mixed precision.

`quantize.sensitivity` measures single weights and chooses the mixed forms. All forms are then measured on
other prompts: KL and equal tokens on the float bundle's steps, the prompt-following score, and the time
of a step, in turns. Core ML's forms follow (`pareto_coreml`). The figures go to docs/results/pareto.json;
docs/pareto.png is drawn from it. A run that was stopped continues where it was.
"""

import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from quantize.errors import QuantizationError
from quantize.float_bundle import open_float
from quantize.frontier import frontier
from quantize.recipe import BLOCK, Recipe
from quantize.sensitivity import best_within_size, measure, recipe_of
from quantize.sensitivity_study import Study
from quantize.trials import Trials, size
from runtime.bundle import Bundle
from runtime.errors import Parser, UserError
from runtime.onnxruntime_engine import OnnxRuntimeEngine
from runtime.parity.prompt_following import judge, sticker_tasks
from tests.benchmarks.pareto_coreml import measure_coreml
from tests.benchmarks.pareto_report import FIGURES, PLOT, write_plot
from tests.benchmarks.results import provenance, write_json

UNIFORM = ("fp32", "fp16", "int8", "int4")
# From the smaller to the larger form, and the share of the way.
BETWEEN = (*(("int4", "int8", share) for share in (0.15, 0.35, 0.6, 0.85)), ("int8", "fp16", 0.3))
LAYERS = 5  # the most harmful, each alone at its coarsest
STEPS = 8  # of each drawing that damage is measured on
ROUNDS = 41  # of step times
WORK = Path("build/pareto")

EXAMPLES = """examples:
  python -m tests.benchmarks.pareto              # build/android-fp32, 240 prompts a form: an hour
  python -m tests.benchmarks.pareto --score 10   # a sixth of the prompts, for a first look
  python -m tests.benchmarks.pareto --only coreml --score 20    # beside fp32's pictures of the same prompts
  python -m tests.benchmarks.pareto --only times --threads 1    # again, while the machine does nothing else
  python -m tests.benchmarks.pareto --report     # the plot again, from docs/results/pareto.json
"""


def recipes(study: Study) -> dict[str, Recipe]:
    """The forms to measure, by name: uniform, the best of sizes between them, single layers."""
    trials = study.trials
    made = {name: Recipe.uniform(name) for name in UNIFORM}
    sizes = {name: trials.size(recipe) for name, recipe in made.items()}
    path = frontier(study.options())
    for small, large, share in BETWEEN:
        limit = round((sizes[small] + share * (sizes[large] - sizes[small])) / 1e6, 1)
        made[f"mixed, {limit} MB"] = recipe_of(trials, best_within_size(trials, path, limit * 1e6))
    layers = dict(list(study.layers().items())[:LAYERS])
    return made | {f"only {layer}": recipe for layer, recipe in layers.items()}


class Figures:
    """The figures of each form, stored after every step."""

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key
        self.forms: dict[str, dict[str, Any]] = {}
        try:
            content = json.loads(path.read_bytes())
            if content["key"] == key:
                self.forms = content["forms"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # missing or unreadable: measure again

    def add(self, form: str, **figures: Any) -> None:
        self.forms.setdefault(form, {}).update(figures)
        write_json(self.path, {"key": self.key, "forms": self.forms})


def measure_form(figures: Figures, name: str, trials: Trials, recipe: Recipe) -> None:
    """Size and damage."""
    with trials.form(recipe) as form:
        manifest = form.manifest
        deciding = [file for graph in trials.deciding for file in manifest.graphs[graph].files]
        found = trials.compare(form)
        figures.add(
            name,
            recipe=recipe.model_dump(include={"default", "block", "weights"}),
            bytes=size(form),
            deciding=sum(manifest.files[file].size for file in deciding),
            **asdict(found),
            verdicts="",
        )


def step_times(
    forms: Mapping[str, Bundle], tensors: Mapping[str, np.ndarray], threads: int
) -> dict[str, float]:
    """Median milliseconds of a guided step of each form. They take turns, so that what else the machine does
    falls on all of them.
    """
    engines = {name: OnnxRuntimeEngine(form, threads) for name, form in forms.items()}
    taken: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(ROUNDS):
        for name, engine in engines.items():
            fed = dict(tensors)
            begun = time.perf_counter()
            for graph in forms[name].manifest.step:
                fed |= engine.run(graph, fed)
            taken[name].append(time.perf_counter() - begun)
    return {name: 1000 * statistics.median(seconds[1:]) for name, seconds in taken.items()}


def run(bundle: Path, per_category: int, threads: int, only: str | None) -> None:
    """Raises UserError, OSError."""
    WORK.mkdir(parents=True, exist_ok=True)
    if only is None:
        measure_onnx(bundle, per_category, threads)
    if only != "coreml":
        measure_times(bundle, threads)
    if only != "times":
        measure_packages(bundle, per_category, threads)


def measure_onnx(bundle: Path, per_category: int, threads: int) -> None:
    """All of ONNX's. Raises UserError, OSError."""
    opened = open_float(bundle)
    tasks = sticker_tasks(opened, per_category)
    study = Study(Trials(opened, threads, WORK), WORK / "study.json", BLOCK)
    measure(study)
    named = recipes(study)
    trials = measuring(opened, threads)
    figures = Figures(WORK / "figures.json", f"{study.key} {len(tasks)}")
    total = len(named) * len(tasks)
    done = sum(len(form.get("verdicts", "")) for form in figures.forms.values())
    with tqdm(total=total, initial=done, unit="picture", leave=False, disable=None) as bar:
        for name, recipe in named.items():
            bar.set_description(name)
            if "nats" not in figures.forms.get(name, {}):
                measure_form(figures, name, trials, recipe)
            with trials.form(recipe) as form:
                for verdicts in judge(form, tasks, figures.forms[name]["verdicts"], threads):
                    bar.update(len(verdicts) - len(figures.forms[name]["verdicts"]))
                    figures.add(name, verdicts=verdicts)
    weights = [
        {"graph": graph, "weight": name} | {option.precision: float(f"{option.kl:.3g}") for option in options}
        for (graph, name), options in study.options().items()
    ]
    command = f"python -m tests.benchmarks.pareto --score {per_category} --threads {threads}"
    content = {
        **provenance(command, threads),
        "source": source(opened),
        "prompts": len(tasks),
        "steps": len(trials.steps),
        "weights": weights,
        "forms": {name: figures.forms[name] for name in named},
    }
    # Core ML's figures stay until they are measured again.
    before = json.loads(FIGURES.read_bytes()) if FIGURES.exists() else {}
    if before.get("source") == content["source"] and "coreml" in before:
        content["coreml"] = before["coreml"]
    write_json(FIGURES, content)


def measure_times(bundle: Path, threads: int) -> None:
    """The steps of the forms that were measured. Raises UserError, OSError."""
    content, opened = measured(bundle), open_float(bundle)
    trials = measuring(opened, threads)
    with ExitStack() as stack:
        forms = {
            name: stack.enter_context(trials.form(Recipe(**form["recipe"])))
            for name, form in content["forms"].items()
            if not name.startswith("only ")
        }
        for name, milliseconds in step_times(forms, trials.steps[0].feed(), threads).items():
            content["forms"][name]["milliseconds"] = milliseconds
    command = f"python -m tests.benchmarks.pareto --only times --threads {threads}"
    write_json(FIGURES, content | {"times": provenance(command, threads)})


def measure_packages(bundle: Path, per_category: int, threads: int) -> None:
    """All of Core ML's. Raises UserError, OSError."""
    content, opened = measured(bundle), open_float(bundle)
    tasks = sticker_tasks(opened, per_category)
    if len(tasks) != content["prompts"]:
        raise QuantizationError(f"{FIGURES} judges {content['prompts']} prompts: give the same --score")
    trials = measuring(opened, threads)
    torch.set_num_threads(threads or torch.get_num_threads())
    figures = Figures(WORK / "coreml.json", f"{source(opened)} {len(tasks)}")
    # The same packages are the same bytes on any machine, so their figures are kept.
    figures.forms = figures.forms or content.get("coreml", {}).get("forms", {})
    command = f"python -m tests.benchmarks.pareto --only coreml --score {per_category} --threads {threads}"
    content["coreml"] = {**provenance(command, threads), "forms": {}}
    for name in measure_coreml(figures.forms, figures.add, trials, tasks, WORK / "coreml", threads):
        content["coreml"]["forms"][name] = figures.forms[name]
        write_json(FIGURES, content)


def measuring(bundle: Bundle, threads: int) -> Trials:
    """The steps that measure: of one prompt of each category."""
    return Trials(bundle, threads, WORK, [task.prompt for task in sticker_tasks(bundle, 1)], STEPS)


def measured(bundle: Path) -> dict[str, Any]:
    """What was written before of that float bundle. Raises QuantizationError, OSError."""
    content: dict[str, Any] = json.loads(FIGURES.read_bytes())
    if content["source"] != source(open_float(bundle)):
        raise QuantizationError(f"{FIGURES} is of another checkpoint than {bundle}: run without --only")
    return content


def source(bundle: Bundle) -> str:
    """Name and hash of the checkpoint."""
    return f"{bundle.manifest.source.checkpoint} {bundle.manifest.source.sha256[:12]}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = Parser(
        prog="python -m tests.benchmarks.pareto",
        description="Measure size, KL, token agreement, score and step time of a sticker bundle's uniform and"
        " mixed forms, and draw the plot.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add(
        "bundle",
        nargs="?",
        type=Path,
        default=Path("build/android-fp32"),
        metavar="BUNDLE",
        help="%(default)s",
    )
    add(
        "--score",
        type=int,
        default=40,
        metavar="K",
        help="prompts of each of 6 categories; 0: none (%(default)s)",
    )
    add("--threads", type=int, default=0, help="default: all cores")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--only", choices=("times", "coreml"), help="measure one part and keep the others")
    only.add_argument("--report", action="store_true", help="measure nothing")
    try:
        given = parser.parse_args(arguments)
        if given.score < 0 or given.threads < 0:
            raise QuantizationError("--score and --threads must not be negative")
        if not given.report:
            run(given.bundle, given.score, given.threads, given.only)
        write_plot()
        print(f"wrote {FIGURES} and {PLOT}; `python -m tests.benchmarks report` writes the tables")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: cannot read or write {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nstopped: what was measured is kept in {WORK}: run again to continue", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
