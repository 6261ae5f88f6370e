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
from crossdock.orders.state import Line, OrderState


class Doing(StrEnum):
    """What an order remembers of the hub's own doings, and of which part of it."""

    HOLDS = "holds"  # the whole order
    WAITING = "waiting"  # line
    STOPPED = "stopped"  # line, site
    STOPPING = "stopping"  # line, site
    RELEASES = "releases"  # the whole order
    ASKED = "asked"  # shipment
    SERVICES_ASKED = "services_asked"  # the whole order
    AUTHORISED = "authorised"  # return
    TOOK_OVER = "took_over"  # the whole order
    TOLD = "told"  # the whole order
    SHIP_TO = "ship_to"  # the whole order: an address of the customer's record, as JSON
    ORDERED = "ordered"  # line: what was said in a unit, in base units
    PRICED_PER = "priced_per"  # line: base units per unit of its price, as "12/1"
    PARTS = "parts"  # line: the components of one kit
    KITS_ASKED = "kits_asked"  # line
    SHOWN = "shown"  # line: what of it does not add up, as "over-shipped=12 shipped of 10 ordered"
    HANDLING = "handling"  # line: what its item's master says of it, as "zone=Z4"


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
    order.holds = list(value)


def _waiting(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].waiting = value


def _stopped(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].at(of[1]).stopped = value


def _stopping(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].at(of[1]).stopping = value


def _releases(order: OrderState, _: tuple[str, ...], value: int) -> None:
    order.releases = value


def _asked(order: OrderState, of: tuple[str, ...], value: bool) -> None:
    order.shipments[of[0]].asked = value


def _services_asked(order: OrderState, _: tuple[str, ...], value: bool) -> None:
    order.services_asked = value


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


def _kits_asked(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].kits_asked = value


def _shown(order: OrderState, of: tuple[str, ...], value: list[str]) -> None:
    order.lines[of[0]].shown = list(value)


_SETTERS: dict[Doing, Callable[[OrderState, tuple[str, ...], Any], None]] = {
    Doing.HOLDS: _holds,
    Doing.WAITING: _waiting,
    Doing.STOPPED: _stopped,
    Doing.STOPPING: _stopping,
    Doing.RELEASES: _releases,
    Doing.ASKED: _asked,
    Doing.SERVICES_ASKED: _services_asked,
    Doing.AUTHORISED: _authorised,
    Doing.TOOK_OVER: _took_over,
    Doing.TOLD: _told,
    Doing.SHIP_TO: _ship_to,
    Doing.ORDERED: _ordered,
    Doing.PRICED_PER: _priced_per,
    Doing.PARTS: _parts,
    Doing.KITS_ASKED: _kits_asked,
    Doing.SHOWN: _shown,
    Doing.HANDLING: _handling,
}
