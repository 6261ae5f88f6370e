"""What every connector promises: documents out, one of five answers back, and a way to ask.

A far system's reply becomes `Accepted`, `AlreadyDone`, `RetryLater`, `Refused` or `Unknown`;
nothing else reaches the hub. `Unknown` means that the request was sent and no answer came: the
effect may have happened, so the hub asks (`look_up`) before it ever sends again (I20).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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
class Accepted:
    """Done now; `reference` is the far side's own number, or empty."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """Done before under the same key; `reference` is that effect's number."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Not done, try again: not before `after_seconds` if the far side said so.

    `counts` is False where the far side only asked us to slow down: such an attempt uses up no try.
    """

    reason: str
    after_seconds: float | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done, and the same again would be refused again; the far side's words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, no answer: it may have happened."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """Asked, and certain: it did not happen, it may be sent."""


FarAnswer = Accepted | AlreadyDone | RetryLater | Refused | Unknown


class Connector(Protocol):
    """One far system, reached."""

    @property
    def batch_max(self) -> int:
        """How many documents one `send` may carry."""
        ...

    def ability(self, message_type: str) -> Ability:
        """What the far side offers against doing this twice."""
        ...

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Tell the far side; gives one answer per document, in order. Raises nothing of its own."""
        ...

    async def look_up(self, document: Document) -> AlreadyDone | NotThere | Unknown:
        """Ask by our reference whether it happened; Unknown when it could not be asked."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
