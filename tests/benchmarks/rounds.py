"""All turns of a workload in interleaved rounds, A B C A B C ..., within a time budget.

`results.json` is written after every turn, so a run may be stopped at any moment; the next run continues with
the contenders that had the fewest turns.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from export.resume_key import code_hash
from reference.errors import UserError
from tests.benchmarks import processes
from tests.benchmarks.contenders import CONTENDERS, PICTURE, Contender, same_as
from tests.benchmarks.machine import facts
from tests.benchmarks.results import write_json
from tests.benchmarks.workloads import Workload, prepare


@dataclass
class Results:
    """The measured `turns` of a workload on one machine, and why others failed."""

    path: Path
    machine: dict[str, Any]
    turns: list[dict[str, Any]] = field(default_factory=list)
    failed: dict[str, str] = field(
        default_factory=dict
    )  # "task/contender" or "contender" -> the error's last line

    @classmethod
    def open(cls, workload: Workload, threads: int) -> "Results":
        """Raises UserError if the stored turns are another machine's, because a median must not mix them."""
        path, here = workload.folder / "results.json", facts(threads)
        if not path.exists():
            return cls(path, here)
        stored = cls.read(path)
        if stored.machine != here:
            raise UserError(
                f"{path} was measured on another machine, thread count or set of versions: rename it, or add"
                " --fresh to replace it"
            )
        stored.failed = {}  # a package may be installed by now
        return stored

    @classmethod
    def read(cls, path: Path) -> "Results":
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, content["machine"], content["turns"], content["failed"])

    def save(self) -> None:
        content = {"machine": self.machine, "failed": self.failed, "turns": self.turns}
        write_json(self.path, content)

    def of(self, task: str, contender: str) -> list[dict[str, Any]]:
        return [turn for turn in self.turns if (turn["task"], turn["contender"]) == (task, contender)]

    def median(self, task: str, contender: str) -> float | None:
        """Seconds: the median over the turns of each turn's median, which weighs every round alike."""
        turns = self.of(task, contender)
        return statistics.median(statistics.median(turn["seconds"]) for turn in turns) if turns else None

    def forget(self, contender: str) -> None:
        self.turns = [turn for turn in self.turns if turn["contender"] != contender]


@dataclass(frozen=True)
class Plan:
    tasks: Sequence[str]
    contenders: Sequence[Contender]
    rounds: int
    minutes: float  # of turns, preparation apart; what is begun is finished
    threads: int
    limit: float  # seconds a turn


class Failed(Exception):
    """A turn's process failed; the message is the last line it wrote."""


def child(arguments: Sequence[str], workload: Workload, threads: int, limit: float) -> dict[str, Any]:
    """Run `tests.benchmarks.turn`; its messages go to the workload's log. Raises Failed."""
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",  # like onnxruntime's threads, which do not spin either
        "TOKENIZERS_PARALLELISM": "false",
    }
    with (workload.folder / "log.txt").open("a", encoding="utf-8") as log:
        log.write(f"== {' '.join(arguments)}\n")
        log.flush()
        start = log.tell()
        try:
            command = [sys.executable, "-m", "tests.benchmarks.turn", *arguments]
            done = processes.run(command, limit, stdout=subprocess.PIPE, stderr=log, env=environment)
        except subprocess.TimeoutExpired:
            raise Failed(f"took longer than {limit:.0f} s (--limit)") from None
    if done.returncode:
        raise Failed(
            reason((workload.folder / "log.txt").read_text(encoding="utf-8", errors="replace")[start:], done)
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


def reason(messages: str, done: "subprocess.CompletedProcess[str]") -> str:
    """The last line that is not empty, at most 200 characters."""
    if done.returncode < 0:
        return f"killed by signal {-done.returncode}"
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"exit code {done.returncode}"


def stale(workload: Workload, contender: Contender) -> bool:
    """Whether a bundle was written by other source code. A linked bundle is taken as it is."""
    target, stamp = workload.folder / contender.files, workload.folder / f"{contender.files}.code"
    if not contender.files.startswith("bundle-") and contender.needs != "bundle-int8":
        return False
    return (
        target.exists()
        and not target.is_symlink()
        and (not stamp.exists() or stamp.read_text(encoding="utf-8") != code_hash())
    )


def make_ready(workload: Workload, plan: Plan, results: Results) -> list[Contender]:
    """Prepare the contenders whose files are missing and return those that can run."""
    print(f"{workload.name}: {workload.note}", flush=True)
    prepare(workload)
    ready = []
    for contender in plan.contenders:
        if not set(contender.tasks) & set(plan.tasks):
            continue
        try:
            for files in filter(None, (contender.needs, contender.files)):
                maker = contender if files == contender.files else maker_of(files)
                write_files(workload, maker, results, plan.threads)
            ready.append(contender)
        except Failed as error:
            results.failed[contender.name] = f"not prepared: {error}"
            print(f"  {contender.name}: not prepared: {error}", flush=True)
    return ready


def maker_of(files: str) -> Contender:
    return next(contender for contender in CONTENDERS.values() if contender.files == files)


def write_files(workload: Workload, contender: Contender, results: Results, threads: int) -> None:
    target = workload.folder / contender.files
    if stale(workload, contender):
        shutil.rmtree(target)
        results.forget(contender.name)
        for answer in (workload.folder / "answers").glob(f"*-{contender.name.replace(' ', '-')}.npy"):
            answer.unlink()
    if target.exists():
        return
    print(f"  {contender.name}: preparing {target}", end="", flush=True)
    begun = time.perf_counter()
    # No limit here, because conversions of the full size take long but happen once.
    made = child(["prepare", workload.name, contender.name], workload, threads, 24 * 3600)
    (workload.folder / f"{contender.files}.code").write_text(code_hash(), encoding="utf-8")
    print(f", {time.perf_counter() - begun:.0f} s, peak {made['peak_mb'] / 1000:.1f} GB", flush=True)


def run(workload: Workload, plan: Plan, results: Results) -> None:
    """Run all turns that are due. Raises KeyboardInterrupt after Ctrl-C, with every finished turn saved."""
    ready = make_ready(workload, plan, results)
    deadline = time.monotonic() + 60 * plan.minutes
    due = [
        (task, contender)
        for task in plan.tasks
        for contender in ready
        if task in contender.tasks and not same_as(contender, workload, task) and measurable(workload, task)
    ]
    had = Counter((turn["task"], turn["contender"]) for turn in results.turns)
    took: dict[tuple[str, str], float] = {}  # wall time of a turn, to estimate the rest
    for number in range(plan.rounds):
        for task, contender in due:
            key = task, contender.name
            failure = f"{task}/{contender.name}"
            if had[key] > number or failure in results.failed:
                continue
            if time.monotonic() + took.get(key, 0.0) > deadline:
                print(
                    f"  {plan.minutes:g} minutes are used up; the same command continues from here",
                    flush=True,
                )
                return
            begun = time.monotonic()
            try:
                turn = child(
                    ["run", workload.name, contender.name, task, str(plan.threads)],
                    workload,
                    plan.threads,
                    plan.limit,
                )
                results.turns.append(
                    {**turn, "round": had[key], "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
                )
                had[key] += 1
                told = f"{statistics.median(turn['seconds']):9.3f} s"
            except Failed as error:
                results.failed[failure] = told = str(error)
            results.save()
            took[key] = time.monotonic() - begun
            left = sum(
                max(plan.rounds - had[task, other.name], 0) * took.get((task, other.name), 0.0)
                for task, other in due
                if f"{task}/{other.name}" not in results.failed
            )
            left = min(left, max(deadline - time.monotonic(), 0))
            print(
                f"  round {number + 1}/{plan.rounds}  {task:8} {contender.name:20} {told}"
                f"   left: at least {left / 60:.0f} min",
                flush=True,
            )


def measurable(workload: Workload, task: str) -> bool:
    """A whole picture of the full size takes slower contenders hours: its tables add the parts up instead."""
    return task != PICTURE or workload.steps <= MOST_PICTURE_STEPS


MOST_PICTURE_STEPS = 8
