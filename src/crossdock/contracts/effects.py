"""What became of an effect, told to whoever asked: a message of the hub to itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import EffectEnd
from crossdock.contracts.words import Identifier, Noun, Quantity, Text
from crossdock.kernel.limits import NAME_LENGTH_MAX


class EffectSettled(Noun, frozen=True, kw_only=True):
    """An effect ended, or waits for a person; it may be said again when a person has helped it on.

    `kind` and `id` name the document that asked, `attempt` the effect's attempt that ended so.
    """

    kind: Identifier
    id: Identifier
    effect: Annotated[str, Meta(max_length=NAME_LENGTH_MAX)]  # its business key
    destination: Identifier
    said: Annotated[str, Meta(max_length=128)]  # message type of what was told
    end: EffectEnd
    attempt: Quantity
    reference: Text = ""  # the far side's own number for it
    reason: Text = ""  # the far side's words, or ours, where it was not done
