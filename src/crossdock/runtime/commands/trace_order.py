"""The story of one order: all that is looked at, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from crossdock.inventory.inbound import Inbound
from crossdock.log.looking import Place
from crossdock.log.ports import Store
from crossdock.log.records import Recorded, Wanted
from crossdock.log.views import OutcomeRow
from crossdock.orders.state import OrderState, figures, status
from crossdock.runtime.commands import trace_safe as safe
from crossdock.runtime.commands.trace_common import (
    House,
    handled_of,
    tell_attempts,
    tell_messages,
    ways_of,
)
from crossdock.runtime.commands.trace_delivery import flows_behind
from crossdock.runtime.commands.trace_parts import Fact, Trace
from crossdock.runtime.commands.trace_why import Picture, noted_under, waits_of
from crossdock.sagas.ahead import KIND as INBOUND
from crossdock.sagas.decide import opened
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import KIND as SAGA
from crossdock.sagas.recipes.saga import SAGAS_OF, Saga, SagasOf

_SHOWN = ("reserved", "backordered", "shipped", "cancelled", "invoiced", "returned")
_ORDER = msgspec.json.Decoder(OrderState)
_INBOUND = msgspec.json.Decoder(Inbound)
_SAGA = msgspec.json.Decoder(Saga)
_SAGAS_OF = msgspec.json.Decoder(SagasOf)


async def trace_order(store: Store, order_id: str, house: House, now: datetime) -> Trace:
    trace = Trace("order", order_id)
    places = await store.places_of_key(order_id)
    outcomes = await tell_messages(store, trace, places)
    picture = await picture_of(store, order_id, places, outcomes, house, now)
    order, cited = picture.order, picture.last_place()
    tell_attempts(trace, picture.effects)
    head = f"order {order_id} of {order.customer or 'an unknown customer'}: {status(order)}"
    trace.summary.append(Fact(head, cited))
    trace.summary += [Fact(_line(order, number), cited) for number in sorted(order.lines)]
    trace.waits = waits_of(picture)
    keys = [
        order_id,
        *(effect.business_key for effect in picture.effects),
        *(saga.id for saga, _ in picture.sagas),
    ]
    shared = noted_under(picture.messages, outcomes)
    flows, paused = flows_behind(picture.effects, picture.ways)
    trace.exceptions = await store.exceptions_about([*keys, *shared, *flows], [*places, *paused])
    trace.safe = safe.safe_for_order(picture, trace.waits, trace.exceptions, house.conditions)
    return trace


def _line(order: OrderState, number: str) -> str:
    line = order.lines[number]
    now = figures(order, line)
    parts = [f"{now.ordered} ordered"]
    parts += [f"{getattr(now, name)} {name}" for name in _SHOWN if getattr(now, name)]
    return f"line {number}: {line.item}: {', '.join(parts)}"


async def picture_of(
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
        ways=await ways_of(store, house, now),
        warehouses=house.warehouses,
        item_owner=house.item_owner,
        handled=await handled_of(store, places),
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
