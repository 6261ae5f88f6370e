"""Reservations as a batch sees them, and how an order takes over what was reserved for it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from crossdock.contracts.vocabulary import ReservationState
from crossdock.inventory import reservations
from crossdock.inventory.reservations import Freed, Reservation
from crossdock.orders.doings import Doing
from crossdock.orders.state import OrderState, all_figures
from crossdock.sagas import fulfilment, promising
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

KIND = "reservation"
_RESERVATION = msgspec.json.Decoder(Reservation)


def known(batch: Batch, reservation_id: str) -> Reservation | None:
    """The reservation as it stands, or None."""
    document = batch.document(KIND, reservation_id)
    return None if document is None else _RESERVATION.decode(document.body)


def give_back(turn: Turn, channel: str, freed: list[Freed]) -> None:
    """Units of a reservation are free again; who waits for them is served."""
    for item, site in promising.give_back(turn, channel, freed):
        fulfilment.serve_waiting(turn, item, site)


def hold_ahead(
    turn: Turn, reservation_id: str, before: Reservation | None, after: Reservation
) -> None:
    """Let what is promised ahead be what the reservation says."""
    channel = turn.policy.channels.get(after.channel)
    sites = () if channel is None else channel.sells_from
    turn.ahead.follow(turn, reservation_id, before, after, turn.message.event_time, sites)


def take_over(batch: Batch, turn: Turn, order: OrderState) -> None:
    """Pass the units that were reserved for an order to its lines, without freeing them between.

    What is not found (it expired, or was never asked for) is sourced like any other line. A
    reservation that its order is told before is used up by it: whoever still asks for it is told
    so, and does not take units a second time.
    """
    if not order.reservation or order.took_over or order.holds or not order.placed:
        return
    found = known(batch, order.reservation)
    if found is not None and _lost(found, order, turn.message.received_time):
        turn.remember(order, Doing.TOOK_OVER, True)
        taker = found.order_id
        if found.state is ReservationState.COMMITTED and taker != order.order_id:
            turn.note(
                "reservation-of-another",
                f"{order.order_id}/{order.reservation}",
                f"it belongs to order {taker}" if taker else f"channel {found.channel} holds it",
            )
        return
    turn.remember(order, Doing.TOOK_OVER, True)
    before = found or Reservation(channel=order.channel, lines=[])
    wanted = [
        (number, order.lines[number].item, now.open - now.reserved)
        for number, now in sorted(all_figures(order).items())
    ]
    after, passed, freed = reservations.take_over(before, wanted, order.order_id)
    for number, site, quantity in passed:
        turn.commit(order, number, site, quantity, 0)
    batch.store_document(turn, KIND, order.reservation, after)
    hold_ahead(turn, order.reservation, before, after)
    give_back(turn, before.channel, freed)


def _lost(found: Reservation, order: OrderState, now: datetime) -> bool:
    """Whether there is nothing in it for this order."""
    if found.channel != order.channel:
        return True
    if found.state is ReservationState.OPEN:
        return found.expires is not None and found.expires <= now
    theirs = found.order_id not in ("", order.order_id)
    return found.state is not ReservationState.COMMITTED or theirs
