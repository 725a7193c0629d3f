"""Qualcomm's own runtime takes each operator form of our graphs and computes it right, and others not."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.npu.forms import FORMS, REJECTED, measure


@pytest.fixture(scope="module")
def fresh_process() -> Iterator[ProcessPoolExecutor]:
    """Once a bundle ran in a process, the provider takes forms there that it else refuses."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_taken_and_computed_right(name: str, tmp_path: Path) -> None:
    found = measure(FORMS[name], tmp_path)
    assert "refused" not in found
    assert found["cpu"] > 45 and found["float"] > 40, found


def test_4_bit_weights_are_computed_right_with_zero_points_alone(tmp_path: Path) -> None:
    """Without a zero-point input, which ONNX makes optional, the product is wrong and nothing says so."""
    linear = FORMS["linear: MatMul, Add"]
    found = [measure(linear, tmp_path, True, zero_points)["cpu"] for zero_points in (True, False)]
    assert found[0] > 45 and found[1] < 20, found


@pytest.mark.parametrize("name", REJECTED)
def test_another_form_is_refused_or_computed_wrongly(
    name: str, tmp_path: Path, fresh_process: ProcessPoolExecutor
) -> None:
    """When one of these fails, a new version of the provider has learnt the form."""
    found = fresh_process.submit(measure, REJECTED[name], tmp_path).result()
    assert "refused" in found or found["cpu"] < 20, found
