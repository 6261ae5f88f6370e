"""What must lie on which shelf and when: a declared share of lines runs short, and none stays so.

Read ahead over all documents once. Per item, the stock bought in one go lasts until a line that is
chosen to run short: half of it is there, the rest and everything after it comes with a delivery one
to three mornings later; lines ordered in between run short too. So the units supplied equal the
units ordered, and at the end every line can be shipped, whatever comes back on top.

Which line is chosen depends on a digest of its document and number alone: same file, same story.
Write-offs take goods that were bought damaged: whether the shelf that an order was promised has
them never depends on a write-off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from zlib import crc32

from msgspec import Struct, field

from crossdock.contracts.money import line_amount_minor
from crossdock.contracts.vocabulary import ItemKind
from crossdock.estate.stories.documents import Document, Role, kind_of, roles
from crossdock.estate.stories.rows import SourceLine
from crossdock.estate.stories.story import Rejection

SHORT_PER_10000 = 140
"""Lines per ten thousand that are chosen to run short; with the lines that follow while the
delivery is on its way, 3 to 6 % of the lines of a busy assortment are short."""

FIRST_SITE_PERCENT = 60
"""How much of the stock goes to the first site; the rest is spread over the others."""

DELIVERY_AFTER_DAYS_MAX = 3
DELIVERY_TIME = timedelta(hours=6, minutes=30)
"""Deliveries come in the morning, UTC, before the first order."""

SPLIT_FROM_UNITS = 24
"""Stock of fewer units lies at one site."""

CURRENCY = "GBP"

TRADE, RETAIL = "TRADE", "RETAIL"
"""The price lists: of customers with an account, and of who is not named."""

Shelf = tuple[str, str]
"""(site, item)."""


class _Supply(Struct):
    """The purchase of one item that serves its lines now."""

    comes: datetime | None  # None: there when the doors open
    units: int = 0


class Survey(Struct):
    """What one look ahead over all documents finds."""

    sites: tuple[str, ...]
    starts: datetime | None = None
    items: dict[str, str] = field(default_factory=dict)  # item -> description, or empty
    customers: dict[str, str] = field(default_factory=dict)  # customer -> country
    cash_days: dict[str, None] = field(default_factory=dict)  # days with sales to nobody named
    taken_back: set[tuple[str, str]] = field(default_factory=set)  # (customer, item)
    opening: dict[Shelf, int] = field(default_factory=dict)
    damaged: dict[Shelf, int] = field(default_factory=dict)
    deliveries: dict[datetime, dict[Shelf, int]] = field(default_factory=dict)
    lines_short: int = 0
    units: int = 0
    dearest: dict[str, int] = field(default_factory=dict)  # customer -> largest document, minor
    prices: dict[tuple[str, str], int] = field(
        default_factory=dict
    )  # (list, item) -> ten-thousandths


def survey(found: Iterable[Document | Rejection], sites: tuple[str, ...]) -> Survey:
    """Read all documents ahead and plan the supply of their items over these sites."""
    ahead = _Ahead(Survey(sites))
    for document in found:
        if isinstance(document, Document):
            ahead.document(document)
    ahead.close()
    return ahead.survey


def site_of(sku: str, sites: tuple[str, ...], salt: str = "") -> str:
    """The site that holds an item's small stock, its damaged goods and its finds."""
    draw = drawn(f"{sku}/{salt}", 100)
    if draw < FIRST_SITE_PERCENT or len(sites) == 1:
        return sites[0]
    return sites[1 + draw % (len(sites) - 1)]


_NEXT_TO_NOTHING_E4 = 100


def list_of(customer: str) -> str:
    """The price list by which a customer buys; "" is nobody named."""
    return TRADE if customer else RETAIL


class _Ahead:
    """The survey in the making."""

    def __init__(self, so_far: Survey) -> None:
        self.survey = so_far
        self._supplies: dict[str, _Supply] = {}
        self._sold_at: dict[tuple[str, str], Counter[int]] = {}
        self._given_away: set[tuple[str, str]] = set()

    def document(self, document: Document) -> None:
        so_far = self.survey
        if so_far.starts is None:
            so_far.starts = document.at
        worth = 0
        for line, role in roles(document):
            if not isinstance(role, Role) or role is Role.ABSORBED:
                continue
            self._item(line)
            if role is Role.SOLD:
                worth += line_amount_minor(line.quantity, line.price_e4, CURRENCY)
            if role is Role.SOLD and kind_of(line.sku) is ItemKind.STOCK:
                self._sold(line)
                self._priced(list_of(document.customer), line)
            elif role is Role.TAKEN_BACK:
                so_far.taken_back.add((line.customer, line.sku))
            elif role is Role.WRITTEN_OFF:
                shelf = (site_of(line.sku, so_far.sites), line.sku)
                so_far.damaged[shelf] = so_far.damaged.get(shelf, 0) - line.quantity
            if role in _NAMES_AN_ACCOUNT:
                self._account(document)
        dearest = so_far.dearest
        dearest[document.customer] = max(worth, dearest.get(document.customer, 0))

    def _item(self, line: SourceLine) -> None:
        # What stands on a sale at a price is the item's name; elsewhere people write remarks.
        named = line.description if line.quantity > 0 and line.price_e4 > 0 else ""
        if not self.survey.items.setdefault(line.sku, named):
            self.survey.items[line.sku] = named

    def _account(self, document: Document) -> None:
        if document.customer:
            self.survey.customers.setdefault(document.customer, document.country)
        else:
            self.survey.cash_days.setdefault(document.at.date().isoformat())

    def _sold(self, line: SourceLine) -> None:
        supply = self._supplies.get(line.sku)
        if supply is None:
            supply = self._supplies[line.sku] = _Supply(None)
        if supply.comes is not None and line.at < supply.comes:
            self.survey.lines_short += 1
        elif drawn(f"{line.document}/{line.line_no}", 10_000) < SHORT_PER_10000:
            self.survey.lines_short += 1
            there = line.quantity // 2
            supply.units += there
            self._book(line.sku, supply)
            supply = self._supplies[line.sku] = _Supply(_delivery(line), -there)
        supply.units += line.quantity

    def _priced(self, price_list: str, line: SourceLine) -> None:
        if line.price_e4 > 0:
            self._sold_at.setdefault((price_list, line.sku), Counter())[line.price_e4] += 1
        else:
            self._given_away.add((price_list, line.sku))

    def close(self) -> None:
        """Book the last purchase of every item; its price is the one at which it sold most.

        What a list has only given away costs there what it costs on another, else next to nothing:
        an order names no price for it, and would wait for one for ever.
        """
        prices = self.survey.prices
        for key, sold in self._sold_at.items():
            prices[key] = sold.most_common(1)[0][0]
        for name, sku in sorted(self._given_away - prices.keys()):
            elsewhere = [prices[other, sku] for other in (RETAIL, TRADE) if (other, sku) in prices]
            prices[name, sku] = elsewhere[0] if elsewhere else _NEXT_TO_NOTHING_E4
        for sku, supply in self._supplies.items():
            self._book(sku, supply)

    def _book(self, sku: str, supply: _Supply) -> None:
        if not supply.units:
            return
        self.survey.units += supply.units
        shelves = self.survey.opening
        if supply.comes is not None:
            shelves = self.survey.deliveries.setdefault(supply.comes, {})
        for site, units in self._spread(sku, supply):
            shelves[site, sku] = shelves.get((site, sku), 0) + units

    def _spread(self, sku: str, supply: _Supply) -> list[tuple[str, int]]:
        sites = self.survey.sites
        if supply.units < SPLIT_FROM_UNITS or len(sites) == 1:
            return [(site_of(sku, sites, f"{supply.comes}"), supply.units)]
        share = supply.units * (100 - FIRST_SITE_PERCENT) // 100 // (len(sites) - 1)
        first = supply.units - share * (len(sites) - 1)
        return [(sites[0], first), *((site, share) for site in sites[1:])]


_NAMES_AN_ACCOUNT = {Role.SOLD, Role.CREDITED}


def _delivery(line: SourceLine) -> datetime:
    days = 1 + drawn(f"{line.sku}/{line.document}", DELIVERY_AFTER_DAYS_MAX)
    morning = line.at.replace(hour=0, minute=0, second=0, microsecond=0)
    return morning + timedelta(days=days) + DELIVERY_TIME


def drawn(text: str, below: int) -> int:
    """A number below `below` that the text alone decides."""
    return crc32(text.encode()) % below
