"""The contract of feeds: everything is heard from wherever the cursor stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from crossdock.connectors.kit.card import describe
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Feed, Page, Said, Unread
from crossdock.testing.builders import at
from crossdock.testing.connectors.bench import ContractBase, Promise, feeds_of, fine, played
from crossdock.testing.fakes.fake import FakeFarSystem, Reply

_RECORDS: Final = 11
_PAGE: Final = 3
_PAGES_MAX: Final = 60
_NOW: Final = at(100_000)

Between = Callable[[int], None]
"""Called after each page with its number, from 1."""


class HearContract(ContractBase):
    """What `feeds` promise."""

    def test_every_record_is_heard_whatever_the_page(self) -> None:
        """Small pages, each read by a connector that starts anew from the cursor, say the same."""
        for feed in self._lists():

            async def scene(feed: str = feed) -> None:
                whole = await self._heard(feed, _spread, 100)
                assert len(whole) >= _RECORDS
                assert await self._heard(feed, _spread, _PAGE) == whole

            played(scene)

    def test_records_of_one_stamp_are_all_heard(self) -> None:
        """More of them than a page holds: a walk by stamp must not begin behind them (N20)."""
        for feed in self._lists():

            async def scene(feed: str = feed) -> None:
                whole = await self._heard(feed, lambda _: at(50), 100)
                assert len(whole) >= _RECORDS
                assert await self._heard(feed, lambda _: at(50), _PAGE) == whole

            played(scene)

    def test_a_record_that_changes_between_two_pages_hides_none(self) -> None:
        """It moves to the end of the list; the others move up, and are heard all the same."""
        for feed in self._lists():

            async def scene(feed: str = feed) -> None:
                whole = await self._heard(feed, _spread, 100)
                heard = await self._heard(feed, _spread, _PAGE, moved=True)
                assert whole <= heard

            played(scene)

    def test_a_change_that_commits_late_is_heard(self) -> None:
        """Its stamp lies within the overlap before what was read, as a long transaction's does."""
        for feed in self._lists():

            async def scene(feed: str = feed) -> None:
                async with self.stage() as (fake, _):
                    _fill(fake, feed, _spread)
                    first, cursor = await self._walked(fake, feed, 100)
                    fake.change(feed, _RECORDS + 1, at(60.0 * _RECORDS - self._late_seconds()))
                    later, _cursor = await self._walked(fake, feed, 100, cursor)
                    assert later - first

            played(scene)

    def test_a_record_with_an_unknown_code_is_set_aside_alone(self) -> None:
        """With its place, what was found and what was expected; the others are heard (R130)."""
        for feed in self._lists():

            async def scene(feed: str = feed) -> None:
                async with self.stage() as (fake, connector):
                    _fill(fake, feed, _spread)
                    fake.spoil(feed, 2)
                    page = await _named(feeds_of(connector), feed).page("", _NOW)
                    assert isinstance(page, Page)
                    unread = [one for one in page.said if isinstance(one, Unread)]
                    assert len(unread) == 1
                    [odd] = unread
                    assert odd.where.startswith("$")
                    assert odd.found
                    assert odd.expected
                    assert odd.raw
                    assert any(isinstance(one, Said) for one in page.said)

            played(scene)

    def test_trouble_there_is_a_wish_to_come_again(self) -> None:
        """A status is no page; their wish to wait is kept, and the same cursor goes on."""
        if self.lacking(Promise.FEEDS) or self.lacking(Promise.STATUSES):
            return

        async def scene() -> None:
            async with self.stage() as (fake, connector):
                for feed in feeds_of(connector):
                    fake.weather = lambda _: Reply(429, None, {"Retry-After": "7"})
                    answer = await feed.page("", _NOW)
                    assert isinstance(answer, RetryLater), answer
                    assert answer.after_seconds == 7
                    fake.weather = lambda _: Reply(200, "please log in")
                    assert isinstance(await feed.page("", _NOW), RetryLater)
                    fake.weather = fine
                    assert isinstance(await feed.page("", _NOW), Page)

        played(scene)

    def _lists(self) -> tuple[str, ...]:
        lists = self.fake.lists
        assert bool(lists) != self.lacking(Promise.FEEDS)
        return lists

    def _late_seconds(self) -> float:
        defaults = {one.name: one.default for one in describe(self.kind.settings)}
        return float(str(defaults.get("overlap_seconds", 2))) / 2

    async def _heard(
        self, feed: str, stamp: Callable[[int], datetime], size: int, *, moved: bool = False
    ) -> set[str]:
        """The ids of all that a feed says of its records, read in pages of this size."""
        async with self.stage() as (fake, _):
            _fill(fake, feed, stamp)

            def between(number: int) -> None:
                if moved and number == 1:
                    fake.change(feed, 1, at(60.0 * _RECORDS + 30))

            heard, _cursor = await self._walked(fake, feed, size, between=between)
            return heard

    async def _walked(
        self,
        fake: FakeFarSystem,
        feed: str,
        size: int,
        cursor: str = "",
        between: Between = lambda _: None,
    ) -> tuple[set[str], str]:
        """Read to the end; each page by a connector of its own, which knows the cursor only."""
        heard: set[str] = set()
        for number in range(1, _PAGES_MAX):
            connector = self.connector(fake, page_size=size)
            try:
                page = await _named(feeds_of(connector), feed).page(cursor, _NOW)
            finally:
                await connector.close()
            assert isinstance(page, Page), page
            heard |= {one.id for one in page.said if isinstance(one, Said)}
            cursor = page.cursor
            if not page.more:
                return heard, cursor
            between(number)
        raise AssertionError(f"{feed} does not end")


def _spread(record: int) -> datetime:
    """Records a minute apart."""
    return at(60.0 * record)


def _fill(fake: FakeFarSystem, feed: str, stamp: Callable[[int], datetime]) -> None:
    for record in range(1, _RECORDS + 1):
        fake.change(feed, record, stamp(record))


def _named(connector_feeds: list[Feed], name: str) -> Feed:
    [found] = [one for one in connector_feeds if one.name == name]
    return found
