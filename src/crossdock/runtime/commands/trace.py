"""`crossdock trace KEY`: one timeline of an order, shipment, item or message, and why it is stuck.

Every line cites its evidence: a place on the log (`3:17`, partition and position) that `trace`
shows in turn, or the business key under which somebody was told.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.vocabulary import Fate
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.log.keys import business_digest
from crossdock.log.records import Recorded
from crossdock.log.views import EffectView, ExceptionRow, OutcomeRow
from crossdock.orders.state import OrderState, figures, status
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.decide import opened
from crossdock.storage.postgres.reading import Place, PostgresReading

_PLACE = re.compile(r"\A([0-9]{1,5}):([0-9]{1,18})\Z")
_MOVEMENTS_MAX = 200
_WAITING_MAX = 20
_SHOWN = ("reserved", "backordered", "shipped", "cancelled", "invoiced", "returned")
_DONE = ("accepted", "already_done", "superseded")
_ORDER = msgspec.json.Decoder(OrderState)


class KeyUnknown(CrossdockError):
    """Nothing on the log goes by this key."""

    code = "key-unknown"
    expects = "the number of an order, shipment, invoice, return or item, or a place like 3:17"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    who: str
    what: str
    evidence: str
    decided: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that has not happened yet, and where that is written."""

    what: str
    evidence: str


@dataclass(slots=True)
class Trace:
    """All that is known about a key."""

    kind: str
    id: str
    summary: list[str] = field(default_factory=list)
    timeline: list[Entry] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    exceptions: list[ExceptionRow] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The object that scripts read."""
        return {
            "kind": self.kind,
            "id": self.id,
            "summary": self.summary,
            "timeline": [msgspec.to_builtins(entry) for entry in self.timeline],
            "waits_for": [msgspec.to_builtins(wait) for wait in self.waits],
            "exceptions": [msgspec.to_builtins(one) for one in self.exceptions],
        }


def run(key: str, config: Path, *, as_json: bool = False) -> int:
    """Show what is known of a key; gives 0.

    Raises:
        KeyUnknown: nothing goes by this key.
        ConfigurationWrong: the configuration cannot be used.
        StoreError: the database cannot be read.
    """
    trace = asyncio.run(_look(read_settings(config), key))
    _show(trace)
    finish(trace.as_json(), as_json=as_json)
    return OK


async def _look(settings: Settings, key: str) -> Trace:
    async with opened_store(settings) as store:
        warehouses = {
            site: roles["wms"] for site, roles in settings.sites.items() if "wms" in roles
        }
        return await trace_of(store, key, warehouses)


async def trace_of(store: PostgresReading, key: str, sites: Mapping[str, str]) -> Trace:
    """Find what the key names, and tell its story; `sites` says which system works at which site.

    Raises:
        KeyUnknown: it names nothing.
    """
    matched = _PLACE.match(key)
    if matched is not None:
        return await _message(store, (int(matched[1]), int(matched[2])))
    state = await store.order_state(key)
    if state is not None:
        return await _order(store, _ORDER.decode(state), sites)
    for kind in ("shipment", "invoice", "return"):
        order = await _order_behind(store, business_digest(f"{kind}/{key}"))
        if order is not None:
            trace = await _order(store, order, sites)
            trace.summary.insert(0, f"{kind} {key} belongs to order {order.order_id}")
            return trace
    return await _item(store, key)


async def _order_behind(store: PostgresReading, digest: bytes) -> OrderState | None:
    places = await store.places_of_business_keys([digest])
    for message in await store.messages(places):
        state = await store.order_state(message.key)
        if state is not None:
            return _ORDER.decode(state)
    return None


# An order -------------------------------------------------------------------------------------


async def _order(store: PostgresReading, order: OrderState, sites: Mapping[str, str]) -> Trace:
    trace = Trace("order", order.order_id)
    places = await store.places_of_key(order.order_id)
    outcomes = await _tell_messages(store, trace, places)
    effects = await store.effects_of(order.order_id)
    _tell_attempts(trace, effects)
    trace.summary.append(
        f"order {order.order_id} of {order.customer or 'an unknown customer'}: {status(order)}"
    )
    for number in sorted(order.lines):
        trace.summary.append(_line(order, number))
    _wait_for_decisions(trace, places, outcomes)
    trace.waits += [Wait(f"held: {hold}", order.order_id) for hold in order.holds]
    await _wait_for_stock(store, trace, order)
    _wait_for_delivery(trace, effects)
    _wait_for_warehouses(trace, order, effects, sites)
    _wait_for_stops(trace, order)
    _wait_for_finance(trace, order, effects)
    keys = [order.order_id, *(effect.business_key for effect in effects)]
    trace.exceptions = await store.exceptions_about(keys, places)
    return trace


def _line(order: OrderState, number: str) -> str:
    line = order.lines[number]
    now = figures(order, line)
    parts = [f"{now.ordered} ordered"]
    parts += [f"{getattr(now, name)} {name}" for name in _SHOWN if getattr(now, name)]
    return f"line {number}: {line.item}: {', '.join(parts)}"


async def _wait_for_stock(store: PostgresReading, trace: Trace, order: OrderState) -> None:
    for row in await store.waiting_of_order(order.order_id):
        if not row.sites:
            why = "no site may serve it now" if not order.holds else "its item must be known first"
            trace.waits.append(
                Wait(f"line {row.line}: {row.quantity} x {row.item}: {why}", row.item)
            )
            continue
        free = [
            f"{promise.free} free at {promise.site}"
            for promise in await store.promises_of_item(row.item)
            if promise.site in row.sites
        ]
        shelf = words.listed(free) or f"never seen at {words.listed(row.sites)}"
        trace.waits.append(
            Wait(f"stock for line {row.line}: {row.quantity} x {row.item}: {shelf}", row.item)
        )


def _wait_for_warehouses(
    trace: Trace, order: OrderState, effects: Sequence[EffectView], sites: Mapping[str, str]
) -> None:
    """Warehouses that were asked for goods and have not said anything about them since."""
    for site in sorted({site for line in order.lines.values() for site in line.sites}):
        asked = [
            f"{place.released - place.stopping} x {line.item} (line {number})"
            for number, line in sorted(order.lines.items())
            if (place := line.sites.get(site)) and place.released > place.stopping
        ]
        told = [
            effect
            for effect in effects
            if effect.type == catalogue.ORDER_RELEASED
            and effect.destination == sites.get(site)
            and _done(effect)
        ]
        if asked and told:
            last = max(told, key=lambda effect: effect.ended[-1].settled_time)
            since = words.when(last.ended[-1].settled_time)
            trace.waits.append(
                Wait(
                    f"{site} to pick {words.listed(asked)}: asked, no answer since {since}",
                    last.business_key,
                )
            )


def _wait_for_stops(trace: Trace, order: OrderState) -> None:
    """Units that stay promised until a warehouse says that it will not pick them."""
    trace.waits += [
        Wait(
            f"{site} to say that it stopped {place.stopping} x {line.item} (line {number})",
            order.order_id,
        )
        for number, line in sorted(order.lines.items())
        for site, place in sorted(line.sites.items())
        if place.stopping
    ]


def _wait_for_finance(trace: Trace, order: OrderState, effects: Sequence[EffectView]) -> None:
    """Invoices that were asked for and not posted."""
    totals = [figures(order, line) for line in order.lines.values()]
    missing = sum(now.shipped for now in totals) - sum(now.invoiced for now in totals)
    asked = [e for e in effects if e.type == catalogue.INVOICE_REQUESTED and _done(e)]
    if missing > 0 and asked:
        last = max(asked, key=lambda effect: effect.ended[-1].settled_time)
        since = words.when(last.ended[-1].settled_time)
        trace.waits.append(
            Wait(
                f"{last.destination} to invoice {missing} shipped units: asked at {since}",
                last.business_key,
            )
        )


# An item --------------------------------------------------------------------------------------


async def _item(store: PostgresReading, item: str) -> Trace:
    trace = Trace("item", item)
    places = [
        *await store.places_of_key(item),
        *await store.places_of_item(item, _MOVEMENTS_MAX),
    ]
    promises = await store.promises_of_item(item)
    waiting = await store.waiting_of_item(item, _WAITING_MAX)
    if not (places or promises or waiting):
        raise KeyUnknown(where="trace", found=shown(item))
    outcomes = await _tell_messages(store, trace, list(dict.fromkeys(places)))
    effects = await store.effects_of(item)
    _tell_attempts(trace, effects)
    trace.summary += [
        f"{item} at {promise.site}: {promise.sellable} on the shelf, {promise.reserved} promised,"
        f" {promise.free} free"
        for promise in promises
    ]
    _wait_for_decisions(trace, places, outcomes)
    trace.waits += [
        Wait(f"order {row.order_id} line {row.line} waits for {row.quantity}", row.order_id)
        for row in waiting
    ]
    _wait_for_delivery(trace, effects)
    keys = [item, *(effect.business_key for effect in effects)]
    trace.exceptions = await store.exceptions_about(keys, [])
    return trace


# A message ------------------------------------------------------------------------------------


async def _message(store: PostgresReading, place: Place) -> Trace:
    trace = Trace("message", f"{place[0]}:{place[1]}")
    followed = await store.places_of_cause([place])
    outcomes = await _tell_messages(store, trace, [place, *followed])
    if not trace.timeline:
        raise KeyUnknown(where="trace", found=trace.id, expected="a place on the log")
    [message] = await store.messages([place])
    trace.summary.append(
        f"{message.type} from {message.source}, id {message.id}, about {message.key}"
    )
    trace.summary += words.times(message, outcomes.get(place))
    effects = await store.effects_decided_at([place])
    _tell_attempts(trace, effects)
    _wait_for_decisions(trace, [place, *followed], outcomes)
    _wait_for_delivery(trace, effects)
    keys = [trace.id, *(effect.business_key for effect in effects)]
    trace.exceptions = await store.exceptions_about(keys, [place])
    return trace


# What all have in common ----------------------------------------------------------------------


async def _tell_messages(
    store: PostgresReading, trace: Trace, places: Sequence[Place]
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


def _wait_for_decisions(
    trace: Trace, places: Sequence[Place], outcomes: dict[Place, OutcomeRow]
) -> None:
    """Messages that are not decided, or were put aside for a person."""
    for place in places:
        cited = f"{place[0]}:{place[1]}"
        row = outcomes.get(place)
        if row is None:
            trace.waits.append(Wait("a decider: accepted, not decided yet", cited))
        elif row.outcome.fate in (Fate.HELD, Fate.DEAD):
            reason = f"{row.outcome.fate.value}: {row.outcome.reason}"
            trace.waits.append(Wait(f"a person: the message is {reason}", cited))


def _wait_for_delivery(trace: Trace, effects: Sequence[EffectView]) -> None:
    """What somebody should know and does not, with how the last attempt ended."""
    ahead: dict[str, str] = {}
    for effect in effects:
        if _done(effect):
            continue
        first = ahead.setdefault(effect.destination, effect.business_key)
        why = f"waits behind {first}" if first != effect.business_key else _trouble(effect)
        trace.waits.append(
            Wait(f"{effect.destination} to be told: {effect.state}, {why}", effect.business_key)
        )


def _trouble(effect: EffectView) -> str:
    if not effect.attempts:
        return "not tried yet"
    if not effect.ended:
        return f"attempt {effect.attempts} is under way"
    last = effect.ended[-1]
    problem = last.problem or last.verdict
    return f"{effect.attempts} attempts, the last at {words.when(last.settled_time)}: {problem}"


def _done(effect: EffectView) -> bool:
    return effect.state in _DONE and bool(effect.ended)


def _show(trace: Trace) -> None:
    for line in trace.summary:
        say(line)
    say("")
    for entry in trace.timeline:
        say(f"{words.when(entry.at)}  {entry.who:12} {entry.what}  [{entry.evidence}]")
        for decided in entry.decided:
            say(f"{'':22}{'':12} → {decided}")
    if trace.exceptions:
        say("")
    for one in trace.exceptions:
        cited = one.place or one.key
        say(f"open: {one.kind} on {one.key}: {one.detail} ({one.times} times)  [{cited}]")
    say("")
    say("waits for" if trace.waits else "waits for nothing")
    for wait in trace.waits:
        say(f"  {wait.what}  [{wait.evidence}]")
