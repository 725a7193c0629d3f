"""The evaluator of Core ML packages and Apple's own runtime of Core AI assets agree, graph by graph.

A short form of `python -m tests.benchmarks.coreai`, on a small random checkpoint.
"""

from pathlib import Path

import pytest

from export.apple.calibration import Drawings
from export.apple.graphs import apple_graphs
from export.apple.norms import moved
from quantize.coreml_recipe import CoreMLRecipe
from reference.checkpoint import load_checkpoint
from tests.float_bundle import WIDER, write_checkpoint

GRAPHS = (
    "text_encoder",
    "conditioner",
    "token_embedder",
    "transformer",
    "sampler",
    "image_decoder",
    "image_encoder",
)
SINGLE, HALF = 5e-6, 5e-3  # largest difference, in parts of the largest value
# Of the transformer's weights, so that one conversion shows every palette.
FORMS = {
    "double_blocks_blocks_0_image_qkv_weight": "palette8",
    "double_blocks_blocks_0_image_mlp_in_weight": "palette6",
    "double_blocks_blocks_0_image_mlp_out_weight": "palette4",
    "single_blocks_blocks_0_to_key_value_weight": "palette6",
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawings:
    checkpoint = load_checkpoint(write_checkpoint(tmp_path_factory.mktemp("beside") / "checkpoint", WIDER))
    return Drawings(checkpoint, apple_graphs(checkpoint, "gpu", chunked=False))


def agree(drawn: Drawings, name: str, form: str, half: bool, folder: Path) -> None:
    from tests.coreai.beside import Beside, Difference

    weights = {"transformer": FORMS} if form == "int8" else {}
    recipe = CoreMLRecipe.model_validate({"default": form, "weights": weights})
    both = Beside(drawn, name, recipe, half, folder)
    assert both.unequal_weights() == []
    expected, evaluated, apple = both.outputs(both.feed())
    limit = HALF if half else SINGLE
    for found in (Difference.of(evaluated, apple), Difference.of(expected, apple)):
        assert found.relative < limit and found.equal > 0.98 and found.levels <= 1


@pytest.mark.parametrize("name", GRAPHS)
def test_in_single_precision(drawn: Drawings, name: str, tmp_path: Path) -> None:
    agree(drawn, name, "int8", False, tmp_path)


def test_in_the_neural_engines_form(drawn: Drawings, tmp_path: Path) -> None:
    graphs = apple_graphs(drawn.checkpoint, "ane", chunked=False, norm=moved)
    ane = Drawings(drawn.checkpoint, graphs)
    ane.texts_of, ane.steps_of = drawn.texts_of, drawn.steps_of
    agree(ane, "transformer", "palette6", False, tmp_path)


@pytest.mark.parametrize("name", ["conditioner", "transformer"])
def test_in_half_precision(drawn: Drawings, name: str, tmp_path: Path) -> None:
    agree(drawn, name, "fp16", True, tmp_path)
