"""What an owner's word on a proposal does: accepted, the values hold in the owner's name."""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.proposals import ProposalSettlement
from crossdock.contracts.vocabulary import ProposalVerdict
from crossdock.log.records import Wanted
from crossdock.ownership.survivorship import Claim
from crossdock.sagas import fulfilment, golden
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.proposals import PROPOSAL, Offer
from crossdock.sagas.turn import Turn

_OFFER = msgspec.json.Decoder(Offer)


def _settled(batch: Batch, turn: Turn, noun: ProposalSettlement) -> None:
    source = turn.message.source
    document = batch.document(PROPOSAL, noun.proposal_id)
    if document is None:
        turn.hold("unknown-proposal")
        return
    offer = _OFFER.decode(document.body)
    if source not in offer.owners:
        owners = " or ".join(offer.owners)
        turn.hold(f"not {source}'s to settle: {noun.proposal_id} was made to {owners}")
        turn.note("not-yours", f"proposal/{noun.proposal_id}/{source}", f"it was made to {owners}")
        return
    if offer.state != "open":
        turn.supersede(f"{offer.state} at {offer.settled_at}")
        return
    offer.state = noun.verdict.value
    offer.settled_at = turn.message.place
    batch.store_document(turn, PROPOSAL, noun.proposal_id, offer)
    if noun.verdict is ProposalVerdict.ACCEPTED:
        if offer.whole is None:
            _write_values(batch, turn, noun.proposal_id, offer)
        else:
            row = CATALOGUE[offer.type]
            turn.say(row.name, offer.number, msgspec.convert(offer.whole, row.noun))


def _write_values(batch: Batch, turn: Turn, proposal_id: str, offer: Offer) -> None:
    """Let the owner claim the accepted values, and those only."""
    name = golden.document_id(offer.entity, offer.number)
    record = golden.read(batch.document(golden.MASTER, name))
    claim = Claim(
        source=turn.message.source,
        said_as=f"{offer.number}+{proposal_id}",
        revision=1,
        place=turn.message.place,
        event_time=turn.message.event_time,
        fields=offer.values,
        partial=True,
    )
    claims = {**record.claims, claim.key: claim}
    record = golden.record_of(batch.policy, offer.entity, claims)
    batch.store_document(turn, golden.MASTER, name, record)
    batch.store_master(golden.row_of(offer.entity, offer.number, record))
    if offer.entity == "item":
        fulfilment.review_waiting(turn, offer.number)


def _wants(wanted: Wanted, noun: ProposalSettlement) -> None:
    wanted.documents.add((PROPOSAL, noun.proposal_id))


DECIDERS: dict[str, Decider] = {catalogue.PROPOSAL_SETTLED: Decider(_settled, _wants)}
"""Proposals."""
