"""The check for Macs, with onnxruntime in Core ML's place: its packages hold the tiny bundle's ONNX files."""

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from export import check_on_mac
from export.check_on_mac import Report, check, find_bundle
from export.mac_check.device import Placement, machine, placement
from export.mac_check.feeds import Golden, calls, joined
from export.mac_check.unit_check import MOST_STEPS, chosen_steps
from runtime.bundle import open_bundle
from runtime.errors import BundleError, EngineError
from runtime.manifest import FileFacts, Manifest
from runtime.parity.golden import golden_drawing
from tests.runtime.tiny_bundle import edit_manifest, write_bundle

STEPS = 6
CALL = 4  # steps a call of the conditioner
TWO = ("CPU_ONLY", "CPU_AND_NE")


class Session:
    def __init__(self, path: Path) -> None:
        self._session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])

    def predict(self, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for value in self._session.get_inputs():
            if len(value.shape) == 0:  # Core ML declares [1] where the ONNX graph has a scalar
                feed = {**feed, value.name: feed[value.name].reshape(())}
        names = [value.name for value in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, feed), strict=True))


class FakeMac:
    """Everything works."""

    def compile(self, package: Path, folder: Path) -> Path:
        return Path(shutil.copytree(package, folder / f"{package.stem}.mlmodelc"))

    def load(self, compiled: Path, function: str | None, unit: str) -> Any:
        return Session(compiled / f"{compiled.stem}.onnx")

    def placement(self, compiled: Path, function: str | None, unit: str) -> Placement:
        return Placement({"cpu": {"gather": 2}, "ane": {"conv": 8, "add": 1}}, {"cpu": 0.25, "ane": 0.75})


class NoNeuralEngine(FakeMac):
    """One graph does not load there, another does not compile at all."""

    def compile(self, package: Path, folder: Path) -> Path:
        if package.stem == "image_decoder":
            raise Exception("Unable to compile")
        return super().compile(package, folder)

    def load(self, compiled: Path, function: str | None, unit: str) -> Any:
        if unit == "CPU_AND_NE" and compiled.stem == "conditioner":
            raise RuntimeError("Error in building plan.")
        return super().load(compiled, function, unit)


class Aborting(FakeMac):
    """As Core ML does on a failed assertion."""

    def load(self, compiled: Path, function: str | None, unit: str) -> Any:
        if unit == "CPU_AND_NE" and compiled.stem == "transformer":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().load(compiled, function, unit)


class WrongNeuralEngine(FakeMac):
    """Silently wrong there."""

    def load(self, compiled: Path, function: str | None, unit: str) -> Any:
        session = super().load(compiled, function, unit)
        if unit != "CPU_AND_NE" or compiled.stem != "transformer":
            return session

        def predict(feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            outputs = session.predict(feed)
            return {**outputs, "drawn": (outputs["drawn"] + 1) % 16, "log_prob": outputs["log_prob"] * np.nan}

        return SimpleNamespace(predict=predict)


class Recording(FakeMac):
    """Fails to load, and says for what, so that the errors show what was asked for."""

    def load(self, compiled: Path, function: str | None, unit: str) -> Any:
        raise RuntimeError(f"{function} on {unit}")


def as_packages(folder: Path) -> Path:
    """Moves each graph of a bundle into NAME.mlpackage and declares what Core ML declares."""
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    for name, graph in data["graphs"].items():
        inside = folder / f"{name}.mlpackage"
        inside.mkdir()
        (inside / "Manifest.json").write_text("{}")
        for file in graph["files"]:
            (folder / file).rename(inside / file)
            del data["files"][file]
        graph["files"] = [f"{name}.mlpackage/Manifest.json"] + [
            f"{name}.mlpackage/{f}" for f in graph["files"]
        ]
        data["files"] |= {file: FileFacts.of(folder / file).model_dump() for file in graph["files"]}
        graph["functions"] = [{"name": "main", "dimensions": {}}]
        for tensor in graph["inputs"]:
            if tensor["name"] == "step_sinusoids":
                tensor["shape"][0] = CALL
            if tensor["name"] == "guidance":
                tensor["shape"] = [1]
    path.write_text(Manifest.model_validate(data).model_dump_json())
    return folder


@pytest.fixture(scope="session")
def phone_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with its golden trace, in packages; read only."""
    folder = write_bundle(tmp_path_factory.mktemp("phone") / "iphone")
    trace, _ = golden_drawing(open_bundle(folder), STEPS)
    (folder / "golden").mkdir()
    (folder / "golden/trace.json").write_text(trace.model_dump_json())
    facts = FileFacts.of(folder / "golden/trace.json")
    edit_manifest(folder, "files", "golden/trace.json", value=facts.model_dump())
    edit_manifest(folder, "golden", value={"file": "golden/trace.json"})
    return as_packages(folder)


def checked(folder: Path, device: Any, tmp_path: Path, choices: tuple[str, ...] = TWO) -> tuple[Report, Any]:
    out = tmp_path / "check.json"
    report = check(open_bundle(folder), device, out, choices)
    return report, json.loads(out.read_text())


def by_graph(data: Any, choice: str) -> dict[str, Any]:
    return {each["graph"]: each for each in data["graphs"] if each["choice"] == choice}


def test_all_is_well(phone_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, data = checked(phone_folder, FakeMac, tmp_path)
    assert not report.failed
    assert data["format"] == check_on_mac.FORMAT and data["version"] == check_on_mac.VERSION
    assert data["machine"].keys() >= {"chip", "macos", "memory_bytes", "coremltools"}
    graphs = {"text_encoder", "conditioner", "transformer", "image_decoder", "image_encoder"}
    assert {each["graph"] for each in data["packages"]} == graphs
    assert by_graph(data, "CPU_ONLY").keys() == by_graph(data, "CPU_AND_NE").keys() == graphs
    assert [each["choice"] for each in data["drawings"]] == list(TWO)
    for drawing in data["drawings"]:
        assert drawing["steps"] == list(range(STEPS))
        # Every position is kept once, at the step that drew it for the last time.
        assert drawing["equal"] == drawing["compared"] == 6 * 8
        assert drawing["share"] == 1.0 and drawing["image_same"] is True and drawing["errors"] == {}
    for graph in data["graphs"]:
        assert len(graph["load_seconds"]) == 2 and graph["predict_ms"] > 0 and graph["first_predict_ms"] > 0
        assert graph["unit"] == graph["choice"] and graph["errors"] == {}
        assert graph["placement"]["operations"]["ane"] == {"conv": 8, "add": 1}
    first, second = (by_graph(data, choice)["transformer"] for choice in TWO)
    assert (first["compared_with"], first["likeness"]) == (None, {})
    assert second["compared_with"] == "CPU_ONLY"
    assert second["likeness"]["drawn"] == 1.0 and second["likeness"]["log_prob"] == pytest.approx(1)
    shown = capsys.readouterr().out
    assert "drew 48 of 48 tokens as recorded" in shown and "on cpu instead of ane: 2 gather" in shown


def test_failures_are_recorded_and_the_rest_goes_on(phone_folder: Path, tmp_path: Path) -> None:
    report, data = checked(phone_folder, NoNeuralEngine, tmp_path)
    assert report.failed
    (failed,) = [each for each in data["packages"] if each["errors"]]
    assert failed["graph"] == "image_decoder"
    assert failed["errors"] == {"compile": "Exception: Unable to compile"}
    engine = by_graph(data, "CPU_AND_NE")
    assert engine["conditioner"]["errors"] == {"load": "RuntimeError: Error in building plan."}
    assert engine["conditioner"]["placement"] is not None and engine["conditioner"]["predict_ms"] is None
    assert engine["image_decoder"]["errors"] == {"load": "RuntimeError: the package was not compiled"}
    missing = {"predict": "RuntimeError: no image: a graph before it failed"}
    assert engine["image_encoder"]["errors"] == missing
    # The conditions of the CPU serve, so the rest of the drawing is checked all the same.
    (drawing,) = [each for each in data["drawings"] if each["choice"] == "CPU_AND_NE"]
    assert drawing["share"] == 1.0 and drawing["image_same"] is None


def test_nothing_to_draw_with(phone_folder: Path, tmp_path: Path) -> None:
    _, data = checked(phone_folder, NoNeuralEngine, tmp_path, ("CPU_AND_NE",))
    (drawing,) = data["drawings"]
    assert drawing["errors"] == {"steps": "RuntimeError: the conditioner never ran, so no token was drawn"}
    assert drawing["share"] is None


def test_dead_process_is_recorded_and_the_rest_goes_on(phone_folder: Path, tmp_path: Path) -> None:
    report, data = checked(phone_folder, Aborting, tmp_path, ("CPU_AND_NE", "CPU_ONLY"))
    assert report.failed
    assert data["crashes"] == [{"doing": "CPU_AND_NE: transformer", "exit_code": -signal.SIGKILL}]
    assert by_graph(data, "CPU_AND_NE").keys() == {"text_encoder", "conditioner"}
    assert [(each["choice"], each["share"]) for each in data["drawings"]] == [("CPU_ONLY", 1.0)]


def test_wrong_results_are_seen(phone_folder: Path, tmp_path: Path) -> None:
    _, data = checked(phone_folder, WrongNeuralEngine, tmp_path)
    engine = by_graph(data, "CPU_AND_NE")
    assert engine["transformer"]["likeness"] == {"drawn": 0.0, "log_prob": None}
    assert engine["image_decoder"]["likeness"] == {"image": 1.0}
    assert [each["share"] for each in data["drawings"]] == [1.0, 0.0]


def test_functions_and_units_of_the_manifest(phone_folder: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(phone_folder, tmp_path / "own"))
    functions = [
        {"name": "one_row", "dimensions": {"rows": 1}},
        {"name": "square", "dimensions": {"rows": 2, "pixel_width": 64, "pixel_height": 64}},
        {"name": "guided", "dimensions": {"rows": 2, "pixel_width": 32, "pixel_height": 24}},
    ]
    edit_manifest(own, "graphs", "text_encoder", "functions", value=functions)
    edit_manifest(own, "graphs", "text_encoder", "compute", value="ane")
    edit_manifest(own, "graphs", "conditioner", "functions", value=functions[:1])
    _, data = checked(own, Recording, tmp_path, ("AS_SHIPPED", "CPU_ONLY"))
    shipped = by_graph(data, "AS_SHIPPED")
    assert shipped["text_encoder"]["errors"]["load"] == "RuntimeError: guided on CPU_AND_NE"
    assert (shipped["text_encoder"]["function"], shipped["text_encoder"]["unit"]) == ("guided", "CPU_AND_NE")
    assert "has no function for rows 2" in shipped["conditioner"]["errors"]["load"]
    assert shipped["image_decoder"]["errors"]["load"] == "RuntimeError: None on ALL"
    assert by_graph(data, "CPU_ONLY")["text_encoder"]["errors"]["load"] == "RuntimeError: guided on CPU_ONLY"


def test_conditioner_is_called_in_parts(phone_folder: Path) -> None:
    bundle = open_bundle(phone_folder)
    trace = bundle.golden()
    assert trace is not None
    texts = Golden(bundle, trace).texts()
    rows = {"text_hidden": np.zeros((2, 8, 4)), "text_pooled": np.zeros((2, 4))}
    feeds = calls(bundle.manifest.graphs["conditioner"], {**texts, **rows})
    parts = [feed["step_sinusoids"] for feed in feeds]
    assert [part.shape[0] for part in parts] == [CALL, CALL]
    np.testing.assert_array_equal(np.concatenate(parts)[:STEPS], texts["step_sinusoids"])
    outputs = [{"context": np.zeros(1), "modulation": part} for part in parts]
    np.testing.assert_array_equal(joined(outputs, STEPS)["modulation"], texts["step_sinusoids"])


def test_steps_are_spread_over_long_drawings() -> None:
    assert chosen_steps(1) == [0]
    assert chosen_steps(MOST_STEPS) == list(range(MOST_STEPS))
    long = chosen_steps(64)
    assert (len(long), long[0], long[-1]) == (MOST_STEPS, 0, 63)


def test_placement_counts_what_computes() -> None:
    device = {name: type(name, (), {})() for name in ("MLCPUComputeDevice", "MLNeuralEngineComputeDevice")}
    plan = {
        "ios18.conv": ("MLNeuralEngineComputeDevice", 0.75),
        "ios17.gather": ("MLCPUComputeDevice", 0.25),
        "ios18.constexpr_lut_to_dense": ("MLCPUComputeDevice", 0.0),
        "const": (None, None),
    }

    def usage(operation: Any) -> Any:
        name, _ = plan[operation.operator_name]
        return None if name is None else SimpleNamespace(preferred_compute_device=device[name])

    def cost(operation: Any) -> Any:
        return SimpleNamespace(weight=plan[operation.operator_name][1])

    fake = SimpleNamespace(
        get_compute_device_usage_for_mlprogram_operation=usage,
        get_estimated_cost_for_mlprogram_operation=cost,
    )
    found = placement(fake, [SimpleNamespace(operator_name=name) for name in plan])
    assert found == Placement({"ane": {"conv": 1}, "cpu": {"gather": 1}}, {"ane": 0.75, "cpu": 0.25})


def test_nothing_but_coremltools_numpy_and_pydantic_is_needed() -> None:
    others = {"torch", "onnxruntime", "PIL", "regex", "tqdm", "coremltools"}
    code = f"import sys, export.check_on_mac; print(*{others} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "\n", "")


def test_linux_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert check_on_mac.main([]) == 2
    assert capsys.readouterr().err == "error: this check needs macOS: Core ML runs nothing elsewhere\n"


def test_coremltools_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    with pytest.raises(EngineError, match="pip install coremltools"):
        machine()


def test_bundle_is_found(phone_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_bundle(Path("given")) == Path("given")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/iphone").symlink_to(phone_folder)
    assert find_bundle(None) == tmp_path / "build/iphone"
    monkeypatch.chdir(phone_folder)
    assert find_bundle(None) == phone_folder


def test_wrong_bundles_are_one_line(
    phone_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copytree(phone_folder, tmp_path / "own"))
    edit_manifest(own, "golden", value=None)
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.chdir(tmp_path)
    for folder, problem in ((own, "holds no golden trace"), (tmp_path, "is not a bundle")):
        assert check_on_mac.main([str(folder)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ") and problem in error and error.count("\n") == 1
    assert not check_on_mac.OUT.exists()


def test_android_bundle_is_refused(phone_folder: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(phone_folder, tmp_path / "own"))
    (own / "model.onnx").touch()
    edit_manifest(own, "graphs", "transformer", "files", value=["model.onnx"])
    facts = FileFacts.of(own / "model.onnx").model_dump()
    edit_manifest(own, "files", "model.onnx", value=facts)
    with pytest.raises(BundleError, match="is not a Core ML package"):
        check(open_bundle(own), FakeMac, tmp_path / "out.json")
