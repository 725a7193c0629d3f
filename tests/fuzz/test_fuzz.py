"""A short part of `python -m tests.fuzz` with a fixed seed, and that it finds faults where there are some."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reference.errors import UserError
from tests.fuzz import kinds, workers

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="cases run in forked processes")


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("manifest", 60),
        ("bundle-file", 60),
        ("picture", 200),
        ("package", 30),
        ("arguments", 40),
        ("config", 20),
        ("weights", 60),
    ],
)
def test_hostile_input_is_refused_in_one_line_or_used(kind: str, count: int) -> None:
    tally = workers.fuzz(kind, 19, lambda cases: cases >= count)
    assert tally.faults == []
    assert tally.ends["refused"] > count // 4


class Faulty:
    """A reader with every fault."""

    def __init__(self, _: Path) -> None: ...

    def attempt(self, rng: random.Random, note: Callable[[str], None]) -> None:
        note("a case")
        match rng.randrange(6):
            case 0:
                raise UserError("refused")
            case 1:
                [][0]
            case 2:
                os._exit(9)
            case 3:
                time.sleep(60)
            case 4:
                raise kinds.WrongAcceptance("accepted")


def test_every_kind_of_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kinds.KINDS, "faulty", Faulty)
    monkeypatch.setattr(workers, "SECONDS", 3)
    tally = workers.fuzz("faulty", 18, lambda cases: cases >= 8)
    assert tally.cases == 8
    assert {end for end in workers.ENDS if not tally.ends[end]} == set()
    assert len(tally.faults) == sum(tally.ends[end] for end in workers.FAULTS)
