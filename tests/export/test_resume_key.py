"""A change of anything that can change a graph starts an export anew."""

import ast
import shutil
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from export import resume_key as module
from export.apple.coreml_bundle import CoreMLOptions
from export.onnx_bundle import OnnxOptions
from export.resume_key import MAKERS, TOOLS, code_hash, resume_key
from quantize.coreml_recipe import CoreMLRecipe
from quantize.recipe import Recipe

ROOT = Path(__file__).parents[2]
ONNX = OnnxOptions([(64, 64)], Recipe.uniform("int8"))
COREML = CoreMLOptions([(64, 64)], CoreMLRecipe(default="int8"))
# Of each option another value.
OTHERS: list[tuple[Any, dict[str, Any]]] = [
    (
        ONNX,
        {
            "sizes": [(64, 96)],
            "recipe": Recipe.uniform("int4"),
            "npu": True,
            "unverified": True,
            "chips": ("sm8650",),
            "tiny_decoder": "its hash",
        },
    ),
    (
        COREML,
        {
            "sizes": [(64, 64), (64, 96)],
            "recipe": CoreMLRecipe(default="int8", weights={"sampler": {"a": "fp16"}}),
            "target": "ios17",
            "attention": "ane",
            "activations": True,
        },
    ),
]
# Distributions that draw or report, and make no graph. This one counts as imported: it joins `optimum`.
NO_MAKERS = {
    "Jinja2",
    "matplotlib",
    "meissonic-mobile",
    "optimum",
    "pillow",
    "psutil",
    "pydantic_core",
    "tqdm",
}


def test_every_option_counts() -> None:
    for options, others in OTHERS:
        assert others.keys() == {field.name for field in fields(options)}
        changed = [replace(options, **{name: value}) for name, value in others.items()]
        keys = {resume_key("model", choices) for choices in [options, *changed]}
        assert len(keys) == 1 + len(others)
        assert resume_key("model", replace(options)) == resume_key("model", options)


def test_the_model_counts() -> None:
    assert resume_key("one", ONNX) != resume_key("other", ONNX)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_version_of_every_tool_counts(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, installed = resume_key("model", ONNX), module.installed_version
    monkeypatch.setattr(module, "installed_version", lambda name: "0" if name == tool else installed(name))
    assert resume_key("model", ONNX) != before


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    for package in MAKERS:
        shutil.copytree(
            ROOT / package, root / package, ignore=lambda folder, names: set(names) - sources(folder, names)
        )
    return root


def sources(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name.endswith(".py") or (Path(folder) / name).is_dir()}


@pytest.mark.parametrize(
    "file",
    [
        "export/trace.py",
        "export/apple/convert.py",
        "quantize/int4.py",
        "reference/blocks.py",
        "runtime/loop.py",
        "runtime/parity/golden.py",
    ],
)
def test_every_source_counts(copy: Path, file: str) -> None:
    assert code_hash(copy) == code_hash()
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content + b"\n")
    assert code_hash(copy) != code_hash()
    (copy / file).write_bytes(content)


def test_every_distribution_that_is_imported_is_a_tool() -> None:
    distributions = packages_distributions()
    found = {
        distribution
        for package in MAKERS
        for path in (ROOT / package).rglob("*.py")
        for name in imported(path)
        if name not in sys.stdlib_module_names and name not in MAKERS
        for distribution in distributions.get(name, [])
    }
    assert found - set(TOOLS) <= NO_MAKERS


def imported(path: Path) -> Iterator[str]:
    """Top-level names that a source imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
