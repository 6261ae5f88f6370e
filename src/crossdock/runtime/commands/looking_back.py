"""`crossdock state` of the past: what accounts held at a place of the log, or at a time.

A place is written as `crossdock state` prints it: `0:17,3:5` is position 17 of partition 0 and
position 5 of partition 3; partitions that are not named count for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from crossdock.contracts.words import Instant
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.log.ports import Reading
from crossdock.log.views import BalanceRow
from crossdock.runtime.console import say

_PLACES = re.compile(r"\A[0-9]{1,5}:[0-9]{1,18}(?:,[0-9]{1,5}:[0-9]{1,18})*\Z")


class NoSuchMoment(CrossdockError):
    """What was given is no place in the log and no time."""

    code = "no-such-moment"


@dataclass(frozen=True, slots=True)
class Moment:
    """Up to where to look; None does not narrow."""

    item: str | None
    places: dict[int, int] | None
    event_time: datetime | None
    recorded_time: datetime | None

    @property
    def is_now(self) -> bool:
        """Whether nothing was asked but what stands."""
        return (self.item, self.places, self.event_time, self.recorded_time) == (None,) * 4

    @property
    def is_place_alone(self) -> bool:
        """Whether a place was asked for and nothing else: then everything of it is folded."""
        return self.places is not None and (
            (self.item, self.event_time, self.recorded_time) == (None,) * 3
        )


def moment_of(item: str | None, at: str | None, as_of: str | None, known_at: str | None) -> Moment:
    """Read the options.

    Raises:
        NoSuchMoment: an option cannot be read.
    """
    return Moment(
        item,
        None if at is None else places_of(at, "--at"),
        None if as_of is None else _time("--as-of", as_of),
        None if known_at is None else _time("--known-at", known_at),
    )


def position_in_words(places: dict[int, int]) -> str:
    """A place in the log, as `--at` takes it."""
    return ",".join(f"{partition}:{at}" for partition, at in sorted(places.items()))


async def look_back(store: Reading, moment: Moment) -> list[BalanceRow]:
    """The accounts of then."""
    return await store.balances_as_of(
        moment.item,
        event_time=moment.event_time,
        recorded_time=moment.recorded_time,
        places=moment.places,
    )


def show(moment: Moment, rows: list[BalanceRow]) -> None:
    """A line for each account."""
    if moment.places is not None:
        say(f"at        {position_in_words(moment.places)}")
    if moment.event_time is not None:
        say(f"as of     {moment.event_time.isoformat()}")
    if moment.recorded_time is not None:
        say(f"known at  {moment.recorded_time.isoformat()}")
    for row in rows:
        lot = f" lot {row.lot}" if row.lot else ""
        owner = f" of {row.owner}" if row.owner else ""
        say(f"goods     {row.quantity:>15,} {row.item} at {row.site} {row.state}{lot}{owner}")
    if not rows:
        say("goods     none")


def as_json(moment: Moment, rows: list[BalanceRow]) -> dict[str, object]:
    """The object that scripts read."""
    return {
        "item": moment.item,
        "at": None if moment.places is None else position_in_words(moment.places),
        "as_of": moment.event_time,
        "known_at": moment.recorded_time,
        "balances": rows,
    }


def places_of(text: str, option: str) -> dict[int, int]:
    """Places in the log, as `position_in_words` writes them.

    Raises:
        NoSuchMoment: it is none.
    """
    if _PLACES.match(text) is None:
        raise NoSuchMoment(
            where=option, found=shown(text), expected="partition:position,… as `state` prints it"
        )
    pairs = [pair.split(":") for pair in text.split(",")]
    places = {int(partition): int(position) for partition, position in pairs}
    if len(places) != len(pairs) or max(places) >= 2**15 or max(places.values()) >= 2**60:
        raise NoSuchMoment(where=option, found=shown(text), expected="each partition once")
    return places


def _time(option: str, text: str) -> datetime:
    try:
        return msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.MsgspecError, OverflowError):
        raise NoSuchMoment(
            where=option, found=shown(text), expected="a time with its offset: 2026-03-02T08:59:00Z"
        ) from None
