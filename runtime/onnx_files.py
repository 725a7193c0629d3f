"""The files beside an ONNX model that it reads, found in its protobuf message: weights and compiled contexts.

An engine opens them by the names in the model, so a manifest has to list each one. Only the fields on the way
from the model to such a name are read (onnx.proto); a tensor's own bytes are skipped.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

MAX_DEPTH = 100  # of graphs within graphs; protobuf's own readers stop there too


# Of each message: its fields that lead on, by number. "location" marks the entries of external data.
FIELDS = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
CONTEXT = b"ep_cache_context"  # the attribute of an EPContext that names its binary
BYTES = 2  # the wire type of strings and messages
FIXED = {1: 8, 5: 4}  # bytes of the wire types of fixed length


def external_files(path: Path, limit: int) -> set[str]:
    """The locations that tensors and contexts of the model name, as written.

    Raises ValueError for a damaged model and for one that names more than `limit` files.
    """
    if path.stat().st_size == 0:
        raise ValueError("it is empty")
    found: set[str] = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for location in _locations(data, "model", 0, len(data)):
            found.add(location)
            if len(found) > limit:
                raise ValueError(f"it reads more than {limit} files")
    return found


def _locations(data: mmap.mmap, kind: str, start: int, end: int, depth: int = 0) -> Iterator[str]:
    """The locations in the bytes `start` to `end`, which are a message of that kind."""
    if depth > MAX_DEPTH:
        raise ValueError("its graphs are nested too deep")
    if kind == "entry":  # StringStringEntryProto
        pair = {number: data[first:last] for number, first, last in _fields(data, start, end) if number < 3}
        if pair.get(1) == b"location":
            yield pair.get(2, b"").decode()
        return
    fields, leads = list(_fields(data, start, end)), FIELDS[kind]
    if kind == "attribute":
        strings = {number: data[first:last] for number, first, last in fields if number in (1, 4)}
        if strings.get(1) == CONTEXT:
            yield strings.get(4, b"").decode()
    for number, first, last in fields:
        if number in leads:
            yield from _locations(data, leads[number], first, last, depth + 1)


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The strings and messages of a message: field number, start and end of the content."""
    while at < end:
        key, at = _varint(data, at, end)
        key &= 0xFFFFFFFF  # as protobuf reads a tag
        kind = key & 7
        if kind == 0:
            _, at = _varint(data, at, end)
            continue
        if kind == BYTES:
            length, at = _varint(data, at, end)
        elif kind in FIXED:
            length = FIXED[kind]
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
        if at + length > end:
            raise ValueError(f"it ends within the field at byte {at}")
        if kind == BYTES:
            yield key >> 3, at, at + length
        at += length


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at
    raise ValueError(f"no number at byte {at}")
