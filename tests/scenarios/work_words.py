"""The words in which people work on what waits for them, in a story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from crossdock.contracts import catalogue, operations, pauses
from crossdock.contracts.words import Noun
from crossdock.log.records import EffectState, NewMessage, Settlement, Verdict
from crossdock.sagas.operations import WORK, condition_id, work_item_of
from crossdock.sagas.policy import AfterLimit, Policy, SequenceRule
from crossdock.testing.builders import at
from crossdock.testing.hub import at_once

if TYPE_CHECKING:
    from tests.scenarios.stage import Stage

Said = tuple[str, Noun]
_ANN = "ann"


def _assign(name: str, kind: str, key: str, to: str) -> Said:
    return catalogue.CONDITION_ASSIGNED, operations.ConditionAssignment(
        condition_id=condition_id(kind, key), kind=kind, about=key, to=to, by=_ANN
    )


def _close(name: str, kind: str, key: str, upto: str, reason: str) -> Said:
    partition, _, position = upto.partition(":")
    return catalogue.CONDITION_CLOSED, operations.ConditionClosing(
        condition_id=condition_id(kind, key),
        kind=kind,
        about=key,
        upto={partition: int(position)},
        by=_ANN,
        reason=reason,
    )


def _correct(name: str, place: str, data: str) -> Said:
    return catalogue.MESSAGE_CORRECTED, operations.MessageCorrection(
        message=place, data=data, by=_ANN, reason="as they meant it"
    )


def _override(name: str, place: str, owner: str) -> Said:
    return catalogue.MESSAGE_OVERRIDDEN, operations.MessageOverride(
        message=place, owner=owner, by=_ANN, reason="the owner agrees"
    )


def _dismiss(name: str, place: str) -> Said:
    return catalogue.MESSAGE_DISMISSED, operations.MessageDismissal(
        message=place, by=_ANN, reason="never"
    )


def _rule(name: str, effect: str, attempts: str, action: str, reference: str = "") -> Said:
    return catalogue.EFFECT_RULED, operations.EffectRuling(
        effect=effect,
        attempts=int(attempts),
        action=operations.Ruled(action),
        reference=reference,
        by=_ANN,
        reason="looked there",
    )


def _resend(name: str, effect: str, resend_id: str) -> Said:
    return catalogue.EFFECT_RESENT, operations.EffectResending(
        effect=effect, resend_id=resend_id, by=_ANN, reason="they lost it"
    )


def _pause(name: str, rule: str, switch: str, on: str, seconds: str = "0") -> Said:
    return catalogue.PAUSE_SWITCHED, pauses.PauseSwitch(
        pause_id=rule,
        switch=int(switch),
        on=on == "on",
        rule="shipment events late > 5m: pause notifications",
        measured_seconds=int(seconds),
        types=("crossdock.order.status_changed.v1",),
    )


def _silence(name: str, rule: str, switch: str, on: str) -> Said:
    return catalogue.PAUSE_SWITCHED, pauses.PauseSwitch(
        pause_id=rule,
        switch=int(switch),
        on=on == "on",
        rule="order events silent > 4h: alarm",
        measured_seconds=0,
    )


def _numbering(policy: Policy, after_limit: AfterLimit) -> Policy:
    """Picks and shipments of the warehouse are numbered; a gap has five minutes."""
    kinds = frozenset({catalogue.PICK_CONFIRMED, catalogue.SHIPMENT_SHIPPED})
    rule = SequenceRule(kinds, 300, after_limit, refetch=True)
    return replace(policy, sequences={"wms_east": rule})


HOUSES: dict[str, Callable[[Policy], Policy]] = {
    "wms_east numbers, and a gap is gone on without": lambda policy: _numbering(
        policy, AfterLimit.GO_ON
    ),
    "wms_east numbers, and a gap waits": lambda policy: _numbering(policy, AfterLimit.WAIT),
}
"""House rules about numbered messages."""


def numbered(message: NewMessage, number: int) -> NewMessage:
    """The same message with a number of its source's."""
    envelope = msgspec.json.decode(message.raw)
    raw = msgspec.json.encode({**envelope, "sequence": str(number)})
    return replace(message, raw=raw)


DOINGS: dict[str, Callable[..., Said]] = {
    "assign": _assign,
    "close": _close,
    "correct": _correct,
    "override": _override,
    "dismiss": _dismiss,
    "rule": _rule,
    "resend": _resend,
    "pause": _pause,
    "silence": _silence,
}
"""What a person may do: verb -> (a number, the line's columns) -> message."""


def _condition(stage: Stage, kind: str, key: str) -> str:
    """Whether a condition is open, or why it is closed."""
    row = stage.hub.store.data.conditions.rows.get((kind, key))
    if row is None:
        return "none"
    return f"open since {row.place}" if row.is_open else f"closed: {row.closed_why}"


def _whose(stage: Stage, kind: str, key: str) -> str:
    """Whose a condition is."""
    document = stage.hub.store.data.documents.get((WORK, condition_id(kind, key)))
    return "nobody's" if document is None else work_item_of(document).to


def _effect(stage: Stage, key: str) -> str:
    """Where an effect stands."""
    kept = stage.hub.store.data.effects.named(key)
    return "none" if kept is None else kept.state_name


def _deliver(stage: Stage, key: str, verdict: str) -> str:
    """The far side gives its answer to an effect that is next in turn; nothing is tried again."""
    store = stage.hub.store
    kept = store.data.effects.named(key)
    assert kept is not None, key
    destination = kept.effect.destination
    now = at(10_000 + kept.attempts)
    claimed = at_once(store.claim(destination, now, now, 100))
    assert key in {one.business_key for one in claimed}, f"{key} is not next in turn"
    for one in claimed:
        if one.business_key == key:
            said = Settlement(one.effect_id, one.attempt, Verdict(verdict), "T-1", "their words")
        else:
            said = Settlement(one.effect_id, one.attempt, Verdict.RETRY, due_at=now, counts=False)
        at_once(store.settle([said], now))
    return "held" if kept.state is EffectState.HELD else kept.state_name


QUESTIONS: dict[str, Callable[..., str]] = {
    "condition": _condition,
    "whose": _whose,
    "effect": _effect,
    "deliver": _deliver,
}
"""What is asked, and what a far side answers: verb -> (the stage, the line's columns) -> words."""
