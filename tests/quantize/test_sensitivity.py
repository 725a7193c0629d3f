"""The study of a small bundle, computed again by hand; targets that are kept; recipes that are applied."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from quantize.apply_recipe import quantize_graph
from quantize.errors import RecipeError
from quantize.float_bundle import open_float
from quantize.frontier import frontier
from quantize.onnx_files import files, load, save
from quantize.recipe import BLOCK, Recipe
from quantize.sensitivity import main, recipe_of
from quantize.sensitivity_study import Form, Study, layer_of
from quantize.trials import Trials
from quantize.trials import size as size_of
from quantize.weights import Weight
from runtime.parity.measures import kl
from tests.runtime import tiny_bundle

CODE_TABLE = Form("transformer", Weight("code_table", "table", (18, 16)), "int8")
# int4 needs 32 rows, which of these weights only one has; tables have no int4.
FORMS = {
    "text_table": ["fp16", "int8"],
    "mix": ["fp16", "int8"],
    "project": ["fp16", "int8", "int4"],
    "code_table": ["fp16", "int8"],
    "head": ["fp16", "int8"],
}


@pytest.fixture(scope="module")
def trials(float_bundle: Path) -> Trials:
    return Trials(open_float(float_bundle), threads=1)


@pytest.fixture(scope="module")
def study(trials: Trials, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A whole one."""
    made = Study(trials, tmp_path_factory.mktemp("study") / "recipe.study.json", BLOCK)
    for _ in made.measure():
        pass
    return made


@pytest.fixture
def out(study: Study, tmp_path: Path) -> Path:
    """A recipe to be written, beside a study that is done."""
    shutil.copy(study.path, tmp_path)
    return tmp_path / "recipe.json"


def complaint_of(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    assert main(arguments) == 2
    line = capsys.readouterr().err
    assert line.startswith("error: ") and line.count("\n") == 1
    return line


def command(float_bundle: Path, out: Path, *more: str) -> list[str]:
    return [str(float_bundle), "--out", str(out), "--threads", "1", *more]


def test_every_weight_that_decides_tokens_is_measured_in_every_form_it_can_have(study):
    measured = {
        weight: list(forms)
        for by_weight in json.loads(study.path.read_text())["damages"].values()
        for weight, forms in by_weight.items()
    }
    assert measured == FORMS


def test_the_damage_of_a_weight_is_that_of_its_codes_in_place_of_it(study, monkeypatch):
    table = tiny_bundle.WEIGHTS["code_table"]
    scale = np.abs(table).max(axis=1, keepdims=True) / 127
    monkeypatch.setitem(tiny_bundle.WEIGHTS, "code_table", np.rint(table / scale) * scale)
    nats, same, positions = 0.0, 0, 0
    for step in study.trials.steps:
        fed = step.feed()
        logits = tiny_bundle.guided_logits(
            fed["tokens"], fed["context"], fed["modulation"], float(fed["guidance"])
        )
        drawn, _ = tiny_bundle.draw(logits, fed["uniforms"][0])
        masked = step.compared
        nats += kl(step.logits[masked], logits[masked]) * int(masked.sum())
        same += int((drawn[masked] == step.drawn[masked]).sum())
        positions += int(masked.sum())
    found = study.found(CODE_TABLE)
    assert (found.positions, found.same) == (positions, same)
    assert found.nats == pytest.approx(nats, rel=1e-3)
    assert nats > 0


def test_damage_before_the_step_reaches_the_logits(study):
    """A weight of the text encoder or conditioner acts through what the step is fed."""
    assert study.damages["text_encoder"]["text_table"]["int8"].kl > 0
    assert (
        study.damages["conditioner"]["project"]["int4"].kl
        > study.damages["conditioner"]["project"]["fp16"].kl
    )


def test_an_interrupted_study_goes_on_and_one_of_another_block_begins_anew(trials, tmp_path):
    path = tmp_path / "recipe.study.json"
    measuring = Study(trials, path, BLOCK).measure()
    first, second = next(measuring), next(measuring)
    again = Study(trials, path, BLOCK)
    assert again.missing() == again.forms[2:] and again.forms[:2] == [first, second]
    assert again.found(first).positions > 0
    other = Study(trials, path, 64)
    assert other.missing() == other.forms


def path_of(study: Study) -> list[Recipe]:
    return [recipe_of(study.trials, place) for place in frontier(study.options())]


def place_on(path: list[Recipe], recipe: Recipe) -> int:
    return path.index(recipe.model_copy(update={"note": ""}))


def test_a_size_is_kept_by_the_first_place_on_the_path_that_does(float_bundle, out, study, capsys):
    path, size = path_of(study), study.trials.size
    limit = size(path[1])
    assert main(command(float_bundle, out, "--max-size", f"{limit / 1e6}")) == 0
    recipe = Recipe.read(out)
    place = place_on(path, recipe)
    assert size(path[place]) <= limit < size(path[place - 1])
    with study.trials.form(recipe) as form:
        assert size_of(form) == size(recipe)
    assert f"KL {study.trials.damage(recipe).kl:.3g}" in recipe.note and "tiny 000000000000" in recipe.note
    assert "measured: " in capsys.readouterr().out


def test_a_kl_is_kept_by_the_last_place_on_the_path_that_does_as_measured(float_bundle, out, study):
    path, harm = path_of(study), lambda recipe: study.trials.damage(recipe).kl
    limit = (harm(path[0]) + harm(path[-1])) / 2
    assert main(command(float_bundle, out, "--max-kl", f"{limit}")) == 0
    place = place_on(path, Recipe.read(out))
    assert harm(path[place]) <= limit < harm(path[place + 1])


def test_a_recipe_serves_another_checkpoint_of_the_layout_and_no_other_layout(float_bundle, out, tmp_path):
    assert main(command(float_bundle, out, "--max-kl", "1")) == 0
    recipe, source = Recipe.read(out), float_bundle / "transformer.onnx"
    trained_more, reshaped = tmp_path / "trained.onnx", tmp_path / "reshaped.onnx"

    model = load(source)
    head = model.graph.initializers["head"]
    head.const_value = ir.tensor(head.const_value.numpy() * 1.5, name="head")
    save(model, trained_more)
    quantize_graph(trained_more, tmp_path / "x.onnx", "transformer", recipe)
    assert all(file.exists() for file in files(tmp_path / "x.onnx"))

    model = load(source)
    head = model.graph.initializers["head"]
    head.const_value = ir.tensor(np.zeros((4, 32), np.float32), name="head")
    head.shape = ir.Shape((4, 32))
    save(model, reshaped)
    with pytest.raises(RecipeError, match="made for another layout of transformer"):
        quantize_graph(reshaped, tmp_path / "y.onnx", "transformer", recipe)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "one of the arguments --max-size --max-kl is required"),
        (["--max-size", "1", "--max-kl", "1"], "--max-kl: not allowed with argument --max-size"),
        (["--max-size", "-1"], "--max-size -1 is out of range: give a positive number"),
        (["--max-size", "0.001"], r"--max-size 0.001 cannot be reached: the smallest recipe makes 0.02 MB"),
        (["--max-kl", "1e-30"], r"--max-kl 1e-30 cannot be reached: the least harmful recipe does .* nats"),
        (["--max-kl", "1", "--score", "-1"], "--score must be 0 to 1000"),
        (
            ["--max-kl", "1", "--score", "1"],
            r"--score judges stickers of 64x64 or 128x128, .* draws 32x24: leave it out",
        ),
    ],
)
def test_a_wrong_target_is_refused_in_one_line(float_bundle, out, capsys, more, message):
    assert re.search(message, complaint_of(capsys, command(float_bundle, out, *more)))
    assert not out.exists()


def test_a_bundle_that_is_not_there_or_not_float_is_refused(float_bundle, out, tmp_path, capsys):
    nowhere = tmp_path / "nowhere"
    assert f"{nowhere} is not a bundle" in complaint_of(capsys, command(nowhere, out, "--max-kl", "1"))
    quantized = Path(shutil.copytree(float_bundle, tmp_path / "int8"))
    tiny_bundle.edit_manifest(quantized, "graphs", "transformer", "precision", value="int8")
    assert "transformer is int8 already, and only a float bundle can be quantized" in complaint_of(
        capsys, command(quantized, out, "--max-kl", "1")
    )


def test_an_out_that_would_be_lost_or_cannot_be_is_refused(float_bundle, tmp_path, capsys):
    there = tmp_path / "recipe.json"
    there.write_text("mine")
    for path, message in (
        (there, "is already there: add --overwrite"),
        (tmp_path / "recipe.txt", "must end in .json"),
        (tmp_path / "no" / "recipe.json", "does not exist: make it"),
    ):
        assert message in complaint_of(capsys, command(float_bundle, path, "--max-kl", "1"))
    assert there.read_text() == "mine"
    (tmp_path / "recipe.study.json").write_text("mine too")
    more = ("--max-kl", "1", "--overwrite")
    assert "recipe.study.json is no study" in complaint_of(capsys, command(float_bundle, there, *more))
    assert (tmp_path / "recipe.study.json").read_text() == "mine too"


def test_overwrite_replaces_the_recipe(float_bundle, out):
    out.write_text("old")
    assert main(command(float_bundle, out, "--max-kl", "1", "--overwrite")) == 0
    assert Recipe.read(out).layout.keys() == {"text_encoder", "conditioner", "transformer"}


def test_what_was_measured_before_ctrl_c_is_kept(float_bundle, tmp_path, capsys, monkeypatch):
    measured, count = Trials.damage, iter(range(9))

    def stopped(self, recipe):
        if next(count) == 3:
            raise KeyboardInterrupt
        return measured(self, recipe)

    monkeypatch.setattr(Trials, "damage", stopped)
    out = tmp_path / "recipe.json"
    assert main(command(float_bundle, out, "--max-kl", "1")) == 130
    assert f"kept in {tmp_path / 'recipe.study.json'}" in capsys.readouterr().err
    trials = Trials(open_float(float_bundle), 1)
    again = Study(trials, tmp_path / "recipe.study.json", BLOCK)
    assert len(again.forms) - len(again.missing()) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.study.json"]


def test_layers_are_blocks_or_what_stands_outside_of_them(study):
    names = ("double_blocks.0.image.qkv", "layers.1.out", "last_block.mlp_in", "time.0", "modulations")
    assert [layer_of(name) for name in names] == [
        "double_blocks.0",
        "layers.1",
        "last_block",
        "time",
        "modulations",
    ]
    layers = study.layers()
    assert layers["conditioner project"].weights == {"conditioner": {"project": "int4"}}
    harm = [study.trials.damage(recipe).kl for recipe in layers.values()]
    assert harm == sorted(harm, reverse=True)


def test_measuring_needs_no_torch():
    code = "import sys, quantize.sensitivity; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
