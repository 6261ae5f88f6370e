"""One message that cannot be kept, or a connector that breaks, stops nobody else (I24, C10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    Document,
    FarAnswer,
    Found,
    NotThere,
)
from crossdock.contracts.orders import Order, OrderLine
from crossdock.delivery.gatekeeper import AtTheGate
from crossdock.delivery.pump import Delivered, Pump
from crossdock.log.errors import (
    StockMoved,
    StoreError,
    StoreFault,
    StoreRefused,
    StoreUnavailable,
)
from crossdock.log.records import Decided, Outcome, Settlement, Verdict
from crossdock.runtime.clocks import SystemRandomness
from crossdock.runtime.deciding import STORE_FAULTS_MAX, Decider
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, decided, effect, message, noun_message
from crossdock.testing.hub import at_once, small_policy
from tests.helpers.aio import run


class Clock:
    """Stands still."""

    def __init__(self, seconds: float = 0) -> None:
        self._seconds = seconds

    def now(self) -> datetime:
        return at(self._seconds)

    def monotonic(self) -> float:
        return 0.0


class PickyStore(MemoryStore):
    """A store that does not keep what the message at one position decides, unless it is dead."""

    def __init__(self, error: Exception, bad: int = 2, times: int = 1_000) -> None:
        super().__init__()
        self.error = error
        self.bad = bad
        self.times = times  # how often it fails
        self.sizes: list[int] = []  # of the batches that came

    async def commit(self, decided: Decided, now: datetime) -> None:
        self.sizes.append(len(decided.outcomes))
        refused = any(p == self.bad and o.fate != "dead" for _, p, o in decided.outcomes)
        if refused and self.times:
            self.times -= 1
            raise self.error
        await super().commit(decided, now)


def decider(store: MemoryStore) -> Decider:
    """A worker with five messages before it, each an order of its own."""
    orders = [
        noun_message(
            catalogue.ORDER_PLACED,
            Order(
                order_id=f"O-{number}",
                customer="C-1",
                channel="web",
                currency="EUR",
                lines=(OrderLine(line="1", item="bolt", quantity=number),),
            ),
            f"placed-{number}",
        )
        for number in range(1, 6)
    ]
    at_once(store.append(orders))
    return Decider("hub/0", [0], store, small_policy(), Clock())


def fates(store: MemoryStore) -> list[tuple[str, str]]:
    """Fate and reason of each message that has one, in order."""
    rows = at_once(store.outcomes(0, 0, 100))
    return [(row.outcome.fate.value, row.outcome.reason) for row in rows]


def test_a_message_that_the_store_refuses_is_dead_with_its_reason() -> None:
    """It alone is put aside, at once; before and after it all are applied, in one turn."""
    store = PickyStore(StoreRefused(found="value out of range (22003)"))
    assert run(decider(store).turn()) == 5
    assert [fate for fate, _ in fates(store)] == [
        "applied",
        "dead",
        "applied",
        "applied",
        "applied",
    ]
    assert fates(store)[1][1] == "cannot be kept: store-refused: value out of range (22003)"
    [shown] = [row for row in at_once(store.exceptions(10)) if row.kind == "dead"]
    assert shown.key == "0:2"


@pytest.mark.parametrize("error", [StoreFault(found="no such table"), KeyError("a defect")])
def test_a_fault_of_the_store_condemns_a_message_only_after_some_turns(error: Exception) -> None:
    """What lies before it goes through meanwhile; then it is dead and the rest goes on."""
    store = PickyStore(error)
    worker = decider(store)
    for _ in range(STORE_FAULTS_MAX - 1):
        with pytest.raises(StoreFault):
            run(worker.turn())
        assert fates(store) == [("applied", "")]
    assert run(worker.turn()) == 4
    assert [fate for fate, _ in fates(store)] == [
        "applied",
        "dead",
        "applied",
        "applied",
        "applied",
    ]


def test_a_fault_that_goes_away_costs_no_message() -> None:
    """The store is repaired before the last turn: everything is applied."""
    store = PickyStore(StoreFault(), times=2 * (STORE_FAULTS_MAX - 1))  # in a batch and alone
    worker = decider(store)
    for _ in range(STORE_FAULTS_MAX - 1):
        with pytest.raises(StoreFault):
            run(worker.turn())
    run(worker.turn())
    assert [fate for fate, _ in fates(store)] == ["applied"] * 5


def test_trouble_of_the_whole_store_condemns_no_message() -> None:
    """Faults are counted anew once the store was away, which explains them."""
    store = PickyStore(StoreFault())
    worker = decider(store)
    for _ in range(3):
        for error in [StoreFault()] * (STORE_FAULTS_MAX - 1) + [StoreUnavailable()]:
            store.error = error
            with pytest.raises(StoreError):
                run(worker.turn())
    assert [fate for fate, _ in fates(store)] == ["applied"]


def test_stock_that_keeps_moving_under_a_batch_is_met_message_by_message() -> None:
    """A batch that never finds a quiet moment is cut up; nothing is dead for that."""
    store = PickyStore(StockMoved(), times=25)
    worker = decider(store)
    assert run(worker.turn()) == 5
    assert [fate for fate, _ in fates(store)] == ["applied"] * 5
    assert store.sizes[0] == 5
    assert store.sizes[-1] == 1


class Breaking:
    """A connector with a defect: it raises when it sees one business key, or answers too little."""

    batch_max = 10

    def __init__(self, *, bad: str = "", ability: Ability = Ability.KEYS, short: int = 0) -> None:
        self._bad = bad
        self._ability = ability
        self._short = short

    def ability(self, message_type: str) -> Ability:
        return self._ability

    def ask_after_seconds(self, message_type: str) -> float:
        """At once."""
        return 0.0

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        self._break(documents)
        answers: list[FarAnswer] = [Accepted("done") for _ in documents]
        return answers[self._short :]

    async def look_up(self, document: Document) -> Found:
        self._break([document])
        return NotThere()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _break(self, documents: Sequence[Document]) -> None:
        if any(document.business_key == self._bad for document in documents):
            raise KeyError(self._bad)


def effects_due(*keys: str) -> MemoryStore:
    """A store in which these effects are due, each under an ordering key of its own."""
    store = MemoryStore()
    at_once(store.append([message("placed")]))
    [lease] = at_once(store.lease("hub/0", [0], at(0), at(60)))
    batch = decided(lease, Outcome())
    batch.effects = [(0, 1, effect(key, key=key)) for key in keys]
    at_once(store.commit(batch, at(0)))
    return store


def told(store: MemoryStore, connector: Breaking, seconds: float = 0) -> dict[str, Settlement]:
    """What one turn of the pump records, by business key."""
    seen: list[Delivered | AtTheGate] = []
    pump = Pump("wms", connector, store, Clock(seconds), SystemRandomness(), listener=seen.append)
    run(pump.turn())
    return {
        claimed.business_key: settled
        for turn in seen
        if isinstance(turn, Delivered)
        for claimed, settled in zip(turn.effects, turn.settlements, strict=True)
    }


@pytest.mark.parametrize("connector", [Breaking(bad="bad"), Breaking(short=1)])
def test_a_connector_that_breaks_ends_no_loop(connector: Breaking) -> None:
    """Nothing is known of what it was given, so all of it is doubtful and comes again."""
    settled = told(effects_due("good", "bad"), connector)
    assert {one.verdict for one in settled.values()} == {Verdict.UNKNOWN}
    assert all(one.due_at is not None and one.doubtful for one in settled.values())


def test_what_stood_beside_the_breaking_effect_gets_through() -> None:
    """They come back at moments of their own, and alone the good one is taken."""
    store = effects_due("good", "bad")
    settled = told(store, Breaking(bad="bad"))
    first = min(one.due_at for one in settled.values() if one.due_at is not None)
    later = told(store, Breaking(bad="bad"), (first - at(0)).total_seconds())
    assert len(later) == 1
    expected = Verdict.ACCEPTED if "good" in later else Verdict.UNKNOWN
    assert next(iter(later.values())).verdict is expected


def test_a_look_up_that_breaks_leaves_the_effect_in_doubt() -> None:
    """Where a far side must be asked first, nothing is sent while asking fails (I20)."""
    store = effects_due("bad")
    connector = Breaking(bad="bad", ability=Ability.LOOK_UP)
    told(store, connector)
    settled = told(store, connector, 600)["bad"]
    assert settled.verdict is Verdict.UNKNOWN
    assert "KeyError" in settled.problem
