"""Returns while the caller waits: may these goods come back, and: let them (R99).

`POST /v1/returns` is a message like any other, judged as at the door, put on the log and decided
before it is answered; a refusal ends it. `POST /v1/returns/validate` asks the same question of the
same rules, and keeps nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.returns import ReturnAnswer, ReturnSubmission
from crossdock.contracts.vocabulary import ReturnRefusal
from crossdock.gateway.admission import admit_call
from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.calls import GroupCalls, Told
from crossdock.gateway.errors import CallHeld, Refused
from crossdock.gateway.keys import Caller, Scope
from crossdock.gateway.problems import ProblemDetails, problem_details, problem_reply
from crossdock.gateway.receiving import Room, whole_body
from crossdock.gateway.routes import Route
from crossdock.gateway.views import Looking
from crossdock.kernel.decode import strict, typed
from crossdock.kernel.limits import MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX
from crossdock.kernel.ports import Clock, Ids
from crossdock.log.records import Loaded, Wanted
from crossdock.orders.facts import wish
from crossdock.orders.state import OrderState
from crossdock.sagas import returning
from crossdock.sagas.policy import Policy

_ORDER = msgspec.json.Decoder(OrderState)
_ANSWER = msgspec.json.Decoder(ReturnAnswer)


class ReturnProblem(ProblemDetails, frozen=True):
    """A return that is refused: why, and what of the order may still come back."""

    return_refusal: ReturnRefusal | None = None
    return_answer: ReturnAnswer | None = None


def return_routes(
    calls: GroupCalls, store: Looking, policy: Policy, clock: Clock, ids: Ids, room: Room
) -> tuple[Route, ...]:
    """The routes of returns, for `Deps.views`; `room` is the door's."""
    ours = Returns(calls, store, policy, clock, ids, room)
    return (
        Route("POST", "/v1/returns", Scope.WRITE, ours.submit, "Let goods come back."),
        Route(
            "POST",
            "/v1/returns/validate",
            Scope.WRITE,
            ours.validate,
            "May these goods come back?",
        ),
    )


class Returns:
    """The handlers of the routes."""

    def __init__(
        self, calls: GroupCalls, store: Looking, policy: Policy, clock: Clock, ids: Ids, room: Room
    ) -> None:
        self._calls = calls
        self._store = store
        self._policy = policy
        self._clock = clock
        self._ids = ids
        self._room = room

    async def submit(self, request: Request, caller: Caller) -> Reply:
        """Authorise a return. Raises what the door raises, and what a desk says instead."""
        with self._room.share() as share:
            noun = await _said(request, share)
            now = self._clock.now()
            message = admit_call(catalogue.RETURN_SUBMITTED, noun, caller, self._policy, now)
            told = await self._calls.ask(message)
        if not isinstance(told, Told):
            raise told
        place = f"{told.partition}:{told.position}"
        if not told.outcome.answer:
            raise CallHeld(where=place, found=told.outcome.reason)
        return self._reply(request, _ANSWER.decode(told.outcome.answer), place)

    async def validate(self, request: Request, caller: Caller) -> Reply:
        """Answer as `submit` would, and keep nothing. Raises what the door raises."""
        with self._room.share() as share:
            noun = await _said(request, share)
        now = self._clock.now()
        admit_call(catalogue.RETURN_SUBMITTED, noun, caller, self._policy, now)
        number = noun.order_id
        grants = (returning.GRANTS, number)
        loaded = await self._store.load(Wanted(orders={number}, documents={grants}))
        order = _order(loaded, number)
        answer = returning.reply_to(
            order,
            noun,
            returning.grants_in(loaded.documents.get(grants)),
            self._policy,
            wish(noun, now),
            caller.system,
        )
        return self._reply(request, answer, "")

    def _reply(self, request: Request, answer: ReturnAnswer, place: str) -> Reply:
        if answer.authorised:
            return Reply(200, msgspec.json.encode(answer))
        request.correlation_id = request.correlation_id or self._ids.new()
        assert answer.refusal is not None
        error = Refused(where=answer.line or answer.order_id, found=answer.refusal.value)
        plain = problem_details(error, request.correlation_id, position=place)
        fields: dict[str, Any] = msgspec.structs.asdict(plain)
        return problem_reply(
            ReturnProblem(**fields, return_refusal=answer.refusal, return_answer=answer)
        )


async def _said(request: Request, share: Any) -> ReturnSubmission:
    body = await whole_body(request, share, MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX)
    strict(body)
    return typed(body, ReturnSubmission)


def _order(loaded: Loaded, number: str) -> OrderState:
    stored = loaded.orders.get(number)
    return OrderState(number) if stored is None else _ORDER.decode(stored)
