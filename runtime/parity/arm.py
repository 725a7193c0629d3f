"""`python -m runtime.parity.arm --bundle DIR`: a bundle on an emulated ARM64 processor beside this machine.

Both run the same files with the same session options through the same runtime. ARM's differences have a
yardstick beside them: this machine beside itself, with every float input moved by as much as float32 rounds.
"""

from reference.extras import require

require("export")

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reference.files import check_output_file, write_text
from runtime.bundle import Bundle, open_bundle
from runtime.errors import EngineError, Parser, exit_code
from runtime.parity.emulator import WAY_OUT, Emulator
from runtime.parity.limits import Verdict, machines_judged, missed
from runtime.parity.logits import expose
from runtime.parity.machine_recording import (
    LOGITS_MODEL,
    RECORDED,
    REPLAYED,
    Recording,
    Run,
    last_graph,
    load,
    record,
    replay,
    save,
)
from runtime.parity.machines import MEANING, MachineComparison, compare_machines
from runtime.parity.report import (
    amplified,
    data_uri,
    figure_lines,
    render,
    shown,
    storable,
)
from runtime.request import Request

PROMPT, SEED = "a red cat on a blue background", 7  # those of the golden trace
CONTROLS = 8  # drawings of the yardstick
ROUNDING = 2.0**-24  # half a unit in the last place of float32, relative
YARDSTICK = ("graphs.cosine", "teacher_forced.agreement", "teacher_forced.kl")

EXAMPLES = """examples:
  python -m runtime.parity.arm                                 # build/android on a Cortex-A76
  python -m runtime.parity.arm --cpu cortex-a710               # a newer one, with int8 matrix products
  python -m runtime.parity.arm --bundle build/android-fp32 --steps 2 --json build/arm.json

The emulated machine is made by: make arm64
exit code: 0 every limit holds, 1 one is missed, 2 wrong input
"""


@dataclass(frozen=True)
class Job:
    """A parsed command line."""

    bundle: Path
    emulator: Emulator
    steps: int
    out: Path
    json: Path | None


@dataclass(frozen=True)
class Result:
    """All that was measured."""

    bundle: Bundle
    cpu: str
    recordings: tuple[Recording, Recording]  # here, on ARM
    compared: MachineComparison
    yardstick: dict[str, float]  # the figures of YARDSTICK, the worst of CONTROLS
    verdicts: list[Verdict]

    @property
    def passed(self) -> bool:
        return not missed(self.verdicts)

    @property
    def title(self) -> str:
        here, there = self.recordings
        manifest = self.bundle.manifest
        kinds = ", ".join(sorted({graph.precision for graph in manifest.graphs.values()}))
        return f"{manifest.model.name}, {kinds}: {there.machine} ({self.cpu}) beside {here.machine}"


def parse(arguments: Sequence[str] | None) -> Job:
    """Raises RequestError, before anything is computed, for what could not be written."""
    parser = Parser(
        prog="python -m runtime.parity.arm",
        description="Run a bundle on an emulated ARM64 processor and compare it with this machine, graph by"
        " graph and step by step. Emulation is some 100 times slower than a processor: small bundles only.",
        epilog=EXAMPLES,
    )
    add = parser.add_argument
    add("--bundle", type=Path, default=Path("build/android"), metavar="DIR", help="default: build/android")
    add("--machine", type=Path, default=Path("build/arm64"), metavar="DIR", help="default: build/arm64")
    add("--cpu", default="cortex-a76", metavar="NAME", help="as QEMU names it; default: cortex-a76")
    add("--steps", type=int, default=4, metavar="N", help="of the drawing; default: 4")
    add("--out", type=Path, metavar="FILE.html", help="report; default: DIR-arm.html beside the bundle")
    add("--json", type=Path, metavar="FILE.json", help="all figures")
    given = parser.parse_args(arguments)
    out: Path = given.out or given.bundle.resolve().with_name(f"{given.bundle.resolve().name}-arm.html")
    for flag, path, ending in (("--out", out, ".html"), ("--json", given.json, ".json")):
        if path is not None:
            check_output_file(path, flag, ending)
    return Job(given.bundle, Emulator(given.machine, given.cpu), given.steps, out, given.json)


def measure(job: Job) -> Result:
    """Runs everything, with a progress bar. Raises UserError."""
    job.emulator.check()
    bundle = open_bundle(job.bundle)
    logits_model = expose(last_graph(bundle))
    here = record(bundle, logits_model, Request(PROMPT, seed=SEED, steps=job.steps))
    there = emulated(job.emulator, bundle, logits_model, here)
    if there.onnxruntime != here.onnxruntime:
        raise EngineError(
            f"{job.emulator.folder} runs onnxruntime {there.onnxruntime}, this Python {here.onnxruntime}:"
            f" {WAY_OUT}"
        )
    found = compare_machines(bundle, here, there)
    return Result(
        bundle=bundle,
        cpu=job.emulator.cpu,
        recordings=(here, there),
        compared=found,
        yardstick=yardstick(bundle, logits_model, here),
        verdicts=machines_judged(found.figures, bundle.manifest, "ARM"),
    )


def emulated(emulator: Emulator, bundle: Bundle, logits_model: bytes, recorded: Recording) -> Recording:
    """The replay on the emulated machine. Raises EngineError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(folder / RECORDED, recorded)
        (folder / LOGITS_MODEL).write_bytes(logits_model)
        with tqdm(total=len(recorded.runs), desc=emulator.cpu, unit="run", leave=False, disable=None) as bar:
            arguments = [str(bundle.folder.resolve()), str(folder)]
            emulator.run("runtime.parity.machine_recording", arguments, lambda: bar.update())
        return load(folder / REPLAYED)


def yardstick(bundle: Bundle, logits_model: bytes, recorded: Recording) -> dict[str, float]:
    """How much this machine differs from itself, the worst of CONTROLS, when inputs are rounded otherwise."""
    found = []
    for seed in range(CONTROLS):
        noise = np.random.default_rng(seed)
        runs = [replace(run, inputs=moved(run, noise)) for run in recorded.runs]
        again = replay(bundle, logits_model, replace(recorded, runs=runs), lambda: None)
        found.append(compare_machines(bundle, recorded, again).figures)
    worst = {figure: max if figure.endswith(".kl") else min for figure in YARDSTICK}
    return {figure: worst[figure](one[figure] for one in found) for figure in YARDSTICK}


def moved(run: Run, noise: np.random.Generator) -> dict[str, np.ndarray]:
    """The inputs with each float32 moved by a random multiple of ROUNDING."""
    return {
        name: (array * (1 + ROUNDING * noise.standard_normal(array.shape))).astype(np.float32)
        if array.dtype == np.float32 and name not in ("uniforms", "guidance")
        else array
        for name, array in run.inputs.items()
    }


def table(result: Result) -> str:
    """All figures in lines, the limits beside them."""
    here = result.recordings[0]
    lines = [
        f"{result.bundle.folder}: {result.title}, onnxruntime {here.onnxruntime}",
        f"  {'graph':14} {'output':12} {'runs':>4} {'cosine':>11} {'PSNR':>10} {'max error':>10} {'equal':>9}"
        f" {here.machine + ' s':>10} {'emulated s':>10}",
    ]
    for one in result.compared.outputs:
        cosine = "" if one.cosine is None else shown("cosine", one.cosine)
        psnr = "" if one.psnr is None else shown("psnr", one.psnr)
        lines.append(
            f"  {one.graph:14} {one.output:12} {one.runs:4} {cosine:>11} {psnr:>10} {one.max_abs:10.3g}"
            f" {shown('agreement', one.equal):>9} {one.seconds[0]:10.3f} {one.seconds[1]:10.2f}"
        )
    for step in result.compared.steps:
        lines.append(
            f"  step {step.step + 1}: {step.masked} masked, {shown('agreement', step.agreement)} the same"
            f" token, KL {step.kl:.2g}"
        )
    lines += figure_lines(result.compared.figures, result.verdicts)
    own = ", ".join(f"{name} {shown(name, value)}" for name, value in result.yardstick.items())
    lines.append(f"  {here.machine} beside itself, inputs moved by a rounding: {own}")
    return "\n".join(lines)


def html(result: Result) -> str:
    """The page."""
    pictures = [recording.picture for recording in result.recordings]
    return render(
        "arm.html.j2",
        result=result,
        here=result.recordings[0],
        there=result.recordings[1],
        limits={verdict.limit.figure: verdict for verdict in result.verdicts},
        meanings=MEANING,
        controls=CONTROLS,
        pictures=[data_uri(picture) for picture in (*pictures, amplified(*pictures))],
    )


def to_json(result: Result) -> dict[str, Any]:
    """All figures; infinity (the PSNR of equal pictures) is null."""
    here, there = result.recordings

    def row(figures: Any) -> dict[str, Any]:
        return {name: storable(value) for name, value in asdict(figures).items()}

    return {
        "passed": result.passed,
        "source": result.bundle.manifest.source.model_dump(),
        "cpu": result.cpu,
        "machines": [here.machine, there.machine],
        "onnxruntime": here.onnxruntime,
        "request": asdict(here.request),
        "figures": {name: storable(value) for name, value in result.compared.figures.items()},
        "yardstick": result.yardstick,
        "limits": {
            verdict.limit.figure: {
                "worst": verdict.limit.worst,
                "higher_is_better": verdict.limit.higher_is_better,
                "holds": verdict.holds,
            }
            for verdict in result.verdicts
        },
        "outputs": [row(one) for one in result.compared.outputs],
        "steps": [row(step) for step in result.compared.steps],
    }


def run(job: Job) -> int:
    """0 if every limit holds, else 1; the report is written in both cases."""
    result = measure(job)
    print(table(result))
    write_text(job.out, html(result))
    print(f"report: {job.out}")
    if job.json is not None:
        write_text(job.json, json.dumps(to_json(result), indent=1) + "\n")
        print(f"figures: {job.json}")
    for verdict in missed(result.verdicts):
        print(verdict, file=sys.stderr)
    return 0 if result.passed else 1


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
