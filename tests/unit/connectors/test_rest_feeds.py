"""Lists of a REST system by declaration: every way of paging, what is unchanged, what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest

from crossdock.connectors.kit.mapping import revision
from crossdock.connectors.rest.client import connect
from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Page, Said, Unread
from crossdock.contracts.products import Item
from crossdock.testing.builders import at
from crossdock.testing.fakes import fake
from crossdock.testing.fakes.fake import Asked, FakeFarSystem

ITEMS: dict[str, Any] = {
    "path": "/items",
    "records": "items",
    "type": "crossdock.item.changed.v1",
    "key": ["sku"],
    "fields": {
        "item": {"from": "sku"},
        "description": {"from": "name.en"},
        "status": {"from": "state", "codes": {"A": "active", "X": "blocked"}},
        "revision": {"from": "changed", "as": "revision"},
    },
}


class Shelf(FakeFarSystem):
    """A list of items, paged in whichever way the test asks for."""

    def __init__(self, count: int = 7) -> None:
        super().__init__()
        self.items = [item(f"I{n}", n) for n in range(count)]
        self.link = "/items"
        self.wholes = 0  # replies with a body
        self.headers: Mapping[str, str] = {}

    def settings(self) -> dict[str, Any]:
        """Of no use here."""
        return {}

    def effects(self) -> Mapping[str, Any]:
        """Nothing is told."""
        return {}

    def answer(self, asked: Asked) -> fake.Reply:
        """A page, or one item."""
        if asked.path != "/items":
            found = [one for one in self.items if asked.path == f"/items/{one['sku']}"]
            return fake.Reply(200, {"item": found[0]}) if found else fake.Reply(404)
        size = int(asked.asked_for("limit", "1000"))
        place = asked.asked_for("token") or asked.asked_for("offset", "0")
        start = int(place)
        if asked.asked_for("page"):
            start = (int(asked.asked_for("page")) - 1) * size
        if after := asked.asked_for("after"):
            start = 1 + next(n for n, one in enumerate(self.items) if one["sku"] == after)
        page = self.items[start : start + size]
        more = start + size < len(self.items)
        said = {"items": page, "meta": {"next": str(start + size) if more else None}}
        link = f'<{self.link}?token={start + size}&limit={size}>; rel="next"' if more else ""
        return fake.Reply(200, said, {"Link": link, **self.headers})


def item(sku: str, seconds: float, name: str = "A mug", state: str = "A") -> dict[str, Any]:
    """A record of theirs."""
    return {"sku": sku, "name": {"en": name}, "state": state, "changed": at(seconds).isoformat()}


class Reader:
    """Reads a list as the hub does, by connectors that know nothing but the cursor."""

    def __init__(self, shelf: Shelf, size: int = 3, **feed: Any) -> None:
        self.shelf = shelf
        self.cursor = ""
        self._feed = {**ITEMS, **feed}
        self._size = size

    async def page(self, now: datetime | None = None) -> Page | RetryLater:
        """One page; trouble keeps the cursor."""
        given = {"url": self.shelf.url, "feeds": {"it": self._feed}, "page_size": self._size}
        connector = connect(msgspec.convert(given, RestSettings))
        try:
            page = await connector.feeds[0].page(self.cursor, now or at(1_000))
        finally:
            await connector.close()
        if isinstance(page, Page):
            self.cursor = page.cursor
        return page

    async def rest(self) -> list[Said | Unread]:
        """Pages until there is nothing more."""
        said: list[Said | Unread] = []
        for _ in range(50):
            page = await self.page()
            assert isinstance(page, Page), page
            said += page.said
            if not page.more:
                return said
        raise AssertionError("it does not end")


def played(scene: Callable[[Shelf], Any], shelf: Shelf | None = None) -> None:
    """Play a scene beside a shelf that listens."""

    async def whole() -> None:
        here = shelf or Shelf()
        async with here.listening():
            await scene(here)

    asyncio.run(whole())


def skus(said: Sequence[Said | Unread]) -> list[str]:
    """The items that messages are about."""
    return [one.noun.item for one in said if isinstance(one, Said) and isinstance(one.noun, Item)]


PAGINGS: dict[str, dict[str, Any]] = {
    "one page": {"by": "none"},
    "numbers": {"by": "page"},
    "offsets": {"by": "offset"},
    "behind a record": {"by": "after"},
    "a token of theirs": {"by": "next", "parameter": "token", "next": "meta.next"},
    "an address of theirs": {"by": "next"},
}


@pytest.mark.parametrize("pages", PAGINGS.values(), ids=PAGINGS)
def test_every_way_of_paging_says_every_record_once(pages: dict[str, Any]) -> None:
    """Whatever divides the list; and read again, there is nothing to say."""

    async def scene(shelf: Shelf) -> None:
        reader = Reader(shelf, pages=pages)
        assert skus(await reader.rest()) == [f"I{n}" for n in range(7)]
        assert await reader.rest() == []

    played(scene)


@pytest.mark.parametrize("pages", PAGINGS.values(), ids=PAGINGS)
def test_an_unchanged_list_costs_no_body(pages: dict[str, Any]) -> None:
    """Every request of the second walk is answered with 304, to the last page."""

    async def scene(shelf: Shelf) -> None:
        reader = Reader(shelf, pages=pages)
        await reader.rest()
        first = len(shelf.asked)
        await reader.rest()
        again = shelf.asked[first:]
        assert len(again) >= first // 2
        assert all("if-none-match" in one.headers for one in again)

    played(scene)


@pytest.mark.parametrize("pages", PAGINGS.values(), ids=PAGINGS)
def test_a_change_on_any_page_is_heard_though_the_others_are_unchanged(
    pages: dict[str, Any],
) -> None:
    """One page has another tag; its new record is said, and no other."""

    async def scene(shelf: Shelf) -> None:
        for place in (0, 3, 6):
            reader = Reader(shelf, pages=pages)
            await reader.rest()
            shelf.items[place] = item(f"I{place}", 500 + place, "Another mug")
            [said] = await reader.rest()
            assert isinstance(said, Said)
            assert said.noun == Item(
                item=f"I{place}",
                description="Another mug",
                revision=revision(at(500 + place)),
            )

    played(scene)


def test_a_page_whose_cursor_was_not_kept_is_said_again() -> None:
    """The hub died before its log had it: nobody may be told that it is unchanged."""

    async def scene(shelf: Shelf) -> None:
        reader = Reader(shelf)
        first = await reader.page()
        reader.cursor = ""
        again = await reader.page()
        assert isinstance(first, Page)
        assert isinstance(again, Page)
        assert skus(again.said) == skus(first.said) != []

    played(scene)


DATE = "Mon, 02 Mar 2026 08:00:{:02} GMT"


@pytest.mark.parametrize(("age", "believed"), [(0, False), (1, True), (9, True)])
def test_a_date_is_believed_when_it_is_old_enough(age: int, believed: bool) -> None:
    """Within the same second a page may change again under the same date."""

    class Dated(Shelf):
        tags = False

    async def scene(shelf: Shelf) -> None:
        shelf.headers = {"Last-Modified": DATE.format(0), "Date": DATE.format(age)}
        reader = Reader(shelf)
        await reader.rest()
        await reader.rest()
        asked = shelf.asked[-1].headers
        assert asked.get("if-modified-since", "") == (DATE.format(0) if believed else "")

    played(scene, Dated())


def test_a_record_is_mapped_by_paths_and_codes_and_an_unknown_code_is_held() -> None:
    """The others are said; the odd one is kept whole with its place."""

    async def scene(shelf: Shelf) -> None:
        shelf.items = [item("I1", 1), item("I2", 2, state="Q"), item("I3", 3, state="X")]
        said = await Reader(shelf).rest()
        assert skus(said) == ["I1", "I3"]
        [odd] = [one for one in said if isinstance(one, Unread)]
        assert (odd.where, odd.found, odd.expected) == ("$.state", "'Q'", "A or X")
        assert msgspec.json.decode(odd.raw) == shelf.items[1]

    played(scene)


def test_changes_are_asked_for_from_an_overlap_before_the_newest() -> None:
    """So that what committed late under an older stamp is heard."""

    async def scene(shelf: Shelf) -> None:
        reader = Reader(shelf, changed={"stamp": "changed", "parameter": "since"})
        await reader.rest()
        await reader.rest()
        asked = [one.asked_for("since") for one in shelf.asked]
        assert asked == ["1970-01-01T00:00:00Z", at(6 - 300).isoformat().replace("+00:00", "Z")]

    played(scene)


def test_a_next_page_at_another_host_is_not_asked_for() -> None:
    """Nothing is ever sent elsewhere, whatever a reply says."""

    async def scene(shelf: Shelf) -> None:
        shelf.link = "http://elsewhere.example/items"
        answer = await Reader(shelf, pages={"by": "next"}).page()
        assert isinstance(answer, RetryLater)
        assert "an address of the same system" in answer.reason
        shelf.link = f"{shelf.url}/items"
        assert skus(await Reader(shelf, pages={"by": "next"}).rest()) == [f"I{n}" for n in range(7)]

    played(scene)


@pytest.mark.parametrize(
    "body", [{"other": []}, {"items": {}}, [], "log in", {"items": None}], ids=repr
)
def test_a_reply_that_is_no_list_is_trouble_and_loses_nothing(body: Any) -> None:
    """The place is said; the same cursor goes on when it is a list again."""

    async def scene(shelf: Shelf) -> None:
        reader = Reader(shelf)
        shelf.weather = lambda _: fake.Reply(200, body)
        answer = await reader.page()
        assert isinstance(answer, RetryLater)
        assert "expected a list of records" in answer.reason
        shelf.weather = lambda _: fake.Weather.FINE
        assert len(await reader.rest()) == 7

    played(scene)


def test_records_that_were_pointed_at_are_asked_for_by_number() -> None:
    """Under the ids that the list gives them; what is gone is no trouble."""

    async def scene(shelf: Shelf) -> None:
        feed = {**ITEMS, "one": "/items/{record}", "one_at": "item"}
        given = {"url": shelf.url, "feeds": {"it": feed}}
        connector = connect(msgspec.convert(given, RestSettings))
        try:
            [listed] = connector.feeds
            page = await listed.some(["I2", "I99"], at(1_000))
            whole = await listed.page("", at(1_000))
        finally:
            await connector.close()
        assert isinstance(page, Page)
        assert isinstance(whole, Page)
        assert list(page.said) == [whole.said[2]]

    played(scene)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"type": "crossdock.nothing.known.v1"}, "no message of the catalogue"),
        ({"type": "crossdock.order.released.v1"}, "no message that a far system may say"),
        ({"one": "/items"}, "must hold {record} once"),
        ({"fields": {"item": {"from": "a", "constant": 1}}}, "either `from` or `constant`"),
    ],
)
def test_a_list_that_cannot_be_read_so_is_refused_at_the_start(
    changed: dict[str, Any], said: str
) -> None:
    """Before anything is asked."""
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert({"url": "http://x", "feeds": {"it": {**ITEMS, **changed}}}, RestSettings)
