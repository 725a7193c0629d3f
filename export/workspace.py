"""The folder a bundle is made in: beside its target, resumable, renamed to it at the end."""

import errno
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.bundle import MANIFEST, FileFacts
from runtime.errors import BundleError

STATE = "state.json"  # which graphs are done; not part of the bundle
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Done:
    """A finished graph: what its weights are stored in, and its files."""

    precision: str
    files: dict[str, FileFacts]


class Workspace:
    """`NAME.partial` beside the bundle folder NAME.

    A graph counts as done when the state file holds the size and hash of its files, which is written after
    them. A workspace of another key (another checkpoint, option or exporter) is thrown away.
    """

    def __init__(self, target: Path, key: str) -> None:
        self.target = target
        self.folder = target.with_name(target.name + ".partial")
        self.key = key
        self.done = self._state()
        if not self.done and self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _state(self) -> dict[str, Done]:
        """The graphs that are done; none if the state is of another key or unreadable."""
        try:
            content = json.loads((self.folder / STATE).read_text())
            if content["key"] != self.key:
                return {}
            return {
                graph: Done(
                    done["precision"], {name: FileFacts(**facts) for name, facts in done["files"].items()}
                )
                for graph, done in content["done"].items()
            }
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def has(self, graph: str) -> bool:
        """Whether the graph's files are there and unchanged."""
        return graph in self.done and all(
            (self.folder / name).is_file() and FileFacts.of(self.folder / name) == facts
            for name, facts in self.done[graph].files.items()
        )

    def record(self, graph: str, precision: str, paths: Iterable[Path]) -> None:
        files = {path.relative_to(self.folder).as_posix(): FileFacts.of(path) for path in paths}
        self.done[graph] = Done(precision, files)
        done = {
            name: {
                "precision": done.precision,
                "files": {file: facts.model_dump() for file, facts in done.files.items()},
            }
            for name, done in self.done.items()
        }
        # Written beside and renamed, so that an interruption leaves the old state or the new one.
        beside = self.folder / (STATE + ".tmp")
        beside.write_text(json.dumps({"key": self.key, "done": done}))
        beside.replace(self.folder / STATE)

    def size(self, graph: str) -> int:
        """Bytes of a finished graph."""
        return sum(facts.size for facts in self.done[graph].files.values())

    def publish(self) -> None:
        """Rename to the target. An older bundle there is moved aside first and put back if that fails."""
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


def check_target(target: Path, overwrite: bool) -> None:
    """Raises BundleError if `target` holds something that must not, or should not, be replaced."""
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
    """Raises BundleError if the disk of `target` cannot hold `needed` bytes more."""
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise BundleError(
            f"the bundle needs about {megabytes(needed)} while it is written, but {target.parent} has"
            f" {megabytes(free)} free: free some, or name a folder on another disk with --out"
        )


@contextmanager
def disk_errors(workspace: Workspace, needed: int) -> Iterator[None]:
    """Turns an OSError into BundleError, which says what to do about a disk that is full."""
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


def planned_sizes(sizes: Mapping[str, int]) -> str:
    """What a dry run prints: bytes by graph, and their sum."""
    lines = [f"{name:14} {megabytes(size):>9}" for name, size in sizes.items()]
    lines.append(f"{'in all':14} {megabytes(sum(sizes.values())):>9}  and tokenizer; nothing was written")
    return "\n".join(lines)
