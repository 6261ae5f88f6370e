"""From a far side's answer to what becomes of the effect; the unknown outcome is a state."""

from __future__ import annotations

from datetime import datetime, timedelta

from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    FarAnswer,
    Refused,
    RetryLater,
    Unknown,
)
from crossdock.delivery.retry import RetrySchedule
from crossdock.log.records import Claimed, Settlement, Verdict


def settlement(
    effect: Claimed,
    answer: FarAnswer,
    ability: Ability,
    schedule: RetrySchedule,
    now: datetime,
    chance: float,
) -> Settlement:
    """What to record for one attempt.

    A refusal and an unknown outcome that nobody can be asked about are held for a person; so is
    an effect whose tries are used up. An unknown outcome is tried again only where the far side
    honours our key or can be asked by it (I20).
    """
    if isinstance(answer, Accepted):
        return Settlement(effect.effect_id, effect.attempt, Verdict.ACCEPTED, answer.reference)
    if isinstance(answer, AlreadyDone):
        return Settlement(effect.effect_id, effect.attempt, Verdict.ALREADY_DONE, answer.reference)
    if isinstance(answer, Refused):
        return Settlement(effect.effect_id, effect.attempt, Verdict.REFUSED, problem=answer.reason)
    if isinstance(answer, Unknown):
        hopeless = ability is Ability.NEITHER or schedule.exhausted(effect.tries + 1)
        wait = schedule.wait_seconds(effect.attempt, chance, None)
        return Settlement(
            effect.effect_id,
            effect.attempt,
            Verdict.UNKNOWN,
            problem=answer.reason,
            due_at=None if hopeless else now + timedelta(seconds=wait),
            doubtful=True,
        )
    return _later(effect, answer, schedule, now, chance)


def _later(
    effect: Claimed, answer: RetryLater, schedule: RetrySchedule, now: datetime, chance: float
) -> Settlement:
    hopeless = answer.counts and schedule.exhausted(effect.tries + 1)
    wait = schedule.wait_seconds(effect.attempt, chance, answer.after_seconds)
    return Settlement(
        effect.effect_id,
        effect.attempt,
        Verdict.RETRY,
        problem=answer.reason,
        due_at=None if hopeless else now + timedelta(seconds=wait),
        doubtful=effect.doubtful,
        counts=answer.counts,
    )
