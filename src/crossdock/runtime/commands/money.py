"""`crossdock money`: what is open between order, shipment, invoice, return and credit (R108, R114).

The lists are true at every moment: whether something of an order is open is written with each of
its changes, and only those orders are looked at. What a person decides is a message in the name of
the system that the ownership matrix lets say it, through the same door as that system's own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.controls import ControlTotals
from crossdock.contracts.invoices import InvoiceRetry
from crossdock.contracts.money import minor_digits
from crossdock.contracts.shipments import ShipmentClosing, ShipmentLink
from crossdock.contracts.vocabulary import Fate
from crossdock.contracts.words import Noun
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.log.ports import Reading
from crossdock.log.records import Wanted
from crossdock.log.views import MoneyTotal
from crossdock.orders.charges import ask_id
from crossdock.orders.matching import Finding, MatchRow, match
from crossdock.orders.state import OrderState
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.commands.saying import say_as_owner
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.deciders.money import CONTROLS

_ORDER = msgspec.json.Decoder(OrderState)
_CONTROLS = msgspec.json.Decoder(ControlTotals)
_PAGE = 500

NOT_INVOICED = frozenset(
    {
        Finding.SHIPMENT_WITHOUT_ORDER,
        Finding.SHIPPED_NOT_INVOICED,
        Finding.INVOICE_WITHHELD,
        Finding.INVOICE_REJECTED,
        Finding.NOT_CHARGED,
    }
)
"""Findings of goods that left and are not invoiced."""

OF_CREDITS = frozenset(
    {
        Finding.RETURNED_NOT_CREDITED,
        Finding.CREDIT_DIFFERS,
        Finding.CREDIT_DUPLICATE,
        Finding.CREDIT_NOT_ASKED,
        Finding.CREDITED_BEYOND_INVOICED,
    }
)
"""Findings between returns and credits."""


class UnknownOrder(CrossdockError):
    """Nothing is known of an order of this id."""

    code = "unknown-order"
    expects = "an order's id"


class UnknownFinding(CrossdockError):
    """There is no finding of this name."""

    code = "unknown-finding"
    expects = ", ".join(Finding)


class NothingToRetry(CrossdockError):
    """The invoice of this shipment is neither rejected nor withheld."""

    code = "nothing-to-retry"
    expects = "a shipment of `crossdock money shipped-not-invoiced`"


def match_all(order: str, finding: str, config: Path, *, as_json: bool) -> int:
    """List findings, of one order or of all with something open; gives 0.

    Raises:
        UnknownFinding: there is none of this name.
        UnknownOrder: the order is not known.
    """
    if finding and finding not in set(Finding):
        raise UnknownFinding(where="--finding", found=shown(finding))
    settings = read_settings(config)
    rows = asyncio.run(_rows(settings, order))
    _show([row for row in rows if finding in ("", row.finding)], as_json=as_json)
    return OK


def shipped_not_invoiced(config: Path, *, as_json: bool) -> int:
    """List goods that left without an invoice, the oldest first; gives 0."""
    rows = asyncio.run(_rows(read_settings(config), ""))
    _show([row for row in rows if row.finding in NOT_INVOICED], as_json=as_json)
    return OK


def credits_open(config: Path, *, as_json: bool) -> int:
    """List returns without their credit, and credits without their return; gives 0."""
    rows = asyncio.run(_rows(read_settings(config), ""))
    _show([row for row in rows if row.finding in OF_CREDITS], as_json=as_json)
    return OK


def control_totals(day: str, config: Path, *, as_json: bool) -> int:
    """Add up what left, was invoiced, came back and was credited, beside what systems report.

    Gives 0, or 1 where a system's own books add up to something else.
    """
    settings = read_settings(config)
    totals, reports = asyncio.run(_totals(settings))
    totals = [one for one in totals if day in ("", one.day)]
    reports = {name: said for name, said in reports.items() if day in ("", said.day)}
    for one in totals:
        say(
            f"{one.day}  {one.site or '-':10} {one.kind:9} {one.documents:7} documents"
            f" {one.units:10} units {_amount(one.value_minor, one.currency):>16} {one.currency}"
        )
    differences = [
        row for name, said in sorted(reports.items()) for row in differing(name, said, totals)
    ]
    for row in differences:
        say(
            f"{row['day']}  {row['site'] or '-'} {row['kind']} {row['currency']}: {row['source']}"
            f" has {row['units']:+} units and {row['value_minor']:+} minor units beside ours"
        )
    say(f"{len(totals)} totals, {len(reports)} reports, {len(differences)} differences")
    finish(
        {"totals": [one._asdict() for one in totals], "differences": differences},
        as_json=as_json,
    )
    return UNSOUND if differences else OK


def differing(name: str, said: ControlTotals, totals: Sequence[MoneyTotal]) -> list[dict[str, Any]]:
    """Where a system's own books add up to something else than ours, theirs less ours.

    Of what a system reports only: a kind, site or currency that it leaves out is not compared.
    `name` is the document's, `day/source`.
    """
    ours = {(one.day, one.site, one.kind, one.currency): one for one in totals}
    found = []
    for line in said.lines:
        key = (said.day, line.site or "", line.kind.value, line.currency or "")
        known = ours.get(key)
        units = line.units - (known.units if known is not None else 0)
        value = line.value_minor - (known.value_minor if known is not None else 0)
        if units or value:
            row = dict(zip(("day", "site", "kind", "currency"), key, strict=True))
            source = name.partition("/")[2]
            found.append({**row, "source": source, "units": units, "value_minor": value})
    return found


async def _totals(settings: Settings) -> tuple[list[MoneyTotal], dict[str, ControlTotals]]:
    async with opened_store(settings) as store:
        totals = await store.money_totals(settings.policy().posting.zone)
        documents = await all_documents(store, CONTROLS)
    return totals, {one.id: _CONTROLS.decode(one.body) for one in documents}


def link(order: str, shipment: str, to: str, note: str, config: Path, *, as_json: bool) -> int:
    """Say to which order a shipment belongs; gives 0 when that was applied, else 1.

    Raises:
        UnknownOrder: one of the two orders is not known.
    """
    settings = read_settings(config)
    said = ShipmentLink(order_id=order, shipment_id=shipment, to_order=to, note=note)
    return _decided(settings, catalogue.SHIPMENT_LINKED, said, (order, to), as_json=as_json)


def close(order: str, shipment: str, note: str, config: Path, *, as_json: bool) -> int:
    """Say that a shipment is not to be invoiced; gives 0 when that was applied, else 1.

    Raises:
        UnknownOrder: the order is not known.
    """
    settings = read_settings(config)
    said = ShipmentClosing(order_id=order, shipment_id=shipment, note=note)
    return _decided(settings, catalogue.SHIPMENT_CLOSED, said, (order,), as_json=as_json)


def retry(order: str, shipment: str, day: str, note: str, config: Path, *, as_json: bool) -> int:
    """Ask for an invoice again; gives 0 when that was applied, else 1.

    Raises:
        UnknownOrder: the order is not known.
        NothingToRetry: its invoice is neither rejected nor withheld.
        BadInput: the day is none, or nobody may say so.
    """
    settings = read_settings(config)
    said = asyncio.run(_to_retry(settings, order, shipment, day, note))
    return _decided(settings, catalogue.INVOICE_RETRIED, said, (order,), as_json=as_json)


def _decided(
    settings: Settings, kind: str, said: Noun, orders: Sequence[str], *, as_json: bool
) -> int:
    async def decide() -> dict[str, Any]:
        async with opened_store(settings) as store:
            for order in orders:
                await _order(store, order)
        return await say_as_owner(settings, kind, said)

    told = asyncio.run(decide())
    why = f": {told['reason']}" if told["reason"] else ""
    say(f"{told['type']} from {told['source']} at {told['place']} is {told['fate']}{why}")
    finish(told, as_json=as_json)
    return OK if told["fate"] == Fate.APPLIED else UNSOUND


# --- reading ----------------------------------------------------------------------------------


async def _rows(settings: Settings, order: str) -> list[MatchRow]:
    rules = settings.policy().credits
    async with opened_store(settings) as store:
        orders = [await _order(store, order)] if order else [o async for o in _unmatched(store)]
    rows = [row for one in orders for row in match(one, rules)]
    return sorted(rows, key=lambda row: (row.since or "9", row.order_id, row.document, row.finding))


async def _unmatched(store: Reading) -> AsyncIterator[OrderState]:
    after = ""
    while page := await store.unmatched_orders(after, _PAGE):
        for row in page:
            yield _ORDER.decode(row.state)
        after = page[-1].order_id


async def _order(store: Any, number: str) -> OrderState:
    loaded = await store.load(Wanted(orders={number}))
    if number not in loaded.orders:
        raise UnknownOrder(where="the order", found=shown(number))
    return _ORDER.decode(loaded.orders[number])


# --- showing ----------------------------------------------------------------------------------


def _show(rows: list[MatchRow], *, as_json: bool) -> None:
    now = SystemClock().now()
    for row in rows:
        value = f"  {_amount(row.value_minor, row.currency)} {row.currency}"
        say(
            f"{row.finding:24} {row.order_id}  {row.document}  {row.units:+} units"
            f"{value if row.value_minor else ''}{_age(row, now)}"
            f"{'  ' + row.detail if row.detail else ''}"
        )
    for finding, (count, units, sums) in _sums(rows).items():
        money = ", ".join(f"{_amount(minor, name)} {name}" for name, minor in sorted(sums.items()))
        say(f"{count} {finding}: {units} units, {money or 'no amount'}")
    say("everything matches" if not rows else f"{len(rows)} open")
    finish(
        {
            "rows": [{**msgspec.to_builtins(row), "age_days": _days(row, now)} for row in rows],
            "findings": {
                finding.value: {"count": count, "units": units, "value_minor": dict(sums)}
                for finding, (count, units, sums) in _sums(rows).items()
            },
        },
        as_json=as_json,
    )


def _sums(rows: Iterable[MatchRow]) -> dict[Finding, tuple[int, int, Counter[str]]]:
    """Per finding: how many, units, and minor units by currency: currencies are never added."""
    found: dict[Finding, tuple[int, int, Counter[str]]] = {}
    for row in rows:
        count, units, sums = found.get(row.finding, (0, 0, Counter()))
        if row.value_minor:
            sums[row.currency] += row.value_minor
        found[row.finding] = (count + 1, units + row.units, sums)
    return dict(sorted(found.items()))


def _days(row: MatchRow, now: datetime) -> int | None:
    return (now - datetime.fromisoformat(row.since)).days if row.since else None


def _age(row: MatchRow, now: datetime) -> str:
    days = _days(row, now)
    return "" if days is None else f"  {days} days"


def _amount(minor: int, currency: str) -> str:
    digits = minor_digits(currency)
    sign, whole = "-" if minor < 0 else "", abs(minor)
    if not digits:
        return f"{sign}{whole}"
    return f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}}"


# --- deciding ---------------------------------------------------------------------------------


async def _to_retry(
    settings: Settings, order: str, shipment: str, day: str, note: str
) -> InvoiceRetry:
    async with opened_store(settings) as store:
        known = await _order(store, order)
    mark = known.shipments.get(shipment)
    rejected = [ask for ask in known.asks.values() if ask.shipment == shipment and ask.rejected]
    if rejected:
        attempt, correction = rejected[0].attempt, rejected[0].correction
    elif mark is not None and mark.withheld:
        attempt, correction = 0, 0
    else:
        raise NothingToRetry(where=ask_id(shipment, 0), found="posted, or asked for")
    return InvoiceRetry(
        order_id=order,
        shipment_id=shipment,
        correction=correction,
        attempt=attempt,
        posting_date=day or None,
        note=note,
    )
