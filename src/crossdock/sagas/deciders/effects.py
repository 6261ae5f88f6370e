"""How an effect ended: the document that asked for it is told, and goes on from there."""

from __future__ import annotations

from collections.abc import Callable

from crossdock.contracts import catalogue
from crossdock.contracts.effects import EffectSettled
from crossdock.log.records import Document, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn

ASKERS: dict[str, Callable[[Batch, Turn, Document, EffectSettled], None]] = {}
"""By kind of document, what it does when it is told of an end; its module puts it here."""


def _settled(batch: Batch, turn: Turn, noun: EffectSettled) -> None:
    document = batch.document(noun.kind, noun.id)
    if document is None or noun.kind not in ASKERS:
        turn.supersede("nobody waits for it any more")
        return
    ASKERS[noun.kind](batch, turn, document, noun)


def _wants(wanted: Wanted, noun: EffectSettled) -> None:
    wanted.documents.add((noun.kind, noun.id))


DECIDERS: dict[str, Decider] = {catalogue.EFFECT_SETTLED: Decider(_settled, _wants)}
"""What the hub tells itself of its effects."""
