"""What Tryton has to say: it sends nothing by itself, so it is walked, with an overlap.

Its stamps are the start of the transaction that wrote, so a change that commits late is stamped
before what a poll has seen; `connectors/kit/polling.py` says how none is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar

import msgspec

from crossdock.connectors.kit.polling import Change, Walk, read_cursor, written
from crossdock.connectors.kit.reading import Odd, shaped, understood
from crossdock.connectors.tryton import inbound, wire
from crossdock.connectors.tryton.api import Api, Domain, Record, Stopped
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Page, Said, Unread

_BY_NUMBER = [["id", "ASC"]]
_WITH_A_CODE = [["active", "in", [True, False]], ["code", "!=", None]]

Shape = TypeVar("Shape", bound=msgspec.Struct)


class TrytonFeed:
    """One model of Tryton, walked by its numbers."""

    def __init__(
        self,
        name: str,
        model: str,
        fields: Sequence[str],
        api: Api,
        settings: TrytonSettings,
        *,
        stamp: Callable[[Record], datetime] = inbound.stamp_of,
        only: Domain = (),
        beside: Sequence[str] = (),
    ) -> None:
        """`only` narrows the model; `beside` are linked records whose changes are its own."""
        self.name = name
        self._model = model
        self._fields = fields
        self._api = api
        self._page_size = settings.page_size
        self._overlap = timedelta(seconds=settings.overlap_seconds)
        self._stamp = stamp
        self._only = list(only)
        self._stamps = [*("write_date", "create_date"), *beside]

    async def page(self, cursor: str, now: datetime) -> Page | RetryLater:
        """What changed, beyond the last record of the walk."""
        walk = read_cursor(cursor, Walk)
        since = wire.moment(walk.since(self._overlap))
        changed: list[Any] = ["OR", *([[name, ">=", since]] for name in self._stamps)]
        domain = [changed, *self._only]
        if walk.after:
            domain.append(["id", ">", int(walk.after)])
        try:
            found = await self._api.search(
                self._model, domain, self._fields, limit=self._page_size + 1, order=_BY_NUMBER
            )
            more = len(found) > self._page_size
            changes = [self._change(record, now) for record in found[: self._page_size]]
            unread = {one.record for one in walk.unread(changes)}
            said = await self._said([one for one in found if str(one["id"]) in unread])
        except Stopped as stopped:
            return _later(stopped)
        after = walk.beyond(changes, self._overlap, now, more=more)
        return Page(said, written(after), more=more)

    async def some(self, records: Sequence[str], now: datetime) -> Page | RetryLater:
        """What these records mean now."""
        numbers = [int(one) for one in records if one.isdecimal()]
        try:
            found = await self._api.search(
                self._model, [["id", "in", numbers], *self._only], self._fields
            )
            return Page(await self._said(found), "")
        except Stopped as stopped:
            return _later(stopped)

    def _change(self, record: Record, now: datetime) -> Change:
        try:
            stamp = self._stamp(record)
        except Odd:
            stamp = now  # it is set aside; when it changes it is read again
        return Change(str(record["id"]), stamp.isoformat(), stamp)

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        return self._read(records, inbound.item)

    async def _by_number(
        self, model: str, numbers: set[int], fields: Sequence[str], shape: type[Shape]
    ) -> list[Shape]:
        """The records of these numbers; one that is not as agreed is as good as missing."""
        if not numbers:
            return []
        found = await self._api.search(model, [["id", "in", sorted(numbers)]], fields)
        records = []
        for record in found:
            with suppress(Odd):
                records.append(shaped(record, shape))
        return records

    def _read(
        self, records: Sequence[Record], meaning: Callable[[Record], Sequence[Said]]
    ) -> list[Said | Unread]:
        return [
            said
            for record in records
            for said in understood(f"{self._model}/{record['id']}", record, meaning)
        ]


class Prices(TrytonFeed):
    """The list prices of products, under the name that the house gives to that list."""

    def __init__(self, api: Api, settings: TrytonSettings) -> None:
        super().__init__(
            "prices",
            wire.PRODUCT,
            inbound.PRICE_FIELDS,
            api,
            settings,
            stamp=inbound.price_stamp,
            beside=(
                "template.write_date",
                "template.list_prices.write_date",
                "template.list_prices.create_date",
            ),
            only=_WITH_A_CODE,
        )
        self._list = settings.price_list or ""
        self._company = settings.company
        self._currency = ""

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        if not self._currency and records:
            found = await self._api.read(wire.COMPANY, self._company, ("currency.code",))
            self._currency = str((found.get("currency") or {}).get("code") or "")
        return self._read(records, lambda one: inbound.price(one, self._list, self._currency))


class Parties(TrytonFeed):
    """Parties that have a code."""

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        return self._read(records, inbound.party)


class Purchases(TrytonFeed):
    """Confirmed purchases of goods, until nothing more comes of them."""

    def __init__(self, api: Api, settings: TrytonSettings) -> None:
        super().__init__(
            "purchases",
            wire.PURCHASE,
            inbound.PURCHASE_FIELDS,
            api,
            settings,
            stamp=inbound.purchase_stamp,
            beside=(
                "lines.write_date",
                "lines.create_date",
                "lines.moves.write_date",
                "lines.moves.create_date",
            ),
            only=[
                ["company", "=", settings.company],
                ["state", "in", sorted(wire.TO_COME)],
                ["number", "!=", None],
            ],
        )

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        return self._read(records, inbound.purchase)


class Receipts(TrytonFeed):
    """What Tryton's own people received, at the sites whose warehouse is run there."""

    def __init__(self, api: Api, settings: TrytonSettings, own: inbound.Own) -> None:
        super().__init__(
            "receipts",
            wire.SHIPMENT_IN,
            inbound.RECEIPT_FIELDS,
            api,
            settings,
            only=_done_at_sites(settings, own),
        )

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        return self._read(records, inbound.receipt)


class Shipments(TrytonFeed):
    """What Tryton's own people sent off, at the sites whose warehouse is run there.

    Those with a reference are the hub's.
    """

    def __init__(self, api: Api, settings: TrytonSettings, own: inbound.Own) -> None:
        super().__init__(
            "shipments",
            wire.SHIPMENT,
            inbound.SHIPMENT_FIELDS,
            api,
            settings,
            only=[["reference", "=", None], *_done_at_sites(settings, own)],
        )
        self._own = own

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        numbers: set[int] = set().union(*map(inbound.sold_lines, records))
        lines = await self._by_number(
            wire.SALE_LINE, numbers, inbound.SALE_LINE_FIELDS, wire.SaleLine
        )
        sales = {line.id: line for line in lines}
        return self._read(records, lambda one: inbound.shipment(one, sales, self._own))


class Sales(TrytonFeed):
    """Sales that Tryton's own people entered; one that is only confirmed may still go back."""

    def __init__(self, api: Api, settings: TrytonSettings, own: inbound.Own) -> None:
        super().__init__(
            "sales",
            wire.SALE,
            inbound.SALE_FIELDS,
            api,
            settings,
            only=[
                ["company", "=", settings.company],
                ["state", "in", ["done", "processing"]],
                ["create_date", ">=", wire.moment(own.since)],
            ],
        )
        self._channel = own.channel or ""

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        return self._read(records, lambda one: inbound.order(one, self._channel))


class Invoices(TrytonFeed):
    """Posted invoices and credit notes, with the sale lines and shipments that they speak of."""

    def __init__(self, api: Api, settings: TrytonSettings, own: inbound.Own | None) -> None:
        super().__init__(
            "invoices",
            wire.INVOICE,
            inbound.INVOICE_FIELDS,
            api,
            settings,
            only=[["type", "=", "out"], ["state", "in", sorted(wire.POSTED)]],
        )
        self._own = own

    async def _said(self, records: Sequence[Record]) -> list[Said | Unread]:
        lines: set[int] = set()
        shipments: set[int] = set()
        for record in records:
            of_sales, left_with = inbound.origins(record)
            lines |= of_sales
            shipments |= left_with
        sales = await self._by_number(
            wire.SALE_LINE, lines, inbound.SALE_LINE_FIELDS, wire.SaleLine
        )
        left = await self._by_number(wire.SHIPMENT, shipments, inbound.LEFT_FIELDS, wire.Left)
        return self._read(
            records,
            lambda one: inbound.posted(
                one,
                {line.id: line for line in sales},
                {each.id: each for each in left},
                self._own,
            ),
        )


def feeds(api: Api, settings: TrytonSettings) -> tuple[TrytonFeed, ...]:
    """All feeds, masters first: orders and invoices speak of them."""
    prices = (Prices(api, settings),) if settings.price_list else ()
    own = None
    if settings.heard_from is not None:
        since = datetime.combine(settings.heard_from, time(), UTC)
        own = inbound.Own(since, settings.channel, settings.sites)
    sales = (Sales(api, settings, own),) if own is not None and own.channel is not None else ()
    receipts = (Receipts(api, settings, own),) if own is not None and own.sites else ()
    shipments = (Shipments(api, settings, own),) if own is not None and own.sites else ()
    return (
        TrytonFeed(
            "items",
            wire.PRODUCT,
            inbound.ITEM_FIELDS,
            api,
            settings,
            stamp=inbound.item_stamp,
            beside=("template.write_date",),
            only=_WITH_A_CODE,
        ),
        *prices,
        Parties(
            "parties",
            wire.PARTY,
            inbound.PARTY_FIELDS,
            api,
            settings,
            only=_WITH_A_CODE,
        ),
        Purchases(api, settings),
        *receipts,
        *sales,
        *shipments,
        Invoices(api, settings, own),
    )


def _done_at_sites(settings: TrytonSettings, own: inbound.Own) -> Domain:
    """Shipments that are over, at the sites whose warehouse is run there, and no history."""
    return [
        ["company", "=", settings.company],
        ["state", "=", "done"],
        ["warehouse.code", "in", list(own.sites)],
        ["effective_date", ">=", wire.day(own.since.date())],
    ]


def _later(stopped: Stopped) -> RetryLater:
    answer = stopped.answer
    if isinstance(answer, RetryLater):
        return answer
    return RetryLater(getattr(answer, "reason", repr(answer)))
