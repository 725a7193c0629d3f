"""The loops of Python, Kotlin, Swift and TypeScript have the same functions and types, in the same order."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KOTLIN = ROOT / "android_demo/engine/src/main/kotlin/org/meissonic/mobile/engine"
SWIFT = ROOT / "ios_demo/Sources/MeissonicKit"
TYPESCRIPT = ROOT / "web_demo/src/core"
# A declaration at the start of a line, after any modifiers.
DECLARED = {
    ".py": r"^(?:def|class) (\w+)",
    ".kt": r"^(?:\w+ )*?(?:fun|class|interface|typealias) (\w+)",
    ".swift": r"^(?:\w+ )*?(?:func|struct|protocol|typealias) (\w+)",
    ".ts": r"^(?:\w+ )*?(?:function|class|interface|type) (\w+)",
}
FILES = ("philox", "normals", "schedule", "loop", "canvas", "pictures", "request", "sinusoids", "compose")
OF_REFERENCE = {"compose"}  # Python's file is in `reference`, which needs it as well
# What only some languages need.
OWN = {
    *("canvas", "edit", "gray", "gray_picture", "high", "margins", "over", "picture", "step_function"),
    *("uniform", "words"),
}
OF_PYTHON_ALONE = {"check_count", "check_threads", "tiled", "write_png"}


def declared(path: Path) -> list[str]:
    names = re.findall(DECLARED[path.suffix], path.read_text(encoding="utf-8"), re.MULTILINE)
    snake = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().lstrip("_") for name in names)
    return [name for name in snake if name not in OWN | OF_PYTHON_ALONE]


@pytest.mark.parametrize("name", FILES)
def test_four_languages_declare_the_same_in_the_same_order(name: str) -> None:
    python = declared(ROOT / ("reference" if name in OF_REFERENCE else "runtime") / f"{name}.py")
    assert len(python) > 2
    assert declared(KOTLIN / f"{name.capitalize()}.kt") == python
    assert declared(SWIFT / f"{name.capitalize()}.swift") == python
    assert declared(TYPESCRIPT / f"{name}.ts") == python
