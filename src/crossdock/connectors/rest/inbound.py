"""The far side's results in our words: one of the six answers for each document.

A success is believed only where the reply is whole, is JSON and speaks of the very key that was
sent or names an effect; a login page under status 200 is not an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from crossdock.connectors.kit import mapping
from crossdock.connectors.kit.http import NoReply, Reply
from crossdock.connectors.kit.telling import stands
from crossdock.connectors.kit.verdicts import (
    REASON_LENGTH_MAX,
    RETRY_AFTER_SECONDS_MAX,
    Details,
    Trouble,
    judge,
    judge_trouble,
    retry_after_seconds,
)
from crossdock.connectors.rest import wire
from crossdock.connectors.rest.settings import Operation
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    Document,
    Evidence,
    FarAnswer,
    Found,
    NotThere,
    Unknown,
    Void,
)
from crossdock.kernel.redaction import one_line

REFERENCE_LENGTH_MAX = 128
"""Characters kept of their number for an effect."""

STATE_LENGTH_MAX = 64
"""Characters kept of their word for a record's state."""

BAD_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def answer(operation: Operation, document: Document, reply: Reply | NoReply) -> FarAnswer:
    """Judge the reply to one document."""
    if isinstance(reply, NoReply):
        return judge_trouble(reply.trouble, reply.detail, _unseen(reply))
    if reply.status // 100 != 2:
        return refusal(reply)
    result = _result(reply.body) if operation.body is None else _declared(operation, reply.body)
    seen = Evidence(reply.status, "", reply.sent, reply.received)
    if reply.status == 204:  # a success that has no body by definition
        return judge(reply.status, Details(replayed=_replayed(reply), seen=seen))
    if result is None or not _speaks_of(document, result):
        said = f"status {reply.status} without a result"
        return judge_trouble(Trouble.UNREADABLE, said, seen)
    status = reply.status if result.status is None else result.status
    return _judged(operation, status, result, seen, replayed=_replayed(reply))


def answers(
    operation: Callable[[str], Operation], documents: Sequence[Document], reply: Reply | NoReply
) -> list[FarAnswer]:
    """Judge the reply to several: each by its own result, all alike where there are none."""
    if isinstance(reply, NoReply):
        return [judge_trouble(reply.trouble, reply.detail, _unseen(reply))] * len(documents)
    if reply.status // 100 != 2:
        return [refusal(reply)] * len(documents)
    results = _results(reply.body)
    seen = Evidence(reply.status, "", reply.sent, reply.received)
    if results is None:
        said = f"status {reply.status} without results"
        return [judge_trouble(Trouble.UNREADABLE, said, seen)] * len(documents)
    of_status: dict[int, Evidence] = {}  # most of a batch end alike
    found: list[FarAnswer] = []
    for document in documents:
        result = results.get(document.business_key)
        if result is None or result.status is None:
            found.append(judge_trouble(Trouble.MISSING, seen=seen))
            continue
        status = result.status
        its = of_status.get(status)
        if its is None:
            its = of_status[status] = Evidence(status, "", reply.sent, reply.received)
        found.append(_judged(operation(document.type), status, result, its, replayed=False))
    return found


def found(operation: Operation, document: Document, reply: Reply | NoReply) -> Found:
    """Judge the reply to a look-up; only a plain yes or a plain no is believed."""
    if isinstance(reply, NoReply):
        why = f"{reply.trouble}: {reply.detail}" if reply.detail else str(reply.trouble)
        return Unknown(why, _unseen(reply))
    seen = Evidence(reply.status, "", reply.sent, reply.received)
    if reply.status == 200:
        result = _result(reply.body) if operation.body is None else _declared(operation, reply.body)
        if result is not None and _speaks_of(document, result):
            seen = _with_words(seen, _words(result))
            if operation.is_void(result.state):
                return Void(_reference(result), _state(result), seen)
            return AlreadyDone(_reference(result), seen)
    # A gateway's own page, or any page, says nothing about the effect.
    elif reply.status == 404 and (not reply.body or _is_object(reply.body)):
        return NotThere()
    return Unknown(f"the look-up was answered with status {reply.status}", seen)


def there(
    operation: Operation, document: Document, reply: Reply, wanted: Mapping[str, Any]
) -> Found:
    """Whether a record that we looked at says already what we would write; else `NotThere`."""
    result = _declared(operation, reply.body)
    if result is None or not stands(mapping.decode(reply.body), wanted):
        return NotThere()
    return found(operation, document, reply)


def refusal(reply: Reply) -> FarAnswer:
    """Judge a status that is no success, for everything in the request."""
    result = _result(reply.body) or wire.Result()
    wait = retry_after_seconds(reply.headers.get("Retry-After"), reply.headers.get("Date"))
    words = _words(result)
    seen = _with_words(Evidence(reply.status, "", reply.sent, reply.received), words)
    return judge(reply.status, Details(retry_after_seconds=wait, detail=words, seen=seen))


def _judged(
    operation: Operation, status: int, result: wire.Result, seen: Evidence, *, replayed: bool
) -> FarAnswer:
    """Judge one result; a success whose record does not stand is none (P48)."""
    answer = judge(status, _details(result, seen, replayed=replayed))
    if isinstance(answer, Accepted | AlreadyDone) and operation.is_void(result.state):
        return Void(answer.reference, _state(result), answer.evidence)
    return answer


def _details(result: wire.Result, seen: Evidence, *, replayed: bool) -> Details:
    wait = result.retry_after
    if wait is not None:
        wait = min(max(wait, 0.0), RETRY_AFTER_SECONDS_MAX)
    words = _words(result)
    if words:
        seen = _with_words(seen, words)
    return Details(_reference(result), replayed or result.replayed, wait, words, seen)


def _words(result: wire.Result) -> str:
    return result.detail or result.title or ""


def _with_words(seen: Evidence, words: str) -> Evidence:
    return replace(seen, words=one_line(words, REASON_LENGTH_MAX)) if words else seen


def _unseen(reply: NoReply) -> Evidence:
    return Evidence(sent=reply.sent)


def _state(result: wire.Result) -> str:
    return one_line(result.state or "", STATE_LENGTH_MAX)


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


def _declared(operation: Operation, body: bytes) -> wire.Result | None:
    """What a reply of their own shape says; None where their number is not in it."""
    try:
        said = mapping.decode(body)
    except BAD_JSON:
        return None
    if not isinstance(said, dict):
        return None
    reference, state = (
        mapping.value(said, operation.reference),
        mapping.value(said, operation.state),
    )
    if isinstance(reference, bool) or not isinstance(reference, str | int) or reference == "":
        return None
    return wire.Result(reference=reference, state=None if state is None else str(state))


def _result(body: bytes) -> wire.Result | None:
    try:
        return wire.decode_result(body)
    except BAD_JSON:
        return None


def _results(body: bytes) -> dict[str, wire.Result] | None:
    try:
        listed = wire.decode_results(body).results
    except BAD_JSON:
        try:
            raw = wire.decode_raw_results(body).results
        except BAD_JSON:
            return None
        # One result is not as it should be; the others still count.
        listed = [result for each in raw if (result := _result(bytes(each))) is not None]
    return {result.id: result for result in listed if result.id is not None}


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except BAD_JSON:
        return False
