"""One worker at the gate of one destination: it fetches passes, spends them, and reports.

The policy is `gate.step`; here is what it takes to share its state through the store: read it, take
a step, keep it if nobody was there first. A pass holds for about a second, so what a request costs
is counted here and reported in one go; what cannot wait (a failure that opens the breaker, a wish
to be spared, the end of a probe) is reported before the next request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from crossdock.contracts.connector import FarAnswer
from crossdock.delivery import breaker as breaking
from crossdock.delivery.breaker import Position, Seen
from crossdock.delivery.gate import (
    PASS_SECONDS,
    Gate,
    Health,
    Pass,
    Report,
    Sparing,
    decode,
    encode,
    health,
    step,
)
from crossdock.delivery.quota import Block
from crossdock.kernel.ports import Clock, Randomness
from crossdock.log.errors import StoreError
from crossdock.log.ports import Delivering

_MOVES_MAX: Final = 20
"""Workers that were there first, before this one waits for its next turn."""


@dataclass(frozen=True, slots=True)
class BreakerMoved:
    """A destination's breaker opened, began to probe, or closed; for whoever watches."""

    destination: str
    before: Position
    now: Position
    failures: int  # requests in a row
    probe_seconds: float  # until the next probe, where it opened


@dataclass(frozen=True, slots=True)
class Spared:
    """A destination asked to be left alone for so long; for whoever watches."""

    destination: str
    seconds: float


AtTheGate = BreakerMoved | Spared


@dataclass(slots=True)
class Admission:
    """Requests that one turn may send, and how many of them at once.

    `spacing_seconds` is 0 where there is no quota; else each request has a moment of its own, in
    seconds of the steady clock.
    """

    requests: int
    width: int
    fresh: bool  # nothing that was tried before may go
    probe: bool
    next_at: float
    spacing_seconds: float
    of: Block | None = None  # the block that its moments are from, up to this one of them:
    ends: int = 0
    used: int = 0

    def moment(self) -> float:
        """When the next request may go, by the steady clock; it is used up by asking."""
        moment = self.next_at + self.used * self.spacing_seconds
        self.used += 1
        return moment


class Gatekeeper:
    """What one worker was allowed and what it did with it."""

    def __init__(
        self,
        destination: str,
        sparing: Sparing,
        store: Delivering,
        clock: Clock,
        randomness: Randomness,
        listener: Callable[[AtTheGate], None] | None = None,
    ) -> None:
        self._destination = destination
        self._sparing = sparing
        self._store = store
        self._clock = clock
        self._randomness = randomness
        self._listener = listener
        self._renewing = asyncio.Lock()
        self._pass = Pass(0, 0, None, 0.0)
        self._began = 0.0  # the block's first moment by the steady clock
        self._valid_until = float("-inf")
        self._spent = 0  # requests of the block
        self._busy = 0
        self._report = Report()
        self._urgent = False

    async def admit(self, width: int, wanted: int) -> Admission | None:
        """Requests for one turn: at most so many at once, and so many; None: nothing may go now.

        They are under way until `leave`.
        """
        counted = self._sparing.per_second is not None and not self._left() and not self._waits()
        if counted and not await self._store.something_due(self._destination, self._clock.now()):
            return None  # no request of the quota is taken for nothing
        async with self._renewing:
            if self._urgent or not self._waits() or self._used_up():
                await self._renew(wanted)
        width = min(self._pass.at_once - self._busy, width)
        left = self._left()
        requests = min(wanted, left) if left is not None else wanted
        if self._pass.probe:
            requests = min(requests, 1 - self._spent)
        if width <= 0 or requests <= 0:
            return None
        width = min(width, requests)
        block = self._pass.block
        spacing = block.spacing_seconds if block is not None else 0.0
        admission = Admission(
            requests,
            width,
            fresh=self._pass.again < 1.0 and not self._pass.probe,
            probe=self._pass.probe,
            next_at=self._began + self._spent * spacing,
            spacing_seconds=spacing,
        )
        self._spent += requests
        self._busy += width
        admission.of, admission.ends = block, self._spent
        return admission

    def leave(self, admission: Admission) -> None:
        """The turn is over; what it did not use may be used by the next."""
        self._busy -= admission.width
        unused = admission.requests - admission.used
        if unused > 0:
            newest = admission.of is self._pass.block and admission.ends == self._spent
            self._spent -= unused if newest else 0  # others have the moments after it
        elif unused < 0:
            self._report = replace(self._report, overdrawn=self._report.overdrawn - unused)

    async def report(self) -> None:
        """Report at once what cannot wait: the others should know of it, and from when it counts.

        A store that is away is told later.
        """
        if self._urgent:
            with suppress(StoreError):
                async with self._renewing:
                    await self._renew(0)
                    if not self._pass.wait_seconds:
                        self._valid_until = float("-inf")  # the next turn asks for what it needs

    def saw(self, answers: Sequence[FarAnswer], again: float) -> None:
        """Take note of one request: its answers, and the part of it that was tried before."""
        how, asked = health(answers, again)
        if how is Health.ODD and self._pass.probe:
            how = Health.FAILED
        report, seen = self._report, self._report.seen
        if how is Health.FINE:
            seen = Seen(seen.succeeded + 1, seen.failed, 0)
        elif how is Health.FAILED:
            seen = Seen(seen.succeeded, seen.failed + 1, seen.failed_last + 1)
        self._report = replace(
            report,
            seen=seen,
            throttled=report.throttled or how is Health.THROTTLED,
            asked_seconds=max(report.asked_seconds, asked or 0.0)
            if how is not Health.FINE
            else report.asked_seconds,
            first=report.first + 1.0 - again,
            again=report.again + again,
        )
        self._pass = replace(self._pass, again=self._pass.again - again)
        self._urgent = self._urgent or how is not Health.FINE or self._pass.probe

    @property
    def must_stop(self) -> bool:
        """Whether what is not sent yet had better wait for what the others make of it."""
        seen = self._report.seen
        failing = seen.failed_last >= self._sparing.breaker.failures_max
        return failing or self._report.throttled or self._report.asked_seconds > 0

    def _left(self) -> int | None:
        """Requests left of the block; None: there is no quota."""
        if self._pass.requests is None:
            return None
        return max(0, self._pass.requests - self._spent)

    def _used_up(self) -> bool:
        """Whether there was a block and nothing is left of it."""
        return bool(self._pass.requests) and not self._left()

    def _waits(self) -> bool:
        """Whether it is known already that nothing may go now."""
        return not self._urgent and self._clock.monotonic() < self._valid_until

    async def _renew(self, wanted: int) -> None:
        """Report, and fetch the next pass; without a store the report is kept for later."""
        left = self._left()
        said = replace(self._report, block=self._pass.block, unused=left or 0, busy=self._busy)
        self._report, self._urgent = Report(), False
        try:
            before, now, found = await self._moved(said, wanted)
        except BaseException:
            self._report = _together(said, self._report)
            self._urgent = True
            raise
        self._take(found)
        self._tell(before, now, said)

    async def _moved(self, said: Report, wanted: int) -> tuple[Gate, Gate, Pass]:
        for _ in range(_MOVES_MAX):
            revision, state = await self._store.gate(self._destination)
            gate, now = decode(state), self._clock.now().timestamp()
            moved, found = step(
                gate,
                self._sparing,
                self._store.owner,
                said,
                wanted,
                now,
                self._randomness.uniform(0.0, 1.0),
            )
            if moved == gate or await self._store.move_gate(
                self._destination, revision, encode(moved)
            ):
                return gate, moved, found
        self._report = _together(replace(said, block=None, unused=0), self._report)
        return gate, gate, Pass(0, 0, None, 0.0, wait_seconds=PASS_SECONDS)

    def _take(self, found: Pass) -> None:
        steady, civil = self._clock.monotonic(), self._clock.now().timestamp()
        self._pass, self._spent = found, 0
        self._began = steady + (found.block.first_at - civil if found.block is not None else 0.0)
        holds = min(PASS_SECONDS, found.wait_seconds) if found.wait_seconds else PASS_SECONDS
        self._valid_until = steady + holds

    def _tell(self, before: Gate, after: Gate, said: Report) -> None:
        if self._listener is None:
            return
        moment, rules = self._clock.now().timestamp(), self._sparing.breaker
        stood = breaking.position(before.breaker, rules, moment)
        stands = breaking.position(after.breaker, rules, moment)
        opened_again = after.breaker.openings > before.breaker.openings
        if stood is not stands or opened_again:
            wait = max(0.0, after.breaker.open_until - moment)
            self._listener(
                BreakerMoved(self._destination, stood, stands, after.breaker.failures, wait)
            )
        if after.pause_until > before.pause_until:
            self._listener(Spared(self._destination, after.pause_until - moment))


def _together(earlier: Report, later: Report) -> Report:
    """Two reports as one; the block is the earlier one's, since it was not given back."""
    last = later.seen.failed_last
    seen = Seen(
        earlier.seen.succeeded + later.seen.succeeded,
        earlier.seen.failed + later.seen.failed,
        last if later.seen.succeeded else earlier.seen.failed_last + last,
    )
    return replace(
        earlier,
        seen=seen,
        throttled=earlier.throttled or later.throttled,
        asked_seconds=max(earlier.asked_seconds, later.asked_seconds),
        first=earlier.first + later.first,
        again=earlier.again + later.again,
        overdrawn=earlier.overdrawn + later.overdrawn,
    )
