"""Records that a connector could not read: held with the place that is not as expected."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.records import RecordSetAside
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn


def _set_aside(batch: Batch, turn: Turn, noun: RecordSetAside) -> None:
    turn.hold(f"record-unreadable: {noun.where} is {noun.found}, expected {noun.expected}")


DECIDERS: dict[str, Decider] = {catalogue.RECORD_SET_ASIDE: Decider(_set_aside)}
"""What feeds set aside."""
