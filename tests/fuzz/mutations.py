"""Mutations of JSON trees and of bytes, small and aware of structure."""

import json
import random
from typing import Any

HOSTILE: list[Any] = [
    None, True, False, "", "x", "4", "\x1b[2J", "../x", "a\0b", "x" * 3000, [], {}, [[]], {"a": 1}, [1, "a"],
    0, -1, 1, 2, 3, 4097, 2**31 - 1, 2**31, 2**62, 2**64, 10**30, 0.5, -0.0, 1e30, 1e400, float("nan"),
]  # fmt: skip
RAW = ["[" * 3000, '{"a":' * 3000, "1" * 5000, "NaN", "-Infinity", '"\\ud800"', "\x00", "nul", "1e999"]
SLOT = "\ue000slot\ue000"  # stands where raw text goes


def json_text(tree: Any, rng: random.Random) -> tuple[bytes, str]:
    """The tree as JSON with one to three mutations, and what they were."""
    tree = json.loads(json.dumps(tree))
    notes = []
    raw = ""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        here, key = _place(tree, rng)
        match rng.randrange(6):
            case 0 if isinstance(here, dict):
                del here[key]
                notes.append(f"delete {key}")
            case 1 if isinstance(here, dict):
                here[rng.choice(("surprise", "", "\x1b", str(key) + "x"))] = rng.choice(HOSTILE)
                notes.append(f"add beside {key}")
            case 2 if isinstance(here, list):
                here.extend([here[key]] * rng.choice((1, 5, 400)))
                notes.append(f"repeat {key}")
            case 3:
                here[key], raw = SLOT, rng.choice(RAW)
                notes.append(f"{key} = {raw[:20]}")
            case _:
                here[key] = rng.choice(HOSTILE)
                notes.append(f"{key} = {str(here[key])[:20]!r}")
    text = json.dumps(tree).replace(json.dumps(SLOT), raw).encode(errors="surrogatepass")
    if rng.random() < 0.1:
        text = changed(text, rng)
        notes.append("bytes")
    return text, ", ".join(notes)


def _place(tree: Any, rng: random.Random) -> tuple[Any, Any]:
    """A container of the tree and one of its keys; deep ones are as likely as those at the top."""
    places: list[tuple[Any, Any]] = []
    todo = [tree]
    while todo:
        here = todo.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        places += [(here, key) for key in keys]
        todo += [here[key] for key in keys]
    return rng.choice(places) if places else ({"": None}, "")


def changed(data: bytes, rng: random.Random) -> bytes:
    """The bytes cut, extended, with some replaced, or a piece repeated, dropped or made extreme."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(made) + 1)
        size = rng.choice((1, 2, 4, 16, 200))
        match rng.randrange(6):
            case 0:
                del made[at:]
            case 1:
                made[at : at + size] = rng.randbytes(size)
            case 2:
                made[at : at + size] = rng.choice((b"\xff", b"\0", b"\x7f", b"\x80")) * size
            case 3:
                made[at:at] = made[at : at + size] * rng.choice((1, 10))
            case 4:
                del made[at : at + size]
            case _ if made:
                made[at % len(made)] ^= 1 << rng.randrange(8)
    return bytes(made)
