"""P1 and P4: two checkouts, or two direct calls, both got the last unit.

The check and the booking were two steps, and whoever called had to hold a lock around them. Here
the store itself insists, when a batch is written, on the free stock that its decisions relied on:
of two batches that were decided on the same last unit the second is not written, and is decided
again.
"""

from __future__ import annotations

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.reservations import ReservationLine, ReservationRequest
from crossdock.contracts.vocabulary import Refusal
from crossdock.log.errors import StockMoved
from crossdock.log.records import Decided
from crossdock.sagas.decide import decide, opened, wanted_by
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy


def checkout(number: str) -> ReservationRequest:
    """Somebody wants the last bolt."""
    line = ReservationLine(line="1", item="bolt", quantity=1)
    return ReservationRequest(reservation_id=number, channel="web", lines=(line,))


def test_two_decided_on_the_same_last_unit_are_not_both_written() -> None:
    """The second commit is refused, and decided again on what stands it refuses the call."""
    policy = small_policy(partitions=8)
    hub = SmallHub(policy)
    hub.stock(EAST={"bolt": 1})
    kind = catalogue.RESERVATION_REQUESTED
    at_once(
        hub.store.append(
            [noun_message(kind, checkout(n), n, partitions=8) for n in ("R1", "R2", "R3", "R4")]
        )
    )
    leases = at_once(hub.store.lease("hub", list(range(8)), at(0), at(99)))
    batches = []
    for lease in leases:
        for message in at_once(hub.store.read([lease], 1)):
            pairs = [opened(message)]
            wanted = wanted_by(pairs)
            loaded = at_once(hub.store.load(wanted))
            decided = decide(policy, pairs, wanted, loaded)
            assert isinstance(decided, Decided)
            decided.positions = [(lease, message.position)]
            batches.append(decided)
    assert len(batches) > 1
    at_once(hub.store.commit(batches[0], at(1)))
    for late in batches[1:]:
        with pytest.raises(StockMoved):
            at_once(hub.store.commit(late, at(1)))
    hub.tell()
    assert hub.store.data.promises["bolt"]["EAST"].reserved == 1
    answers = [
        bytes(row.outcome.answer)
        for partition in hub.store.data.partitions.values()
        for row in partition.outcomes.values()
        if bytes(row.outcome.answer)
    ]
    refused = [one for one in answers if Refusal.NOT_ENOUGH_AVAILABLE.value.encode() in one]
    assert (len(answers), len(refused)) == (4, 3)
