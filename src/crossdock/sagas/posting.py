"""Entering in the financial ledger what a message's movements mean to finance, and asking the ERP.

Every movement goes through here, whichever decider made it, so that no milestone is left out.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.postings import Milestone, StockPosting, StockPostingLine
from crossdock.inventory.bridge import PostingMode, crossings, period_of
from crossdock.log.records import FinancialEntry, Lane, Movement
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

POSTING = "stock-posting"
"""The kind of document that keeps how far a posting has come."""


class PostingState(msgspec.Struct, frozen=True):
    """A posting: what is asked, how the ERP answered, and in which words."""

    posting: StockPosting
    standing: Literal["asked", "posted", "rejected"] = "asked"
    reference: str = ""
    reason: str = ""


def enter_milestones(batch: Batch, turn: Turn) -> None:
    """Enter what the turn's movements mean to finance; what is posted one by one is asked now."""
    asked: dict[tuple[str, str], list[StockPostingLine]] = {}  # site, period
    policy = turn.policy.posting
    for number, movement in enumerate(turn.outcome.movements):
        for milestone, site, quantity in crossings(movement):
            happened = movement.event_time or turn.message.event_time
            period, ends = period_of(happened, policy.zone)
            mode = policy.modes[milestone] if _erp(turn, site) else PostingMode.NONE
            told = ""
            if mode is PostingMode.EACH:
                lines = asked.setdefault((site, period), [])
                told = new_posting_id(turn, list(asked).index((site, period)) + 1)
                lines.append(_line(movement, milestone, quantity))
            turn.outcome.entries.append(
                FinancialEntry(number, site, milestone, quantity, period, ends, mode.value, told)
            )
    for number, ((site, period), lines) in enumerate(asked.items(), start=1):
        posting_id = new_posting_id(turn, number)
        posting = StockPosting(posting_id=posting_id, site=site, period=period, lines=tuple(lines))
        ask(batch, turn, posting)


def _line(movement: Movement, milestone: Milestone, quantity: int) -> StockPostingLine:
    return StockPostingLine(
        item=movement.item,
        milestone=milestone,
        quantity=quantity,
        document=movement.document,
        owner=movement.owner or None,
    )


def new_posting_id(turn: Turn, number: int) -> str:
    """A name that no other posting has: the message's, and which of its postings it is."""
    return f"SP-{turn.lasting_name}-{number}"


def ask(batch: Batch, turn: Turn, posting: StockPosting) -> None:
    """Ask the ERP for a posting, for the first time."""
    batch.new_document(turn, POSTING, posting.posting_id, PostingState(posting))
    tell_posting(turn, posting)


def tell_posting(turn: Turn, posting: StockPosting) -> None:
    """Intend to tell the ERP, once per attempt."""
    turn.tell(
        _erp(turn, posting.site),
        catalogue.STOCK_POSTING_REQUESTED,
        posting.posting_id,
        posting,
        f"stock-posting/{posting.posting_id}/{posting.attempt}",
        Lane.FINANCIAL,
    )


def _erp(turn: Turn, site: str) -> tuple[str, ...]:
    return turn.routes("stock_posting", catalogue.STOCK_POSTING_REQUESTED, site)
