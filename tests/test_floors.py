"""The packages are floors of a house: imports run from top to bottom, and torch stays where it is needed."""

import ast
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("reference", "runtime", "runtime.parity", "quantize", "export")  # bottom first
# All that the engine and the passes import of it.
WITHOUT_MODEL = (
    "reference.errors",
    "reference.compose",
    "reference.extras",
    "reference.files",
    "reference.fit",
    "reference.pictures",
    "reference.publishing",
)
# Commands may import upward.
COMMANDS = {"quantize.__main__", "quantize.sensitivity"}
# The side of `runtime.parity` that needs no checkpoint.
TEACHERS = ["runtime.parity.bundle_steps", "runtime.parity.verification", "runtime.parity.machine_recording"]
# What compares with the reference, the evaluator of Core ML packages, and what imports coremltools, which
# imports torch where it finds it.
NEED_TORCH = ("runtime.parity", "runtime.coreml", "quantize.coreml", "quantize.half_storage")
# What imports a package that some machines cannot install.
NEED_APPLE = ("runtime.coreai.engine", "runtime.coreai.tools")


def modules(package: str) -> list[str]:
    return [name for _, name, _ in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")]


def floor(module: str) -> str:
    """The longest floor that the module is on, "" for other packages."""
    return max((name for name in FLOORS if f"{module}.".startswith(f"{name}.")), key=len, default="")


def imported(module: str) -> Iterator[str]:
    """All modules that a module imports, anywhere in it."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", ["reference", "runtime", "quantize", "export"])
def test_imports_run_from_top_to_bottom(package: str) -> None:
    upward = [
        (module, name)
        for module in modules(package)
        if module not in COMMANDS
        for name in imported(module)
        if floor(name) and FLOORS.index(floor(name)) > FLOORS.index(floor(module))
    ]
    assert upward == []


@pytest.mark.parametrize("package", ["runtime", "quantize"])
def test_only_parity_and_the_evaluator_know_the_references_model_or_torch(package: str) -> None:
    allowed = ("runtime.parity.", "runtime.coreml.")
    wrong = [
        (module, name)
        for module in modules(package)
        if not f"{module}.".startswith(allowed)
        for name in imported(module)
        if name.partition(".")[0] == "torch"
        or (floor(name) == "reference" and not name.startswith(WITHOUT_MODEL))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "heavy"),
    [
        ("runtime", {"torch", "transformers", "diffusers", "export"}),
        ("quantize", {"torch", "diffusers"}),
    ],
)
def test_every_other_module_is_imported_without_torch(package: str, heavy: set[str]) -> None:
    names = TEACHERS + [name for name in modules(package) if not name.startswith(NEED_TORCH + NEED_APPLE)]
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(sorted({heavy!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
