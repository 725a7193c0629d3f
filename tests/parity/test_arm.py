"""Two machines beside each other, without an emulator: this one beside itself, and what is said of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runtime.bundle import Bundle
from runtime.generator import Generator
from runtime.parity import arm, measures
from runtime.parity.emulator import Emulator
from runtime.parity.limits import machines_judged
from runtime.parity.logits import expose
from runtime.parity.machine_recording import LOGITS, Recording, Run, last_graph, load, record, replay, save
from runtime.parity.machines import compare_machines
from runtime.request import Request

STEPS = 3
REQUEST = Request("a red heart", seed=5, steps=STEPS)


@pytest.fixture(scope="module")
def recorded(bundle: Bundle) -> Recording:
    return record(bundle, expose(last_graph(bundle)), REQUEST)


def changed(recording: Recording, graph: str, change: Callable[[np.ndarray], np.ndarray]) -> Recording:
    """The outputs of one graph otherwise."""
    runs = [
        Run(run.graph, run.inputs, {name: change(array) for name, array in run.outputs.items()}, run.seconds)
        if run.graph == graph
        else run
        for run in recording.runs
    ]
    return replace(recording, runs=runs)


def test_a_recording_is_the_drawing_that_users_get_and_its_logits(
    bundle: Bundle, recorded: Recording
) -> None:
    drawing = Generator(bundle, threads=1).text_to_image(REQUEST)
    assert np.array_equal(recorded.tokens, drawing.tokens)
    assert np.array_equal(recorded.picture, drawing.picture)
    graphs = [run.graph for run in recorded.runs]
    step = ["transformer", LOGITS]
    assert graphs == ["text_encoder", "conditioner", *STEPS * step, "image_decoder"]
    drawn, logits = recorded.runs[2], recorded.runs[3]
    codes = drawn.outputs["drawn"]
    log_prob = measures.log_softmax(logits.outputs[LOGITS])[np.arange(codes.size), codes]
    assert np.allclose(log_prob, drawn.outputs["log_prob"], atol=1e-5)


def test_the_same_machine_twice_is_equal_in_every_figure(
    bundle: Bundle, recorded: Recording, tmp_path: Path
) -> None:
    save(tmp_path / "recorded.npz", recorded)
    told: list[int] = []
    again = replay(
        bundle, expose(last_graph(bundle)), load(tmp_path / "recorded.npz"), lambda: told.append(1)
    )
    assert len(told) == len(recorded.runs)
    save(tmp_path / "again.npz", again)
    found = compare_machines(bundle, recorded, load(tmp_path / "again.npz"))
    assert all(output.equal == 1 and output.max_abs == 0 for output in found.outputs)
    assert found.figures == {
        "graphs.cosine": pytest.approx(1, abs=1e-12),
        "teacher_forced.positions": sum(step.masked for step in found.steps),
        "teacher_forced.agreement": 1,
        "teacher_forced.kl": 0,
        "free_running.agreement": 1,
        "free_running.psnr": float("inf"),
        "image_decoder.levels": 0,
    }
    assert found.steps[0].masked == 256 and found.steps[-1].masked < 256
    assert all(verdict.holds for verdict in machines_judged(found.figures, bundle.manifest, "ARM"))


def test_a_wrong_kernel_is_seen_in_the_figures_it_touches(bundle: Bundle, recorded: Recording) -> None:
    noise = np.random.default_rng(0)
    wrong = changed(recorded, LOGITS, lambda logits: logits + noise.normal(0, 0.1, logits.shape))
    found = compare_machines(bundle, recorded, wrong)
    assert found.figures["teacher_forced.agreement"] == 1
    assert 0.001 < found.figures["teacher_forced.kl"] < 0.02  # about half of the variance
    missed = {
        verdict.limit.figure
        for verdict in machines_judged(found.figures, bundle.manifest, "ARM")
        if not verdict.holds
    }
    assert missed == {"graphs.cosine", "teacher_forced.kl"}


def test_token_agreement_counts_masked_positions_alone(bundle: Bundle, recorded: Recording) -> None:
    def first_sixteen(output: np.ndarray) -> np.ndarray:
        output = output.copy()
        output[:16] = (output[:16] + 1) % 64 if output.dtype == np.int32 else 9.0
        return output

    found = compare_machines(bundle, recorded, changed(recorded, "transformer", first_sixteen))
    mask = bundle.manifest.model.mask_token_id
    masks = [run.inputs["tokens"].ravel() == mask for run in recorded.runs if run.graph == "transformer"]
    hit = [int(masked[:16].sum()) for masked in masks]
    assert hit[0] == 16 and hit[-1] < 16
    assert [round(step.masked * (1 - step.agreement)) for step in found.steps] == hit
    # The probabilities of tokens that differ are not compared: all of those left are equal.
    (log_prob,) = (output for output in found.outputs if output.output == "log_prob")
    assert log_prob.equal == 1 and log_prob.max_abs == 0


def test_rounding_moves_float_inputs_by_a_unit_in_the_last_place(recorded: Recording) -> None:
    run = recorded.runs[2]
    after = arm.moved(run, np.random.default_rng(0))
    for name in ("tokens", "uniforms", "guidance"):
        assert np.array_equal(after[name], run.inputs[name])
    off = np.abs(after["context"] / run.inputs["context"] - 1)
    assert 0 < off.mean() < 2e-7 and after["context"].dtype == np.float32


@pytest.fixture
def without_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other machine would compute, computed by this one."""
    monkeypatch.setattr(Emulator, "check", lambda self: None)

    def natively(emulator: Emulator, bundle: Bundle, logits_model: bytes, recorded: Recording) -> Recording:
        return replay(bundle, logits_model, recorded, lambda: None)

    monkeypatch.setattr(arm, "emulated", natively)


def test_the_command_writes_table_page_and_figures(
    bundle: Bundle, without_emulator: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, figures = tmp_path / "arm.html", tmp_path / "arm.json"
    arguments = ["--bundle", str(bundle.folder), "--steps", "2", "--out", str(out), "--json", str(figures)]
    assert arm.main(arguments) == 0
    said = capsys.readouterr().out
    assert "step 2: " in said and "x86_64 beside itself, inputs moved by a rounding" in said
    found = json.loads(figures.read_text())
    assert found["passed"] and found["figures"]["teacher_forced.agreement"] == 1
    assert found["figures"]["free_running.psnr"] is None
    # Moved inputs do change something: the yardstick is measured.
    assert 0 < found["yardstick"]["teacher_forced.kl"] < 1e-6
    page = out.read_text()
    assert "Every limit holds." in page and page.count("data:image/png") == 3
    assert page.count("<td>transformer</td>") == 2


def test_a_missed_limit_is_exit_code_1_and_named(
    bundle: Bundle,
    without_emulator: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def negated(emulator: Emulator, bundle: Bundle, logits_model: bytes, recorded: Recording) -> Recording:
        return changed(recorded, "conditioner", np.negative)

    monkeypatch.setattr(arm, "emulated", negated)
    out = tmp_path / "arm.html"
    assert arm.main(["--bundle", str(bundle.folder), "--steps", "2", "--out", str(out)]) == 1
    assert capsys.readouterr().err == "graphs.cosine is -1, below the ARM limit of 0.999999\n"
    assert "A limit is missed." in out.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--machine", "{tmp}"], "there is no ARM64 machine in {tmp}: make it with: make arm64"),
        (["--out", "{tmp}/arm.pdf"], "arm.pdf must end in .html"),
        (["--json", "{tmp}/nowhere/arm.json"], "nowhere does not exist"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], said: str, bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    out = [] if "--out" in given else ["--out", str(tmp_path / "arm.html")]
    assert arm.main(["--bundle", str(bundle.folder), *out, *given]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and said.format(tmp=tmp_path) in line
    assert not list(tmp_path.iterdir())


def machine(folder: Path, program: str) -> Emulator:
    """A machine whose QEMU is a shell script: lists a processor, or does `program`."""
    (folder / "ready").touch()
    listed = 'if [ "$2" = help ]; then echo "Available CPUs:"; echo "  cortex-a76"; exit; fi'
    (folder / "qemu-aarch64").write_text(f"#!/bin/sh\n{listed}\n{program}\n")
    (folder / "qemu-aarch64").chmod(0o755)
    return Emulator(folder, "cortex-a76")


def test_a_crash_on_the_machine_is_one_line_with_its_last_words(tmp_path: Path) -> None:
    crashing = machine(tmp_path, "echo one; echo 'uncaught target signal 11' >&2; kill -SEGV $$")
    told: list[int] = []
    with pytest.raises(arm.EngineError, match=r"cortex-a76 with code -11: uncaught target signal 11$"):
        crashing.run("runtime.parity.machine_recording", [], lambda: told.append(1))
    assert told == [1]


def test_an_unknown_processor_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    machine(tmp_path, "").check()
    with pytest.raises(arm.EngineError, match="no processor z80: give --cpu one of cortex-a76"):
        replace(machine(tmp_path, ""), cpu="z80").check()
