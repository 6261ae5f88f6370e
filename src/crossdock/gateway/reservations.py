"""Stock promised while the caller waits: reserve, commit, release, and how a reservation stands.

A call is a message like any other, judged as at the door, put on the log and decided before it is
answered. Repeated, it is answered the same again: it is known by what it says, not by when. A
refusal is a decision too; it comes as a problem with the whole answer in it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.reservations import ReservationAnswer
from crossdock.contracts.vocabulary import Refusal, ReservationAnswerKind
from crossdock.gateway.admission import admit_call
from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.calls import GroupCalls, Told
from crossdock.gateway.errors import CallHeld, NotFound, Refused
from crossdock.gateway.keys import Caller, Scope
from crossdock.gateway.problems import ProblemDetails, problem_details, problem_reply
from crossdock.gateway.receiving import Room, whole_body
from crossdock.gateway.routes import Route
from crossdock.gateway.views import Looking
from crossdock.inventory.reservations import Reservation
from crossdock.kernel.decode import strict, typed
from crossdock.kernel.errors import WrongShape
from crossdock.kernel.limits import MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX
from crossdock.kernel.ports import Clock, Ids
from crossdock.kernel.redaction import shown
from crossdock.kernel.text import identifier_fault
from crossdock.log.records import Wanted
from crossdock.sagas.policy import Policy

KIND = "reservation"


class RefusalProblem(ProblemDetails, frozen=True):
    """A refusal of business: the answer that would have been a yes, and why it is none."""

    refusal: Refusal | None = None
    answer: ReservationAnswer | None = None


class ReservationView(msgspec.Struct):
    """A reservation as it stands, and how often it changed."""

    reservation_id: str
    revision: int
    reservation: Reservation


class _Kind(msgspec.Struct, gc=False):
    """What of an answer decides between yes and no."""

    answer: ReservationAnswerKind


class _Named(msgspec.Struct, gc=False):
    reservation_id: str = ""


_read_kind = msgspec.json.Decoder(_Kind).decode
_read_answer = msgspec.json.Decoder(ReservationAnswer).decode
_read_reservation = msgspec.json.Decoder(Reservation).decode


def reservation_routes(
    calls: GroupCalls, store: Looking, policy: Policy, clock: Clock, ids: Ids, room: Room
) -> tuple[Route, ...]:
    """The routes of reservations, for `Deps.views`; `room` is the door's."""
    ours = Reservations(calls, store, policy, clock, ids, room)
    return (
        Route(
            "POST",
            "/v1/reservations",
            Scope.PROMISE,
            ours.request,
            "Have units set aside.",
            writes=True,
        ),
        Route(
            "POST",
            "/v1/reservations/{reservation_id}/commit",
            Scope.PROMISE,
            ours.commit,
            "The units are sold, whole or in part.",
            writes=True,
        ),
        Route(
            "POST",
            "/v1/reservations/{reservation_id}/release",
            Scope.PROMISE,
            ours.release,
            "The units are not wanted any more.",
            writes=True,
        ),
        Route(
            "GET",
            "/v1/reservations/{reservation_id}",
            Scope.PROMISE,
            ours.look,
            "How does a reservation stand?",
        ),
    )


class Reservations:
    """The handlers of the routes."""

    def __init__(
        self,
        calls: GroupCalls,
        store: Looking,
        policy: Policy,
        clock: Clock,
        ids: Ids,
        room: Room,
    ) -> None:
        self._calls = calls
        self._store = store
        self._policy = policy
        self._clock = clock
        self._ids = ids
        self._room = room

    async def request(self, request: Request, caller: Caller) -> Reply:
        """Reserve. Raises what the door raises, and what a desk answers instead of a decision."""
        with self._room.share() as share:
            body = await whole_body(request, share, MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX)
            return await self._call(request, caller, catalogue.RESERVATION_REQUESTED, body)

    async def commit(self, request: Request, caller: Caller) -> Reply:
        """Commit, whole or in part. Raises as `request`."""
        return await self._resolve(request, caller, catalogue.RESERVATION_COMMITTED)

    async def release(self, request: Request, caller: Caller) -> Reply:
        """Release. Raises as `request`."""
        return await self._resolve(request, caller, catalogue.RESERVATION_RELEASED)

    async def look(self, request: Request, caller: Caller) -> Reply:
        """Show a reservation to who may speak for its channel. Raises `NotFound`."""
        number = _number(request)
        loaded = await self._store.load(Wanted(documents={(KIND, number)}))
        document = loaded.documents.get((KIND, number))
        if document is None:
            raise NotFound
        found = _read_reservation(document.body)
        may = self._policy.matrix.may_say(caller.system, KIND, None, found.channel)
        if not may and Scope.READ not in caller.scopes:
            raise NotFound
        view = ReservationView(number, document.revision, found)
        return Reply(200, msgspec.json.encode(view))

    async def _resolve(self, request: Request, caller: Caller, kind: str) -> Reply:
        number = _number(request)
        with self._room.share() as share:
            body = await whole_body(request, share, MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX)
            return await self._call(request, caller, kind, _about(body, number))

    async def _call(self, request: Request, caller: Caller, kind: str, body: bytes) -> Reply:
        strict(body)
        noun: Any = typed(body, CATALOGUE[kind].noun)
        message = admit_call(kind, noun, caller, self._policy, self._clock.now())
        told = await self._calls.ask(message)
        if not isinstance(told, Told):
            raise told
        answer = told.outcome.answer
        if not answer:
            raise CallHeld(where=f"{told.partition}:{told.position}", found=told.outcome.reason)
        if _read_kind(answer).answer is ReservationAnswerKind.REFUSED:
            return self._refusal(request, told)
        return Reply(200, bytes(answer))

    def _refusal(self, request: Request, told: Told) -> Reply:
        answer = _read_answer(told.outcome.answer)
        request.correlation_id = request.correlation_id or self._ids.new()
        error = Refused(
            where=answer.refused or "", found=answer.refusal.value if answer.refusal else ""
        )
        plain = problem_details(
            error, request.correlation_id, position=f"{told.partition}:{told.position}"
        )
        fields = msgspec.structs.asdict(plain)
        return problem_reply(RefusalProblem(**fields, refusal=answer.refusal, answer=answer))


def _number(request: Request) -> str:
    """The reservation that the path names. Raises `NotFound` where nothing can be called so."""
    number = request.parameters["reservation_id"]
    if identifier_fault(number) is not None:
        raise NotFound
    return number


def _about(body: bytes, number: str) -> bytes:
    """The body with the number that the path names. Raises `WrongShape` where it names another."""
    body = body.strip() or b"{}"
    strict(body)
    named = typed(body, _Named).reservation_id
    if named not in ("", number):
        raise WrongShape(where="$.reservation_id", found=shown(named), expected=shown(number))
    if named:
        return body
    rest = body[1:].lstrip()
    comma = b"" if rest.startswith(b"}") else b","
    return b'{"reservation_id":' + msgspec.json.encode(number) + comma + rest
