"""A real bundle beside its reference: what is measured, what fails, what is written."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
import torch
from PIL import Image

from export.bundle_writer import write_manifest
from quantize.onnx_files import load
from reference.checkpoint import Checkpoint
from reference.noise import PhiloxNoise
from reference.pipeline import Pipeline
from reference.random_weights import write_random
from reference.stickers.detector import Detector, DetectorConfig
from reference.stickers.evaluation_prompts import prompt_set
from runtime.bundle import Bundle, open_bundle, read_manifest
from runtime.errors import BundleError
from runtime.generator import Generator
from runtime.manifest import FileFacts
from runtime.parity import prompt_following
from runtime.parity.__main__ import main
from runtime.parity.figures import by_step, figures, not_ties
from runtime.parity.prompt_following import judge_both, reason_to_skip
from runtime.parity.side_by_side import SideBySide
from tests.float_bundle import SMALLEST

PROMPT = "a red heart <&>"
MASK = 65


@pytest.fixture(scope="module")
def sides(bundle: Bundle, checkpoint: Checkpoint) -> SideBySide:
    return SideBySide(bundle, checkpoint, threads=1)


def change(folder: Path, name: str, content: bytes) -> Bundle:
    """Another content for a file, with a manifest that knows it."""
    (folder / name).write_bytes(content)
    manifest = read_manifest(folder)
    files = manifest.files | {name: FileFacts.of(folder / name)}
    write_manifest(folder, manifest.model_copy(update={"files": files}))
    return open_bundle(folder)


def with_noise(folder: Path, share: float) -> Bundle:
    """Every weight of the step graph off by a random relative error."""
    name, rng = "transformer.onnx.data", np.random.default_rng(0)
    data = bytearray((folder / name).read_bytes())
    for value in load(folder / "transformer.onnx").graph.initializers.values():
        tensor = value.const_value
        if isinstance(tensor, ir.ExternalTensor) and tensor.dtype == ir.DataType.FLOAT:  # positions are whole
            weights = np.frombuffer(data, np.float32, tensor.size, tensor.offset)
            weights *= (1 + share * rng.standard_normal(weights.shape)).astype(np.float32)
    return change(folder, name, bytes(data))


def run(bundle: Path, checkpoint: Path, *more: str) -> int:
    fixed = ["--prompts", "1", "--threads", "1", "--prompts-per-category", "0"]
    return main(["--bundle", str(bundle), "--checkpoint", str(checkpoint), *fixed, *more])


def test_the_reference_is_drawn_as_its_pipeline_draws_and_the_bundle_as_users_see_it(
    sides: SideBySide, checkpoint: Checkpoint, bundle: Bundle
) -> None:
    steps: list[int] = []
    drawing = sides.draw(PROMPT, 11, lambda: steps.append(1))
    expected = Pipeline(checkpoint).text_to_image(PROMPT, noise=PhiloxNoise(11), trace=True)
    assert np.array_equal(drawing.tokens[0], expected.tokens[0].numpy())
    assert np.array_equal(drawing.pictures[0], np.asarray(expected.images[0]))
    own = Generator(bundle, threads=1).text_to_image(sides.request(PROMPT, 11))
    assert np.array_equal(drawing.pictures[1], own.picture)
    assert len(steps) == 2 * len(expected.trace) == 8
    masked = [int((step.tokens_in == MASK).sum()) for step in expected.trace]
    assert [step.compared.positions for step in drawing.steps] == masked and masked[0] == 256


def test_a_float32_bundle_agrees_and_rounding_explains_the_rest(sides: SideBySide) -> None:
    drawings = [sides.draw(prompt, seed, lambda: None) for prompt in ("a cat", "b") for seed in (3, 4)]
    found = figures(drawings, None)
    assert found["teacher_forced.agreement"] >= 0.999
    assert found["teacher_forced.not_ties"] == found["teacher_forced.misdrawn"] == 0
    assert 0 < found["teacher_forced.kl"] < 1e-9
    assert 0 < found["teacher_forced.logit_error"] < 1e-5
    assert found["image_decoder.levels"] <= 1
    assert [step.step for step in by_step(drawings)] == [0, 1, 2, 3]


def test_a_bundle_with_one_per_cent_of_noise_on_its_weights_has_differences_that_are_not_ties(
    own_bundle: Path, checkpoint: Checkpoint
) -> None:
    noisy = SideBySide(with_noise(own_bundle, 0.01), checkpoint, threads=1)
    drawings = [noisy.draw("a cat", 3, lambda: None)]
    found = figures(drawings, None)
    assert found["teacher_forced.not_ties"] == len(not_ties(drawings)) >= 3
    assert found["teacher_forced.not_ties"] > 2 * found["teacher_forced.ties"]
    assert found["teacher_forced.kl"] > 1e-6
    assert found["teacher_forced.misdrawn"] == 0  # it draws rightly from wrong logits
    first = not_ties(drawings)[0][1]
    assert first.outside > first.tolerance and first.logit_error > 1e-3


class Page(HTMLParser):
    """The attributes of pictures and everything that would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.pictures.append(values["src"])
        self.loaded += [values[name] for name in ("src", "href") if name in values]


def picture(uri: str) -> np.ndarray:
    kind, data = uri.split(",", 1)
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_the_report_holds_both_pictures_and_their_difference_and_needs_no_other_file(
    bundle: Bundle,
    checkpoint_folder: Path,
    sides: SideBySide,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures_file = tmp_path / "figures.json"
    before = sorted(bundle.folder.rglob("*"))
    assert run(bundle.folder, checkpoint_folder, "--out", str(tmp_path), "--json", str(figures_file)) == 0
    out = capsys.readouterr().out
    assert "prompt following is not judged: --prompts-per-category is 0" in out
    assert sorted(bundle.folder.rglob("*")) == before
    page = Page()
    text = (tmp_path / "parity.html").read_text()
    page.feed(text)
    assert len(page.pictures) == 2 * 3 and all(uri.startswith("data:image/png") for uri in page.loaded)
    own = Generator(bundle, threads=1)
    reference, drawn, difference = (picture(uri).astype(int) for uri in page.pictures[3:])
    assert np.array_equal(drawn, own.text_to_image(sides.request("a red heart", 2)).picture)
    assert np.array_equal(difference, np.minimum(8 * np.abs(reference - drawn), 255))
    found = json.loads(figures_file.read_text())
    assert found["passed"] and found["figures"]["teacher_forced.not_ties"] == 0
    assert found["source"]["sha256"] in text and "Every limit holds." in text
    agreement = re.search(r"teacher_forced.agreement +([\d.]+) %", out)
    assert agreement and float(agreement[1]) == pytest.approx(
        100 * found["figures"]["teacher_forced.agreement"], abs=0.01
    )


def test_a_missed_limit_gives_exit_code_1_with_the_figure_and_the_positions_in_the_report(
    own_bundle: Path, checkpoint_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_noise(own_bundle, 0.01)
    assert run(own_bundle, checkpoint_folder, "--steps", "2") == 1
    err = capsys.readouterr().err
    assert re.search(r"teacher_forced.not_ties is \d+, above the fp32 limit of 0\n", err)
    assert re.search(
        r"not a tie: 'a red heart' seed [12] step [12] position \d+: code \d+ instead of \d+", err
    )
    page = (tmp_path / "own-parity.html").read_text()
    assert "A limit is missed." in page and page.count("<tr><td>a red heart</td>") >= 3


def test_a_bundle_of_another_checkpoint_is_refused(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_random(other, SMALLEST, torch.float32, seed=1)
    assert run(bundle.folder, other, "--out", str(tmp_path)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and "smallest" in line and "other" in line and "--checkpoint" in line
    assert not (tmp_path / "parity.html").exists()


def test_a_tokenizer_that_reads_otherwise_is_refused(own_bundle: Path, checkpoint: Checkpoint) -> None:
    vocabulary = json.loads((own_bundle / "tokenizer/vocab.json").read_text())
    vocabulary["r"], vocabulary["x"] = vocabulary["x"], vocabulary["r"]
    changed = change(own_bundle, "tokenizer/vocab.json", json.dumps(vocabulary).encode())
    sides = SideBySide(changed, checkpoint, threads=1)
    sides.check_texts(["a cat"])
    with pytest.raises(BundleError, match="reads 'a red heart' as"):
        sides.check_texts(["a cat", "a red heart"])


def test_a_bundle_that_hides_its_logits_is_refused(own_bundle: Path, checkpoint: Checkpoint) -> None:
    graph = (own_bundle / "transformer.onnx").read_bytes()
    hidden = change(
        own_bundle, "transformer.onnx", graph.replace(b"drawing.logits.out.", b"drawing.logits.uot.")
    )
    with pytest.raises(BundleError, match="names no logits"):
        SideBySide(hidden, checkpoint, threads=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bundle", "{tmp}"], "is not a bundle"),
        (["--checkpoint", "{tmp}"], "model_index.json"),
        (["--prompts", "9"], "--prompts 9 is out of range: give 1 to 8"),
        (["--steps", "0"], "steps 0 is out of range"),
        (["--prompts-per-category", "-1"], "--prompts-per-category must be 0 to 1000"),
        (["--out", "{tmp}/report.pdf"], "report.pdf must end in .html"),
        (["--out", "{tmp}/nowhere/report.html"], "nowhere does not exist"),
        (["--json", "{tmp}/nowhere/report.json"], "nowhere does not exist"),
        (["--wrong"], "unrecognized arguments: --wrong (see python -m runtime.parity --help)"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str],
    said: str,
    bundle: Bundle,
    checkpoint_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    assert run(bundle.folder, checkpoint_folder, "--out", str(tmp_path), *given) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert err.startswith("error: ") and said in err
    assert not list(tmp_path.iterdir())


def test_both_are_judged_on_pictures_of_the_same_prompts_and_seeds(
    sides: SideBySide, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Untrained, the judge sees something in every picture: what it says is not asked here."""
    torch.manual_seed(0)
    detector = Detector(DetectorConfig(threshold=0.001)).eval()
    monkeypatch.setattr(prompt_following, "load_detector", lambda: detector)
    tasks = prompt_set(1)[:3]
    steps: list[int] = []
    found = judge_both(sides, tasks, lambda: steps.append(1))
    assert len(steps) == 2 * 4 * len(tasks)
    for seed, task in enumerate(tasks):
        expected = Pipeline(checkpoint).text_to_image(task.prompt, seed=seed).images[0]
        off = np.abs(np.asarray(expected).astype(int) - found.pictures[0][seed])
        assert np.count_nonzero(off.max(axis=-1)) < 0.02 * off[..., 0].size  # a batch rounds otherwise
    # A float32 bundle draws the same pictures to a level, so the judge sees the same in them.
    assert np.abs(found.pictures[0].astype(int) - found.pictures[1]).max() <= 1
    assert [[one.subject for one in seen] for seen in found.reference.detections] == [
        [one.subject for one in seen] for seen in found.bundle.detections
    ]
    one_passes = [True, False, False], [False, True, True]
    object.__setattr__(found.reference, "passed", one_passes[0])
    object.__setattr__(found.bundle, "passed", one_passes[1])
    assert found.passed_only() == (1, 2)


def test_only_sticker_pictures_are_judged(
    sides: SideBySide, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt_following, "SHIPPED", tmp_path)
    assert reason_to_skip(sides) == "there is no judge yet: train one with python -m reference.judge"
    (tmp_path / "config.json").write_text("{}")
    assert reason_to_skip(sides) is None
    monkeypatch.setattr(prompt_following, "STICKERS", ((128, 128),))
    assert reason_to_skip(sides) == "its 64x64 pictures are no stickers of 64x64 or 128x128"
