"""Which order a key belongs to: by what was said, an instance, an effect, or their own number."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.kernel.redaction import shown
from crossdock.log.keys import business_digest
from crossdock.log.ports import Store
from crossdock.log.records import Wanted
from crossdock.log.views import EffectView
from crossdock.runtime.commands.trace_parts import Fact, KeyAmbiguous
from crossdock.sagas.recipes.saga import KIND, Saga

_SAGA = msgspec.json.Decoder(Saga)

_NAMED: Final[dict[str, tuple[str, ...]]] = {
    "shipment": ("shipment/{key}",),
    "invoice": ("invoice/{key}",),
    "credit": ("credit/{key}",),
    "return": ("return/{key}", "return-submission/{key}", "return-receipt/{site}/{key}"),
    "parcel": ("carton/{site}/{key}",),
    "pick": ("pick/{site}/{key}",),
}
"""Kind of document -> the business keys under which its messages may stand on the log."""

KINDS: Final = (*_NAMED, "order", "item")
"""The words that may stand before a number."""


async def orders_behind(
    store: Store, key: str, sites: Collection[str], systems: Collection[str]
) -> dict[str, Fact]:
    """The orders that a key leads to, each with how it does; none where it leads to no order.

    `parcel:K-1` and `erp:77` narrow it to a kind of document or to a far system's own numbers.
    """
    kind, _, number = key.partition(":")
    if number and kind in _NAMED:
        found = await _by_document(store, {kind: _NAMED[kind]}, number, sites)
        return found or await _by_instance(store, f"{kind}/{number}")
    if number and kind in systems:
        return await _by_reference(store, number, kind)
    return (
        await _by_document(store, _NAMED, key, sites)
        or await _by_instance(store, key)
        or await _by_effect(store, key)
        or await _by_reference(store, key, "")
    )


async def speaks_of_order(store: Store, order_id: str) -> bool:
    """Whether a message is about an order of this id, though none was taken."""
    found = await store.messages(await store.places_of_key(order_id))
    kinds = (CATALOGUE.get(message.type) for message in found)
    return any(kind is not None and kind.key == "order_id" for kind in kinds)


def the_one(key: str, found: dict[str, Fact]) -> str:
    """The only order among these.

    Raises:
        KeyAmbiguous: there are several.
    """
    if len(found) > 1:
        told = "; ".join(fact.what for fact in found.values())
        raise KeyAmbiguous(where="trace", found=shown(f"{key}: {told}", length_max=200))
    return next(iter(found))


async def _by_document(
    store: Store, named: dict[str, tuple[str, ...]], key: str, sites: Collection[str]
) -> dict[str, Fact]:
    digests = [
        business_digest(name)
        for templates in named.values()
        for name in _names(templates, key, sites)
    ]
    found: dict[str, Fact] = {}
    for message in await store.messages(await store.places_of_business_keys(digests)):
        if await store.order_state(message.key) is not None:
            document = CATALOGUE[message.type].entity.replace("_", " ")
            what = f"{document} {key} belongs to order {message.key}"
            found.setdefault(message.key, Fact(what, message.place))
    return found


def _names(templates: Iterable[str], key: str, sites: Collection[str]) -> Iterable[str]:
    for template in templates:
        for site in sorted(sites) if "{site}" in template else ("",):
            yield template.format(key=key, site=site)


async def _by_instance(store: Store, name: str) -> dict[str, Fact]:
    loaded = await store.load(Wanted(documents={(KIND, name)}))
    for document in loaded.documents.values():
        saga = _SAGA.decode(document.body)
        if await store.order_state(saga.key) is not None:
            return {saga.key: Fact(f"{name} is a recipe at work on order {saga.key}", name)}
    return {}


async def _by_effect(store: Store, name: str) -> dict[str, Fact]:
    loaded = await store.load(Wanted(effects={name}))
    for standing in loaded.effects.values():
        effect = standing.effect
        if await store.order_state(effect.key) is not None:
            what = f"{name} is what {effect.destination} is told of order {effect.key}"
            return {effect.key: Fact(what, name)}
    return {}


async def _by_reference(store: Store, number: str, system: str) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for view in await store.effects_known_as([number]):
        theirs = system in ("", view.destination)
        if theirs and await store.order_state(view.key) is not None:
            found.setdefault(view.key, _theirs(number, view))
    return found


def _theirs(number: str, view: EffectView) -> Fact:
    what = f"{number} is {view.destination}'s number for {view.business_key} of order {view.key}"
    return Fact(what, view.business_key)
