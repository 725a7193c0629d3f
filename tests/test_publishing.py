"""Output folders: replaced whole, through links, one writer at a time, nothing of the user's lost.

`tests.kill_publishing` does the same to processes that are killed.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from export.workspace import Workspace, check_target
from reference import publishing
from reference.checkpoint_files import MODEL_INDEX, new_folder
from reference.errors import CheckpointError, RequestError
from reference.publishing import MARKER, WorkFolder, check_output_folder, exchange
from runtime.errors import BundleError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }


def bundle(folder: Path, made: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {"format": "meissonic-mobile", "version": 1, "files": {"graph.onnx": {}}, "made": made}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "graph.onnx").write_text(f"graph {made}")
    return folder


def nothing_is_checked(target: Path) -> None:
    pass


def work(target: Path, key: str = "key") -> WorkFolder:
    return WorkFolder(target, key, nothing_is_checked)


@pytest.fixture(autouse=True)
def no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test cuts the power."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(params=["exchange", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to replace a folder."""
    if request.param == "two renames":
        monkeypatch.setattr(publishing, "exchange", lambda first, second: False)
    return request.param


def test_a_folder_appears_whole_and_nothing_else_is_left(tmp_path: Path, way: str) -> None:
    for made in ("older", "newer"):
        with work(tmp_path / "out") as opened:
            (opened.folder / "x").write_text(made)
            opened.publish()
        assert content(tmp_path / "out") == {"x": made}
        assert names(tmp_path) == ["out"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone exchanges")
def test_linux_exchanges_two_folders_in_one_step(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert exchange(tmp_path / "a", tmp_path / "b")
    assert names(tmp_path / "a") == ["b"] and names(tmp_path / "b") == ["a"]


def test_neighbours_of_the_target_stay(tmp_path: Path, way: str) -> None:
    kept = ["android.old", "android.partial", ".android.old", f".android.{os.getpid()}.old", "android.tmp"]
    for name in kept:
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("mine")
    bundle(tmp_path / "android", "older")
    with Workspace(tmp_path / "android", "key", True) as opened:
        bundle(opened.folder, "newer")
        opened.publish()
    assert names(tmp_path) == sorted([*kept, "android"])
    assert all((tmp_path / name / "mine").read_text() == "mine" for name in kept)


def test_a_link_stays_a_link_and_its_folder_is_replaced_again_and_again(tmp_path: Path, way: str) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk/android")
    for made in ("first", "second", "third"):
        with Workspace(tmp_path / "link", "key", True) as opened:
            bundle(opened.folder, made)
            opened.publish()
        assert (tmp_path / "link").is_symlink() and names(tmp_path) == ["disk", "link"]
        assert content(tmp_path / "disk" / "android")["graph.onnx"] == f"graph {made}"
        assert names(tmp_path / "disk") == ["android"]


def test_a_checkpoint_written_through_a_link_replaces_what_the_link_names(tmp_path: Path, way: str) -> None:
    (tmp_path / "link").symlink_to("disk")
    for made in ("first", "second"):
        with new_folder(tmp_path / "link", overwrite=True) as folder:
            (folder / "model_index.json").write_text(json.dumps({**MODEL_INDEX, "made": made}))
        assert (tmp_path / "link").is_symlink() and names(tmp_path) == ["disk", "link"]
        assert json.loads((tmp_path / "disk" / "model_index.json").read_text())["made"] == made


@pytest.mark.parametrize(
    "manifest",
    [
        '{"name": "A web app", "icons": []}',
        '{"format": "meissonic-mobile"}',
        '{"format": "another", "version": 1, "files": {}}',
        "[]",
        "older",
        "[" * 100_000,
        "\udc80",
    ],
)
def test_a_folder_with_another_programs_manifest_is_never_replaced(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "manifest.json").write_bytes(manifest.encode(errors="surrogateescape"))
    with pytest.raises(BundleError, match="no bundle"), Workspace(tmp_path / "app", "key", True):
        pass
    assert names(tmp_path / "app") == ["manifest.json"] and names(tmp_path) == ["app"]


def test_a_bundle_that_also_holds_files_of_the_user_is_never_replaced(tmp_path: Path) -> None:
    target = bundle(tmp_path / "android", "older")
    (target / "notes").mkdir()
    (target / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"also holds notes/mine\.txt"), Workspace(target, "key", True):
        pass
    assert (target / "notes" / "mine.txt").read_text() == "mine" and names(tmp_path) == ["android"]


def test_files_that_file_managers_leave_do_not_stop_a_replacement(tmp_path: Path) -> None:
    target = bundle(tmp_path / "android", "older")
    (target / ".DS_Store").touch()
    with Workspace(target, "key", True) as opened:
        bundle(opened.folder, "newer")
        opened.publish()
    assert content(target)["graph.onnx"] == "graph newer"


def test_a_pipeline_of_another_model_is_no_checkpoint_of_ours(tmp_path: Path) -> None:
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    (tmp_path / "sd").mkdir()
    (tmp_path / "sd" / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="is no checkpoint"), new_folder(tmp_path / "sd"):
        pass
    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "model_index.json").write_text(json.dumps(MODEL_INDEX))
    (ours / "training.log").touch()
    with pytest.raises(CheckpointError, match=r"also holds training\.log"), new_folder(ours, overwrite=True):
        pass
    assert names(tmp_path) == ["ours", "sd"] and names(ours) == ["model_index.json", "training.log"]


@pytest.mark.parametrize(
    "mine", ["transformer/my_log.json", "transformer/ema_backup.safetensors", "vqvae/a.txt"]
)
def test_a_checkpoint_with_files_of_the_user_is_not_replaced(tmp_path: Path, mine: str) -> None:
    (tmp_path / mine).parent.mkdir()
    (tmp_path / mine).touch()
    (tmp_path / "model_index.json").write_text(json.dumps(MODEL_INDEX))
    with pytest.raises(CheckpointError, match="also holds"), new_folder(tmp_path, overwrite=True):
        pass
    assert (tmp_path / mine).exists()


def test_a_checkpoint_is_replaced_only_with_overwrite(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps(MODEL_INDEX))
    with (
        pytest.raises(CheckpointError, match="already holds a checkpoint: add --overwrite"),
        new_folder(tmp_path),
    ):
        pass
    with new_folder(tmp_path, overwrite=True) as folder:
        (folder / "model_index.json").write_text(json.dumps({**MODEL_INDEX, "made": "again"}))
    assert "again" in (tmp_path / "model_index.json").read_text()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_where_a_manifest_or_index_belongs_does_not_block(tmp_path: Path) -> None:
    for name in ("manifest.json", "model_index.json"):
        (tmp_path / name).mkdir()
        os.mkfifo(tmp_path / name / name)
    with pytest.raises(BundleError, match="is no bundle"):
        check_target(tmp_path / "manifest.json", overwrite=True)
    with pytest.raises(CheckpointError, match="is no checkpoint"), new_folder(tmp_path / "model_index.json"):
        pass


def test_what_a_user_puts_at_the_target_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with (
        pytest.raises(BundleError, match="holds something that is no bundle"),
        Workspace(tmp_path / "android", "key", True) as opened,
    ):
        bundle(opened.folder, "newer")
        (tmp_path / "android").mkdir()
        (tmp_path / "android" / "mine").touch()
        opened.publish()
    assert names(tmp_path) == ["android"] and names(tmp_path / "android") == ["mine"]


def test_a_work_folder_that_is_not_ours_is_never_touched(tmp_path: Path) -> None:
    root = work(tmp_path / "out").root
    for marker in (
        None,
        "{}",
        '{"format": "meissonic-work", "version": 1, "target": "other"}',
        "[" * 100_000,
    ):
        root.mkdir()
        (root / "mine").write_text("mine")
        if marker is not None:
            (root / MARKER).write_text(marker)
        before = content(root)
        with pytest.raises(RequestError, match="is in the way and was not made by this program"):
            work(tmp_path / "out").__enter__()
        assert content(root) == before
        shutil.rmtree(root)
    (tmp_path / "mine").mkdir()
    root.symlink_to("mine")
    with pytest.raises(RequestError, match="is in the way"):
        work(tmp_path / "out").__enter__()
    assert names(tmp_path / "mine") == []


def test_a_second_writer_says_at_once_that_another_export_is_writing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("out")
    with work(tmp_path / "out") as first:
        for name in ("out", "link"):
            line = rf"another export \(process {os.getpid()}\) is writing .*out: wait until"
            with pytest.raises(RequestError, match=line), work(tmp_path / name):
                pass
        (first.folder / "x").touch()
        with work(tmp_path / "other") as neighbour:
            neighbour.publish()
        first.publish()
    assert names(tmp_path / "out") == ["x"] and names(tmp_path) == ["link", "other", "out"]


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = "import os, sys, signal; from reference.publishing import WorkFolder\n"
    code += "with WorkFolder(sys.argv[1], 'key', lambda target: None): os.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=False)
    assert done.returncode == -signal.SIGKILL and len(names(tmp_path)) == 1
    with work(tmp_path / "out") as opened:
        opened.publish()
    assert names(tmp_path) == ["out"]


def test_kept_work_is_found_again_under_its_key_alone(tmp_path: Path) -> None:
    def stopped(key: str) -> list[str]:
        with pytest.raises(KeyboardInterrupt), work(tmp_path / "out", key) as opened:
            found = names(opened.folder)
            (opened.folder / key).touch()
            opened.keep()
            raise KeyboardInterrupt
        return found

    assert [stopped("a"), stopped("a"), stopped("b"), stopped("a")] == [[], ["a"], [], []]
    with work(tmp_path / "out", "a") as opened:
        opened.publish()
    assert names(tmp_path) == ["out"]


def test_ctrl_c_between_the_two_renames_puts_the_older_folder_back(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(publishing, "exchange", lambda first, second: False)
    target = bundle(tmp_path / "out", "older")
    rename = Path.rename

    def interrupted(self: Path, other: Path) -> Path:
        if self.name == "new":
            raise KeyboardInterrupt
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), work(target) as opened:
        opened.publish()
    assert content(target)["graph.onnx"] == "graph older" and names(tmp_path) == ["out"]


def refused(path: str | Path) -> str:
    with pytest.raises(RequestError) as refusal:
        check_output_folder(path)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    assert "holds the current folder" in refused(".")
    assert "holds the current folder" in refused(tmp_path.parent)
    assert "holds the current folder" in refused("/")
    assert "file is a file: name a folder" in refused("file")
    assert re.search("file/sub/x cannot be made: .*file is a file", refused("file/sub/x"))
    assert "File name too long; choose a shorter --out" in refused("x" * 256)
    assert "File name too long" in refused("missing/" + "x" * 256 + "/y")
    assert "symbolic links" in refused("loop")
    assert "no file can have this name" in refused("a\0b")
    assert "~nosuchuser is no folder here" in refused("~nosuchuser/x")
    assert "~nosuchuser is no folder here" in refused("~nosuchuser")
    assert "is a file: name a folder" in refused("/dev/null")
    if Path("/proc/self").exists():
        assert "cannot write /proc/x" in refused("/proc/x")
        assert "root of a disk" in refused("/proc")
    check_output_folder("x" * 255)
    check_output_folder("a/b/c")
    assert names(tmp_path) == ["file", "loop"]


def test_a_kill_at_any_moment_of_publishing_loses_nothing() -> None:
    command = [sys.executable, "-m", "tests.kill_publishing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"killed at (\d+) moments, (\d+) of them renames; losses: 0\n$", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert int(found[1]) >= 50 and int(found[2]) >= 20
