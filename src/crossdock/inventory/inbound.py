"""What is expected of an item, and what of it is promised already: the rules (R3, R80).

Values in, values out. What somebody is promised ahead is never more than what is expected at sites
that may serve him, less what was promised before and what others wait for: so it still comes
after all of them were served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec


class Later(msgspec.Struct):
    """So many base units that are expected at a site."""

    site: str
    quantity: int
    expected_at: datetime


class OpenLine(Later):
    """What is still to come of one line of a purchase order."""

    purchase_order: str
    line: str


class Ahead(msgspec.Struct):
    """Units that one line of a reservation is promised of what comes; `line` is its place in it."""

    reservation_id: str
    line: int
    quantity: int
    since: datetime
    sites: tuple[str, ...]  # where it may be served


class Inbound(msgspec.Struct, omit_defaults=True):
    """Of one item: what is to come, earliest first, and what is promised of it, oldest first."""

    open: list[OpenLine] = []
    ahead: list[Ahead] = []

    @property
    def expected(self) -> int:
        """Base units that are to come."""
        return sum(one.quantity for one in self.open)

    @property
    def promised(self) -> int:
        """Base units of them that are promised."""
        return sum(one.quantity for one in self.ahead)

    def unpromised(self, site: str) -> int:
        """Base units that are to come to a site, beyond all that may be served there with them."""
        coming = sum(one.quantity for one in self.open if one.site == site)
        return max(0, coming - sum(one.quantity for one in self.ahead if site in one.sites))


class OrderedLine(msgspec.Struct):
    """One line of a purchase order as it was said last."""

    line: str
    item: str
    quantity: int
    expected_at: datetime


class Purchase(msgspec.Struct, omit_defaults=True):
    """A purchase order, and what came of it by item, also before anybody had told of it."""

    site: str = ""
    revision: int = 0
    lines: list[OrderedLine] = []
    received: dict[str, int] = {}

    def open_lines(self, number: str, item: str) -> list[OpenLine]:
        """What is to come of an item: what came was of the line that was expected first."""
        came = self.received.get(item, 0)
        found = []
        for one in sorted(self.lines, key=lambda one: (one.expected_at, one.line)):
            if one.item != item:
                continue
            part = min(came, one.quantity)
            came -= part
            if part < one.quantity:
                left = one.quantity - part
                found.append(OpenLine(self.site, left, one.expected_at, number, one.line))
        return found


Coming = Callable[[str, Sequence[str], int], list[Later]]
"""Base units of an item that come to one of these sites and are nobody's, beyond so many."""


def with_lines(now: Inbound, purchase_order: str, lines: Sequence[OpenLine]) -> Inbound:
    """The same with these lines of a purchase order in place of those it had."""
    others = [one for one in now.open if one.purchase_order != purchase_order]
    lined = sorted(
        [*others, *lines], key=lambda one: (one.expected_at, one.purchase_order, one.line)
    )
    return Inbound(lined, now.ahead)


def with_ahead(now: Inbound, part: Ahead) -> Inbound:
    """The same with so much promised to a line of a reservation; 0 takes it off."""
    mine = (part.reservation_id, part.line)
    others = [one for one in now.ahead if (one.reservation_id, one.line) != mine]
    listed = [*others, part] if part.quantity else others
    return Inbound(
        now.open, sorted(listed, key=lambda one: (one.since, one.reservation_id, one.line))
    )


def coming(now: Inbound, sites: Sequence[str], until: datetime, spoken_for: int) -> list[Later]:
    """What comes to these sites by then and is nobody's, earliest first.

    `spoken_for` are units that go to others beside what is promised already; who was there before
    gets what comes first.
    """
    skip = now.promised + spoken_for
    found = []
    for one in now.open:
        if one.site not in sites or one.expected_at > until:
            continue
        part = min(skip, one.quantity)
        skip -= part
        if part < one.quantity:
            found.append(Later(one.site, one.quantity - part, one.expected_at))
    return found


def take_first(parts: Sequence[Later], quantity: int) -> Iterator[Later]:
    """So many units of these, from the first."""
    for one in parts:
        part = min(quantity, one.quantity)
        if part > 0:
            quantity -= part
            yield Later(one.site, part, one.expected_at)


def fill(lines: Sequence[tuple[str, Sequence[str], int]], come: Coming) -> list[list[Later]]:
    """What each (item, sites, missing units) is promised ahead; lines of one item share it."""
    taken: dict[str, int] = {}
    found = []
    for item, sites, missing in lines:
        parts = list(take_first(come(item, sites, taken.get(item, 0)), missing)) if missing else []
        taken[item] = taken.get(item, 0) + sum(one.quantity for one in parts)
        found.append(parts)
    return found


def short_of(free: Mapping[str, int], keep_back: int) -> int:
    """Units of what comes that only make good what these sites lack, by site's free stock."""
    return sum(max(0, keep_back - units) for units in free.values())
