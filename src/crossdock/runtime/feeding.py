"""The feed loop: ask a far system what it has to say, put it on the log, then remember how far.

In this order, so that what is cut off between the two is said again and absorbed by the log. A run
that is not at its end when its next one is due has overrun: it goes on, and a person is told once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Feed, Page
from crossdock.kernel.limits import NUDGES_MAX, TEXT_LENGTH_MAX
from crossdock.kernel.ports import Clock, Randomness
from crossdock.kernel.redaction import one_line
from crossdock.log.feeds import FeedTurn
from crossdock.log.ports import Feeding
from crossdock.runtime.saying import Sayer
from crossdock.runtime.schedules import Every, Schedule

_LOG = logging.getLogger("crossdock.feeds")

TURN_SECONDS_MAX: Final = 120.0
"""How long one page may take before somebody else may ask for it."""

_TROUBLE_SECONDS_FIRST: Final = 2.0
_TROUBLE_SECONDS_MAX: Final = 300.0


class Feeder:
    """One feed of one system."""

    def __init__(
        self,
        system: str,
        feed: Feed,
        store: Feeding,
        sayer: Sayer,
        clock: Clock,
        randomness: Randomness,
        schedule: Schedule,
        worker: str,
    ) -> None:
        """`worker` is whoever reads it."""
        self._system = system
        self._feed = feed
        self._store = store
        self._sayer = sayer
        self._clock = clock
        self._randomness = randomness
        self._schedule = schedule
        self._worker = worker
        self._failures = 0
        self._began: datetime | None = None  # the run that is under way
        self._told = False  # that it has overrun

    async def turn(self) -> int:
        """Read one page, or what was pointed at, if it is time; gives how much it said."""
        now = self._clock.now()
        until = now + timedelta(seconds=TURN_SECONDS_MAX)
        claimed = await self._store.claim_feed(
            self._system, self._feed.name, self._worker, now, until, NUDGES_MAX
        )
        if claimed is None:
            return 0
        if claimed.due and not self._schedule.is_open(now):
            return await self._wait(claimed, now)
        pages = [await self._asked(claimed, now)]
        if claimed.due and isinstance(pages[0], Page):
            pages.append(await self._paged(claimed, now))
        return await self._keep(claimed, pages)

    async def _wait(self, claimed: FeedTurn, now: datetime) -> int:
        """The window is closed: from the same cursor when it opens, pointed at or not."""
        unread = replace(claimed, nudges=())
        await self._store.keep_feed(unread, claimed.cursor, self._schedule.next_after(now), now)
        return 0

    async def _run_on(self, now: datetime, *, more: bool) -> None:
        """Note where a run begins and ends, and that it takes longer than it may."""
        if not more:
            self._began, self._told = None, False
            return
        self._began = self._began or now
        due = self._schedule.next_after(self._began)
        if now >= due and not self._told and not isinstance(self._schedule, Every):
            self._told = True
            await self._sayer.overran(self._system, self._feed.name, self._began, due)

    async def _asked(self, claimed: FeedTurn, now: datetime) -> Page | RetryLater:
        """What the records that were pointed at mean now."""
        if not claimed.nudges:
            return Page((), claimed.cursor)
        try:
            return await self._feed.some([one.record for one in claimed.nudges], now)
        except Exception as error:  # noqa: BLE001 - whatever it is, no loop may end by it
            return self._broken(error)

    async def _paged(self, claimed: FeedTurn, now: datetime) -> Page | RetryLater:
        try:
            return await self._feed.page(claimed.cursor, now)
        except Exception as error:  # noqa: BLE001 - see `_asked`
            return self._broken(error)

    def _broken(self, error: Exception) -> RetryLater:
        _LOG.exception("feed %s of %s failed", self._feed.name, self._system)
        return RetryLater(f"the connector failed: {type(error).__name__}")

    async def _keep(self, claimed: FeedTurn, pages: Sequence[Page | RetryLater]) -> int:
        """Put what was said on the log, then keep the cursor; trouble keeps the old one."""
        now = self._clock.now()
        said = [one for page in pages if isinstance(page, Page) for one in page.said]
        await self._sayer.say(self._system, self._feed.name, said)
        trouble = next((page for page in pages if isinstance(page, RetryLater)), None)
        if trouble is not None:
            self._failures += 1
            due = now + timedelta(seconds=self._wait_seconds(trouble))
            await self._store.keep_feed(
                claimed, claimed.cursor, due, now, one_line(trouble.reason, TEXT_LENGTH_MAX - 3)
            )
            return 0
        self._failures = 0
        last = pages[-1]
        assert isinstance(last, Page)
        cursor = last.cursor if claimed.due else claimed.cursor
        more = last.more if claimed.due else False
        due = now if more or not claimed.due else self._schedule.next_after(now)
        await self._store.keep_feed(claimed, cursor, due, now)
        if claimed.due:
            await self._run_on(now, more=more)
        return len(said) or int(more)

    def _wait_seconds(self, trouble: RetryLater) -> float:
        """Growing with every failure in a row, scattered, and never less than was asked for."""
        longest = min(_TROUBLE_SECONDS_MAX, _TROUBLE_SECONDS_FIRST * 2.0 ** min(self._failures, 30))
        wait = self._randomness.uniform(longest / 2, longest)
        return max(wait, min(trouble.after_seconds or 0.0, _TROUBLE_SECONDS_MAX))
