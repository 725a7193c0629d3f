"""Judging a bundle's pictures: every prompt once, however often the judging is interrupted."""

from types import SimpleNamespace

import pytest

from runtime.generator import Generator
from runtime.parity.prompt_following import BATCH, change, judge, share, standard_error, sticker_tasks
from runtime.request import Request


def test_verdicts_are_the_judges_and_go_on_where_they_stopped(bundle, monkeypatch):
    """The random bundle draws nothing that passes, so the judge here passes pictures of even sums."""

    def even(_, tasks, pictures):
        assert len(tasks) == len(pictures)
        return SimpleNamespace(passed=[bool(picture.sum() % 2 == 0) for picture in pictures])

    monkeypatch.setattr("runtime.parity.prompt_following.judge_pictures", even)
    tasks = sticker_tasks(bundle, 3)  # 18: a batch and a half
    whole = list(judge(bundle, tasks, ""))
    assert [len(verdicts) for verdicts in whole] == [BATCH, len(tasks)]
    assert list(judge(bundle, tasks, whole[0])) == whole[1:]
    assert list(judge(bundle, tasks, whole[1])) == []
    generator = Generator(bundle)
    pictures = [
        generator.text_to_image(Request(task.prompt, seed=seed)).picture for seed, task in enumerate(tasks)
    ]
    assert whole[-1] == "".join("1" if picture.sum() % 2 == 0 else "0" for picture in pictures)
    assert len(set(whole[-1])) == 2


def test_shares_and_their_standard_errors():
    assert share("1101") == 0.75
    assert standard_error("1100" * 25) == pytest.approx(0.05)
    # 10 of 100 lost, none gained: the difference is a share of its own.
    assert change("1" * 100, "1" * 90 + "0" * 10) == (pytest.approx(-0.1), pytest.approx(0.03))
    assert change("1100", "1100") == (0, 0)
