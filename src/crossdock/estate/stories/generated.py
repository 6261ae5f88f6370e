"""Making up sales documents whose statistics are those of a real wholesaler.

The generator makes lines, not steps: they go the same way as the lines of a file, through the same
rules, and every one of them is accounted for. Everything is drawn from one seeded source of chance,
so a seed is a story. What is drawn stands in `figures`; what is not: lines within an order are
independent of each other, and the top thousandth of quantities is cut off.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from msgspec import Struct

from crossdock.estate.stories.figures import (
    CUSTOMER_PERCENT,
    ITEM_RANKS,
    MEASURED,
    Curve,
    Figures,
    at,
)
from crossdock.estate.stories.planner import CANCELLED_UNTIL, Cast, PlannedStory
from crossdock.estate.stories.rows import SourceLine

STARTS = datetime(2025, 1, 6, tzinfo=UTC)
"""A Monday."""

ORDERS_REMEMBERED_MAX = 3_000
"""How many of the latest orders goods may come back from."""

LINES_REMEMBERED_MAX = 20
"""How many lines of one of these; few documents take back more."""

DAY_SPREAD = 0.3
"""How far a day's orders stray from the mean of its weekday: standard deviation as a share."""

NEVER_SEEN = 1.25
"""Customers to draw from, per customer who is drawn: many of those with one order are missed."""

COUNTRY = "United Kingdom"
REMARKS = ("", "", "damaged in store", "counted again", "water damage", "found behind rack 7")
FIRST_NUMBER = 100_001
FIRST_SKU = 10_001
GOLDEN = 0.6180339887498949  # multiples of it, whole part off, spread evenly

Drawn = tuple[str, int, int]
"""(item, quantity, price in ten-thousandths)."""

_Kind = Callable[[datetime], Iterator[SourceLine]]
"""Makes the lines of one document of a kind."""


class _Bought(Struct, frozen=True, gc=False):
    """An order that goods may come back from."""

    day: datetime
    customer: str
    lines: list[Drawn]


def generated_story(orders: int, seed: int = 1, cast: Cast | None = None) -> PlannedStory:
    """A story with so many orders (purchases, to which cancellations and returns are added)."""
    return PlannedStory(lambda: generated_lines(orders, seed), cast)


def generated_lines(
    orders: int, seed: int = 1, figures: Figures = MEASURED
) -> Iterator[SourceLine]:
    """Lines in time order; the same ones for the same arguments."""
    return _Generator(orders, Random(seed), figures).lines()  # seeded: a seed is a story


class _Generator:
    """One run of the generator."""

    def __init__(self, orders: int, chance: Random, figures: Figures) -> None:
        self._left = orders
        self._chance = chance
        self._figures = figures
        self._number = FIRST_NUMBER
        self._place = 1
        named = orders * (1 - figures.walk_in)
        self._customers = max(1, round(named * NEVER_SEEN / figures.orders_per_customer))
        self._bought: dict[bool, deque[_Bought]] = {
            named: deque(maxlen=ORDERS_REMEMBERED_MAX) for named in (True, False)
        }

    def lines(self) -> Iterator[SourceLine]:
        """Day by day, each day's documents by the minute."""
        day = STARTS
        while self._left > 0:
            for moment, kind in self._agenda(day):
                yield from kind(moment)
            day += timedelta(days=1)

    def _agenda(self, day: datetime) -> list[tuple[datetime, _Kind]]:
        """What happens on a day and when; orders and what comes with them at the measured rates."""
        figures, chance = self._figures, self._chance
        open_days = sum(share > 0 for share in figures.orders_by_weekday)
        mean = figures.orders_per_day * open_days * figures.orders_by_weekday[day.weekday()]
        if not mean:
            return []
        orders = min(self._left, max(1, round(chance.gauss(mean, DAY_SPREAD * mean))))
        self._left -= orders
        kinds: list[_Kind] = [self._order] * orders
        for rate, kind in (
            (figures.take_backs_per_order, self._take_back),
            (figures.write_offs_per_order, self._write_off),
            (figures.finds_per_order, self._find),
        ):
            kinds += [kind] * sum(chance.random() < rate for _ in range(orders))
        agenda = [(self._moment(day), kind) for kind in kinds]
        # The sort is stable and looks at the time alone, so a seed says it all.
        agenda.sort(key=lambda entry: entry[0])
        return agenda

    def _moment(self, day: datetime) -> datetime:
        hour = self._chance.choices(range(24), self._figures.orders_by_hour)[0]
        return day + timedelta(hours=hour, minutes=self._chance.randrange(60))

    # --- documents -----------------------------------------------------------------------------

    def _order(self, moment: datetime) -> Iterator[SourceLine]:
        figures, chance = self._figures, self._chance
        named = chance.random() >= figures.walk_in
        customer = self._customer() if named else ""
        count = self._draw(figures.lines_customer if named else figures.lines_walk_in)
        services = figures.services_customer if named else figures.services_walk_in
        service = chance.random() < services
        units = figures.units_customer if named else figures.units_walk_in
        goods = self._goods(count - service, units)
        drawn = [*goods, self._service()] if service or not goods else goods
        self._bought[named].append(_Bought(moment, customer, goods[:LINES_REMEMBERED_MAX]))
        yield from self._document("", moment, customer, drawn)

    def _goods(self, count: int, units: Curve) -> list[Drawn]:
        figures, chance = self._figures, self._chance
        goods: dict[str, Drawn] = {}
        # An order names an item once; a few draws more make up for those that repeat.
        for _ in range(count * 2):
            if len(goods) >= count:
                break
            rank = self._rank()
            free = bool(goods) and chance.random() < figures.free
            price = 0 if free else self._price(rank)
            sku = _sku(rank)
            goods.setdefault(sku, (sku, self._draw(units), price))
        return list(goods.values())

    def _take_back(self, moment: datetime) -> Iterator[SourceLine]:
        figures, chance = self._figures, self._chance
        named = chance.random() >= figures.take_backs_walk_in
        count = self._draw(figures.lines_taken_back)
        credited = sum(chance.random() < figures.credited for _ in range(count))
        matched = chance.random() < figures.matched
        source = self._source(moment, count, named=named) if matched else None
        if source is None:
            customer = self._customer() if named else ""
            goods = self._goods(count - credited, figures.units_taken_back)
        else:
            customer = source.customer
            goods = [
                (sku, min(bought, self._draw(figures.units_taken_back)), price)
                for sku, bought, price in source.lines[: count - credited]
            ]
        back = goods + [self._service() for _ in range(credited)]
        drawn = [(sku, -quantity, price) for sku, quantity, price in back]
        yield from self._document("C", moment, customer, drawn)

    def _source(self, moment: datetime, count: int, *, named: bool) -> _Bought | None:
        """An earlier order that goods come back from: with enough lines, if that is easy."""
        found = None
        for _ in range(4):
            found = self._earlier(moment, self._bought[named])
            if found is None or len(found.lines) >= count:
                break
        return found

    def _earlier(self, moment: datetime, bought: deque[_Bought]) -> _Bought | None:
        """Any earlier order: a young one at the measured share."""
        if not bought:
            return None
        young = 0
        while young < len(bought) and moment - bought[-1 - young].day < CANCELLED_UNTIL:
            young += 1
        old = len(bought) - young
        if young and (not old or self._chance.random() < self._figures.cancelled):
            return bought[old + self._chance.randrange(young)]
        return bought[self._chance.randrange(old)]

    def _write_off(self, moment: datetime) -> Iterator[SourceLine]:
        drawn = (_sku(self._rank()), -self._draw(self._figures.units_written_off), 0)
        yield from self._document("", moment, "", [drawn], self._chance.choice(REMARKS))

    def _find(self, moment: datetime) -> Iterator[SourceLine]:
        drawn = (_sku(self._rank()), self._draw(self._figures.units_found), 0)
        yield from self._document("", moment, "", [drawn], self._chance.choice(REMARKS))

    def _document(
        self,
        prefix: str,
        moment: datetime,
        customer: str,
        drawn: list[Drawn],
        remark: str | None = None,
    ) -> Iterator[SourceLine]:
        document = f"{prefix}{self._number}"
        self._number += 1
        line_no = 0
        for sku, quantity, price in drawn:
            for _ in range(1 + (self._chance.random() < self._figures.absorbed)):
                line_no += 1
                self._place += 1
                yield SourceLine(
                    document,
                    line_no,
                    sku,
                    f"ITEM {sku}" if remark is None else remark,
                    quantity,
                    moment,
                    price,
                    customer,
                    COUNTRY,
                    self._place,
                )

    # --- draws ---------------------------------------------------------------------------------

    def _draw(self, points: Curve) -> int:
        return at(points, self._chance.random())

    def _rank(self) -> int:
        """An item by its popularity, 0 being the most frequent."""
        figures = self._figures
        ranks = (0, *ITEM_RANKS, figures.items)
        return int(_inverse(self._chance.random(), (0.0, *figures.item_share, 1.0), ranks))

    def _customer(self) -> str:
        shares = (0.0, *self._figures.customer_share)
        percent = _inverse(self._chance.random(), shares, (0, *CUSTOMER_PERCENT))
        return str(10_001 + int(percent * self._customers / 100))

    def _price(self, rank: int) -> int:
        """The price of an item, always the same, in whole pence."""
        price = at(self._figures.price_e4, rank * GOLDEN % 1)
        return max(100, price // 100 * 100)

    def _service(self) -> Drawn:
        codes = self._figures.service_codes
        code = self._chance.choices([c for c, _ in codes], [share for _, share in codes])[0]
        return code, 1, self._price(self._chance.randrange(self._figures.items)) * 5


def _sku(rank: int) -> str:
    return str(FIRST_SKU + rank)


def _inverse(share: float, shares: tuple[float, ...], values: tuple[int, ...]) -> float:
    """Where a cumulative share is reached, on straight lines between the points."""
    high = max(1, min(bisect_left(shares, share), len(shares) - 1))
    low = high - 1
    part = (share - shares[low]) / (shares[high] - shares[low])
    return values[low] + part * (values[high] - values[low]) if part < 1 else values[high] - 1e-9
