"""What every trace has in common: the configuration it needs, the timeline, what is still open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.conditions import Condition
from crossdock.delivery.gate import Sparing
from crossdock.log.looking import Place
from crossdock.log.ports import Store
from crossdock.log.records import Recorded, Wanted
from crossdock.log.views import EffectView, OutcomeRow
from crossdock.runtime.commands import trace_safe as safe
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.destinations import destinations
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.commands.trace_delivery import Ways, flows_behind, waits_for_delivery
from crossdock.runtime.commands.trace_parts import Entry, Trace, Wait
from crossdock.runtime.commands.trace_why import decision_awaited, noted_under
from crossdock.runtime.config import Settings
from crossdock.sagas.decide import opened
from crossdock.sagas.deciders.pauses import PAUSE, pause_of
from crossdock.sagas.operations import HANDLED
from crossdock.sagas.recipes.book import RecipeBook


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


async def close(
    store: Store,
    trace: Trace,
    effects: Sequence[EffectView],
    keys: Sequence[str],
    places: Sequence[Place],
    outcomes: Mapping[Place, OutcomeRow],
    house: House,
    now: datetime,
) -> None:
    """Say what is still to be told and what is in its way, what is open, and what is safe."""
    ways = await ways_of(store, house, now)
    trace.waits += waits_for_delivery(effects, ways)
    trace.waits.sort(key=lambda wait: not wait.stuck)
    flows, paused = flows_behind(effects, ways)
    shared = noted_under(await store.messages(list(outcomes)), outcomes)
    keys = [*keys, *(effect.business_key for effect in effects), *shared, *flows]
    trace.exceptions = await store.exceptions_about(keys, [*places, *paused])
    found = safe.about_conditions(trace.exceptions, house.conditions, trace.id)
    trace.safe = safe.once([*trace.safe, *found], trace.waits)


async def decisions_awaited(
    store: Store, places: Sequence[Place], outcomes: dict[Place, OutcomeRow]
) -> list[Wait]:
    """Messages that are not decided, or were put aside and not dealt with since."""
    handled = await handled_of(store, places)
    return [
        wait
        for message in await store.messages(places)
        for wait in decision_awaited(
            message,
            outcomes.get((message.partition, message.position)),
            handled=message.place in handled,
        )
    ]


async def tell_messages(
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


def tell_attempts(trace: Trace, effects: Sequence[EffectView]) -> None:
    for effect in effects:
        for attempt in effect.ended:
            what = words.ended(effect, attempt)
            cited = effect.place or effect.business_key
            trace.timeline.append(
                Entry(attempt.settled_time, "crossdock", what, cited, words.evidence(attempt))
            )
    trace.timeline.sort(key=lambda entry: entry.at)


async def handled_of(store: Store, places: Sequence[Place]) -> frozenset[str]:
    """The places of messages that a person has dealt with."""
    names = {f"{partition}:{position}" for partition, position in places}
    loaded = await store.load(Wanted(documents={(HANDLED, name) for name in names}))
    return frozenset(name for _, name in loaded.documents)


async def ways_of(store: Store, house: House, now: datetime) -> Ways:
    """How every destination fares, and which flows the house's own rules hold back."""
    found = [pause_of(one) for one in await all_documents(store, PAUSE)]
    return Ways(
        {one.name: one for one in await destinations(store, house.sparing, now)},
        [one for one in found if one is not None],
    )
