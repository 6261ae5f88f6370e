"""The statistics of a stream of sales documents: measured from lines, and as measured once.

`MEASURED` was measured with `measure` on the first eight months (2010-12 to 2011-07, 285,421 lines)
of "Online Retail": UCI Machine Learning Repository, data set 352, Chen, D. (2015), CC BY 4.0. The
generator draws from it. Shares are parts of one; times are UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from crossdock.contracts.vocabulary import ItemKind
from crossdock.estate.stories.documents import Document, Role, documents, kind_of, roles
from crossdock.estate.stories.matching import OpenLines
from crossdock.estate.stories.planner import CANCELLED_UNTIL
from crossdock.estate.stories.rows import SourceLine
from crossdock.estate.stories.story import Rejection
from crossdock.estate.stories.uci import read_lines

PERCENTILES = (0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9)
"""Where curves are measured. The last thousandth is left out: one line of 80,995 units would be
half of what a small generated story sells."""

ITEM_RANKS = (1, 10, 30, 100, 300, 1000, 2000, 3000)
CUSTOMER_PERCENT = (1, 5, 10, 25, 50, 75, 100)

Curve = tuple[int, ...]
"""The values at PERCENTILES."""


class Figures(Struct, frozen=True, kw_only=True):
    """What the generator draws from, and what it is compared with."""

    orders_per_day: float  # on days that have orders
    orders_by_weekday: tuple[float, ...]  # share; Monday first
    orders_by_hour: tuple[float, ...]  # share; from midnight
    walk_in: float  # share of orders that name no customer
    take_backs_per_order: float  # C documents
    take_backs_walk_in: float  # share of C documents that name no customer
    write_offs_per_order: float
    finds_per_order: float
    lines_customer: Curve  # lines per order
    lines_walk_in: Curve
    lines_taken_back: Curve  # lines per C document
    units_customer: Curve  # units per line of goods
    units_walk_in: Curve
    units_taken_back: Curve
    units_written_off: Curve
    units_found: Curve
    price_e4: Curve  # per line of goods sold at a price
    items: int  # goods that were sold
    item_share: tuple[float, ...]  # of goods lines, by the most frequent ITEM_RANKS items together
    customer_share: tuple[float, ...]  # of named orders, by the busiest CUSTOMER_PERCENT together
    orders_per_customer: float
    services_customer: float  # share of orders with a service line
    services_walk_in: float
    service_codes: tuple[tuple[str, float], ...]  # share of service lines, the most frequent first
    credited: float  # share of lines of C documents that give money back without goods
    absorbed: float  # share of all lines
    free: float  # share of sold lines at price zero
    matched: float  # share of taken-back lines that match an earlier order
    cancelled: float  # share of these whose order is younger than a day


def measure(path: Path) -> Figures:
    """Measure a file of lines. Raises what `uci.read_lines` raises, `ValueError` on no orders."""
    return figures_of(read_lines(path))


def figures_of(lines: Iterable[SourceLine | Rejection]) -> Figures:
    """Measure a stream of lines in time order. Raises `ValueError` where it holds no orders."""
    tally = _Tally()
    for document in documents(lines):
        if isinstance(document, Document):
            tally.add(document)
    return tally.figures()


class _Tally:
    """Everything counted so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.weekdays: Counter[int] = Counter()
        self.hours: Counter[int] = Counter()
        self.days: set[date] = set()
        self.lines: dict[str, list[int]] = {"customer": [], "walk_in": [], "taken_back": []}
        self.units: dict[str, list[int]] = {name: [] for name in _UNITS}
        self.prices: list[int] = []
        self.items: Counter[str] = Counter()
        self.customers: Counter[str] = Counter()
        self.services: Counter[str] = Counter()
        self.open = OpenLines()

    def add(self, document: Document) -> None:
        by_role: dict[Role, list[SourceLine]] = {}
        for line, role in roles(document):
            self.counts["lines"] += 1
            if isinstance(role, Role):
                by_role.setdefault(role, []).append(line)
        self.counts["absorbed"] += len(by_role.get(Role.ABSORBED, ()))
        if document.takes_back:
            self._take_back(document, by_role)
        elif Role.SOLD in by_role:
            self._order(document, by_role[Role.SOLD])
        for role, name in ((Role.WRITTEN_OFF, "written_off"), (Role.FOUND, "found")):
            lines = by_role.get(role, [])
            self.units[name].extend(abs(line.quantity) for line in lines)
            self.counts[name] += bool(lines)

    def _order(self, document: Document, lines: list[SourceLine]) -> None:
        who = "customer" if document.customer else "walk_in"
        self.counts[who] += 1
        self.weekdays[document.at.weekday()] += 1
        self.hours[document.at.hour] += 1
        self.days.add(document.at.date())
        self.lines[who].append(len(lines))
        if document.customer:
            self.customers[document.customer] += 1
        services = [line.sku for line in lines if kind_of(line.sku) is ItemKind.SERVICE]
        self.services.update(services)
        self.counts[f"services_{who}"] += bool(services)
        for line in lines:
            self.counts["free"] += line.price_e4 == 0
            if kind_of(line.sku) is ItemKind.STOCK:
                self.items[line.sku] += 1
                self.units[who].append(line.quantity)
                self.open.sold(document.number, line)
                if line.price_e4:
                    self.prices.append(line.price_e4)

    def _take_back(self, document: Document, by_role: dict[Role, list[SourceLine]]) -> None:
        taken, credited = by_role.get(Role.TAKEN_BACK, []), by_role.get(Role.CREDITED, [])
        self.counts["take_backs"] += 1
        self.counts["take_backs_walk_in"] += not document.customer
        self.counts["credited"] += len(credited)
        self.counts["taken_back"] += len(taken)
        self.lines["taken_back"].append(len(taken) + len(credited))
        for line in taken:
            self.units["taken_back"].append(-line.quantity)
            parts, _ = self.open.take(line)
            self.counts["matched"] += bool(parts)
            self.counts["cancelled"] += any(
                document.at - part.ordered_at < CANCELLED_UNTIL for part in parts
            )

    def figures(self) -> Figures:
        counts, orders = self.counts, self.counts["customer"] + self.counts["walk_in"]
        if not orders:
            raise ValueError("no orders to measure")
        services = self.services.total()
        taken = counts["taken_back"]
        return Figures(
            orders_per_day=_share(orders, len(self.days)),
            orders_by_weekday=tuple(_share(self.weekdays[day], orders) for day in range(7)),
            orders_by_hour=tuple(_share(self.hours[hour], orders) for hour in range(24)),
            walk_in=_share(counts["walk_in"], orders),
            take_backs_per_order=_share(counts["take_backs"], orders),
            take_backs_walk_in=_share(counts["take_backs_walk_in"], counts["take_backs"]),
            write_offs_per_order=_share(counts["written_off"], orders),
            finds_per_order=_share(counts["found"], orders),
            lines_customer=curve(self.lines["customer"]),
            lines_walk_in=curve(self.lines["walk_in"]),
            lines_taken_back=curve(self.lines["taken_back"]),
            units_customer=curve(self.units["customer"]),
            units_walk_in=curve(self.units["walk_in"]),
            units_taken_back=curve(self.units["taken_back"]),
            units_written_off=curve(self.units["written_off"]),
            units_found=curve(self.units["found"]),
            price_e4=curve(self.prices),
            items=len(self.items),
            item_share=_busiest(self.items, ITEM_RANKS),
            customer_share=_busiest(
                self.customers, [len(self.customers) * p // 100 for p in CUSTOMER_PERCENT]
            ),
            orders_per_customer=_share(counts["customer"], len(self.customers)),
            services_customer=_share(counts["services_customer"], counts["customer"]),
            services_walk_in=_share(counts["services_walk_in"], counts["walk_in"]),
            service_codes=tuple(
                (code, _share(count, services)) for code, count in self.services.most_common(6)
            ),
            credited=_share(counts["credited"], counts["credited"] + taken),
            absorbed=_share(counts["absorbed"], counts["lines"]),
            free=_share(
                counts["free"], sum(map(sum, (self.lines["customer"], self.lines["walk_in"])))
            ),
            matched=_share(counts["matched"], taken),
            cancelled=_share(counts["cancelled"], counts["matched"]),
        )


_UNITS = ("customer", "walk_in", "taken_back", "written_off", "found")


def curve(values: list[int]) -> Curve:
    """The values at PERCENTILES, each one that occurs; zeros where there are no values."""
    ranked = sorted(values) or [0]
    return tuple(ranked[min(len(ranked) - 1, int(p * len(ranked) / 100))] for p in PERCENTILES)


def at(points: Curve, share: float) -> int:
    """The value of a curve below which `share` (0 to 1) of the values lie, on straight lines."""
    percent = min(share * 100, PERCENTILES[-1])
    high = min(bisect_right(PERCENTILES, percent), len(PERCENTILES) - 1)
    low = high - 1
    width = PERCENTILES[high] - PERCENTILES[low]
    rise = points[high] - points[low]
    return points[low] + round(rise * (percent - PERCENTILES[low]) / width)


def _busiest(counts: Counter[str], ranks: Sequence[int]) -> tuple[float, ...]:
    ranked = sorted(counts.values(), reverse=True)
    return tuple(_share(sum(ranked[:rank]), counts.total()) for rank in ranks)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


MEASURED = Figures(
    orders_per_day=57.6943,
    orders_by_weekday=(0.15366, 0.18204, 0.18653, 0.2141, 0.15707, 0.0, 0.1066),
    orders_by_hour=(
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        0.00117,
        0.01706,
        0.05092,
        0.10292,
        0.12465,
        0.14019,
        0.14719,
        0.12268,
        0.12133,
        0.09088,
        0.04688,
        0.01958,
        0.01105,
        0.00323,
        0.00027,
        0.0,
        0.0,
        0.0,
    ),
    walk_in=0.0899,
    take_backs_per_order=0.2044,
    take_backs_walk_in=0.04921,
    write_offs_per_order=0.07858,
    finds_per_order=0.0388,
    lines_customer=(1, 1, 2, 6, 14, 26, 43, 57, 76, 92, 106, 154),
    lines_walk_in=(1, 1, 1, 3, 35, 111, 211, 340, 462, 536, 597, 675),
    lines_taken_back=(1, 1, 1, 1, 1, 2, 4, 6, 11, 17, 22, 40),
    units_customer=(1, 1, 1, 2, 6, 12, 24, 40, 96, 144, 200, 576),
    units_walk_in=(1, 1, 1, 1, 1, 2, 6, 9, 17, 25, 38, 90),
    units_taken_back=(1, 1, 1, 1, 2, 6, 12, 25, 72, 120, 200, 1930),
    units_written_off=(1, 1, 2, 6, 21, 64, 201, 576, 1440, 2472, 3100, 9600),
    units_found=(1, 1, 1, 2, 8, 36, 120, 200, 960, 2560, 3100, 5568),
    price_e4=(400, 4200, 6500, 12500, 21000, 41300, 79500, 99500, 141300, 169500, 207900, 359500),
    items=3473,
    item_share=(0.00539, 0.03678, 0.08618, 0.20508, 0.40947, 0.75354, 0.94557, 0.99613),
    customer_share=(0.12058, 0.28883, 0.41109, 0.63144, 0.82277, 0.92234, 1.0),
    orders_per_customer=3.21919,
    services_customer=0.07756,
    services_walk_in=0.56144,
    service_codes=(
        ("POST", 0.41553),
        ("DOT", 0.37168),
        ("M", 0.13659),
        ("C2", 0.0532),
        ("GIFT_0001_20", 0.00503),
        ("GIFT_0001_10", 0.00359),
    ),
    credited=0.06612,
    absorbed=0.00793,
    free=0.00124,
    matched=0.82164,
    cancelled=0.13445,
)
"""The figures of the file named above."""
