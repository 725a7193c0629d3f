"""One version of what Python and the phones share."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
GRADLE = tomllib.loads((ROOT / "android_demo" / "gradle" / "libs.versions.toml").read_text())["versions"]


def locked(package: str) -> str:
    found = re.search(rf"^{package}==(.+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert found, package
    return found[1]


def test_python_the_jvm_and_android_have_the_same_onnxruntime() -> None:
    pom = ElementTree.parse(ROOT / "android_demo" / "pom.xml")
    (declared,) = pom.findall(
        "m:properties/m:onnxruntime.version", {"m": "http://maven.apache.org/POM/4.0.0"}
    )
    assert declared.text == GRADLE["onnxruntime"] == locked("onnxruntime")


def test_python_and_android_have_the_same_provider_for_the_npu() -> None:
    assert GRADLE["onnxruntime-qnn"] == locked("onnxruntime-qnn")
