"""Every order of telling a set of messages, with every duplication, and no state walked twice.

After the same messages, told in two orders, a hub often stands so that nothing to come can tell the
two apart: what deciders read is alike, places on the log being called by the messages that stand
there. Such states are walked on once, and counted as often as ways lead there: so the ways to the
end are all permutations, though few of them are played. At each state every message that was told
is said again, under its own id and under another one. Nothing may change by that, so no
duplication, however often and wherever it comes, ends otherwise.

`python -m tests.property.every_order --tales 50 --messages 7 --seed 1` walks grown histories.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import partial
from hashlib import sha256
from math import factorial

import msgspec
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from crossdock.log.keys import transport_digest
from crossdock.log.records import NewMessage, OrderRow
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.hub import Ending, SmallHub
from crossdock.testing.strategies import AMPLE, Tale, scarce, tales

_PLACE = re.compile(rb"\b0:[0-9]+\b")
_READ = (
    "orders", "balances", "weights", "promises", "waiting", "masters", "components", "documents",
    "counted", "recount", "blocked",
)  # fmt: skip
"""The tables that deciders read; the rest is the log itself, or is only told, posted or shown."""

_ONLY_TOLD = ("version", "told", "releases")
"""What an order keeps to number and to spare what it tells; decided is nothing by it but whether
anything was released."""


@dataclass(slots=True)
class Walked:
    """What was found; `ways` are the orders of telling that were covered."""

    ways: int = 0
    states: int = 0
    steps: int = 0  # messages that were told, to get from state to state
    repeats: int = 0  # messages that were said again, and changed nothing
    endings: list[tuple[Ending, list[str]]] = field(default_factory=list)  # with a way there


@dataclass(slots=True)
class _State:
    """A hub after some of the messages; `ways` is how many orders of telling lead to its like."""

    data: Data
    path: list[int]
    ways: int = 1


def walk(opened: Callable[[], SmallHub], messages: Sequence[NewMessage]) -> Walked:
    """Tell the messages in every order to a hub that is opened so; gives the endings there are.

    Raises:
        AssertionError: a message that was said again changed something.
    """
    found = Walked()
    level: dict[tuple[frozenset[int], bytes], _State] = {}
    start = opened()
    level[frozenset(), _seen_by_what_comes(start)] = _State(start.store.data, [])
    for _ in messages:
        following: dict[tuple[frozenset[int], bytes], _State] = {}
        for (told, _), state in level.items():
            for number in sorted(set(range(len(messages))) - told):
                hub = _at(opened, state)
                hub.tell(messages[number])
                found.steps += 1
                key = (told | {number}, _seen_by_what_comes(hub))
                if (known := following.get(key)) is not None:
                    known.ways += state.ways
                    continue
                path = [*state.path, number]
                following[key] = _State(hub.store.data, path, state.ways)
                found.repeats += _said_again(opened, following[key], key[1], messages)
        level = following
        found.states += len(level)
    for state in level.values():
        found.ways += state.ways
        ending = _at(opened, state).ending()
        if all(ending != other for other, _ in found.endings):
            found.endings.append((ending, [messages[number].id for number in state.path]))
    assert found.ways == factorial(len(messages))
    return found


def _at(opened: Callable[[], SmallHub], state: _State) -> SmallHub:
    """A hub that stands so."""
    hub = opened()
    hub.store = MemoryStore(data=deepcopy(state.data))
    return hub


def _said_again(
    opened: Callable[[], SmallHub], state: _State, seen: bytes, messages: Sequence[NewMessage]
) -> int:
    """Say all again that was told, as it was and as by a sender that lost its memory."""
    hub = _at(opened, state)
    told = [messages[number] for number in state.path]
    hub.tell(*told, *map(renamed, told))
    assert _seen_by_what_comes(hub) == seen, f"said again after {[one.id for one in told]}"
    return 2 * len(told)


def renamed(message: NewMessage) -> NewMessage:
    """The same business fact under a new id, as a sender tells it that lost its memory."""
    name = f"again-{message.id}"
    return replace(message, id=name, transport_key=transport_digest(message.source, name))


def _seen_by_what_comes(hub: SmallHub) -> bytes:
    """A digest of all that a decider may read, with places called by what stands there."""
    data = hub.store.data
    tables = {name: _plain(getattr(data, name)) for name in _READ}
    tables["orders"] = {name: _order(row) for name, row in data.orders.items()}
    tables["promises"] = {
        f"{item} {site}": [row.sellable, row.reserved, row.pooled, row.safety]
        for item, sites in data.promises.items()
        for site, row in sites.items()
    }
    tables["said"] = _plain({key: f"{at[0]}:{at[1]}" for key, at in data.business_keys.items()})
    text = msgspec.json.encode(tables, order="deterministic")
    return sha256(_PLACE.sub(partial(_named, hub), text)).digest()


def _order(row: OrderRow) -> object:
    state = msgspec.json.decode(row.state)
    state["released"] = bool(state.get("releases"))
    return _plain({name: one for name, one in state.items() if name not in _ONLY_TOLD})


def _plain(value: object) -> object:
    """A table without the order in which its rows were written; stored JSON is opened."""
    if isinstance(value, bytes | msgspec.Raw):
        try:
            return _plain(msgspec.json.decode(value))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return bytes(value).hex()
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else repr(key): _plain(one) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.structs.asdict(value))
    return value if isinstance(value, str | int | float | None) else repr(value)


def _named(hub: SmallHub, place: re.Match[bytes]) -> bytes:
    """The message at a place by what it says; of the hub's own, by its type and what it caused."""
    messages = hub.store.data.partitions[0].messages
    position = int(place[0].partition(b":")[2])
    if not 1 <= position <= len(messages):
        return place[0]
    message = messages[position - 1].message
    return message.content.hex().encode()


# Grown histories ------------------------------------------------------------------------------


def check(tale: Tale) -> Walked:
    """Walk one history.

    Raises:
        AssertionError: it ends in more than one way.
    """
    found = walk(tale.hub, tale.messages())
    ways = [way for _, way in found.endings]
    assert len(found.endings) == 1, f"{len(ways)} endings, by {ways[:2]} of\n{tale!r}"
    return found


def main(arguments: Sequence[str]) -> int:
    """Walk as many grown histories as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tales", type=int, default=50)
    parser.add_argument("--messages", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    sums = Walked()
    more = asked.messages - 1

    @seed(asked.seed)
    @settings(
        max_examples=asked.tales,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(tale=tales(st.just(AMPLE) | scarce(), more=more, least=more, restock=False, desk=True))
    def grown(tale: Tale) -> None:
        found = check(tale)
        sums.ways += found.ways
        sums.states += found.states
        sums.steps += found.steps
        sums.repeats += found.repeats

    grown()
    sys.stdout.write(
        f"{sums.ways} orders of telling in {sums.states} states, {sums.steps} messages told,"
        f" {sums.repeats} said again: each history ends in one state\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
