"""The verdict table: what each status and each failure means."""

from __future__ import annotations

import pytest

from crossdock.connectors.kit.verdicts import (
    RETRY_AFTER_SECONDS_MAX,
    STATUSES,
    TROUBLES,
    Details,
    Trouble,
    Verdict,
    judge,
    judge_trouble,
    retry_after_seconds,
)
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    FarAnswer,
    Refused,
    RetryLater,
    Unknown,
)

#: status -> (answer, does the try count); counting has a meaning for RetryLater only.
MEANINGS: dict[int, tuple[type, bool | None]] = {
    **dict.fromkeys((200, 201, 202, 204, 207, 299), (Accepted, None)),
    **dict.fromkeys((300, 301, 302, 303, 304, 307, 308), (Refused, None)),
    **dict.fromkeys((400, 402, 403, 404, 405, 406, 409, 410, 411, 413), (Refused, None)),
    **dict.fromkeys((414, 415, 417, 418, 421, 422, 423, 424, 426, 428, 431, 451), (Refused, None)),
    **dict.fromkeys((408, 412, 425), (RetryLater, True)),
    **dict.fromkeys((401, 429, 503), (RetryLater, False)),
    **dict.fromkeys((500, 501, 502, 504, 505, 507, 511, 599), (Unknown, None)),
    **dict.fromkeys((0, 99, 100, 101, 600, 999, -1, -200), (Unknown, None)),
}


@pytest.mark.parametrize("status", MEANINGS)
def test_n5_every_status_means_one_answer(status: int) -> None:
    """A status means what its row says, and asking to slow down uses up no try."""
    kind, counts = MEANINGS[status]
    answer = judge(status)
    assert type(answer) is kind
    if isinstance(answer, RetryLater):
        assert answer.counts is counts


def test_every_row_of_the_table_is_tested() -> None:
    """No status has a row of its own that the test above leaves out."""
    assert set(STATUSES) <= set(MEANINGS)


TROUBLE_MEANS = {
    Trouble.NOT_SENDABLE: Refused("not-sendable: why"),
    Trouble.NOT_CONNECTED: RetryLater("not-connected: why", None, counts=False),
    Trouble.LOST: Unknown("lost: why"),
    Trouble.TIMED_OUT: Unknown("timed-out: why"),
    Trouble.CUT_SHORT: Unknown("cut-short: why"),
    Trouble.TOO_LARGE: Unknown("too-large: why"),
    Trouble.UNREADABLE: Unknown("unreadable: why"),
    Trouble.MISSING: Unknown("missing: why"),
}


@pytest.mark.parametrize("trouble", Trouble)
def test_every_failure_means_one_answer(trouble: Trouble) -> None:
    """Only what was certainly not sent may be sent again blindly; all else is unknown."""
    assert judge_trouble(trouble, "why") == TROUBLE_MEANS[trouble]
    assert trouble in TROUBLES


@pytest.mark.parametrize(
    ("evidence", "answer"),
    [
        (Details("INV-7"), Accepted("INV-7")),
        (Details("INV-7", replayed=True), AlreadyDone("INV-7")),
    ],
)
def test_a_replayed_success_is_already_done(evidence: Details, answer: FarAnswer) -> None:
    """A success under a key that was used before names the first effect."""
    assert judge(200, evidence) == answer


def test_their_words_are_kept_short_and_on_one_line() -> None:
    """What they say of a refusal is shown, without line breaks and not at any length."""
    answer = judge(422, Details(detail="line 1\nline 2\x00" + "x" * 5_000))
    assert isinstance(answer, Refused)
    assert answer.reason.startswith("422 not acceptable to them: line 1\\nline 2\\x00")
    assert len(answer.reason) < 300


def test_gone_is_named() -> None:
    """An address that is gone for good says so, so that a person can switch it off."""
    assert judge(410) == Refused("410 gone: they no longer take this here")


def test_a_wait_that_they_name_is_kept() -> None:
    """A named wait stays with the answer, whatever the status that asks for a retry."""
    assert judge(429, Details(retry_after_seconds=7.0)) == RetryLater(
        "429 too many requests", 7.0, counts=False
    )
    assert judge(408, Details(retry_after_seconds=3.0)) == RetryLater(
        "408 they waited too long for our request", 3.0, counts=True
    )


def test_a_connector_may_override_a_row() -> None:
    """An odd far side's rows stand before the table's, and only for the statuses they name."""
    odd = {409: (Verdict.RETRY_LATER, "locked")}
    assert judge(409, overrides=odd) == RetryLater("409 locked", None, counts=True)
    assert isinstance(judge(400, overrides=odd), Refused)


DATE = "Tue, 03 Feb 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        (None, DATE, None),
        ("0", None, 0.0),
        ("30", None, 30.0),
        (" 30 ", None, 30.0),
        ("3601", None, RETRY_AFTER_SECONDS_MAX),
        ("9" * 400, None, RETRY_AFTER_SECONDS_MAX),
        ("-5", None, None),
        ("1.5", None, None),
        ("\u0663", None, None),
        ("soon", DATE, None),
        ("", DATE, None),
        ("Tue, 03 Feb 2026 10:01:30 GMT", DATE, 90.0),
        ("Tue, 03 Feb 2026 12:01:30 +0200", DATE, 90.0),
        ("Tue, 03 Feb 2026 09:00:00 GMT", DATE, 0.0),
        ("Wed, 04 Feb 2026 10:00:00 GMT", DATE, RETRY_AFTER_SECONDS_MAX),
        ("Tue, 03 Feb 2026 10:01:30 GMT", None, None),
        ("Tue, 03 Feb 2026 10:01:30 GMT", "today", None),
        ("Tue, 99 Feb 2026 10:01:30 GMT", DATE, None),
    ],
)
def test_retry_after_is_read_both_ways(
    value: str | None, date: str | None, seconds: float | None
) -> None:
    """Seconds or a date by their own clock; nonsense is no wait, and no wait is without end."""
    assert retry_after_seconds(value, date) == seconds
