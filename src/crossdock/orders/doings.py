"""What the hub itself did about an order: promises and memories, the part that no fact sets.

Facts can be folded again from what was said. What the hub decided beside them (which stock it
promised, what it asked whom for) depended on stock and masters of that moment, so each change is
written into the outcome; these two functions are the only way in which it reaches an order, when
it is decided and when it is rebuilt (I28).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from crossdock.contracts.vocabulary import ItemKind
from crossdock.contracts.words import Address
from crossdock.orders.holding import restand
from crossdock.orders.state import CreditAsk, InvoiceAsk, Line, OrderState, ReturnMark


class Doing(StrEnum):
    """What an order remembers of the hub's own doings, and of which part of it."""

    HOLDS = "holds"  # the whole order
    WAITING = "waiting"  # line
    STOPPED = "stopped"  # line, site
    STOPPING = "stopping"  # line, site
    RELEASES = "releases"  # the whole order
    WITHHELD = "withheld"  # shipment: why finance is not asked
    SHIPMENT_CLOSED = "shipment_closed"  # shipment: what a person made of it
    INVOICE_ASKED = "invoice_asked"  # an `InvoiceAsk` by its id, as JSON
    CREDIT_ASKED = "credit_asked"  # a `CreditAsk` by its id, as JSON
    TAX_CODE = "tax_code"  # line: as its item's master says
    KEPT = "kept"  # line: its item is not taken back
    SET_APART = "set_apart"  # return receipt: lines whose goods are others
    RETURN_TOLD = "return_told"  # return
    GRANTED = "granted"  # return: a `ReturnMark` that a desk granted, as JSON
    AUTHORISED = "authorised"  # return
    TOOK_OVER = "took_over"  # the whole order
    TOLD = "told"  # the whole order
    SHIP_TO = "ship_to"  # the whole order: an address of the customer's record, as JSON
    ORDERED = "ordered"  # line: what was said in a unit, in base units
    PRICED_PER = "priced_per"  # line: base units per unit of its price, as "12/1"
    PARTS = "parts"  # line: the components of one kit
    SHOWN = "shown"  # line: what of it does not add up, as "over-shipped=12 shipped of 10 ordered"
    OPEN = "open"  # the whole order: what contradicts between its documents, as "kind document=..."
    HANDLING = "handling"  # line: what its item's master says of it, as "zone=Z4"
    SHORT_CLOSED = "short_closed"  # line
    COMPENSATED = "compensated"  # line
    EXPOSED = "exposed"  # the account against whose credit it counts
    WATCHING = "watching"  # master record, as "party/ACME"; 0: not any more
    ACKNOWLEDGED = "acknowledged"  # the whole order
    REACHED = "reached"  # the whole order


def promise(order: OrderState, line: str, site: str, reserved: int, released: int) -> None:
    """Promise more or less of a line at a site, and have more or less of it released."""
    place = order.lines[line].at(site)
    place.reserved += reserved
    place.released += released


def remember(order: OrderState, what: str, of: tuple[str, ...], value: Any) -> None:
    """Set what the order remembers; the same again changes nothing.

    Raises:
        ValueError: no release of the hub remembered anything of this name.
    """
    _SETTERS[Doing(what)](order, of, value)


def _holds(order: OrderState, _: tuple[str, ...], value: list[str]) -> None:
    order.found_holds = list(value)
    restand(order)


def _waiting(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].waiting = value


def _stopped(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].at(of[1]).stopped = value


def _stopping(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].at(of[1]).stopping = value


def _releases(order: OrderState, _: tuple[str, ...], value: int) -> None:
    order.releases = value


def _withheld(order: OrderState, of: tuple[str, ...], value: str) -> None:
    order.shipments[of[0]].withheld = value


def _shipment_closed(order: OrderState, of: tuple[str, ...], value: str) -> None:
    order.shipments[of[0]].closed = value


def _invoice_asked(order: OrderState, of: tuple[str, ...], value: str) -> None:
    ask = msgspec.json.decode(value, type=InvoiceAsk)
    before = order.asks.get(of[0])
    for number in {**ask.lines, **(before.lines if before is not None else {})}:
        line = order.lines[number]
        line.asked += _units(ask, number) - _units(before, number)
    order.asks[of[0]] = ask


def _credit_asked(order: OrderState, of: tuple[str, ...], value: str) -> None:
    ask = msgspec.json.decode(value, type=CreditAsk)
    before = order.credit_asks.get(of[0])
    for number in {**ask.lines, **(before.lines if before is not None else {})}:
        line = order.lines[number]
        line.credit_asked += _units(ask, number) - _units(before, number)
    order.credit_asks[of[0]] = ask


def _units(ask: InvoiceAsk | CreditAsk | None, number: str) -> int:
    one = ask.lines.get(number) if ask is not None else None
    return one.units if one is not None else 0


def _tax_code(order: OrderState, of: tuple[str, ...], value: str) -> None:
    order.lines[of[0]].tax_code = value


def _kept(order: OrderState, of: tuple[str, ...], value: bool) -> None:
    order.lines[of[0]].kept = value


def _set_apart(order: OrderState, of: tuple[str, ...], value: list[str]) -> None:
    order.receipts[of[0]].set_apart = list(value)


def _granted(order: OrderState, of: tuple[str, ...], value: str) -> None:
    order.returns[of[0]] = msgspec.json.decode(value, type=ReturnMark)


def _return_told(order: OrderState, of: tuple[str, ...], value: str) -> None:
    order.returns[of[0]].told = value


def _authorised(order: OrderState, of: tuple[str, ...], value: bool) -> None:
    order.returns[of[0]].authorised = value


def _took_over(order: OrderState, _: tuple[str, ...], value: bool) -> None:
    order.took_over = value


def _ship_to(order: OrderState, _: tuple[str, ...], value: str) -> None:
    order.ship_to = msgspec.json.decode(value, type=Address)


def _told(order: OrderState, _: tuple[str, ...], value: str) -> None:
    order.told = value


def _ordered(order: OrderState, of: tuple[str, ...], value: int) -> None:
    line = order.lines[of[0]]
    line.ordered = value
    order.order_parts(line)


def _priced_per(order: OrderState, of: tuple[str, ...], value: str) -> None:
    base, _, per = value.partition("/")
    order.lines[of[0]].price_each = (int(base), int(per))


def _parts(order: OrderState, of: tuple[str, ...], value: list[str]) -> None:
    """Take a kit apart into `<base units per kit> <item>`.

    What an earlier taking apart made, and this one does not, is wanted no more.
    """
    kit = order.lines[of[0]]
    kit.kind = ItemKind.KIT
    for earlier in order.parts_of(kit).values():
        earlier.ordered = earlier.each = 0
    kit.parts = [part_line(of[0], count) for count in range(1, len(value) + 1)]
    for number, part in zip(kit.parts, value, strict=True):
        each, _, item = part.partition(" ")
        early = order.lines.get(number)  # facts may have named it before
        order.lines[number] = Line(
            item=item,
            kit=of[0],
            each=int(each),
            cancel=0 if early is None else early.cancel,
            invoiced=0 if early is None else early.invoiced,
            waiting=0 if early is None else early.waiting,
            shown=[] if early is None else early.shown,
            sites={} if early is None else early.sites,
        )
    order.order_parts(kit)


def part_line(kit: str, count: int) -> str:
    """The line number of a kit's component, counted from 1."""
    return f"{kit}/{count}"


def _handling(order: OrderState, of: tuple[str, ...], value: list[str]) -> None:
    order.lines[of[0]].handling = dict(_pair(one) for one in value)


def _pair(said: str) -> tuple[str, str]:
    name, _, value = said.partition("=")
    return name, value


def _shown(order: OrderState, of: tuple[str, ...], value: list[str]) -> None:
    order.lines[of[0]].shown = list(value)


def _open(order: OrderState, _: tuple[str, ...], value: list[str]) -> None:
    order.open = list(value)


def _short_closed(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].short_closed = value


def _compensated(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].compensated = value


def _exposed(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.exposed_to, order.exposed_minor = of[0], value


def _watching(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.watching = {**order.watching, of[0]: value}
    if not value:
        del order.watching[of[0]]


def _acknowledged(order: OrderState, _: tuple[str, ...], value: str) -> None:
    order.acknowledged = value


def _reached(order: OrderState, _: tuple[str, ...], value: list[str]) -> None:
    order.reached = list(value)


_SETTERS: dict[Doing, Callable[[OrderState, tuple[str, ...], Any], None]] = {
    Doing.HOLDS: _holds,
    Doing.WAITING: _waiting,
    Doing.STOPPED: _stopped,
    Doing.STOPPING: _stopping,
    Doing.RELEASES: _releases,
    Doing.WITHHELD: _withheld,
    Doing.SHIPMENT_CLOSED: _shipment_closed,
    Doing.INVOICE_ASKED: _invoice_asked,
    Doing.CREDIT_ASKED: _credit_asked,
    Doing.TAX_CODE: _tax_code,
    Doing.KEPT: _kept,
    Doing.SET_APART: _set_apart,
    Doing.RETURN_TOLD: _return_told,
    Doing.GRANTED: _granted,
    Doing.AUTHORISED: _authorised,
    Doing.TOOK_OVER: _took_over,
    Doing.TOLD: _told,
    Doing.SHIP_TO: _ship_to,
    Doing.ORDERED: _ordered,
    Doing.PRICED_PER: _priced_per,
    Doing.PARTS: _parts,
    Doing.SHOWN: _shown,
    Doing.OPEN: _open,
    Doing.HANDLING: _handling,
    Doing.SHORT_CLOSED: _short_closed,
    Doing.COMPENSATED: _compensated,
    Doing.EXPOSED: _exposed,
    Doing.WATCHING: _watching,
    Doing.ACKNOWLEDGED: _acknowledged,
    Doing.REACHED: _reached,
}
