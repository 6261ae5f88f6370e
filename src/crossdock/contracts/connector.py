"""What every connector promises: documents out, one of six answers back, and a way to ask.

A far system's reply becomes `Accepted`, `AlreadyDone`, `Void`, `RetryLater`, `Refused` or
`Unknown`; nothing else reaches the hub. `Unknown` means that the request was sent and no answer
came: the effect may have happened, so the hub asks (`look_up`) before it ever sends again (I20).
`Void` means that what exists under our key does not stand: cancelled there, it is no success (P48).
Each answer carries the evidence of its exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol


class Ability(StrEnum):
    """What a far system offers against doing a thing twice; declared per operation."""

    KEYS = "keys"  # it honours our key: the same key again is the same effect
    LOOK_UP = "look_up"  # it can be asked by our reference
    NEITHER = "neither"  # after an unknown outcome a person must look


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to tell a far system."""

    business_key: str  # the same on every attempt; becomes the idempotency key
    type: str  # a name of the catalogue
    key: str
    correlation: str
    body: bytes  # the canonical noun as JSON


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of one exchange: kept with the attempt, to be shown and compared by people.

    `words` are the far side's own, bounded and without secrets. The digests are SHA-256 over the
    bytes as they went and as they came; many documents of one request share them. Empty: there was
    none, or it was not seen.
    """

    status: int | None = None
    words: str = ""
    sent: bytes = b""
    received: bytes = b""


NO_EVIDENCE: Final = Evidence()


@dataclass(frozen=True, slots=True)
class Accepted:
    """Done now; `reference` is the far side's own number, or empty."""

    reference: str = ""
    evidence: Evidence = field(default=NO_EVIDENCE, compare=False)


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """Done before under the same key; `reference` is that effect's number."""

    reference: str = ""
    evidence: Evidence = field(default=NO_EVIDENCE, compare=False)


@dataclass(frozen=True, slots=True)
class Void:
    """It is there under our key and does not stand: cancelled, or in a state nobody explained.

    Sending it again would find the same record, and another key would be a second effect: a person
    decides.
    """

    reference: str
    state: str  # in the far side's word
    evidence: Evidence = field(default=NO_EVIDENCE, compare=False)


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Not done, try again: not before `after_seconds` if the far side said so.

    `counts` is False where the far side only asked us to slow down: such an attempt uses up no try.
    `well` says that it answered as it should and something else has to be there first (an order
    before its shipment): that is no failure of the far side.
    """

    reason: str
    after_seconds: float | None = None
    counts: bool = True
    well: bool = False
    evidence: Evidence = field(default=NO_EVIDENCE, compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done, and the same again would be refused again; the far side's words."""

    reason: str
    evidence: Evidence = field(default=NO_EVIDENCE, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, no answer: it may have happened."""

    reason: str
    evidence: Evidence = field(default=NO_EVIDENCE, compare=False)


@dataclass(frozen=True, slots=True)
class NotThere:
    """Asked, and certain: it did not happen, it may be sent."""


FarAnswer = Accepted | AlreadyDone | Void | RetryLater | Refused | Unknown

Found = AlreadyDone | Void | NotThere | Unknown
"""What a look-up may find."""


class Connector(Protocol):
    """One far system, reached."""

    @property
    def batch_max(self) -> int:
        """How many documents one `send` may carry."""
        ...

    def ability(self, message_type: str) -> Ability:
        """What the far side offers against doing this twice."""
        ...

    def ask_after_seconds(self, message_type: str) -> float:
        """How long after an unknown outcome "it is not there" can be believed.

        A far side that is still at work would say so too, and the effect would be sent twice.
        """
        ...

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Tell the far side; gives one answer per document, in order. Raises nothing of its own."""
        ...

    async def look_up(self, document: Document) -> Found:
        """Ask by our reference whether it happened; Unknown when it could not be asked."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
