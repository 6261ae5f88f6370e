"""P7: when a bundle shipped, what compensates its reservation was posted twice.

The bundle and each of its parts took the reservation back, or a shipment told twice did, and stock
that was gone could be sold again. Here the kit's own line is never promised, only its components'
lines are; each unit of a promise is used up once, by the first fact that takes it off the shelf,
and every fact is folded under its own key, however often and in whatever order it is told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations

from crossdock.contracts.orders import OrderLine
from crossdock.log.keys import transport_digest
from crossdock.log.records import NewMessage
from crossdock.testing.hub import SmallHub
from tests.pains.kit_house import held, house, kit, movements, picked, placed, reserved, shipped

PARTS = {"1/1": ("bolt", 8), "1/2": ("nut", 4)}


def with_an_order() -> SmallHub:
    """Two kits of 4 bolts and 2 nuts are promised, of 20 and 20."""
    hub = house(kit("set", bolt=4, nut=2), bolt=20, nut=20)
    hub.tell(placed("O1", OrderLine(line="1", item="set", quantity=2)))
    assert (reserved(hub, "bolt"), reserved(hub, "nut")) == (8, 4)
    return hub


def retold(message: NewMessage, name: str) -> NewMessage:
    """The same fact under a new id, past the door's memory of business keys."""
    key = transport_digest(message.source, name)
    return replace(message, id=name, transport_key=key, business_key=None)


def test_each_promise_of_a_bundle_is_used_up_once() -> None:
    """Picked, shipped, both told again: in every order one compensation per component."""
    facts = [
        picked("O1", "1/1", "bolt", 8, "P1"),
        shipped("O1", "S1", **PARTS),
        retold(shipped("O1", "S1", **PARTS), "again-1"),
        retold(picked("O1", "1/1", "bolt", 8, "P1"), "again-2"),
    ]
    for told in permutations(facts):
        hub = with_an_order()
        hub.tell(*told)
        assert (reserved(hub, "bolt"), reserved(hub, "nut")) == (0, 0)
        assert (held(hub, "bolt", "available"), held(hub, "nut", "available")) == (12, 16)
        left = {move: n for move, n in movements(hub).items() if move[1] != "adjustment"}
        assert left == {
            ("bolt", "available", "picked", 8): 1,
            ("nut", "available", "picked", 4): 1,
            ("bolt", "picked", "customer", 8): 1,
            ("nut", "picked", "customer", 4): 1,
        }


def test_commitments_end_at_nothing_and_were_never_below_it() -> None:
    """What was promised to each component's line is taken back in full, and not once more."""
    hub = with_an_order()
    hub.tell(shipped("O1", "S1", **PARTS), retold(shipped("O1", "S1", **PARTS), "again"))
    running: Counter[str] = Counter()
    for row in hub.store.data.partitions[0].outcomes.values():
        for one in row.outcome.commitments:
            running[one.line] += one.reserved
            assert running[one.line] >= 0
    assert dict(running) == {"1/1": 0, "1/2": 0}
    assert "1" not in running, "the kit itself is never promised"
