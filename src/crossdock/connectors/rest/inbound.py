"""The far side's results in our words: one of the five answers for each document.

A success is believed only where the reply is whole, is JSON and speaks of the very key that was
sent or names an effect; a login page under status 200 is not an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crossdock.connectors.kit.http import NoReply, Reply
from crossdock.connectors.kit.verdicts import (
    RETRY_AFTER_SECONDS_MAX,
    Evidence,
    Trouble,
    judge,
    judge_trouble,
    retry_after_seconds,
)
from crossdock.connectors.rest import wire
from crossdock.contracts.connector import (
    AlreadyDone,
    Document,
    FarAnswer,
    NotThere,
    Unknown,
)
from crossdock.kernel.redaction import one_line

REFERENCE_LENGTH_MAX = 128
"""Characters kept of their number for an effect."""

_BAD_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def answer(document: Document, reply: Reply | NoReply) -> FarAnswer:
    """Judge the reply to one document."""
    if isinstance(reply, NoReply):
        return judge_trouble(reply.trouble, reply.detail)
    result = _result(reply.body)
    if reply.status // 100 != 2:
        return refusal(reply)
    if reply.status == 204:  # a success that has no body by definition
        return judge(reply.status, Evidence(replayed=_replayed(reply)))
    if result is None or not _speaks_of(document, result):
        return judge_trouble(Trouble.UNREADABLE, f"status {reply.status} without a result")
    status = reply.status if result.status is None else result.status
    return judge(status, _evidence(result, replayed=_replayed(reply)))


def answers(documents: Sequence[Document], reply: Reply | NoReply) -> list[FarAnswer]:
    """Judge the reply to several: each by its own result, all alike where there are none."""
    if isinstance(reply, NoReply):
        return [judge_trouble(reply.trouble, reply.detail)] * len(documents)
    if reply.status // 100 != 2:
        return [refusal(reply)] * len(documents)
    results = _results(reply.body)
    if results is None:
        said = judge_trouble(Trouble.UNREADABLE, f"status {reply.status} without results")
        return [said] * len(documents)
    return [_judged(results.get(document.business_key)) for document in documents]


def found(document: Document, reply: Reply | NoReply) -> AlreadyDone | NotThere | Unknown:
    """Judge the reply to a look-up; only a plain yes or a plain no is believed."""
    if isinstance(reply, NoReply):
        return Unknown(f"{reply.trouble}: {reply.detail}" if reply.detail else str(reply.trouble))
    if reply.status == 200:
        result = _result(reply.body)
        if result is not None and _speaks_of(document, result):
            return AlreadyDone(_reference(result))
    # A gateway's own page, or any page, says nothing about the effect.
    elif reply.status == 404 and (not reply.body or _is_object(reply.body)):
        return NotThere()
    return Unknown(f"the look-up was answered with status {reply.status}")


def refusal(reply: Reply) -> FarAnswer:
    """Judge a status that is no success, for everything in the request."""
    result = _result(reply.body) or wire.Result()
    wait = retry_after_seconds(reply.headers.get("Retry-After"), reply.headers.get("Date"))
    return judge(
        reply.status,
        Evidence(retry_after_seconds=wait, detail=result.detail or result.title or ""),
    )


def _judged(result: wire.Result | None) -> FarAnswer:
    if result is None or result.status is None:
        return judge_trouble(Trouble.MISSING)
    return judge(result.status, _evidence(result, replayed=False))


def _evidence(result: wire.Result, *, replayed: bool) -> Evidence:
    wait = result.retry_after
    if wait is not None:
        wait = min(max(wait, 0.0), RETRY_AFTER_SECONDS_MAX)
    return Evidence(
        _reference(result), replayed or result.replayed, wait, result.detail or result.title or ""
    )


def _reference(result: wire.Result) -> str:
    if result.reference is None:
        return ""
    text = str(result.reference)
    # Most are short and plain; the others must not carry a NUL or a line break into the store.
    if len(text) <= REFERENCE_LENGTH_MAX and text.isprintable():
        return text
    return one_line(text, REFERENCE_LENGTH_MAX - 3)


def _speaks_of(document: Document, result: wire.Result) -> bool:
    if result.id is None:
        return result.reference is not None
    return result.id == document.business_key


def _replayed(reply: Reply) -> bool:
    return reply.headers.get(wire.REPLAYED, "").lower() == "true"


def _result(body: bytes) -> wire.Result | None:
    try:
        return wire.decode_result(body)
    except _BAD_JSON:
        return None


def _results(body: bytes) -> dict[str, wire.Result] | None:
    try:
        listed = wire.decode_results(body).results
    except _BAD_JSON:
        try:
            raw = wire.decode_raw_results(body).results
        except _BAD_JSON:
            return None
        # One result is not as it should be; the others still count.
        listed = [result for each in raw if (result := _result(bytes(each))) is not None]
    return {result.id: result for result in listed if result.id is not None}


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except _BAD_JSON:
        return False
