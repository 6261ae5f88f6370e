"""Which returns may come back: no more of a line than was shipped, first asked, first served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Wish(Protocol):
    """A wish to return: since when, and how many base units of which lines."""

    since: str
    lines: dict[str, int]


def authorised(wishes: Mapping[str, Wish], shipped: Mapping[str, int]) -> set[str]:
    """The returns that fit into what was shipped, taken in the order of (since, id).

    A function of the whole set, so that it does not matter which message came first.
    """
    left = dict(shipped)
    granted = set()
    for number, wish in sorted(wishes.items(), key=lambda pair: (pair[1].since, pair[0])):
        if all(left.get(line, 0) >= quantity for line, quantity in wish.lines.items()):
            granted.add(number)
            for line, quantity in wish.lines.items():
                left[line] -= quantity
    return granted
