"""What becomes of postings: days that end, and what the ERP answers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.postings import (
    PostingPeriod,
    StockPosted,
    StockPosting,
    StockPostingLine,
    StockPostingRejected,
    StockPostingRetry,
)
from crossdock.kernel.limits import DOCUMENT_LINES_MAX
from crossdock.log.records import Claim, Pending, PendingSum, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.posting import POSTING, PostingState, ask, new_posting_id, tell_posting
from crossdock.sagas.turn import Turn

PERIOD = "posting-period"
"""The kind of document that counts the postings of a day of a site."""

_STATE = msgspec.json.Decoder(PostingState)


class PeriodState(msgspec.Struct, omit_defaults=True):
    """How many postings added up a day of a site, by milestone."""

    postings: dict[str, int] = {}


def _period_id(said: PostingPeriod) -> str:
    return f"{said.site}/{said.period}"


def _ended(batch: Batch, turn: Turn, said: PostingPeriod) -> None:
    """Add up what nobody was asked for: the day itself at first, later what came late."""
    known = batch.document(PERIOD, _period_id(said))
    state = PeriodState() if known is None else msgspec.json.decode(known.body, type=PeriodState)
    if said.closing != (0 if known is None else known.revision) + 1:
        turn.supersede("the day was closed before")
        return
    pending = batch.take_pending((said.site, said.period, said.ended_at))
    for count, part in enumerate(_parts(pending), start=1):
        milestone = part[0].milestone
        number = state.postings[milestone] = state.postings.get(milestone, 0) + 1
        posting = StockPosting(
            posting_id=new_posting_id(turn, count),
            site=said.site,
            period=said.period,
            lines=tuple(map(_line, part)),
            number=number,
        )
        turn.outcome.claims.append(_claim(said, posting.posting_id, part, pending))
        ask(batch, turn, posting)
    batch.store_document(turn, PERIOD, _period_id(said), state)


def _parts(pending: Pending) -> Iterator[tuple[PendingSum, ...]]:
    """The sums of one milestone after the other, in as many parts as a posting has lines."""
    for _, group in groupby(pending.sums, key=attrgetter("milestone")):
        sums = tuple(group)
        for start in range(0, len(sums), DOCUMENT_LINES_MAX):
            yield sums[start : start + DOCUMENT_LINES_MAX]


def _line(one: PendingSum) -> StockPostingLine:
    return StockPostingLine(
        item=one.item,
        milestone=one.milestone,
        quantity=one.quantity,
        documents=one.entries,
        document=one.document if one.entries == 1 else None,
        owner=one.owner or None,
    )


def _claim(
    said: PostingPeriod, posting_id: str, part: tuple[PendingSum, ...], pending: Pending
) -> Claim:
    first, last = part[0], part[-1]
    return Claim(
        posting_id,
        said.site,
        said.period,
        first.milestone,
        (first.item, first.owner),
        (last.item, last.owner),
        pending.upto,
        sum(one.entries for one in part),
        said.ended_at,
    )


def _posted(batch: Batch, turn: Turn, said: StockPosted) -> None:
    state = _known(batch, turn, said.posting_id)
    if state is None:
        return
    if state.standing == "posted":
        turn.supersede("the posting is known to be posted")
        return
    if state.standing == "rejected":
        turn.cure("posting-rejected", said.posting_id, "it is posted")
    posted = PostingState(state.posting, "posted", said.reference or "")
    batch.store_document(turn, POSTING, said.posting_id, posted)


def _rejected(batch: Batch, turn: Turn, said: StockPostingRejected) -> None:
    state = _known(batch, turn, said.posting_id)
    if state is None:
        return
    if state.standing == "posted" or said.attempt < state.posting.attempt:
        turn.supersede("the posting went on since it was rejected")
        return
    turn.note("posting-rejected", said.posting_id, said.reason or "no reason given")
    rejected = PostingState(state.posting, "rejected", reason=said.reason)
    batch.store_document(turn, POSTING, said.posting_id, rejected)


def _retried(batch: Batch, turn: Turn, said: StockPostingRetry) -> None:
    state = _known(batch, turn, said.posting_id)
    if state is None:
        return
    if state.standing != "rejected" or said.attempt != state.posting.attempt:
        turn.supersede("the posting is not rejected in that attempt")
        return
    turn.cure("posting-rejected", said.posting_id, "it is asked for again")
    again = msgspec.structs.replace(state.posting, attempt=said.attempt + 1)
    batch.store_document(turn, POSTING, said.posting_id, PostingState(again))
    tell_posting(turn, again)


def _known(batch: Batch, turn: Turn, posting_id: str) -> PostingState | None:
    """The posting as it stands; an answer to one that nobody asked for is held."""
    document = batch.document(POSTING, posting_id)
    if document is None:
        turn.hold("nobody was asked for this posting")
        return None
    return _STATE.decode(document.body)


def _wants_period(wanted: Wanted, said: PostingPeriod) -> None:
    wanted.documents.add((PERIOD, _period_id(said)))
    wanted.pending.add((said.site, said.period, said.ended_at))


def _wants_posting(
    wanted: Wanted, said: StockPosted | StockPostingRejected | StockPostingRetry
) -> None:
    wanted.documents.add((POSTING, said.posting_id))


DECIDERS: dict[str, Decider] = {
    catalogue.POSTING_PERIOD_ENDED: Decider(_ended, _wants_period),
    catalogue.STOCK_POSTED: Decider(_posted, _wants_posting),
    catalogue.STOCK_POSTING_REJECTED: Decider(_rejected, _wants_posting),
    catalogue.STOCK_POSTING_RETRIED: Decider(_retried, _wants_posting),
}
"""Every message about postings."""
