"""Read the files that come with a checkpoint, and check a JSON file against its schema.

A schema is a pydantic dataclass with one field a key. Only the keys of a schema reach a library, so a config
cannot choose how a model is run, or name code.
"""

import stat
from codecs import BOM_UTF8
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, ValidationError
from pydantic_core import from_json

from reference.errors import CheckpointError

SCHEMA = ConfigDict(strict=True, allow_inf_nan=False)
# Who wrote the file and with what; no model reads them.
NOTES = ("architectures", "dtype", "torch_dtype", "transformers_version", "model_type")
MAX_BYTES = 100_000_000  # of a config or tokenizer file; the published ones are below 5 MB
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
SHOWN = 60  # characters of a wrong value
T = TypeVar("T")


def check_file(path: Path, missing: str = "copy or download it") -> None:
    """Raise CheckpointError unless `path` is a file with its own content.

    A pipe or a device would block, and a Git LFS pointer stands for a file that was not downloaded.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
            raise CheckpointError(f"{path} is {kind}, not a file: copy or download the file")
        with path.open("rb") as opened:
            start = opened.read(len(LFS_POINTER))
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(f"{path} is missing: {missing}") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None
    if start == LFS_POINTER:
        raise CheckpointError(
            f"{path} is a Git LFS pointer, not the file itself: run `git lfs pull` in the checkpoint's folder"
        )


def read_bytes(path: Path, missing: str) -> bytes:
    """The content of a small file. Raises CheckpointError as `check_file` does, and for a large file."""
    check_file(path, missing)
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise CheckpointError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB: it is no config")
    if content.startswith(BOM_UTF8):
        raise CheckpointError(f"{path} begins with a byte order mark: save it as UTF-8 without one")
    return content


def read_text(path: Path, missing: str) -> str:
    """The text of a small UTF-8 file. Raises CheckpointError."""
    try:
        return read_bytes(path, missing).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path} is not UTF-8 ({error}): copy or download it again") from None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises CheckpointError for a missing or damaged file, NaN, or 200 nested levels."""
    content = read_bytes(
        path,
        "a checkpoint is a folder in the diffusers format (transformer, vqvae, text_encoder, tokenizer,"
        " scheduler, model_index.json)",
    )
    try:
        values = from_json(content, allow_inf_nan=False)
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}): copy or download it again") from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} must hold a JSON object, not {type(values).__name__}")
    return values


def checked(
    schema: type[T], values: Mapping[str, Any], where: Path | str, ignored: Collection[str] = ()
) -> T:
    """`values` as the dataclass `schema`. Raises CheckpointError: file, key, value, and what is allowed.

    A key outside the schema passes if it is in `ignored` or NOTES, begins with "_", or is switched off: null,
    false, zero or empty.
    """
    names = {field.name for field in fields(schema)}  # type: ignore[arg-type]  # pydantic's dataclasses
    passed = names.union(NOTES, ignored)
    for key, value in values.items():
        if key not in passed and not key.startswith("_") and value:
            raise CheckpointError(
                f"{where}: unknown {shown(key, quote=False)} is {shown(value)}: remove the key if the model"
                " does not need it"
            )
    try:
        return schema(**{key: value for key, value in values.items() if key in names})
    except ValidationError as error:
        raise CheckpointError(f"{where}: {sentence(error, values)}") from None
    except CheckpointError as error:
        raise CheckpointError(f"{where}: {error}") from None


def sentence(error: ValidationError, values: Mapping[str, Any]) -> str:
    """The most specific error of a schema as "KEY is VALUE: it must be ..."."""
    places = [(place_in(values, each["loc"]), each) for each in error.errors(include_url=False)]
    depth = max(len(place) for place, _ in places)
    place, chosen = [(place, each) for place, each in places if len(place) == depth][-1]
    key = shown(".".join(place), quote=False)
    if chosen["type"] == "missing":
        return f"missing {'.'.join([*place, str(chosen['loc'][-1])])}"
    if chosen["type"] == "extra_forbidden":
        return f"unknown {key} is {shown(chosen['input'])}: remove the key"
    allowed = chosen["msg"].replace("Input should be", "it must be").replace("Input should", "it must")
    return f"{key} is {shown(chosen['input'])}: {allowed}"


def place_in(values: Any, location: Sequence[int | str]) -> list[str]:
    """The keys and indices of a pydantic location, without the names of types that it adds for unions."""
    place = []
    for part in location:
        if (isinstance(values, dict) and part in values) or (
            isinstance(values, list) and isinstance(part, int) and part < len(values)
        ):
            place.append(str(part))
            values = values[part]  # type: ignore[index]
    return place


def shown(value: Any, quote: bool = True, length: int = SHOWN) -> str:
    """A value for a message, on one line, without control characters, and cut after `length` characters."""
    text = repr(value)
    if isinstance(value, str) and not quote:
        text = text[1:-1]
    return text if len(text) <= length else text[:length] + "..."
