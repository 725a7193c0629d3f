"""What README and docs name is there: paths, links, headings, modules, targets of make."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("export", "quantize", "reference", "runtime", "tests")
FOLDERS = (".github", "android_demo", "docs", "ios_demo", "web_demo", *PACKAGES)
SKIPPED = ("target", "node_modules", ".build")  # of builds
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def documents() -> Iterator[Path]:
    yield from ROOT.glob("*.md")
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.md"):
            if not set(SKIPPED) & set(path.parts):
                yield path


DOCUMENTS = sorted(documents())
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def anchors(text: str) -> set[str]:
    """The fragments that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        path = (document.parent / file) if file else document
        assert path.exists(), f"({target}): there is no {path.relative_to(ROOT)}"
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"({target}): no such heading"


@each_document
def test_paths_exist(document: Path) -> None:
    """`quantize/recipe.py` from the repository's root, `Sources/MeissonicKit` from the document's folder."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for path in re.findall(r"`([\w.*-]+(?:/[\w.*-]+)*/?)`", text):
        if path.split("/")[0] in FOLDERS and "/" in path.rstrip("/"):
            found = any(ROOT.glob(path.rstrip("/"))) or any(document.parent.glob(path.rstrip("/")))
            assert found, f"`{path}` does not exist"


@each_document
def test_commands_have_modules(document: Path) -> None:
    for module in re.findall(r"-m ([a-z]\w*(?:\.\w+)*)", document.read_text(encoding="utf-8")):
        if module.split(".")[0] in PACKAGES:
            path = ROOT.joinpath(*module.split("."))
            found = path.with_suffix(".py").exists() or (path / "__main__.py").exists()
            assert found, f"python -m {module}: there is no such module"


@each_document
def test_targets_of_make_exist(document: Path) -> None:
    makefile, text = (path.read_text(encoding="utf-8") for path in (ROOT / "Makefile", document))
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    for target in re.findall(r"(?:`|^)make ([a-z][\w-]*)", text, re.MULTILINE):
        assert target in targets, f"make {target}: the Makefile has no such target"


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 175
