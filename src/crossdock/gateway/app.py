"""The door: an ASGI app that takes messages in and lets a few things be looked at.

Every request goes the same way: route, key, scope, body within its caps, admission, commit,
answer. Whatever goes wrong becomes a problem document; nothing that a caller sends makes a 5xx.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec.json import encode

from crossdock.gateway.asgi import (
    ASGIApp,
    Event,
    Receive,
    Reply,
    Request,
    Send,
    request_of,
    send_reply,
)
from crossdock.gateway.errors import (
    CutShort,
    MissingScope,
    NotNow,
    ShuttingDown,
    TooFast,
    TooManyWrongKeys,
    UnsupportedMediaType,
    WrongKey,
    WrongMethod,
)
from crossdock.gateway.intake import GroupCommit
from crossdock.gateway.keys import Caller, Keyring, Scope
from crossdock.gateway.problems import problem_details, problem_reply, retry_after_seconds
from crossdock.gateway.receiving import Room, Share, chunks, whole_body
from crossdock.gateway.routes import Route, Routes
from crossdock.gateway.streaming import Stream
from crossdock.gateway.taking import ReceiptLine, Taker, receipts_reply, take_all
from crossdock.gateway.throttle import Shares, WrongKeys
from crossdock.kernel.decode import split_array
from crossdock.kernel.errors import BadInput
from crossdock.kernel.limits import (
    BATCH_BODY_BYTES_MAX,
    BODY_BYTES_MAX,
    HEADER_LENGTH_MAX,
    KIB,
    RECEIVE_SECONDS_MAX,
    STREAM_BODY_BYTES_MAX,
)
from crossdock.kernel.ports import Clock, Ids
from crossdock.kernel.redaction import one_line, shown
from crossdock.sagas.policy import Policy

_LOG = logging.getLogger(__name__)

SINGLE = frozenset({"application/cloudevents+json", "application/json"})
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"

# A body that is unpacked already is cut into pieces as a line would bring them.
_PIECE_BYTES = 64 * KIB


def _nothing() -> None:
    """No reason to refuse."""


def _no_troubles() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Deps:
    """What the door needs from the rest of the hub."""

    policy: Policy
    keys: Keyring
    intake: GroupCommit
    clock: Clock
    ids: Ids
    pressed: Callable[[], NotNow | None] = _nothing  # why nothing new is taken at the moment
    troubles: Callable[[], Sequence[str]] = _no_troubles  # what is wrong, by its codes
    shares: Shares = field(default_factory=lambda: Shares({}))
    receive_seconds: float = RECEIVE_SECONDS_MAX
    views: tuple[Route, ...] = ()  # further routes, each with its scope
    room: Room = field(default_factory=Room)


def make_app(deps: Deps) -> ASGIApp:
    """Build the app. Raises `ValueError` for a route that declares no scope."""
    return Door(deps)


class Door:
    """The ASGI app; `routes` is the table that it answers by."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._wrong_keys = WrongKeys()
        self.routes = Routes(
            [
                Route(
                    "POST",
                    "/v1/messages",
                    Scope.WRITE,
                    self._messages,
                    "Bring messages.",
                    writes=True,
                ),
                Route("GET", "/health/live", Scope.PUBLIC, self._live, "Is the process up?"),
                Route("GET", "/health/ready", Scope.PUBLIC, self._ready, "Are messages taken?"),
                *deps.views,
            ]
        )

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; other kinds of connection are left alone."""
        if scope["type"] != "http":
            return
        request = request_of(scope, receive)
        try:
            reply = await self._answer(request)
        except CutShort:
            return  # nobody is there any more
        except asyncio.CancelledError:
            # The server stops, and has waited as long as it may. Nothing is claimed to be taken.
            reply = self._refusal(request, ShuttingDown())
        await send_reply(send, reply)

    async def _answer(self, request: Request) -> Reply:
        try:
            route = self.routes.find(request)
            caller = self._caller(request, route)
            if route.writes:
                self._make_room(caller)
            return await route.handler(request, caller)
        except CutShort:
            raise
        except Exception as error:  # noqa: BLE001 - the last resort: an answer, whatever broke
            return self._refusal(request, error)

    def _refusal(self, request: Request, error: Exception) -> Reply:
        problem = problem_details(error, self._correlation_id(request))
        if problem.status == 500:
            # Never the error's own words: they may hold what a customer wrote, or a secret.
            _LOG.error(
                "request failed: %s in %s, %s %s, correlation %s",
                type(error).__name__,
                _place_in_code(error),
                one_line(request.method),
                one_line(request.path),
                problem.correlation_id,
            )
        allow: tuple[tuple[bytes, bytes], ...] = ()
        if isinstance(error, WrongMethod):
            allow = ((b"allow", error.expected.encode()),)
        return problem_reply(problem, allow, retry_after_seconds(error))

    def _correlation_id(self, request: Request) -> str:
        """Name the request; only those that are refused need a name, and it costs a little."""
        if not request.correlation_id:
            request.correlation_id = self._deps.ids.new()
        return request.correlation_id

    def _caller(self, request: Request, route: Route) -> Caller:
        """Find out who calls, and whether the key opens this route."""
        if route.scope is Scope.PUBLIC:
            return _ANYBODY
        scheme, _, key = request.header(b"authorization").partition(" ")
        caller = None
        if scheme.lower() == "bearer" and len(key) <= HEADER_LENGTH_MAX:
            caller = self._deps.keys.caller_of(key.encode("latin-1"))
        if caller is None:
            if self._wrong_keys.too_many(request.address, self._deps.clock.monotonic()):
                raise TooManyWrongKeys
            raise WrongKey
        if route.scope not in caller.scopes:
            raise MissingScope(expected=f"the scope {route.scope}")
        return caller

    def _make_room(self, caller: Caller) -> None:
        """See that there is room for more, before a byte of the body is read.

        Raises the `NotNow` that keeps the door shut, or `TooFast`.
        """
        refusal = self._deps.pressed()
        if refusal is not None:
            raise refusal
        wait = self._deps.shares.wait_seconds(caller.system, self._deps.clock.monotonic())
        if wait:
            raise TooFast(wait)
        self._deps.shares.charge(caller.system, 1)

    async def _live(self, request: Request, caller: Caller) -> Reply:
        return Reply(200, b'{"status":"live"}')

    async def _ready(self, request: Request, caller: Caller) -> Reply:
        troubles = list(self._deps.troubles())
        if not self._deps.intake.is_open:
            troubles.append(ShuttingDown.code)
        if troubles:
            return Reply(503, encode({"status": "not ready", "because": troubles}))
        return Reply(200, b'{"status":"ready"}')

    async def _messages(self, request: Request, caller: Caller) -> Reply:
        kind = _media_type(request.header(b"content-type"))
        deps = self._deps
        correlate = partial(self._correlation_id, request)
        taker = Taker(caller, deps.policy, deps.clock, deps.intake, correlate)
        with deps.room.share() as share:
            if kind in SINGLE:
                return await taker.take_one(await self._body(request, share, BODY_BYTES_MAX))
            if kind == BATCH:
                body = await self._body(request, share, BATCH_BODY_BYTES_MAX)
                lines = await take_all(taker, split_array(body))
            else:
                lines = await self._take_stream(request, share, taker)
        deps.shares.charge(caller.system, len(lines) - 1)  # one is paid for at the door
        return receipts_reply(lines)

    async def _body(self, request: Request, share: Share, bytes_max: int) -> bytes:
        return await whole_body(request, share, bytes_max, self._deps.receive_seconds)

    async def _take_stream(self, request: Request, share: Share, taker: Taker) -> list[ReceiptLine]:
        """Take a message per line as they arrive; what ends a stream early is its last receipt."""
        stream = Stream(taker)
        try:
            if request.header(b"content-encoding"):
                body = await self._body(request, share, BATCH_BODY_BYTES_MAX)
                for at in range(0, len(body), _PIECE_BYTES):
                    await stream.feed(body[at : at + _PIECE_BYTES])
            else:
                seconds = self._deps.receive_seconds
                async for chunk in chunks(request, STREAM_BODY_BYTES_MAX, seconds):
                    await stream.feed(chunk)
            await stream.feed_last()
        except CutShort:
            await stream.receipts()  # what came whole is kept; its sender will send it again
            raise
        except BadInput as error:
            receipts = await stream.receipts()
            if not receipts:
                raise
            return [*receipts, taker.refused(error)]
        return await stream.receipts()


_ANYBODY = Caller("", frozenset())


def _media_type(content_type: str) -> str:
    """Return the media type without its parameters. Raises `UnsupportedMediaType`."""
    kind, *parameters = [part.strip().lower() for part in content_type.split(";")]
    charsets = [part for part in parameters if part.startswith("charset")]
    plain = all(part in ("charset=utf-8", 'charset="utf-8"') for part in charsets)
    if not plain or (kind not in SINGLE and kind not in (BATCH, LINES)):
        raise UnsupportedMediaType(where="Content-Type", found=shown(content_type))
    return kind


def _place_in_code(error: BaseException) -> str:
    """Name the line that raised, and nothing of the values there."""
    place = error.__traceback__
    if place is None:
        return "no place"
    while place.tb_next is not None:
        place = place.tb_next
    return f"{place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}"
