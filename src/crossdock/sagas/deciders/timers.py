"""What a timer does when its time has come: it asks the document that set it (decision 15)."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.contracts import catalogue
from crossdock.contracts.timers import TimerFired
from crossdock.log.records import Document, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn

TIMERS: dict[str, Callable[[Batch, Turn, Document], None]] = {}
"""By kind of document, what happens when its due time has passed; its module puts it here."""


def _fired(batch: Batch, turn: Turn, noun: TimerFired) -> None:
    document = batch.document(noun.kind, noun.id)
    if document is None or document.revision != noun.revision:
        turn.supersede("the document moved on before its timer fired")
        return
    TIMERS[noun.kind](batch, turn, document)


def _wants(wanted: Wanted, noun: TimerFired) -> None:
    wanted.documents.add((noun.kind, noun.id))


DECIDERS: dict[str, Decider] = {catalogue.TIMER_FIRED: Decider(_fired, _wants)}
"""The hub's own alarm clock."""
