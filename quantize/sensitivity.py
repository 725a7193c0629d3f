"""`python -m quantize.sensitivity`: which weights bear little, and a recipe of mixed precision from that."""

import argparse
import bisect
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from types import ModuleType

from tqdm import tqdm

from export.workspace import megabytes
from quantize.errors import QuantizationError
from quantize.float_bundle import open_float
from quantize.frontier import Choice, frontier
from quantize.recipe import BLOCK, PRECISIONS, Recipe
from quantize.sensitivity_study import Study
from quantize.trials import Trials
from quantize.weights import layout_hash
from reference.files import check_output_file
from runtime.errors import Parser, RequestError, exit_code

LISTED = 12
SCORED = 5  # layers, the most harmful ones: of others a score sees nothing

EXAMPLES = """examples:
  python -m quantize.sensitivity --max-size 9                         # build/android-fp32 in at most 9 MB
  python -m quantize.sensitivity --max-kl 0.002 --out build/fine.json # or in as little as this damage allows
  python -m quantize.sensitivity build/meissonic-fp32 --max-size 700 --threads 4
  python -m quantize build/android-fp32 --recipe build/recipe.json --out build/android-mixed

The damages are kept beside the recipe (recipe.study.json): a study that was stopped goes on, and another
target is chosen from it without measuring again.
"""


@dataclass(frozen=True)
class Job:
    """A parsed command line. One of the targets is None."""

    bundle: Path
    max_size: float | None  # MB
    max_kl: float | None  # nats a position
    out: Path
    score: int
    threads: int

    @property
    def study(self) -> Path:
        return self.out.with_suffix(".study.json")


def parse(arguments: Sequence[str] | None) -> Job:
    """Raises RequestError, before anything is measured, for what could not be chosen or written."""
    parser = Parser(
        prog="python -m quantize.sensitivity",
        description="Measure how much each weight of a float bundle suffers as fp16, int8 and int4, and write"
        " a recipe of mixed precision that does the least damage in a given size, or is the smallest of a"
        " given damage.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add(
        "bundle",
        nargs="?",
        type=Path,
        default=Path("build/android-fp32"),
        metavar="BUNDLE",
        help="a float bundle; default: build/android-fp32",
    )
    target: argparse._MutuallyExclusiveGroup = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--max-size", type=float, metavar="MB", help="of the whole bundle, in 10^6 bytes")
    target.add_argument(
        "--max-kl",
        type=float,
        metavar="NATS",
        help="KL of the guided distributions, mean over masked positions",
    )
    add("--out", type=Path, default=Path("build/recipe.json"), metavar="FILE.json", help="%(default)s")
    add(
        "--score",
        type=int,
        default=0,
        metavar="K",
        help=f"also judge pictures of K prompts of each of 6 categories, with each of the {SCORED} most"
        " harmful layers at its coarsest; stickers only, takes minutes",
    )
    add("--threads", type=int, default=0, help="default: all cores")
    add("--overwrite", action="store_true", help="replace a recipe that is already there")
    given = parser.parse_args(arguments)
    for flag, value in (("--max-size", given.max_size), ("--max-kl", given.max_kl)):
        if value is not None and not 0 < value < float("inf"):
            raise RequestError(f"{flag} {value:g} is out of range: give a positive number")
    if not 0 <= given.score <= 1000 or given.threads < 0:
        raise RequestError("--score must be 0 to 1000 and --threads not negative")
    out: Path = given.out
    check_output_file(out, "--out", ".json")
    if out.exists() and not given.overwrite:
        raise RequestError(f"{out} is already there: add --overwrite to replace it, or name another --out")
    return Job(given.bundle, given.max_size, given.max_kl, out, given.score, given.threads)


def recipe_of(trials: Trials, choice: Choice, note: str = "") -> Recipe:
    """Names every weight that decides tokens, and with the layout whose they are. The image graphs take what
    --int4 makes of them.
    """
    weights: dict[str, dict[str, str]] = {graph: {} for graph in trials.deciding}
    for (graph, name), option in choice.options.items():
        weights[graph][name] = option.precision
    layout = {graph: layout_hash(trials.weights[graph]) for graph in trials.deciding}
    return Recipe(default="int4", block=BLOCK, layout=layout, weights=weights, note=note)  # type: ignore[arg-type]


def smallest_within_kl(trials: Trials, path: Sequence[Choice], limit: float) -> Choice:
    """The last place on the path whose measured KL is within the limit.

    Damages add up only nearly, so the prediction is not trusted: the path is bisected by measuring. Raises
    QuantizationError if no place is.
    """

    @cache
    def kl(index: int) -> float:
        return trials.damage(recipe_of(trials, path[index])).kl

    after = bisect.bisect_left(range(len(path)), True, key=lambda index: kl(index) > limit)
    if after == 0:
        raise QuantizationError(
            f"--max-kl {limit:g} cannot be reached: the least harmful recipe does {kl(0):.2g} nats"
        )
    return path[after - 1]


def best_within_size(trials: Trials, path: Sequence[Choice], limit: float) -> Choice:
    """The first place on the path whose bundle is within the limit in bytes.

    It is written to know: tensors are aligned in their files. Raises QuantizationError if no place is.
    """

    @cache
    def size(index: int) -> int:
        return trials.size(recipe_of(trials, path[index]))

    found = bisect.bisect_left(range(len(path)), True, key=lambda index: size(index) <= limit)
    if found == len(path):
        smallest = ceil(size(len(path) - 1) / 1e4) / 100
        raise QuantizationError(
            f"--max-size {limit / 1e6:g} cannot be reached: the smallest recipe makes {smallest} MB"
        )
    return path[found]


def measure(study: Study) -> None:
    """Measures what the study misses, with a bar that says how long it takes."""
    total, missing = len(study.forms), len(study.missing())
    weights = sum(len(study.trials.weights[graph]) for graph in study.trials.deciding)
    before = f", {total - missing} measured before" if total > missing else ""
    print(f"{study.trials.bundle.folder}: {weights} weights in {total} forms{before}", flush=True)
    with tqdm(total=total, initial=total - missing, unit="form", leave=False, disable=None) as bar:
        for form in study.measure():
            bar.set_description(f"{form.weight.name} {form.precision}")
            bar.update()


def judging() -> ModuleType:
    """`runtime.parity.prompt_following`, whose judge needs torch. Raises QuantizationError without it."""
    try:
        return importlib.import_module("runtime.parity.prompt_following")
    except ModuleNotFoundError as error:
        raise QuantizationError(
            f"judging pictures needs {error.name}: install meissonic-mobile[export], or leave out --score"
        ) from None


def score(study: Study, per_category: int, threads: int) -> None:
    """Judges the float bundle and its most harmful layers; see `--score`."""
    judged = judging()
    tasks = judged.sticker_tasks(study.trials.bundle, per_category)
    layers = dict(list(study.layers().items())[:SCORED])
    names = {name: f"{name} x{per_category}" for name in ("float", *layers)}
    done = sum(len(study.scores.get(kept, "")) for kept in names.values())
    total = len(tasks) * len(names)
    with tqdm(total=total, initial=done, unit="picture", leave=False, disable=None) as bar:
        for name, kept in names.items():
            bar.set_description(name)
            with study.trials.form(layers.get(name, Recipe.uniform("fp32"))) as form:
                for verdicts in judged.judge(form, tasks, study.scores.get(kept, ""), threads):
                    bar.update(len(verdicts) - len(study.scores.get(kept, "")))
                    study.scores[kept] = verdicts
                    study.write()
    teacher = study.scores[names["float"]]
    print(
        f"score of {len(tasks)} prompts: {judged.share(teacher):.1%} +- {judged.standard_error(teacher):.1%}"
    )
    for name in layers:
        gained, error = judged.change(teacher, study.scores[names[name]])
        print(f"  {name:36} {gained:+7.1%} +- {error:.1%}")


def worst(study: Study) -> str:
    """A table of the weights that suffer most."""
    by_harm = sorted(study.options().items(), key=lambda item: -max(option.kl for option in item[1]))
    lines = [f"{'KL in nats of the weights that suffer most':52}{'fp16':>9}{'int8':>9}{'int4':>9}"]
    for (graph, name), options in by_harm[:LISTED]:
        kl = {option.precision: f"{option.kl:.2g}" for option in options}
        lines.append(f"  {graph:14} {name:35}" + "".join(f"{kl.get(one, '-'):>9}" for one in PRECISIONS[1:]))
    return "\n".join(lines)


def run(job: Job) -> None:
    """Raises UserError."""
    try:
        trials = Trials(open_float(job.bundle), job.threads, job.out.parent)
        study = Study(trials, job.study, BLOCK)
        if job.score:
            judging().sticker_tasks(trials.bundle, job.score)  # fails here rather than after minutes
        measure(study)
        print(worst(study))
        if job.score:
            score(study, job.score, job.threads)
        path = frontier(study.options())
        if job.max_kl is not None:
            target, choice = f"KL <= {job.max_kl:g}", smallest_within_kl(trials, path, job.max_kl)
        else:
            assert job.max_size is not None
            target = f"size <= {job.max_size:g} MB"
            choice = best_within_size(trials, path, job.max_size * 1e6)
        recipe = recipe_of(trials, choice)
        damage, size = trials.damage(recipe), trials.size(recipe)
        figures = f"{megabytes(size)}, KL {damage.kl:.3g}, same token {damage.agreement:.2%}"
        source = trials.bundle.manifest.source
        note = f"{target} of {source.checkpoint} {source.sha256[:12]}: {figures}"
        recipe.model_copy(update={"note": note}).write(job.out)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"what was measured is kept in {job.study}: run again to resume") from None
    except OSError as error:
        raise QuantizationError(
            f"cannot write {error.filename or job.out}: {error.strerror};"
            f" what was measured is kept in {job.study}"
        ) from None
    print(composition(choice))
    print(f"measured: {figures} (predicted KL {choice.kl:.3g})")
    print(f"{job.out}: {target}; the damages are in {job.study}")


def composition(choice: Choice) -> str:
    """How many weights have which precision, and their bytes."""
    parts = []
    for precision in PRECISIONS:
        chosen = [option for option in choice.options.values() if option.precision == precision]
        if chosen:
            stored = megabytes(sum(option.bytes for option in chosen))
            parts.append(f"{len(chosen)} weights {precision} ({stored})")
    return "chosen: " + ", ".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
