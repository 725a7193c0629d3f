"""One version of what Python and the phones share."""

import re
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]


def test_python_and_the_jvm_have_the_same_onnxruntime() -> None:
    locked = re.search(r"^onnxruntime==(.+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    pom = ElementTree.parse(ROOT / "android_demo" / "pom.xml")
    (declared,) = pom.findall(
        "m:properties/m:onnxruntime.version", {"m": "http://maven.apache.org/POM/4.0.0"}
    )
    assert locked and declared.text == locked[1]
