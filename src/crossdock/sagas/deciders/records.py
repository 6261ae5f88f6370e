"""What went wrong in asking far systems: records that nobody can read, runs that are too long."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.records import FeedOverrun, RecordSetAside
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn


def _set_aside(batch: Batch, turn: Turn, noun: RecordSetAside) -> None:
    turn.hold(f"record-unreadable: {noun.where} is {noun.found}, expected {noun.expected}")


def _overran(batch: Batch, turn: Turn, noun: FeedOverrun) -> None:
    began, due = noun.began.isoformat(), noun.due.isoformat()
    turn.note("feed-overran", noun.key, f"the run of {began} was not at its end at {due}")


DECIDERS: dict[str, Decider] = {
    catalogue.RECORD_SET_ASIDE: Decider(_set_aside),
    catalogue.FEED_OVERRAN: Decider(_overran),
}
"""What feeds set aside, and what is said of them."""
