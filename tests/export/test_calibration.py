"""A checkpoint calibrates as its float bundle does."""

import numpy as np

from export.bundle_writer import Options, calibration, write_graph, write_manifest, write_tokenizer
from export.graphs import graphs
from export.manifest import describe
from quantize.calibration import Calibration
from quantize.recipe import Recipe
from runtime.bundle import open_bundle


def test_moments_of_a_checkpoint_are_those_of_its_float_bundle(checkpoint, size, traced, tmp_path):
    for name, spec in graphs(checkpoint, size).items():
        write_graph(checkpoint, name, spec, tmp_path / f"{name}.onnx", Recipe.uniform("fp32"))
    write_tokenizer(tmp_path, checkpoint)
    write_manifest(tmp_path, describe(tmp_path, checkpoint, size, dict.fromkeys(traced, "fp32")))
    bundle = open_bundle(tmp_path)
    options = Options(tmp_path / "out", size, Recipe.uniform("int4"))
    one, other = calibration(checkpoint, options), Calibration.of(bundle)
    for name in ("text_encoder", "conditioner", "transformer", "image_decoder"):
        ours, theirs = one.moments(name, traced[name]), other.moments(name, bundle.path(f"{name}.onnx"))
        assert ours.keys() == theirs.keys()
        assert bool(ours) == (name != "image_decoder")
        for weight, moment in ours.items():
            assert np.array_equal(moment, theirs[weight])
            assert np.trace(moment[0]) > 0
