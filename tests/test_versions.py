"""One version of what Python, the phones and the page share."""

import json
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


def test_python_and_the_page_have_the_same_onnxruntime() -> None:
    package = json.loads((ROOT / "web_demo" / "package.json").read_text())
    assert package["dependencies"]["onnxruntime-web"] == locked("onnxruntime")
