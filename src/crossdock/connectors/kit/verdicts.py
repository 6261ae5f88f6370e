"""What a far system's reply means: from status or failure to one of the six answers, by table.

Three questions decide every row. Is it certain that it happened? Is it certain that it did not?
Would the same again help? What is certain of nothing is `Unknown`, and the hub asks before it
sends again (I20). A connector whose far side is odd overrides rows, not code.
Sources: RFC 9110 sections 10.2.3 and 15; RFC 6585 sections 3 (428) and 4 (429); RFC 8470 section
5.2 (425).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from crossdock.contracts.connector import (
    NO_EVIDENCE,
    Accepted,
    AlreadyDone,
    Evidence,
    FarAnswer,
    Refused,
    RetryLater,
    Unknown,
)
from crossdock.kernel.redaction import one_line

RETRY_AFTER_SECONDS_MAX: Final = 3_600.0
"""The longest wait that a far side may ask of us at a time; after it we knock again."""

REASON_LENGTH_MAX: Final = 200
"""Characters kept of a far side's own words."""


class Verdict(StrEnum):
    """The kinds of answer that a table may name; two of them are `RetryLater`."""

    ACCEPTED = "accepted"
    RETRY_LATER = "retry-later"  # a try that counts
    SLOW_DOWN = "slow-down"  # a try that does not count: they are busy, not broken
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Trouble(StrEnum):
    """Why there is no reply to judge."""

    NOT_SENDABLE = "not-sendable"  # we would not send such a thing at all
    NOT_CONNECTED = "not-connected"  # refused, unroutable, no such name, no handshake: nothing sent
    LOST = "lost"  # it was sent, then the connection broke
    TIMED_OUT = "timed-out"  # it was sent, then nothing came in time
    CUT_SHORT = "cut-short"  # the reply began and did not end
    TOO_LARGE = "too-large"  # the reply is longer than we read
    UNREADABLE = "unreadable"  # the reply is not what an answer looks like
    MISSING = "missing"  # the reply to a batch says nothing about this document


TROUBLES: Final[Mapping[Trouble, Verdict]] = {
    Trouble.NOT_SENDABLE: Verdict.REFUSED,
    Trouble.NOT_CONNECTED: Verdict.SLOW_DOWN,  # an outage of any length uses up no tries
    Trouble.LOST: Verdict.UNKNOWN,
    Trouble.TIMED_OUT: Verdict.UNKNOWN,
    Trouble.CUT_SHORT: Verdict.UNKNOWN,
    Trouble.TOO_LARGE: Verdict.UNKNOWN,
    Trouble.UNREADABLE: Verdict.UNKNOWN,
    Trouble.MISSING: Verdict.UNKNOWN,
}

STATUSES: Final[Mapping[int, tuple[Verdict, str]]] = {
    400: (Verdict.REFUSED, "bad request"),
    401: (Verdict.SLOW_DOWN, "our credential is not taken"),
    403: (Verdict.REFUSED, "forbidden"),
    404: (Verdict.REFUSED, "not found"),
    405: (Verdict.REFUSED, "method not allowed"),
    408: (Verdict.RETRY_LATER, "they waited too long for our request"),
    409: (Verdict.REFUSED, "conflict: the same key with other content"),
    410: (Verdict.REFUSED, "gone: they no longer take this here"),
    412: (Verdict.RETRY_LATER, "conflict: it changed there after we looked"),
    413: (Verdict.REFUSED, "too large"),
    415: (Verdict.REFUSED, "unsupported media type"),
    422: (Verdict.REFUSED, "not acceptable to them"),
    425: (Verdict.RETRY_LATER, "too early"),
    428: (Verdict.REFUSED, "they want to be told which version we saw"),
    429: (Verdict.SLOW_DOWN, "too many requests"),
    503: (Verdict.SLOW_DOWN, "out of service"),
}
"""Statuses with a meaning of their own. 401 is retried without end, because a key that expired must
not turn everything due into dead letters; whoever renews the key sets it going again."""

CLASSES: Final[Mapping[int, tuple[Verdict, str]]] = {
    1: (Verdict.UNKNOWN, "an interim status as the final one"),
    2: (Verdict.ACCEPTED, ""),
    3: (Verdict.REFUSED, "a redirect, which is never followed"),
    4: (Verdict.REFUSED, "refused"),
    5: (Verdict.UNKNOWN, "their failure, perhaps after they acted"),
}
"""What every other status means, by its first digit."""


@dataclass(frozen=True, slots=True)
class Details:
    """What came with a status: their number for the effect, their words, their wish to wait."""

    reference: str = ""
    replayed: bool = False  # they did it before, under the same key
    retry_after_seconds: float | None = None
    detail: str = ""
    seen: Evidence = NO_EVIDENCE


NOTHING: Final = Details()


def judge(
    status: int,
    details: Details = NOTHING,
    overrides: Mapping[int, tuple[Verdict, str]] | None = None,
) -> FarAnswer:
    """Give the answer that a status means; `overrides` are rows that stand before the table's.

    A status outside 100 to 599 is no status: `Unknown`.
    """
    row = overrides.get(status) if overrides else None
    row = row or STATUSES.get(status) or CLASSES.get(status // 100)
    verdict, words = row or (Verdict.UNKNOWN, "no HTTP status")
    if verdict is Verdict.ACCEPTED:
        kind = AlreadyDone if details.replayed else Accepted
        return kind(details.reference, details.seen)
    reason = f"{status} {words}"
    if details.detail:
        reason = f"{reason}: {one_line(details.detail, REASON_LENGTH_MAX)}"
    return _answer(verdict, reason, details.retry_after_seconds, details.seen)


def judge_trouble(trouble: Trouble, detail: str = "", seen: Evidence = NO_EVIDENCE) -> FarAnswer:
    """Give the answer that the lack of a reply means."""
    reason = f"{trouble}: {one_line(detail, REASON_LENGTH_MAX)}" if detail else str(trouble)
    return _answer(TROUBLES[trouble], reason, None, seen)


def retry_after_seconds(value: str | None, their_date: str | None = None) -> float | None:
    """Read a Retry-After header: seconds, or a date measured against their own Date header.

    Their clock against their clock: ours may differ, and no connector reads one. Gives None for
    what is absent or no wait at all, never more than `RETRY_AFTER_SECONDS_MAX`.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), RETRY_AFTER_SECONDS_MAX)
    until, since = _moment(value), _moment(their_date)
    if until is None or since is None:
        return None
    return min(max((until - since).total_seconds(), 0.0), RETRY_AFTER_SECONDS_MAX)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _answer(
    verdict: Verdict, reason: str, after_seconds: float | None, seen: Evidence
) -> FarAnswer:
    if verdict is Verdict.REFUSED:
        return Refused(reason, seen)
    if verdict is Verdict.UNKNOWN:
        return Unknown(reason, seen)
    return RetryLater(reason, after_seconds, verdict is Verdict.RETRY_LATER, evidence=seen)
