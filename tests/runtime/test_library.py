"""`import runtime` as another program uses it."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest

import runtime
from reference import extras
from runtime import Bundle, Drawing, Generator, Request, RequestError, open_bundle
from runtime.onnxruntime_engine import OnnxRuntimeEngine

ROOT = Path(__file__).parents[2]

# Prints what importing, opening and drawing did to the process that other code may rely on.
EFFECTS = """
import sys, threading
stack, seen = threading.stack_size, []
threading.stack_size = lambda *size: seen.append(size) or stack(*size)
sys.addaudithook(lambda event, values: event == "ctypes.dlsym" and seen.append(values[1]))
from runtime import Generator, Request
seen += [name for name in ("onnxruntime", "torch") if name in sys.modules]
with Generator.open(sys.argv[1], threads=1) as generator:
    generator.text_to_image(Request("cat", steps=1))
print(seen)
"""


def test_importing_opening_and_drawing_leave_the_process_alone(bundle_folder: Path) -> None:
    command = [sys.executable, "-c", EFFECTS, str(bundle_folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_command_sets_its_own_process() -> None:
    calls = "runtime.process.return_freed_memory(); runtime.process.load_onnxruntime()"
    code = EFFECTS[: EFFECTS.index("from runtime")] + f"import runtime.process\n{calls}\nprint(seen)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    assert str((2**28,)) in done.stdout
    assert ("mallopt" in done.stdout) == sys.platform.startswith("linux")


def test_leaving_the_block_unloads_the_graphs(bundle_folder: Path) -> None:
    with Generator.open(bundle_folder, threads=1, keep=True) as generator:
        first = generator.text_to_image(Request("cat"))
        assert generator.engine.loaded
    assert generator.engine.loaded == []
    np.testing.assert_array_equal(generator.text_to_image(Request("cat")).tokens, first.tokens)


class Counting(OnnxRuntimeEngine):
    """An engine of the caller's own."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle, threads=1)
        self.runs: list[str] = []

    def run(self, name: str, tensors: object) -> dict[str, np.ndarray]:
        self.runs.append(name)
        return super().run(name, tensors)  # type: ignore[arg-type]


def test_an_engine_can_be_given(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    engine = Counting(bundle)
    drawing: Drawing = Generator(bundle, engine=engine).text_to_image(Request("cat", steps=3))
    assert drawing.settings.steps == 3
    assert engine.runs == ["text_encoder", "conditioner", *["transformer"] * 3, "image_decoder"]


def test_an_engine_can_be_named(bundle_folder: Path) -> None:
    assert isinstance(Generator.open(bundle_folder, engine="onnxruntime").engine, OnnxRuntimeEngine)
    with pytest.raises(RequestError, match="coreml runs Core ML packages"):
        Generator.open(bundle_folder, engine="coreml")


def test_every_public_name_is_there_and_documented() -> None:
    for name in runtime.__all__:
        assert getattr(runtime, name).__doc__, name
    for name, method in vars(Generator).items():
        assert name.startswith("_") or method.__doc__, name


def test_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    distributions = packages_distributions()
    for extra, packages in extras.EXTRAS.items():
        wanted = " ".join(project["optional-dependencies"][extra]).lower()
        for package in packages:
            assert any(name.lower() in wanted for name in distributions.get(package, [package])), package
