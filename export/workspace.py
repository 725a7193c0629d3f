"""The folder in which a bundle is made: beside its target, resumable, renamed to it at the end."""

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.bundle import MANIFEST, FileFacts, Graph
from runtime.errors import BundleError

STATE = "state.json"  # lists the finished graphs; not part of the bundle
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Finished:
    """A finished graph: its entry of the manifest, and its files."""

    graph: Graph
    files: dict[str, FileFacts]


class Workspace:
    """`NAME.partial` beside the bundle folder NAME.

    A graph counts as finished when the state file, which is written last, holds the size and hash of its
    files. A workspace with another key (see `resume_key`) is thrown away.
    """

    def __init__(self, target: Path, key: str) -> None:
        self.target = target
        self.folder = target.with_name(target.name + ".partial")
        self.key = key
        self.finished = self._read_state()
        if not self.finished and self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _read_state(self) -> dict[str, Finished]:
        """The finished graphs; none if the state has another key or cannot be read."""
        try:
            content = json.loads((self.folder / STATE).read_text())
            if content["key"] != self.key:
                return {}
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
        files = {file: FileFacts.of(self.folder / file) for file in graph.files}
        self.finished[name] = Finished(graph, files)
        finished = {
            name: {
                "graph": entry.graph.model_dump(mode="json"),
                "files": {file: facts.model_dump() for file, facts in entry.files.items()},
            }
            for name, entry in self.finished.items()
        }
        # Written beside the state and renamed, so that an interruption leaves the old state or the new one.
        beside = self.folder / (STATE + ".tmp")
        beside.write_text(json.dumps({"key": self.key, "finished": finished}))
        beside.replace(self.folder / STATE)

    def size(self, name: str) -> int:
        """Bytes of a finished graph."""
        return sum(facts.size for facts in self.finished[name].files.values())

    def publish(self) -> None:
        """Rename the folder to the target. An older bundle there is put back if that fails."""
        (self.folder / STATE).unlink()
        old = self.target.with_name(self.target.name + ".old")
        if old.exists():
            shutil.rmtree(old)
        if self.target.exists():
            self.target.rename(old)
        try:
            self.folder.rename(self.target)
        except OSError:
            if old.exists():
                old.rename(self.target)
            raise
        if old.exists():
            shutil.rmtree(old)

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


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
    """Raises BundleError if `target` holds something that must not be replaced."""
    if not target.exists():
        return
    if not target.is_dir():
        raise BundleError(f"{target} is a file: name a folder with --out")
    if not any(target.iterdir()):
        return
    if not (target / MANIFEST).exists():
        raise BundleError(f"{target} holds something that is no bundle: name another folder with --out")
    if not overwrite:
        raise BundleError(
            f"{target} already holds a bundle: add --overwrite to replace it, or name another --out"
        )


def check_space(target: Path, needed: int) -> None:
    """Raises BundleError if the disk of `target` has less than `needed` bytes free."""
    free = shutil.disk_usage(target.parent).free
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
    except OSError as error:
        if error.errno in DISK_FULL:
            raise BundleError(
                f"the disk of {workspace.target} is full: free about {megabytes(needed)} and run again;"
                f" finished graphs are kept in {workspace.folder}"
            ) from None
        raise BundleError(f"cannot write {error.filename or workspace.folder}: {error.strerror}") from None


def megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB"
