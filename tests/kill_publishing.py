"""`python -m tests.kill_publishing`: kill a process at every operation of publishing, and look for losses.

A child writes a folder as the commands do and ends by SIGKILL before its n-th operation on the file system
(open for writing, rename, exchange, mkdir, unlink, rmdir, chmod), for every n. A second child only recovers.
Then the target must be the complete older or newer folder. A third child does the work again, after which
the target must be the newer one. What the user has beside the target must never change. Linux only.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

from export.workspace import Workspace
from reference import publishing
from reference.checkpoint_files import MODEL_INDEX, new_folder
from reference.errors import Parser, exit_code
from reference.files import TEMPORARY
from runtime.manifest import Graph

EVENTS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"}
NEIGHBOURS = ("out.old", "out.partial", ".out.old")  # the user's
KILLED = -signal.SIGKILL
GRAPH = Graph(precision="fp32", inputs=[], outputs=[], files=["graph.onnx"])
Job = Callable[[Path], None]


def fill_bundle(folder: Path, made: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "graph.onnx").write_text(f"graph {made}")
    (folder / "golden").mkdir(exist_ok=True)
    (folder / "golden" / "trace.json").write_text(f"trace {made}")
    files = {"graph.onnx": {}, "golden/trace.json": {}}
    manifest = {"format": "meissonic-mobile", "version": 1, "files": files, "made": made}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def fill_checkpoint(folder: Path, made: str) -> None:
    (folder / "transformer").mkdir(parents=True, exist_ok=True)
    (folder / "transformer" / "config.json").write_text(made)
    (folder / "model_index.json").write_text(json.dumps({**MODEL_INDEX, "made": made}))


def export(target: Path) -> None:
    """As `export.bundle_writer` does it."""
    with Workspace(target, "key", overwrite=True) as work:
        if not work.has("graph"):
            fill_bundle(work.folder, "newer")
            work.record("graph", GRAPH)
        fill_bundle(work.folder, "newer")
        work.publish()


def write_checkpoint(target: Path) -> None:
    """As `reference.checkpoint` does it."""
    with new_folder(target, overwrite=True) as folder:
        fill_checkpoint(folder, "newer")


def recover(target: Path) -> None:
    """The start of the next run, whatever it is."""
    with publishing.WorkFolder(target, "another key", lambda target: None):
        pass


def in_child(job: Job, target: Path, moment: int, two_renames: bool) -> tuple[int, str]:
    """Run the job in a child, kill it before operation `moment` (0: never); exit code and the operation."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.fsync = lambda handle: None  # type: ignore[assignment] # no power cut is tried here
            kill_at(moment, target.parent, two_renames, writer)
            job(target)
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as file:
        last = file.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), last


def kill_at(moment: int, folder: Path, two_renames: bool, said: int) -> None:
    """Let this process die before its operation number `moment`."""
    numbers, swap = count(1), publishing.exchange

    def operation(name: str) -> None:
        if next(numbers) == moment:
            os.write(said, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple) -> None:
        writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        path = arguments[0] if event in EVENTS or writes else None
        if isinstance(path, str | Path):  # rmtree names what is in a folder by that folder's descriptor
            path = Path(path)
            if not path.is_absolute() or path.is_relative_to(folder):
                operation(event)

    def exchange(first: Path, second: Path) -> bool:
        operation("before exchange")
        done = not two_renames and swap(first, second)
        operation("after exchange")
        return done

    publishing.exchange = exchange
    sys.addaudithook(hook)


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def scenario(
    job: Job, fill: Callable[[Path, str], None], older: bool, two_renames: bool
) -> tuple[Counter, list[str]]:
    """Kill at every moment. How often before which operation, and what was lost."""
    operations: Counter[str] = Counter()
    losses = []
    with tempfile.TemporaryDirectory() as name:
        base = Path(name).resolve()
        complete = {made: base / made for made in ("older", "newer")}
        for made, folder in complete.items():
            fill(folder, made)
        allowed = [content(complete["newer"]), content(complete["older"]) if older else {}]
        for moment in count(1):
            place = base / "place"
            for neighbour in NEIGHBOURS:
                (place / neighbour).mkdir(parents=True)
                (place / neighbour / "mine").write_text("mine")
            if older:
                shutil.copytree(complete["older"], place / "out")
            target = place / "out"
            code, operation = in_child(job, target, moment, two_renames)
            what = f"{job.__name__}, older {older}, two renames {two_renames}, {moment} ({operation})"
            if code == KILLED:
                operations[operation] += 1
                if not two_renames and content(target) not in allowed:
                    losses.append(f"{what}: the target is not complete after the kill")
            elif code != 0:
                losses.append(f"{what}: exit code {code}")
            if in_child(recover, target, 0, two_renames)[0] != 0:
                losses.append(f"{what}: the recovery failed")
            if content(target) not in allowed:
                losses.append(f"{what}: the target is not complete after the recovery")
            if in_child(job, target, 0, two_renames)[0] != 0:
                losses.append(f"{what}: the next run failed")
            if content(target) != allowed[0]:
                losses.append(f"{what}: the target is not the newer folder after the next run")
            left = {path.name for path in place.iterdir() if not path.name.endswith(".tmp")}
            left |= {path.name for path in place.glob("*.tmp") if not path.name.startswith(TEMPORARY)}
            if left != {"out", *NEIGHBOURS}:
                losses.append(f"{what}: beside the target lie {sorted(left)}")
            if any((place / name / "mine").read_text() != "mine" for name in NEIGHBOURS):
                losses.append(f"{what}: a neighbour changed")
            shutil.rmtree(place)
            if code != KILLED:
                return operations, losses
    raise AssertionError("unreachable")


def main() -> int:
    Parser(prog="python -m tests.kill_publishing", description=__doc__).parse_args()
    operations: Counter[str] = Counter()
    losses = []
    for job, fill in ((export, fill_bundle), (write_checkpoint, fill_checkpoint)):
        for older in (False, True):
            for two_renames in (False, True) if older else (False,):
                found, lost = scenario(job, fill, older, two_renames)
                print(f"{job.__name__}, older {older}, two renames {two_renames}: {found.total()} moments")
                operations += found
                losses += lost
    print("\n".join([*losses, ", ".join(f"{number} {name}" for name, number in operations.most_common())]))
    renames = sum(number for name, number in operations.items() if "exchange" in name or name == "os.rename")
    print(f"killed at {operations.total()} moments, {renames} of them renames; losses: {len(losses)}")
    return int(bool(losses))


if __name__ == "__main__":
    sys.exit(exit_code(main))
