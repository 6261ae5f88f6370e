"""When goods were taken and left, fact by fact, whatever the order in which that is told.

A shipment that is told before its pick implies the pick, as of the moment at which it left. The
pick that is told late says that the goods had left their shelf earlier: what stood there in between
was less than was entered, and whoever counted it then was right. So a fact that is told after a
later one moves goods at each moment at which it changes what was taken up to there; in sum, what it
adds now.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crossdock.contracts.vocabulary import PickSource
from crossdock.orders.lots import Key, Split, changes, note_goods
from crossdock.orders.state import GoodsTold, SiteLine

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

FIGURES = ("picked", "packed", "shipped")
"""The figures of a place that say where its goods are."""


@dataclass(frozen=True, slots=True)
class Step:
    """What of a fact happened at one moment: by key, how many more were taken and shipped."""

    at: datetime
    goods: tuple[tuple[Key, int, int], ...]


def ticks(at: datetime) -> int:
    """A moment as facts are kept by it: microseconds of UTC since 1970."""
    return (at - _BEGAN) // _TICK


def add(place: SiteLine, one: GoodsTold) -> tuple[Step, ...]:
    """Add a fact to a place; gives its steps where some are of later moments than its own."""
    earlier = _later_told(place, one)
    note(place, one)
    if one.units:
        insort(place.told, one)
    if not earlier:
        return ()
    steps = tuple(_steps(earlier, place.told, one.at))
    return () if [step.at for step in steps] == [_moment(one.at)] else steps


def note(place: SiteLine, one: GoodsTold) -> None:
    """Add up the figures of a fact, and what it named."""
    setattr(place, one.figure, getattr(place, one.figure) + one.units)
    for source, lot, units in one.goods:
        if one.figure == "shipped":
            note_goods(place, PickSource(source), lot, shipped=units)
        else:
            note_goods(place, PickSource(source), lot, picked=units)


def _later_told(place: SiteLine, one: GoodsTold) -> list[GoodsTold]:
    """All that was told of a place before, where some of it happened later; else nothing.

    Nothing too where it is not all there: a place of an older release, which kept no moments.
    """
    if not one.units or not place.told or place.told[-1].at <= one.at:
        return []
    for figure in FIGURES:
        told = sum(known.units for known in place.told if known.figure == figure)
        if told != getattr(place, figure):
            return []
    return list(place.told)


def _steps(before: Sequence[GoodsTold], after: Sequence[GoodsTold], since: int) -> Iterator[Step]:
    """By moment, what was taken and shipped up to there by one telling and not by the other."""
    done: Counter[tuple[Key, int]] = Counter()  # by key, which of the two it is
    for moment in sorted({one.at for one in after if one.at >= since}):
        found: Counter[tuple[Key, int]] = Counter()
        for key, *units in changes(_upto(before, moment), _upto(after, moment)):
            found.update({(key, which): much for which, much in enumerate(units)})
        new = {one: found[one] - done[one] for one in {*found, *done} if found[one] != done[one]}
        done = found
        keys = sorted({key for key, _ in new}, key=lambda key: (key[1], key[0]))
        goods = tuple((key, new.get((key, 0), 0), new.get((key, 1), 0)) for key in keys)
        if goods:
            yield Step(_moment(moment), goods)


def _upto(told: Sequence[GoodsTold], moment: int) -> Split:
    """What was taken and shipped of each key up to a moment."""
    place = SiteLine()
    for one in told:
        if one.at <= moment:
            note(place, one)
    return Split(place)


def _moment(at: int) -> datetime:
    return _BEGAN + at * _TICK
