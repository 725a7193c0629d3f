"""The app for iPhone, as far as it can be checked without Xcode: project, texts, manifests and workflow."""

import dataclasses
import json
import plistlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstep_parser import OpenStepDecoder

from export.check_on_mac import Compiled, Report
from export.mac_check.unit_check import DrawingCheck, GraphCheck

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ios_demo"
APP = PACKAGE / "App"
SOURCES = sorted((APP / "Meissonic").rglob("*.swift"))
ID = re.compile(r"[0-9A-F]{24}")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    with (APP / "Meissonic.xcodeproj/project.pbxproj").open(encoding="utf-8") as file:
        parsed: dict[str, Any] = OpenStepDecoder.ParseFromFile(file)
    return parsed


def objects(project: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in project["objects"].values() if each["isa"] == kind]


def strings(value: Any) -> Iterator[str]:
    """All strings inside, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    else:
        for inner in value:
            yield from strings(inner)


def test_every_reference_leads_to_an_object_and_every_object_is_referred_to(project: dict[str, Any]) -> None:
    known = set(project["objects"])
    inside = {text for each in project["objects"].values() for text in strings(each) if ID.fullmatch(text)}
    assert inside | {project["rootObject"]} == known
    assert project["objectVersion"] == "77"
    assert project["objects"][project["rootObject"]]["isa"] == "PBXProject"


def test_files_that_the_project_names_are_there(project: dict[str, Any]) -> None:
    (package,) = objects(project, "XCLocalSwiftPackageReference")
    assert (APP / package["relativePath"] / "Package.swift").is_file()
    (folder,) = objects(project, "PBXFileSystemSynchronizedRootGroup")
    assert SOURCES and SOURCES[0].is_relative_to(APP / folder["path"])
    for reference in objects(project, "PBXFileReference"):
        if reference["sourceTree"] == "<group>":
            assert (APP / reference["path"]).is_file()
    settings = [each["buildSettings"] for each in objects(project, "XCBuildConfiguration")]
    entitlements = {each["CODE_SIGN_ENTITLEMENTS"] for each in settings if "CODE_SIGN_ENTITLEMENTS" in each}
    assert entitlements == {"Meissonic.entitlements"}
    assert plistlib.loads((APP / "Meissonic.entitlements").read_bytes()) == {
        "com.apple.developer.kernel.extended-virtual-addressing": True,
        "com.apple.developer.kernel.increased-memory-limit": True,
    }
    assert {each["SWIFT_VERSION"] for each in settings if "SWIFT_VERSION" in each} == {"6.0"}
    (icon,) = json.loads((APP / "Meissonic/Assets.xcassets/AppIcon.appiconset/Contents.json").read_text())[
        "images"
    ]
    assert (APP / "Meissonic/Assets.xcassets/AppIcon.appiconset" / icon["filename"]).is_file()


def test_the_app_links_the_products_that_it_imports(project: dict[str, Any]) -> None:
    declared = set(re.findall(r'\.library\(name: "(\w+)"', (PACKAGE / "Package.swift").read_text()))
    linked = {each["productName"] for each in objects(project, "XCSwiftPackageProductDependency")}
    imported = {
        name for path in SOURCES for name in re.findall(r"^import (\w+)", path.read_text(), re.MULTILINE)
    }
    assert linked <= declared
    assert imported & declared == linked
    (target,) = objects(project, "PBXNativeTarget")
    built = {
        project["objects"][each["productRef"]]["productName"] for each in objects(project, "PBXBuildFile")
    }
    named = {project["objects"][each]["productName"] for each in target["packageProductDependencies"]}
    assert built == named == linked
    deployment = {
        each["buildSettings"]["IPHONEOS_DEPLOYMENT_TARGET"]
        for each in objects(project, "XCBuildConfiguration")
        if "IPHONEOS_DEPLOYMENT_TARGET" in each["buildSettings"]
    }
    (package,) = re.findall(r"\.iOS\(\.v(\d+)\)", (PACKAGE / "Package.swift").read_text())
    assert deployment == {f"{package}.0"}


# Required-reason APIs that Apple lists, by how a Swift source would name them.
REASONS = {
    "DiskSpace": r"systemFreeSize|systemSize|volumeAvailableCapacity|volumeTotalCapacity|statv?fs",
    "FileTimestamp": r"creationDate|modificationDate|ModificationDate|\b[fl]?stat\(",
    "UserDefaults": r"UserDefaults|@AppStorage",
    "SystemBootTime": r"systemUptime|mach_absolute_time",
    "ActiveKeyboards": r"activeInputModes",
}


def test_the_privacy_manifest_declares_what_the_sources_use() -> None:
    manifest = plistlib.loads((APP / "Meissonic/PrivacyInfo.xcprivacy").read_bytes())
    assert manifest["NSPrivacyTracking"] is False
    assert manifest["NSPrivacyCollectedDataTypes"] == manifest["NSPrivacyTrackingDomains"] == []
    declared = {
        each["NSPrivacyAccessedAPIType"].removeprefix("NSPrivacyAccessedAPICategory"): each[
            "NSPrivacyAccessedAPITypeReasons"
        ]
        for each in manifest["NSPrivacyAccessedAPITypes"]
    }
    code = "".join(path.read_text() for path in [*SOURCES, *(PACKAGE / "Sources").rglob("*.swift")])
    assert set(declared) == {category for category, used in REASONS.items() if re.search(used, code)}
    assert declared["DiskSpace"] == ["E174.1"]


# Calls whose first string is a key of the catalog.
LOCALIZED = re.compile(
    r"(?:\b(?:Text|Label|Button|Section|Toggle|Picker|TextField|LabeledContent|PhotosPicker|ContentUnavailableView)"
    r"|\.(?:navigationTitle|alert|confirmationDialog|accessibilityLabel|accessibilityHint))\(\s*$"
    r"|\blocalized:\s*$"
)
# What precedes a string that is no text for people.
NAMES = re.compile(
    r'(?:verbatim: |systemImage: |systemName: (?:\S+ \? (?:"[\w.]+" : )?)?|appendingPathComponent\('
    r"|\.drawing\()$"
)
LETTERS = re.compile(r"[A-Za-z]")


def literals(source: str) -> Iterator[tuple[str, str]]:
    """What precedes each string literal, and it as a key: an interpolated Int is %lld, a String %@."""
    at = 0
    while at < len(source):
        if source.startswith("//", at):
            at = source.find("\n", at)
        elif source[at] == '"':
            before, (key, at) = source[:at], _literal(source, at + 1)
            yield before, key
        else:
            at += 1


def _literal(source: str, at: int) -> tuple[str, int]:
    key = ""
    while source[at] != '"':
        if source.startswith("\\(", at):
            end, depth = at + 2, 1
            while depth:
                if source[end] == '"':
                    _, end = _literal(source, end + 1)
                    continue
                depth += {"(": 1, ")": -1}.get(source[end], 0)
                end += 1
            key += "%lld" if source[at + 2 :].startswith("Int(") else "%@"
            at = end
        elif source[at] == "\\":
            key += {"n": "\n", '"': '"', "\\": "\\"}[source[at + 1]]
            at += 2
        else:
            key += source[at]
            at += 1
    return key, at + 1


def keys() -> set[str]:
    """The catalog's keys that the sources name; fails on a text that is in no catalog."""
    found = set()
    for path in SOURCES:
        for before, key in literals(path.read_text(encoding="utf-8")):
            if LOCALIZED.search(before):
                found.add(key)
            elif LETTERS.search(re.sub("%@|%lld", "", key)):
                assert NAMES.search(before), f"{path.name}: {key!r} is not localized"
    return found


def placeholders(text: str) -> list[str]:
    """In the order of the arguments: %2$@ is the second."""
    found = re.findall(r"%(?:(\d+)\$)?(@|lld|%)", text.replace("%%", ""))
    return [kind for _, kind in sorted((int(place) if place else 0, kind) for place, kind in found)]


def test_every_text_has_a_german_one_and_no_more() -> None:
    catalog = json.loads((APP / "Meissonic/Localizable.xcstrings").read_text(encoding="utf-8"))
    assert catalog["sourceLanguage"] == "en" and catalog["version"] == "1.0"
    assert set(catalog["strings"]) == keys()
    for key, entry in catalog["strings"].items():
        assert entry.get("extractionState") in (None, "manual")
        german = entry["localizations"]["de"]
        units = [german["stringUnit"]] if "stringUnit" in german else []
        for language in entry["localizations"].values() if "variations" in german else ():
            plural = language["variations"]["plural"]
            assert set(plural) == {"one", "other"}
            units += [form["stringUnit"] for form in plural.values()]
        for unit in units:
            assert unit["state"] == "translated" and unit["value"].strip()
            assert placeholders(unit["value"]) == placeholders(key), key


def test_what_the_system_shows_has_a_german_text(project: dict[str, Any]) -> None:
    catalog = json.loads((APP / "Meissonic/InfoPlist.xcstrings").read_text(encoding="utf-8"))
    usage = {
        name.removeprefix("INFOPLIST_KEY_"): value
        for each in objects(project, "XCBuildConfiguration")
        for name, value in each["buildSettings"].items()
        if name.endswith("UsageDescription")
    }
    assert set(catalog["strings"]) == set(usage) == {"NSPhotoLibraryAddUsageDescription"}
    for name, entry in catalog["strings"].items():
        assert entry["localizations"]["en"]["stringUnit"]["value"] == usage[name]
        assert entry["localizations"]["de"]["stringUnit"]["value"]


def test_the_benchmark_has_the_keys_of_check_on_mac() -> None:
    source = (PACKAGE / "Sources/MeissonicStudio/BenchmarkReport.swift").read_text()
    parts = dict(re.findall(r"public struct (\w+): Codable, Sendable \{\n(.*?)\n    \}", source, re.DOTALL))
    top = source[source.index("    public let format") :]
    for name, body, theirs in [
        ("report", top, Report),
        ("Package", parts["Package"], Compiled),
        ("GraphCheck", parts["GraphCheck"], GraphCheck),
        ("DrawingCheck", parts["DrawingCheck"], DrawingCheck),
    ]:
        ours = [snake(each) for each in re.findall(r"public (?:let|internal\(set\) var) (\w+)", body)]
        assert ours and set(ours) <= {field.name for field in dataclasses.fields(theirs)}, name


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def test_the_workflow_runs_what_there_is(project: dict[str, Any]) -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ios.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert job["runs-on"].startswith("macos-")
    commands = "\n".join(step.get("run", "") for step in job["steps"])
    for path in re.findall(r"ios_demo/[\w./]+", commands):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m (export\.\w+)", commands):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module
    assert (
        "--filter CoreMLTests" in commands
        and (PACKAGE / "Tests/MeissonicCoreMLTests/CoreMLTests.swift").is_file()
    )
    (target,) = objects(project, "PBXNativeTarget")
    assert f"-scheme {target['name']} " in commands
