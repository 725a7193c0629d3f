"""Which precision each weight should have, when the damage of each is known.

The damages of single weights nearly add up, so sum of bytes against sum of damages is a knapsack. Its
Lagrangian answer is a path: every weight starts at its least harmful form, then the step that costs least
damage for each byte it saves is taken, and the next one, until everything is as small as it can be. Each
place on the path does the least damage of all choices of its size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from quantize.recipe import Precision

Key = tuple[str, str]  # graph, weight


@dataclass(frozen=True)
class Option:
    """A form that a weight may have."""

    precision: Precision
    bytes: int
    kl: float  # nats a position, when nothing else is quantized


@dataclass(frozen=True)
class Choice:
    """A place on the path: an option for every weight, and what they come to."""

    options: dict[Key, Option]

    @property
    def bytes(self) -> int:
        return sum(option.bytes for option in self.options.values())

    @property
    def kl(self) -> float:
        """Predicted: as if damages added up."""
        return sum(option.kl for option in self.options.values())


def frontier(options: Mapping[Key, Sequence[Option]]) -> list[Choice]:
    """The path from the least harmful choice to the smallest, one weight changed at a time."""
    hulls = {key: hull(given) for key, given in options.items()}
    steps = [
        (slope(before, after), key, after) for key, one in hulls.items() for before, after in pairwise(one)
    ]
    path = [Choice({key: one[0] for key, one in hulls.items()})]
    # The sort is stable and the steps of one weight grow steeper, so they stay in order.
    for _, key, option in sorted(steps, key=lambda step: step[0]):
        path.append(Choice(path[-1].options | {key: option}))
    return path


def hull(options: Sequence[Option]) -> list[Option]:
    """The options worth taking, from the least harmful to the smallest: the lower convex hull of damage over
    bytes. An option that is larger than another without doing less damage is left out.
    """
    found = [min(options, key=lambda option: (option.kl, option.bytes))]
    while smaller := [option for option in options if option.bytes < found[-1].bytes]:
        found.append(min(smaller, key=lambda option: (slope(found[-1], option), option.bytes)))
    return found


def slope(before: Option, after: Option) -> float:
    """Damage for each byte saved."""
    return (after.kl - before.kl) / (before.bytes - after.bytes)
