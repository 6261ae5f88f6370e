"""What people do about conditions, held messages and held effects, decided like everything else.

Nothing is changed around a decider: a held message is said again and decided again; an effect is
ruled on where it stands as the person saw it. Who did it and why stands in the message.
"""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.conditions import CONDITIONS, Action, kind_of_reason
from crossdock.contracts.identities import MessageRetry
from crossdock.contracts.operations import (
    ConditionAssignment,
    ConditionClosing,
    EffectResending,
    EffectRuling,
    MessageCorrection,
    MessageDismissal,
    MessageOverride,
    Ruled,
)
from crossdock.log.records import (
    AFTER_ATTEMPT,
    Closing,
    EffectState,
    Held,
    Ruling,
    Standing,
    Wanted,
)
from crossdock.log.rulings import OF_EFFECTS
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.operations import HANDLED, WORK, Handled, WorkItem, handled_of
from crossdock.sagas.turn import Turn
from crossdock.sagas.understanding import CANONICAL, foreign, noun_from

# Conditions -------------------------------------------------------------------------------------


def _assigned(batch: Batch, turn: Turn, noun: ConditionAssignment) -> None:
    item = WorkItem(
        noun.kind,
        noun.about,
        noun.to,
        noun.snoozed_until,
        noun.by,
        noun.reason,
        turn.message.place,
    )
    batch.store_document(turn, WORK, noun.condition_id, item)


def _closed(batch: Batch, turn: Turn, noun: ConditionClosing) -> None:
    upto = {int(partition): position for partition, position in noun.upto.items()}
    why = f"{noun.by}: {noun.reason}"
    turn.outcome.closings.append(Closing(noun.kind, noun.about, why, upto))


def _wants_item(wanted: Wanted, noun: ConditionAssignment) -> None:
    wanted.documents.add((WORK, noun.condition_id))


# Held and dead messages -------------------------------------------------------------------------


def _retried(batch: Batch, turn: Turn, noun: MessageRetry) -> None:
    """Say a held message again, if what holds it is something that can come right."""
    held = _open_for(batch, turn, noun.message, Action.RETRY)
    if held is not None:
        turn.say_again(held.message)
        _handle(batch, turn, held, "retried", noun.by, noun.reason)


def _corrected(batch: Batch, turn: Turn, noun: MessageCorrection) -> None:
    held = _open_for(batch, turn, noun.message, Action.EDIT)
    if held is None:
        return
    problem = _unreadable(batch, held, noun.data)
    if problem:
        turn.hold(f"unreadable: {problem}")
        return
    turn.say_again(held.message, data=msgspec.Raw(noun.data.encode()))
    _handle(batch, turn, held, "edited", noun.by, noun.reason)


def _unreadable(batch: Batch, held: Held, data: str) -> str:
    """Why the new data is none of its type, in its sender's words; "": it is one."""
    kind, speech = held.message.type, batch.policy.speech.get(held.message.source, CANONICAL)
    try:
        msgspec.json.decode(data, type=dict[str, Any])
        said = foreign(kind, msgspec.Raw(data.encode()), speech)
        if said.unknown:
            return f"{said.unknown[0].said} at {said.unknown[0].where} is in no table"
        noun_from(kind, said.tree)
    except (msgspec.MsgspecError, ValueError) as error:
        return str(error)
    return ""


def _overridden(batch: Batch, turn: Turn, noun: MessageOverride) -> None:
    held = _open_for(batch, turn, noun.message, Action.OVERRIDE)
    if held is not None:
        turn.say_again(held.message, source=noun.owner)
        _handle(batch, turn, held, "overridden", noun.by, noun.reason)


def _dismissed(batch: Batch, turn: Turn, noun: MessageDismissal) -> None:
    held = _open_for(batch, turn, noun.message, Action.CANCEL)
    if held is not None:
        _handle(batch, turn, held, "cancelled", noun.by, noun.reason)


def _open_for(batch: Batch, turn: Turn, place: str, action: Action) -> Held | None:
    """The message, if it waits, nobody handled it, and its runbook has the action."""
    found = batch.held([place])
    if not found:
        turn.supersede("it is not held")
        return None
    known = handled_of(batch.document(HANDLED, place))
    if known is not None:
        turn.supersede(f"it was {known.state} at {known.place}")
        return None
    kind = kind_of_reason(found[0].reason)
    if kind and all(step.action is not action for step in CONDITIONS[kind].runbook):
        turn.supersede(f"it is not held for something that can come right: {kind} has no {action}")
        return None
    return found[0]


def _handle(batch: Batch, turn: Turn, held: Held, state: str, by: str, reason: str) -> None:
    """Take note of what was done; what the message left open is settled up to itself."""
    place = held.message.place
    done = Handled(state, turn.message.place, by, reason)
    batch.store_document(turn, HANDLED, place, done)
    upto = {held.message.partition: held.message.position}
    for kind, key in dict.fromkeys((note.kind, note.key) for note in held.notes):
        why = f"{by or 'somebody'}: {state} at {turn.message.place}"
        turn.outcome.closings.append(Closing(kind, key, why, upto))


def _wants_held(wanted: Wanted, noun: Any) -> None:
    wanted.held.add(noun.message)
    wanted.documents.add((HANDLED, noun.message))


# Effects ----------------------------------------------------------------------------------------


def _ruled(batch: Batch, turn: Turn, noun: EffectRuling) -> None:
    found = batch.effect(noun.effect)
    problem = _not_held(found, noun)
    if problem:
        turn.supersede(problem)
        return
    again = noun.action in (Ruled.RETRY, Ruled.RETRY_CERTAIN)
    batch.rule(noun.effect, EffectState.DUE if again else None)
    why = f"{noun.by}: {noun.reason}"
    turn.outcome.rulings.append(
        Ruling(noun.effect, noun.attempts, noun.action.value, noun.reference, why)
    )
    for kind in OF_EFFECTS:
        upto = {AFTER_ATTEMPT: noun.attempts}
        turn.outcome.closings.append(Closing(kind, noun.effect, why, upto))


def _not_held(found: Standing | None, noun: EffectRuling) -> str:
    """Why nothing is ruled, in a fixed order; "": it is held as it was seen."""
    if found is None:
        return "no such effect"
    if found.state is not EffectState.HELD:
        return "it is not held" if found.state is not None else "it is settled"
    if found.attempts != noun.attempts:
        return f"it was tried {found.attempts} times, not {noun.attempts}"
    if not found.attempts and noun.action in (Ruled.RETRY, Ruled.RETRY_CERTAIN):
        return "it waits for its flow to run, not for a person"
    return ""


def _resent(batch: Batch, turn: Turn, noun: EffectResending) -> None:
    """Intend an effect once more, under a key that is derived from the old one (I29)."""
    found = batch.effect(noun.effect)
    if found is None:
        turn.supersede("no such effect")
        return
    if found.state is not None:
        turn.supersede("it is still to be told, so nothing is to be told again")
        return
    turn.tell_again(found.effect, f"{noun.effect}/again/{noun.resend_id}")


def _wants_effect(wanted: Wanted, noun: Any) -> None:
    wanted.effects.add(noun.effect)


DECIDERS: dict[str, Decider] = {
    catalogue.CONDITION_ASSIGNED: Decider(_assigned, _wants_item),
    catalogue.CONDITION_CLOSED: Decider(_closed),
    catalogue.MESSAGE_RETRIED: Decider(_retried, _wants_held),
    catalogue.MESSAGE_CORRECTED: Decider(_corrected, _wants_held),
    catalogue.MESSAGE_OVERRIDDEN: Decider(_overridden, _wants_held),
    catalogue.MESSAGE_DISMISSED: Decider(_dismissed, _wants_held),
    catalogue.EFFECT_RULED: Decider(_ruled, _wants_effect),
    catalogue.EFFECT_RESENT: Decider(_resent, _wants_effect),
}
"""Every message that a person puts on the log by working on what waits."""
