"""The loop against the recorded runs of the published code, and its own rules."""

from pathlib import Path

import numpy as np
import pytest

from runtime.errors import Cancelled, EngineError
from runtime.loop import Plan, Progress, draw_tokens, masked_at_start, starting_step
from runtime.philox import PhiloxNoise
from runtime.schedule import mask_ratio

GOLDEN = Path(__file__).parents[1] / "golden"
# f32 [N, S] a run: log(clamp(softmax(guided logits)[drawn], 1e-20)), from the untrimmed recordings.
LOG_PROB = Path(__file__).parent / "recorded_log_prob.npz"
MASK = 17


class Recorded:
    """A golden run as the source of noise and as the transformer."""

    def __init__(self, file: str):
        run = np.load(GOLDEN / file)
        self.steps = 8
        self.tokens_in = run["steps_latents_in"][:, 0].astype(np.int32)
        self.tokens_out = run["steps_latents_out"][:, 0]
        self.first = self.steps - len(self.tokens_in)
        self.gumbel = run["steps_gumbel"][:, 0]
        self.lengths = run["steps_masklen"][:, 0]
        self.drawn = run["steps_pred"].reshape(len(self.tokens_in), -1)
        self.log_prob = np.load(LOG_PROB)[file.replace("/", "_").removesuffix(".npz")]
        self.final = run["final_tokens"][0]
        self.mask_token_id = int(self.tokens_in.max())

    def draw(self, step: int, count: int) -> np.ndarray:
        return np.zeros((2, count), np.float32)

    def confidence(self, step: int, count: int) -> np.ndarray:
        return self.gumbel[step - self.first]

    def masking(self, count: int) -> np.ndarray:
        raise AssertionError

    def step(self, i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        np.testing.assert_array_equal(tokens, self.tokens_in[i - self.first])
        return self.drawn[i - self.first], self.log_prob[i - self.first]


@pytest.mark.parametrize(
    ("file", "schedule", "temperature"),
    [
        ("mono/t2i.npz", "cosine", (2.0, 0.0)),
        ("mei/t2i.npz", "cosine", (2.0, 0.0)),
        ("mono/t2i_nocfg.npz", "cosine", (1.5, 0.01)),
        ("mei/t2i_nocfg.npz", "cosine", (1.5, 0.01)),
        ("mono/img2img.npz", "cosine", (2.0, 0.0)),
        ("mei/img2img.npz", "cosine", (2.0, 0.0)),
        ("mono/inpaint.npz", "linear", (2.0, 0.0)),
    ],
)
def test_every_step_equals_the_published_run(
    file: str, schedule: str, temperature: tuple[float, float]
) -> None:
    run = Recorded(file)
    start = run.tokens_in[0]
    unknown = np.count_nonzero(start == run.mask_token_id)
    ratio = unknown / start.size if "inpaint" in file else 1.0
    plan = Plan(run.steps, run.mask_token_id, schedule, run.first, ratio, temperature)
    seen: list[Progress] = []
    final = draw_tokens(run.step, start, run, plan, seen.append)
    np.testing.assert_array_equal(final, run.final)
    assert [progress.step for progress in seen] == list(range(run.first, 8))
    for index, progress in enumerate(seen[:-1]):
        np.testing.assert_array_equal(progress.tokens, run.tokens_out[index])
        assert progress.masked == run.lengths[index] == np.count_nonzero(progress.tokens == run.mask_token_id)
    assert seen[-1].masked == 0


def test_recorded_runs_cover_the_whole_schedule() -> None:
    assert len(Recorded("mono/t2i.npz").tokens_in) == 8
    assert 0 < Recorded("mei/img2img.npz").first < 8


def constant(code: int, log_prob: float = -1.0):
    def step(i: int, tokens: np.ndarray, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size = tokens.size
        return np.full(size, code, np.int32), np.full(size, log_prob, np.float32)

    return step


class NoNoise(PhiloxNoise):
    def confidence(self, step: int, count: int) -> np.ndarray:
        return np.zeros(count, np.float32)


def test_ties_mask_the_smaller_indices() -> None:
    masked = []
    plan = Plan(4, MASK, "linear")
    draw_tokens(
        constant(3),
        np.full((4, 4), MASK, np.int32),
        NoNoise(0),
        plan,
        lambda progress: masked.append(np.flatnonzero(progress.tokens.reshape(-1) == MASK).tolist()),
    )
    assert masked == [list(range(12)), list(range(8)), list(range(4)), []]


def test_known_tokens_never_change_even_if_their_draw_is_unlikely() -> None:
    tokens = np.full((6, 8), MASK, np.int32)
    tokens[:, 4:] = 5
    plan = Plan(4, MASK, "linear", starting_ratio=24 / 48)
    seen: list[Progress] = []
    final = draw_tokens(constant(2, -60.0), tokens, PhiloxNoise(1), plan, seen.append)
    for progress in seen:
        assert (progress.tokens[:, 4:] == 5).all()
        assert (progress.candidate[:, 4:] == 5).all()
    assert (final[:, :4] == 2).all()
    assert [progress.masked for progress in seen] == [18, 12, 6, 0]


def test_candidate_is_the_whole_picture_at_every_step() -> None:
    seen: list[Progress] = []
    draw_tokens(
        constant(2), np.full((4, 4), MASK, np.int32), PhiloxNoise(1), Plan(5, MASK, "cosine"), seen.append
    )
    assert all((progress.candidate == 2).all() for progress in seen)
    assert all((progress.tokens == MASK).any() for progress in seen[:-1])


def test_nothing_unknown_changes_nothing() -> None:
    tokens = np.arange(16, dtype=np.int32).reshape(4, 4)
    final = draw_tokens(constant(2), tokens, PhiloxNoise(1), Plan(5, MASK, "cosine", start=3))
    np.testing.assert_array_equal(final, tokens)


def test_callback_that_returns_false_cancels() -> None:
    steps = []

    def stop(progress: Progress) -> bool:
        steps.append(progress.step)
        return progress.step < 1

    with pytest.raises(Cancelled):
        draw_tokens(
            constant(2), np.full((4, 4), MASK, np.int32), PhiloxNoise(1), Plan(5, MASK, "cosine"), stop
        )
    assert steps == [0, 1]


@pytest.mark.parametrize(
    ("code", "log_prob", "line"), [(2, float("nan"), "not a number"), (17, -1.0, "codebook")]
)
def test_unusable_output_is_refused(code: int, log_prob: float, line: str) -> None:
    with pytest.raises(EngineError, match=line):
        tokens = np.full((4, 4), MASK, np.int32)
        draw_tokens(constant(code, log_prob), tokens, PhiloxNoise(1), Plan(5, MASK, "cosine"))


@pytest.mark.parametrize(
    ("steps", "strength", "start"), [(12, 0.5, 6), (12, 1.0, 0), (12, 0.01, 11), (8, 0.7, 3), (1, 0.2, 0)]
)
def test_strength_is_the_share_of_steps_run(steps: int, strength: float, start: int) -> None:
    assert starting_step(steps, strength) == start


def test_image_to_image_masks_the_share_the_schedule_leaves() -> None:
    noise = PhiloxNoise(9)
    for start in (1, 6, 11):
        masked = masked_at_start(noise, Plan(12, MASK, "cosine", start), 4096)
        ratio = float(mask_ratio("cosine", start, 12))
        assert abs(masked.mean() - ratio) < 0.03
        np.testing.assert_array_equal(masked, noise.masking(4096) < ratio)
    assert masked_at_start(noise, Plan(12, MASK, "cosine", 0), 4096).all()
    assert masked_at_start(noise, Plan(12, MASK, "linear", 0), 4096).all()
