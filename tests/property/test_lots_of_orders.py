"""Picks and shipments that name lots end the same in any order of arrival (M4, R13)."""

from __future__ import annotations

from itertools import permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.orders import LineQuantity, Order, OrderLine
from crossdock.contracts.shipments import Pack, Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.vocabulary import PickSource
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import Ending, SmallHub
from crossdock.testing.strategies import Said

LOTS = st.sampled_from([None, "A", "B"])
ORDER: Said = (
    catalogue.ORDER_PLACED,
    Order(
        order_id="o-1",
        channel="web",
        customer="acme",
        currency="EUR",
        lines=(OrderLine(line="1", item="bolt", quantity=9),),
    ),
)


@st.composite
def facts(draw: st.DrawFn, number: int) -> Said:
    """A pick, a carton or a shipment of one line, with a lot or without."""
    lot, quantity = draw(LOTS), draw(st.integers(1, 4))
    act = draw(st.sampled_from(["pick", "pick", "pack", "ship", "ship"]))
    if act == "pick":
        source = draw(st.sampled_from([PickSource.AVAILABLE, PickSource.RECEIVED]))
        line = PickLine(line="1", item="bolt", quantity=quantity, lot=lot, source=source)
        pick = Pick(pick_id=f"p-{number}", order_id="o-1", site="EAST", lines=(line,))
        return catalogue.PICK_CONFIRMED, pick
    if act == "pack":
        packed = LineQuantity(line="1", item="bolt", quantity=quantity)
        carton = Pack(carton_id=f"c-{number}", order_id="o-1", site="EAST", lines=(packed,))
        return catalogue.CARTON_PACKED, carton
    out = ShipmentLine(line="1", item="bolt", quantity=quantity, lot=lot)
    shipment = Shipment(shipment_id=f"s-{number}", order_id="o-1", site="EAST", lines=(out,))
    return catalogue.SHIPMENT_SHIPPED, shipment


def ending(said: list[tuple[int, Said]], *, batch: int) -> Ending:
    """What the messages end in when they are told in this order."""
    hub = SmallHub(batch=batch)
    hub.stock(EAST={"bolt": 100})
    hub.tell(*(noun_message(kind, noun, f"m-{n}", seconds=n) for n, (kind, noun) in said))
    return hub.ending()


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@given(told=st.tuples(*(facts(number) for number in range(3))))
def test_every_order_of_arrival_ends_alike(told: tuple[Said, ...]) -> None:
    """Every account by lot, every promise, the order itself."""
    said = list(enumerate([ORDER, *told]))
    expected = ending(said, batch=100)
    for number, order in enumerate(permutations(said)):
        assert ending(list(order), batch=1 if number % 2 else 100) == expected, told
