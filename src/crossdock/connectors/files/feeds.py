"""Files as feeds: taken when they are whole, read from a checkpoint, and put away with a report.

A file that has not changed for a while is renamed into `working/`, where its writer cannot reach it
by its name. It is read a page at a time; the cursor says how far. Only when the cursor that says
that it is ended is kept, which is known at the next turn, it goes to `done/` or `failed/`: so a hub
that dies at any moment finds either the file or all of its messages on the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from crossdock.connectors.files import inbound, wire
from crossdock.connectors.files.settings import FILE_BYTES_MAX, FileFeed, FilesSettings, Format
from crossdock.connectors.files.wire import Broken
from crossdock.connectors.kit import mapping
from crossdock.connectors.kit.folders import Folder, FolderTrouble, Seen
from crossdock.connectors.kit.mapping import Record
from crossdock.connectors.kit.polling import read_cursor, written
from crossdock.connectors.kit.reading import Odd, understood
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Page, Said, Unread

DONE: Final = "done"
FAILED: Final = "failed"
WORKING: Final = "working"
REPORT: Final = ".report.json"

_RAW_KEPT_BYTES: Final = 4_096
_DIGEST: Final = 16


class Ended(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that was read to its end, and what became of its records (I6)."""

    name: str  # in `working/`
    original: str
    target: str
    sha256: str
    records: int
    said: int = 0
    unread: int = 0
    unchanged: int = 0  # of a full export: as in the one before
    gone: int = 0  # of a full export: in the one before, and not in this one
    why: str = ""


class Work(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that was read in part: the checkpoint, and what the file was when it was begun."""

    name: str
    sha256: str = ""
    next: int = 0
    said: int = 0
    unread: int = 0
    unchanged: int = 0


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a feed's files were read; `loads` counts its full exports."""

    waiting: dict[str, tuple[int, int, datetime]] = {}  # name -> size, changed, seen so since
    work: Work | None = None
    ended: tuple[Ended, ...] = ()
    baseline: str = ""  # the last full export, in `done/`
    loads: int = 0


@dataclass(frozen=True, slots=True)
class _Parsed:
    digest: str
    rows: Sequence[Record | Broken]
    odd: Odd | None = None
    raw: bytes = b""


class Files:
    """The files of one feed."""

    def __init__(self, name: str, feed: FileFeed, settings: FilesSettings, folder: Folder) -> None:
        self.name = name
        self._feed = feed
        self._settings = settings
        self._folder = folder
        self._working, self._done = f"{WORKING}/{name}", f"{DONE}/{name}"
        # What was parsed last, so that a page need not parse a file again; forgotten by a restart.
        self._last: tuple[Seen, _Parsed] | None = None
        self._before: tuple[str, dict[str, bytes]] = ("", {})

    async def page(self, cursor: str, now: datetime) -> Page | RetryLater:
        """What the next files say, up to a page of records."""
        at = read_cursor(cursor, Cursor)
        try:
            at = await self._put_away(at)
            waiting = await self._pick_up(at.waiting, now)
            files = await self._folder.look(self._working, "*")
            return await self._read(msgspec.structs.replace(at, waiting=waiting), files)
        except FolderTrouble as trouble:
            return RetryLater(str(trouble), counts=False)

    async def some(self, records: Sequence[str], now: datetime) -> Page | RetryLater:
        """Nobody can point at a record of a file."""
        return Page((), "")

    async def _put_away(self, at: Cursor) -> Cursor:
        """Move what is ended, each with its report; the newest full export is the next baseline."""
        baseline = at.baseline
        for one in at.ended:
            target = f"{one.target}/{self.name}"
            moved = await self._folder.move(self._working, one.name, target, one.original)
            if moved is None:
                continue  # moved by a turn whose cursor was not kept
            report = msgspec.json.format(msgspec.json.encode(one), indent=2) + b"\n"
            await self._folder.put(target, moved + REPORT, report)
            if self._feed.full and one.target == DONE:
                baseline = moved
        return msgspec.structs.replace(at, ended=(), baseline=baseline)

    async def _pick_up(
        self, waiting: dict[str, tuple[int, int, datetime]], now: datetime
    ) -> dict[str, tuple[int, int, datetime]]:
        """Take what has not changed for long enough; gives what is still waited for."""
        still: dict[str, tuple[int, int, datetime]] = {}
        for seen in await self._folder.look("", self._feed.match):
            size, changed, since = waiting.get(seen.name, (-1, -1, now))
            if (size, changed) != (seen.size_bytes, seen.changed_ns):
                since = now
            if (now - since).total_seconds() < self._settings.stable_seconds:
                still[seen.name] = (seen.size_bytes, seen.changed_ns, since)
                continue
            # Of a name of its own, so that a later file of the same name is never taken for it.
            own = f"{seen.changed_ns:x}-{seen.size_bytes:x}~{seen.name}"
            await self._folder.move("", seen.name, self._working, own)
        return still

    async def _read(self, at: Cursor, files: Sequence[Seen]) -> Page:
        """A page of records, of as many files as it takes."""
        said: list[Said | Unread] = []
        ended: list[Ended] = []
        work, loads = at.work, at.loads
        # The oldest first; what was begun is ended before another is begun.
        ordered = sorted(files, key=lambda one: (one.changed_ns, one.name))
        begun_name = work.name if work is not None else ""
        ordered.sort(key=lambda one: one.name != begun_name)
        more = False
        if work is not None and begun_name not in {one.name for one in files}:
            said.append(_vanished(work))
            work = None
        for seen in ordered:
            room = self._settings.page_size - len(said)
            if room <= 0:
                more = True
                break
            if self._feed.full and ended:
                more = True  # it is compared with the one before, which must be put away first
                break
            parsed = await self._parsed(seen)
            begun, work = work, None  # it stands first, if there is one
            if parsed is None:  # it vanished just now
                said += [_vanished(begun)] if begun is not None else []
                continue
            done, some = await self._part(seen, parsed, _begun(begun, seen, parsed), at, room)
            said += some
            if isinstance(done, Ended):
                ended.append(done)
                loads += self._feed.full
            else:
                work, more = done, True
        after = Cursor(at.waiting, work, tuple(ended), at.baseline, loads)
        return Page(said, written(after), more=more)

    async def _part(
        self, seen: Seen, parsed: _Parsed, work: Work, at: Cursor, room: int
    ) -> tuple[Ended | Work, list[Said | Unread]]:
        """As many records of a file as there is room for, and where that leaves it."""
        original = seen.name.partition("~")[2]
        if parsed.odd is not None:
            return _failed(seen.name, original, parsed)
        before = await self._digests(at.baseline)
        left = datetime.fromtimestamp(seen.changed_ns // 1_000 / 1_000_000, UTC)
        load = parsed.digest[:_DIGEST]
        if self._feed.full:
            load = f"{at.loads + 1}-{load}"
        said: list[Said | Unread] = []
        unchanged, number = work.unchanged, work.next
        while number < len(parsed.rows) and len(said) < room:
            row = parsed.rows[number]
            number += 1
            if isinstance(row, dict) and self._is_known(row, before):
                unchanged += 1
                continue
            said.append(self._said(f"{original}/{load}/{number}", row, load, left))
        odd = sum(isinstance(one, Unread) for one in said)
        counts = (work.said + len(said) - odd, work.unread + odd, unchanged)
        if number < len(parsed.rows):
            return Work(seen.name, parsed.digest, number, *counts), said
        gone = self._gone(parsed.rows, before) if self._feed.full else 0
        ended = Ended(seen.name, original, DONE, parsed.digest, len(parsed.rows), *counts, gone)
        return ended, said

    def _said(self, place: str, row: Record | Broken, load: str, left: datetime) -> Said | Unread:
        if isinstance(row, Broken):
            return Unread(place, row.where, row.found, row.expected, row.found.encode())
        [one] = understood(place, row, lambda it: [inbound.said(it, self._feed, load, left)])
        return one

    def _is_known(self, row: Record, before: dict[str, bytes]) -> bool:
        return bool(before) and before.get(_key(row, self._feed)) == mapping.digest(row)

    def _gone(self, rows: Sequence[Record | Broken], before: dict[str, bytes]) -> int:
        return len(before.keys() - {_key(row, self._feed) for row in rows if isinstance(row, dict)})

    async def _digests(self, baseline: str) -> dict[str, bytes]:
        """What each record said in the full export before."""
        if not self._feed.full or not baseline:
            return {}
        if self._before[0] != baseline:
            raw = await self._folder.read(self._done, baseline, FILE_BYTES_MAX)
            rows = _parse(raw, self._feed).rows if raw is not None else ()
            found = {
                _key(row, self._feed): mapping.digest(row) for row in rows if isinstance(row, dict)
            }
            self._before = (baseline, found)
        return self._before[1]

    async def _parsed(self, seen: Seen) -> _Parsed | None:
        if self._last is None or self._last[0] != seen:
            raw = await self._folder.read(self._working, seen.name, FILE_BYTES_MAX)
            if raw is None:
                return None
            self._last = (seen, _parse(raw, self._feed))
        return self._last[1]


def _begun(work: Work | None, seen: Seen, parsed: _Parsed) -> Work:
    """Where to go on in a file: at its checkpoint, if it is what it was then.

    Whoever had it open may have written on. What was said before then is said again under the ids
    of the other content, and the receivers' rules for versions and keys take care of it.
    """
    if work is not None and (work.name, work.sha256) == (seen.name, parsed.digest):
        return work
    return Work(seen.name)


def _vanished(work: Work) -> Unread:
    """A file that was read in part and is gone: nobody else would ever miss the rest."""
    original = work.name.partition("~")[2]
    place = f"{original}/{work.sha256[:_DIGEST]}"
    found = f"it is gone after {work.next} records"
    return Unread(place, "$", found, "the rest of the file in working/", found.encode())


def _parse(raw: bytes, feed: FileFeed) -> _Parsed:
    """The records of a file; or, where it cannot be read at all, why."""
    digest = sha256(raw).hexdigest()
    try:
        if len(raw) > FILE_BYTES_MAX:
            raise Odd("$", f"more than {FILE_BYTES_MAX} bytes", "a smaller file")
        rows = wire.records(raw, feed)
        if feed.control is not None:
            rows = inbound.controlled(rows, feed.control)
        if feed.lines is not None and feed.format is Format.CSV:
            rows = wire.grouped(rows, feed.key)
    except Odd as odd:
        return _Parsed(digest, (), odd, raw[:_RAW_KEPT_BYTES])
    return _Parsed(digest, rows)


def _failed(name: str, original: str, parsed: _Parsed) -> tuple[Ended, list[Said | Unread]]:
    """A file of which nothing is taken: kept as one record, and put into `failed/`."""
    odd = parsed.odd
    assert odd is not None
    why = f"at {odd.where} found {odd.found}, expected {odd.expected}"
    ended = Ended(name, original, FAILED, parsed.digest, 0, why=why)
    place = f"{original}/{parsed.digest[:_DIGEST]}"
    return ended, [Unread(place, odd.where, odd.found, odd.expected, parsed.raw)]


def _key(row: Record, feed: FileFeed) -> str:
    """By what a record is compared; one without a key by its own words."""
    named: list[Any] = [mapping.value(row, column) for column in feed.key]
    return msgspec.json.encode(named).decode()
