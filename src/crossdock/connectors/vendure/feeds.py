"""What the shop has to say: its orders, by the stamp of their last change, and by number.

Webhooks only point at orders; what an order is, it says when it is asked. The poll finds what no
webhook told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from crossdock.connectors.kit import signatures
from crossdock.connectors.kit.polling import Change, Overlapping, read_cursor, written
from crossdock.connectors.kit.reading import Odd, understood
from crossdock.connectors.vendure import inbound, wire
from crossdock.connectors.vendure.api import Api, Stopped
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Heard, NotBelieved, Page, Said, Unread

ORDERS: Final = "orders"

_TAKE_MAX: Final = 1_000
_TICK: Final = timedelta(milliseconds=1)
"""Its filter says "after", ours means "from": stamps have milliseconds."""


class Orders:
    """The orders of the shop."""

    name = ORDERS

    def __init__(self, api: Api, settings: VendureSettings) -> None:
        self._api = api
        self._settings = settings
        self._overlap = timedelta(seconds=settings.overlap_seconds)

    async def page(self, cursor: str, now: datetime) -> Page | RetryLater:
        """What changed, in the order of stamps."""
        walk = read_cursor(cursor, Overlapping)
        try:
            found, more = await self._found(walk)
        except Stopped as stopped:
            return _later(stopped)
        changes = [self._change(record, now) for record in found]
        unread = {one.record for one in walk.unread(changes)}
        said = [one for record in found if record["id"] in unread for one in self._read(record)]
        return Page(said, written(walk.beyond(changes, self._overlap, more=more)), more=more)

    async def some(self, records: Sequence[str], now: datetime) -> Page | RetryLater:
        """What these orders are now."""
        options = {"filter": {"id": {"in": list(records)}}, "take": len(records)}
        try:
            found = (await self._api.ask(wire.ORDERS, options=options))["orders"]["items"]
        except Stopped as stopped:
            return _later(stopped)
        return Page([one for record in found for one in self._read(record)], "")

    async def _found(self, walk: Overlapping) -> tuple[list[Any], bool]:
        """A page of orders that changed, and whether there are more.

        Where more orders of one stamp stand than a page holds, a larger page is asked for: a walk
        by stamp cannot begin in the middle of one.
        """
        since = walk.since(self._overlap)
        take = self._settings.page_size
        while True:
            options = {
                "filter": {"updatedAt": {"after": wire.moment(since - _TICK)}},
                "sort": {"updatedAt": "ASC"},
                "take": take,
            }
            found = (await self._api.ask(wire.ORDERS, options=options))["orders"]["items"]
            more = len(found) == take
            if not more or inbound.stamp_of(found[-1]) > since or take >= _TAKE_MAX:
                return found, more
            take = min(2 * take, _TAKE_MAX)

    def _change(self, record: Mapping[str, Any], now: datetime) -> Change:
        try:
            stamp = inbound.stamp_of(record)
        except Odd:
            stamp = now
        return Change(str(record["id"]), f"{stamp.isoformat()}/{record.get('state')}", stamp)

    def _read(self, record: Mapping[str, Any]) -> list[Said | Unread]:
        name = f"order/{record['id']}"
        return understood(name, record, lambda it: inbound.order(it, self._settings))


class Pointing:
    """The shop's webhooks: signed, and pointing at orders."""

    def __init__(self, settings: VendureSettings) -> None:
        self._keys = (
            [signatures.secret_bytes(settings.webhook_secret)] if settings.webhook_secret else []
        )

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """Which order it points at; of other things the poll hears. Raises `NotBelieved`."""
        if not self._keys:
            raise NotBelieved("no webhook_secret is configured for this system")
        signatures.check(self._keys, headers, body, now)
        try:
            said = msgspec.json.decode(body, type=_Hook)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise NotBelieved("the body is not what this shop's webhooks look like") from None
        number = said.data.get("order")
        return Heard(pointed={ORDERS: [str(number)]}) if number is not None else Heard()


class _Hook(msgspec.Struct):
    type: str
    data: dict[str, Any] = {}


def _later(stopped: Stopped) -> RetryLater:
    answer = stopped.answer
    if isinstance(answer, RetryLater):
        return answer
    return RetryLater(getattr(answer, "reason", repr(answer)))
