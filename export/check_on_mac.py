"""`python -m export.check_on_mac`: measures an exported iPhone bundle on Apple's hardware.

On a Mac with macOS 15 or newer, in a clone of this repository:

    pip install -e '.[export,coreml]'
    python -m export.check_on_mac

and for a bundle of Core AI assets, with macOS 27:

    pip install -e '.[export,coreml,coreai]'
    python -m export.check_on_mac build/iphone27

It takes the bundle in the current folder, or else build/iphone, and repeats the drawing of its golden trace
on every choice of compute units. It measures how long the graphs take to load and to run, and records which
device Core ML places their operations on and whether they draw the tokens that were recorded on Linux. It
also compiles Core AI assets ahead of time for iPhones. A failure is recorded and the rest goes on. The
results are in check_on_mac.json in the current folder: please send back that file.
"""

import json
import multiprocessing
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from export.mac_check.coreai_device import AHEAD, CoreAIMac, compile_ahead
from export.mac_check.device import Device, Mac, Placement, machine
from export.mac_check.feeds import Golden, package
from export.mac_check.unit_check import (
    CHOICES,
    DrawingCheck,
    GraphCheck,
    Message,
    Started,
    UnitCheck,
    recorded,
)
from reference.files import check_output_file, write_text
from runtime.bundle import Bundle, open_bundle
from runtime.errors import BundleError, Parser, RequestError, exit_code
from runtime.manifest import MANIFEST

OUT = Path("check_on_mac.json")
FORMAT = "meissonic-mobile check_on_mac"
VERSION = 1

EXAMPLES = """examples:
  python -m export.check_on_mac                       # the bundle in this folder, else build/iphone
  python -m export.check_on_mac ~/Downloads/iphone    # another one
  python -m export.check_on_mac build/iphone27        # Core AI assets, on macOS 27

exit code: 0 everything ran, 1 something failed (check_on_mac.json says what), 2 wrong input
"""


@dataclass
class Compiled:
    """A package compiled for this Mac. `path` means nothing to a reader of the report."""

    graph: str
    seconds: float | None = None
    path: str | None = None
    errors: dict[str, str] = field(default_factory=dict)


@dataclass
class Ahead:
    """An asset compiled ahead of time for iPhones that prefer a unit."""

    graph: str
    unit: str
    seconds: float | None = None
    bytes: int | None = None
    errors: dict[str, str] = field(default_factory=dict)


@dataclass
class Crash:
    """A process that ended before its work did: Core ML aborts where it should raise an error."""

    doing: str
    exit_code: int  # negative: the signal


@dataclass
class Report:
    """The content of check_on_mac.json, written after every message, so that a crash loses nothing."""

    machine: dict[str, Any]
    bundle: dict[str, Any]
    format: str = FORMAT
    version: int = VERSION
    packages: list[Compiled] = field(default_factory=list)
    ahead_of_time: list[Ahead] = field(default_factory=list)
    graphs: list[GraphCheck] = field(default_factory=list)
    drawings: list[DrawingCheck] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        errors = [
            check.errors
            for checks in (self.packages, self.ahead_of_time, self.graphs, self.drawings)
            for check in checks
        ]
        return bool(self.crashes) or any(errors)

    def write(self, path: Path) -> None:
        write_text(path, json.dumps(asdict(self), indent=1, allow_nan=False) + "\n")


def compile_packages(
    golden: Golden, folder: Path, device: Callable[[], Device], tell: Callable[[Any], None]
) -> None:
    """Compile each graph's package into a new folder, whose paths no cache knows."""
    own = device()
    for name in golden.bundle.manifest.graphs:
        tell(Started(f"compiling {name}"))
        done = Compiled(name)
        begun = time.perf_counter()
        with recorded(done.errors, "compile"):
            done.path = str(own.compile(package(golden.bundle, name), folder))
            done.seconds = time.perf_counter() - begun
        tell(done)


def compile_ahead_of_time(golden: Golden, folder: Path, tell: Callable[[Any], None]) -> None:
    """Compile each graph's asset for iPhones, once for each unit that an iPhone can prefer."""
    for name in golden.bundle.manifest.graphs:
        for unit in AHEAD:
            tell(Started(f"compiling {name} ahead of time for {unit}"))
            done, out = Ahead(name, unit), folder / f"{name}-{unit}"
            begun = time.perf_counter()
            with recorded(done.errors, "compile"):
                compile_ahead(package(golden.bundle, name), out, unit)
                done.seconds = time.perf_counter() - begun
                done.bytes = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
            tell(done)


def check_choice(
    golden: Golden,
    compiled: dict[str, Path],
    choice: str,
    references: Path,
    device: Callable[[], Device],
    tell: Callable[[Any], None],
) -> None:
    """Check each graph and the drawing on one choice of compute units."""
    UnitCheck(golden, device(), compiled, choice, references, tell).run()


def in_own_process(work: Callable[..., None], tell: Callable[[Any], None]) -> int:
    """Run `work(tell)` in a process that may die, and return its exit code; `tell` runs in this one."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, sender), daemon=True)
    process.start()
    sender.close()  # so that the pipe ends with the process
    while True:
        try:
            message = receiver.recv()
        except (EOFError, OSError):  # OSError: the process died while it sent a message
            break
        tell(message)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _child(work: Callable[..., None], sender: Connection) -> None:
    # The parent handles Ctrl-C and says which results are kept.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work(tell=sender.send)


def check(
    bundle: Bundle, device: Callable[[], Device], out: Path, choices: Sequence[str] = CHOICES
) -> Report:
    """Run every check and print its result. Raises BundleError for a bundle that cannot be checked."""
    trace = bundle.golden()
    if trace is None:
        raise BundleError(f"{bundle.folder} holds no golden trace: export it again")
    manifest, golden = bundle.manifest, Golden(bundle, trace)
    for name in manifest.graphs:
        package(bundle, name)
    coreai = manifest.engine == "coreai"
    report = Report(
        machine=dict(machine("coreai-core" if coreai else "coremltools")),
        bundle={
            "model": manifest.model.name,
            "source": manifest.source.model_dump(),
            "precision": {name: graph.precision for name, graph in manifest.graphs.items()},
            "compute": {name: graph.compute for name, graph in manifest.graphs.items()},
            "step": manifest.step,
            "size": trace.size,
            "steps": trace.steps,
            "rows": golden.rows,
        },
    )
    doing = ""
    clear = "\r\033[K" if sys.stdout.isatty() else ""

    def tell(message: Message | Compiled | Ahead) -> None:
        nonlocal doing
        match message:
            case Started():
                doing = message.what
                if clear:
                    print(f"{clear}  ... {doing}", end="", flush=True)
                return
            case Compiled():
                report.packages.append(message)
            case Ahead():
                report.ahead_of_time.append(message)
            case GraphCheck():
                report.graphs.append(message)
            case DrawingCheck():
                report.drawings.append(message)
        print(clear + "\n".join(lines(message)), flush=True)
        report.write(out)

    def run(work: Callable[..., None]) -> None:
        if code := in_own_process(partial(work, device=device), tell):
            report.crashes.append(Crash(doing, code))
            print(f"{clear}  CRASHED with exit code {code}: {doing}", flush=True)
            report.write(out)

    print("The first load of a graph on the Neural Engine can take minutes; the others follow.", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(partial(compile_packages, golden, folder))
        compiled = {each.graph: Path(each.path) for each in report.packages if each.path}
        if coreai:  # in this process, because another program does the work
            compile_ahead_of_time(golden, folder, tell)
        for choice in choices:
            run(partial(check_choice, golden, compiled, choice, folder))
    report.write(out)
    return report


def lines(message: Compiled | Ahead | GraphCheck | DrawingCheck) -> list[str]:
    """A result, to print."""
    shown: list[str]
    match message:
        case Compiled():
            shown = [f"  compiled {message.graph} in {_shown(message.seconds)} s"]
        case Ahead():
            shown = [
                f"  compiled {message.graph} ahead of time for {message.unit} in {_shown(message.seconds)} s"
            ]
        case GraphCheck():
            loads = " and ".join(f"{seconds:.2f}" for seconds in message.load_seconds) or "none"
            shown = [
                f"  {message.choice:12} {message.graph:15} loads {loads} s,"
                f" predict {_shown(message.predict_ms)} ms (first {_shown(message.first_predict_ms)})"
            ]
            if message.likeness:
                like = ", ".join(f"{name} {_shown(value, 6)}" for name, value in message.likeness.items())
                shown.append(f"{'':15}like {message.compared_with}: {like}")
            if message.placement is not None:
                shown += _placement_lines(message.placement)
        case DrawingCheck():
            shown = [
                f"  {message.choice:12} drew {message.equal} of {message.compared} tokens as recorded"
                f" in {len(message.steps)} steps of {_shown(message.step_ms)} ms"
            ]
    return shown + [f"{'':15}FAILED, {what}: {error}" for what, error in message.errors.items()]


def _placement_lines(placement: Placement) -> list[str]:
    """Counts by device, then the operations that are not on the device that does most of the work."""
    totals = {device: sum(kinds.values()) for device, kinds in placement.operations.items()}
    if not totals:
        return []
    main = max(totals, key=lambda device: (placement.cost.get(device, 0.0), totals[device]))
    counts = (
        f"{device} {count} ({100 * placement.cost.get(device, 0.0):.0f} % of the cost)"
        for device, count in totals.items()
    )
    shown = [f"{'':15}operations: {', '.join(counts)}"]
    for device, kinds in placement.operations.items():
        if device != main:
            listed = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            shown.append(f"{'':15}on {device} instead of {main}: {listed}")
    return shown


def _shown(value: float | None, digits: int = 2) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


def find_bundle(given: Path | None) -> Path:
    """The given folder, or this one if it is a bundle, or build/iphone here or in the repository."""
    if given is not None:
        return given
    here = Path.cwd()
    places = (here, here / "build/iphone", Path(__file__).resolve().parent.parent / "build/iphone")
    for place in places:
        if (place / MANIFEST).is_file():
            return place
    raise RequestError(
        "no bundle here or in build/iphone: name its folder, or make one with python -m export.coreml"
    )


def parse(arguments: Sequence[str] | None) -> Path | None:
    parser = Parser(
        prog="python -m export.check_on_mac",
        description="Measure an iPhone bundle on the units of this Mac, and write check_on_mac.json.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "bundle", type=Path, nargs="?", metavar="BUNDLE", help="default: this folder, else build/iphone"
    )
    given: Path | None = parser.parse_args(arguments).bundle
    return given


def run(arguments: Sequence[str] | None) -> int:
    """0 if everything ran, else 1. Raises UserError."""
    given = parse(arguments)
    if sys.platform != "darwin":
        raise RequestError("this check needs macOS: Core ML runs nothing elsewhere")
    check_output_file(OUT, "the folder for", ".json")
    bundle = open_bundle(find_bundle(given))
    report = check(bundle, CoreAIMac if bundle.manifest.engine == "coreai" else Mac, OUT)
    print(f"written: {OUT} (please send it back)")
    return int(report.failed)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(arguments), stopped=f"what was measured so far is in {OUT}")


if __name__ == "__main__":
    sys.exit(main())
