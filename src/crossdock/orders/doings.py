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

from crossdock.orders.state import OrderState


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
    TOLD = "told"  # the whole order


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
    order.lines[of[0]].sites[of[1]].stopped = value


def _stopping(order: OrderState, of: tuple[str, ...], value: int) -> None:
    order.lines[of[0]].sites[of[1]].stopping = value


def _releases(order: OrderState, _: tuple[str, ...], value: int) -> None:
    order.releases = value


def _asked(order: OrderState, of: tuple[str, ...], value: bool) -> None:
    order.shipments[of[0]].asked = value


def _services_asked(order: OrderState, _: tuple[str, ...], value: bool) -> None:
    order.services_asked = value


def _authorised(order: OrderState, of: tuple[str, ...], value: bool) -> None:
    order.returns[of[0]].authorised = value


def _told(order: OrderState, _: tuple[str, ...], value: str) -> None:
    order.told = value


_SETTERS: dict[Doing, Callable[[OrderState, tuple[str, ...], Any], None]] = {
    Doing.HOLDS: _holds,
    Doing.WAITING: _waiting,
    Doing.STOPPED: _stopped,
    Doing.STOPPING: _stopping,
    Doing.RELEASES: _releases,
    Doing.ASKED: _asked,
    Doing.SERVICES_ASKED: _services_asked,
    Doing.AUTHORISED: _authorised,
    Doing.TOLD: _told,
}
