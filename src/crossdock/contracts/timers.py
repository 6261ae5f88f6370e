"""The hub's alarm clock as a message: time reaches a decider in no other way (decision 15)."""

from __future__ import annotations

from crossdock.contracts.words import Identifier, Noun, Quantity


class TimerFired(Noun, frozen=True, kw_only=True):
    """The due time of a document has passed; `revision` is the one that had set it."""

    kind: Identifier
    id: Identifier
    revision: Quantity
