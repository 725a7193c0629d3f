import pytest

from export.errors import VerificationError
from export.limits import LIMITS, Figures, check
from runtime.measures import at_least, at_most


def passing(precision: str) -> dict[str, float]:
    return {limit.figure: limit.worst for limit in LIMITS[precision]}


@pytest.mark.parametrize("precision", LIMITS)
def test_figures_at_their_limits_pass(precision: str):
    check(passing(precision), precision)


@pytest.mark.parametrize("precision", LIMITS)
def test_each_figure_beyond_its_limit_fails_and_is_named_with_its_value(precision: str):
    for limit in LIMITS[precision]:
        worse = limit.worst - 0.001 if limit.higher_is_better else limit.worst + 0.001
        with pytest.raises(VerificationError, match=f"^{limit.figure} is {worse:.6g}"):
            check(passing(precision) | {limit.figure: worse}, precision)


def test_a_figure_that_is_no_number_fails():
    assert not at_least("x", 1).holds(float("nan"))
    assert not at_most("x", 1).holds(float("nan"))


def test_a_distance_is_the_worst_of_all_and_a_share_the_mean_over_positions():
    figures = Figures()
    for psnr, levels in ((50, 0), (30, 2), (40, 1)):
        figures.add("a.psnr", psnr)
        figures.add("a.levels", levels)
    figures.add("a.agreement", 1.0, weight=30)
    figures.add("a.agreement", 0.5, weight=10)
    assert figures.result() == {"a.psnr": 30, "a.levels": 2, "a.agreement": 0.875}
