"""`crossdock trace KEY`: one timeline of an order, document, item or message, and why it is stuck.

What happened and who said so; what is awaited, from whom, since when; why it is stuck; what is safe
to do next. Every sentence cites its evidence (`trace_parts`), which can be asked for in turn.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.conditions import Condition
from crossdock.delivery.gate import Sparing
from crossdock.inventory.inbound import Inbound
from crossdock.kernel.redaction import shown
from crossdock.log.looking import Place
from crossdock.log.ports import Store
from crossdock.log.records import Recorded, Wanted
from crossdock.log.views import EffectView, OutcomeRow
from crossdock.orders.state import OrderState, figures, status
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.commands import trace_safe as safe
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.destinations import destinations
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.commands.trace_find import KINDS, orders_behind, the_one
from crossdock.runtime.commands.trace_parts import (
    Entry,
    Fact,
    KeyUnknown,
    Trace,
    Wait,
    condition_named,
)
from crossdock.runtime.commands.trace_why import (
    Picture,
    decision_awaited,
    waits_for_delivery,
    waits_of,
)
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.ahead import KIND as INBOUND
from crossdock.sagas.decide import opened
from crossdock.sagas.deciders.pauses import PAUSE, Pause, pause_of
from crossdock.sagas.operations import HANDLED
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import KIND as SAGA
from crossdock.sagas.recipes.saga import SAGAS_OF, Saga, SagasOf

_PLACE = re.compile(r"\A([0-9]{1,5}):([0-9]{1,18})\Z")
_MOVEMENTS_MAX = 200
_WAITING_MAX = 20
_SHOWN = ("reserved", "backordered", "shipped", "cancelled", "invoiced", "returned")
_ORDER = msgspec.json.Decoder(OrderState)
_INBOUND = msgspec.json.Decoder(Inbound)
_SAGA = msgspec.json.Decoder(Saga)
_SAGAS_OF = msgspec.json.Decoder(SagasOf)


@dataclass(frozen=True, slots=True)
class House:
    """What a trace must know of the configuration."""

    warehouses: Mapping[str, str]  # site -> the system that works there
    systems: frozenset[str]
    conditions: Mapping[str, Condition]
    recipes: RecipeBook
    sparing: Mapping[str, Sparing]
    item_owner: str


def house_of(settings: Settings) -> House:
    """What a trace must know of these settings."""
    owners = settings.matrix().owners("item", event=catalogue.ITEM_CHANGED)
    return House(
        {site: roles["wms"] for site, roles in settings.sites.items() if "wms" in roles},
        frozenset(settings.systems),
        settings.conditions,
        settings.recipes,
        settings.sparing(),
        next(iter(owners), ""),
    )


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
        return await _message(store, (int(matched[1]), int(matched[2])), house)
    kind, _, number = key.partition(":")
    if kind == "item" and number:
        return await _item(store, number, house)
    order_id = number if kind == "order" and number else key
    if await store.order_state(order_id) is not None:
        return await _order(store, order_id, house, now)
    behind = await orders_behind(store, key, house.warehouses, house.systems)
    if behind:
        order_id = the_one(key, behind)
        trace = await _order(store, order_id, house, now)
        trace.summary.insert(0, behind[order_id])
        return trace
    if number and kind in {*KINDS, *house.systems}:
        raise KeyUnknown(where="trace", found=shown(key))
    return await _item(store, key, house)


# An order -------------------------------------------------------------------------------------


async def _order(store: Store, order_id: str, house: House, now: datetime) -> Trace:
    trace = Trace("order", order_id)
    places = await store.places_of_key(order_id)
    outcomes = await _tell_messages(store, trace, places)
    picture = await _picture(store, order_id, places, outcomes, house, now)
    order, cited = picture.order, picture.last_place()
    _tell_attempts(trace, picture.effects)
    head = f"order {order_id} of {order.customer or 'an unknown customer'}: {status(order)}"
    trace.summary.append(Fact(head, cited))
    trace.summary += [Fact(_line(order, number), cited) for number in sorted(order.lines)]
    trace.waits = waits_of(picture)
    keys = [
        order_id,
        *(effect.business_key for effect in picture.effects),
        *(saga.id for saga, _ in picture.sagas),
    ]
    trace.exceptions = await store.exceptions_about(keys, places)
    trace.safe = safe.safe_for_order(picture, trace.waits, trace.exceptions, house.conditions)
    return trace


def _line(order: OrderState, number: str) -> str:
    line = order.lines[number]
    now = figures(order, line)
    parts = [f"{now.ordered} ordered"]
    parts += [f"{getattr(now, name)} {name}" for name in _SHOWN if getattr(now, name)]
    return f"line {number}: {line.item}: {', '.join(parts)}"


async def _picture(
    store: Store,
    order_id: str,
    places: Sequence[Place],
    outcomes: dict[Place, OutcomeRow],
    house: House,
    now: datetime,
) -> Picture:
    """All that is looked at to say why the order is where it is."""
    state = await store.order_state(order_id)
    messages = await store.messages(places)
    waiting = await store.waiting_of_order(order_id)
    items = {row.item for row in waiting}
    inbound = await _inbound(store, items)
    return Picture(
        order=_ORDER.decode(state) if state is not None else OrderState(order_id),
        now=now,
        messages=messages,
        nouns=_nouns(messages, outcomes),
        outcomes=outcomes,
        effects=await store.effects_of(order_id),
        waiting=waiting,
        promises={item: await store.promises_of_item(item) for item in sorted(items)},
        inbound=inbound,
        purchases=await _purchases(store, inbound),
        sagas=await _sagas(store, order_id, house.recipes),
        destinations={one.name: one for one in await destinations(store, house.sparing, now)},
        pauses=await _pauses(store),
        warehouses=house.warehouses,
        item_owner=house.item_owner,
        handled=await _handled(store, places),
    )


def _nouns(messages: Sequence[Recorded], outcomes: dict[Place, OutcomeRow]) -> dict[Place, Any]:
    """What each message says; one that cannot be read is not there."""
    found = {}
    for message in messages:
        place = (message.partition, message.position)
        row = outcomes.get(place)
        try:
            _, noun = opened(message, row.outcome.resolved if row is not None else ())
        except (msgspec.MsgspecError, LookupError):
            continue
        found[place] = noun
    return found


async def _inbound(store: Store, items: set[str]) -> dict[str, Inbound]:
    loaded = await store.load(Wanted(documents={(INBOUND, item) for item in items}))
    return {name: _INBOUND.decode(one.body) for (_, name), one in loaded.documents.items()}


async def _purchases(store: Store, inbound: dict[str, Inbound]) -> dict[str, str]:
    """Where purchase orders were told of last."""
    found = {}
    for number in sorted({one.purchase_order for now in inbound.values() for one in now.open}):
        places = await store.places_of_key(number)
        if places:
            partition, position = places[-1]
            found[number] = f"{partition}:{position}"
    return found


async def _sagas(
    store: Store, order_id: str, recipes: RecipeBook
) -> list[tuple[Saga, Recipe | None]]:
    loaded = await store.load(Wanted(documents={(SAGAS_OF, order_id)}))
    ids = [name for one in loaded.documents.values() for name in _SAGAS_OF.decode(one.body).ids]
    loaded = await store.load(Wanted(documents={(SAGA, name) for name in ids}))
    sagas = [
        _SAGA.decode(loaded.documents[SAGA, name].body)
        for name in ids
        if (SAGA, name) in loaded.documents
    ]
    return [(saga, recipes.recipe(saga.recipe, saga.version)) for saga in sagas]


async def _pauses(store: Store) -> list[Pause]:
    found = [pause_of(one) for one in await all_documents(store, PAUSE)]
    return [one for one in found if one is not None]


async def _handled(store: Store, places: Sequence[Place]) -> frozenset[str]:
    """The places of messages that a person has dealt with."""
    names = {f"{partition}:{position}" for partition, position in places}
    loaded = await store.load(Wanted(documents={(HANDLED, name) for name in names}))
    return frozenset(name for _, name in loaded.documents)


# An item --------------------------------------------------------------------------------------


async def _item(store: Store, item: str, house: House) -> Trace:
    trace = Trace("item", item)
    told = await store.places_of_key(item)
    moved = await store.places_of_item(item, _MOVEMENTS_MAX)
    places = list(dict.fromkeys([*told, *moved]))
    promises = await store.promises_of_item(item)
    waiting = await store.waiting_of_item(item, _WAITING_MAX)
    if not (places or promises or waiting):
        raise KeyUnknown(where="trace", found=shown(item))
    outcomes = await _tell_messages(store, trace, places)
    effects = await store.effects_of(item)
    _tell_attempts(trace, effects)
    cited = trace.timeline[-1].evidence if trace.timeline else f"item {item}"
    trace.summary += [
        Fact(
            f"{item} at {promise.site}: {promise.sellable} on the shelf,"
            f" {promise.reserved} promised, {promise.free} free",
            cited,
        )
        for promise in promises
    ]
    trace.waits += await _decisions(store, places, outcomes)
    trace.waits += [
        Wait(
            f"order {row.order_id} line {row.line} waits for {row.quantity}",
            row.order_id,
            "stock",
            row.since,
        )
        for row in waiting
    ]
    await _close(store, trace, effects, [item], [], house)
    return trace


# A message ------------------------------------------------------------------------------------


async def _message(store: Store, place: Place, house: House) -> Trace:
    trace = Trace("message", f"{place[0]}:{place[1]}")
    followed = await store.places_of_cause([place])
    outcomes = await _tell_messages(store, trace, [place, *followed])
    if not trace.timeline:
        raise KeyUnknown(where="trace", found=trace.id, expected="a place on the log")
    [message] = await store.messages([place])
    facts = [f"{message.type} from {message.source}, id {message.id}, about {message.key}"]
    facts += words.times(message, outcomes.get(place))
    trace.summary += [Fact(what, trace.id) for what in facts]
    effects = await store.effects_decided_at([place])
    _tell_attempts(trace, effects)
    trace.waits += await _decisions(store, [place, *followed], outcomes)
    row = outcomes.get(place)
    if row is not None and trace.waits:
        fate, reason = row.outcome.fate, row.outcome.reason
        about = safe.about_message(trace.id, fate, reason, house.conditions, message.key)
        trace.safe = list(about)
    await _close(store, trace, effects, [trace.id], [place], house)
    return trace


# What all have in common ----------------------------------------------------------------------


async def _close(
    store: Store,
    trace: Trace,
    effects: Sequence[EffectView],
    keys: Sequence[str],
    places: Sequence[Place],
    house: House,
) -> None:
    """Say what is still to be told, what is open, and what is safe to do about it."""
    trace.waits += waits_for_delivery(effects, None)
    keys = [*keys, *(effect.business_key for effect in effects)]
    trace.exceptions = await store.exceptions_about(keys, places)
    found = safe.about_conditions(trace.exceptions, house.conditions, trace.id)
    trace.safe = safe.once([*trace.safe, *found], trace.waits)


async def _decisions(
    store: Store, places: Sequence[Place], outcomes: dict[Place, OutcomeRow]
) -> list[Wait]:
    """Messages that are not decided, or were put aside and not dealt with since."""
    handled = await _handled(store, places)
    return [
        wait
        for message in await store.messages(places)
        for wait in decision_awaited(
            message,
            outcomes.get((message.partition, message.position)),
            handled=message.place in handled,
        )
    ]


async def _tell_messages(
    store: Store, trace: Trace, places: Sequence[Place]
) -> dict[Place, OutcomeRow]:
    """Put messages and what was decided on them on the timeline."""
    outcomes = await store.outcomes_at(places)
    for message in await store.messages(places):
        outcome = outcomes.get((message.partition, message.position))
        trace.timeline.append(
            Entry(
                _moment(message, outcome),
                message.source,
                _said(message, outcome),
                message.place,
                words.decided(outcome.outcome) if outcome is not None else ["not decided yet"],
            )
        )
    trace.timeline.sort(key=lambda entry: entry.at)
    return outcomes


def _moment(message: Recorded, outcome: OutcomeRow | None) -> datetime:
    """When it happened; what the hub says to itself happens when it is decided."""
    kind = CATALOGUE.get(message.type)
    if outcome is not None and kind is not None and not kind.inbound:
        return outcome.processed_time
    return message.event_time


def _said(message: Recorded, outcome: OutcomeRow | None) -> str:
    """What a message said, as it was understood."""
    try:
        resolved = outcome.outcome.resolved if outcome is not None else ()
        newest, noun = opened(message, resolved)
    except (msgspec.MsgspecError, LookupError):
        return f"{message.type} (cannot be read)"
    return words.said(newest.type, noun)


def _tell_attempts(trace: Trace, effects: Sequence[EffectView]) -> None:
    for effect in effects:
        for attempt in effect.ended:
            what = words.ended(effect, attempt)
            cited = effect.place or effect.business_key
            trace.timeline.append(
                Entry(attempt.settled_time, "crossdock", what, cited, words.evidence(attempt))
            )
    trace.timeline.sort(key=lambda entry: entry.at)


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
