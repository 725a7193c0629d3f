"""Output folders: made in a work folder beside the target, put there whole, recovered after any kill.

    models/android                             the target; readers never see half of it
    models/.meissonic-work-0123456789abcdef/   of the hash of the target's name
        meissonic-work.json                    the marker: whose it is, and how far publishing went
        lock                                   locked while a process works here
        new/                                   becomes the target
        old/                                   the older folder, where two renames replace it

Publishing exchanges `new` and the target in one step where the system can (Linux), or else renames the older
folder to `old` and `new` to the target. The marker names the inode of `new` before that, so that the next
run knows whether it became the target. Nothing is read or deleted in a work folder without our marker.
"""

import ctypes
import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reference.errors import RequestError
from reference.files import TEMPORARY, check_name, check_writable, read_file, resolved, shown, write_text

PREFIX = ".meissonic-work-"
MARKER = "meissonic-work.json"
LOCK = "lock"
MAX_MARKER = 100_000  # bytes
FORMAT = "meissonic-work"
VERSION = 1
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # that file managers leave in folders

# Raises a UserError if the folder at the path must not be replaced, and does nothing if there is none.
Check = Callable[[Path], None]


class WorkFolder:
    """The work folder of a target, locked from `with` to the end of the block.

    `folder` is for the content. At the end of the block everything is removed, unless `keep` was called and
    nothing is published. The next work folder with the same `key` then finds the kept files. Raises
    RequestError for a target that cannot be written and for one that another process is writing, and what
    `check` raises. The OSErrors of the block's own work pass through.
    """

    def __init__(self, target: Path | str, key: str, check: Check, flag: str = "--out") -> None:
        check_output_folder(target, flag)
        self.target = resolved(target, flag)
        self.key, self.check, self.flag = key, check, flag
        name = hashlib.sha256(os.fsencode(self.target.name)).hexdigest()[:16]
        self.root = self.target.with_name(PREFIX + name)
        self.folder, self._old = self.root / "new", self.root / "old"
        self._lock: int | None = None
        self._kept = False

    def __enter__(self) -> Self:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self._lock = self._locked()
        try:
            marker = self._marker()
            if marker is not None and self._recover(marker):
                marker = None
            try:
                self.check(self.target)
                if marker is None or marker["key"] != self.key:
                    self._clear()
                self._mark()  # first of all: what lies here without a marker is never touched
                self.folder.mkdir(exist_ok=True)
            except BaseException:
                if marker is None:  # nothing here is worth keeping
                    self._remove()
                raise
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._put_back()
            if not self._kept:
                self._remove()
        finally:
            self._release()

    def keep(self) -> None:
        """From now on an interruption leaves the content, because a part of it is finished."""
        self._kept = True

    def discard(self) -> None:
        """Remove the content at the end of the block whatever happened."""
        self._kept = False

    def publish(self) -> None:
        """Make `folder` the target. An older folder there stays until the new one is in its place.

        Raises OSError, and what `check` raises if the target was changed in the meantime.
        """
        for path in self.folder.rglob("*"):
            if path.is_file():
                flush(path)
        self.check(self.target)
        self._mark(publishing=self.folder.stat().st_ino)
        if os.path.lexists(self.target) and not exchange(self.folder, self.target):
            self.target.rename(self._old)
        if not os.path.lexists(self.target):
            self.folder.rename(self.target)  # if that fails, the end of the block puts the older folder back
        self._kept = False

    def _locked(self) -> int:
        """The open lock file of the work folder, which is made if needed."""
        while True:
            with suppress(FileExistsError):
                self.root.mkdir()
            try:
                self._marker()  # before anything is written there
                lock = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            except FileNotFoundError:  # its last owner removed the folder just now
                continue
            if not lock_now(lock):
                os.close(lock)
                raise RequestError(
                    f"another export{self._owner()} is writing {shown(self.target)}:"
                    f" wait until it has ended, or choose another {self.flag}"
                )
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock), os.stat(self.root / LOCK)):
                    return lock
            os.close(lock)  # removed between opening and locking

    def _owner(self) -> str:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return f" (process {json.loads(read_file(self.root / MARKER, MAX_MARKER))['pid']})"
        return ""

    def _in_the_way(self) -> RequestError:
        return RequestError(
            f"{shown(self.root)} is in the way and was not made by this program:"
            f" move it, or choose another {self.flag}"
        )

    def _marker(self) -> dict[str, Any] | None:
        """The content of the marker, or None in a work folder that was only just made.

        Raises RequestError if the work folder is not ours, and FileNotFoundError if there is none.
        """
        if self.root.is_symlink() or not self.root.is_dir():
            if not os.path.lexists(self.root):
                raise FileNotFoundError(self.root)
            raise self._in_the_way()
        names = {path.name for path in self.root.iterdir()}
        try:
            marker = json.loads(read_file(self.root / MARKER, MAX_MARKER))
            ours = (marker["format"], marker["version"], marker["target"]) == (
                FORMAT,
                VERSION,
                self.target.name,
            )
            ours = ours and isinstance(marker["key"], str) and isinstance(marker["publishing"], int | None)
        except FileNotFoundError:
            marker, ours = None, all(name == LOCK or name.startswith(TEMPORARY) for name in names - {MARKER})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            ours = False
        if not ours:
            raise self._in_the_way()
        return marker

    def _mark(self, publishing: int | None = None) -> None:
        marker = {"format": FORMAT, "version": VERSION, "target": self.target.name}
        marker |= {"pid": os.getpid(), "key": self.key, "publishing": publishing}
        write_text(self.root / MARKER, json.dumps(marker) + "\n")

    def _recover(self, marker: dict[str, Any]) -> bool:
        """Whether a publication that was killed had made `folder` the target; else the older folder is there.

        Raises RequestError if something else is at the target and the older folder has no place.
        """
        if marker["publishing"] is not None and inode(self.target) == marker["publishing"]:
            return True
        self._put_back()
        if self._old.exists():
            raise RequestError(
                f"{shown(self._old)} is what {shown(self.target)} held before an interrupted export:"
                " move it to a place of your choice"
            )
        return False

    def _put_back(self) -> None:
        """Undo the first of the two renames that replace an older folder."""
        if self._old.exists() and not os.path.lexists(self.target):
            self._old.rename(self.target)

    def _clear(self) -> None:
        """Remove everything but marker and lock."""
        for path in self.root.iterdir():
            if path.name not in (MARKER, LOCK):
                remove(path)

    def _remove(self) -> None:
        """Remove the work folder, the lock last; leave what the disk does not let go to the next run."""
        with suppress(OSError):
            self._clear()
            (self.root / MARKER).unlink(missing_ok=True)
            if os.name == "nt":  # which deletes no open file
                self._release()
            (self.root / LOCK).unlink(missing_ok=True)
            self.root.rmdir()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def flush(path: Path) -> None:
    """Write a file's content to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def inode(path: Path) -> int | None:
    with suppress(OSError):
        return path.lstat().st_ino
    return None


def lock_now(handle: int) -> bool:
    """Lock an open file until it is closed or the process ends; False if another process has it locked.

    Some network disks know no locks. There it returns True.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step; False where the system or the disk cannot. Raises OSError."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if call is None:
        return False
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of <linux/fs.h>
    if call(here, os.fsencode(first), here, os.fsencode(second), swap) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(second))


def check_output_folder(path: Path | str, flag: str = "--out") -> None:
    """Raises RequestError, before any work, for a folder that could not be made or replaced."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise RequestError("the current folder was deleted: change to another one") from None
    target = resolved(path, flag)
    if target == here or target in here.parents:
        raise RequestError(f"{flag} {shown(path)} holds the current folder: name a folder inside it")
    if os.path.ismount(target):
        raise RequestError(f"{flag} {shown(path)} is the root of a disk: name a folder inside it")
    missing = target
    while not os.path.lexists(missing):
        check_name(missing.name, path, flag)
        missing = missing.parent
    if not missing.is_dir():
        if missing == target:
            raise RequestError(f"{flag} {shown(path)} is a file: name a folder")
        raise RequestError(f"{flag} {shown(path)} cannot be made: {shown(missing)} is a file")
    if missing == target:
        if not os.access(target, os.W_OK):
            raise RequestError(f"{flag} {shown(path)} is write-protected: name another folder")
        missing = target.parent
    check_writable(missing, path, flag)


def strangers(folder: Path, ours: Iterable[str]) -> list[str]:
    """The files of a folder, sorted, whose relative paths (with "/") are not among `ours`."""
    known = set(ours)
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    names = (path.relative_to(folder).as_posix() for path in found if path.name not in LITTER)
    return sorted(name for name in names if name not in known)
