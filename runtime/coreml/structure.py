"""`python -m runtime.coreml.structure PACKAGE_OR_BUNDLE`: report what a saved Core ML package contains."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reference.files import check_output_file, write_text
from runtime.coreml.costs import Stored, flops, memory, stored, total_bytes
from runtime.coreml.neural_engine import RULES, Rule, first_broken
from runtime.coreml.saved import Function, Operation, SavedPackage, first_line, read_package
from runtime.errors import BundleError, Parser, RequestError, exit_code, printable

NOT_SHOWN = (
    "Computed from the files. Only a device shows where operations run, how fast, and what the Neural Engine"
    " computes: python -m export.check_on_mac"
)

# Limits of iPhones as users report them; bytes.
LARGEST_FP16 = 1_000_000_000
LARGEST_PACKAGE = 2_000_000_000

EXAMPLES = """examples:
  python -m runtime.coreml.structure build/iphone                          # every package of a bundle
  python -m runtime.coreml.structure build/iphone/transformer.mlpackage --json build/transformer.json

exit code: 0 reported, 2 wrong input, 130 stopped with Ctrl-C
"""


@dataclass(frozen=True)
class Broken:
    """A rule of the Neural Engine, and the operations that break it."""

    rule: str
    reason: str
    leaves: bool  # runs on another device; otherwise it stays but is slower
    count: int
    flops_share: float
    operations: dict[str, int]  # by type


@dataclass(frozen=True)
class Tensor:
    operation: str  # its type
    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int


@dataclass(frozen=True)
class FunctionReport:
    name: str
    operations: dict[str, int]  # by type, most frequent first
    flops: int
    flops_by_type: dict[str, int]
    leaving: int  # operations that the Neural Engine does not run
    leaving_flops_share: float
    broken: list[Broken]
    weights: dict[str, Stored]
    input_bytes: int
    output_bytes: int
    moved_bytes: int  # a call: weights, inputs, outputs
    largest: Tensor | None
    peak_bytes: int
    peak_at: str


@dataclass(frozen=True)
class PackageReport:
    package: str
    specification: int
    bytes: int  # on disk
    weights: dict[str, Stored]  # shared weights count once
    warnings: list[str]
    functions: list[FunctionReport]


def report(package: SavedPackage) -> PackageReport:
    weights = stored(weight for function in package.functions for weight in function.weights)
    return PackageReport(
        package=package.path.name,
        specification=package.specification,
        bytes=package.bytes,
        weights=weights,
        warnings=warnings(package.bytes, weights),
        functions=[function_report(function) for function in package.functions],
    )


def warnings(size: int, weights: Mapping[str, Stored]) -> list[str]:
    """Reasons why an iPhone may not load the package."""
    found = []
    half = weights.get("fp16", Stored()).bytes
    if half > LARGEST_FP16:
        found.append(
            f"{_bytes(half)} of fp16 weights in one graph: an iPhone needs chunks below"
            f" {_bytes(LARGEST_FP16)}, or palettes of at most 6 bits"
        )
    if size > LARGEST_PACKAGE:
        found.append(f"{_bytes(size)} in one package: keep every model below {_bytes(LARGEST_PACKAGE)}")
    return found


def function_report(function: Function) -> FunctionReport:
    work = {operation.name: flops(operation) for operation in function.operations}
    whole = sum(work.values())
    by_type: Counter[str] = Counter()
    by_rule: dict[Rule, list[Operation]] = {}
    for operation in function.operations:
        by_type[operation.type] += work[operation.name]
        if (rule := first_broken(operation)) is not None:
            by_rule.setdefault(rule, []).append(operation)

    def share(operations: Iterable[Operation]) -> float:
        return sum(work[operation.name] for operation in operations) / whole if whole else 0.0

    leaving = [operation for rule, broken in by_rule.items() if rule.leaves for operation in broken]
    used = memory(function)
    weights = stored(function.weights)
    inputs, outputs = total_bytes(function.inputs), total_bytes(function.outputs)
    return FunctionReport(
        name=function.name,
        operations=_histogram(function.operations),
        flops=whole,
        flops_by_type={kind: count for kind, count in by_type.most_common() if count},
        leaving=len(leaving),
        leaving_flops_share=share(leaving),
        broken=[
            Broken(rule.name, rule.reason, rule.leaves, len(broken), share(broken), _histogram(broken))
            for rule in RULES
            if (broken := by_rule.get(rule))
        ],
        weights=weights,
        input_bytes=inputs,
        output_bytes=outputs,
        moved_bytes=sum(part.bytes for part in weights.values()) + inputs + outputs,
        largest=None
        if used.largest is None
        else Tensor(
            used.largest_type, used.largest.name, used.largest.shape, used.largest.dtype, used.largest.bytes
        ),
        peak_bytes=used.peak,
        peak_at=used.peak_at,
    )


def text(package: PackageReport) -> str:
    """The report as text."""
    lines = [f"{package.package}  {_bytes(package.bytes)} on disk, specification {package.specification}"]
    lines += [f"  weights {line}" for line in _weight_lines(package.weights)]
    lines += [f"  warning: {warning}" for warning in package.warnings]
    for function in package.functions:
        lines += [f"  {line}" for line in _function_lines(function)]
    return "\n".join(map(printable, lines))


def _function_lines(function: FunctionReport) -> list[str]:
    count = sum(function.operations.values())
    lines = [
        f"function {function.name}: {count} operations, {_flops(function.flops)},"
        f" {_bytes(function.moved_bytes)} moved a call"
        f" (inputs {_bytes(function.input_bytes)}, outputs {_bytes(function.output_bytes)})",
        "  " + _counts(function.operations),
    ]
    if function.flops:
        shares = (f"{kind} {_share(part / function.flops)}" for kind, part in function.flops_by_type.items())
        lines.append(f"  arithmetic: {', '.join(shares)}")
    if function.largest is not None:
        shape = "x".join(map(str, function.largest.shape)) or "scalar"
        lines.append(
            f"  largest intermediate: {function.largest.operation} {function.largest.name}"
            f" {shape} {function.largest.dtype}, {_bytes(function.largest.bytes)};"
            f" alive at once: {_bytes(function.peak_bytes)} (at {function.peak_at})"
        )
    lines.append(
        f"  off the Neural Engine: {function.leaving} of {count} operations,"
        f" {_share(function.leaving_flops_share)} of the arithmetic"
    )
    for broken in function.broken:
        lines += [
            f"    {'off ' if broken.leaves else 'slow'} {broken.count:5}  {_share(broken.flops_share):>7}"
            f"  {broken.rule}: {broken.reason}",
            f"                         {_counts(broken.operations)}",
        ]
    return lines


def _weight_lines(weights: Mapping[str, Stored]) -> list[str]:
    return [
        f"{precision:10} {part.parameters:>14,} parameters {_bytes(part.bytes):>10}"
        for precision, part in sorted(weights.items(), key=lambda pair: -pair[1].bytes)
    ]


def _histogram(operations: Iterable[Operation]) -> dict[str, int]:
    return dict(Counter(operation.type for operation in operations).most_common())


def _counts(operations: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in operations.items())


def _bytes(size: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} B"


def _flops(count: int) -> str:
    return f"{count / 1e9:.3f} GFLOP" if count >= 1e6 else f"{count} FLOP"


def _share(part: float) -> str:
    return f"{100 * part:.1f} %"


def packages(path: Path) -> list[Path]:
    """The package itself, or all packages of a bundle. Raises RequestError."""
    if path.suffix == ".mlpackage":
        return [path]
    found = sorted(path.glob("*.mlpackage"))
    if not found:
        raise RequestError(f"{path} holds no .mlpackage: name a package or the folder of an iPhone bundle")
    return found


def to_json(reports: Sequence[PackageReport]) -> dict[str, Any]:
    return {"packages": [asdict(each) for each in reports], "not_shown": NOT_SHOWN}


@dataclass(frozen=True)
class Job:
    """A parsed command line."""

    path: Path
    json: Path | None


def parse(arguments: Sequence[str] | None) -> Job:
    parser = Parser(
        prog="python -m runtime.coreml.structure",
        description="Report what a Core ML package contains: operations, which of them leave the Neural"
        " Engine, weights by precision, arithmetic, memory. Needs no Mac.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "path", type=Path, metavar="PACKAGE_OR_BUNDLE", help=".mlpackage, or a bundle's folder"
    )
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write everything as JSON")
    given = parser.parse_args(arguments)
    if given.json is not None:
        check_output_file(given.json, "--json", ".json")
    return Job(given.path, given.json)


def run(job: Job) -> None:
    """Raises UserError."""
    reports = [_reported(path) for path in packages(job.path)]
    if job.json is not None:
        write_text(job.json, json.dumps(to_json(reports), indent=1) + "\n")
    print("\n\n".join([*map(text, reports), NOT_SHOWN]))


def _reported(path: Path) -> PackageReport:
    package = read_package(path)
    try:
        return report(package)
    except Exception as error:  # operations without the inputs or shapes that their kind has
        raise BundleError(f"{path} is damaged: {first_line(error)}: export the bundle again") from None


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
