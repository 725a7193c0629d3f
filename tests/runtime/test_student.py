"""One-step students: numbers beside the vectors, and whole drawings of the tiny bundle as one."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference.noise import box_muller
from runtime.generator import Generator
from runtime.inspect import describe
from runtime.loop import Plan, Student, draw_tokens, mask_least, random_tokens
from runtime.manifest import StudentFacts
from runtime.normals import normals
from runtime.philox import PhiloxNoise
from tests.runtime.by_hand import REQUEST, by_hand, masks
from tests.runtime.tiny_bundle import CODES, MASK, NOISY, WIDTH, H, W, write_bundle

VECTORS = Path(__file__).parents[1] / "vectors"
STUDENT = Student(masked=0.6, codebook_size=CODES)


def test_normal_numbers_are_the_vectors_and_those_of_a_mathematical_library() -> None:
    cases = json.loads((VECTORS / "normals.json").read_text())
    words = np.array([case["words"] for case in cases], np.uint32)
    bits = np.array([case["bits"] for case in cases], np.uint32)
    assert len(cases) == 272
    found = normals(words)
    np.testing.assert_array_equal(found.view(np.uint32), bits.ravel())
    np.testing.assert_allclose(found, box_muller(np.ascontiguousarray(words.T)), rtol=2e-7, atol=1e-14)


def test_embedding_noise_is_the_same_whatever_the_count() -> None:
    noise = PhiloxNoise(2**63)
    np.testing.assert_array_equal(noise.embedding(7), noise.embedding(1000)[:7])
    assert (noise.embedding(8) != PhiloxNoise(0).embedding(8)).all()


def test_starts_are_the_references() -> None:
    for case in json.loads((VECTORS / "starts.json").read_text()):
        codes = case["codes"]
        plan = Plan(1, codes, "cosine", student=Student(case["masked"], codes))
        before = np.array(case["before"], np.int32)
        found = random_tokens(before, PhiloxNoise(int(case["seed"])), plan, plan.student)
        assert found.tolist() == case["after"]


def student_bundle(folder: Path, noise: float = 0.0) -> Generator:
    student = StudentFacts(masked=0.6, noise=noise)
    write_bundle(folder, {"transformer": NOISY} if noise else None, student=student)
    return Generator.open(folder, threads=1)


def start(seed: int) -> np.ndarray:
    """The random start by hand."""
    chosen, order = PhiloxNoise(seed).random_start(H * W)
    codes = (chosen.astype(np.float64) * CODES).astype(np.int32)
    return mask_least(codes, order, 29, MASK)  # 0.6 * 48 = 28.8


def test_one_pass_draws_every_token_from_the_random_start(tmp_path: Path) -> None:
    """Whatever the guidance, the pass sees the prompt alone, and timestep 0."""
    drawn = student_bundle(tmp_path / "student").text_to_image(replace(REQUEST, steps=1)).tokens
    request = replace(REQUEST, steps=1, guidance=1.0)
    expected = by_hand(request, masks(), Plan(1, MASK, "cosine", student=STUDENT))
    np.testing.assert_array_equal(drawn, expected)
    assert (drawn != by_hand(request, masks(), Plan(1, MASK, "cosine"))).any()
    assert (start(7) == MASK).sum() == 29


def test_later_passes_are_as_the_teachers_from_what_the_first_drew(tmp_path: Path) -> None:
    generator = student_bundle(tmp_path / "student")
    steps: list[np.ndarray] = []
    drawing = generator.text_to_image(
        replace(REQUEST, steps=3), on_step=lambda progress: steps.append(progress.tokens)
    )
    one = generator.text_to_image(replace(REQUEST, steps=1)).tokens
    known = steps[0] != MASK
    np.testing.assert_array_equal(steps[0][known], one[known])  # the first pass is told timestep 0
    assert (~known).sum() == 41  # floor(48 cos(pi / 6))
    np.testing.assert_array_equal(drawing.tokens[steps[1] != MASK], steps[1][steps[1] != MASK])


def test_noise_reaches_the_first_pass_alone(tmp_path: Path) -> None:
    generator, fed = student_bundle(tmp_path / "noisy", 0.1), []
    run = generator.engine.run

    def watched(name: str, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if name == "transformer":
            fed.append(tensors["embedding_noise"])
        return run(name, tensors)

    generator.engine.run = watched  # type: ignore[method-assign]
    noisy = generator.text_to_image(replace(REQUEST, steps=2)).tokens
    expected = PhiloxNoise(7).embedding(H * W * WIDTH).reshape(H, W, WIDTH)
    np.testing.assert_array_equal(fed[0], expected)
    assert not fed[1].any() and fed[1].shape == (H, W, WIDTH)
    plain = student_bundle(tmp_path / "plain").text_to_image(replace(REQUEST, steps=2)).tokens
    assert (noisy != plain).any()


def test_known_tokens_of_an_edit_stay(tmp_path: Path) -> None:
    tokens = masks()
    tokens[2:] = 3
    plan = Plan(1, MASK, "linear", student=STUDENT)
    seen: list[np.ndarray] = []

    def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append(tokens)
        return np.full(tokens.size, 5, np.int32), np.zeros(tokens.size, np.float32)

    drawn = draw_tokens(step, tokens, PhiloxNoise(1), plan)
    assert (drawn[:2] == 5).all() and (drawn[2:] == 3).all()
    assert (seen[0][2:] == 3).all() and (seen[0][:2] == MASK).sum() == 10  # 0.6 * 16 = 9.6


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_manifest_is_shown(tmp_path: Path, noise: float) -> None:
    lines = describe(student_bundle(tmp_path / "student", noise).bundle).splitlines()
    assert f"student   one pass, 60% masked, noise {noise:g}" in lines
