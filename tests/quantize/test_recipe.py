"""Recipes on disk: what is refused, and with which words."""

import json
import os

import pytest

from quantize.apply_recipe import quantize_graph
from quantize.errors import RecipeError
from quantize.onnx_files import load
from quantize.recipe import PRECISIONS, Recipe, stored_bytes
from quantize.weights import Weight

GOOD = {
    "format": "meissonic-recipe",
    "version": 1,
    "default": "int8",
    "block": 16,
    "layout": {"transformer": "a" * 64},
    "weights": {"transformer": {"double_blocks.0.image.qkv": "int4"}},
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_as_recipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "recipe.json")
    with pytest.raises(RecipeError, match=r"recipe\.json: it is no regular file"):
        Recipe.read(tmp_path / "recipe.json")


def test_a_recipe_survives_the_disk(tmp_path):
    recipe = Recipe.model_validate(GOOD)
    recipe.write(tmp_path / "recipe.json")
    assert Recipe.read(tmp_path / "recipe.json") == recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"defaults": "int8"}, "recipe.json: defaults: Extra inputs are not permitted"),
        ({"default": "int3"}, r"default: it should be 'fp32', 'fp16', 'int8' or 'int4'"),
        ({"weights": {"transformer": {"a": "int5"}}}, r"weights: transformer: a: it should be 'fp32'"),
        ({"block": 24}, "block: it should be 16, 32, 64, 128 or 256"),
        ({"version": 2}, "version 2, newer than 1: update this tool"),
        ({"format": "cake"}, '"format" should be "meissonic-recipe"'),
        ({"layout": {"transformer": "abc"}}, "layout: transformer: String should match"),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line_that_names_the_value(tmp_path, change, message):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(GOOD | change))
    with pytest.raises(RecipeError, match=message) as caught:
        Recipe.read(path)
    assert "\n" not in str(caught.value) and "recipe.json" in str(caught.value)


def test_what_is_no_json_or_not_there_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"cannot read recipe .*nowhere.json: No such file"):
        Recipe.read(tmp_path / "nowhere.json")
    (tmp_path / "half.json").write_text('{"format": ')
    with pytest.raises(RecipeError, match=r"half.json is not valid JSON"):
        Recipe.read(tmp_path / "half.json")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"nowhere": "int8"}, 'names weight "nowhere" of transformer, which this model does not have'),
        ({"table": "int4"}, 'wants int4 for "table" of transformer, but a table can be fp32, fp16, int8'),
        ({"scan_kernel": "int4"}, "a convolution can be fp32, fp16, int8"),
    ],
)
def test_a_recipe_that_does_not_fit_the_graph_is_refused(network, tmp_path, weights, message):
    with pytest.raises(RecipeError, match=message):
        recipe = Recipe(default="int8", weights={"transformer": weights})
        quantize_graph(network, tmp_path / "x.onnx", "transformer", recipe)
    assert not list(tmp_path.iterdir())


def test_a_block_that_does_not_divide_is_refused(network, tmp_path):
    with pytest.raises(RecipeError, match=r'int4 block 64 does not divide the 32 rows of "shared_weight"'):
        quantize_graph(network, tmp_path / "x.onnx", "transformer", Recipe.uniform("int4", block=64))
    assert not list(tmp_path.iterdir())


def test_a_graph_that_the_bundle_does_not_have_is_refused():
    with pytest.raises(RecipeError, match='names graph "transformer", but the bundle has conditioner'):
        Recipe.model_validate(GOOD).check_graphs(["conditioner"])


def test_stored_bytes_are_what_a_form_takes_on_the_disk(network, tmp_path):
    weight = Weight("left_weight", "linear", (64, 32))
    for precision in PRECISIONS:
        recipe = Recipe(default="fp32", weights={"transformer": {"left_weight": precision}})
        quantize_graph(network, tmp_path / "x.onnx", "transformer", recipe)
        stored = [
            value.const_value.nbytes
            for name, value in load(tmp_path / "x.onnx").graph.initializers.items()
            if name.startswith("left_weight")
        ]
        assert sum(stored) == stored_bytes(weight, precision)
