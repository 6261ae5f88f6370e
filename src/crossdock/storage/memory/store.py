"""The memory engine's handle: what one process holds of the data, with a place to break at.

Every call is one synchronous step on the shared data between two points at which `pause` is
called, so a call is applied whole or not at all. A simulator waits there, or raises what a lost
database would have made us raise: `StoreUnavailable` at `<call>.start` and
`<call>.before-commit`, `CommitUnknown` at `<call>.before-commit` and `<call>.after-commit`. Calls
that only look have `<call>.start` and `<call>.before-answer`; between the two the answer grows
old.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from crossdock.log.feeds import FeedRow, FeedTurn
from crossdock.log.ports import NOBODY, ChannelView
from crossdock.log.records import (
    AFTER_ATTEMPT,
    NOTHING_LEFT,
    Claimed,
    Decided,
    Earlier,
    EffectState,
    Lease,
    Leaving,
    Loaded,
    NewMessage,
    OrderRow,
    PeriodKey,
    Receipt,
    Recorded,
    Settlement,
    Wanted,
)
from crossdock.log.views import (
    AcceptedRow,
    AvailabilityView,
    BacklogRow,
    BalanceKey,
    BalanceRow,
    ConditionKey,
    EffectView,
    ExceptionRow,
    FinancialRow,
    MoneyTotal,
    OutcomeRow,
    PromiseKey,
    PromiseView,
    PutAside,
    WeightRow,
)
from crossdock.storage.memory import availability, batches, desks, finance, reading, working
from crossdock.storage.memory import feeds as feeding
from crossdock.storage.memory import leases as holding
from crossdock.storage.memory import messages as log
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.effects import answers_of
from crossdock.storage.memory.looking import MemoryLooking, Pause


class MemoryStore(MemoryLooking):
    """A handle to data in memory; handles that are given the same `Data` see the same store."""

    def __init__(
        self, pause: Pause | None = None, data: Data | None = None, owner: str = "crossdock"
    ) -> None:
        super().__init__(pause, data)
        self._owner = owner

    async def append(self, messages: Sequence[NewMessage]) -> list[Receipt]:
        """See `log.ports.Intake`."""
        await self._begin("append")
        receipts = log.append(self.data, messages)
        await self._committed("append")
        return receipts

    async def lease(
        self, worker: str, wanted: Sequence[int], now: datetime, until: datetime
    ) -> list[Lease]:
        """See `log.ports.Deciding`."""
        await self._begin("lease")
        taken = holding.take(self.data, worker, wanted, now, until)
        await self._committed("lease")
        return taken

    async def release(self, worker: str) -> None:
        """See `log.ports.Deciding`."""
        await self._begin("release")
        holding.give_back(self.data, worker)
        await self._committed("release")

    async def read(self, leases: Sequence[Lease], limit: int) -> list[Recorded]:
        """See `log.ports.Deciding`."""
        await self._at("read.start")
        found = log.read(self.data, leases, limit)
        await self._at("read.before-answer")
        return found

    async def load(self, wanted: Wanted) -> Loaded:
        """See `log.ports.Deciding`."""
        await self._at("load.start")
        loaded = batches.load(self.data, wanted)
        await self._at("load.before-answer")
        return loaded

    async def stranded(self, limit: int) -> list[str]:
        """See `log.ports.Deciding`."""
        await self._at("stranded.start")
        return batches.stranded(self.data)[:limit]

    async def due_documents(self, now: datetime, limit: int) -> list[tuple[str, str, int]]:
        """See `log.ports.Deciding`."""
        await self._at("due_documents.start")
        return batches.due_documents(self.data, now, limit)

    async def ended_periods(self, now: datetime, limit: int) -> list[tuple[PeriodKey, int]]:
        """See `log.ports.Deciding`."""
        await self._at("ended_periods.start")
        return finance.ended_periods(self.data, now, limit)

    async def policies_to_review(self, after: str, limit: int) -> tuple[list[tuple[str, str]], str]:
        """See `log.ports.Deciding`."""
        await self._at("policies_to_review.start")
        return batches.policies_to_review(self.data, after, limit)

    async def commit(self, decided: Decided, now: datetime) -> None:
        """See `log.ports.Deciding`."""
        await self._begin("commit")
        batches.commit(self.data, decided, now)
        await self._committed("commit")

    async def open_desk(self, worker: str, now: datetime, until: datetime) -> Lease | None:
        """See `log.ports.Calling`."""
        await self._begin("open_desk")
        taken = desks.open_desk(self.data, worker, now, until)
        await self._committed("open_desk")
        return taken

    async def earlier(self, messages: Sequence[NewMessage]) -> list[Earlier | None]:
        """See `log.ports.Calling`."""
        await self._at("earlier.start")
        found = desks.earlier(self.data, messages)
        await self._at("earlier.before-answer")
        return found

    async def commit_calls(
        self,
        calls: Sequence[tuple[NewMessage, str | None]],
        repeats: Sequence[tuple[NewMessage, Earlier]],
        decided: Decided,
        now: datetime,
    ) -> None:
        """See `log.ports.Calling`."""
        await self._begin("commit_calls")
        desks.commit(self.data, calls, repeats, decided, now)
        await self._committed("commit_calls")

    @property
    def owner(self) -> str:
        """See `log.ports.Delivering`."""
        return self._owner

    async def claim_feed(
        self, system: str, feed: str, worker: str, now: datetime, until: datetime, limit: int
    ) -> FeedTurn | None:
        """See `log.ports.Feeding`."""
        await self._begin("claim_feed")
        turn = feeding.claim(self.data.feeds, system, feed, worker, now, until, limit)
        await self._committed("claim_feed")
        return turn

    async def keep_feed(
        self, turn: FeedTurn, cursor: str, due: datetime, now: datetime, problem: str = ""
    ) -> bool:
        """See `log.ports.Feeding`."""
        await self._begin("keep_feed")
        kept = feeding.keep(self.data.feeds, turn, cursor, due, now, problem)
        await self._committed("keep_feed")
        return kept

    async def free_feeds(self, worker: str) -> None:
        """See `log.ports.Feeding`."""
        await self._begin("free_feeds")
        feeding.free(self.data.feeds, worker)
        await self._committed("free_feeds")

    async def nudge(self, system: str, feed: str, records: Sequence[str], now: datetime) -> None:
        """See `log.ports.Feeding`."""
        await self._begin("nudge")
        feeding.nudge(self.data.feeds, system, feed, sorted(set(records)))
        await self._committed("nudge")

    async def feeds(self) -> list[FeedRow]:
        """See `log.ports.Feeding`."""
        await self._at("feeds.start")
        return feeding.rows(self.data.feeds)

    async def claim(
        self,
        destination: str,
        now: datetime,
        until: datetime,
        limit: int,
        leaving: Leaving = NOTHING_LEFT,
    ) -> list[Claimed]:
        """See `log.ports.Delivering`."""
        await self._begin("claim")
        claimed = self.data.effects.claim(destination, now, until, limit, self._owner, leaving)
        await self._committed("claim")
        return claimed

    async def something_due(self, destination: str, now: datetime) -> bool:
        """See `log.ports.Delivering`."""
        await self._at("something_due.start")
        return self.data.effects.something_due(destination, now)

    async def beat(self, gone: Mapping[str, int] = NOBODY) -> dict[str, int]:
        """See `log.ports.Delivering`."""
        await self._begin("beat")
        beats = self.data.beats
        beats[self._owner] += 1
        for name, count in gone.items():
            still = name != self._owner and beats.get(name) == count
            if still and not self.data.effects.has_in_flight(name):
                del beats[name]
        said = dict(beats)
        await self._committed("beat")
        return said

    async def let_go(self, now: datetime, busy: Collection[int]) -> int:
        """See `log.ports.Delivering`."""
        await self._begin("let_go")
        count = self.data.effects.let_go(self._owner, now, busy)
        await self._committed("let_go")
        return count

    async def gate(self, destination: str) -> tuple[int, bytes]:
        """See `log.ports.Delivering`."""
        await self._at("gate.start")
        found = self.data.gates.get(destination, (0, b""))
        await self._at("gate.before-answer")
        return found

    async def move_gate(self, destination: str, revision: int, state: bytes) -> bool:
        """See `log.ports.Delivering`."""
        await self._begin("move_gate")
        moved = self.data.gates.get(destination, (0, b""))[0] == revision
        if moved:
            self.data.gates[destination] = (revision + 1, state)
        await self._committed("move_gate")
        return moved

    async def reclaim(self, now: datetime) -> None:
        """Let attempts that a dead hub of our name left in flight be claimed at once, as doubtful.

        For the start of a hub, when it is certain that no other of its name runs.
        """
        await self._begin("reclaim")
        self.data.effects.reclaim(self._owner, now)
        await self._committed("reclaim")

    async def resume(self, stopped: Collection[str]) -> int:
        """See `log.ports.Delivering`."""
        await self._begin("resume")
        resumed = self.data.effects.resume(stopped)
        await self._committed("resume")
        return resumed

    async def settle(self, results: Sequence[Settlement], now: datetime) -> int:
        """See `log.ports.Delivering`."""
        await self._begin("settle")
        recorded = 0
        for result in results:
            kept = self.data.effects.in_flight(result)
            if kept is None:
                continue
            recorded += 1
            self.data.effects.settle(kept, result, now)
            if kept.state is EffectState.HELD:
                intent = kept.effect.business_key
                mark = (AFTER_ATTEMPT, result.attempt)
                self.data.conditions.note(
                    result.verdict.value, intent, result.problem, kept.place, mark, now
                )
            elif kept.state is None and result.attempt > 1:
                intent = kept.effect.business_key
                self.data.conditions.close_effect(intent, result.attempt, "it came to its end", now)
            log.append(self.data, answers_of(kept, result, now))
        await self._committed("settle")
        return recorded

    async def publish_availability(
        self, channels: Sequence[ChannelView], now: datetime, limit: int
    ) -> int:
        """See `log.ports.Delivering`."""
        await self._begin("publish_availability")
        taken = availability.publish(self.data, channels, now, limit)
        await self._committed("publish_availability")
        return taken

    async def mark_counted_otherwise(self, channel: ChannelView, after: str, limit: int) -> str:
        """See `log.ports.Delivering`."""
        await self._begin("mark_counted_otherwise")
        last = availability.mark_counted_otherwise(self.data, channel, after, limit)
        await self._committed("mark_counted_otherwise")
        return last

    async def position(self) -> dict[int, tuple[int, int]]:
        """See `log.ports.Reading`."""
        await self._at("position.start")
        return reading.position(self.data)

    async def fates(self) -> dict[str, int]:
        """See `log.ports.Reading`."""
        await self._at("fates.start")
        return reading.fates(self.data)

    async def messages(self, places: Sequence[tuple[int, int]]) -> list[Recorded]:
        """See `log.ports.Reading`."""
        await self._at("messages.start")
        return reading.messages(self.data, places)

    async def accepted(self, partition: int, after: int, limit: int) -> list[AcceptedRow]:
        """See `log.ports.Reading`."""
        await self._at("accepted.start")
        return reading.accepted(self.data, partition, after, limit)

    async def outcomes(self, partition: int, after: int, limit: int) -> list[OutcomeRow]:
        """See `log.ports.Reading`."""
        await self._at("outcomes.start")
        return reading.outcomes(self.data, partition, after, limit)

    async def orders(self, after: str, limit: int) -> list[OrderRow]:
        """See `log.ports.Reading`."""
        await self._at("orders.start")
        return reading.orders(self.data, after, limit)

    async def unmatched_orders(self, after: str, limit: int) -> list[OrderRow]:
        """See `log.ports.Reading`."""
        await self._at("unmatched_orders.start")
        return reading.unmatched_orders(self.data, after, limit)

    async def money_totals(self, zone: str) -> list[MoneyTotal]:
        """See `log.ports.Reading`."""
        await self._at("money_totals.start")
        return reading.money_totals(self.data, zone)

    async def balances(self, after: BalanceKey | None, limit: int) -> list[BalanceRow]:
        """See `log.ports.Reading`."""
        await self._at("balances.start")
        return reading.balances(self.data, after, limit)

    async def balances_as_of(
        self,
        item: str | None,
        *,
        event_time: datetime | None = None,
        recorded_time: datetime | None = None,
        places: Mapping[int, int] | None = None,
    ) -> list[BalanceRow]:
        """See `log.ports.Reading`."""
        await self._at("balances_as_of.start")
        return reading.balances_as_of(self.data, item, event_time, recorded_time, places)

    async def weights(self, after: BalanceKey | None, limit: int) -> list[WeightRow]:
        """See `log.ports.Reading`."""
        await self._at("weights.start")
        return reading.weights(self.data, after, limit)

    async def promises(self, after: PromiseKey | None, limit: int) -> list[PromiseView]:
        """See `log.ports.Reading`."""
        await self._at("promises.start")
        return reading.promises(self.data, after, limit)

    async def financial(self, after: PromiseKey | None, limit: int) -> list[FinancialRow]:
        """See `log.ports.Reading`."""
        await self._at("financial.start")
        return finance.financial(self.data, after, limit)

    async def availability(
        self, channel: ChannelView, items: Sequence[str], *, explain: bool = False
    ) -> list[AvailabilityView]:
        """See `log.ports.Reading`."""
        await self._at("availability.start")
        return availability.answered(self.data, channel, items, explain=explain)

    async def effects_summary(self) -> dict[tuple[str, str], int]:
        """See `log.ports.Reading`."""
        await self._at("effects_summary.start")
        return {key: count for key, count in self.data.effects.counts.items() if count}

    async def backlog(self) -> list[BacklogRow]:
        """See `log.ports.Reading`."""
        await self._at("backlog.start")
        return self.data.effects.backlog()

    async def effects_of(self, key: str) -> list[EffectView]:
        """See `log.ports.Reading`."""
        await self._at("effects_of.start")
        return self.data.effects.views(key)

    async def effects_known_as(self, references: Sequence[str]) -> list[EffectView]:
        """See `log.ports.Reading`."""
        await self._at("effects_known_as.start")
        return self.data.effects.known_as(references)

    async def exceptions(self, limit: int) -> list[ExceptionRow]:
        """See `log.ports.Reading`."""
        await self._at("exceptions.start")
        return reading.exceptions(self.data, limit)

    async def conditions(
        self, kinds: Collection[str], after: ConditionKey, limit: int, *, closed: bool = False
    ) -> list[ExceptionRow]:
        """See `log.ports.Reading`."""
        await self._at("conditions.start")
        return working.conditions(self.data, kinds, after, limit, closed=closed)

    async def put_aside(self, after: tuple[int, int], limit: int) -> list[PutAside]:
        """See `log.ports.Reading`."""
        await self._at("put_aside.start")
        return working.put_aside(self.data, after, limit)

    async def lateness(self, types: Sequence[str], since: datetime) -> float | None:
        """See `log.ports.Reading`."""
        await self._at("lateness.start")
        return working.lateness(self.data, types, since)

    async def held_effects(self, after: int, limit: int) -> list[EffectView]:
        """See `log.ports.Reading`."""
        await self._at("held_effects.start")
        return working.held_effects(self.data, after, limit)

    async def places_by_key(self, transport_keys: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """See `log.ports.Reading`."""
        await self._at("places_by_key.start")
        known = self.data.transport_keys
        return {key: known[key] for key in transport_keys if key in known}

    async def places_of_business_keys(self, keys: Sequence[bytes]) -> list[tuple[int, int]]:
        """See `log.ports.Reading`."""
        await self._at("places_of_business_keys.start")
        known = self.data.business_keys
        return sorted({known[key] for key in keys if key in known})

    async def _begin(self, call: str) -> None:
        await self._at(f"{call}.start")
        await self._at(f"{call}.before-commit")

    async def _committed(self, call: str) -> None:
        await self._at(f"{call}.after-commit")
