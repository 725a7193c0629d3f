"""A damaged, foreign or hostile bundle is refused with one line that names the file."""

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest

from runtime.bundle import open_bundle, read_manifest
from runtime.errors import BundleError
from runtime.manifest import MANIFEST, FileFacts, GoldenTrace, Manifest
from tests.runtime.manifest_cases import edited
from tests.runtime.tiny_bundle import edit_manifest, replace_file

CASES = Path(__file__).parents[1] / "vectors" / "manifests.json"


def refused(folder: Path, *parts: str) -> None:
    with pytest.raises(BundleError) as caught:
        open_bundle(folder)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_whole_bundle_opens(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    assert bundle.manifest.model.name == "tiny"
    assert set(bundle.manifest.files) == {
        path.relative_to(bundle_folder).as_posix()
        for path in bundle_folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_manifest_survives_writing_and_reading(bundle_folder: Path) -> None:
    manifest = open_bundle(bundle_folder).manifest
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_no_manifest(tmp_path: Path) -> None:
    refused(tmp_path, str(tmp_path), "python -m export.onnx")
    refused(tmp_path / "absent", "absent", "python -m export.onnx")


def test_the_same_manifests_are_accepted_and_refused_in_every_language(tmp_path: Path) -> None:
    vectors = json.loads(CASES.read_text(encoding="utf-8"))
    assert len(vectors["cases"]) > 300
    wrong = []
    for case in vectors["cases"]:
        (tmp_path / MANIFEST).write_bytes(edited(vectors["base"], case))
        try:
            read_manifest(tmp_path)
            accepted = True
        except BundleError as error:
            accepted = False
            assert str(error).isprintable()
            assert len(str(error)) <= 1000
        if accepted != case["accepted"]:
            wrong.append(case["name"])
    assert wrong == []


@pytest.mark.parametrize("text", ["", "{", "\xff\xfe", "[" * 3])
def test_manifest_that_is_no_json(own_bundle: Path, text: str) -> None:
    (own_bundle / MANIFEST).write_bytes(text.encode("latin-1"))
    refused(own_bundle, MANIFEST, "not valid JSON")


def test_manifest_of_something_else(own_bundle: Path) -> None:
    (own_bundle / MANIFEST).write_text('{"version": 1}')
    refused(own_bundle, MANIFEST, "meissonic-mobile")


def test_newer_version_is_named_before_its_unknown_keys(own_bundle: Path) -> None:
    edit_manifest(own_bundle, "version", value=2)
    edit_manifest(own_bundle, "surprise", value=1)
    refused(own_bundle, "version 2", "newer", "update")


def test_unknown_key_is_named(own_bundle: Path) -> None:
    edit_manifest(own_bundle, "model", "colour", value=1)
    refused(own_bundle, "model: colour")


def test_wrong_type_is_named(own_bundle: Path) -> None:
    edit_manifest(own_bundle, "model", "token_size", value="four")
    refused(own_bundle, "model: token_size")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "a\\b", "C:/x", "./a", ""])
def test_path_outside_the_bundle(own_bundle: Path, path: str) -> None:
    edit_manifest(own_bundle, "graphs", "transformer", "files", value=[path])
    refused(own_bundle, "outside the bundle")
    edit_manifest(own_bundle, "graphs", "transformer", "files", value=["transformer.onnx"])
    edit_manifest(own_bundle, "files", path, value={"size": 1, "sha256": "0" * 64})
    refused(own_bundle, "outside the bundle")


def test_link_out_of_the_bundle(own_bundle: Path, tmp_path: Path) -> None:
    file = own_bundle / "transformer.onnx"
    outside = tmp_path / "elsewhere.onnx"
    file.rename(outside)
    file.symlink_to(outside)
    refused(own_bundle, "transformer.onnx", "outside the bundle")


def test_links_in_a_circle(own_bundle: Path) -> None:
    file = own_bundle / "tokenizer" / "merges.txt"
    file.unlink()
    file.symlink_to("merges.txt")
    refused(own_bundle, "merges.txt", "missing")


@pytest.mark.parametrize("name", ["transformer.onnx", "transformer.onnx.data", "tokenizer/merges.txt"])
def test_missing_truncated_and_changed_files(own_bundle: Path, name: str) -> None:
    file = own_bundle / name
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    refused(own_bundle, name, "truncated")
    file.write_bytes(content + b"x")
    refused(own_bundle, name, "changed")
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused(own_bundle, name, "changed", "SHA-256")
    file.unlink()
    refused(own_bundle, name, "missing")
    file.mkdir()
    refused(own_bundle, name, "missing")
    file.rmdir()
    file.write_bytes(content)
    open_bundle(own_bundle)


def test_file_that_the_disk_cannot_read(own_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def failing(path: Path, *arguments: Any, **settings: Any) -> Any:
        if path.name == "transformer.onnx":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return opened(path, *arguments, **settings)

    monkeypatch.setattr(Path, "open", failing)
    refused(own_bundle, "cannot read", "transformer.onnx", "Input/output error")


def test_file_without_hash(own_bundle: Path) -> None:
    edit_manifest(own_bundle, "graphs", "transformer", "files", value=["other.onnx"])
    refused(own_bundle, "other.onnx", "no size and hash")


def test_chain_that_does_not_fit_together(own_bundle: Path) -> None:
    edit_manifest(own_bundle, "step", value=["transformer", "sampler"])
    refused(own_bundle, "'sampler' is missing")
    edit_manifest(own_bundle, "step", value=["transformer"])
    edit_manifest(own_bundle, "graphs", "transformer", "inputs", 0, "name", value="pixels")
    refused(own_bundle, "'transformer' wants 'pixels'")
    edit_manifest(own_bundle, "graphs", "transformer", "inputs", 0, "name", value="tokens")
    edit_manifest(own_bundle, "graphs", "transformer", "outputs", 0, "name", value="other")
    refused(own_bundle, "does not give drawn")


def test_default_size_outside_sizes(own_bundle: Path) -> None:
    edit_manifest(own_bundle, "defaults", "size", value=[64, 64])
    refused(own_bundle, "manifest.json: default size (64, 64) is not among sizes: export")


def test_golden_trace_is_read_back(own_bundle: Path) -> None:
    assert open_bundle(own_bundle).golden() is None
    trace = GoldenTrace(
        prompt="a cat",
        negative="",
        seed=2**64 - 1,
        steps=2,
        guidance=3.0,
        size=(32, 24),
        prompt_ids=[1, 2],
        negative_ids=[],
        masked=[1, 0],
        tokens=[[17, 3], [4, 3]],
        final_tokens=[4, 3],
        image_sha256="0" * 64,
    )
    file = own_bundle / "golden.json"
    file.write_text(trace.model_dump_json())
    edit_manifest(own_bundle, "golden", value={"file": "golden.json"})
    edit_manifest(own_bundle, "files", "golden.json", value=FileFacts.of(file).model_dump())
    assert open_bundle(own_bundle).golden() == trace
    file.write_text('{"prompt": "a cat"}')
    edit_manifest(own_bundle, "files", "golden.json", value=FileFacts.of(file).model_dump())
    with pytest.raises(BundleError, match=r"golden\.json: negative"):
        open_bundle(own_bundle).golden()


def test_weights_in_a_file_that_the_manifest_does_not_list_are_refused(own_bundle: Path) -> None:
    model = onnx.load(own_bundle / "transformer.onnx", load_external_data=False)
    shutil.copy(own_bundle / "transformer.onnx.data", own_bundle / "other.bin")
    location = next(
        entry
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    )
    for value in ("other.bin", "./other.bin", "../own/transformer.onnx.data", str(own_bundle / "other.bin")):
        location.value = value
        replace_file(own_bundle, "transformer.onnx", model.SerializeToString())
        refused(own_bundle, "transformer.onnx", value, "does not list")
    location.value = "./transformer.onnx.data"
    replace_file(own_bundle, "transformer.onnx", model.SerializeToString())
    open_bundle(own_bundle)


@pytest.mark.parametrize("value", ["other.bin", "../other.bin", "/etc/passwd"])
def test_a_context_in_a_file_that_the_manifest_does_not_list_is_refused(own_bundle: Path, value: str) -> None:
    (own_bundle / "sm8650").mkdir()
    names = ["sm8650/transformer.onnx", "sm8650/listed.bin"]
    (own_bundle / names[1]).write_bytes(b"a context")
    edit_manifest(own_bundle, "graphs", "transformer", "compute", value="npu")
    edit_manifest(own_bundle, "graphs", "transformer", "contexts", value={"sm8650": names})
    for location in ("listed.bin", value):
        node = onnx.helper.make_node(
            "EPContext", [], [], domain="com.microsoft", embed_mode=0, ep_cache_context=location
        )
        model = onnx.helper.make_model(onnx.helper.make_graph([node], "context", [], []))
        (own_bundle / names[0]).write_bytes(model.SerializeToString())
        for name in names:
            edit_manifest(own_bundle, "files", name, value=FileFacts.of(own_bundle / name).model_dump())
        if location != value:
            open_bundle(own_bundle)
    refused(own_bundle, names[0], value, "does not list")


def test_model_that_is_no_protobuf_is_refused(own_bundle: Path) -> None:
    whole = (own_bundle / "transformer.onnx").read_bytes()
    for content in (b"", b"\xff" * 40, whole[: len(whole) // 2], b"ORTM" + whole):
        replace_file(own_bundle, "transformer.onnx", content)
        refused(own_bundle, "transformer.onnx", "not an ONNX model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
@pytest.mark.parametrize("name", [MANIFEST, "transformer.onnx", "tokenizer/vocab.json"])
def test_pipes_and_devices_are_refused_at_once(own_bundle: Path, name: str) -> None:
    (own_bundle / name).unlink()
    os.mkfifo(own_bundle / name)
    refused(own_bundle, name)
    (own_bundle / name).unlink()
    (own_bundle / name).symlink_to("/dev/zero")
    refused(own_bundle, name)


def test_bundle_of_an_impossible_name_is_refused() -> None:
    for name in ("a\0b", "x" * 300, "\ud800", "~nosuchuser/x"):
        refused(Path(name))
