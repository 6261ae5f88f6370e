"""What whoever asked is told of an effect, in the transaction that settles it (T4).

An end is said once for ever: its transport key names the effect and the attempt, and an attempt
ends once. What waits for a person is an end too; when a person has helped the effect on, its next
attempt has an end of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from crossdock.contracts.catalogue import EFFECT_SETTLED
from crossdock.contracts.effects import EffectSettled
from crossdock.contracts.vocabulary import EffectEnd
from crossdock.kernel.limits import NAME_LENGTH_MAX
from crossdock.kernel.redaction import one_line
from crossdock.log.own import OwnWords, own_words
from crossdock.log.records import Asker, NewMessage, Settlement, Verdict

ENDS: Final[dict[Verdict, EffectEnd]] = {
    Verdict.ACCEPTED: EffectEnd.ACCEPTED,
    Verdict.ALREADY_DONE: EffectEnd.ALREADY_DONE,
    Verdict.SUPERSEDED: EffectEnd.SUPERSEDED,
    Verdict.ADOPTED: EffectEnd.ADOPTED,
    Verdict.CANCELLED: EffectEnd.CANCELLED,
    Verdict.REFUSED: EffectEnd.REFUSED,
    Verdict.RETRY: EffectEnd.GIVEN_UP,
    Verdict.UNKNOWN: EffectEnd.UNKNOWN,
    Verdict.VOID: EffectEnd.VOID,
}
"""What a verdict means once it is the last word; a retry is, when there is no next time.

`LOST` never is: another attempt ends it so, and goes on.
"""

_COME_AGAIN: Final = frozenset({Verdict.RETRY, Verdict.UNKNOWN})


class Told(NamedTuple):
    """Of an effect, what its asker is told beside how it ended."""

    business_key: str
    destination: str
    type: str
    correlation: str | None


def end_of(result: Settlement) -> EffectEnd | None:
    """How the effect ended with this attempt; None: it comes again by itself."""
    if result.verdict in _COME_AGAIN and result.due_at is not None:
        return None
    return ENDS[result.verdict]


def answer_to(asker: Asker, told: Told, result: Settlement, now: datetime) -> NewMessage | None:
    """The message that tells the asker how this attempt ended; None where the effect goes on."""
    end = end_of(result)
    if end is None:
        return None
    said = EffectSettled(
        kind=asker.kind,
        id=asker.id,
        effect=told.business_key,
        destination=told.destination,
        said=told.type,
        end=end,
        attempt=result.attempt,
        reference=one_line(result.reference, NAME_LENGTH_MAX),
        reason=one_line(result.problem, NAME_LENGTH_MAX),
    )
    name = f"settled/{told.business_key}/{result.attempt}"
    return own_words(
        OwnWords(asker.hub, asker.partition, name, EFFECT_SETTLED, asker.id, said),
        event_time=now,
        received_time=now,
        correlation=told.correlation,
    )
