"""The memory engine against the naivest store that could work: lists, searched from the start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crossdock.log.errors import LeaseLost, StockMoved, StoreRefused
from crossdock.log.records import Answer, Decided, Lane, Lease, NewMessage, Outcome, Verdict
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, decided, effect, message, settlement, stock
from crossdock.testing.hub import at_once

SETTLED = {
    Verdict.ACCEPTED,
    Verdict.ALREADY_DONE,
    Verdict.SUPERSEDED,
    Verdict.ADOPTED,
    Verdict.CANCELLED,
}
FOR_PEOPLE = {Verdict.REFUSED, Verdict.VOID}  # held, whenever the next attempt was due
WORKERS = st.sampled_from(["one", "two"])
LEASE_SECONDS = 5


@dataclass
class Model:
    """Everything is a list or a dict of plain values; nothing is indexed, nothing is clever."""

    log: list[tuple[NewMessage, int, bool]] = field(default_factory=list)  # position, holds its key
    leases: dict[int, list[Any]] = field(default_factory=dict)  # owner, until, epoch, decided
    stock: list[int] = field(default_factory=lambda: [0, 0])  # sellable, reserved
    effects: list[dict[str, Any]] = field(default_factory=list)  # in the order of intents

    def append(self, new: NewMessage) -> tuple[Answer, int]:
        """The answer, and the position it names."""
        for old, position, _ in self.log:
            if old.transport_key == new.transport_key:
                same = old.content == new.content
                return (Answer.DUPLICATE if same else Answer.CONFLICT), position
        rival = False
        for old, position, holds in self.log:
            if holds and new.business_key is not None and old.business_key == new.business_key:
                if old.content == new.content:
                    return Answer.DUPLICATE, position
                rival = True
        position = 1 + sum(old.partition == new.partition for old, _, _ in self.log)
        self.log.append((new, position, not rival))
        return (Answer.RIVAL if rival else Answer.ACCEPTED), position

    def lease(self, worker: str, partition: int, now: int) -> Lease | None:
        """The lease, if it was to be had."""
        row = self.leases.setdefault(partition, [None, 0, 0, 0])
        if row[0] not in (None, worker) and row[1] > now:
            return None
        row[2] += row[0] != worker
        row[:2] = worker, now + LEASE_SECONDS
        return Lease(partition, row[2], row[3])

    def commit(self, batch: Decided) -> type[Exception] | None:
        """What it raises, if anything."""
        [(lease, position)], [change] = batch.positions, batch.stock
        row = self.leases[lease.partition]
        if row[2:] != [lease.epoch, lease.position]:
            return LeaseLost
        if change.need is not None and self.stock[0] - self.stock[1] < change.need:
            return StockMoved
        if self.stock[1] + change.reserved < 0:
            return StoreRefused
        row[3] = position
        self.stock = [self.stock[0] + change.sellable, self.stock[1] + change.reserved]
        for _, _, one in batch.effects:
            if all(one.business_key != known["name"] for known in self.effects):
                self.effects.append(
                    {"name": one.business_key, "key": one.key, "lane": one.lane, "state": "due"}
                    | {"when": 0, "attempt": 0, "doubt": False}
                )
        return None

    def claim(self, now: int, limit: int) -> list[tuple[str, int, bool]]:
        """Name, attempt and doubt of what is claimed."""
        open_ones = [one for one in self.effects if one["state"] != "settled"]
        heads = {one["key"]: one for one in reversed(open_ones)}.values()
        ready = [one for one in heads if one["state"] != "held" and one["when"] <= now]
        ready.sort(key=lambda one: (one["lane"], self.effects.index(one)))
        for one in ready[:limit]:
            one["doubt"] |= one["state"] == "in_flight"
            one.update(state="in_flight", when=now + LEASE_SECONDS, attempt=one["attempt"] + 1)
        return [(one["name"], one["attempt"], one["doubt"]) for one in ready[:limit]]

    def settle(self, name: str, attempt: int, verdict: Verdict, due: int | None) -> int:
        """How many ends counted."""
        [one] = [known for known in self.effects if known["name"] == name]
        if one["state"] != "in_flight" or one["attempt"] != attempt:
            return 0
        one["doubt"] |= verdict is Verdict.UNKNOWN
        if verdict in SETTLED:
            one["state"] = "settled"
        else:
            one["state"] = "held" if due is None or verdict in FOR_PEOPLE else "due"
            one["when"] = due
        return 1


class StoresAgree(RuleBasedStateMachine):
    """Both are told the same; both must answer the same."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.model = MemoryStore(), Model()
        self.now = 0
        self.held: list[Lease] = []  # also stale ones
        self.claimed: list[tuple[int, str, int]] = []  # effect, name, attempt; also ended ones

    @rule(
        said=st.lists(
            st.tuples(
                st.sampled_from("abcd"), st.sampled_from("xy"), st.sampled_from([None, "k", "l"])
            ),
            max_size=4,
        ),
        partition=st.integers(0, 1),
    )
    def append(self, said: list[tuple[str, str, str | None]], partition: int) -> None:
        """A batch with few names, contents and keys, so that they meet."""
        batch = [
            message(f"{name}{says}" if key else name, says=says, business_key=key)
            for name, says, key in said
        ]
        for one in batch:
            one.partition = partition
        got = at_once(self.store.append(batch))
        assert [(one.answer, one.position) for one in got] == [self.model.append(m) for m in batch]

    @rule(worker=WORKERS, partition=st.integers(0, 1))
    def lease(self, worker: str, partition: int) -> None:
        """One worker reaches for one partition."""
        got = at_once(
            self.store.lease(worker, [partition], at(self.now), at(self.now + LEASE_SECONDS))
        )
        expected = self.model.lease(worker, partition, self.now)
        assert got == ([] if expected is None else [expected])
        self.held += got

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        shelf=st.integers(-3, 5),
        reserve=st.integers(-2, 3),
        guarded=st.booleans(),
        names=st.lists(st.sampled_from("abcdefgh"), max_size=3),
    )
    def commit(
        self, data: st.DataObject, shelf: int, reserve: int, guarded: bool, names: list[str]
    ) -> None:
        """A batch under any lease that was ever given."""
        batch = decided(data.draw(st.sampled_from(self.held)), Outcome())
        need = reserve - shelf if guarded else None
        batch.stock.append(stock(sellable=shelf, reserved=reserve, need=need))
        for name in names:
            lane = Lane.FINANCIAL if name in "bdf" else Lane.OPERATIONAL
            batch.effects.append((0, 1, effect(name, key=f"k{ord(name) % 3}", lane=lane)))
        expected = self.model.commit(batch)
        try:
            at_once(self.store.commit(batch, at(0)))
        except (LeaseLost, StockMoved, StoreRefused) as refusal:
            assert type(refusal) is expected  # noqa: PT017 - which error is the model's to say
        else:
            assert expected is None

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        """What is due goes out."""
        got = at_once(self.store.claim("wms", at(self.now), at(self.now + LEASE_SECONDS), limit))
        assert [(one.business_key, one.attempt, one.doubtful) for one in got] == self.model.claim(
            self.now, limit
        )
        self.claimed += [(one.effect_id, one.business_key, one.attempt) for one in got]

    @precondition(lambda self: self.claimed)
    @rule(
        data=st.data(),
        verdict=st.sampled_from(list(Verdict)),
        wait=st.none() | st.integers(0, 8),
    )
    def settle(self, data: st.DataObject, verdict: Verdict, wait: int | None) -> None:
        """An end comes for any attempt that was ever started."""
        effect_id, name, attempt = data.draw(st.sampled_from(self.claimed))
        due = None if wait is None else self.now + wait
        result = settlement(effect_id, attempt, verdict, due_at=None if due is None else at(due))
        got = at_once(self.store.settle([result], at(self.now)))
        assert got == self.model.settle(name, attempt, verdict, due)

    @rule(seconds=st.integers(1, 7))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def looks_the_same(self) -> None:
        """Heads, decided positions, promises, and the states of effects."""
        heads = dict.fromkeys(range(2), 0)
        for one, position, _ in self.model.log:
            heads[one.partition] = max(heads[one.partition], position)
        assert at_once(self.store.position()) == {
            number: (head, self.model.leases.get(number, [0])[-1])
            for number, head in heads.items()
            if head
        }
        rows = at_once(self.store.promises(None, 9))
        assert [[row.sellable, row.reserved] for row in rows] in ([self.model.stock], [])
        counts = at_once(self.store.effects_summary())
        for state in ("due", "in_flight", "held"):
            expected = sum(one["state"] == state for one in self.model.effects)
            assert counts.get(("wms", state), 0) == expected


TestStoresAgree = StoresAgree.TestCase
TestStoresAgree.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
