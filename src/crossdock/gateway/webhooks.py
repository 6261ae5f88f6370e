"""Webhooks: what far systems tell of themselves, believed only where it is proven to be theirs.

The signature is the key: the route asks for none. What a webhook says in full goes on the log,
what it points at is remembered, and only then is it answered: 204 means durable. Nothing is
decided or asked of anybody before the answer, so that a sender with five seconds has it in time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from crossdock.contracts.feeds import Heard, NotBelieved, Webhook
from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.errors import NotFound, WrongSignature
from crossdock.gateway.keys import Caller, Scope
from crossdock.gateway.receiving import Room, whole_body
from crossdock.gateway.routes import Route
from crossdock.kernel.limits import BODY_BYTES_MAX, RECEIVE_SECONDS_MAX
from crossdock.kernel.ports import Clock

Keep = Callable[[str, Heard], Awaitable[None]]
"""Puts what a system's webhook said on the log, and remembers what it pointed at; then returns."""


def webhook_routes(
    webhooks: Mapping[str, Webhook], keep: Keep, clock: Clock, room: Room
) -> tuple[Route, ...]:
    """The route of all webhooks, for `Deps.views`; none where no system has one."""
    if not webhooks:
        return ()
    door = _Webhooks(webhooks, keep, clock, room)
    summary = "Hear a far system's webhook."
    path = "/v1/webhooks/{system}"
    return (Route("POST", path, Scope.PUBLIC, door.hear, summary, writes=True),)


class _Webhooks:
    def __init__(
        self, webhooks: Mapping[str, Webhook], keep: Keep, clock: Clock, room: Room
    ) -> None:
        self._webhooks = webhooks
        self._keep = keep
        self._clock = clock
        self._room = room

    async def hear(self, request: Request, caller: Caller) -> Reply:
        """Believe it or refuse it; answer once it is kept."""
        system = request.parameters["system"]
        webhook = self._webhooks.get(system)
        if webhook is None:
            raise NotFound
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers
        }
        with self._room.share() as share:
            body = await whole_body(request, share, BODY_BYTES_MAX, RECEIVE_SECONDS_MAX)
            try:
                heard = webhook.hear(headers, body, self._clock.now())
            except NotBelieved as error:
                raise WrongSignature(found=str(error)) from None
            await self._keep(system, heard)
        return Reply(204, b"")
