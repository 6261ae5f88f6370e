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
    Void,
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
    ask_after_seconds: float = 0.0,
) -> Settlement:
    """What to record for one attempt.

    A refusal, a record that does not stand and an unknown outcome that nobody can be asked about
    are held for a person; so is an effect whose tries are used up. An unknown outcome is tried
    again only where the far side honours our key or can be asked by it (I20), and not before it can
    have finished what it was at.
    """
    number, attempt, seen = effect.effect_id, effect.attempt, answer.evidence
    if isinstance(answer, Accepted):
        return Settlement(number, attempt, Verdict.ACCEPTED, answer.reference, evidence=seen)
    if isinstance(answer, AlreadyDone):
        return Settlement(number, attempt, Verdict.ALREADY_DONE, answer.reference, evidence=seen)
    if isinstance(answer, Refused):
        return Settlement(number, attempt, Verdict.REFUSED, problem=answer.reason, evidence=seen)
    if isinstance(answer, Void):
        problem = f"it is there, and {answer.state}"
        return Settlement(number, attempt, Verdict.VOID, answer.reference, problem, evidence=seen)
    if isinstance(answer, Unknown):
        hopeless = ability is Ability.NEITHER or schedule.exhausted(effect.tries + 1)
        wait = schedule.wait_seconds(effect.attempt, chance, None)
        if ability is Ability.LOOK_UP:
            wait = max(wait, ask_after_seconds)
        return Settlement(
            number,
            attempt,
            Verdict.UNKNOWN,
            problem=answer.reason,
            due_at=None if hopeless else now + timedelta(seconds=wait),
            doubtful=True,
            evidence=seen,
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
        evidence=answer.evidence,
    )
