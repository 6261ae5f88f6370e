"""Setting units aside before there is an order: the call, what becomes of it, the answer (R79-R85).

Two-phase, as a payment is: requested, then committed (whole or in part), released or expired; each
is resolved once, and who comes second is told what it has become.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import (
    PromiseLevel,
    Refusal,
    ReservationAnswerKind,
    ReservationState,
)
from crossdock.contracts.words import Identifier, Instant, Noun, Quantity, QuantityOrZero
from crossdock.kernel.limits import DOCUMENT_LINES_MAX, RESERVATION_SECONDS_MAX

Attempt = Annotated[int, Meta(ge=1, le=1000)]
"""Counted up by a caller that tries again after a refusal, so that it is not taken for a repeat."""


class ReservationLine(Noun, frozen=True, kw_only=True):
    """One wanted item; where a `site` is named, it is set aside there or not at all."""

    line: Identifier
    item: Identifier
    quantity: QuantityOrZero
    site: Identifier | None = None


class ReservationRequest(Noun, frozen=True, kw_only=True):
    """A channel wants units set aside: softly for a cart, which expires, or hard until resolved.

    At level `site` all lines come from one site, at level `channel` from any that the channel
    sells from. All or nothing: refused where one line cannot be served whole.
    """

    reservation_id: Identifier
    channel: Identifier
    lines: Annotated[tuple[ReservationLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    hard: bool = False
    expires_in_seconds: Annotated[int, Meta(ge=0, le=RESERVATION_SECONDS_MAX)] | None = None
    expires_at: Instant | None = None
    all_or_nothing: bool = True
    level: PromiseLevel = PromiseLevel.CHANNEL


class ReservationQuantity(Noun, frozen=True, kw_only=True):
    """So many base units of one line of a reservation."""

    line: Identifier
    quantity: Quantity


class ReservationCommitment(Noun, frozen=True, kw_only=True):
    """The sale is made: the named quantities, or all; what is not named is free again."""

    reservation_id: Identifier
    lines: Annotated[tuple[ReservationQuantity, ...], Meta(max_length=DOCUMENT_LINES_MAX)] = ()
    order_id: Identifier | None = None
    attempt: Attempt = 1


class ReservationRelease(Noun, frozen=True, kw_only=True):
    """The cart was left: all units are free again."""

    reservation_id: Identifier
    attempt: Attempt = 1


class SiteQuantity(Noun, frozen=True, kw_only=True):
    """So many base units at one site."""

    site: Identifier
    quantity: Quantity


class LaterQuantity(Noun, frozen=True, kw_only=True):
    """So many base units held of what is expected at one site."""

    site: Identifier
    quantity: Quantity
    expected_at: Instant


class AnswerLine(Noun, frozen=True, kw_only=True):
    """What is set aside for one line, and where; `available` says how much there was, if refused.

    `version` compares with that of the published availability of the item in this channel: what
    was published under a lower one is older than this answer.
    """

    line: Identifier
    item: Identifier
    wanted: QuantityOrZero
    reserved: QuantityOrZero
    version: QuantityOrZero
    sites: tuple[SiteQuantity, ...] = ()
    later: tuple[LaterQuantity, ...] = ()
    available: QuantityOrZero | None = None


class ReservationAnswer(Noun, frozen=True, kw_only=True):
    """The answer to a request, a commitment or a release, as of the moment it was received.

    `state` is what the reservation is now; `authority` says whose word this is.
    """

    reservation_id: Identifier
    answer: ReservationAnswerKind
    lines: tuple[AnswerLine, ...]
    as_of: Instant
    version: QuantityOrZero
    authority: Identifier
    state: ReservationState | None = None
    refusal: Refusal | None = None
    refused: Identifier | None = None  # the line, item or channel that the refusal is about
    expires_at: Instant | None = None
