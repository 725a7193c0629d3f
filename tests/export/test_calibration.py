"""A checkpoint calibrates as its float bundle does."""

import numpy as np

from export.calibration import calibration
from quantize.apply_recipe import quantize_graph
from quantize.gptq_moments import CHAIN, Calibration
from quantize.recipe import Recipe
from tests.float_bundle import completed


def test_moments_of_a_checkpoint_are_those_of_its_float_bundle(checkpoint, size, traced, tmp_path):
    for name, path in traced.items():
        quantize_graph(path, tmp_path / path.name, name, Recipe.uniform("fp32"))
    bundle = completed(checkpoint, tmp_path, size, traced)
    one, other = calibration(checkpoint, size), Calibration.of(bundle)
    for name in CHAIN:
        written = bundle.path(f"{name}.onnx")
        ours, theirs = one.moments(name, traced[name]), other.moments(name, written)
        assert ours and ours.keys() == theirs.keys()
        for weight, moment in ours.items():
            assert np.array_equal(moment, theirs[weight])
            assert np.trace(moment[0]) > 0
        one.pass_on(name, traced[name])
        other.pass_on(name, written)
    assert all(np.array_equal(*pair) for pair in zip(one.pictures(2), other.pictures(2), strict=True))
