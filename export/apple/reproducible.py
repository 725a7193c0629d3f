"""A package that is the same, byte for byte, whenever it is made of the same weights.

coremltools names the parts of a package by random identifiers, and writes the maps of its specification in
an order that changes from process to process.
"""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from coremltools.proto import Model_pb2

MANIFEST, DATA = "Manifest.json", "Data"


def make_reproducible(package: Path) -> None:
    """Rewrites the specification in the order of its keys, and names parts after their content."""
    manifest = json.loads((package / MANIFEST).read_text(encoding="utf-8"))
    entries, root = manifest["itemInfoEntries"], manifest["rootModelIdentifier"]
    specification = package / DATA / entries[root]["path"]
    model = Model_pb2.Model.FromString(specification.read_bytes())
    specification.write_bytes(model.SerializeToString(deterministic=True))
    named = {old: identifier(package / DATA, entry) for old, entry in entries.items()}
    manifest["itemInfoEntries"] = dict(sorted((named[old], entry) for old, entry in entries.items()))
    manifest["rootModelIdentifier"] = named[root]
    (package / MANIFEST).write_text(json.dumps(manifest, indent=4) + "\n", encoding="utf-8")


def identifier(data: Path, entry: dict[str, Any]) -> str:
    """Of a part, from its path and the files under it."""
    digest = hashlib.sha256(entry["path"].encode())
    part = data / entry["path"]
    for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return str(uuid.uuid5(uuid.NAMESPACE_OID, digest.hexdigest()))
