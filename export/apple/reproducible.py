"""Makes equal weights give byte-for-byte equal packages.

coremltools gives the parts of a package random identifiers, and writes the maps of its specification in an
order that changes from process to process.
"""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from coremltools.proto import Model_pb2

MANIFEST, DATA = "Manifest.json", "Data"


def make_reproducible(package: Path) -> None:
    """Rewrite a package: sort its specification's maps, and derive identifiers from the parts' content."""
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
    """A part's identifier, a hash of its path and the files under it."""
    digest = hashlib.sha256(entry["path"].encode())
    part = data / entry["path"]
    for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return str(uuid.uuid5(uuid.NAMESPACE_OID, digest.hexdigest()))
