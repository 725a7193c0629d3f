"""Files: written whole or not at all, checked before the work that leads to them, read within bounds.

A symbolic link is followed: the link stays, and the file that it points to is replaced.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from reference.errors import RequestError, printable

TEMPORARY = ".meissonic-"  # begins every temporary name; 128 random bits follow
NAME_MAX = 255  # bytes of a file name, on every common file system
WAYS_OUT = {
    errno.ENOSPC: "free some space on its disk, or choose another {flag}",
    errno.EDQUOT: "free some of your quota, or choose another {flag}",
    errno.EROFS: "its disk is read-only; choose a folder on another one with {flag}",
    errno.EACCES: "choose a folder with {flag} in which you may write",
    errno.EPERM: "choose a folder with {flag} in which you may write",
    errno.ENAMETOOLONG: "choose a shorter {flag}",
    errno.ELOOP: "its symbolic links run in a circle; choose another {flag}",
}


def cannot_write(path: Path | str, error: OSError | ValueError, flag: str = "--out") -> RequestError:
    """The one line for an error of the file system: path, reason, way out."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        way = WAYS_OUT.get(error.errno or 0, "choose another {flag}").format(flag=flag)
    else:
        reason, way = "no file can have this name", f"choose another {flag}"
    return RequestError(f"cannot write {shown(path)}: {reason}; {way}")


def shown(path: Path | str) -> str:
    """A path or text in printable characters: others become escapes, and a long one loses its end."""
    text = printable(path)
    return text if len(text) <= 300 else f"{text[:300]}..."


def numbered(path: Path, number: int, count: int) -> Path:
    """The file of a picture, counted from 1: `path` itself if there is no other."""
    return path if count == 1 else path.with_name(f"{path.stem}-{number}.png")


def resolved(path: Path | str, flag: str = "--out") -> Path:
    """The absolute path behind all symbolic links; the last parts need not exist.

    Raises RequestError for a name that no file can have.
    """
    path = Path(path)
    try:
        os.fsencode(path)
        real = Path(os.path.realpath(path))
        with suppress(FileNotFoundError, NotADirectoryError):
            os.stat(real)
    except (OSError, ValueError) as error:
        raise cannot_write(path, error, flag) from None
    first = path.parts[0] if path.parts else ""
    if first.startswith("~") and (len(path.parts) > 1 or not path.suffix) and not os.path.lexists(first):
        raise RequestError(f"{flag} {shown(path)}: {shown(first)} is no folder here; write the whole path")
    return real


@contextmanager
def atomic_file(path: Path | str) -> Iterator[IO[bytes]]:
    """A binary file that becomes `path` when the block succeeds, and is removed when it fails.

    It lies in the same folder, because a rename is atomic only there, under an unpredictable name that
    did not exist, so that nobody can plant a link for it. It keeps the permissions of an older file. Raises
    RequestError for an error of the file system in the block.
    """
    target = resolved(path)
    try:
        temporary = new_file_in(target.parent)
        try:
            with open(temporary, "r+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes.

    Raises OSError, also for a pipe or a device, which would block or never end, and for a larger file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit / 1e6:g} MB", str(path))
    return content


def new_file_in(folder: Path) -> Path:
    """Create an empty file of an unpredictable name, with the permissions of a new file. Raises OSError."""
    path = folder / f"{TEMPORARY}{secrets.token_hex(16)}.tmp"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    return path


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 as `atomic_file` does. Raises RequestError."""
    with atomic_file(path) as file:
        file.write(text.encode("utf-8", errors="backslashreplace"))


def check_writable(folder: Path, path: Path | str, flag: str) -> None:
    """Raises RequestError unless a file can be made in `folder`, which has to exist, on the way to `path`."""
    try:
        new_file_in(folder).unlink()
    except OSError as error:
        raise cannot_write(path, error, flag) from None


def check_name(name: str, path: Path | str, flag: str) -> None:
    """Raises RequestError for a name that is too long, before its folder exists."""
    if len(os.fsencode(name)) > NAME_MAX:
        raise cannot_write(path, OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)), flag)


def check_output_file(path: Path, flag: str, endings: str | tuple[str, ...]) -> None:
    """Raises RequestError, before any work, for an output file that could not be written.

    `flag` names the option, `endings` are the file name extensions that it takes, in lower case.
    """
    endings = (endings,) if isinstance(endings, str) else endings
    if path.suffix.lower() not in endings:
        raise RequestError(f"{flag} {shown(path)} must end in {' or '.join(endings)}")
    target = resolved(path, flag)
    check_name(target.name, path, flag)
    parent = target.parent
    if not parent.is_dir():
        if parent.exists():
            raise RequestError(f"{flag} {shown(path)}: {shown(parent)} is a file and no folder")
        missing = parent if path.is_symlink() else path.parent  # a link may lead to a folder that is gone
        raise RequestError(f"folder {shown(missing)} does not exist: make it, or choose another {flag}")
    if target.is_dir():
        raise RequestError(f"{flag} {shown(path)} is a folder: name a file in it")
    if target.exists():
        if not target.is_file():
            raise RequestError(f"{flag} {shown(path)} is a device or a pipe: name a file")
        if not os.access(target, os.W_OK):
            raise RequestError(f"{flag} {shown(path)} is write-protected: name another file")
    check_writable(parent, path, flag)


def check_not_read(written: Sequence[Path], read: Mapping[str, Path | None]) -> None:
    """Raises RequestError if one of the files `written` is one that an option reads, None where not given."""
    for flag, path in read.items():
        if path is not None and path.exists() and any(f.exists() and f.samefile(path) for f in written):
            raise RequestError(f"--out would replace {shown(path)}, which {flag} reads: name another file")
