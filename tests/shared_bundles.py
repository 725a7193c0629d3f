"""The int8 bundles of the shipped checkpoint in build/phones, which the tests of all three languages share.

They are exported by the commands, once: a bundle that is newer than all that makes it is taken as it is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
PHONES = ROOT / "build" / "phones"
MAKERS = ("runtime", "export", "quantize", "reference")
KINDS = {".py", ".safetensors"}


def shared_bundle(name: Literal["android", "iphone"]) -> Path:
    """The folder of the bundle. Raises SystemExit if it cannot be exported: the command has said why.

    torch has one thread from here on: the last bits of the evaluator's sums depend on how many there are.
    """
    import torch

    from export.coreml import main as export_coreml
    from export.onnx import main as export_onnx

    torch.set_num_threads(1)
    folder = PHONES / name
    export = export_onnx if name == "android" else export_coreml
    if not up_to_date(folder / "manifest.json") and (
        code := export(["--int8", "--out", str(folder), "--overwrite"])
    ):
        raise SystemExit(code)
    return folder


def up_to_date(made: Path, *makers: str) -> bool:
    """Whether a file is there and newer than the versions, code and checkpoints that make a bundle, and than
    the code in the folders `makers`.
    """
    return made.exists() and made.stat().st_mtime > max(
        path.stat().st_mtime for path in sources(*MAKERS, *makers)
    )


def sources(*folders: str) -> Iterator[Path]:
    yield ROOT / "requirements.lock"
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in KINDS)
