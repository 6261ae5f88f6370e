"""What a channel may promise of some items, asked while the caller waits.

The same rule gives what is published, under the same versions: an answer and a published figure
compare by them. Asking sets nothing aside; who wants to be sure reserves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from crossdock.contracts.words import Identifier
from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.errors import NotYours
from crossdock.gateway.keys import Caller, Scope
from crossdock.gateway.receiving import Room, whole_body
from crossdock.gateway.routes import Route
from crossdock.inventory.inbound import Inbound, Later
from crossdock.kernel.decode import decode
from crossdock.kernel.limits import MESSAGE_BYTES_MAX, QUERY_ITEMS_MAX, RECEIVE_SECONDS_MAX
from crossdock.kernel.ports import Clock
from crossdock.kernel.redaction import shown
from crossdock.log.ports import ChannelView
from crossdock.log.records import Loaded, Wanted
from crossdock.log.views import AvailabilityView
from crossdock.sagas import ahead
from crossdock.sagas.policy import ChannelPolicy, Policy


class Asking(Protocol):
    """What the query asks of a store; every `log.ports.Store` has it."""

    async def availability(
        self, channel: ChannelView, items: Sequence[str], *, explain: bool = False
    ) -> list[AvailabilityView]:
        """What the channel may promise of these items, one row each."""
        ...

    async def load(self, wanted: Wanted) -> Loaded:
        """What is known of items, unlocked."""
        ...


class AvailabilityQuery(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """These items in this channel; at level site with what counted at each of its sites.

    With `later`, also what the channel may promise of what is expected.
    """

    channel: Identifier
    items: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=QUERY_ITEMS_MAX)]
    by_site: bool = False
    later: bool = False


class AvailabilityAnswer(msgspec.Struct, omit_defaults=True):
    """One row per item, as of the moment it was asked; `authority` says whose word this is.

    `later` names by item what comes and may be promised, earliest first: as much as a reservation
    that takes later units would be granted now.
    """

    channel: str
    as_of: datetime
    authority: str
    items: list[AvailabilityView]
    later: dict[str, list[Later]] = {}


def availability_routes(
    store: Asking, channels: Mapping[str, ChannelView], policy: Policy, clock: Clock, room: Room
) -> tuple[Route, ...]:
    """The route of the query, for `Deps.views`; `room` is the door's."""
    ours = Availabilities(store, channels, policy, clock, room)
    path = "/v1/availability"
    return (Route("POST", path, Scope.PROMISE, ours.ask, "What may a channel promise?"),)


class Availabilities:
    """The handler of the query."""

    def __init__(
        self,
        store: Asking,
        channels: Mapping[str, ChannelView],
        policy: Policy,
        clock: Clock,
        room: Room,
    ) -> None:
        self._store = store
        self._channels = channels
        self._policy = policy
        self._clock = clock
        self._room = room

    async def ask(self, request: Request, caller: Caller) -> Reply:
        """Answer who sells in the channel or is told of its stock. Raises `NotYours`."""
        with self._room.share() as share:
            body = await whole_body(request, share, MESSAGE_BYTES_MAX, RECEIVE_SECONDS_MAX)
        query = decode(body, AvailabilityQuery)
        channel = self._channels.get(query.channel)
        if channel is None or not self._may_ask(caller, query.channel):
            raise NotYours(where="$.channel", found=shown(query.channel))
        as_of = self._clock.now()
        rows = await self._store.availability(
            channel, sorted(set(query.items)), explain=query.by_site
        )
        answer = AvailabilityAnswer(query.channel, as_of, self._policy.authority, rows)
        if query.later:
            answer.later = await self._later(query.channel, set(query.items), as_of)
        return Reply(200, msgspec.json.encode(answer))

    async def _later(
        self, name: str, items: Collection[str], as_of: datetime
    ) -> dict[str, list[Later]]:
        """By item, what the channel may promise of what is expected; items without any left out."""
        channel = self._policy.channels[name]
        if not channel.sells_ahead_days:
            return {}
        known = await self._store.load(
            Wanted(items=set(items), documents={(ahead.KIND, item) for item in items})
        )
        found = {item: _coming(known, channel, item, as_of) for item in sorted(items)}
        return {item: coming for item, coming in found.items() if coming}

    def _may_ask(self, caller: Caller, channel: str) -> bool:
        matrix = self._policy.matrix
        return (
            Scope.READ in caller.scopes
            or matrix.may_say(caller.system, "reservation", None, channel)
            or caller.system in matrix.consumers("availability", None, channel)
        )


def _coming(known: Loaded, channel: ChannelPolicy, item: str, as_of: datetime) -> list[Later]:
    document = known.documents.get((ahead.KIND, item))
    if document is None:
        return []
    free = Counter(
        {
            site: row.sellable - row.reserved - row.pooled - row.safety
            for (name, site), row in known.stock.items()
            if name == item
        }
    )
    return ahead.may_come(
        msgspec.json.decode(document.body, type=Inbound),
        channel,
        channel.sells_from,
        sum(row.quantity for row in known.waiting if row.item == item),
        free.__getitem__,
        as_of,
    )
