"""Tries cases in forked processes with limits of time and memory, and counts how they end."""

import multiprocessing
import os
import random
import resource
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from reference.errors import UserError
from tests.fuzz.kinds import KINDS, Kind, WrongAcceptance

ENDS = ("refused", "accepted", "traceback", "crash", "hang", "wrong acceptance")
FAULTS = ENDS[2:]
SECONDS = 120  # a case, on a busy machine
CPU_SECONDS = 20  # a case
MEMORY = 3 * 2**30  # bytes of address space above those at the start


@dataclass
class Tally:
    """How the cases of one kind ended, and the faults in words."""

    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.ends.total()


def fuzz(kind: str, seed: int, enough: Callable[[int], bool]) -> Tally:
    """Tries cases 0, 1, ... of a kind until `enough` says so of their number. Equal seeds, equal cases."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        prepared = KINDS[kind](Path(folder))
        while not enough(tally.cases):
            _one_worker(kind, prepared, seed, tally, enough)
    return tally


def _one_worker(kind: str, prepared: Kind, seed: int, tally: Tally, enough: Callable[[int], bool]) -> None:
    """Counts cases until there are enough, or until one ends its process."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_work, args=(theirs, kind, prepared, seed, tally.cases), daemon=True
    )
    process.start()
    theirs.close()
    try:
        what, begun = "", time.monotonic()
        while not enough(tally.cases):
            end = ""
            if ours.poll(max(0.0, begun + SECONDS - time.monotonic())):
                try:
                    word, text = ours.recv()
                except EOFError:
                    end, text = "crash", f"{what}: exit code {_exit_code(process)}"
                else:
                    if word == "case":
                        what = text
                        continue
                    end, text = word, f"{what}: {text}"
            else:
                end, text = "hang", f"{what}: over {SECONDS} s"
            if end in FAULTS:
                tally.faults.append(f"{kind} {tally.cases}: {end}: {text}")
            tally.ends[end] += 1
            begun = time.monotonic()
            if end in ("crash", "hang"):
                return
    finally:
        process.kill()
        process.join()
        ours.close()


def _exit_code(process: multiprocessing.process.BaseProcess) -> int | None:
    process.join()
    return process.exitcode


def _work(parent: Connection, kind: str, prepared: Kind, seed: int, first: int) -> None:
    """In the child: cases from `first` on, for ever. Their own output is dropped."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    index = first
    while True:
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        parent.send(_attempt(prepared, random.Random(f"{seed}/{kind}/{index}"), parent))
        index += 1


def _attempt(prepared: Kind, rng: random.Random, parent: Connection) -> tuple[str, str]:
    try:
        prepared.attempt(rng, lambda what: parent.send(("case", what)))
    except UserError as error:
        lines = str(error).strip().splitlines()
        return ("refused", "") if len(lines) == 1 else ("traceback", f"refused in {len(lines)} lines")
    except WrongAcceptance as error:
        return "wrong acceptance", str(error)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "traceback", f"{type(error).__name__} {str(error)[:200]} at {last.filename}:{last.lineno}"
    return "accepted", ""
