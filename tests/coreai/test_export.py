"""A bundle for iOS 27: exported, verified and drawn with on Apple's runtime."""

import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime.bundle import Bundle, open_bundle
from runtime.errors import BundleError
from tests.float_bundle import WIDER, write_checkpoint
from tests.shared_bundles import ROOT


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("coreai") / "checkpoint", WIDER)


@pytest.fixture(scope="module")
def bundle(checkpoint: Path) -> Bundle:
    from export.coreai import main

    out = checkpoint.with_name("bundle")
    assert main(["--checkpoint", str(checkpoint), "--fp32", "--out", str(out)]) == 0
    return open_bundle(out)


def test_it_draws_the_references_tokens(bundle: Bundle) -> None:
    figures = bundle.manifest.parity
    assert figures["transformer.agreement"] == 1 and figures["transformer.misdrawn"] == 0
    assert figures["image_encoder.agreement"] == 1


def test_the_manifest_says_that_core_ai_runs_it(bundle: Bundle) -> None:
    assert bundle.manifest.engine == "coreai" and bundle.manifest.precision == "fp32"
    assert {graph.files[0].partition("/")[0] for graph in bundle.manifest.graphs.values()} == {
        f"{name}.aimodel" for name in bundle.manifest.graphs
    }


def test_the_golden_trace_is_drawn_again(bundle: Bundle) -> None:
    from runtime.parity.golden import golden_drawing

    trace = bundle.golden()
    assert trace is not None
    golden, _ = golden_drawing(bundle, trace.steps)
    assert golden.final_tokens == trace.final_tokens


def test_the_command_draws_with_it(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from runtime.__main__ import main

    picture = tmp_path / "cat.png"
    assert main(["a red cat", "--bundle", str(bundle.folder), "--steps", "1", "--out", str(picture)]) == 0
    assert picture.exists() and capsys.readouterr().err == ""
    assert (
        main(["a cat", "--bundle", str(bundle.folder), "--engine", "onnxruntime", "--out", str(picture)]) == 2
    )
    assert "--engine onnxruntime does not run Core AI assets" in capsys.readouterr().err


def test_a_size_that_no_function_has_takes_one_line(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from runtime.coreai.engine import assets

    with pytest.raises(BundleError, match=r"has no function for .*: export the bundle for"):
        assets(bundle).run("token_embedder", {"tokens": np.zeros((2, 2), np.int32)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "other"}, "token_embedder gives embedded, and no other: export the bundle"),
        ({"dtype": "int32"}, "token_embedder: embedded would be float32 .*, the manifest says int32"),
        (
            {"shape": [1, 1, 1, 1]},
            r"embedded would be float32 .*, the manifest says .*\[1, 1, 1, 1\]",
        ),
    ],
)
def test_an_output_unlike_the_manifests_takes_one_line(
    change: dict[str, object], said: str, bundle: Bundle
) -> None:
    from runtime.coreai.engine import assets

    graph = bundle.manifest.graphs["token_embedder"]
    sides = graph.functions[0].dimensions
    other = graph.model_copy(update={"outputs": [graph.outputs[0].model_copy(update=change)]})
    graphs = bundle.manifest.graphs | {"token_embedder": other}
    changed = replace(bundle, manifest=bundle.manifest.model_copy(update={"graphs": graphs}))
    with pytest.raises(BundleError, match=said):
        assets(changed).run(
            "token_embedder", {"tokens": np.zeros((sides["height"], sides["width"]), np.int32)}
        )


def test_a_changed_asset_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "bundle"
    shutil.copytree(bundle.folder, folder)
    program = folder / "sampler.aimodel" / "main.mlirb"
    program.write_bytes(program.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match=r"main\.mlirb"):
        open_bundle(folder)


def test_the_check_for_macs_runs_it(bundle: Bundle, tmp_path: Path) -> None:
    """On Linux, where there is one unit and no Xcode, which the report says."""
    from export.check_on_mac import check
    from export.mac_check.coreai_device import CoreAIMac

    report = check(bundle, CoreAIMac, tmp_path / "report.json", ("CPU_ONLY",))
    assert report.crashes == [] and "coreai-core" in report.machine
    assert {graph.graph for graph in report.graphs if not graph.errors} == set(bundle.manifest.graphs)
    (drawing,) = report.drawings
    assert drawing.share == 1 and drawing.image_same
    said = {error for each in report.ahead_of_time for error in each.errors.values()}
    assert len(report.ahead_of_time) == 2 * len(bundle.manifest.graphs)
    assert said == {"EngineError: there is no xcrun: install Xcode 27 to compile ahead of time"}


def test_large_blocks_in_two_assets_are_verified_in_half_precision(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from export.coreai import main

    monkeypatch.setattr("export.apple.coreai_bundle.CHUNK_BYTES", 1000)
    out = checkpoint.with_name("chunks")
    flags = ["--palette", "6", "--attention", "ane", "--arithmetic", "float16", "--out", str(out)]
    assert main(["--checkpoint", str(checkpoint), *flags]) == 0
    manifest = open_bundle(out).manifest
    assert manifest.step == ["token_embedder", "double_blocks", "single_blocks", "sampler"]
    assert manifest.parity["transformer.agreement"] > 0.9 and manifest.parity["transformer.misdrawn"] == 0
    assert 1 < manifest.parity["single_blocks.largest"] < 1000
    assert 1 < manifest.parity["image_decoder.largest"] < 1000


WRITE = """
import sys
from pathlib import Path
from export.apple.asset import write_asset
from export.apple.calibration import Drawings
from export.apple.graphs import apple_graphs, dimensions_of, functions_of
from quantize.coreml_recipe import CoreMLRecipe
from reference.checkpoint import load_checkpoint

checkpoint = load_checkpoint(sys.argv[1])
drawings = Drawings(checkpoint, apple_graphs(checkpoint, "gpu", chunked=False))
shapes = [dimensions_of(checkpoint, size, 2) for size in [(64, 64), (64, 32)]]
recipe, folder = CoreMLRecipe(default="int8"), Path(sys.argv[2])
for name in ("token_embedder", "sampler"):
    functions = functions_of(drawings.graphs[name], shapes)
    write_asset(drawings, name, functions, recipe, False, folder / f"{name}.aimodel")
"""


def content(asset: Path) -> tuple[str, list[str]]:
    """An asset's program with its constants named by their order, and the sorted constants."""
    from runtime.coreai.saved import open_asset

    body, _, stored = str(open_asset(asset).program).partition("{-#")
    names = {name: f"constant_{i}" for i, name in enumerate(dict.fromkeys(re.findall(r"resource_\d+", body)))}
    return re.sub(r"resource_\d+", lambda found: names[found[0]], body), sorted(
        re.findall(r'"0x\w+"', stored)
    )


@pytest.mark.slow  # a minute
def test_two_processes_write_the_same_but_for_names(checkpoint: Path, tmp_path: Path) -> None:
    """Apple's compiler names constants by a hash that has another seed in each process."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        command = [sys.executable, "-c", WRITE, str(checkpoint), str(tmp_path / name)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for asset in ("token_embedder.aimodel", "sampler.aimodel"):
        one, other = (tmp_path / name / asset for name in ("one", "other"))
        assert (one / "metadata.json").read_bytes() == (other / "metadata.json").read_bytes()
        body, constants = content(one)
        assert constants and len(body) > 1000
        assert (body, constants) == content(other)


def test_every_option_starts_an_export_anew() -> None:
    from export.apple.coreai_bundle import CoreAIOptions
    from export.resume_key import resume_key
    from quantize.coreml_recipe import CoreMLRecipe

    options = CoreAIOptions([(64, 64)], CoreMLRecipe(default="int8"))
    others: dict[str, Any] = {
        "sizes": [(64, 64), (64, 96)],
        "recipe": CoreMLRecipe(default="palette6"),
        "attention": "ane",
        "arithmetic": "float16",
    }
    assert others.keys() == {field.name for field in fields(options)}
    changed = [replace(options, **{name: value}) for name, value in others.items()]
    assert len({resume_key("model", each) for each in [options, *changed]}) == 1 + len(others)


def test_forms_that_need_the_other_arithmetic_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from export.coreai import main

    assert main(["--fp16", "--out", str(tmp_path / "out")]) == 2
    assert "add --arithmetic float16" in capsys.readouterr().err
    assert main(["--fp32", "--arithmetic", "float16", "--out", str(tmp_path / "out")]) == 2
    assert "leave --arithmetic out" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
