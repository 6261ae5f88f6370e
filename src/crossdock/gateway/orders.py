"""Orders submitted while the channel waits, and orders that are only asked about (R55, R56).

A submission is a message like any other, judged as at the door, decided at a desk and kept before
it is answered; said again, it is answered the same. A question is decided by the same rules on what
stands, and nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.submissions import OrderAnswer
from crossdock.contracts.vocabulary import Fate, OrderAnswerKind, OrderRefusal
from crossdock.gateway.admission import admit_call
from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.calls import GroupCalls, Told
from crossdock.gateway.errors import CallHeld, Refused
from crossdock.gateway.keys import Caller, Scope
from crossdock.gateway.problems import ProblemDetails, problem_details, problem_reply
from crossdock.gateway.receiving import Room, whole_body
from crossdock.gateway.routes import Route
from crossdock.kernel.decode import strict, typed
from crossdock.kernel.limits import MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX
from crossdock.kernel.ports import Clock, Ids
from crossdock.log.records import NewMessage, Outcome
from crossdock.sagas.policy import Policy

Rehearse = Callable[[NewMessage], Awaitable[Outcome]]
"""What would be decided on a call that is not put on the log."""


class OrderRefusalProblem(ProblemDetails, frozen=True):
    """An order that is not taken: the first rule that refuses it, and what every rule found."""

    refusal: OrderRefusal | None = None
    answer: OrderAnswer | None = None


_read_answer = msgspec.json.Decoder(OrderAnswer).decode


def order_routes(
    calls: GroupCalls, rehearse: Rehearse, policy: Policy, clock: Clock, ids: Ids, room: Room
) -> tuple[Route, ...]:
    """The routes of submission, for `Deps.views`; `room` is the door's."""
    ours = Submissions(calls, rehearse, policy, clock, ids, room)
    return (
        Route("POST", "/v1/orders", Scope.WRITE, ours.submit, "Submit an order and wait."),
        Route(
            "POST",
            "/v1/orders/validate",
            Scope.WRITE,
            ours.validate,
            "What would become of an order? Nothing is kept.",
        ),
    )


class Submissions:
    """The handlers of the routes."""

    def __init__(
        self,
        calls: GroupCalls,
        rehearse: Rehearse,
        policy: Policy,
        clock: Clock,
        ids: Ids,
        room: Room,
    ) -> None:
        self._calls = calls
        self._rehearse = rehearse
        self._policy = policy
        self._clock = clock
        self._ids = ids
        self._room = room

    async def submit(self, request: Request, caller: Caller) -> Reply:
        """Take an order. Raises what the door raises, and what a desk answers instead."""
        message = await self._message(request, caller)
        told = await self._calls.ask(message)
        if not isinstance(told, Told):
            raise told
        place = f"{told.partition}:{told.position}"
        return self._reply(request, message, told.outcome, place)

    async def validate(self, request: Request, caller: Caller) -> Reply:
        """Say what `submit` would; a refusal is an answer here too, and no problem."""
        message = await self._message(request, caller)
        outcome = await self._rehearse(message)
        if not outcome.answer:
            raise CallHeld(where=message.id, found=outcome.reason)
        return Reply(200, bytes(outcome.answer))

    async def _message(self, request: Request, caller: Caller) -> NewMessage:
        with self._room.share() as share:
            body = await whole_body(request, share, MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX)
        strict(body)
        noun: Any = typed(body, CATALOGUE[catalogue.ORDER_PLACED].noun)
        return admit_call(catalogue.ORDER_PLACED, noun, caller, self._policy, self._clock.now())

    def _reply(self, request: Request, message: NewMessage, outcome: Outcome, place: str) -> Reply:
        if outcome.answer:
            answer = _read_answer(outcome.answer)
        elif outcome.fate is Fate.APPLIED:  # it came as a message before, and no rule spoke
            answer = OrderAnswer(
                order_id=message.key,
                answer=OrderAnswerKind.ACCEPTED,
                as_of=message.received_time,
                authority=self._policy.authority,
            )
        else:
            raise CallHeld(where=place, found=outcome.reason)
        if answer.answer is OrderAnswerKind.REFUSED:
            return self._refusal(request, answer, place)
        return Reply(200, msgspec.json.encode(answer))

    def _refusal(self, request: Request, answer: OrderAnswer, place: str) -> Reply:
        request.correlation_id = request.correlation_id or self._ids.new()
        refusal = answer.refusal
        error = Refused(where=answer.order_id, found=refusal.value if refusal else "")
        plain = problem_details(error, request.correlation_id, position=place)
        fields = msgspec.structs.asdict(plain)
        return problem_reply(OrderRefusalProblem(**fields, refusal=refusal, answer=answer))
