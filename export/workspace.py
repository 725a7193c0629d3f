"""The folder in which a bundle is made: beside its target, resumable, put in its place at the end."""

import errno
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from reference.files import read_file, write_text
from reference.publishing import WorkFolder, remove, strangers
from runtime.errors import BundleError
from runtime.manifest import FORMAT, MANIFEST, MAX_MANIFEST, FileFacts, Graph

STATE = "state.json"  # lists the finished graphs; beside the content, so no part of the bundle
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Finished:
    """A finished graph: its entry of the manifest, and its files."""

    graph: Graph
    files: dict[str, FileFacts]


class Workspace(WorkFolder):
    """The work folder of a bundle (`reference.publishing`), which keeps finished graphs.

    A graph counts as finished when the state file, which is written last, holds the size and hash of its
    files. A workspace with another key (see `resume_key`) is thrown away.
    """

    def __init__(self, target: Path, key: str, overwrite: bool) -> None:
        super().__init__(target, key, partial(check_target, overwrite=overwrite))
        self.finished: dict[str, Finished] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        self.finished = self._read_state()
        if self.finished:
            self.keep()
        kept = {file for entry in self.finished.values() for file in entry.files}
        for name in strangers(self.folder, kept):  # of a graph that was interrupted
            remove(self.folder / name)
        return self

    def _read_state(self) -> dict[str, Finished]:
        """The finished graphs; none if the state cannot be read."""
        try:
            content = json.loads(read_file(self.root / STATE, MAX_MANIFEST))
            return {
                name: Finished(
                    Graph.model_validate(entry["graph"]),
                    {file: FileFacts(**facts) for file, facts in entry["files"].items()},
                )
                for name, entry in content["finished"].items()
            }
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def has(self, name: str) -> bool:
        """Whether the graph's files are there and unchanged."""
        return name in self.finished and all(
            (self.folder / file).is_file() and FileFacts.of(self.folder / file) == facts
            for file, facts in self.finished[name].files.items()
        )

    def record(self, name: str, graph: Graph) -> None:
        """Note that a graph and its files are finished."""
        files = {file: FileFacts.of(self.folder / file) for file in graph.all_files}
        self.finished[name] = Finished(graph, files)
        finished = {
            name: {
                "graph": entry.graph.model_dump(mode="json"),
                "files": {file: facts.model_dump() for file, facts in entry.files.items()},
            }
            for name, entry in self.finished.items()
        }
        write_text(self.root / STATE, json.dumps({"finished": finished}))
        self.keep()

    def size(self, name: str) -> int:
        """Bytes of a finished graph."""
        return sum(facts.size for facts in self.finished[name].files.values())


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder that is empty when the block begins, even after a killed run, and gone when it ends."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_target(target: Path, overwrite: bool) -> None:
    """Raises BundleError if `target` holds something that must not be replaced.

    That is anything but a bundle of ours, and a bundle in which lie files that its manifest does not list.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise BundleError(f"{target} is a file: name a folder with --out")
    if not any(target.iterdir()):
        return
    files = files_of_bundle(target)
    if files is None:
        raise BundleError(f"{target} holds something that is no bundle: name another folder with --out")
    if not overwrite:
        raise BundleError(
            f"{target} already holds a bundle: add --overwrite to replace it, or name another --out"
        )
    if others := strangers(target, files):
        raise BundleError(
            f"{target} also holds {others[0]}, which is no part of the bundle: move it, or name another --out"
        )


def files_of_bundle(folder: Path) -> set[str] | None:
    """The paths that a bundle of ours may hold, of any version; None for anything else."""
    try:
        manifest = json.loads(read_file(folder / MANIFEST, MAX_MANIFEST))
    except (OSError, ValueError, RecursionError):
        return None
    ours = isinstance(manifest, Mapping) and manifest.get("format") == FORMAT
    if not ours or not isinstance(manifest.get("files"), Mapping):
        return None
    return {MANIFEST, *manifest["files"]}


def check_space(target: Path, needed: int) -> None:
    """Raises BundleError if the disk of `target` has less than `needed` bytes free."""
    folder = next(parent for parent in target.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise BundleError(
            f"the bundle needs about {megabytes(needed)} while it is written, but {target.parent} has"
            f" {megabytes(free)} free: free some, or name a folder on another disk with --out"
        )


@contextmanager
def disk_errors(workspace: Workspace, needed: int) -> Iterator[None]:
    """Turn an OSError into a BundleError that says what to do about a full disk."""
    try:
        yield
    except BrokenPipeError:  # of the log
        raise
    except OSError as error:
        if error.errno in DISK_FULL:
            raise BundleError(
                f"the disk of {workspace.target} is full: free about {megabytes(needed)} and run again;"
                f" finished graphs are kept in {workspace.folder}"
            ) from None
        raise BundleError(f"cannot write {error.filename or workspace.folder}: {error.strerror}") from None


def megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB"
