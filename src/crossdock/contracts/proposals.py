"""Writes by somebody else than the owner, put before the owner (R32)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import ProposalVerdict
from crossdock.contracts.words import Identifier, Noun, Text
from crossdock.kernel.limits import PROPOSAL_CHANGES_MAX


class WishedValue(Noun, frozen=True, kw_only=True):
    """One field as it stands and as it is wished, both as JSON; long values are cut short."""

    field: Identifier
    old: Text = ""  # empty where the field has no value, or an event has no field before it
    wished: Text


class Proposal(Noun, frozen=True, kw_only=True):
    """Somebody else wants to say what is yours; make the change yourself, accept it or decline."""

    proposal_id: Identifier
    entity: Identifier
    number: Identifier  # of the record or document that the change is about
    said: Annotated[str, Meta(max_length=128)]  # message type
    said_by: Identifier
    place: Identifier  # of the message on the hub's log
    rule: Text  # the row of the ownership matrix that names you
    changes: Annotated[tuple[WishedValue, ...], Meta(max_length=PROPOSAL_CHANGES_MAX)]


class ProposalSettlement(Noun, frozen=True, kw_only=True):
    """The owner's word on a proposal; accepted, its values hold in the owner's name."""

    proposal_id: Identifier
    verdict: ProposalVerdict
    reason: Text = ""
