"""`python -m tests.benchmarks.precisions`: README's table of precisions.

Exports the 64 px stickers in every uniform ONNX precision and measures the bundles as `pareto` does:
KL and equal tokens beside the float bundle, prompt-following score, time of a step in turns. The figures
go to docs/results/precisions.json. The Core ML rows of the table are `pareto`'s, which measures exported
packages.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from quantize.float_bundle import open_float
from quantize.trials import size
from reference.errors import Parser, UserError, exit_code
from reference.request import check_range
from runtime.bundle import open_bundle
from runtime.manifest import MANIFEST
from runtime.parity.bundle_steps import BundleSteps
from runtime.parity.comparison import Comparison
from runtime.parity.prompt_following import judge, share, sticker_tasks
from tests.benchmarks import npu, processes
from tests.benchmarks.markdown import table
from tests.benchmarks.pareto import UNIFORM, Figures, measuring, source, step_times
from tests.benchmarks.pareto_report import kl, relative, same
from tests.benchmarks.results import provenance, read, source_line, write
from tests.shared_bundles import STICKERS_64

WORK = Path("build/precisions")
RESULT = "precisions"
COREML = {"fp16": "--fp16", "int8": "--int8", "palette6": "--palette 6", "int4": "--int4"}
HEAD = ("format", "export", "size, MB", "same tokens, %", "KL, nats", "score, %", "step time")


def export(precision: str) -> Path:
    """The folder of the bundle; one that is there is taken as it is. Raises UserError if the export fails."""
    folder = WORK / f"onnx-{precision}"
    if not (folder / MANIFEST).exists():
        command = [sys.executable, "-m", "export.onnx", f"--{precision}"]
        command += ["--checkpoint", str(STICKERS_64), "--out", str(folder)]
        if processes.run(command, stdout=subprocess.DEVNULL).returncode:
            raise UserError(f"{' '.join(command)} failed: its message is above")
    return folder


def measure(per_category: int, threads: int) -> Iterator[dict[str, Any]]:
    """Figures of every precision, after each judged one. Raises UserError."""
    bundles = {precision: open_bundle(export(precision)) for precision in UNIFORM}
    teacher = open_float(bundles["fp32"].folder)
    trials, tasks = measuring(teacher, threads), sticker_tasks(teacher, per_category)
    figures = Figures(WORK / "figures.json", f"{source(teacher)} {len(tasks)}")
    for precision, bundle in bundles.items():
        if "nats" not in figures.forms.get(precision, {}):
            found = Comparison.of(trials.steps, BundleSteps(bundle, threads).repeat)
            figures.add(precision, bytes=size(bundle), **asdict(found), verdicts="")
    for precision, milliseconds in step_times(bundles, trials.steps[0].feed(), threads).items():
        figures.add(precision, milliseconds=milliseconds)
    for precision, bundle in bundles.items():
        for verdicts in judge(bundle, tasks, figures.forms[precision]["verdicts"], threads):
            figures.add(precision, verdicts=verdicts)
        yield {"prompts": len(tasks), "forms": figures.forms}


def markdown() -> str:
    """README's table. Scores that were not measured are those of `pareto`, which decodes in float32."""
    content, study = read(RESULT), read("pareto")
    forms = {
        name: {**form, "verdicts": form["verdicts"] or study["forms"][name]["verdicts"]}
        for name, form in content["forms"].items()
    }
    judged = all(form["verdicts"] for form in content["forms"].values())
    rows = [
        row(
            f"ONNX {name}",
            f"`export.onnx --{name}`",
            forms[name],
            relative(name, forms),
        )
        for name in UNIFORM
    ]
    rows.append(npu.precision_row())
    rows += [
        row(f"Core ML {name}", f"`export.coreml {flags}`", study["coreml"]["forms"][name], "")
        for name, flags in COREML.items()
    ]
    scores = "" if judged else f" Scores, of bundles that decode in float32: {source_line(study)}"
    sources = (
        f"ONNX: {source_line(content)}{scores}",
        f"ONNX qnn, on Qualcomm's emulator: {source_line(read('npu')['sources']['bundle'])}",
        f"Core ML: {source_line(study['coreml'])}",
    )
    return "\n\n".join([table(HEAD, rows, words=2), *sources])


def row(name: str, export: str, form: dict[str, Any], step: str) -> list[str]:
    score = f"{100 * share(form['verdicts']):.1f}" if form["verdicts"] else ""
    return [name, export, f"{form['bytes'] / 1e6:.1f}", same(form), f"{kl(form):.2g}", score, step]


def command_line() -> None:
    parser = Parser(
        prog="python -m tests.benchmarks.precisions",
        description="Export the 64 px stickers in every precision and measure size, KL, equal tokens,"
        f" score and step time. Continues where it was stopped; writes docs/results/{RESULT}.json.",
        epilog="example:\n  python -m tests.benchmarks.precisions --prompts-per-category 20",
    )
    add = parser.add_argument
    add("--prompts-per-category", type=int, default=20, metavar="K", help="prompts to judge (%(default)s)")
    add("--threads", type=int, default=1, help="%(default)s")
    given = parser.parse_args()
    check_range("prompts per category", given.prompts_per_category, 1, 10_000)
    check_range("threads", given.threads, 1, 256)
    processes.stop_on_terminate()
    command = f"python -m tests.benchmarks.precisions --prompts-per-category {given.prompts_per_category}"
    for found in measure(given.prompts_per_category, given.threads):
        write(RESULT, {**provenance(command, given.threads), **found})
    print(markdown())


if __name__ == "__main__":
    sys.exit(
        exit_code(command_line, stopped=f"what was measured is kept in {WORK}; the same command continues")
    )
