"""The bundles of the 64 px stickers in build/phones, which the tests of all four languages share.

The commands export them, again only when something that they are made from has changed.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from filelock import FileLock

ROOT = Path(__file__).parents[1]
PHONES = ROOT / "build" / "phones"
SOURCES = ("runtime", "export", "quantize", "reference")
STUDENT = ROOT / "reference" / "checkpoints" / "student"
"""Of the shipped stickers."""
SHADED = STUDENT.with_name("stickers-shaded")
STICKERS_64 = ROOT / "tests" / "stickers-64"
"""What tests and published tables use: a picture has a quarter of the shipped checkpoint's tokens."""
KINDS = {".py", ".json", ".txt", ".safetensors"}  # code, configs, tokenizers and weights


def shared_bundle(name: Literal["android", "fp32", "iphone"]) -> Path:
    """The folder of the bundle: int8 for a phone, or float32.

    Raises SystemExit if it cannot be exported: the command has said why. From here on torch has one
    thread, because the last bits of the evaluator's sums depend on their number.
    """
    import torch

    from export.coreml import main as export_coreml
    from export.onnx import main as export_onnx

    torch.set_num_threads(1)
    folder = PHONES / name
    export = export_coreml if name == "iphone" else export_onnx
    precision = "--fp32" if name == "fp32" else "--int8"

    def make() -> None:
        if code := export([precision, "--checkpoint", str(STICKERS_64), "--out", str(folder), "--overwrite"]):
            raise SystemExit(code)

    make_once(folder, make, "tests/stickers-64")
    return folder


def make_once(folder: Path, make: Callable[[], None], *sources: str) -> None:
    """Call `make` to fill the folder, unless it was filled from the same sources.

    Sources are the versions, code and checkpoints that a bundle is made from, and the folders `sources`.
    Their hash is kept in a file beside the folder. Another process that fills it is waited for.
    """
    key, kept = content_hash(*SOURCES, *sources), folder.with_name(f"{folder.name}.sha256")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if folder.exists() and kept.exists() and kept.read_text() == key:
            return
        kept.unlink(missing_ok=True)
        make()
        kept.write_text(key)


def content_hash(*folders: str) -> str:
    """SHA-256 over the names and contents of the lock file and of all sources in the folders."""
    total = hashlib.sha256()
    for path in files(*folders):
        with path.open("rb") as file:
            total.update(
                f"{path.relative_to(ROOT)} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode()
            )
    return total.hexdigest()


def files(*folders: str) -> Iterator[Path]:
    yield ROOT / "requirements.lock"
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in KINDS)
