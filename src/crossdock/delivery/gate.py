"""What the workers of a destination share: breaker, quota, requests at once, repetitions, pauses.

All of it is one value, kept in the store under a revision. A worker reports what came of what it
was allowed, asks for more, and gets a pass for about a second; `step` is the whole of the policy,
and a function of values. So ten workers on five machines spare a destination as one would, and a
request costs no statement of its own (R134, R135, R227).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from crossdock.contracts.connector import FarAnswer, RetryLater, Unknown
from crossdock.delivery import breaker as breaking
from crossdock.delivery.breaker import NOTHING_SEEN, Breaker, BreakerRules, Position, Seen
from crossdock.delivery.budget import Budget, allowance, booked
from crossdock.delivery.quota import BLOCK_SECONDS, Block, given_back, taken
from crossdock.delivery.retry import ASKED_SECONDS_MAX

PASS_SECONDS: Final = 1.0
"""How long a pass holds; what others found out is known that much later."""

SLOT_SECONDS: Final = 30.0
"""How long the requests at once of a worker that is not heard of any more are kept for it."""

_THROTTLED_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Sparing:
    """How a destination is to be spared, by all workers of all machines together."""

    at_once: int = 2  # requests at the same time
    per_second: float | None = None  # requests; None: as many as it takes
    breaker: BreakerRules = field(default_factory=BreakerRules)


class Slots(msgspec.Struct, array_like=True, frozen=True):
    """How many requests at once a worker may have, and until when that is kept for it."""

    count: int
    until: float


class Gate(msgspec.Struct, frozen=True, omit_defaults=True):
    """The shared state; moments are seconds of the civil clock."""

    breaker: Breaker = Breaker()
    next_at: float = 0.0  # when the next request may go, where there is a quota
    pause_until: float = 0.0  # they asked for it
    throttled: int = 0  # how often in a row they said "slow down" without saying for how long
    budget: Budget = ()
    slots: dict[str, Slots] = {}


class Health(StrEnum):
    """What a request's answers say of the destination."""

    FINE = "fine"  # it answered, whatever it thinks of what it was told
    FAILED = "failed"
    ODD = "odd"  # what failed before failed again: it may be the fault of what it was told
    THROTTLED = "throttled"  # it lives and asks to be spared


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker did with its pass, since it reported last."""

    seen: Seen = NOTHING_SEEN
    throttled: bool = False
    asked_seconds: float = 0.0  # the longest wait that they asked for
    first: float = 0.0  # requests, by the part of them that told something for the first time
    again: float = 0.0  # the rest of them
    block: Block | None = None  # of which were not needed:
    unused: int = 0
    overdrawn: int = 0  # requests beyond the block: questions that came with what was claimed
    busy: int = 0  # requests under way


@dataclass(frozen=True, slots=True)
class Pass:
    """What a worker may do until it reports again.

    `wait_seconds` says after how long asking again is worth it, where nothing may go now.
    """

    at_once: int
    requests: int | None  # None: no quota
    block: Block | None  # their moments
    again: float  # requests that may repeat
    probe: bool = False
    wait_seconds: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether anything may go."""
        return self.at_once > 0 and self.requests != 0


def health(answers: Sequence[FarAnswer], again: float) -> tuple[Health, float | None]:
    """How one request went, by the answers to its documents, and the wait that they asked for.

    `again` is the part of it that was tried before. Where all of it was, and no answer came, it may
    be what is told that breaks the far side: others must not wait for that (I24).
    """
    later = [answer for answer in answers if isinstance(answer, RetryLater)]
    asked = max((one.after_seconds for one in later if one.after_seconds is not None), default=None)
    if any(one.evidence.status == 429 for one in later):
        return Health.THROTTLED, asked
    if answers and all(_is_trouble(answer) for answer in answers):
        known = bool(later) or again < 1.0
        return (Health.FAILED if known else Health.ODD), asked
    return Health.FINE, None


def _is_trouble(answer: FarAnswer) -> bool:
    """Whether it speaks against the far side; that something else must come first does not."""
    return isinstance(answer, Unknown) or (isinstance(answer, RetryLater) and not answer.well)


def step(
    gate: Gate,
    sparing: Sparing,
    holder: str,
    report: Report,
    wanted: int,
    now: float,
    chance: float,
) -> tuple[Gate, Pass]:
    """Take a report in, and give the next pass for at most `wanted` requests.

    The order of precedence: what they asked for, the breaker, the requests at once, the quota.
    """
    gate = _reported(gate, sparing, holder, report, now, chance)
    gate, count = _slotted(gate, sparing, holder, report.busy, now)
    workers = len(gate.slots)
    wait = _paused(gate, now)
    if wait > 0:
        return gate, Pass(0, 0, None, 0.0, wait_seconds=wait)
    stands = breaking.position(gate.breaker, sparing.breaker, now)
    if stands is Position.OPEN:
        wait = gate.breaker.open_until - now
        return gate, Pass(0, 0, None, 0.0, wait_seconds=wait)
    if stands is Position.HALF_OPEN:
        tried = breaking.probing(gate.breaker, sparing.breaker, holder, now)
        if tried is None or report.busy:
            return gate, Pass(0, 0, None, 0.0, wait_seconds=PASS_SECONDS)
        gate = msgspec.structs.replace(gate, breaker=tried)
        gate, block = _quota(gate, sparing.per_second, 1, now)
        requests = 1 if block is None else block.requests
        return gate, Pass(1, requests, block, 1.0, probe=True)
    gate, block, count = _open(gate, sparing, count, wanted, now)
    again = allowance(gate.budget, now) / workers
    if again < 1.0:  # shared evenly, or, where there are few, now one has one and now another
        again = 1.0 if chance < again else 0.0
    requests_left = None if block is None else block.requests
    wait = 0.0 if block is None or block.requests else max(0.0, block.first_at - now)
    return gate, Pass(count, requests_left, block, again, wait_seconds=wait)


def _open(
    gate: Gate, sparing: Sparing, count: int, wanted: int, now: float
) -> tuple[Gate, Block | None, int]:
    """What goes through a closed breaker, and how much at once; the ramp narrows both."""
    ramp = breaking.ramp(gate.breaker, sparing.breaker, now)
    rate = sparing.per_second
    if ramp is not None:
        rate = ramp if rate is None else min(ramp, rate)
        count = min(count, math.ceil(ramp))
    gate, block = _quota(gate, rate, wanted, now)
    return gate, block, count


def _quota(
    gate: Gate, per_second: float | None, wanted: int, now: float
) -> tuple[Gate, Block | None]:
    if per_second is None:
        return gate, None
    block = taken(gate.next_at, per_second, wanted, now)
    if not block.requests:
        return gate, block
    return msgspec.structs.replace(gate, next_at=block.end), block


def _reported(
    gate: Gate, sparing: Sparing, holder: str, report: Report, now: float, chance: float
) -> Gate:
    """The gate with what a worker did."""
    next_at = gate.next_at
    if report.block is not None and report.unused:
        next_at = given_back(next_at, report.block, report.unused)
    if report.overdrawn and sparing.per_second:
        next_at = max(next_at, now) + report.overdrawn / sparing.per_second
    pause, throttled = gate.pause_until, gate.throttled
    asked = report.asked_seconds
    if report.throttled and not asked:
        throttled += 1
        asked = min(_THROTTLED_SECONDS_MAX, 2.0 ** min(throttled - 1, 30)) * (0.5 + 0.5 * chance)
    elif report.seen.succeeded:
        throttled = 0
    if asked:
        pause = max(now + min(ASKED_SECONDS_MAX, asked), now + _paused(gate, now))
    return msgspec.structs.replace(
        gate,
        breaker=breaking.after(gate.breaker, sparing.breaker, holder, report.seen, now, chance),
        next_at=next_at,
        pause_until=pause,
        throttled=throttled,
        budget=booked(gate.budget, report.first, report.again, now),
    )


def _paused(gate: Gate, now: float) -> float:
    """For how long they asked to be spared; a wait beyond all waits was a wrong clock's."""
    wait = gate.pause_until - now
    return wait if 0 < wait < ASKED_SECONDS_MAX + 1.0 else 0.0


def _is_kept(slots: Slots, now: float) -> bool:
    """Whether a worker's part is still kept for it; longer than ever was a wrong clock's."""
    return 0 < slots.until - now < SLOT_SECONDS + 1.0


def _slotted(gate: Gate, sparing: Sparing, holder: str, busy: int, now: float) -> tuple[Gate, int]:
    """The gate with this worker's requests at once: its share of those that there are.

    Each that lives has an equal share, as soon as those before it have come down to theirs; what is
    under way is not taken back. A worker's part is renewed at half its time.
    """
    living = {
        name: slots for name, slots in gate.slots.items() if name != holder and _is_kept(slots, now)
    }
    names = sorted([*living, holder])
    share = sparing.at_once // len(names)
    share += names.index(holder) < sparing.at_once % len(names)
    free = sparing.at_once - sum(slots.count for slots in living.values())
    count = max(min(share, free), min(busy, sparing.at_once), 0)
    mine = gate.slots.get(holder)
    until = now + SLOT_SECONDS
    if mine is not None and mine.until - now > SLOT_SECONDS / 2 and _is_kept(mine, now):
        until = mine.until
    slots = {**living, holder: Slots(count, until)}
    return msgspec.structs.replace(gate, slots=slots), max(0, min(share, free))


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate for people: how a destination fares."""

    breaker: Position
    failures: int
    next_probe_seconds: float | None  # until the next probe, where it is open
    paused_seconds: float  # for how long they asked to be spared
    at_once: Mapping[str, int]  # worker -> its requests at once
    retries_left: float  # requests that may be repetitions now
    open_since: float | None = None  # seconds of the civil clock; None: it is closed, or not known
    quota_seconds: float = 0.0  # until the next request may go, where there is a quota


def view(gate: Gate, sparing: Sparing, now: float) -> GateView:
    """How it stands at this moment."""
    stands = breaking.position(gate.breaker, sparing.breaker, now)
    wait = max(0.0, gate.breaker.open_until - now)
    return GateView(
        breaker=stands,
        failures=gate.breaker.failures,
        next_probe_seconds=None if stands is Position.CLOSED else wait,
        paused_seconds=_paused(gate, now),
        at_once={
            name: slots.count for name, slots in sorted(gate.slots.items()) if _is_kept(slots, now)
        },
        retries_left=allowance(gate.budget, now),
        open_since=gate.breaker.opened_at or None,
        quota_seconds=_spared(gate, sparing.per_second, now),
    )


def _spared(gate: Gate, per_second: float | None, now: float) -> float:
    """For how long its quota lets nothing go; further ahead than it reaches was a wrong clock's."""
    wait = gate.next_at - now
    return wait if per_second and 0 < wait <= BLOCK_SECONDS + 1.0 / per_second else 0.0


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Gate)


def encode(gate: Gate) -> bytes:
    """As the store keeps it."""
    return _ENCODER.encode(gate)


def decode(state: bytes) -> Gate:
    """What the store keeps; nothing is a gate that nothing has passed."""
    return _DECODER.decode(state) if state else Gate()
