"""Charts: where values stand, and marks that say so."""

import xml.etree.ElementTree as ET

import pytest

from runtime.parity.chart import BOTTOM, HEIGHT, TOP, decades, line_chart, shares


@pytest.mark.parametrize("least", [0.0, 0.43, 0.87, 0.9993, 1.0])
def test_shares_fill_the_axis_from_below_the_least_to_one(least: float) -> None:
    axis = shares([1.0, least])
    assert axis.low <= least <= axis.high == 1.0
    assert len({axis.label(mark) for mark in axis.marks}) == len(axis.marks)
    assert axis.at(1.0) == TOP and axis.at(axis.low) == pytest.approx(HEIGHT - BOTTOM)


def test_decades_are_evenly_spaced_and_zero_stands_at_the_foot() -> None:
    axis = decades([3e-11, 2e-8, 0.0])
    assert axis.low <= 3e-11 and axis.high >= 2e-8
    gaps = [axis.at(10.0 ** (power + 1)) - axis.at(10.0**power) for power in (-11, -10, -9)]
    assert gaps == pytest.approx([gaps[0]] * 3)
    assert axis.at(0.0) == axis.at(axis.low)


@pytest.mark.parametrize("values", [[0.5], [0.9, 1.0, 0.95], [1.0] * 48])
def test_a_chart_has_a_point_for_each_step_inside_the_drawing(values: list[float]) -> None:
    root = ET.fromstring(line_chart("agreement", values, shares(values)))
    circles = root.findall("circle")
    assert [circle.find("title").text for circle in circles] == [
        f"step {step + 1}: {value:.6g}" for step, value in enumerate(values)
    ]
    heights = [float(circle.get("cy")) for circle in circles]
    assert all(TOP <= height <= HEIGHT - BOTTOM for height in heights)
    assert sorted(heights, reverse=True) == [
        heights[i] for i in sorted(range(len(values)), key=values.__getitem__)
    ]
