"""Random goings-on of a house beside a naive model of them: what the ledger must always say.

The model is a dictionary of accounts and the list of what was said, in the order of event times;
it knows no batches, no documents and no store. Both see the same movements, counts, adjustments,
transfers, recalls and expiries, in any order of arrival.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from crossdock.contracts import catalogue, counts, stock, transfers
from crossdock.contracts.movements import KIND_RULES, SAME
from crossdock.contracts.vocabulary import (
    INSIDE,
    AdjustmentReason,
    StockState,
)
from crossdock.contracts.words import Noun
from crossdock.log.accounts import Account
from crossdock.log.records import Movement, NewMessage
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

ITEMS = ("bolt", "milk", "saw")
SITES = ("EAST", "WEST")
LOTS = ("", "L1", "L2")
_ALL = 10_000_000
T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """One thing that was said, and when it had happened."""

    kind: str
    noun: Noun
    seconds: float


@dataclass
class Model:
    """What the accounts must hold, worked out the slow way from all that was told."""

    entries: list[tuple[datetime, Account, int]] = field(default_factory=list)
    counted: dict[tuple[Account, datetime], tuple[str, int]] = field(default_factory=dict)

    def take(self, told: Told) -> None:
        """Write down what it says."""
        noun, when = told.noun, at(told.seconds)
        if isinstance(noun, stock.StockMovement):
            for lot, quantity in stock.units_of(noun.lot, noun.serials, noun.quantity):
                source = (
                    noun.item,
                    noun.source.site,
                    lot,
                    noun.source.state.value,
                    noun.owner or "",
                )
                target = (
                    noun.item,
                    noun.target.site,
                    lot,
                    noun.target.state.value,
                    noun.owner or "",
                )
                self._move(when, source, target, quantity)
        elif isinstance(noun, stock.StockAdjustment):
            shelf = (noun.item, noun.site, noun.lot or "", noun.state.value, noun.owner or "")
            self._move(when, _beyond(shelf), shelf, noun.units)
        elif isinstance(noun, counts.StockCount):
            shelf = (noun.item, noun.site, noun.lot or "", noun.state.value, noun.owner or "")
            mark = (noun.count_id, noun.units)
            self.counted[shelf, when] = max(mark, self.counted.get((shelf, when), mark))
        elif isinstance(noun, transfers.TransferShipment):
            self._leg(when, noun, (noun.site, "available"), (noun.destination, "in_transit"))
        elif isinstance(noun, transfers.TransferReceipt):
            self._leg(when, noun, (noun.site, "in_transit"), (noun.site, noun.state.value))

    def _leg(
        self,
        when: datetime,
        noun: transfers.TransferShipment | transfers.TransferReceipt,
        source: tuple[str, str],
        target: tuple[str, str],
    ) -> None:
        for line in noun.lines:
            for lot, units in stock.units_of(line.lot, line.serials, line.quantity):
                one = (line.item, source[0], lot, source[1], "")
                other = (line.item, target[0], lot, target[1], "")
                self._move(when, one, other, units)

    def _move(self, when: datetime, source: Account, target: Account, quantity: int) -> None:
        self.entries += [(when, source, -quantity), (when, target, quantity)]

    def balances(self, until: datetime | None = None) -> dict[Account, int]:
        """Every account as of a moment: what was told, and what each count says of its own."""
        found: Counter[Account] = Counter()
        happened = [entry for entry in self.entries if until is None or entry[0] <= until]
        for _, account, change in happened:
            found[account] += change
        by_account: dict[Account, list[tuple[datetime, int]]] = {}
        for (account, when), (_, units) in self.counted.items():
            if until is None or when <= until:
                by_account.setdefault(account, []).append((when, units))
        for account, marks in by_account.items():
            when, units = max(marks)
            since = sum(change for at_, one, change in happened if one == account and at_ > when)
            correction = units + since - found[account]
            found[account] += correction
            found[_beyond(account)] -= correction
        return {account: quantity for account, quantity in found.items() if quantity}


def _beyond(account: Account) -> Account:
    """The adjustment account that answers for this one."""
    item, site, lot, _, owner = account
    return item, site, lot, StockState.ADJUSTMENT.value, owner


class Chance:
    """Says something possible, again and again."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._number = 0
        self._open: list[tuple[str, str, transfers.TransferShipment]] = []

    def next(self) -> Told:
        """One thing more; every third is told later than what it happened before."""
        self._number += 1
        pick = self._random.random()
        say = (
            self._count if pick < 0.12
            else self._adjustment if pick < 0.2
            else self._transfer if pick < 0.32
            else self._movement
        )  # fmt: skip
        kind, noun = say(f"n{self._number}")
        late = self._random.choice((0, 0, self._random.randint(1, 40)))
        return Told(kind, noun, max(0, self._number - late))

    def _lot(self, item: str) -> str | None:
        return (self._random.choice(LOTS) or None) if item != "bolt" else None

    def _movement(self, name: str) -> tuple[str, Noun]:
        rule = self._random.choice(KIND_RULES)
        sources, targets = self._random.choice(rule.routes)
        source = self._random.choice(sorted(sources))
        target = source if targets == SAME else self._random.choice(sorted(targets))
        sites = self._random.choices(SITES, k=2) if rule.apart else 2 * [self._random.choice(SITES)]
        item = self._random.choice(ITEMS)
        quantity = self._random.randint(1, 9)
        serials = tuple(f"{name}-{n}" for n in range(quantity)) if item == "saw" else ()
        return catalogue.STOCK_MOVED, stock.StockMovement(
            movement_id=name,
            kind=rule.kind,
            item=item,
            quantity=quantity,
            source=stock.StockPlace(site=sites[0], state=source),
            target=stock.StockPlace(site=sites[1], state=target),
            lot=self._lot(item),
            serials=serials if self._random.random() < 0.5 else (),
            owner=self._random.choice((None, None, None, "acme")),
        )

    def _adjustment(self, name: str) -> tuple[str, Noun]:
        item = self._random.choice(ITEMS)
        return catalogue.STOCK_ADJUSTED, stock.StockAdjustment(
            adjustment_id=name,
            site=self._random.choice(SITES),
            item=item,
            quantity=self._random.choice((-3, -1, 1, 7, 30)),
            reason=self._random.choice(list(AdjustmentReason)),
            state=self._random.choice(sorted(INSIDE)),
            lot=self._lot(item),
        )

    def _count(self, name: str) -> tuple[str, Noun]:
        item = self._random.choice(ITEMS)
        return catalogue.STOCK_COUNTED, counts.StockCount(
            count_id=name,
            site=self._random.choice(SITES),
            item=item,
            quantity=self._random.randint(0, 40),
            state=self._random.choice((StockState.AVAILABLE, StockState.MISSING)),
            lot=self._lot(item),
        )

    def _transfer(self, name: str) -> tuple[str, Noun]:
        if self._open and self._random.random() < 0.6:
            return self._arrival(name)
        site, destination = self._random.sample(SITES, k=2)
        items = self._random.sample(ITEMS, k=self._random.randint(1, 2))
        lines = tuple(
            transfers.TransferLine(item=i, quantity=self._random.randint(1, 9), lot=self._lot(i))
            for i in items
        )
        sent = transfers.TransferShipment(
            transfer_id=f"t-{name}", leg_id="1", site=site, destination=destination, lines=lines
        )
        self._open.append((name, destination, sent))
        return catalogue.TRANSFER_SHIPPED, sent

    def _arrival(self, name: str) -> tuple[str, Noun]:
        _, destination, sent = self._open.pop(self._random.randrange(len(self._open)))
        change = self._random.choice((0, 0, 0, -1, 1))
        lines = tuple(
            msgspec.structs.replace(line, quantity=max(1, line.quantity + change))
            for line in sent.lines
        )
        return catalogue.TRANSFER_RECEIVED, transfers.TransferReceipt(
            transfer_id=sent.transfer_id, leg_id=name, site=destination, lines=lines
        )


class Walk:
    """A hub and its model, told the same."""

    def __init__(self, seed: int, *, batch: int = 100, partitions: int = 3) -> None:
        self.hub = SmallHub(small_policy(partitions=partitions), batch=batch)
        self.model = Model()
        self.told: list[Told] = []
        self.movements = 0
        self._chance = Chance(seed)
        self._partitions = partitions

    def go(self, steps: int) -> None:
        """Say so many things more, to both."""
        new = [self._chance.next() for _ in range(steps)]
        self.told += new
        for told in new:
            self.model.take(told)
        self.hub.tell(*messages(new, len(self.told) - len(new), self._partitions))

    def rest(self) -> None:
        """Let everything wake that should."""
        while at_once(self.hub.store.due_documents(at(0), _ALL)):
            self.hub.ring(0)

    def check(self, until: float | None = None) -> None:
        """The hub says of every account what the model says, now or as of a moment.

        Raises:
            AssertionError: it does not.
        """
        moment = at(until) if until is not None else None
        rows = at_once(self.hub.store.balances_as_of(None, event_time=moment))
        found = {row.account: row.quantity for row in rows}
        expected = self.model.balances(moment)
        assert found == expected, sorted(found.items() ^ expected.items())[:6]
        sums: Counter[str] = Counter()
        for account, quantity in found.items():
            sums[account[0]] += quantity
        assert not any(sums.values()), f"goods came from nowhere: {sums}"

    def check_rebuilt(self) -> int:
        """Balances and promise rows are what the movements in the outcomes say; gives how many.

        Raises:
            AssertionError: they are not.
        """
        balances: Counter[Account] = Counter()
        shelves: Counter[tuple[str, str]] = Counter()
        movements = list(movements_of(self.hub))
        for m in movements:
            balances[m.item, m.from_site, m.lot, m.from_state.value, m.owner] -= m.quantity
            balances[m.item, m.to_site, m.lot, m.to_state.value, m.owner] += m.quantity
        for (item, site, _, state, owner), quantity in balances.items():
            if state == StockState.AVAILABLE and not owner:
                shelves[item, site] += quantity
        live = {row.account: row.quantity for row in at_once(self.hub.store.balances(None, _ALL))}
        assert live == {account: quantity for account, quantity in balances.items() if quantity}
        for promise in at_once(self.hub.store.promises(None, _ALL)):
            assert promise.sellable == shelves[promise.item, promise.site]
        return len(movements)


def messages(told: list[Told], first: int, partitions: int) -> list[NewMessage]:
    """What was told, as messages that are counted on."""
    return [
        noun_message(
            one.kind, one.noun, f"m-{first + number}", partitions=partitions, seconds=one.seconds
        )
        for number, one in enumerate(told)
    ]


def movements_of(hub: SmallHub) -> Iterator[Movement]:
    """Every movement that the hub ever entered."""
    for partition in hub.store.data.partitions.values():
        for row in partition.outcomes.values():
            yield from row.outcome.movements


def told_otherwise(told: list[T], seed: int) -> list[T]:
    """The same in another order, some of it twice."""
    chance = random.Random(seed)
    twice = told + chance.choices(told, k=len(told) // 4)
    chance.shuffle(twice)
    return twice
