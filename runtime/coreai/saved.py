"""Opens a saved asset after a check of its files: Apple's reader aborts the process on a damaged one."""

import hashlib
import json
from pathlib import Path
from typing import Any

from runtime.errors import BundleError

VERSION = "2.0"  # of the asset format
AGAIN = "export the bundle again"


def open_asset(path: Path) -> Any:
    """The AIModelAsset. Raises BundleError if a file is missing, damaged or of another format version,
    EngineError if Apple's package cannot be used here.
    """
    try:
        version = json.loads((path / "metadata.json").read_text(encoding="utf-8"))["assetVersion"]
        wanted = (path / "main.hash").read_bytes()
        with (path / "main.mlirb").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise BundleError(f"cannot read {error.filename}: {error.strerror}: {AGAIN}") from None
    except (ValueError, KeyError, TypeError):
        raise BundleError(f"{path / 'metadata.json'} does not describe an asset: {AGAIN}") from None
    if version != VERSION:
        raise BundleError(f"{path} has asset version {version}, and this runtime reads {VERSION}: {AGAIN}")
    if found != wanted:
        raise BundleError(f"{path / 'main.mlirb'} is damaged: its SHA-256 is not main.hash: {AGAIN}")
    from runtime.coreai.tools import AIModelAsset  # the extra coreai; damage is found without it

    return AIModelAsset.load(path)


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
