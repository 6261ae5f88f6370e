"""Asking for what changed since last time, so that nothing is missed and little is read twice.

A far system that stamps changes with a time stamps them with the *start* of its transaction, or
with a clock of seconds: a change that commits late carries a stamp that a poll has passed already
(reliability.md F3, N20). So each poll begins an overlap before the newest stamp that it has seen,
and what it reads again under the same version is left out. The overlap has to be longer than the
far system's longest transaction; what is longer still is found by reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

SEEN_MAX: Final = 20_000
"""Versions kept in one cursor; what is beyond is read again and absorbed by the log."""


C = TypeVar("C", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Change:
    """A record that changed: its number, its version in the far side's words, its stamp."""

    record: str
    version: str
    stamp: datetime


class Overlapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cursor over stamps: the newest one seen, and which versions were read within the overlap.

    `after` is of a walk that is not at its end yet: the last (stamp, record) of its last page,
    behind which the far side is asked to go on, in its own order of records.
    """

    newest: datetime = EARLIEST
    seen: dict[str, tuple[str, datetime]] = {}  # record -> version, stamp
    after: tuple[datetime, str] | None = None

    def since(self, overlap: timedelta) -> datetime:
        """The stamp from which to ask, itself included."""
        return max(EARLIEST, self.newest - overlap) if self.after is None else self.after[0]

    def unread(self, changes: Iterable[Change]) -> list[Change]:
        """Those of the changes that were not read under this version."""
        return [one for one in changes if self.seen.get(one.record, ("",))[0] != one.version]

    def beyond(self, changes: Sequence[Change], overlap: timedelta, *, more: bool) -> Overlapping:
        """The cursor after a page of changes, given in the order of (stamp, record).

        Within a walk the page's last place is kept, so that the next page begins behind it.
        """
        seen = self.seen | {one.record: (one.version, one.stamp) for one in changes}
        newest = max([self.newest, *(stamp for _, stamp in seen.values())])
        keep = newest - overlap
        kept = _latest({record: one for record, one in seen.items() if one[1] >= keep})
        if more and changes:
            return Overlapping(self.newest, kept, (changes[-1].stamp, changes[-1].record))
        return Overlapping(newest, kept)


def read_cursor(text: str, kind: type[C]) -> C:
    """A cursor as `written` wrote it; "" is the beginning."""
    return msgspec.json.decode(text, type=kind) if text else kind()


def written(cursor: msgspec.Struct) -> str:
    """A cursor as text."""
    return msgspec.json.encode(cursor).decode()


class Walk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cursor for far sides that cannot list changes by stamp: they are walked by number.

    Each walk asks for what changed since an overlap before `newest`, in the order of records, page
    by page behind `after`. `started` is our time at its first page: what changes while it is under
    way is stamped later than that, or within the overlap of it, and so belongs to the next walk.
    """

    newest: datetime = EARLIEST
    seen: dict[str, tuple[str, datetime]] = {}  # record -> version, stamp
    after: str = ""
    high: datetime = EARLIEST  # of this walk's stamps so far
    started: datetime | None = None

    def since(self, overlap: timedelta) -> datetime:
        """The stamp from which to ask, itself included."""
        return max(EARLIEST, self.newest - overlap)

    def unread(self, changes: Iterable[Change]) -> list[Change]:
        """Those of the changes that were not read under this version."""
        return [one for one in changes if self.seen.get(one.record, ("",))[0] != one.version]

    def beyond(
        self,
        changes: Sequence[Change],
        overlap: timedelta,
        now: datetime,
        *,
        more: bool,
        after: str | None = None,
    ) -> Walk:
        """The cursor after a page of changes, given in the far side's order of records.

        `after` is the place of the next page, where it is another than behind the last record.
        """
        seen = self.seen | {one.record: (one.version, one.stamp) for one in changes}
        high = max([self.high, *(one.stamp for one in changes)])
        started = self.started or now
        if more and (changes or after is not None):
            place = changes[-1].record if after is None else after
            return Walk(self.newest, _latest(seen), place, high, started)
        newest = max(self.newest, min(high, started))
        keep = newest - overlap
        kept = {record: one for record, one in seen.items() if one[1] >= keep}
        return Walk(newest, _latest(kept))


def _latest(seen: dict[str, tuple[str, datetime]]) -> dict[str, tuple[str, datetime]]:
    if len(seen) <= SEEN_MAX:
        return seen
    return dict(sorted(seen.items(), key=lambda item: item[1][1])[-SEEN_MAX:])
