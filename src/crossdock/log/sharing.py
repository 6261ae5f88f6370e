"""Who decides which partitions: everybody that lives has a fair share of what it wants (R219).

A worker takes what is free, and gives back what it has beyond its share while another has less than
its own. So a worker that is added is given work, one that dies leaves its part to the others, and
nothing goes to and fro: what is given back was one too many here and is one too few there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from fractions import Fraction
from math import ceil
from typing import NamedTuple


class Shares(NamedTuple):
    """What a worker does with the partitions that it wants, each in ascending order."""

    keeps: list[int]  # had or taken
    gives_back: list[int]


def share_out(me: str, wants: Mapping[str, Set[int]], owners: Mapping[int, str]) -> Shares:
    """What `me` keeps, takes and gives back of the partitions that it wants.

    `wants` names what each worker that lives would decide, `me` among them; `owners` the holder of
    each partition whose lease has not ended. A partition that all of k workers want counts as one
    k-th in the share of each, and shares are rounded up.
    """
    rivals = Counter(number for wanted in wants.values() for number in wanted)
    missing: dict[str, int] = {}  # of a share; below zero where somebody has more than that
    for name, wanted in wants.items():
        alike = Counter(rivals[number] for number in wanted)
        share = ceil(sum(Fraction(count, among) for among, count in alike.items()))
        missing[name] = share - sum(owners.get(number) == name for number in wanted)
    mine = sorted(number for number in wants[me] if owners.get(number) == me)
    if missing[me] < 0:
        gives_back = _wanted_elsewhere(me, mine, wants, missing)
        return Shares(sorted(set(mine).difference(gives_back)), gives_back)
    for number in sorted(wants[me] - owners.keys()):
        if missing[me] > 0 or _hungry(me, number, wants, missing) is None:
            mine.append(number)
            missing[me] -= 1
    return Shares(sorted(mine), [])


def _wanted_elsewhere(
    me: str, mine: list[int], wants: Mapping[str, Set[int]], missing: dict[str, int]
) -> list[int]:
    """Of what we have: what others lack, no more than we have too much."""
    given = []
    for number in mine:
        other = _hungry(me, number, wants, missing)
        if missing[me] < 0 and other is not None:
            given.append(number)
            missing[me] += 1
            missing[other] -= 1
    return given


def _hungry(
    me: str, number: int, wants: Mapping[str, Set[int]], missing: Mapping[str, int]
) -> str | None:
    """Another worker that wants this partition and has less than its share, if there is one."""
    others = (name for name, lacks in missing.items() if lacks > 0 and name != me)
    return next((name for name in others if number in wants[name]), None)
