"""An ARM64 machine on this one: QEMU's user mode and the aarch64 wheels, as `make arm64` lays them out."""

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import runtime
from runtime.errors import EngineError

WAY_OUT = "make it with: make arm64"


@dataclass(frozen=True)
class Emulator:
    """`folder` holds qemu-aarch64, root (Debian with Python) and site (wheels); `cpu` is QEMU's name."""

    folder: Path
    cpu: str

    def check(self) -> None:
        """Raises EngineError if the machine is not there, or lacks the processor."""
        if not (self.folder / "ready").is_file():
            raise EngineError(f"there is no ARM64 machine in {self.folder}: {WAY_OUT}")
        known = subprocess.run([self.folder / "qemu-aarch64", "-cpu", "help"], capture_output=True, text=True)
        name = self.cpu.partition(",")[0]
        if name not in known.stdout.split():
            listed = ", ".join(known.stdout.split()[2:])
            raise EngineError(f"QEMU has no processor {name}: give --cpu one of {listed}")

    def run(self, module: str, arguments: list[str], on_line: Callable[[], object]) -> None:
        """`python -m MODULE ARGUMENTS` there; `on_line` hears of each line it prints. Raises EngineError."""
        here = self.folder.resolve()
        repository = Path(runtime.__file__).resolve().parents[1]
        command = [str(here / "qemu-aarch64"), "-cpu", self.cpu, "-L", str(here / "root")]
        command += [str(here / "root/usr/bin/python3"), "-S", "-m", module, *arguments]
        environment = {
            "PYTHONPATH": f"{here / 'site'}:{repository}",
            "PYTHONPYCACHEPREFIX": str(here / "pycache"),  # compiling is slow there: once is enough
            "LANG": "C.UTF-8",
        }
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            ) as process,
        ):
            assert process.stdout is not None
            try:
                for _ in process.stdout:
                    on_line()
            except BaseException:
                process.kill()
                raise
            if code := process.wait():
                errors.seek(0)
                said = [line.strip() for line in errors if line.strip()] or ["no reason given"]
                raise EngineError(f"python -m {module} failed on {self.cpu} with code {code}: {said[-1]}")
