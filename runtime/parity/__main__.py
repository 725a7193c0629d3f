"""`python -m runtime.parity --bundle DIR`: a bundle beside the reference it was made from."""

from reference.extras import require

require("export")

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from reference.checkpoint import load_checkpoint
from reference.files import check_output_file, write_text
from reference.stickers.evaluation_prompts import prompt_set
from runtime.bundle import open_bundle
from runtime.engine import ENGINES, EngineName
from runtime.errors import Parser, RequestError, exit_code
from runtime.parity.figures import figures, not_ties
from runtime.parity.limits import judged, missed
from runtime.parity.prompt_following import Meaning, judge_both, reason_to_skip
from runtime.parity.report import Result, figure_lines, html, to_json
from runtime.parity.side_by_side import DrawingComparison, SideBySide

PARITY_PROMPTS = (
    "a red heart",
    "a blue cat wearing a hat",
    "two yellow stars",
    "a green house on the left",
    "a purple fish and an orange apple",
    "three pink balloons",
    "a happy face with glasses",
    "a big brown mushroom on a light blue background",
)
SEEDS = (1, 2)
LISTED = 10

EXAMPLES = """examples:
  python -m runtime.parity                                    # build/android beside the shipped checkpoint
  python -m runtime.parity --bundle build/android-fp32 --out build/fp32.html --json build/fp32.json
  python -m runtime.parity --bundle build/iphone --out build/iphone.html
  python -m runtime.parity --bundle build/android-sizes --size 128 128
  python -m runtime.parity --bundle build/meissonic --checkpoint MeissonFlow/Meissonic --prompts 1 --steps 8

exit code: 0 every limit holds, 1 one is missed, 2 wrong input
"""


@dataclass(frozen=True)
class Job:
    """A parsed command line."""

    bundle: Path
    checkpoint: str | None
    prompts: tuple[str, ...]
    steps: int | None
    size: tuple[int, int] | None  # (W, H) in pixels
    prompts_per_category: int
    out: Path
    json: Path | None
    threads: int
    engine: EngineName | None


def parse(arguments: Sequence[str] | None) -> Job:
    """Raises RequestError, before anything is computed, for what could not be drawn or written."""
    parser = Parser(
        prog="python -m runtime.parity",
        description=f"Compare a bundle with the reference: {len(PARITY_PROMPTS)} prompts, {len(SEEDS)} seeds,"
        " teacher-forced and free-running, and how often the pictures follow sticker prompts.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("--bundle", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--checkpoint", metavar="DIR|ID", help="what the bundle was made from; default: the shipped one")
    add(
        "--prompts",
        type=int,
        default=len(PARITY_PROMPTS),
        metavar="N",
        help="only the first N, for large models",
    )
    add("--steps", type=int, metavar="N", help="default: the bundle's")
    add("--size", type=int, nargs=2, metavar=("W", "H"), help="one of the bundle's sizes; default: its first")
    add(
        "--prompts-per-category",
        type=int,
        default=20,
        metavar="K",
        help="sticker prompts to judge, of each of 6 categories; 0: none; default: 20",
    )
    add(
        "--out", type=Path, metavar="FILE.html|DIR", help="report; default: DIR-parity.html beside the bundle"
    )
    add("--json", type=Path, metavar="FILE.json", help="all figures")
    add("--threads", type=int, default=0, help="of the bundle, at most 256; default: all cores")
    add("--engine", choices=ENGINES, help="that runs the bundle; default: see python -m runtime")
    given = parser.parse_args(arguments)
    bundle: Path = given.bundle
    out: Path = given.out or bundle.resolve().with_name(f"{bundle.resolve().name}-parity.html")
    out = out / "parity.html" if out.is_dir() else out
    if not 1 <= given.prompts <= len(PARITY_PROMPTS):
        raise RequestError(f"--prompts {given.prompts} is out of range: give 1 to {len(PARITY_PROMPTS)}")
    if not 0 <= given.prompts_per_category <= 1000 or given.threads < 0:
        raise RequestError("--prompts-per-category must be 0 to 1000 and --threads not negative")
    for flag, path, ending in (("--out", out, ".html"), ("--json", given.json, ".json")):
        if path is not None:
            check_output_file(path, flag, ending)
    return Job(
        bundle=bundle,
        checkpoint=given.checkpoint,
        prompts=PARITY_PROMPTS[: given.prompts],
        steps=given.steps,
        size=None if given.size is None else (given.size[0], given.size[1]),
        prompts_per_category=given.prompts_per_category,
        out=out,
        json=given.json,
        threads=given.threads,
        engine=given.engine,
    )


def measure(job: Job) -> Result:
    """Draws everything, with a progress bar. Raises UserError."""
    bundle = open_bundle(job.bundle)
    sides = SideBySide(bundle, load_checkpoint(job.checkpoint), job.steps, job.threads, job.engine, job.size)
    sides.check_texts(job.prompts)
    reason = reason_to_skip(sides) if job.prompts_per_category else "--prompts-per-category is 0"
    tasks = [] if reason else prompt_set(job.prompts_per_category)
    count = 2 * sides.settings.steps * (len(job.prompts) * len(SEEDS) + len(tasks))
    drawings: list[DrawingComparison] = []
    meaning: Meaning | None = None
    with tqdm(total=count, desc="comparing", unit="step", leave=False, disable=None) as bar:
        for prompt in job.prompts:
            for seed in SEEDS:
                bar.set_postfix_str(prompt, refresh=False)
                drawings.append(sides.draw(prompt, seed, bar.update))
        if tasks:
            bar.set_postfix_str("prompt following", refresh=False)
            meaning = judge_both(sides, tasks, bar.update)
    settings = sides.settings
    found = figures(drawings, meaning)
    return Result(
        bundle=bundle,
        precision=bundle.manifest.precision,
        settings={
            "prompts": list(job.prompts),
            "seeds": list(SEEDS),
            "size": list(settings.size),
            "steps": settings.steps,
            "guidance": settings.guidance,
            "engine": job.engine or bundle.manifest.engine,
        },
        drawings=drawings,
        meaning=meaning,
        not_judged=reason,
        figures=found,
        verdicts=judged(found, bundle.manifest),
        seconds=seconds(drawings),
    )


def seconds(drawings: Sequence[DrawingComparison]) -> dict[str, tuple[float | None, float | None]]:
    """Mean seconds of a drawing's stages (reference, bundle); of the reference only the whole is known."""
    stages = {
        stage: float(np.mean([drawing.bundle_seconds[stage] for drawing in drawings]))
        for stage in drawings[0].bundle_seconds
    }
    whole = float(np.mean([drawing.reference_seconds for drawing in drawings]))
    return {stage: (None, value) for stage, value in stages.items()} | {
        "whole drawing": (whole, sum(stages.values()))
    }


def table(result: Result) -> str:
    """All figures in lines, the limits beside them."""
    width, height = result.settings["size"]
    lines = [
        f"{result.bundle.folder}: {result.bundle.manifest.model.name}, {result.precision}, "
        f"{len(result.drawings)} drawings of {width}x{height} in {result.settings['steps']} steps, "
        f"engine {result.settings['engine']}"
    ]
    lines += figure_lines(result.figures, result.verdicts)
    if result.meaning is not None:
        for name, share in result.meaning.reference.categories.items():
            other = result.meaning.bundle.categories[name]
            lines.append(f"    {name:16} reference {100 * share:5.1f} %   bundle {100 * other:5.1f} %")
    else:
        lines.append(f"  prompt following is not judged: {result.not_judged}")
    for stage, pair in result.seconds.items():
        shown_pair = [f"{value:.3f} s" if value is not None else "" for value in pair]
        lines.append(f"  {stage:16} reference {shown_pair[0]:>9}   bundle {shown_pair[1]:>9}")
    return "\n".join(lines)


def complaints(result: Result) -> list[str]:
    """One line for each limit that is missed, and where rounding does not explain a difference."""
    lines = [str(verdict) for verdict in missed(result.verdicts)]
    if any(verdict.limit.figure == "teacher_forced.not_ties" for verdict in result.verdicts):
        for drawing, one in not_ties(result.drawings)[:LISTED]:
            lines.append(
                f"not a tie: {drawing.prompt!r} seed {drawing.seed} step {one.step + 1}"
                f" position {one.position}: code {one.bundle} instead of {one.reference},"
                f" outside by {one.outside:.3g}, rounding explains {one.tolerance:.3g}"
            )
    return lines


def run(job: Job) -> int:
    """0 if every limit holds, else 1; the report is written in both cases."""
    result = measure(job)
    print(table(result))
    write_text(job.out, html(result))
    print(f"report: {job.out}")
    if job.json is not None:
        write_text(job.json, json.dumps(to_json(result), indent=1) + "\n")
        print(f"figures: {job.json}")
    for line in complaints(result):
        print(line, file=sys.stderr)
    return 0 if result.passed else 1


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
