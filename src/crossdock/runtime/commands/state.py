"""`crossdock state`: where the log stands, what became of it, and one hash over the result.

Two hubs that took the same facts, in whatever order and however often, show the same hash (M4):
it covers every order's fingerprint, every account that holds something and every promise.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from crossdock.log.ports import Reading
from crossdock.log.records import OrderRow
from crossdock.log.views import BalanceRow, FinancialRow, PromiseView
from crossdock.orders.state import OrderState, fingerprint
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.commands import both_ledgers, looking_back
from crossdock.runtime.commands.destinations import Destination, destinations
from crossdock.runtime.commands.looking_back import Moment
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.runtime.past import fold_to

_PAGE = 2_000
_ORDER = msgspec.json.Decoder(OrderState)


@dataclass(frozen=True, slots=True)
class State:
    """What a store shows of itself, in base units where it is about goods."""

    position: dict[int, tuple[int, int]]  # partition -> head, decided up to
    hash: str
    orders: int
    fates: dict[str, int]
    balances: list[BalanceRow]
    promises: list[PromiseView]

    def by_state(self) -> dict[str, int]:
        """The sum of all accounts in each state."""
        sums: Counter[str] = Counter()
        for row in self.balances:
            sums[row.state] += row.quantity
        return dict(sorted(sums.items()))

    def as_json(self) -> dict[str, object]:
        """The object that scripts read."""
        return {
            "position": {
                str(partition): {"head": head, "decided": decided}
                for partition, (head, decided) in self.position.items()
            },
            "hash": self.hash,
            "orders": self.orders,
            "fates": self.fates,
            "balances": self.balances,
            "balances_by_state": self.by_state(),
            "promises": self.promises,
        }


def run(
    config: Path,
    *,
    item: str | None = None,
    at: str | None = None,
    as_of: str | None = None,
    known_at: str | None = None,
    financial: bool = False,
    as_json: bool = False,
) -> int:
    """Show the state, or the accounts of one item or of a moment in the past; gives 0.

    Raises:
        ConfigurationWrong: the configuration cannot be used.
        NoSuchMoment: an option is no place in the log and no time.
        StoreError: the database cannot be read.
    """
    moment = looking_back.moment_of(item, at, as_of, known_at)
    settings = read_settings(config)
    if moment.is_place_alone and moment.places is not None:
        then = asyncio.run(_fold(settings, moment.places))
        _show(then)
        finish({**then.as_json(), "at": at, "item": None}, as_json=as_json)
        return OK
    if not moment.is_now:
        rows = asyncio.run(_look_back(settings, moment))
        looking_back.show(moment, rows)
        finish(looking_back.as_json(moment, rows), as_json=as_json)
        return OK
    if financial:
        both = asyncio.run(_look_at_both(settings))
        both_ledgers.show(both)
        finish(both_ledgers.as_json(both), as_json=as_json)
        return OK
    state, told = asyncio.run(_look(settings))
    _show(state)
    for one in told:
        say(f"told      {one.name}: {one.in_words()}")
    shown = {one.name: {**asdict(one), "backlog_effects": one.left} for one in told}
    finish({**state.as_json(), "destinations": shown}, as_json=as_json)
    return OK


async def state_of(store: Reading) -> State:
    """Read everything that the hash covers; exact only while nothing is decided meanwhile."""
    prints = [fingerprint(_ORDER.decode(row.state)) async for row in _orders(store)]
    balances = [row async for row in _balances(store)]
    promises = [row async for row in _promises(store)]
    return State(
        position=await store.position(),
        hash=_hash(prints, balances, promises),
        orders=len(prints),
        fates=await store.fates(),
        balances=balances,
        promises=promises,
    )


async def state_at(store: Reading, places: dict[int, int]) -> State:
    """What stood at these places: at the newest ones, what `state_of` says."""
    past = await fold_to(store, places)
    prints = [fingerprint(order) for order in past.known_orders()]
    promises = past.promises()
    return State(
        position={partition: (at, at) for partition, at in sorted(places.items())},
        hash=_hash(prints, past.balances, promises),
        orders=len(prints),
        fates=dict(past.fates),
        balances=past.balances,
        promises=promises,
    )


def _hash(prints: list[str], balances: list[BalanceRow], promises: list[PromiseView]) -> str:
    digest = sha256()
    for one in sorted(prints):
        digest.update(one.encode())
    # The stores give accounts and promises in key order, the same on every engine.
    digest.update(msgspec.json.encode(balances))
    digest.update(msgspec.json.encode([p for p in promises if p.sellable or p.reserved]))
    return digest.hexdigest()


async def _look_at_both(settings: Settings) -> list[FinancialRow]:
    async with opened_store(settings) as store:
        return await both_ledgers.rows_of(store)


async def _look(settings: Settings) -> tuple[State, list[Destination]]:
    async with opened_store(settings) as store:
        told = await destinations(store, settings.sparing(), SystemClock().now())
        return await state_of(store), told


async def _fold(settings: Settings, places: dict[int, int]) -> State:
    async with opened_store(settings) as store:
        return await state_at(store, places)


async def _look_back(settings: Settings, moment: Moment) -> list[BalanceRow]:
    async with opened_store(settings) as store:
        return await looking_back.look_back(store, moment)


async def _orders(store: Reading) -> AsyncIterator[OrderRow]:
    page = await store.orders("", _PAGE)
    while page:
        for row in page:
            yield row
        page = await store.orders(page[-1].order_id, _PAGE)


async def _balances(store: Reading) -> AsyncIterator[BalanceRow]:
    page = await store.balances(None, _PAGE)
    while page:
        for row in page:
            yield row
        page = await store.balances(page[-1].account, _PAGE)


async def _promises(store: Reading) -> AsyncIterator[PromiseView]:
    page = await store.promises(None, _PAGE)
    while page:
        for row in page:
            yield row
        page = await store.promises((page[-1].item, page[-1].site), _PAGE)


def _show(state: State) -> None:
    heads = sum(head for head, _ in state.position.values())
    decided = sum(done for _, done in state.position.values())
    say(f"log       {heads} messages in {len(state.position)} partitions, {decided} decided")
    for partition, (head, done) in state.position.items():
        waiting = f", {head - done} to decide" if done < head else ""
        say(f"          partition {partition}: position {head}{waiting}")
    if state.position:
        places = {partition: done for partition, (_, done) in state.position.items()}
        say(f"decided   --at {looking_back.position_in_words(places)}")
    fates = ", ".join(f"{count} {fate}" for fate, count in state.fates.items() if count)
    say(f"fates     {fates or 'none yet'}")
    say(f"orders    {state.orders}")
    for name, quantity in state.by_state().items():
        say(f"goods     {quantity:>15,} {name}")
    reserved = sum(promise.reserved for promise in state.promises)
    say(f"promised  {reserved:>15,} of {len(state.promises)} (item, site) rows")
    say(f"hash      {state.hash}")
