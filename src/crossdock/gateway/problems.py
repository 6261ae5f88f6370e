"""How a refusal looks to a machine: problem details as RFC 9457 has them, with our five words.

A problem of the caller's is told in full. One of the store's says its kind and nothing of its
insides; one that nobody foresaw says that it happened, and a correlation id finds it in the log.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.gateway import errors as ours
from crossdock.gateway.asgi import Reply
from crossdock.kernel import errors as theirs
from crossdock.log import errors as store

PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 1
WRONG_KEYS_RETRY_AFTER_SECONDS: Final = 60

# The nearest class above an error decides.
_STATUS: Final[dict[type[BaseException], int]] = {
    theirs.BadInput: 400,
    theirs.UnsupportedFormat: 415,
    theirs.UnsupportedEncoding: 415,
    theirs.TooLarge: 413,
    theirs.TooDeep: 413,
    theirs.TooManyKeys: 413,
    theirs.ForbiddenCharacter: 422,
    theirs.NumberOutOfRange: 422,
    theirs.WrongShape: 422,
    ours.TimeOutOfRange: 422,
    ours.WrongKey: 401,
    ours.WrongSignature: 401,
    ours.Forbidden: 403,
    ours.NotFound: 404,
    ours.WrongMethod: 405,
    ours.TooSlow: 408,
    ours.IdConflict: 409,
    ours.FlowNotActive: 409,
    ours.Refused: 409,
    ours.CallHeld: 409,
    ours.UnsupportedMediaType: 415,
    ours.TooManyWrongKeys: 429,
    ours.TooFast: 429,
    ours.HeadersTooLong: 431,
    ours.NotNow: 503,
    store.StoreUnavailable: 503,
    store.StoreConflict: 503,
    store.StoreTimeout: 503,
    store.LeaseLost: 503,
    store.StockMoved: 503,
    store.DocumentMoved: 503,
    store.CommitUnknown: 503,
    store.StoreFull: 507,
    store.StoreRefused: 422,
}


class ProblemDetails(msgspec.Struct, omit_defaults=True, frozen=True):
    """One refusal; fields that have nothing to say are left out."""

    type: str
    title: str
    status: int
    code: str
    correlation_id: str = ""
    detail: str = ""
    instance: str = ""
    where: str = ""
    found: str = ""
    expected: str = ""
    remedy: str = ""
    position: str = ""  # of the message that stands, where an id is in conflict


def status_of(error: BaseException) -> int:
    """The HTTP status for an error; 500 for one that nobody foresaw."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)


def problem_details(
    error: BaseException, correlation_id: str, *, position: str = ""
) -> ProblemDetails:
    """Describe an error to the caller, saying no more than the caller may know."""
    status = status_of(error)
    if status == 500 or not isinstance(error, theirs.CrossdockError):
        return _unforeseen(correlation_id)
    # What a store says of itself may hold statements and values of others.
    told = type(error)() if isinstance(error, store.StoreError) else error
    return ProblemDetails(
        type=f"urn:crossdock:problem:{told.code}",
        title=_title(type(told)),
        status=status,
        code=told.code,
        correlation_id=correlation_id,
        detail=told.detail,
        instance=_instance(correlation_id),
        where=told.where,
        found=told.found,
        expected=told.expected,
        remedy=told.remedy,
        position=position,
    )


def problem_reply(
    problem: ProblemDetails,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    retry_after_seconds: int | None = None,
) -> Reply:
    """Make the HTTP answer of a problem; it says when to come again where that makes sense.

    `retry_after_seconds` is for those that know better than their status does.
    """
    if problem.status == 401:
        headers = (*headers, (b"www-authenticate", b"Bearer"))
    seconds = retry_after_seconds or _RETRY_AFTER_SECONDS.get(problem.status)
    if seconds is not None:
        headers = (*headers, (b"retry-after", str(seconds).encode()))
    return Reply(problem.status, msgspec.json.encode(problem), PROBLEM_JSON, headers)


def retry_after_seconds(error: BaseException) -> int | None:
    """How long the error says that one should wait; None where it leaves that to its status."""
    return getattr(error, "retry_after_seconds", None)


_RETRY_AFTER_SECONDS: Final = {
    429: WRONG_KEYS_RETRY_AFTER_SECONDS,
    503: RETRY_AFTER_SECONDS,
    507: RETRY_AFTER_SECONDS,
}


def _unforeseen(correlation_id: str) -> ProblemDetails:
    return ProblemDetails(
        type="urn:crossdock:problem:internal-error",
        title="The hub failed",
        status=500,
        code="internal-error",
        correlation_id=correlation_id,
        detail="The hub failed; its log says more under the correlation id",
        instance=_instance(correlation_id),
        remedy="send the same again, under the same ids; report it with the correlation id",
    )


def _instance(correlation_id: str) -> str:
    return f"urn:crossdock:request:{correlation_id}"


def _title(kind: type[BaseException]) -> str:
    return (kind.__doc__ or kind.__name__).partition("\n")[0].rstrip(".")
