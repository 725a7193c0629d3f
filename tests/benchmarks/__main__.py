"""`python -m tests.benchmarks`: measure, report, profile."""

import argparse
import sys
from collections.abc import Sequence

from reference.errors import Parser, RequestError, exit_code
from reference.request import check_range
from tests.benchmarks.contenders import CONTENDERS, TASKS
from tests.benchmarks.processes import stop_on_terminate
from tests.benchmarks.report import differences, write_documents
from tests.benchmarks.rounds import Plan, Results, run
from tests.benchmarks.speed import plot, save, tables
from tests.benchmarks.workloads import WORKLOADS

EXAMPLES = """examples:
  python -m tests.benchmarks                                   # 2 + 4 blocks at 512 px, all contenders
  python -m tests.benchmarks --workload full-1024 --minutes 180  # the full size; can be stopped and continued
  python -m tests.benchmarks --task step --only bundle --only "onnxruntime fp32"
  python -m tests.benchmarks report                            # write the tables of README and docs
  python -m tests.benchmarks report --check                    # exit code 1 and a line for each difference
  python -m tests.benchmarks.precisions --help                 # size, KL, score and speed of every precision
  python -m tests.benchmarks.sizes --help                      # from 256 to 1024 px, one and two text rows
  python -m tests.benchmarks.parallel --help                   # parallel steps against one token a forward
  python -m tests.benchmarks.profile --help                    # where a step graph's time goes
"""


def parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m tests.benchmarks",
        description="Step, VQ decoder and whole picture: this project's bundles beside every peer, same"
        " weights, same threads, interleaved. Writes docs/results/speed-WORKLOAD.json; turns, log and plot"
        " go to build/benchmarks/WORKLOAD.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add("command", nargs="?", choices=("run", "report"), default="run", help="default: run")
    add("--workload", choices=sorted(WORKLOADS), default="blocks-512", help="default: %(default)s")
    add("--task", choices=TASKS, action="append", help="may be repeated; default: all three")
    add(
        "--only",
        metavar="NAME",
        action="append",
        help="contenders whose name has NAME in it; may be repeated",
    )
    add(
        "--rounds",
        type=int,
        default=5,
        help="turns of each contender, those done before counted (%(default)s)",
    )
    add("--minutes", type=float, default=60.0, help="of turns; preparing files is not counted (%(default)g)")
    add("--limit", type=float, default=900.0, metavar="S", help="longest turn, in seconds (%(default)g)")
    add("--threads", type=int, default=2, help="of every contender (%(default)s)")
    add("--fresh", action="store_true", help="forget what was measured of the workload")
    add("--check", action="store_true", help="with report: change nothing, print what differs")
    return made


def command_line(arguments: Sequence[str] | None = None) -> None:
    """Raises UserError for wrong input."""
    given = parser().parse_args(arguments)
    if given.check and given.command != "report":
        raise RequestError("--check belongs to report: python -m tests.benchmarks report --check")
    if given.command == "report":
        report(given.check)
        return
    check_range("rounds", given.rounds, 1, 1000)
    check_range("minutes", given.minutes, 0, 10_000)
    check_range("limit", given.limit, 1, 100_000)
    check_range("threads", given.threads, 1, 256)
    named = given.only or [""]
    contenders = [one for one in CONTENDERS.values() if any(name in one.name for name in named)]
    if not contenders:
        raise RequestError(f"--only {' '.join(named)}: no contender; there are {', '.join(CONTENDERS)}")
    workload = WORKLOADS[given.workload]
    if given.fresh:
        (workload.folder / "results.json").unlink(missing_ok=True)
    workload.folder.mkdir(parents=True, exist_ok=True)
    results = Results.open(workload, given.threads)
    plan = Plan(given.task or TASKS, contenders, given.rounds, given.minutes, given.threads, given.limit)
    stop_on_terminate()
    try:
        run(workload, plan, results)
    finally:  # Ctrl-C too: what was measured is shown
        results.save()
        if results.turns:
            content = save(workload, results)
            plot(content, workload.folder / "benchmark.png")
            print(f"\n{tables(content)}")


def report(check: bool) -> None:
    """Raises SystemExit with code 1 where the documents differ from the result files."""
    if not check:
        print("\n".join(f"wrote {path}" for path in write_documents()) or "nothing differs")
    elif found := list(differences()):
        print("\n".join(found))
        raise SystemExit(1)


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(
        lambda: command_line(arguments), stopped="what was measured is kept; the same command continues"
    )


if __name__ == "__main__":
    sys.exit(main())
