"""Output files: whole or not at all, through links, never into what somebody planted; refused early."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reference.errors import RequestError, UserError, exit_code
from reference.files import atomic_file, check_output_file, shown, write_text


@pytest.fixture(autouse=True)
def no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test cuts the power."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("old")
    path.chmod(0o640)
    with atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new" and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["figures.json"]


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_file_and_no_scrap(tmp_path: Path, error) -> None:
    path = tmp_path / "picture.png"
    path.write_text("old")
    with pytest.raises(error), atomic_file(path) as file:
        file.write(b"half")
        raise error
    assert path.read_text() == "old" and names(tmp_path) == ["picture.png"]


def test_a_full_disk_is_one_line_with_the_way_out(tmp_path: Path) -> None:
    with (
        pytest.raises(RequestError, match=r"cannot write .*x\.png: No space left on device; free some space"),
        atomic_file(tmp_path / "x.png"),
    ):
        raise OSError(28, "No space left on device")
    assert not names(tmp_path)


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.json").write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to("elsewhere/x.json")
    write_text(link, "new")
    assert link.is_symlink() and (tmp_path / "elsewhere" / "x.json").read_text() == "new"
    assert names(tmp_path / "elsewhere") == ["x.json"]


def test_a_planted_link_of_any_guessable_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    planted = [f".x.png.{os.getpid()}.tmp", ".x.png.tmp", "x.png.tmp", f".meissonic-{os.getpid()}.tmp"]
    for name in planted:
        (tmp_path / name).symlink_to(victim)
    write_text(tmp_path / "x.png", "new")
    assert victim.read_text() == "mine"
    assert names(tmp_path) == sorted([*planted, "victim", "x.png"])


def test_a_taken_temporary_name_is_an_error_and_not_overwritten(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda count: "guessed")
    (tmp_path / "victim").write_text("mine")
    (tmp_path / ".meissonic-guessed.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(RequestError, match="File exists"):
        write_text(tmp_path / "x.png", "new")
    assert (tmp_path / "victim").read_text() == "mine"


def refused(path: str | Path) -> str:
    with pytest.raises(RequestError) as refusal:
        check_output_file(Path(path), "--out", (".png", ".json"))
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_file_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "gone" / "x.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert "must end in .png or .json" in refused(tmp_path / "x.jpg")
    assert "must end in" in refused(".")
    assert "is a folder" in refused(tmp_path / "folder.png")
    assert "is a device or a pipe" in refused(tmp_path / "pipe.png")
    assert "file is a file and no folder" in refused(tmp_path / "file" / "x.png")
    assert "does not exist: make it" in refused(tmp_path / "no" / "x.png")
    assert f"folder {tmp_path / 'gone'} does not exist" in refused(tmp_path / "link.png")
    assert "File name too long; choose a shorter --out" in refused(tmp_path / f"{'x' * 252}.png")
    assert "File name too long" in refused("/".join(["x" * 200] * 30) + ".png")
    assert "symbolic links" in refused(tmp_path / "loop.png")
    assert "no file can have this name" in refused(f"{tmp_path}/a\0b.png")
    assert "no file can have this name" in refused(f"{tmp_path}/a\ud800b.png")
    assert "~nosuchuser is no folder here" in refused("~nosuchuser/x.png")
    assert names(tmp_path) == ["file", "folder.png", "link.png", "loop.png", "pipe.png"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_folder_in_which_no_file_can_be_made_is_refused() -> None:
    assert "cannot write /proc/x.png" in refused("/proc/x.png")


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 251}.png"
    check_output_file(path, "--out", ".png")
    write_text(path, "x")
    assert names(tmp_path) == [path.name]


def test_a_shown_path_holds_no_control_characters() -> None:
    assert shown("a\x1b[2Jb\ud800") == r"a\x1b[2Jb\ud800"


COMMAND = """
import signal, sys, time
from pathlib import Path
from reference.errors import exit_code
from reference.files import atomic_file
def command():
    with atomic_file(Path(sys.argv[1])) as file:
        file.write(b"half")
        print("ready", flush=True)
        while True:
            time.sleep(10)
sys.exit(exit_code(command))
"""


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_that_ends_a_command_cleans_up(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(tmp_path / "x")], text=True, stdout=-1, stderr=-1
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        _, said = process.communicate()
    assert (process.returncode, said) == (code, "\nstopped: nothing was written\n")
    assert not names(tmp_path)


def test_an_interruption_that_a_library_turns_into_an_error_is_still_an_interruption(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise TypeError("internal error: KeyboardInterrupt") from None

    assert exit_code(command) == 143
    assert capsys.readouterr().err == "\nstopped: nothing was written\n"


def test_a_second_hangup_does_not_disturb_the_cleaning_up() -> None:
    cleaned = []

    def command() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGHUP)
            cleaned.append(True)

    before = signal.getsignal(signal.SIGHUP)
    assert exit_code(command) == 143 and cleaned
    assert signal.getsignal(signal.SIGHUP) == before


def test_an_error_line_holds_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise RequestError("--variant \x1b[2J\nx is not here")

    assert exit_code(command) == 2
    assert capsys.readouterr().err == "error: --variant \\x1b[2J\\nx is not here\n"


def test_an_ignored_hangup_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert exit_code(lambda: signal.raise_signal(signal.SIGHUP)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def printing(text: str, **options) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; from reference.errors import exit_code; sys.exit(exit_code(lambda: print({text!r})))"
    return subprocess.run([sys.executable, "-c", code], text=True, stderr=-1, check=False, **options)


def test_output_in_ascii_shows_escapes_instead_of_failing() -> None:
    done = printing("wrote Hündchen.png \udc80", stdout=-1, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote H\\xfcndchen.png \\udc80\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_output_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = printing("hello", stdout=full)
    assert done.returncode == 2
    assert done.stderr == "error: cannot write to standard output: No space left on device\n"


def test_a_reader_that_left_ends_a_command_silently() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = printing("hello", stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_error_of_the_file_system_is_one_line(capsys) -> None:
    def command() -> None:
        open("/nowhere/at/all")  # noqa: SIM115

    assert exit_code(command) == 2
    assert capsys.readouterr().err == "error: /nowhere/at/all: No such file or directory\n"


def test_a_user_error_wins_over_a_working_output(capsys) -> None:
    def command() -> None:
        print("begun")
        raise UserError("no")

    assert exit_code(command) == 2
    assert capsys.readouterr() == ("begun\n", "error: no\n")
