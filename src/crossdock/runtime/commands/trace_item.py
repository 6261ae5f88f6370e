"""The story of one item, under whichever of its numbers it is asked for.

Other things that have messages of their own, as a posting or a count, are told in the same way.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.vocabulary import Entity
from crossdock.identity.references import EVERYBODY, Link, Names
from crossdock.kernel.redaction import shown
from crossdock.log.looking import Place
from crossdock.log.ports import Store
from crossdock.log.records import Wanted
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.commands.trace_common import (
    House,
    close,
    decisions_awaited,
    tell_attempts,
    tell_messages,
)
from crossdock.runtime.commands.trace_parts import Fact, KeyAmbiguous, KeyUnknown, Trace, Wait
from crossdock.sagas.deciders.counts import PENDING, Pending
from crossdock.sagas.links import link_key, names_key

_MOVEMENTS_MAX = 200
_WAITING_MAX = 20
_LINK = msgspec.json.Decoder(Link)
_PENDING = msgspec.json.Decoder(Pending)
_NAMES = msgspec.json.Decoder(Names)


async def trace_item(
    store: Store, number: str, house: House, now: datetime, system: str = ""
) -> Trace:
    """Tell the story of the item that this number means: to everybody, or to one far system.

    Raises:
        KeyUnknown: it means no item.
        KeyAmbiguous: it means several, each to another system.
    """
    systems = (system,) if system else (EVERYBODY, *sorted(house.systems))
    meant = await _meanings(store, number, systems)
    if not meant and not system:
        return await _story(store, number, house, now)
    if len(meant) > 1:
        told = "; ".join(fact.what for fact in meant.values())
        raise KeyAmbiguous(where="trace", found=shown(f"{number}: {told}", length_max=200))
    for item, fact in meant.items():
        trace = await _story(store, item, house, now)
        trace.summary.insert(0, fact)
        return trace
    raise KeyUnknown(where="trace", found=shown(f"{system}:{number}"))


async def _meanings(store: Store, number: str, systems: Collection[str]) -> dict[str, Fact]:
    """The items that a number means, each with who says so.

    What everybody calls an item comes first: an item's own id, unless it was given up for another.
    """
    keys = [link_key(Entity.ITEM, system, number) for system in systems]
    loaded = await store.load(Wanted(documents=set(keys)))
    found: dict[str, Fact] = {}
    for key in keys:
        document = loaded.documents.get(key)
        link = None if document is None else _LINK.decode(document.body)
        if link is None or not link.canonical or link.canonical == number:
            continue
        last = link.meanings[-1]
        if link.system == EVERYBODY:
            return {last.canonical: Fact(f"{number} now is item {last.canonical}", last.place)}
        what = f"{number} is {link.system}'s number for item {last.canonical}"
        found.setdefault(last.canonical, Fact(what, last.place))
    if EVERYBODY in systems and found and await _is_known(store, number):
        return {}  # among canonical ids it is one itself
    return found


async def _is_known(store: Store, item: str) -> bool:
    """Whether anything stands on the log under this id itself."""
    return bool(
        await store.promises_of_item(item)
        or await store.places_of_key(item)
        or await store.places_of_item(item, 1)
    )


async def _story(store: Store, item: str, house: House, now: datetime) -> Trace:
    trace = Trace("item", item)
    names = await _names(store, item)
    told = [place for name in (item, *names) for place in await store.places_of_key(name)]
    moved = await store.places_of_item(item, _MOVEMENTS_MAX)
    places = list(dict.fromkeys([*told, *moved]))
    promises = await store.promises_of_item(item)
    waiting = await store.waiting_of_item(item, _WAITING_MAX)
    if not (places or promises or waiting):
        raise KeyUnknown(where="trace", found=shown(item))
    kind = "item" if moved or promises or waiting else await _kind(store, told)
    trace = Trace(kind, item)
    outcomes = await tell_messages(store, trace, places)
    effects = await store.effects_of(item)
    tell_attempts(trace, effects)
    cited = trace.timeline[-1].evidence if trace.timeline else f"item {item}"
    trace.summary += [Fact(f"{name} is another name of {item}", at) for name, at in names.items()]
    trace.summary += [
        Fact(
            f"{item} at {promise.site}: {promise.sellable} on the shelf,"
            f" {promise.reserved} promised, {promise.free} free",
            cited,
        )
        for promise in promises
    ]
    trace.waits += await decisions_awaited(store, places, outcomes)
    trace.waits += [
        Wait(
            f"order {row.order_id} line {row.line} waits for {row.quantity}",
            row.order_id,
            "stock",
            row.since,
        )
        for row in waiting
    ]
    large = await _awaiting_approval(store, item)
    trace.waits += large.values()
    met = await store.exceptions_about([], moved)
    noted = [one.key for one in met if item in one.key.split("/")]
    keys = [item, *names, *large, *noted]
    await close(store, trace, effects, keys, [], outcomes, house, now)
    return trace


async def _kind(store: Store, places: list[Place]) -> str:
    """What the messages are about that stand under this number."""
    [message] = await store.messages(places[:1])
    kind = CATALOGUE.get(message.type)
    return "item" if kind is None else kind.entity


async def _awaiting_approval(store: Store, item: str) -> dict[str, Wait]:
    """The counts and corrections of an item that are too large to be booked unseen, by id."""
    found = {}
    for document in await all_documents(store, PENDING):
        known = _PENDING.decode(document.body)
        if known.state == "pending" and known.said["item"] == item:
            what = (
                f"correction {document.id} of {known.change:+} at {known.said['site']} to be"
                f" approved: {known.limit}"
            )
            found[document.id] = Wait(what, known.place, "inventory control", known.at, stuck=True)
    return found


async def _names(store: Store, item: str) -> dict[str, str]:
    """What else everybody calls an item, or called what is this item now: with who said so."""
    loaded = await store.load(Wanted(documents={names_key(Entity.ITEM, item)}))
    known = [
        external
        for one in loaded.documents.values()
        for system, external in _NAMES.decode(one.body).externals
        if system == EVERYBODY
    ]
    keys = {link_key(Entity.ITEM, EVERYBODY, name): name for name in known}
    loaded = await store.load(Wanted(documents=set(keys)))
    found = {}
    for key, name in keys.items():
        if (document := loaded.documents.get(key)) is not None:
            found[name] = _LINK.decode(document.body).meanings[-1].place
    return found
