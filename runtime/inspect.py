"""`python -m runtime.inspect BUNDLE`: check a bundle's files and show what it holds."""

import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.bundle import Bundle, open_bundle
from runtime.errors import Parser, exit_code, printable

EXAMPLES = """examples:
  python -m runtime.inspect build/android
  meissonic inspect build/iphone
"""


def describe(bundle: Bundle) -> str:
    """Model, graphs with their precision and size, defaults, tools and measured parity, as lines of text."""
    manifest = bundle.manifest
    defaults = manifest.defaults
    width, height = defaults.size
    plural = "s" if defaults.steps > 1 else ""
    student = manifest.model.student
    total = sum(facts.size for facts in manifest.files.values())
    lines = [
        f"{bundle.folder}: {manifest.model.name}, format {manifest.version}, {len(manifest.files)} files, "
        f"{total / 1e6:.1f} MB, all whole",
        "",
        f"engine    {manifest.engine}{', or qnn with --engine qnn' if manifest.for_npu else ''}",
        f"sizes     {', '.join(f'{w}x{h}' for w, h in manifest.sizes)} pixels",
        f"defaults  {width}x{height}, {defaults.steps} step{plural}, guidance {defaults.guidance:g}",
        *([f"student   one pass, {student.masked:.0%} masked, noise {student.noise:g}"] if student else []),
        f"editing   {'yes' if 'image_encoder' in manifest.graphs else 'no: there is no image_encoder'}",
        f"source    {manifest.source.checkpoint}",
        f"made with {', '.join(f'{name} {version}' for name, version in manifest.tools.items())}",
        "",
        f"{'graph':16} {'precision':16} {'unit':5} {'size':>10}",
    ]

    def megabytes(paths: list[str]) -> str:
        return f"{sum(manifest.files[path].size for path in paths) / 1e6:7.1f} MB"

    for name, graph in manifest.graphs.items():
        lines.append(f"{name:16} {graph.precision:16} {graph.compute or '':5} {megabytes(graph.files)}")
        lines += [f"  for {chip:32} {megabytes(paths)}" for chip, paths in graph.contexts.items()]
    if manifest.parity:
        lines += ["", "parity with the reference, measured when the bundle was exported"]
        lines += [f"  {name} = {value}" for name, value in flat(manifest.parity)]
    return "\n".join(map(printable, lines))


def flat(tree: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """The leaves of nested objects, each with its dotted name."""
    leaves: list[tuple[str, object]] = []
    for name, value in tree.items():
        leaves += flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return leaves


def main(arguments: Sequence[str] | None = None) -> int:
    parser = Parser(
        prog="python -m runtime.inspect",
        description="Check every file of a bundle against its manifest and show what the bundle holds.",
        epilog=EXAMPLES,
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of a bundle")
    return exit_code(lambda: print(describe(open_bundle(parser.parse_args(arguments).bundle))))


if __name__ == "__main__":
    sys.exit(main())
