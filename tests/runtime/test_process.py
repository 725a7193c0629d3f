"""Work in a thread of its own: its result, its error, and a thread that dies before its first line."""

import _thread
import threading

import pytest

from runtime.process import Work


def test_result_and_error_reach_the_caller() -> None:
    work = Work(lambda: threading.get_ident())
    assert work.ended.wait(30)
    assert work.result() != threading.get_ident()
    failing = Work(lambda: [][0])
    assert failing.ended.wait(30)
    with pytest.raises(IndexError):
        failing.result()


def test_thread_that_dies_before_its_first_line_is_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    start = _thread.start_new_thread
    # A thread that gets the arguments and ends without calling anything, as one without memory does.
    monkeypatch.setattr(_thread, "start_new_thread", lambda _, arguments: start(lambda *_: None, arguments))
    work = Work(lambda: 1)
    assert work.ended.wait(30)
    with pytest.raises(MemoryError):
        work.result()


def test_thread_that_cannot_be_started_is_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    with pytest.raises(MemoryError):
        Work(lambda: 1)
