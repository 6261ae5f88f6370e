"""What a rule about flows does when it begins or ends to hold: a document, and a condition.

The document says what is not told meanwhile; those who deliver look at it. Effects stay due as they
are, so nothing is lost, and they go out when the rule ends.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.pauses import PauseSwitch
from crossdock.log.records import Document, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn

PAUSE: Final = "pause"
"""The kind of document that says whether a rule holds."""


class Pause(msgspec.Struct, omit_defaults=True):
    """A rule and whether it holds, since which message."""

    rule: str
    on: bool
    place: str
    types: list[str] = []


_PAUSE = msgspec.json.Decoder(Pause)


def pause_of(document: Document | None) -> Pause | None:
    """Whether a rule holds, if it ever did."""
    return None if document is None else _PAUSE.decode(document.body)


def _switched(batch: Batch, turn: Turn, noun: PauseSwitch) -> None:
    known = pause_of(batch.document(PAUSE, noun.pause_id))
    if noun.on == (known is not None and known.on):
        turn.supersede("the rule was switched so before")
        return
    place = turn.message.place
    batch.store_document(
        turn, PAUSE, noun.pause_id, Pause(noun.rule, noun.on, place, list(noun.types))
    )
    if not noun.types:
        _alarm(turn, noun)
    elif noun.on:
        late = f"{noun.measured_seconds} s late; not told: {', '.join(noun.types)}"
        turn.note("flow-paused", noun.pause_id, f"{noun.rule}: {late}")
    else:
        turn.cure("flow-paused", noun.pause_id, "what comes is on time again: told again")


def _alarm(turn: Turn, noun: PauseSwitch) -> None:
    """Nothing is held back: a person is told that nothing comes, and that it comes again."""
    if noun.on:
        turn.note("events-silent", noun.pause_id, noun.rule)
    else:
        turn.cure("events-silent", noun.pause_id, "something came")


def _wants(wanted: Wanted, noun: PauseSwitch) -> None:
    wanted.documents.add((PAUSE, noun.pause_id))


DECIDERS: dict[str, Decider] = {catalogue.PAUSE_SWITCHED: Decider(_switched, _wants)}
"""Rules that begin and end to hold."""
