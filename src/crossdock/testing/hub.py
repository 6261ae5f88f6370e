"""The smallest hub: the memory store and the pure deciders, stepped by hand, without a loop.

It holds the whole way of a message from the door to the outcome and nothing else, so a property
over thousands of histories takes seconds. No clock: all messages are of one moment unless a test
says otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import LineQuantity, ReleaseStopped
from crossdock.contracts.postings import Milestone
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.timers import TimerFired
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.inventory.bridge import PostingMode, PostingPolicy
from crossdock.log.keys import DESK_FIRST
from crossdock.log.records import Decided, Lease, NewMessage, Outcome, Receipt, Recorded
from crossdock.log.views import BalanceRow, WeightRow
from crossdock.orders.state import OrderState, fingerprint
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.returns.authorisation import BlindReturns, ReturnRules
from crossdock.sagas.decide import decide, opened, wanted_by
from crossdock.sagas.policy import ChannelPolicy, Policy
from crossdock.sagas.turn import own_message
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, noun_message

T = TypeVar("T")

_ALL = 1_000_000


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits; one that does is a mistake of the caller."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("it waited for something, and there is no loop")


SILENT = PostingPolicy(dict.fromkeys(Milestone, PostingMode.NONE))
"""The ERP is told nothing of stock, so that a test about orders hears of orders only."""


_MATRIX = Matrix(
    DEFAULT_RULES,
    sites={"EAST": {"wms": "wms_east"}, "WEST": {"wms": "wms_west"}},
    channels={"web": {"system": "shop"}},
)
"""One for all small hubs: it keeps its answers, which are dear where thousands of hubs are made."""


def small_policy(*, partitions: int = 1, keep_back: int = 0) -> Policy:
    """One channel that sells from EAST and WEST, the matrix that ships with the hub."""
    return Policy(
        partitions=partitions,
        channels={"web": ChannelPolicy("web", "shop", ("EAST", "WEST"), keep_back)},
        matrix=_MATRIX,
        known_items_only=False,
        posting=SILENT,
        returns=ReturnRules(blind=BlindReturns.AS_INSPECTED),
    )


@dataclass(frozen=True)
class Ending:
    """What a set of messages ended in, as far as it must not depend on their order."""

    orders: dict[str, str]  # id -> fingerprint
    balances: list[BalanceRow]
    weights: list[WeightRow]
    sellable: dict[tuple[str, str], int]  # (item, site) -> base units on the shelf
    reserved: dict[str, int]  # item -> base units promised, over all sites
    waiting: dict[tuple[str, str], int]  # (item, order) -> base units


class SmallHub:
    """A store and a policy; `batch` is how many messages are decided together."""

    def __init__(self, policy: Policy | None = None, *, batch: int = 100) -> None:
        self.policy = policy or small_policy()
        self.store = MemoryStore()
        self._batch = batch
        self._answers = 0

    def stock(self, **sites: dict[str, int]) -> None:
        """Post opening balances: `stock(EAST={"bolt": 5})`."""
        self.tell(
            *(
                noun_message(
                    catalogue.STOCK_ADJUSTED,
                    StockAdjustment(
                        adjustment_id=f"opening-{site}-{item}",
                        site=site,
                        item=item,
                        quantity=quantity,
                        reason=AdjustmentReason.OPENING,
                    ),
                    f"opening-{site}-{item}",
                    partitions=self.policy.partitions,
                )
                for site, items in sites.items()
                for item, quantity in items.items()
                if quantity
            )
        )

    def tell(self, *messages: NewMessage) -> list[Receipt]:
        """Take messages in together and decide until nothing is left undecided."""
        receipts = at_once(self.store.append(messages))
        while self._decide_batch():
            pass
        return receipts

    def call(self, message: NewMessage) -> Outcome:
        """Decide a call at a desk, as `runtime.desk` does; repeated, it is answered the same."""
        lease = at_once(self.store.open_desk("desk", at(0), at(1000)))
        assert lease is not None
        [known] = at_once(self.store.earlier([message]))
        if known is not None and known.same:
            assert known.outcome is not None
            return known.outcome
        rival = None if known is None else f"{known.partition}:{known.position}"
        decided = self._decide_call(message, lease.partition, lease.position + 1, rival)
        decided.positions = [(lease, lease.position + 1)]
        at_once(self.store.commit_calls([(message, rival)], [], decided, at(0)))
        while self._decide_batch():
            pass
        return decided.outcomes[0][2]

    def ask(self, message: NewMessage) -> Outcome:
        """What would be decided on a call, which nothing is kept of."""
        [known] = at_once(self.store.earlier([message]))
        rival = None if known is None else f"{known.partition}:{known.position}"
        return self._decide_call(message, DESK_FIRST, 1, rival).outcomes[0][2]

    def _decide_call(
        self, message: NewMessage, partition: int, position: int, rival: str | None
    ) -> Decided:
        recorded = Recorded(
            partition,
            position,
            message.source,
            message.id,
            message.type,
            message.key,
            message.correlation,
            message.event_time,
            message.received_time,
            message.raw,
            rival,
        )
        return self._decided([opened(recorded, policy=self.policy)])

    def ring(self, seconds: float) -> None:
        """Let every timer fire that is due so many seconds after the story began."""
        now = at(seconds)
        self.tell(
            *(
                own_message(
                    self.policy,
                    f"timer/{kind}/{number}/{revision}",
                    catalogue.TIMER_FIRED,
                    number,
                    TimerFired(kind=kind, id=number, revision=revision),
                    event_time=now,
                    received_time=now,
                )
                for kind, number, revision in at_once(self.store.due_documents(now, _ALL))
            )
        )

    def order(self, order_id: str) -> OrderState:
        """An order's state."""
        return msgspec.json.decode(self.store.data.orders[order_id].state, type=OrderState)

    def ending(self) -> Ending:
        """What has become of everything, warehouses having answered what they were asked."""
        while self._answer_stops():
            pass
        data = self.store.data
        waiting: Counter[tuple[str, str]] = Counter()
        for lines in data.waiting.values():
            for row in lines.values():
                waiting[row.item, row.order_id] += row.quantity
        promises = at_once(self.store.promises(None, _ALL))
        reserved: Counter[str] = Counter()
        for promise in promises:
            reserved[promise.item] += promise.reserved
        return Ending(
            orders={name: fingerprint(self.order(name)) for name in sorted(data.orders)},
            balances=at_once(self.store.balances(None, _ALL)),
            weights=at_once(self.store.weights(None, _ALL)),
            sellable={(p.item, p.site): p.sellable for p in promises if p.sellable},
            reserved={item: units for item, units in reserved.items() if units},
            waiting=dict(waiting),
        )

    def _answer_stops(self) -> bool:
        """Let the warehouses stop all that they were asked to stop; gives whether there was any."""
        answers = []
        for name in sorted(self.store.data.orders):
            asked: dict[str, list[LineQuantity]] = {}
            for number, line in sorted(self.order(name).lines.items()):
                for site, place in sorted(line.sites.items()):
                    if place.stopping:
                        asked.setdefault(site, []).append(
                            LineQuantity(line=number, item=line.item, quantity=place.stopping)
                        )
            for site, lines in asked.items():
                self._answers += 1
                answers.append(
                    noun_message(
                        catalogue.RELEASE_STOPPED,
                        ReleaseStopped(
                            release_cancellation_id=f"answer-{self._answers}",
                            order_id=name,
                            site=site,
                            lines=tuple(lines),
                        ),
                        f"answer-{self._answers}",
                        partitions=self.policy.partitions,
                    )
                )
        self.tell(*answers)
        return bool(answers)

    def _decide_batch(self) -> bool:
        wanted_partitions = list(range(self.policy.partitions))
        leases = at_once(self.store.lease("hub", wanted_partitions, at(0), at(1000)))
        recorded = at_once(self.store.read(leases, self._batch))
        if not recorded:
            return False
        decided = self._decided([opened(message, policy=self.policy) for message in recorded])
        decided.positions = new_positions(leases, [message.partition for message in recorded])
        at_once(self.store.commit(decided, at(0)))
        return True

    def _decided(self, messages: Sequence[tuple[Recorded, Any]]) -> Decided:
        wanted = wanted_by(messages, self.policy)
        while True:
            loaded = at_once(self.store.load(wanted))
            decided = decide(self.policy, messages, wanted, loaded)
            if isinstance(decided, Decided):
                return decided
            wanted = decided


def new_positions(leases: Sequence[Lease], decided: Sequence[int]) -> list[tuple[Lease, int]]:
    """How far each lease gets when these messages, named by their partitions, are decided."""
    return [
        (lease, lease.position + decided.count(lease.partition))
        for lease in leases
        if lease.partition in decided
    ]
