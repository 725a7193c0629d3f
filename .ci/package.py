"""Builds the sdist and, from it, the wheel; installs the wheel into empty environments and draws with it.

    python .ci/package.py [PYTHON ...]

Each PYTHON gets an environment that holds nothing but the wheel and its dependencies; default: the Python
that runs this. Needs the packages build and onnx, and works on Linux, macOS and Windows.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("export", "quantize", "reference", "runtime")
PLUGIN = "export/optimum_cli/"  # optimum finds what is below it at the top of the wheel
WRITE_BUNDLE = "import pathlib, sys; from tests.runtime.tiny_bundle import write_bundle; "
WRITE_BUNDLE += "write_bundle(pathlib.Path(sys.argv[1]))"
# What follows README's lines.
CHECK = """
import sys
import numpy as np
import runtime
from PIL import Image

assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.std() > 0, picture
Image.fromarray(picture).save("snippet.png")
assert "site-packages" in runtime.__file__, runtime.__file__
assert not {"torch", "transformers", "onnx"} & set(sys.modules)
"""


def run(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """What a command prints; ends this program unless it ends with `code`."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != code:
        sys.exit(f"{' '.join(map(str, command))}: code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def tracked() -> set[str]:
    """The files of the packages that the repository holds."""
    return set(
        run("git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES, cwd=ROOT).split()
    )


def build(dist: Path) -> Path:
    """The wheel. Both archives hold every file of the packages, and the wheel nothing else."""
    run(sys.executable, "-m", "build", "--outdir", dist, ROOT, cwd=dist)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    files = tracked()
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    if lost := sorted(files - packed):
        sys.exit(f"{sdist.name} lacks {', '.join(lost)}")
    with zipfile.ZipFile(wheel) as archive:
        installed = {name for name in archive.namelist() if ".dist-info/" not in name}
    if wrong := sorted({name.removeprefix(PLUGIN) for name in files} ^ installed):
        sys.exit(f"{wheel.name} and the repository differ in {', '.join(wrong)}")
    print(
        f"{sdist.name} {sdist.stat().st_size / 1e6:.1f} MB, {wheel.name} {wheel.stat().st_size / 1e6:.1f} MB"
    )
    return wheel


def readme_snippet() -> str:
    """README's lines of Python."""
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S
    )
    (snippet,) = (block for block in blocks if "from runtime import" in block)
    return str(snippet)


def draw(python: str, wheel: Path, work: Path) -> None:
    """Installs the wheel beside its dependencies alone, runs README's snippet and the console script."""
    run(python, "-m", "venv", work / "venv", cwd=work)
    scripts = work / "venv" / ("Scripts" if os.name == "nt" else "bin")
    inside = scripts / "python"
    run(inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=work)
    (work / "snippet.py").write_text(readme_snippet() + CHECK, encoding="utf-8")
    run(inside, "snippet.py", cwd=work)
    run(scripts / "meissonic", "draw", "a cat", "--seed", "3", "--out", "command.png", cwd=work)
    for name in ("snippet.png", "command.png"):
        if not (work / name).is_file():
            sys.exit(f"{name} was not drawn")
    shown = run(scripts / "meissonic", "inspect", "build/android", cwd=work)
    refused = run(scripts / "meissonic", "export", "onnx", cwd=work, code=2)
    if "all whole" not in shown or "pip install 'meissonic-mobile[export]'" not in refused:
        sys.exit(f"the commands answer otherwise:\n{shown}{refused}")
    print(f"{run(inside, '--version', cwd=work).strip()}: installed, drew README's picture")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "dist").mkdir()
        wheel = build(work / "dist")
        for number, python in enumerate(sys.argv[1:] or [sys.executable]):
            folder = work / str(number)
            (folder / "build").mkdir(parents=True)
            run(sys.executable, "-c", WRITE_BUNDLE, folder / "build" / "android", cwd=ROOT)
            draw(python, wheel, folder)


if __name__ == "__main__":
    main()
