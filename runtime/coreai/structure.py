"""`python -m runtime.coreai.structure ASSET_OR_BUNDLE`: report what a saved Core AI asset contains.

Functions, operations and stored elements come from Apple's own summary of the asset.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reference.files import check_output_file, write_text
from runtime.coreai.saved import first_line, open_asset
from runtime.errors import BundleError, Parser, RequestError, exit_code, printable
from runtime.manifest import ASSET

EXAMPLES = """examples:
  python -m runtime.coreai.structure build/iphone27                        # every asset of a bundle
  python -m runtime.coreai.structure build/iphone27/transformer.aimodel --json build/transformer.json

exit code: 0 reported, 2 wrong input, 130 stopped with Ctrl-C
"""


@dataclass(frozen=True)
class Stored:
    """Constants of one type. Equal constants count once, also those of different functions."""

    elements: int
    bits: int  # an element
    bytes: int


@dataclass(frozen=True)
class FunctionReport:
    name: str
    inputs: dict[str, str]  # by name: type and shape in Apple's notation
    outputs: dict[str, str]


@dataclass(frozen=True)
class AssetReport:
    """An asset's functions; its operations and constants over all functions."""

    asset: str
    bytes: int  # on disk
    functions: list[FunctionReport]
    operations: dict[str, int]  # by type, most frequent first
    stored: dict[str, Stored]  # by type, largest first


def report(path: Path) -> AssetReport:
    """Raises BundleError unless `path` is an asset that Apple's runtime can read."""
    try:
        summary = open_asset(path).summary()
    except RuntimeError as error:
        raise BundleError(f"cannot read {path}: {first_line(error)}: export the bundle again") from None
    if summary is None or not summary.function_names:
        raise BundleError(f"{path} has no program that can be read: export the bundle again")
    stored = {kind: stored_in(kind, count) for kind, count in summary.storage_types}
    return AssetReport(
        path.name,
        sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        [
            FunctionReport(name, dict(summary.function_inputs(name)), dict(summary.function_outputs(name)))
            for name in sorted(summary.function_names)
        ],
        dict(sorted(summary.operation_distribution, key=lambda item: -item[1])),
        dict(sorted(stored.items(), key=lambda item: -item[1].bytes)),
    )


def stored_in(kind: str, elements: int) -> Stored:
    """Size of the elements of a type such as "Int4", whose name ends in its bits; "Bool" takes a byte."""
    digits = re.search(r"\d+", kind)
    bits = int(digits[0]) if digits else 8
    return Stored(elements, bits, (elements * bits + 7) // 8)


def text(asset: AssetReport) -> str:
    """The report as text."""
    lines = [f"{asset.asset}  {asset.bytes / 1e6:.2f} MB on disk"]
    lines += [
        f"  stored {kind:8} {part.elements:>13,} elements of {part.bits:2} bits {part.bytes / 1e6:10.2f} MB"
        for kind, part in asset.stored.items()
    ]
    lines += [
        f"  function {function.name}: {tensors(function.inputs)} -> {tensors(function.outputs)}"
        for function in asset.functions
    ]
    count = sum(asset.operations.values())
    kinds = ", ".join(f"{number} {kind}" for kind, number in asset.operations.items())
    lines.append(f"  {count} operations of all functions: {kinds}")
    return "\n".join(map(printable, lines))


def tensors(types: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in types.items())


def assets(path: Path) -> Iterator[Path]:
    """The asset itself, or those of a bundle. Raises RequestError if there are none."""
    found = [path] if path.suffix == ASSET else sorted(path.glob(f"*{ASSET}"))
    if not found or not found[0].is_dir():
        raise RequestError(
            f"{path} holds no Core AI asset: name a folder that ends in {ASSET}, or a bundle for iOS 27"
        )
    yield from found


@dataclass(frozen=True)
class Job:
    """A parsed command line."""

    path: Path
    json: Path | None


def parse(arguments: Sequence[str] | None) -> Job:
    parser = Parser(
        prog="python -m runtime.coreai.structure",
        description="Report the functions, operations, weights and bytes of Core AI assets. Needs no Mac.",
        epilog=EXAMPLES,
    )
    parser.add_argument("path", type=Path, metavar="ASSET_OR_BUNDLE", help=f"{ASSET}, or a bundle's folder")
    parser.add_argument("--json", type=Path, metavar="FILE.json", help="write everything as JSON")
    given = parser.parse_args(arguments)
    if given.json is not None:
        check_output_file(given.json, "--json", ".json")
    return Job(given.path, given.json)


def run(job: Job) -> None:
    """Raises UserError."""
    reports = [report(path) for path in assets(job.path)]
    if job.json is not None:
        write_text(job.json, json.dumps({"assets": [asdict(each) for each in reports]}, indent=1) + "\n")
    print("\n\n".join(map(text, reports)))


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: run(parse(arguments)))


if __name__ == "__main__":
    sys.exit(main())
