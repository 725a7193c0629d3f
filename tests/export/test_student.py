"""Bundles of one-step students."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.coreml import main as export_coreml
from export.onnx import main as export
from reference.checkpoint import load_checkpoint, save_checkpoint
from reference.component_configs import StudentConfig
from runtime.bundle import open_bundle
from runtime.conditioning import run_conditioner
from runtime.feeds import prompt_feed, step_feed
from runtime.generator import Generator
from runtime.loop import Plan, Student, draw_tokens
from runtime.manifest import StudentFacts
from runtime.parity.side_by_side import SideBySide
from runtime.request import Request
from tests.reference.dimo import (
    CODES,
    META,
    RUN,
    STUDENT,
    dimo_folder,
    draw_uniforms,
    embedding_noise,
    start_uniforms,
)

PUBLISHED = ["--student", "0.6", "0.1"]
MASK = 71


@pytest.fixture(scope="module")
def dimo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dimo_folder(tmp_path_factory.mktemp("dimo") / "checkpoint")


class Recorded:
    """The recorded numbers as `runtime.loop.Noise`."""

    def draw(self, step: int, count: int) -> np.ndarray:
        return draw_uniforms()

    def confidence(self, step: int, count: int) -> np.ndarray:
        raise AssertionError("one step masks nothing again")

    def masking(self, count: int) -> np.ndarray:
        raise AssertionError("only image-to-image calls this")

    def random_start(self, count: int) -> np.ndarray:
        return start_uniforms()

    def embedding(self, count: int) -> np.ndarray:
        return embedding_noise().ravel()


def test_a_bundle_draws_the_recorded_tokens_and_image_from_the_recorded_numbers(
    dimo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    size = ["--size", "256", "256"]
    assert export(["--checkpoint", str(dimo), *PUBLISHED, "--fp32", *size, "--out", str(out)]) == 0
    bundle = open_bundle(out)
    manifest = bundle.manifest
    assert manifest.model.student == StudentFacts(masked=0.6, noise=0.1)
    assert (manifest.defaults.steps, manifest.defaults.guidance) == (1, 1.0)
    assert manifest.parity["transformer.agreement"] == 1.0
    generator = Generator(bundle, threads=1, keep=True)
    ids = np.asarray(generator.tokenizer.encode(META["prompt"])[0])[None]
    np.testing.assert_array_equal(ids, RUN["prompt_ids"])
    tensors = prompt_feed(ids.astype(np.int32), (1024, 1024), 1, 6.0, "index")  # as the recording was told
    tensors |= generator.engine.run("text_encoder", tensors)
    tensors |= run_conditioner(generator.engine, tensors)

    def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        np.testing.assert_array_equal(tokens, RUN["tokens_in"][0])
        found = generator.run_step(step_feed(tensors, 0, tokens, uniforms, 1.0, embedding_noise()))
        return found["drawn"], found["log_prob"]

    plan = Plan(1, MASK, "cosine", student=Student(0.6, CODES))
    tokens = draw_tokens(step, np.full((16, 16), MASK, np.int32), Recorded(), plan)
    np.testing.assert_array_equal(tokens, RUN["final_tokens"][0])
    image = generator.decode(tokens).astype(int)
    assert np.abs(image - RUN["image_u8"][0]).max() <= 1  # the recording truncates levels, we round them


def test_the_first_of_two_passes_is_repeated_without_guidance_at_every_size(
    dimo: Path, tmp_path: Path
) -> None:
    out, sizes = tmp_path / "out", ["--size", "64", "64", "--size", "64", "32"]
    assert export(["--checkpoint", str(dimo), *PUBLISHED, "--fp32", *sizes, "--out", str(out)]) == 0
    bundle, checkpoint = open_bundle(out), load_checkpoint(dimo, student=STUDENT)
    guided = bundle.manifest.defaults.model_copy(update={"guidance": 3.0})
    bundle = replace(bundle, manifest=bundle.manifest.model_copy(update={"defaults": guided}))
    for size in bundle.manifest.sizes:
        found = SideBySide(bundle, checkpoint, steps=2, size=size).draw("a cat", 3, lambda: None)
        np.testing.assert_array_equal(*found.tokens)
        assert [step.compared.agreement for step in found.steps] == [1.0, 1.0]


@pytest.mark.slow  # a minute
def test_a_quantized_student_without_noise_draws_and_takes_none(dimo: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(dimo, student=StudentConfig(masked=0.5))
    save_checkpoint(checkpoint, tmp_path / "student")
    out = tmp_path / "out"
    arguments = ["--checkpoint", str(tmp_path / "student"), "--int8", "--size", "64", "64"]
    assert export([*arguments, "--out", str(out)]) == 0
    manifest = open_bundle(out).manifest
    assert manifest.model.student == StudentFacts(masked=0.5)
    inputs = [tensor.name for name in manifest.step for tensor in manifest.graphs[name].inputs]
    assert "embedding_noise" not in inputs
    assert Generator.open(out, threads=1).text_to_image(Request("a cat")).tokens.max() < CODES


@pytest.mark.parametrize(
    ("command", "flags", "line"),
    [
        (export, ["--student", "1.2", "0"], "--student: masked is 1.2: it must be less than or equal to 1"),
        (export, ["--student", "0.6", "x"], "argument --student: invalid float value: 'x'"),
        (export, ["--student", "0.6"], "argument --student: expected 2 arguments"),
        (export_coreml, PUBLISHED, "noise 0.1 in its embeddings, which a Core ML package cannot take"),
    ],
)
def test_what_no_bundle_can_be_made_of_is_one_line(
    dimo: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: object,
    flags: list[str],
    line: str,
) -> None:
    assert callable(command)
    assert command(["--checkpoint", str(dimo), *flags, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
