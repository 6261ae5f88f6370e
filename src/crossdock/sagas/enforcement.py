"""What becomes of a write by somebody else than the owner, where only state could tell.

The door has refused what no state could make right. Here the cell is judged with the order's
stage and channel, and a master record field by field. A violation ends as the matrix declares:
rejected (dead, a commitment that is refused), held for a person, or put before the owner. Each
leaves a condition with the evidence: who, what, from which value to which, whose it is, by which
rule. What the door would refuse today was taken under the rules of another day, and stands.
"""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE, MessageType
from crossdock.contracts.whereabouts import has_channel
from crossdock.orders.stages import stage_of
from crossdock.orders.state import OrderState
from crossdock.ownership.judging import Place, lets_in, places_of
from crossdock.ownership.matrix import Answer
from crossdock.ownership.rule import OnViolation
from crossdock.ownership.subjects import STAGES, masters
from crossdock.ownership.survivorship import Claim, Record
from crossdock.sagas import proposals
from crossdock.sagas.batch import Batch
from crossdock.sagas.proposals import Wish
from crossdock.sagas.turn import Turn


def stands(batch: Batch, turn: Turn, noun: Any) -> bool:
    """Whether the message is its source's to say; where not, its turn is ended as declared."""
    message = turn.message
    row = CATALOGUE[message.type]
    if batch.policy.matrix.door_decides(row.entity):
        return True
    if message.source == batch.policy.name or not row.inbound or row.entity in masters():
        return True
    order = batch.order(noun.order_id) if row.key == "order_id" else None
    for place in places_of(noun):
        answer = _answer(batch, turn, row, place, order)
        if answer.may_say(message.source):
            continue
        if lets_in(batch.policy.matrix, message.source, row, place):
            _end(batch, turn, row, noun, answer, _here(place, order, row))
            return False
    return True


def _answer(
    batch: Batch, turn: Turn, row: MessageType, place: Place, order: OrderState | None
) -> Answer:
    """The matrix's answer with all that is known now.

    Of an order that is not known yet, nobody knows the channel: whoever owns it in some channel is
    taken for its owner, as at the door.
    """
    matrix, source = batch.policy.matrix, turn.message.source
    stage = stage_of(order) if order is not None and row.entity in STAGES else None
    channel = place.channel or (order.channel if order is not None and order.placed else None)
    known = matrix.answer(row.entity, place.site, channel, stage=stage, event=row.name)
    if channel is not None or not has_channel(row):
        return known
    for name in matrix.channels:
        other = matrix.answer(row.entity, place.site, name, stage=stage, event=row.name)
        if other.may_say(source):
            return other
    return known


def _here(place: Place, order: OrderState | None, row: MessageType) -> str:
    """Which cell it was, in words."""
    channel = place.channel or (order.channel if order is not None else "")
    here = (f" at {place.site}" if place.site else "") + (f" via {channel}" if channel else "")
    stage = stage_of(order) if order is not None and row.entity in STAGES else ""
    return f"{here}, {stage}" if stage else here


def _end(batch: Batch, turn: Turn, row: MessageType, noun: Any, answer: Answer, here: str) -> None:
    """End a whole message as its cell declares."""
    source = turn.message.source
    number = getattr(noun, row.key)
    owners = _owners(answer)
    turn.note(
        "not-yours",
        f"{row.entity}/{number}/{source}",
        f"{source} says {row.name} of {number}{here}, which {owners} owns"
        f" by `{answer.rule}`: {_ENDED[answer.on_violation]} at {turn.message.place}",
    )
    reason = f"not {source}'s to say: {row.entity}{here} is {owners}'s"
    if answer.on_violation is OnViolation.REJECT:
        turn.refuse(reason)
        return
    turn.hold(reason)
    if answer.on_violation is OnViolation.PROPOSE:
        stated = sorted(msgspec.to_builtins(noun).items())
        wishes = [Wish(name, None, value) for name, value in stated if name != row.key]
        proposals.put(batch, turn, row, number, answer, wishes, whole=noun)


_ENDED = {
    OnViolation.REJECT: "rejected",
    OnViolation.HOLD: "held",
    OnViolation.PROPOSE: "put before the owner",
}


def _owners(answer: Answer) -> str:
    return " or ".join(answer.owners) or "nobody"


# Master records, field by field -----------------------------------------------------------------


def judge_claim(
    batch: Batch, turn: Turn, row: MessageType, noun: Any, record: Record, claim: Claim
) -> bool:
    """End each field that a claim changes and its source does not own; gives whether it counts.

    A field that the source leaves out, or states as it stands, is no violation. Where the source
    owns none of what it states, the whole message ends as the first of those fields declares.
    """
    matrix, source = batch.policy.matrix, claim.source
    place = places_of(noun)[0]
    if source == batch.policy.name or not lets_in(matrix, source, row, place):
        return True
    broken: list[tuple[Wish, Answer]] = []
    owned = False
    for name, wished in sorted(claim.fields.items()):
        answer = matrix.answer(row.entity, place.site, place.channel, field=name, event=row.name)
        if answer.may_say(source):
            owned = True
        elif record.golden.get(name) != wished:
            broken.append((Wish(name, record.golden.get(name), wished), answer))
    number = getattr(noun, row.key)
    for wish, answer in broken:
        _note_field(turn, f"{row.entity}/{number}", wish, answer)
    for answer in dict.fromkeys(answer for _, answer in broken):
        if answer.on_violation is OnViolation.PROPOSE:
            wishes = [wish for wish, other in broken if other == answer]
            proposals.put(batch, turn, row, number, answer, wishes)
    if broken and not owned:
        _end_claim(turn, row, broken)
        return False
    return True


def _note_field(turn: Turn, record: str, wish: Wish, answer: Answer) -> None:
    message = turn.message
    turn.note(
        "not-yours",
        f"{record}.{wish.field}/{message.source}",
        f"{message.source} wants {wish.field} from {wish.shown(wish.old)} to"
        f" {wish.shown(wish.wished)}, which {_owners(answer)} owns by `{answer.rule}`:"
        f" {_ENDED[answer.on_violation]} at {message.place}",
    )


def _end_claim(turn: Turn, row: MessageType, broken: list[tuple[Wish, Answer]]) -> None:
    names = ", ".join(wish.field for wish, _ in broken)
    reason = f"not {turn.message.source}'s to say: {row.entity} {names}"
    endings = {answer.on_violation for _, answer in broken}
    if endings == {OnViolation.REJECT}:
        turn.refuse(reason)
    else:
        turn.hold(reason)
