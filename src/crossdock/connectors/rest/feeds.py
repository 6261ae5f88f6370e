"""Lists of theirs as feeds, by declaration: asked for page by page, mapped, and never lost.

Each walk over a list begins an overlap before the newest change that was seen, and what is read
again under the same version is left out (`kit/polling.py`). Where pages are numbered, records move
up when one before them changes place; so with each page the one before it is asked for again, which
costs nothing while it is unchanged (`kit/conditional.py`). A page may hold more records than change
between two requests, so none can move past both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from crossdock.connectors.kit import mapping
from crossdock.connectors.kit.conditional import NOT_MODIFIED, Known, validator
from crossdock.connectors.kit.http import NOTHING, NoReply, Query, Reply, quoted
from crossdock.connectors.kit.polling import Change, Walk, read_cursor, written
from crossdock.connectors.kit.reading import Odd
from crossdock.connectors.rest import inbound, outbound
from crossdock.connectors.rest.records import change, listed, meaning, member, next_place
from crossdock.connectors.rest.settings import Paging, RestFeed, RestSettings
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Page, Said, Unread

_NUMBERED: Final = (Paging.PAGE, Paging.OFFSET)


class Asking(Protocol):
    """Whoever brings a request there."""

    async def get(
        self, path: str, query: Query = (), headers: Mapping[str, str] = NOTHING
    ) -> Reply | NoReply:
        """Ask for a resource; raises nothing but cancellation."""
        ...


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a list was read, and by what its pages are known."""

    walk: Walk = Walk()
    known: Known = Known()


@dataclass(frozen=True, slots=True)
class _Got:
    """A page that came, or that is what it was; `led_to` is the place of the next one."""

    records: Sequence[Any]
    led_to: str
    known: Known


class _Stopped(Exception):
    """There is no page now; says what the hub is told."""

    def __init__(self, answer: RetryLater) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class Listed:
    """One list of one system."""

    def __init__(self, name: str, feed: RestFeed, settings: RestSettings, http: Asking) -> None:
        self.name = name
        self._feed = feed
        self._size = settings.page_size
        self._url = settings.url
        self._overlap = timedelta(seconds=settings.overlap_seconds)
        self._http = http

    async def page(self, cursor: str, now: datetime) -> Page | RetryLater:
        """What changed, in the order in which they list it."""
        at = read_cursor(cursor, Cursor)
        try:
            got = await self._page(at.walk, at.walk.after, at.known)
            records, known = list(got.records), got.known
            if (before := self._before(at.walk.after)) is not None:
                again = await self._page(at.walk, before, known)
                records, known = [*again.records, *records], again.known
        except _Stopped as stopped:
            return stopped.answer
        more = bool(got.led_to)
        changes = [change(record, self._feed, now) for record in records]
        said = self._unread(at.walk, records, changes, now)
        walk = at.walk.beyond(changes, self._overlap, now, more=more, after=got.led_to)
        after = Cursor(walk, known if more else known.ended())
        return Page(said, written(after), more=more)

    async def some(self, records: Sequence[str], now: datetime) -> Page | RetryLater:
        """What these records are now, each asked for by its number."""
        said: list[Said | Unread] = []
        for number in records:
            path = (self._feed.one or "").replace("{record}", quoted(number))
            reply = await self._http.get(path)
            if isinstance(reply, Reply) and reply.status in (404, 410):
                continue  # it is gone: the list will not name it either
            try:
                record = member(_body(reply), self._feed.one_at)
            except _Stopped as stopped:
                return stopped.answer
            except Odd as odd:
                return RetryLater(f"{path}: at {odd.where} found {odd.found}")
            said += meaning(self.name, self._feed, record, now)
        return Page(said, "")

    def _unread(
        self, walk: Walk, records: Sequence[Any], changes: Sequence[Change], now: datetime
    ) -> list[Said | Unread]:
        """What those mean that were not read before, each once also where it came twice."""
        new = {(one.record, one.version) for one in walk.unread(changes)}
        said: list[Said | Unread] = []
        for record, one in zip(records, changes, strict=True):
            if (one.record, one.version) in new:
                new.discard((one.record, one.version))
                said += meaning(self.name, self._feed, record, now)
        return said

    async def _page(self, walk: Walk, place: str, known: Known) -> _Got:
        """One page of a walk; raises `_Stopped`."""
        path, query = self._request(walk, place)
        was = known.of(path, query)
        reply = await self._http.get(path, query, was.headers())
        if isinstance(reply, Reply) and reply.status == NOT_MODIFIED and was.headers():
            return _Got((), was.led_to, known.with_(path, query, was))
        body = _body(reply)
        assert isinstance(reply, Reply)
        try:
            records = listed(body, self._feed.records)
            led_to = self._next(place, records, body, reply)
        except Odd as odd:
            said = f"{path}: at {odd.where} found {odd.found}, expected {odd.expected}"
            raise _Stopped(RetryLater(said)) from None
        return _Got(records, led_to, known.with_(path, query, validator(reply, led_to)))

    def _request(self, walk: Walk, place: str) -> tuple[str, Query]:
        pages, changed = self._feed.pages, self._feed.changed
        if place.startswith("/"):
            return outbound.path_and_query(place)
        query = list(self._feed.query.items())
        if changed is not None:
            since = walk.since(self._overlap)
            query.append((changed.parameter, since.isoformat().replace("+00:00", "Z")))
        if pages.by is not Paging.NONE and pages.size_parameter:
            query.append((pages.size_parameter, str(self._size)))
        if pages.by is Paging.PAGE:
            query.append((pages.named, place or str(pages.first)))
        elif place:
            query.append((pages.named, place))
        return self._feed.path, query

    def _next(self, place: str, records: Sequence[Any], body: Any, reply: Reply) -> str:
        """The place of the next page; "" where there is none. Raises `Odd`."""
        pages = self._feed.pages
        if pages.by is Paging.NEXT:
            return next_place(pages, body, reply, self._url)
        if pages.by is Paging.NONE or len(records) < self._size:
            return ""
        if pages.by is Paging.AFTER:
            return mapping.name(records[-1], self._feed)
        step = 1 if pages.by is Paging.PAGE else self._size
        return str(int(place or self._first) + step)

    @property
    def _first(self) -> int:
        return self._feed.pages.first if self._feed.pages.by is Paging.PAGE else 0

    def _before(self, place: str) -> str | None:
        """The place of the page before this one, where records may have moved up into it."""
        if self._feed.pages.by not in _NUMBERED or not place:
            return None
        step = 1 if self._feed.pages.by is Paging.PAGE else self._size
        before = max(int(place) - step, self._first)
        return str(before) if before != self._first or self._first else ""


def _body(reply: Reply | NoReply) -> Any:
    """What a reply says; raises `_Stopped` for what is no page."""
    if isinstance(reply, NoReply):
        raise _Stopped(RetryLater(f"{reply.trouble}: {reply.detail}", counts=False))
    if reply.status != 200:
        refused = inbound.refusal(reply)
        wait = refused.after_seconds if isinstance(refused, RetryLater) else None
        raise _Stopped(RetryLater(f"status {reply.status}", wait))
    try:
        return mapping.decode(reply.body)
    except inbound.BAD_JSON:
        raise _Stopped(RetryLater("status 200 without JSON")) from None
