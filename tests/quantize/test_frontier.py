"""The path from least harm to least bytes, held against every possible choice."""

from itertools import pairwise, product

import numpy as np
import pytest

from quantize.frontier import Option, frontier, hull

FORMS = (("fp16", 2.0), ("int8", 1.0), ("int4", 0.6))


def options(seed: int) -> dict:
    """Five weights of any size, each as likely as not with an int8 that does more harm than int4."""
    rng = np.random.default_rng(seed)
    made = {}
    for index in range(5):
        size = int(rng.integers(100, 10_000))
        harm = np.concatenate([[rng.uniform(0, 1e-6)], rng.uniform(1e-5, 1e-2, 2)])
        made["transformer", str(index)] = [
            Option(precision, int(size * ratio), float(kl))
            for (precision, ratio), kl in zip(FORMS, harm, strict=True)
        ]
    return made


@pytest.mark.parametrize("seed", range(8))
def test_no_choice_of_a_places_size_does_less_harm(seed):
    given = options(seed)
    every = [
        (sum(option.bytes for option in one), sum(option.kl for option in one))
        for one in product(*given.values())
    ]
    path = frontier(given)
    for place in path:
        assert place.kl <= min(kl for size, kl in every if size <= place.bytes) + 1e-15
    assert path[0].kl == pytest.approx(min(kl for _, kl in every))
    assert path[-1].bytes == min(size for size, _ in every)


def test_the_path_changes_one_weight_at_a_time_and_only_grows_smaller():
    path = frontier(options(1))
    for before, after in pairwise(path):
        assert sum(before.options[key] != after.options[key] for key in before.options) == 1
        assert after.bytes < before.bytes and after.kl >= before.kl


def test_a_form_that_is_larger_and_does_more_harm_than_another_is_never_taken():
    fp16, int8, int4 = Option("fp16", 200, 0.0), Option("int8", 100, 0.02), Option("int4", 60, 0.01)
    assert hull([fp16, int8, int4]) == [fp16, int4]
    assert hull([Option("fp16", 200, 0.03), int8, int4]) == [int4]
