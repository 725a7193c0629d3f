"""The bundle on disk, and a reader that trusts nothing.

Runtimes call `open_bundle`, which checks the version, that every path stays inside the folder, and the size
and SHA-256 of every file before an engine opens one, because an engine that maps a truncated data file
crashes.
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ValidationError

from runtime.errors import BundleError, first_problem
from runtime.manifest import (
    FORMAT,
    MANIFEST,
    MAX_FILES,
    MAX_MANIFEST,
    MAX_TEXT_FILE,
    VERSION,
    FileFacts,
    GoldenTrace,
    Manifest,
)
from runtime.onnx_files import external_files


@dataclass(frozen=True)
class Bundle:
    """An open bundle: every file in the manifest exists, with the size and hash that the manifest gives."""

    folder: Path
    manifest: Manifest

    @property
    def sha256(self) -> str:
        """SHA-256 of the manifest, which names the model in a picture's settings."""
        return FileFacts.of(self.folder / MANIFEST).sha256

    def path(self, name: str) -> Path:
        """Where a file of the manifest is."""
        return self.folder / name

    def content(self, name: str) -> bytes:
        """The content of a small file of the manifest. Raises BundleError."""
        return _content(self.path(name), MAX_TEXT_FILE)

    def text(self, name: str) -> str:
        """The content of a text file of the manifest. Raises BundleError."""
        try:
            return self.content(name).decode()
        except UnicodeDecodeError:
            raise BundleError(f"{self.path(name)} is not UTF-8: export the bundle again") from None

    def golden(self) -> GoldenTrace | None:
        """The golden trace, None if the bundle has none. Raises BundleError."""
        if self.manifest.golden is None:
            return None
        path = self.path(self.manifest.golden.file)
        try:
            return GoldenTrace.model_validate_json(self.content(self.manifest.golden.file), strict=True)
        except ValidationError as error:
            raise BundleError(f"{path}: {first_problem(error)}: export the bundle again") from None


def open_bundle(folder: str | Path) -> Bundle:
    """Reads the manifest and verifies every file. Raises BundleError, which names the file."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    root = Path(os.path.realpath(folder))  # `Path.resolve` raises RuntimeError for links in a circle
    for name, facts in manifest.files.items():
        _verify(root, name, facts)
    bundle = Bundle(folder, manifest)
    if manifest.engine == "onnxruntime":
        for graph in manifest.graphs.values():
            for model in (*graph.models, *(files[0] for files in graph.contexts.values())):
                _check_external(bundle, model)
    return bundle


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest alone and leaves the other files unchecked. Raises BundleError."""
    path = folder / MANIFEST
    try:
        data = _content(path, MAX_MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        way_out = "make one with python -m export.onnx"
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST} ({way_out})") from None
    try:
        head = _Head.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise BundleError(f"{path} is not valid JSON ({first['msg']}): export the bundle again") from None
        head = _Head()
    if head.format != FORMAT:
        raise BundleError(f'{path} is not a {FORMAT} manifest: its "format" should be "{FORMAT}"')
    if type(head.version) is int and head.version > VERSION:
        raise BundleError(f"{path} has version {head.version}, newer than {VERSION}: update the runtime")
    if type(head.version) is not int or head.version != VERSION:
        raise BundleError(f'{path}: its "version" should be {VERSION}: export the bundle again')
    try:
        return Manifest.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise BundleError(f"{path}: {first_problem(error)}: export the bundle again") from None


class _Head(BaseModel):
    """What is read first, because a newer manifest may have keys of any kind."""

    format: Any = None
    version: Any = None


def _content(path: Path, limit: int) -> bytes:
    """The file's bytes. Raises BundleError, or an OSError of two kinds if nothing is there."""
    try:
        # Opening a pipe would wait for its other end, and a device has no end.
        if path.exists() and not path.is_file():
            raise BundleError(f"{path} is not a file: copy the bundle again")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise BundleError(f"no bundle can have the name {path}: give its folder") from None
    if len(data) > limit:
        raise BundleError(f"{path} is larger than {limit / 1e6:g} MB: export the bundle again")
    return data


def _check_external(bundle: Bundle, model: str) -> None:
    """Raises BundleError if an ONNX model reads a file that has no hash in the manifest."""
    path = bundle.path(model)
    try:
        locations = external_files(path, MAX_FILES)
    except ValueError as error:
        raise BundleError(f"{path} is not an ONNX model ({error}): export the bundle again") from None
    folder = PurePosixPath(model).parent
    for location in sorted(locations):
        if location.startswith("/") or str(folder / location) not in bundle.manifest.files:
            raise BundleError(
                f"{path} reads {location!r}, which the manifest does not list: export the bundle again"
            )


def _verify(root: Path, name: str, facts: FileFacts) -> None:
    path = root / name
    # The target of a symbolic link must be inside the bundle too.
    if not Path(os.path.realpath(path)).is_relative_to(root):
        raise BundleError(f"{path} leads outside the bundle: replace the link by the file")
    if not path.is_file():
        raise BundleError(f"{path} is missing: copy the bundle again")
    try:
        size = path.stat().st_size
        if size != facts.size:
            kind = "truncated" if size < facts.size else "changed"
            raise BundleError(
                f"{path} is {kind}: {size} bytes instead of {facts.size}: copy the bundle again"
            )
        actual = FileFacts.of(path)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from None
    if actual.sha256 != facts.sha256:
        raise BundleError(f"{path} is changed: its SHA-256 is not the manifest's: copy the bundle again")
