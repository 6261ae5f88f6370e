"""P5: the reservation was made after the order was placed, and in between others bought the units.

The order stood, its stock did not. Here units are set aside before there is an order, and the order
that names them takes them over in the transaction that places it: they are free at no moment. An
order without a reservation is reserved for in that transaction too.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.reservations import ReservationLine, ReservationRequest
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub


def order(order_id: str, reservation: str | None) -> Order:
    """Three bolts, with or without a cart before."""
    return Order(
        order_id=order_id,
        channel="web",
        customer="a",
        currency="EUR",
        lines=(OrderLine(line="1", item="bolt", quantity=3),),
        reservation=reservation,
    )


def test_the_order_has_what_was_reserved_for_it_and_a_rival_in_the_same_batch_has_not() -> None:
    """Three bolts, a cart for three, a rival's order, then the cart's own: decided together."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 3})
    line = ReservationLine(line="1", item="bolt", quantity=3)
    cart = ReservationRequest(reservation_id="R", channel="web", lines=(line,))
    hub.tell(
        noun_message(catalogue.RESERVATION_REQUESTED, cart, "m1"),
        noun_message(catalogue.ORDER_PLACED, order("RIVAL", None), "m2"),
        noun_message(catalogue.ORDER_PLACED, order("OWN", "R"), "m3"),
    )
    assert hub.order("OWN").lines["1"].total("reserved") == 3
    assert hub.order("RIVAL").lines["1"].total("reserved") == 0
    assert hub.store.data.promises["bolt"]["EAST"].reserved == 3
