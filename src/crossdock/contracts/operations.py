"""What people do about conditions, held messages and held effects, as messages on the log (I31).

Every one names who did it and why. Places, attempts and marks say what the person saw: where the
world moved on since, nothing is done that was not meant.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from crossdock.contracts.identities import MessagePlace
from crossdock.contracts.words import Identifier, Instant, Noun, Text
from crossdock.kernel.limits import CORRECTED_LENGTH_MAX, NAME_LENGTH_MAX

Reason = Annotated[Text, Meta(min_length=1)]
"""Why, in words for whoever reads the log later."""

ConditionKey = Annotated[str, Meta(min_length=1, max_length=1_000)]
"""What a condition is about."""

EffectName = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
"""The business key of an effect."""


class Ruled(StrEnum):
    """What becomes of a held effect."""

    RETRY = "retry"  # told again; where it is doubtful, asked about first
    RETRY_CERTAIN = "retry_certain"  # told again: somebody looked, and it is not done
    ADOPT = "adopt"  # it is done: the far side's number is taken over
    CANCEL = "cancel"  # it is not to be told any more


class ConditionAssignment(Noun, frozen=True, kw_only=True):
    """Whose a condition is from now on, and until when nobody needs to look at it."""

    condition_id: Identifier  # sagas.operations.condition_id of kind and key
    kind: Identifier
    about: ConditionKey
    to: Text = ""  # a person or a team; empty: the team of its kind
    snoozed_until: Instant | None = None
    by: Reason
    reason: Text = ""


class ConditionClosing(Noun, frozen=True, kw_only=True):
    """A person settles a condition; what is noted after `upto` opens it again."""

    condition_id: Identifier
    kind: Identifier
    about: ConditionKey
    upto: Annotated[dict[str, int], Meta(max_length=2_000)]  # partition -> newest note seen
    by: Reason
    reason: Reason


class MessageCorrection(Noun, frozen=True, kw_only=True):
    """A held or dead message is said again with other data, in its sender's name."""

    message: MessagePlace
    data: Annotated[str, Meta(min_length=2, max_length=CORRECTED_LENGTH_MAX)]  # JSON
    by: Reason
    reason: Reason


class MessageOverride(Noun, frozen=True, kw_only=True):
    """A message that was not its sender's to say is said again in the name of the owner."""

    message: MessagePlace
    owner: Identifier
    by: Reason
    reason: Reason


class MessageDismissal(Noun, frozen=True, kw_only=True):
    """A held or dead message will never be applied; nobody needs to look at it any more."""

    message: MessagePlace
    by: Reason
    reason: Reason


class EffectRuling(Noun, frozen=True, kw_only=True):
    """What becomes of an effect that is held after so many attempts."""

    effect: EffectName
    attempts: Annotated[int, Meta(ge=0)]
    action: Ruled
    reference: Text = ""  # the far side's number for it, where it is adopted
    by: Reason
    reason: Reason


class EffectResending(Noun, frozen=True, kw_only=True):
    """An effect is told once more on purpose, as another one under a key of its own (I29)."""

    effect: EffectName
    resend_id: Identifier
    by: Reason
    reason: Reason
