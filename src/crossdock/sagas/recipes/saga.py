"""An instance of a recipe as the hub keeps it: where each step stands, and what was tried.

A document of kind `saga`. Everything that it says follows from messages: the ones that began it,
that answered it, and the timers that it set.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec

from crossdock.kernel.limits import IDENTIFIER_LENGTH_MAX

KIND: Final = "saga"
"""The kind of document."""


NO_RECORD: Final = msgspec.Raw()
"""Nothing was said; empty, so that it counts as false."""


class StepState(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"  # its turn has not come
    ASKED = "asked"  # told, or watched for; its answer is awaited
    PAUSED = "paused"  # it was refused, and is asked again when its time comes
    DONE = "done"
    LEFT_OUT = "left_out"  # nobody to tell, nothing to say, or the rest goes on without it
    REFUSED = "refused"  # certainly not done
    SILENT = "silent"  # its time is up; it may have been done
    UNKNOWN = "unknown"  # it may have been done, and nobody can be asked
    UNDOING = "undoing"
    UNDO_PAUSED = "undo_paused"
    UNDONE = "undone"
    NOT_DONE = "not_done"  # its undo found nothing to undo
    UNDO_FAILED = "undo_failed"


class Course(StrEnum):
    """Which way an instance goes."""

    FORWARD = "forward"
    BACK = "back"


class Standing(StrEnum):
    """How an instance stands as a whole; the last three need nobody but, if parked, a person."""

    RUNNING = "running"
    UNDOING = "undoing"
    COMPLETE = "complete"
    COMPENSATED = "compensated"
    PARKED = "parked"


class Attempt(msgspec.Struct, omit_defaults=True):
    """One time that a step, or its undo, was told: to whom, and how each of these effects ended."""

    request: str
    asked: datetime
    ends: dict[str, str] = {}  # destination -> the end of its effect, "" while there is none
    answers: dict[str, msgspec.Raw] = {}  # destination -> the record of its answer, if it gathers


class StepNow(msgspec.Struct, omit_defaults=True):
    """One step of an instance."""

    state: StepState = StepState.WAITING
    since: datetime | None = None  # when it came to stand so
    until: datetime | None = None  # when its time is up, or when it is asked again
    stuck: bool = False  # nothing happens before a person decides or the answer comes after all
    turn: int = 0  # the how-many-th thing of the instance that was done, or may have been
    waits: int = 0  # how often it was waited for again
    reason: str = ""
    evidence: str = ""  # the place of the message by which it came to stand so
    record: msgspec.Raw = NO_RECORD  # JSON: what its answer said
    attempts: list[Attempt] = []
    undoing: list[Attempt] = []
    late: bool = False  # it was heard to be done while its undo was under way
    blindly: bool = False  # it is undone although nobody knew, and no answer says what was found


class Move(msgspec.Struct, array_like=True):
    """What a person had the instance do, and why."""

    action: str
    step: str
    by: str
    reason: str
    place: str


class Saga(msgspec.Struct, omit_defaults=True):
    """An instance. `key` is what it shares with other instances: mostly an order."""

    recipe: str
    version: int
    number: str
    key: str
    subject: msgspec.Raw
    began: datetime
    opened_by: str  # the place of the message
    standing: Standing = Standing.RUNNING
    course: Course = Course.FORWARD
    held_by: str = ""  # a person who had it parked
    reason: str = ""  # why it goes back
    turns: int = 0
    steps: dict[str, StepNow] = {}
    moves: list[Move] = []
    shown: dict[str, dict[int, int]] = {}  # conditions that stand -> by partition, where noted last

    @property
    def id(self) -> str:
        """The document's id."""
        return saga_id(self.recipe, self.number)

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come of it by itself or by a person."""
        return self.standing in (Standing.COMPLETE, Standing.COMPENSATED)


class SagasOf(msgspec.Struct):
    """The instances that share a key, in the order in which they began."""

    ids: list[str]


SAGAS_OF: Final = "sagas-of"
"""The kind of document that lists the instances of one key."""


def saga_id(recipe: str, number: str) -> str:
    """The id of the instance of a recipe for one number."""
    name = f"{recipe}/{number}"
    return name if len(name) <= IDENTIFIER_LENGTH_MAX else f"{recipe}/{_digest(number)}"


def request_id(recipe: str, step: str, number: str, attempt: int, *, undo: bool = False) -> str:
    """The number under which a step asks for the `attempt`-th time; its effects' business key."""
    name = f"{recipe}.{step}{'-undo' if undo else ''}"
    request = f"{name}/{number}/{attempt}"
    if len(request) <= IDENTIFIER_LENGTH_MAX:
        return request
    return f"{name}/{_digest(number)}/{attempt}"


def _digest(number: str) -> str:
    """What stands for a number that is too long, beside names of the longest kind."""
    return blake2b(number.encode(), digest_size=12).hexdigest()
