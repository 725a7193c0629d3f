"""The files beside an ONNX model that it reads weights from, found in its protobuf message.

An engine opens them by the names in the model, so a manifest has to list each one. Only the fields on the way
from the model to a tensor's external data are read (onnx.proto); a tensor's own bytes are skipped.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MAX_DEPTH = 100  # of graphs within graphs; protobuf's own readers stop there too


class Message(NamedTuple):
    """A part of the file: bytes start to end, as a message of that kind."""

    kind: str
    start: int
    end: int
    depth: int


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
BYTES = 2  # the wire type of strings and messages
FIXED = {1: 8, 5: 4}  # bytes of the wire types of fixed length


def external_files(path: Path) -> set[str]:
    """The locations that tensors of the model name, as written. Raises ValueError for a damaged model."""
    if path.stat().st_size == 0:
        raise ValueError("it is empty")
    found: set[str] = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        todo = [Message("model", 0, len(data), 0)]
        while todo:
            message = todo.pop()
            if message.depth > MAX_DEPTH:
                raise ValueError("its graphs are nested too deep")
            if message.kind == "entry":
                found |= _location(data, message)
                continue
            leads = FIELDS[message.kind]
            for number, start, end in _fields(data, message.start, message.end):
                if number in leads:
                    todo.append(Message(leads[number], start, end, message.depth + 1))
    return found


def _location(data: mmap.mmap, entry: Message) -> set[str]:
    """The value of an entry whose key is "location" (StringStringEntryProto)."""
    pair = {number: data[start:end] for number, start, end in _fields(data, entry.start, entry.end)}
    return {pair.get(2, b"").decode()} if pair.get(1) == b"location" else set()


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
