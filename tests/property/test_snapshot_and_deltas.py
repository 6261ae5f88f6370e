"""A snapshot that is read while its records change and webhooks tell of it: both merge (R46).

The first walk over a list is its snapshot, and the time of its first page the watermark: what is
stamped later belongs to the next walk. Deltas come beside it, in full, early, late or twice. In
whichever order pages and deltas reach the log, each record ends as it stands over there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from crossdock.connectors.kit import signatures
from crossdock.connectors.kit.http import NOTHING, NoReply, Query, Reply
from crossdock.connectors.rest.client import RestConnector, connect
from crossdock.connectors.rest.settings import RestSettings
from crossdock.connectors.rest.webhook import Signed
from crossdock.contracts.feeds import Page, Said, Unread
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once

COUNT = 7
SECRET = "whsec_" + base64.b64encode(b"of these schedules alone").decode()
SETTINGS = {
    "url": "http://shelf.example",
    "webhook_secret": SECRET,
    "page_size": 3,
    "overlap_seconds": 30,
    "feeds": {
        "items": {
            "path": "/items",
            "records": "items",
            "type": "crossdock.item.changed.v1",
            "key": ["sku"],
            "changed": {"stamp": "touched", "parameter": "since"},
            "pages": {"by": "page"},
            "fields": {
                "item": {"from": "sku"},
                "description": {"from": "name"},
                "revision": {"from": "touched", "as": "revision"},
            },
        }
    },
    "hooks": {"item": {"when": {"event": "item"}, "feed": "items", "record": "item"}},
}


class Shelf:
    """A list of theirs, sorted by its stamps; a `rest.client.Http` to the connector."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.items = {f"I{n}": self._item(f"I{n}", "first", float(n)) for n in range(COUNT)}

    def change(self, sku: str, late: float) -> bytes:
        """Somebody changes an item, in a transaction that took so long; gives the webhook."""
        self.seconds += 1
        stamp = max(self.seconds - late, self._stamp(sku) + 0.02)
        self.items[sku] = self._item(sku, f"at {self.seconds}", stamp)
        return msgspec.json.encode({"event": "item", "item": self.items[sku]})

    def _stamp(self, sku: str) -> float:
        seconds: float = self.items[sku]["seconds"]
        return seconds

    def _item(self, sku: str, name: str, seconds: float) -> dict[str, Any]:
        return {"sku": sku, "name": name, "seconds": seconds, "touched": at(seconds).isoformat()}

    async def get(
        self, path: str, query: Query = (), headers: Mapping[str, str] = NOTHING
    ) -> Reply | NoReply:
        """A page of what changed since."""
        asked = dict(query)
        found = sorted(self.items.values(), key=lambda one: (one["touched"], one["sku"]))
        since = asked["since"].replace("Z", "+00:00")
        found = [one for one in found if one["touched"] >= since]
        size = int(asked["limit"])
        start = (int(asked["page"]) - 1) * size
        page = {"items": found[start : start + size]}
        return Reply(200, CIMultiDict(), msgspec.json.encode(page))

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | NoReply:
        """Nothing is told."""
        raise NotImplementedError

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        query: Query = (),
        headers: Mapping[str, str] = NOTHING,
    ) -> Reply | NoReply:
        """Nothing is told."""
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to let go of."""


class House:
    """A hub that reads the list and hears its webhooks; some of both are on their way."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.hub = SmallHub()
        settings = msgspec.convert(SETTINGS, RestSettings)
        self.connector: RestConnector = connect(settings, self.shelf)
        self.webhook = Signed(settings)
        self.cursor = ""
        self.on_their_way: list[bytes] = []

    def page(self) -> bool:
        """Read a page; gives whether there is more."""
        page = at_once(self.connector.feeds[0].page(self.cursor, at(self.shelf.seconds)))
        assert isinstance(page, Page), page
        self._say(page.said)
        self.cursor = page.cursor
        return page.more

    def walk(self) -> None:
        """Read pages to the end of the walk."""
        while self.page():
            pass

    def hear(self, body: bytes) -> None:
        """A webhook arrives."""
        now = at(self.shelf.seconds)
        headers = signatures.headers([signatures.secret_bytes(SECRET)], "w", now, body)
        self._say(self.webhook.hear(headers, body, now).said)

    def _say(self, said: Sequence[Said | Unread]) -> None:
        for one in said:
            assert isinstance(one, Said), one
            seconds = (one.time - at(0)).total_seconds()
            message = noun_message(one.type, one.noun, one.id, source="erp", seconds=seconds)
            self.hub.tell(message)

    def names(self) -> dict[str, str]:
        """The items as the hub knows them."""
        rows = self.hub.store.data.masters
        return {
            number: msgspec.json.decode(row.body)["description"]
            for (kind, number), row in rows.items()
            if kind == "item"
        }


STEPS = st.lists(
    st.one_of(
        st.just(("page",)),
        st.just(("walk",)),
        st.tuples(
            st.just("change"),
            st.sampled_from([f"I{n}" for n in range(COUNT)]),
            st.sampled_from([0.0, 0.0, 5.0, 25.0]),
            st.sampled_from(["lost", "at once", "twice", "late"]),
        ),
        st.tuples(st.just("arrives"), st.integers(0, 20)),
    ),
    max_size=25,
)


@given(STEPS)
def test_a_snapshot_merges_with_the_deltas_that_come_meanwhile(steps: list[Any]) -> None:
    """Whatever the order; also where a delta was lost, or comes when its record is newer."""
    house = House()
    for step in steps:
        match step:
            case ("page",):
                house.page()
            case ("walk",):
                house.walk()
            case ("change", sku, late, fate):
                body = house.shelf.change(sku, late)
                for _ in range({"at once": 1, "twice": 2}.get(fate, 0)):
                    house.hear(body)
                if fate == "late":
                    house.on_their_way.append(body)
            case ("arrives", number):
                if house.on_their_way:
                    house.hear(house.on_their_way.pop(number % len(house.on_their_way)))
    for _ in range(2):  # to the end of the walk that is under way, and once more
        house.walk()
    for body in house.on_their_way:
        house.hear(body)
    assert house.names() == {sku: one["name"] for sku, one in house.shelf.items.items()}
