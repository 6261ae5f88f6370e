"""What moves instances of recipes on beside the facts: answers, ends of effects, timers, people."""

from __future__ import annotations

from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.sagas import SagaInstruction
from crossdock.contracts.vocabulary import InstructionRefusal
from crossdock.log.records import Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.deciders.effects import ASKERS
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.recipes import hearing, instructions
from crossdock.sagas.recipes.saga import KIND
from crossdock.sagas.turn import Turn


def _instructed(batch: Batch, turn: Turn, noun: SagaInstruction) -> None:
    document = batch.document(KIND, noun.saga)
    run = None if document is None else hearing.run_of(batch, turn, document)
    if run is None or document is None:
        turn.refuse(f"not moved on: {InstructionRefusal.UNKNOWN_SAGA}")
        return
    refusal = instructions.carry_out(run, noun, batch.policy.recipes)
    if refusal is not None:
        turn.refuse(f"not moved on: {refusal}")
        return
    hearing.keep(batch, turn, run, document)


def answered(batch: Batch, turn: Turn, noun: Any) -> None:
    """Take an answer to what an instance asked; one that nobody asked for is held and shown.

    A far system may have done what nobody knows of: a label that nobody wanted costs money.
    """
    if not hearing.answer(batch, turn, noun):
        turn.hold("nobody asked for this answer")
        turn.note("answer-unasked", noun.request_id, f"{turn.message.source} answers it")


def _wants(wanted: Wanted, noun: SagaInstruction) -> None:
    wanted.documents.add((KIND, noun.saga))
    wanted.orders.add(noun.key)


TIMERS[KIND] = hearing.wake
ASKERS[KIND] = hearing.effect_ended

DECIDERS: dict[str, Decider] = {
    catalogue.SAGA_INSTRUCTED: Decider(_instructed, _wants),
    catalogue.RATE_QUOTED: Decider(answered),
    catalogue.LABEL_BOUGHT: Decider(answered),
    catalogue.LABEL_DECLINED: Decider(answered),
    catalogue.LABEL_VOIDED: Decider(answered),
}
"""What a person says to an instance, and what far systems answer to what one asked."""
