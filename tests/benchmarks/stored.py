"""Results in a JSON file that a later run goes on from, as long as they are of the same things."""

import json
import os
from pathlib import Path
from typing import Any


def stored_or_fresh(path: Path, fresh: dict[str, Any], found: str) -> dict[str, Any]:
    """What the file holds, if all of it but `found`, where results are collected, is as in `fresh`; else
    `fresh`.
    """
    if not path.exists():
        return fresh
    stored = json.loads(path.read_text(encoding="utf-8"))
    return stored if {**stored, found: fresh[found]} == fresh else fresh


def write(stored: dict[str, Any], path: Path) -> None:
    """All or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.tmp")
    part.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    part.replace(path)
