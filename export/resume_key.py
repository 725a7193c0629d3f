"""The key under which an interrupted export resumes: equal keys give equal graphs."""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

# The packages of this repository that make graphs. The runtime is one of them, because it draws the pictures
# that calibrate.
MAKERS = ("export", "quantize", "reference", "runtime")
# The distributions that they import (a test compares).
TOOLS = (
    "coreai-core",
    "coreai-torch",
    "coremltools",
    "diffusers",
    "huggingface_hub",
    "ml_dtypes",
    "numpy",
    "onnx",
    "onnx-ir",
    "onnxruntime",
    "onnxruntime-qnn",
    "onnxscript",
    "protobuf",
    "pydantic",
    "safetensors",
    "scikit-learn",
    "tokenizers",
    "torch",
    "transformers",
)


def resume_key(source: str, choices: Any) -> str:
    """Hash of the model `source`, the `choices`, this repository's code and the versions of all tools."""
    parts = [source, to_jsonable_python(choices), code_hash(), tool_versions()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def code_hash(root: Path = Path(__file__).parents[1]) -> str:
    """Hash of the name and content of every Python source that can change a graph."""
    digest = hashlib.sha256()
    for package in MAKERS:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def tool_versions() -> dict[str, str | None]:
    """The version of each tool; None where it is not installed (`python -m quantize` needs no torch)."""
    return {tool: installed_version(tool) for tool in TOOLS}


def installed_version(tool: str) -> str | None:
    try:
        return version(tool)
    except PackageNotFoundError:
        return None
