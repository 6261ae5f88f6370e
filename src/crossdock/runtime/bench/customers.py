"""The customers of W5: each reserves a few units of a hot item, then buys them or lets them go.

They say what they say the same way at the store's port and over HTTP; only the `Say` differs.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from crossdock.contracts import catalogue
from crossdock.contracts.reservations import (
    ReservationCommitment,
    ReservationLine,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.words import Noun
from crossdock.runtime.bench.latencies import Latencies

ITEMS = tuple(f"HOT-{number}" for number in range(5))
CHANNEL = "web"
BOUGHT = 0.2
"""The share of reservations that are bought; the others are released."""

Say = Callable[[str, str, Noun], Awaitable[str]]
"""Says a noun of a type about a reservation; gives "granted", "part", "refused" or "failed"."""


@dataclass(slots=True)
class Tally:
    """What became of the calls: how long each took, and how they were answered."""

    seconds: Latencies = field(default_factory=Latencies)
    answers: Counter[str] = field(default_factory=Counter)
    bought: Counter[str] = field(default_factory=Counter)  # units by item


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many customers at a time, making so many calls, `per_second` of them (0: all they can)."""

    name: str
    customers: int
    calls: int
    per_second: float = 0.0
    hot: int = len(ITEMS)  # how many of the items are asked for


async def shop(crowd: Crowd, say: list[Say], tally: Tally | None = None) -> Tally:
    """Let the crowd make its calls; each customer has one of the ways to say things.

    Gives the `tally`, which may be looked at meanwhile.
    """
    tally = Tally() if tally is None else tally
    pace = _Pace(crowd)
    await asyncio.gather(
        *(_customer(crowd, n, say[n % len(say)], pace, tally) for n in range(crowd.customers))
    )
    return tally


class _Pace:
    """Gives every call its moment, so that a slow answer delays nobody else's measure."""

    def __init__(self, crowd: Crowd) -> None:
        self._left = crowd.calls
        self._every = 1 / crowd.per_second if crowd.per_second else 0.0
        self._next = time.perf_counter()

    async def moment(self) -> float | None:
        """When the next call is to be made, after waiting for that; None: no more calls."""
        if self._left <= 0:
            return None
        self._left -= 1
        if not self._every:
            return time.perf_counter()
        at = self._next
        self._next += self._every
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        return at


async def _customer(crowd: Crowd, number: int, say: Say, pace: _Pace, tally: Tally) -> None:
    chance = random.Random(f"{crowd.name}/{number}")
    cart = 0
    while True:
        cart += 1
        name = f"{crowd.name}-{number}-{cart}"
        item, quantity = chance.choice(ITEMS[: crowd.hot]), chance.randint(1, 2)
        line = ReservationLine(line="1", item=item, quantity=quantity)
        wish = ReservationRequest(reservation_id=name, channel=CHANNEL, lines=(line,), hard=True)
        answer = await _timed(catalogue.RESERVATION_REQUESTED, name, wish, say, pace, tally)
        if answer is None:
            return
        if answer != "granted":
            continue
        buys = chance.random() < BOUGHT
        if buys:
            kind, noun = catalogue.RESERVATION_COMMITTED, _bought(name)
        else:
            kind, noun = catalogue.RESERVATION_RELEASED, ReservationRelease(reservation_id=name)
        answer = await _timed(kind, name, noun, say, pace, tally)
        if answer is None:
            return
        if buys and answer == "granted":
            tally.bought[item] += quantity


def _bought(name: str) -> Noun:
    return ReservationCommitment(reservation_id=name)


async def _timed(
    kind: str, name: str, noun: Noun, say: Say, pace: _Pace, tally: Tally
) -> str | None:
    at = await pace.moment()
    if at is None:
        return None
    answer = await say(kind, name, noun)
    tally.seconds.add(time.perf_counter() - at)
    tally.answers[answer] += 1
    return answer
