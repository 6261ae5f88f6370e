"""Proposals: what somebody else than the owner wanted to write, until the owner has spoken.

A proposal is a document. Its owner is told of it and may make the change itself, or settle it;
accepted values hold in the owner's name, from the place of the settlement on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import MessageType
from crossdock.contracts.proposals import Proposal, WishedValue
from crossdock.contracts.words import Noun
from crossdock.kernel.limits import PROPOSAL_CHANGES_MAX, TEXT_LENGTH_MAX
from crossdock.log.records import Lane
from crossdock.ownership.matrix import Answer
from crossdock.ownership.phrases import ANYBODY, HUB
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

PROPOSAL: Final = "proposal"
"""The kind of document."""

_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """One field, its value as it stands and as it is wished."""

    field: str
    old: Any
    wished: Any

    @staticmethod
    def shown(value: Any, most: int = _SHOWN_MAX) -> str:
        """A value as JSON, cut short; nothing for no value."""
        text = "nothing" if value is None else msgspec.json.encode(value).decode()
        return text if len(text) <= most else text[: most - 1] + "…"


class Offer(msgspec.Struct, omit_defaults=True):
    """What a proposal's document keeps: exact values, or the whole message that is to be said."""

    entity: str
    number: str
    type: str
    said_by: str
    place: str
    owners: list[str]
    state: str = "open"  # then the verdict
    settled_at: str = ""  # place of the settlement
    values: dict[str, Any] = {}
    whole: dict[str, Any] | None = None


def put(
    batch: Batch,
    turn: Turn,
    row: MessageType,
    number: str,
    answer: Answer,
    wishes: Sequence[Wish],
    *,
    whole: Noun | None = None,
) -> None:
    """Put wishes before the owners of their cell: a document, and a message to each owner."""
    message = turn.message
    made = sum(1 for one in turn.outcome.documents if one.kind == PROPOSAL)
    proposal_id = f"P-{turn.lasting_name}-{made + 1}"
    owners = [owner for owner in answer.owners if owner not in (HUB, ANYBODY)]
    offer = Offer(
        entity=row.entity,
        number=number,
        type=row.name,
        said_by=message.source,
        place=message.place,
        owners=owners,
        values={} if whole is not None else {wish.field: wish.wished for wish in wishes},
        whole=None if whole is None else msgspec.to_builtins(whole),
    )
    batch.store_document(turn, PROPOSAL, proposal_id, offer)
    told = Proposal(
        proposal_id=proposal_id,
        entity=row.entity,
        number=number,
        said=row.name,
        said_by=message.source,
        place=message.place,
        rule=answer.rule,
        changes=tuple(_told(wish) for wish in wishes[:PROPOSAL_CHANGES_MAX]),
    )
    turn.tell(
        tuple(owners),
        catalogue.PROPOSAL_MADE,
        proposal_id,
        told,
        f"proposal/{proposal_id}",
        Lane.ANALYTICAL,
    )


def _told(wish: Wish) -> WishedValue:
    return WishedValue(
        field=wish.field,
        old="" if wish.old is None else wish.shown(wish.old, TEXT_LENGTH_MAX),
        wished=wish.shown(wish.wished, TEXT_LENGTH_MAX),
    )
