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
from typing import Final

import msgspec

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

SEEN_MAX: Final = 20_000
"""Versions kept in one cursor; what is beyond is read again and absorbed by the log."""


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
        kept = {record: one for record, one in seen.items() if one[1] >= newest - overlap}
        if len(kept) > SEEN_MAX:
            latest = sorted(kept.items(), key=lambda item: item[1][1])[-SEEN_MAX:]
            kept = dict(latest)
        if more and changes:
            return Overlapping(self.newest, kept, (changes[-1].stamp, changes[-1].record))
        return Overlapping(newest, kept)


def read_cursor(text: str) -> Overlapping:
    """A cursor as `written` wrote it; "" is the beginning."""
    return msgspec.json.decode(text, type=Overlapping) if text else Overlapping()


def written(cursor: Overlapping) -> str:
    """A cursor as text."""
    return msgspec.json.encode(cursor).decode()
