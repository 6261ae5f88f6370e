"""What calls about reservations do: units are set aside, sold, given back or expire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.reservations import (
    AnswerLine,
    LaterQuantity,
    ReservationAnswer,
    ReservationCommitment,
    ReservationRelease,
    ReservationRequest,
    SiteQuantity,
)
from crossdock.contracts.vocabulary import (
    ItemStatus,
    Refusal,
    ReservationAnswerKind,
    ReservationState,
)
from crossdock.inventory import reservations
from crossdock.inventory.inbound import Later
from crossdock.inventory.reservations import Freed, Refused, Reservation
from crossdock.log.records import Document, Wanted
from crossdock.sagas import promising, reserving
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.measures import taken_apart
from crossdock.sagas.policy import ChannelPolicy
from crossdock.sagas.reserving import KIND
from crossdock.sagas.turn import Turn

_RESERVATION = msgspec.json.Decoder(Reservation)
_encode = msgspec.json.Encoder().encode


def _requested(batch: Batch, turn: Turn, noun: ReservationRequest) -> None:
    noun = taken_apart(batch, noun)
    channel = turn.policy.channels.get(noun.channel)
    now = turn.message.received_time
    known = reserving.known(batch, noun.reservation_id)

    def offered(item: str, site: str) -> int:
        assert channel is not None, "no stock is looked at for a channel that is not there"
        return promising.offered(turn, channel.channel, channel.keep_back, item, site)

    def come(item: str, sites: Sequence[str], taken: int) -> list[Later]:
        assert channel is not None, "nothing is expected for a channel that is not there"
        return turn.ahead.coming(turn, channel, item, sites, taken)

    decided = reservations.reserve(
        noun,
        known,
        None if channel is None else channel.sells_from,
        lambda item: _status(batch, item),
        offered,
        come if channel is not None and channel.sells_ahead_days else None,
        expires=reservations.expiry(noun, now, turn.policy.soft_seconds),
        now=now,
    )
    if isinstance(decided, Refused):
        _refuse(turn, noun, known, decided)
        return
    if known is None and channel is not None:
        for one in decided.lines:
            for site, quantity in one.sites.items():
                pooled = promising.take(
                    turn, channel.channel, channel.keep_back, one.item, site, quantity
                )
                if pooled:
                    one.pooled[site] = pooled
        batch.store_document(turn, KIND, noun.reservation_id, decided, decided.expires)
        reserving.hold_ahead(turn, noun.reservation_id, None, decided)
    _grant(turn, noun.reservation_id, decided)


def _status(batch: Batch, number: str) -> ItemStatus | None:
    if not batch.policy.known_items_only:
        return ItemStatus.ACTIVE
    item = batch.item(number)
    return None if item is None else item.status


def _committed(batch: Batch, turn: Turn, noun: ReservationCommitment) -> None:
    known = _known_to_source(batch, turn, noun.reservation_id)
    parts: dict[str, int] = {}
    for line in noun.lines:
        parts[line.line] = parts.get(line.line, 0) + line.quantity
    decided = reservations.commit(known, parts, noun.order_id or "", turn.message.received_time)
    _resolve(batch, turn, noun, known, decided)


def _released(batch: Batch, turn: Turn, noun: ReservationRelease) -> None:
    known = _known_to_source(batch, turn, noun.reservation_id)
    _resolve(batch, turn, noun, known, reservations.release(known, turn.message.received_time))


def _known_to_source(batch: Batch, turn: Turn, reservation_id: str) -> Reservation | None:
    """The reservation; to who speaks for other channels only, it is not there.

    Whom the door would not let in at all was let in under the rules of another day, and stands.
    """
    known = reserving.known(batch, reservation_id)
    if known is None:
        return None
    matrix, source = batch.policy.matrix, turn.message.source
    mine = [name for name in matrix.channels if matrix.may_say(source, KIND, None, name)]
    return None if mine and known.channel not in mine else known


def _resolve(
    batch: Batch,
    turn: Turn,
    noun: ReservationCommitment | ReservationRelease,
    known: Reservation | None,
    decided: tuple[Reservation, list[Freed]] | Refused,
) -> None:
    if isinstance(decided, Refused):
        _refuse(turn, noun, known, decided)
        return
    after, freed = decided
    batch.store_document(turn, KIND, noun.reservation_id, after)
    reserving.hold_ahead(turn, noun.reservation_id, known, after)
    reserving.give_back(turn, after.channel, freed)
    _grant(turn, noun.reservation_id, after)


def _expired(batch: Batch, turn: Turn, document: Document) -> None:
    known = _RESERVATION.decode(document.body)
    after, freed = reservations.expire(known)
    batch.store_document(turn, KIND, document.id, after)
    reserving.hold_ahead(turn, document.id, known, after)
    reserving.give_back(turn, after.channel, freed)
    _grant(turn, document.id, after)


def _contradicted(batch: Batch, turn: Turn, noun: Any) -> None:
    """Answer a call whose number was used before, with other content."""
    known = reserving.known(batch, noun.reservation_id)
    refused = Refused(Refusal.SAME_ID_OTHER_CONTENT)
    if not isinstance(noun, ReservationRequest):
        found = reservations.open_or_refused(known, turn.message.received_time)
        refused = found if isinstance(found, Refused) else refused
    _refuse(turn, noun, known, refused)


def _grant(turn: Turn, reservation_id: str, now: Reservation) -> None:
    """Answer with what is held; an expiry is told in the same words."""
    channel = turn.policy.channels.get(now.channel)
    versions = _versions(turn, channel, [one.item for one in now.lines])
    whole = all(one.held + one.ahead == one.wanted for one in now.lines)
    ended = now.state in (ReservationState.RELEASED, ReservationState.EXPIRED)
    answer = ReservationAnswer(
        reservation_id=reservation_id,
        answer=ReservationAnswerKind.GRANTED if whole or ended else ReservationAnswerKind.PART,
        state=now.state,
        lines=tuple(
            AnswerLine(
                line=one.line,
                item=one.item,
                wanted=one.wanted,
                reserved=one.held,
                version=versions[one.item],
                sites=tuple(SiteQuantity(site=s, quantity=q) for s, q in one.sites.items()),
                later=tuple(
                    LaterQuantity(site=p.site, quantity=p.quantity, expected_at=p.expected_at)
                    for p in one.later
                ),
            )
            for one in now.lines
        ),
        as_of=turn.message.received_time,
        version=sum(versions.values()),
        authority=turn.policy.authority,
        expires_at=now.expires,
    )
    _say(turn, now.channel, answer)


def _refuse(turn: Turn, noun: Any, known: Reservation | None, refused: Refused) -> None:
    """Answer with the reason, the numbers that caused it, and what the reservation is."""
    channel = noun.channel if isinstance(noun, ReservationRequest) else ""
    lines: tuple[AnswerLine, ...] = ()
    versions: dict[str, int] = {}
    if refused.available and isinstance(noun, ReservationRequest):
        items = [one.item for one in noun.lines]
        versions = _versions(turn, turn.policy.channels.get(channel), items)
        lines = tuple(
            AnswerLine(
                line=one.line,
                item=one.item,
                wanted=one.quantity,
                reserved=0,
                version=versions[one.item],
                available=refused.available[one.line],
            )
            for one in noun.lines
        )
    answer = ReservationAnswer(
        reservation_id=noun.reservation_id,
        answer=ReservationAnswerKind.REFUSED,
        state=None if known is None else known.state,
        lines=lines,
        as_of=turn.message.received_time,
        version=sum(versions.values()),
        authority=turn.policy.authority,
        refusal=refused.refusal,
        refused=refused.about or None,
    )
    _say(turn, channel or (known.channel if known is not None else ""), answer)


def _versions(turn: Turn, channel: ChannelPolicy | None, items: list[str]) -> dict[str, int]:
    """By item, the version of what this channel is told of it; 0 where nothing was looked at."""
    sites = channel.sells_from if channel is not None else ()
    return {item: turn.book.version(item, sites) for item in items}


def _say(turn: Turn, channel: str, answer: ReservationAnswer) -> None:
    turn.outcome.answer = msgspec.Raw(_encode(answer))
    told = turn.routes("reservation", catalogue.RESERVATION_ANSWERED, None, channel or None)
    if told:
        turn.tell(
            told,
            catalogue.RESERVATION_ANSWERED,
            answer.reservation_id,
            answer,
            f"reservation-answer/{answer.reservation_id}/{turn.message.place}",
        )


TIMERS[KIND] = _expired


def _wants_document(wanted: Wanted, noun: Any) -> None:
    wanted.documents.add((KIND, noun.reservation_id))


def _wants_all(wanted: Wanted, noun: ReservationRequest) -> None:
    wanted.documents.add((KIND, noun.reservation_id))
    for line in noun.lines:
        wanted.items.add(line.item)
        wanted.masters.add(("item", line.item))


DECIDERS: dict[str, Decider] = {
    catalogue.RESERVATION_REQUESTED: Decider(_requested, _wants_all, _contradicted),
    catalogue.RESERVATION_COMMITTED: Decider(_committed, _wants_document, _contradicted),
    catalogue.RESERVATION_RELEASED: Decider(_released, _wants_document, _contradicted),
}
"""Every call about a reservation."""
