"""`python -m runtime.coreai.structure ASSET_OR_BUNDLE`: report what a saved Core AI asset contains.

Operations and stored elements come from Apple's own summary of the asset.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.bundle import ASSET
from runtime.coreai.saved import first_line, open_asset
from runtime.errors import BundleError, Parser, exit_code, printable

EXAMPLES = """examples:
  python -m runtime.coreai.structure build/iphone27                        # every asset of a bundle
  python -m runtime.coreai.structure build/iphone27/transformer.aimodel

exit code: 0 reported, 2 wrong input, 130 stopped with Ctrl-C
"""


@dataclass(frozen=True)
class AssetReport:
    """An asset's functions; its operations and stored elements over all functions."""

    name: str
    bytes: int  # on disk
    functions: list[str]
    operations: dict[str, int]  # by type
    stored: dict[str, int]  # constants, elements by type; equal constants count once

    def __str__(self) -> str:
        operations = sorted(self.operations.items(), key=lambda item: -item[1])
        stored = sorted(self.stored.items(), key=lambda item: -item[1])
        return "\n".join(
            [
                f"{self.name}  {self.bytes / 1e6:.1f} MB on disk",
                f"  functions: {', '.join(self.functions)}",
                f"  stored: {', '.join(f'{count} {kind}' for kind, count in stored)}",
                f"  operations: {', '.join(f'{count} {kind}' for kind, count in operations)}",
            ]
        )


def report(path: Path) -> AssetReport:
    """Raises BundleError unless `path` is an asset that Apple's runtime can read."""
    try:
        summary = open_asset(path).summary()
    except RuntimeError as error:
        raise BundleError(f"cannot read {path}: {first_line(error)}: export the bundle again") from None
    if summary is None:
        raise BundleError(f"{path} has no program: export the bundle again")
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return AssetReport(
        path.name,
        size,
        sorted(summary.function_names),
        dict(summary.operation_distribution),
        dict(summary.storage_types),
    )


def assets(path: Path) -> Iterator[Path]:
    """The asset itself, or those of a bundle. Raises BundleError if there are none."""
    found = [path] if path.suffix == ASSET else sorted(path.glob(f"*{ASSET}"))
    if not found or not found[0].is_dir():
        raise BundleError(f"{path} holds no Core AI asset: name a folder that ends in {ASSET}, or a bundle")
    yield from found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = Parser(
        prog="python -m runtime.coreai.structure",
        description="Report the operations, weights and bytes of Core AI assets.",
        epilog=EXAMPLES,
    )
    parser.add_argument("path", type=Path, metavar="ASSET_OR_BUNDLE")

    def run() -> None:
        for path in assets(parser.parse_args(arguments).path):
            print("\n".join(map(printable, str(report(path)).splitlines())))

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
