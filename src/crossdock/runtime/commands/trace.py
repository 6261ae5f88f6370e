"""`crossdock trace KEY`: one timeline of an order, document, item or message, and why it is stuck.

What happened and who said so; what is awaited, from whom, since when; why it is stuck; what is safe
to do next. Every sentence cites its evidence (`trace_parts`), which can be asked for in turn.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crossdock.kernel.redaction import shown
from crossdock.log.looking import Place
from crossdock.log.ports import Store
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.commands import trace_safe as safe
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.trace_common import (
    House,
    close,
    decisions_awaited,
    house_of,
    tell_attempts,
    tell_messages,
)
from crossdock.runtime.commands.trace_find import KINDS, orders_behind, speaks_of_order, the_one
from crossdock.runtime.commands.trace_item import trace_item
from crossdock.runtime.commands.trace_order import trace_order
from crossdock.runtime.commands.trace_parts import Fact, KeyUnknown, Trace, Wait, condition_named
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, finish, say
from crossdock.runtime.hub import opened_store

_PLACE = re.compile(r"\A([0-9]{1,5}):([0-9]{1,18})\Z")


def run(key: str, config: Path, *, as_json: bool = False) -> int:
    """Show what is known of a key; gives 0.

    Raises:
        KeyUnknown: nothing goes by this key.
        KeyAmbiguous: several orders do.
        ConfigurationWrong: the configuration cannot be used.
        StoreError: the database cannot be read.
    """
    trace = asyncio.run(_look(read_settings(config), key))
    _show(trace)
    finish(trace.as_json(), as_json=as_json)
    return OK


async def _look(settings: Settings, key: str) -> Trace:
    async with opened_store(settings) as store:
        return await trace_of(store, key, house_of(settings), SystemClock().now())


async def trace_of(store: Store, key: str, house: House, now: datetime) -> Trace:
    """Find what the key names, and tell its story as of `now`.

    Raises:
        KeyUnknown: it names nothing.
        KeyAmbiguous: it names documents of several orders.
    """
    matched = _PLACE.match(key)
    if matched is not None:
        return await _message(store, (int(matched[1]), int(matched[2])), house, now)
    kind, _, number = key.partition(":")
    if kind == "item" and number:
        return await trace_item(store, number, house, now)
    order_id = number if kind == "order" and number else key
    if await store.order_state(order_id) is not None or await speaks_of_order(store, order_id):
        return await trace_order(store, order_id, house, now)
    behind = await orders_behind(store, key, house.warehouses, house.systems)
    if behind:
        order_id = the_one(key, behind)
        trace = await trace_order(store, order_id, house, now)
        trace.summary.insert(0, behind[order_id])
        return trace
    if number and kind in house.systems:
        return await trace_item(store, number, house, now, kind)
    if number and kind in KINDS:
        raise KeyUnknown(where="trace", found=shown(key))
    return await trace_item(store, key, house, now)


async def _message(store: Store, place: Place, house: House, now: datetime) -> Trace:
    trace = Trace("message", f"{place[0]}:{place[1]}")
    followed = await store.places_of_cause([place])
    outcomes = await tell_messages(store, trace, [place, *followed])
    if not trace.timeline:
        raise KeyUnknown(where="trace", found=trace.id, expected="a place on the log")
    [message] = await store.messages([place])
    facts = [f"{message.type} from {message.source}, id {message.id}, about {message.key}"]
    facts += words.times(message, outcomes.get(place))
    trace.summary += [Fact(what, trace.id) for what in facts]
    effects = await store.effects_decided_at([place])
    tell_attempts(trace, effects)
    trace.waits += await decisions_awaited(store, [place, *followed], outcomes)
    row = outcomes.get(place)
    if row is not None and trace.waits:
        fate, reason = row.outcome.fate, row.outcome.reason
        about = safe.about_message(trace.id, fate, reason, house.conditions, message.key)
        trace.safe = list(about)
    await close(store, trace, effects, [trace.id], [place], outcomes, house, now)
    return trace


def _show(trace: Trace) -> None:
    for fact in trace.summary:
        say(f"{fact.what}  [{fact.evidence}]")
    say("")
    for entry in trace.timeline:
        say(f"{words.when(entry.at)}  {entry.who:12} {entry.what}  [{entry.evidence}]")
        for decided in entry.decided:
            say(f"{'':22}{'':12} → {decided}")
    if trace.exceptions:
        say("")
    for one in trace.exceptions:
        cited = one.place or condition_named(one)
        say(f"open: {one.kind} on {one.key}: {one.detail} ({one.times} times)  [{cited}]")
    say("")
    stuck = [wait for wait in trace.waits if wait.stuck]
    if stuck:
        say("stuck, because it waits for")
        _show_waits(stuck)
    free = [wait for wait in trace.waits if not wait.stuck]
    if free or not stuck:
        say("waits for" if free else "waits for nothing")
        _show_waits(free)
    if trace.safe:
        say("safe to do next")
    for step in trace.safe:
        say(f"  {step.do}: {step.when}  [{step.evidence}]")


def _show_waits(waits: Sequence[Wait]) -> None:
    for wait in waits:
        since = f", since {words.when(wait.since)}" if wait.since is not None else ""
        say(f"  {wait.what} (from {wait.awaited_from}{since})  [{wait.evidence}]")
