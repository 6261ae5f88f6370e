"""What the hub asks of a source that numbers its messages, when some are missing."""

from __future__ import annotations

from crossdock.contracts.words import Identifier, Noun, Quantity, Text


class SequenceRequest(Noun, frozen=True, kw_only=True):
    """Send these numbers again: later ones of the key are here, and these never came."""

    request_id: Identifier
    source: Identifier
    about: Text  # the ordering key
    first: Quantity
    last: Quantity
