"""README's table of what the page and the apps can do: every mark names tests that show it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.benchmarks.markdown import table
from tests.shared_bundles import ROOT


@dataclass(frozen=True)
class Cell:
    """What the table says, and the tests that show it."""

    text: str
    tests: tuple[str, ...] = ()


def shown(*tests: str, text: str = "yes") -> Cell:
    return Cell(text, tests)


NO = Cell("no")
HEAD = ("", "page", "Android app", "iPhone app")
ROWS = {
    "draw, redraw, repaint, extend": (
        shown("a picture is redrawn, repainted where the mask is, and extended"),
        shown(
            "every mode is drawn as Python draws it, weights copied or mapped",
            "a picture is redrawn",
            "the part that a finger paints is redrawn",
            "a picture is extended to the chosen sides",
        ),
        shown("everyDrawingModeGivesPythonsTokensAndPicture", "eachModeBecomesItsEdit"),
    ),
    "a photo of any size, laid back into it": (
        shown("pictures are fitted as Pillow does", "drawings are laid into photos as in Python"),
        shown("pictures are fitted as Pillow does", "drawings are laid into photos as in Python"),
        shown("picturesAreFittedAsPillowDoes", "drawingsAreLaidIntoPhotosAsInPython"),
    ),
    "several sizes a bundle": (
        shown("one engine draws every size of a bundle as Python draws it"),
        shown("one engine draws every size of a bundle as Python draws it"),
        shown("oneEngineDrawsEverySizeOfABundleAsPythonDrawsIt"),
    ),
    "int8 and int4": (
        shown(
            "draws at least 94 % of the tokens of native onnxruntime from the same tokens",
            "weights of four bits draw at least 90 % of the tokens of native onnxruntime",
        ),
        shown(
            "the golden trace is drawn token for token and byte for byte",
            "weights of four bits draw their golden trace",
        ),
        shown("theGoldenTraceIsDrawn", "weightsOfFourBitsDrawTheirGoldenTrace"),
    ),
    "one-step students": (
        shown("a student draws in one pass and in several what Python draws"),
        shown("a student draws in one pass and in several what Python draws"),
        shown("aStudentDrawsInOnePassAndInSeveralWhatPythonDraws"),
    ),
    "NPU": (
        NO,
        shown(
            "the golden trace is drawn as Python draws it there",
            "the NPU draws, is kept, and compiles once",
            text="Qualcomm's, emulated",
        ),
        shown(
            "theGoldenDrawingMakesTheCallsOfPython",
            "theGoldenDrawingOfACoreAIBundleMakesTheCallsOfPython",
            text="Apple's, calls only",
        ),
    ),
    "preview after every step": (
        shown("every step has a preview of the bundle's patches"),
        shown("every step has a preview of the bundle's patches"),
        shown("everyStepHasAPreviewOfTheBundlesPatches"),
    ),
    "four more pictures": (
        shown("four more pictures have the seeds that follow"),
        shown("four pictures have consecutive seeds, and a stop keeps those that are finished"),
        shown("fourPicturesHaveConsecutiveSeedsAndAStopKeepsThoseThatAreFinished"),
    ),
    "settings in the PNG, and read from it": (
        shown("the fp32 bundle draws the golden picture, and dropping a picture fills in what drew it"),
        shown("a shared picture that was drawn here offers its settings, which draw it again"),
        shown("theSettingsOfAPickedPictureFillTheFormAndDrawItAgain"),
    ),
    "draws offline": (
        shown("the page works offline the second time", text="after a visit"),
        shown("two taps install the model that comes with the app, and draw with it"),
        shown("theModelOfTheAppDrawsAfterTwoTaps"),
    ),
}
# Where the tests of each are, and how a test's name is written there.
SOURCES = {
    "page": ("web_demo/test", "*.ts", r'\btest\("([^"]+)"'),
    "Android app": ("android_demo", "*.kt", r"@Test\s+fun `([^`]+)`"),
    "iPhone app": ("ios_demo/Tests", "*.swift", r"@Test\b[^{]*?\bfunc (\w+)\("),
}


@pytest.mark.parametrize("platform", HEAD[1:])
def test_every_mark_names_tests_that_exist(platform: str) -> None:
    folder, files, test = SOURCES[platform]
    texts = (path.read_text("utf-8") for path in (ROOT / folder).rglob(files))
    there = {name for text in texts for name in re.findall(test, text)}
    named = {test for row in ROWS.values() for test in row[HEAD.index(platform) - 1].tests}
    assert named and not named - there


def test_the_readme_says_so() -> None:
    rows = [(feature, *(cell.text for cell in cells)) for feature, cells in ROWS.items()]
    assert table(HEAD, rows, words=4) in Path(ROOT / "README.md").read_text("utf-8")
