"""The evaluator of Core ML packages and Apple's own runtime of Core AI assets agree, graph by graph.

A short form of `python -m tests.benchmarks.coreai_beside`, on a small random checkpoint.
"""

from pathlib import Path

import pytest

from reference.checkpoint import Checkpoint, load_checkpoint
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
SINGLE, HALF = 1e-4, 5e-3  # largest difference, in parts of the largest value
# Of the transformer's weights, so that one conversion shows every form.
FORMS = {
    "double_blocks_blocks_0_image_qkv_weight": "palette8",
    "double_blocks_blocks_0_image_mlp_in_weight": "palette6",
    "double_blocks_blocks_0_image_mlp_out_weight": "palette4",
    "double_blocks_blocks_0_text_qkv_weight": "int4",
    "single_blocks_blocks_0_mlp_in_weight": "int4",
    "single_blocks_blocks_0_to_key_value_weight": "palette6",
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(write_checkpoint(tmp_path_factory.mktemp("beside") / "checkpoint", WIDER))


def agree(checkpoint: Checkpoint, name: str, form: str, attention: str, half: bool, folder: Path) -> None:
    from quantize.coreml_recipe import CoreMLRecipe
    from tests.coreai.beside import Beside, Difference

    recipe = CoreMLRecipe.model_validate({"default": form, "weights": {} if half else {"transformer": FORMS}})
    both = Beside(checkpoint, name, recipe, half, attention, folder)
    assert both.unequal_weights() == []
    expected, evaluated, apple = both.outputs(both.feed())
    limit = HALF if half else SINGLE
    for found in (Difference.of(evaluated, apple), Difference.of(expected, apple)):
        assert found.relative < limit and found.equal > 0.98


@pytest.mark.parametrize("name", GRAPHS)
def test_in_single_precision(checkpoint: Checkpoint, name: str, tmp_path: Path) -> None:
    agree(checkpoint, name, "int8", "gpu", False, tmp_path)


def test_in_the_neural_engines_form(checkpoint: Checkpoint, tmp_path: Path) -> None:
    agree(checkpoint, "transformer", "int8", "ane", False, tmp_path)


@pytest.mark.parametrize("name", ["conditioner", "transformer"])
def test_in_half_precision(checkpoint: Checkpoint, name: str, tmp_path: Path) -> None:
    agree(checkpoint, name, "fp16", "gpu", True, tmp_path)
