"""Every event that the trade speaks of is carried by something that exists (R23-R25)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.events import EVENTS, Carrier, standing

WORDS = {
    "inventory": "received, moved, allocated, picked, short-picked, packed, shipped, returned,"
    " adjusted, counted, replenished",
    "order": "created, approved, split, backordered, released, allocated, partially picked,"
    " packed, dispatched, fulfilled, invoiced, cancelled, held",
    "shipment": "carton packed, shipment manifested, shipment closed",
    "receipt": "receipt posted, receipt discrepancy",
    "exception": "exception raised",
    "return": "return received, return status changed",
}


def test_no_word_is_missing() -> None:
    """And none stands twice."""
    found = [(event.subject, event.word) for event in EVENTS]
    assert len(found) == len(set(found))
    assert set(found) == {
        (subject, word) for subject, words in WORDS.items() for word in words.split(", ")
    }


def test_every_carrier_is_there() -> None:
    """Its type, its field and its code; only an exception is a row and no message."""
    assert list(standing()) == []
    assert [event.word for event in EVENTS if not event.carriers] == ["exception raised"]


@pytest.mark.parametrize(
    ("carrier", "problem"),
    [
        (Carrier("crossdock.gone.happened.v1"), "no type crossdock.gone.happened.v1"),
        (
            Carrier(catalogue.PICK_CONFIRMED, "lines.shortage"),
            f"{catalogue.PICK_CONFIRMED} has no field lines.shortage",
        ),
        (Carrier(catalogue.ORDER_STATUS_CHANGED, "status", "lost"), "status has no code lost"),
        (Carrier(catalogue.ORDER_PLACED, "order_id", "1"), "order_id has no code 1"),
    ],
)
def test_a_carrier_that_is_not_there_is_found(carrier: Carrier, problem: str) -> None:
    """Whatever of it is missing."""
    event = replace(EVENTS[0], carriers=(carrier,))
    assert list(standing((event,))) == [f"inventory received: {problem}"]
