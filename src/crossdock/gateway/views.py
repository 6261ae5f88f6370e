"""A few things to look at: how far the log is, what a message said, how an order stands.

A key with the scope `read` sees everything that these show; give it to people's tools, not to far
systems. What is not there and what could not be there are both 404.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.errors import NotFound
from crossdock.gateway.keys import Caller, Scope
from crossdock.gateway.masters import Masters
from crossdock.gateway.routes import Route
from crossdock.kernel.text import identifier_fault
from crossdock.log.records import Loaded, Recorded, Wanted
from crossdock.orders.state import Figures, OrderState, all_figures, status

# Digits of a partition or a position that a 64-bit column surely holds.
_NUMBER_LENGTH_MAX = 18


class Looking(Protocol):
    """What the views ask of a store; every `log.ports.Store` has it."""

    async def position(self) -> dict[int, tuple[int, int]]:
        """Per partition: its head, and the position decided up to."""
        ...

    async def messages(self, places: Sequence[tuple[int, int]]) -> list[Recorded]:
        """The messages at these places; unknown ones left out."""
        ...

    async def load(self, wanted: Wanted) -> Loaded:
        """The states of orders."""
        ...


class PartitionView(msgspec.Struct):
    """How far one partition is."""

    partition: int
    head: int
    decided: int


class PositionView(msgspec.Struct):
    """How far the log is, and how much of it is not decided yet."""

    behind: int
    partitions: list[PartitionView]


class MessageView(msgspec.Struct):
    """A message on the log: what the hub noted, and what its sender wrote."""

    position: str
    source: str
    id: str
    type: str
    key: str
    correlation_id: str | None
    event_time: datetime
    received_time: datetime
    rival: str | None
    message: msgspec.Raw


class LineView(msgspec.Struct):
    """One line of an order and its derived quantities, in base units."""

    line: str
    item: str
    kind: str
    quantities: Figures


class OrderView(msgspec.Struct):
    """An order as its facts have it."""

    order_id: str
    status: str
    channel: str
    customer: str
    currency: str
    holds: list[str]
    lines: list[LineView]
    shipments: list[str]


def view_routes(store: Looking) -> tuple[Route, ...]:
    """The routes of the views, for `Deps.views`."""
    views = Views(store)
    return (
        Route("GET", "/v1/position", Scope.READ, views.position, "How far is the log?"),
        Route(
            "GET",
            "/v1/messages/{partition}/{position}",
            Scope.READ,
            views.message,
            "What did this message say?",
        ),
        Route("GET", "/v1/orders/{order_id}", Scope.READ, views.order, "How does an order stand?"),
        Route(
            "GET",
            "/v1/masters/{entity}/{id}",
            Scope.READ,
            Masters(store).show,
            "Which message set each field of a master record?",
        ),
    )


class Views:
    """The handlers of the views."""

    def __init__(self, store: Looking) -> None:
        self._store = store

    async def position(self, request: Request, caller: Caller) -> Reply:
        """Say how far each partition is."""
        found = await self._store.position()
        partitions = [PartitionView(number, *found[number]) for number in sorted(found)]
        behind = sum(partition.head - partition.decided for partition in partitions)
        return _shown(PositionView(behind, partitions))

    async def message(self, request: Request, caller: Caller) -> Reply:
        """Show the message at a place of the log. Raises `NotFound`."""
        place = _number(request, "partition"), _number(request, "position")
        for found in await self._store.messages([place]):
            return _shown(
                MessageView(
                    position=found.place,
                    source=found.source,
                    id=found.id,
                    type=found.type,
                    key=found.key,
                    correlation_id=found.correlation,
                    event_time=found.event_time,
                    received_time=found.received_time,
                    rival=found.rival,
                    message=msgspec.Raw(found.raw),
                )
            )
        raise NotFound

    async def order(self, request: Request, caller: Caller) -> Reply:
        """Show an order's status and quantities. Raises `NotFound`."""
        number = request.parameters["order_id"]
        if identifier_fault(number) is not None:
            raise NotFound
        loaded = await self._store.load(Wanted(orders={number}))
        state = loaded.orders.get(number)
        if state is None:
            raise NotFound
        return _shown(_order_view(_read_order(state)))


_read_order = msgspec.json.Decoder(OrderState).decode


def _order_view(order: OrderState) -> OrderView:
    known = all_figures(order)
    return OrderView(
        order_id=order.order_id,
        status=status(order, known).value,
        channel=order.channel,
        customer=order.customer,
        currency=order.currency,
        holds=order.holds,
        lines=[
            LineView(number, order.lines[number].item, order.lines[number].kind, known[number])
            for number in sorted(known)
        ],
        shipments=sorted(order.shipments),
    )


def _number(request: Request, name: str) -> int:
    text = request.parameters[name]
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_LENGTH_MAX):
        raise NotFound
    return int(text)


def _shown(view: msgspec.Struct) -> Reply:
    return Reply(200, msgspec.json.encode(view))
