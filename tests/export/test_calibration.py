"""A checkpoint calibrates as its float bundle does."""

import numpy as np

from export.bundle_writer import write_manifest, write_tokenizer
from export.calibration import calibration
from export.graph_writer import write_graph
from export.graphs import graphs
from export.manifest import describe
from quantize.calibration import CHAIN, Calibration
from quantize.recipe import Recipe
from runtime.bundle import open_bundle


def test_moments_of_a_checkpoint_are_those_of_its_float_bundle(checkpoint, size, traced, tmp_path):
    one = calibration(checkpoint, size)
    for name in graphs(checkpoint, size):
        write_graph(checkpoint, name, size, Recipe.uniform("fp32"), tmp_path / f"{name}.onnx", one)
    write_tokenizer(tmp_path, checkpoint)
    write_manifest(tmp_path, describe(tmp_path, checkpoint, size, dict.fromkeys(traced, "fp32")))
    other = Calibration.of(open_bundle(tmp_path))
    for name in CHAIN:
        written = tmp_path / f"{name}.onnx"
        ours, theirs = one.moments(name, traced[name]), other.moments(name, written)
        assert ours and ours.keys() == theirs.keys()
        for weight, moment in ours.items():
            assert np.array_equal(moment, theirs[weight])
            assert np.trace(moment[0]) > 0
        one.pass_on(name, traced[name])
        other.pass_on(name, written)
    assert all(np.array_equal(*pair) for pair in zip(one.pictures(2), other.pictures(2), strict=True))
