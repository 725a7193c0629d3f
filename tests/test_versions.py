"""One version of what Python and the phones share."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]


def test_python_the_jvm_and_android_have_the_same_onnxruntime() -> None:
    locked = re.search(r"^onnxruntime==(.+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    pom = ElementTree.parse(ROOT / "android_demo" / "pom.xml")
    (declared,) = pom.findall(
        "m:properties/m:onnxruntime.version", {"m": "http://maven.apache.org/POM/4.0.0"}
    )
    gradle = tomllib.loads((ROOT / "android_demo" / "gradle" / "libs.versions.toml").read_text())["versions"]
    assert locked and declared.text == gradle["onnxruntime"] == locked[1]
