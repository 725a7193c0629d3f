"""`python -m tests.fuzz --minutes N --seed S`: hostile input, each refused in one line or used."""

import sys
import time
from collections.abc import Sequence

from reference.errors import Parser, exit_code
from tests.fuzz.kinds import KINDS
from tests.fuzz.workers import ENDS, FAULTS, Tally, fuzz

EXAMPLES = """examples:
  python -m tests.fuzz --minutes 10
  python -m tests.fuzz --minutes 2 --seed 7 --only manifest picture

exit code: 0 no fault, 1 a traceback, crash, hang or wrong acceptance, 2 wrong input
"""


def table(tallies: dict[str, Tally]) -> str:
    """Cases of each kind by their end."""
    rows = [["kind", "cases", *ENDS]]
    rows += [[kind, *map(str, (t.cases, *(t.ends[end] for end in ENDS)))] for kind, t in tallies.items()]
    total = [
        sum(t.cases for t in tallies.values()),
        *(sum(t.ends[e] for t in tallies.values()) for e in ENDS),
    ]
    rows.append(["all", *map(str, total)])
    return "\n".join(
        "".join(f"{cell:>18}" if at else f"{cell:14}" for at, cell in enumerate(row)) for row in rows
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = Parser(prog="python -m tests.fuzz", description=__doc__, epilog=EXAMPLES)
    add = parser.add_argument
    add("--minutes", type=float, default=5.0, help="shared by the kinds, without preparation; default: 5")
    add("--seed", type=int, default=0, help="same seed, same cases; default: 0")
    add("--only", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND", help=", ".join(KINDS))

    def run() -> int:
        given = parser.parse_args(arguments)
        tallies = {}
        for kind in given.only:
            ends: list[float] = []  # set at the first case, so that preparation does not count

            def enough(_: int, ends: list[float] = ends) -> bool:
                ends.extend([] if ends else [time.monotonic() + 60 * given.minutes / len(given.only)])
                return time.monotonic() > ends[0]

            tallies[kind] = fuzz(kind, given.seed, enough)
            print(f"{kind}: {tallies[kind].cases} cases", file=sys.stderr)
        print(table(tallies))
        faults = [fault for tally in tallies.values() for fault in tally.faults]
        print("\n".join(ascii(fault)[1:-1] for fault in faults))
        return 1 if any(tally.ends[end] for tally in tallies.values() for end in FAULTS) else 0

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
