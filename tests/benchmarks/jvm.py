"""`python -m tests.benchmarks.jvm BUNDLE`: a drawing by Kotlin on the JVM beside the same one by Python.

All leave the weights in their files and keep one stage in memory, as a phone does. Python also has the C
library give large blocks back at once (`runtime/process.py`), which the JVM leaves to its environment: Kotlin
is measured both ways. Turns alternate, and the figures are medians; pictures are compared pixel by pixel.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from reference.errors import Parser, RequestError, exit_code
from runtime.bundle import read_manifest
from runtime.process import LARGE
from tests.benchmarks import processes
from tests.benchmarks.markdown import table
from tests.benchmarks.memory import Child, child
from tests.benchmarks.results import provenance, read, source_line, write

RESULT = "jvm"
JAR = Path("android_demo/cli/target/meissonic.jar")
KOTLIN = ["java", "-jar", str(JAR)]
COMMANDS = {
    "Kotlin": KOTLIN,
    "Kotlin, large blocks given back at once": ["env", f"MALLOC_MMAP_THRESHOLD_={LARGE}", *KOTLIN],
    "Python": [sys.executable, "-m", "runtime"],
}
STAGES = ("text_encoder", "conditioner", "steps", "image_decoder")
STEPS, ROUNDS = 2, 3


def drawn(command: Sequence[str], bundle: Path, out: Path) -> Child:
    command = [*command, "a red fox", "--bundle", str(bundle), "--low-memory"]
    return child([*command, "--steps", str(STEPS), "--out", str(out)])


def seconds(printed: str) -> dict[str, float]:
    """Of each stage, from the line that both commands print."""
    found = dict(re.findall(r"(\w+) ([\d.]+) s\b", printed))
    return {stage: float(found[stage]) for stage in STAGES}


def measure(folder: Path) -> dict[str, Any]:
    model = read_manifest(folder).model.name
    turns: dict[str, list[Child]] = {name: [] for name in COMMANDS}
    pictures: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "picture.png"
        for _ in range(ROUNDS):
            for name, command in COMMANDS.items():
                turns[name].append(drawn(command, folder, out))
                pictures[name] = np.asarray(Image.open(out))
                print(f"{name}: {turns[name][-1].seconds:.1f} s", flush=True)
    kotlin, *others = pictures.values()
    return {
        "model": model,
        "size": kotlin.shape[1::-1],
        "steps": STEPS,
        "same_pixels": min(float((kotlin == other).mean()) for other in others),
        "commands": {
            name: {
                "seconds": {stage: median(seconds(one.printed)[stage] for one in turn) for stage in STAGES},
                "whole_seconds": median(one.seconds for one in turn),
                "peak_gb": median(one.peak_mb for one in turn) / 1000,
            }
            for name, turn in turns.items()
        },
    }


def markdown() -> str:
    """The table of the result file."""
    content = read(RESULT)
    rows = [
        [
            name,
            *(f"{one['seconds'][stage]:.1f}" for stage in STAGES),
            f"{one['whole_seconds']:.1f}",
            f"{one['peak_gb']:.2f}",
        ]
        for name, one in content["commands"].items()
    ]
    head = [
        "",
        "text encoder, s",
        "conditioner, s",
        f"{content['steps']} steps, s",
        "image decoder, s",
        "whole command, s",
        "peak RSS, GB",
    ]
    return f"{table(head, rows)}\n\n{source_line(content)}"


def command_line(arguments: Sequence[str] | None = None) -> None:
    command = "python -m tests.benchmarks.jvm"
    parser = Parser(
        prog=command,
        description="Draw with Kotlin on the JVM and with Python. Writes docs/results/jvm.json.",
        epilog=f"example:\n  {command} build/android-1b",
    )
    parser.add_argument("bundle", type=Path)
    given = parser.parse_args(arguments)
    if not JAR.is_file():
        raise RequestError(f"{JAR} is missing: make test-android builds it")
    processes.stop_on_terminate()
    write(RESULT, provenance(f"{command} BUNDLE", threads=2) | measure(given.bundle))
    print(markdown())


def main(arguments: Sequence[str] | None = None) -> int:
    return exit_code(lambda: command_line(arguments), stopped="nothing was written")


if __name__ == "__main__":
    sys.exit(main())
