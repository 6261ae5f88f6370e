"""Facts of one line, told in any order around counts, end in one ledger, now and as of any moment.

Each says when it happened, whether that is likely or not: a shipment before its pick, a pick when
everything had left. Counts between them fix what the shelf held; what is told late is entered as of
its moment, also where a later fact had implied it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.counts import StockCount
from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.shipments import Pack, Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.words import Noun
from crossdock.log.records import NewMessage
from crossdock.log.views import BalanceRow
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once

Fact = tuple[str, int, int, str]
"""What it is, when it happened, how many units, and of which lot."""

SECONDS = 60
facts = st.tuples(
    st.sampled_from(["pick", "pick", "pack", "ship"]),
    st.integers(1, SECONDS),
    st.integers(1, 3),
    st.sampled_from(["", "", "", "L1", "L2"]),
)
told = st.lists(st.sampled_from(range(1, SECONDS)), min_size=1, max_size=2, unique=True).flatmap(
    lambda moments: st.tuples(
        st.lists(facts, min_size=2, max_size=3),
        st.tuples(*(st.tuples(st.just(moment), st.integers(0, 9)) for moment in moments)),
    )
)


Ledger = tuple[list[list[BalanceRow]], list[BalanceRow]]
"""What accounts held as of every moment at which something happened, and hold in the end."""


def ledger(
    order: tuple[int, ...], said: Sequence[Fact], counts: Sequence[tuple[int, int]]
) -> Ledger:
    """The facts and counts told in this order, to a hub with nine bolts."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    messages = [_message(f"{one[0]}-{number}", *one) for number, one in enumerate(said)]
    for number, (moment, units) in enumerate(counts):
        noun = StockCount(count_id=f"C{number}", site="EAST", item="bolt", quantity=units)
        messages.append(noun_message(catalogue.STOCK_COUNTED, noun, f"c-{number}", seconds=moment))
    for number in order:
        hub.tell(messages[number])
    hub.ring(10 * SECONDS)
    moments = {one[1] for one in said} | {moment for moment, _ in counts}
    return [_held(hub, moment) for moment in sorted(moments)], _held(hub, 10 * SECONDS)


def _held(hub: SmallHub, seconds: int) -> list[BalanceRow]:
    return at_once(hub.store.balances_as_of("bolt", event_time=at(seconds)))


def _message(name: str, what: str, moment: int, units: int, lot: str) -> NewMessage:
    noun: Noun
    if what == "pick":
        picked = PickLine(line="1", item="bolt", quantity=units, lot=lot or None)
        noun = Pick(pick_id=name, order_id="O1", site="EAST", lines=(picked,))
        kind = catalogue.PICK_CONFIRMED
    elif what == "pack":
        packed = LineQuantity(line="1", item="bolt", quantity=units)
        noun = Pack(carton_id=name, order_id="O1", site="EAST", lines=(packed,))
        kind = catalogue.CARTON_PACKED
    else:
        left = ShipmentLine(line="1", item="bolt", quantity=units, lot=lot or None)
        noun = Shipment(shipment_id=name, order_id="O1", site="EAST", lines=(left,))
        kind = catalogue.SHIPMENT_SHIPPED
    return noun_message(kind, noun, name, seconds=moment)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(told=told)
@example(told=([("ship", 20, 1, ""), ("pick", 10, 1, "")], ((15, 8),)))
@example(told=([("ship", 20, 3, ""), ("pick", 10, 2, ""), ("pick", 30, 1, "")], ((15, 7), (25, 6))))
def test_every_order_of_telling_ends_in_one_ledger(
    told: tuple[list[Fact], tuple[tuple[int, int], ...]],
) -> None:
    """All permutations of up to three facts and two counts."""
    said, counts = told
    first, *others = permutations(range(len(said) + len(counts)))
    expected = ledger(first, said, counts)
    for order in others:
        assert ledger(order, said, counts) == expected, order


def test_the_late_pick_of_a_shipped_unit_leaves_what_was_counted() -> None:
    """Once a unit too many was corrected: the implied pick was believed to be after the count."""
    said = [("ship", 20, 1, ""), ("pick", 10, 1, "")]
    as_of, now = ledger((0, 2, 1), said, [(15, 8)])
    shelf = [[row.quantity for row in rows if row.state == "available"] for rows in (*as_of, now)]
    assert shelf == [[8], [8], [8], [8]]
