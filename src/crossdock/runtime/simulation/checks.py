"""What must hold at every moment, asked of what the store shows; and what must hold in the end.

The questions bear the names that `crossdock verify` gives them where it asks the same. They look
through the reading port only, so that both engines are asked in the same words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.vocabulary import Fate, OrderStatus
from crossdock.log.keys import DESK_FIRST
from crossdock.log.records import SETTLED, OrderRow, Outcome, Recorded
from crossdock.log.views import BalanceRow, EffectView, ExceptionRow, PromiseView
from crossdock.orders.lifecycle import may_lead
from crossdock.orders.state import OrderState, all_figures, status
from crossdock.runtime.simulation.store import Engine, Handle
from crossdock.sagas import rebuild
from crossdock.sagas.batch import order_row
from crossdock.sagas.decide import opened
from crossdock.sagas.recipes.saga import KIND as SAGA
from crossdock.sagas.recipes.saga import Saga

_ALL = 1_000_000
_SETTLED = frozenset(str(verdict) for verdict in SETTLED)
_OPEN = frozenset({"due", "in_flight", "held"})


class Breach(NamedTuple):
    """A promise that does not hold: its name, the invariant behind it, and what was found."""

    check: str
    invariant: str
    found: str
    about: tuple[str, ...] = ()  # keys to look for in the trace


@dataclass
class Picture:
    """All that the store shows at one moment."""

    heads: dict[int, tuple[int, int]]
    messages: dict[tuple[int, int], Recorded]
    outcomes: dict[tuple[int, int], Outcome]
    orders: dict[str, OrderRow]
    balances: list[BalanceRow]
    promises: list[PromiseView]
    effects: list[EffectView]
    exceptions: dict[tuple[str, str], ExceptionRow]
    states: dict[str, OrderState] = field(default_factory=dict)
    sagas: list[Saga] = field(default_factory=list)

    @property
    def is_decided(self) -> bool:
        """Whether no message waits."""
        return all(head == decided for head, decided in self.heads.values())


def look(engine: Engine, store: Handle) -> Picture:
    """Take a picture."""
    heads = store.run("position")
    places = [(number, at) for number, (head, _) in heads.items() for at in range(1, head + 1)]
    outcomes = {
        (row.partition, row.position): row.outcome
        for number in heads
        for row in store.run("outcomes", number, 0, _ALL)
    }
    orders = {row.order_id: row for row in store.run("orders", "", _ALL)}
    return Picture(
        heads=heads,
        messages={(m.partition, m.position): m for m in store.run("messages", places)},
        outcomes=outcomes,
        orders=orders,
        balances=store.run("balances", None, _ALL),
        promises=store.run("promises", None, _ALL),
        effects=list(engine.effects()),
        exceptions={(row.kind, row.key): row for row in store.run("exceptions", _ALL)},
        states={
            name: msgspec.json.decode(row.state, type=OrderState) for name, row in orders.items()
        },
        sagas=[
            msgspec.json.decode(one.body, type=Saga)
            for one in store.run("documents_of_kind", SAGA, "", _ALL)
        ],
    )


def breaches(seen: Picture) -> Iterator[Breach]:
    """Every promise that is broken in a picture."""
    for ask in _QUESTIONS:
        yield from ask(seen)


def _one_fate(seen: Picture) -> Iterator[Breach]:
    for place in seen.messages:
        decided = place[1] <= seen.heads[place[0]][1]
        if decided is not (place in seen.outcomes):
            yield Breach("one_fate", "I2", f"{place} decided {decided}, outcome {not decided}")
    for place in seen.outcomes.keys() - seen.messages.keys():
        yield Breach("one_fate", "I2", f"an outcome without a message at {place}")


def _log_gapless(seen: Picture) -> Iterator[Breach]:
    for number, (head, decided) in seen.heads.items():
        found = sum(1 for place in seen.messages if place[0] == number)
        if found != head or not 0 <= decided <= head:
            yield Breach("log_gapless", "I1", f"{number}: head {head}, {found}, {decided} decided")


def _once_accepted(seen: Picture) -> Iterator[Breach]:
    ids = Counter((message.source, message.id) for message in seen.messages.values())
    for name, count in ids.items():
        if count > 1:
            yield Breach("once_accepted", "I3", f"{name} stands {count} times", name)
    keys: Counter[str] = Counter()
    for message in seen.messages.values():
        row = CATALOGUE.get(message.type)
        if row is not None and message.rival is None:
            noun = opened(message, ())[1]
            if key := row.business_key_of(message.source, noun):
                keys[key] += 1
    for key, count in keys.items():
        if count > 1:
            yield Breach("once_accepted", "I3", f"{key} stands {count} times", (key,))


def _rivals_held(seen: Picture) -> Iterator[Breach]:
    for place, message in seen.messages.items():
        outcome = seen.outcomes.get(place)
        if message.rival is not None and outcome is not None and outcome.fate is Fate.APPLIED:
            yield Breach("rivals_held", "I4", f"{message.id} applied beside {message.rival}")


def _nobody_died(seen: Picture) -> Iterator[Breach]:
    for place, outcome in seen.outcomes.items():
        if outcome.fate is Fate.DEAD:
            message = seen.messages[place]
            yield Breach(
                "nobody_died",
                "I24",
                f"{message.type} {message.id}: {outcome.reason}",
                (message.key,),
            )


def _line_law(seen: Picture) -> Iterator[Breach]:
    for name, order in seen.states.items():
        for number, now in all_figures(order).items():
            line = order.lines[number]
            if line.kind != "stock":
                continue
            at = f"{name}/{number}"
            explained = {
                kind
                for kind in ("over-shipped", "unordered-line", "over-invoiced", "over-returned")
                if (kind, at) in seen.exceptions
            }
            lowest = min(
                (
                    min(
                        p.reserved,
                        p.released,
                        p.picked,
                        p.short,
                        p.packed,
                        p.shipped,
                        p.returned,
                        p.put_back,
                    )
                    for p in line.sites.values()
                ),
                default=0,
            )
            if lowest < 0 or min(line.ordered, line.cancel, line.invoiced, line.waiting) < 0:
                yield Breach("line_law", "I9", f"{at} has a quantity below zero", (name,))
            if any(p.released > p.reserved for p in line.sites.values()):
                yield Breach("line_law", "I9", f"{at} more released than reserved", (name,))
            if not order.placed:
                continue
            if now.shipped > line.ordered and not explained & {"over-shipped", "unordered-line"}:
                yield Breach(
                    "line_law", "I9", f"{at} shipped {now.shipped} of {line.ordered}", (name,)
                )
            if now.returned > now.shipped and "over-returned" not in explained:
                yield Breach("line_law", "I9", f"{at} returned {now.returned}", (name,))
            if not line.kit and line.invoiced > now.shipped and "over-invoiced" not in explained:
                yield Breach("line_law", "I9", f"{at} invoiced {line.invoiced}", (name,))


def _invoice_once(seen: Picture) -> Iterator[Breach]:
    asked = Counter(
        (one.destination, one.business_key.rpartition("/")[2])
        for one in seen.effects
        if one.type == catalogue.INVOICE_REQUESTED
    )
    for (destination, shipment), count in asked.items():
        if count > 1:
            yield Breach("invoice_once", "I10", f"{destination} {shipment}: {count}", (shipment,))


def _balances_are_sums(seen: Picture) -> Iterator[Breach]:
    moved: Counter[tuple[str, str, str, str, str]] = Counter()
    for outcome in seen.outcomes.values():
        for one in outcome.movements:
            moved[one.item, one.from_site, one.lot, str(one.from_state), one.owner] -= one.quantity
            moved[one.item, one.to_site, one.lot, str(one.to_state), one.owner] += one.quantity
    kept = {row.account: row.quantity for row in seen.balances}
    for account in sorted(moved.keys() | kept.keys()):
        if moved[account] != kept.get(account, 0):
            found = f"{account}: {kept.get(account, 0)}, moved {moved[account]}"
            yield Breach("balances_are_sums", "I12", found, (account[0],))


def _nothing_from_nothing(seen: Picture) -> Iterator[Breach]:
    sums: Counter[str] = Counter()
    for row in seen.balances:
        sums[row.item] += row.quantity
    for item, total in sums.items():
        if total:
            yield Breach("nothing_from_nothing", "I12", f"{item}: {total}", (item,))


def _sellable_is_on_the_shelf(seen: Picture) -> Iterator[Breach]:
    shelf: Counter[tuple[str, str]] = Counter()
    for row in seen.balances:
        if row.state == "available" and not row.owner:
            shelf[row.item, row.site] += row.quantity
    promised = {(row.item, row.site): row.sellable for row in seen.promises}
    for key in sorted(shelf.keys() | promised.keys()):
        if shelf[key] != promised.get(key, 0):
            found = f"{key}: sellable {promised.get(key, 0)}, on the shelf {shelf[key]}"
            yield Breach("sellable_is_on_the_shelf", "I12", found, (key[0],))


def _reserved_is_promised(seen: Picture) -> Iterator[Breach]:
    """What a row says is promised is what orders and reservations hold of it."""
    held: Counter[tuple[str, str]] = Counter()
    for order in seen.states.values():
        for line in order.lines.values():
            for site, place in line.sites.items():
                held[line.item, site] += place.reserved
    for document in _documents(seen, "reservation").values():
        for line in document.get("lines", ()):
            for site, units in line.get("sites", {}).items():
                held[line["item"], site] += units
    granted: Counter[tuple[str, str]] = Counter()
    for at, message in seen.messages.items():
        if message.type == catalogue.STOCK_GRANTED and at not in seen.outcomes:
            said = msgspec.json.decode(message.raw)["data"]
            granted[said["item"], said["site"]] += said["quantity"]
    for row in seen.promises:
        key = (row.item, row.site)
        if row.reserved < 0:
            yield Breach("reserved_not_negative", "I13", f"{key}: {row.reserved}", (row.item,))
        if row.reserved != held[key] + granted[key]:
            found = f"{key}: reserved {row.reserved}, held {held[key]}, granted {granted[key]}"
            yield Breach("reserved_is_promised", "I15", found, (row.item,))


def _documents(seen: Picture, kind: str) -> dict[str, Any]:
    """The newest of each document as the outcomes say it."""
    newest: dict[str, tuple[int, Any]] = {}
    for outcome in seen.outcomes.values():
        for document in outcome.documents:
            if document.kind == kind:
                known = newest.get(document.id)
                if known is None or known[0] < document.revision:
                    newest[document.id] = (document.revision, document.body)
    return {name: msgspec.json.decode(body) for name, (_, body) in newest.items()}


def _documents_in_line(seen: Picture) -> Iterator[Breach]:
    """A document's revisions run from 1 without a gap: nothing was written over unseen."""
    revisions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for outcome in seen.outcomes.values():
        for document in outcome.documents:
            revisions[document.kind, document.id].append(document.revision)
    for name, found in revisions.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield Breach("documents_rebuilt", "I28", f"{name}: revisions {sorted(found)}", name)


def _resolved_once(seen: Picture) -> Iterator[Breach]:
    """A reservation is resolved once, and what a line was promised is never below zero."""
    states: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for outcome in seen.outcomes.values():
        for document in outcome.documents:
            if document.kind == "reservation":
                body = msgspec.json.decode(document.body)
                states[document.id].append((document.revision, body.get("state", "open")))
    for name, history in states.items():
        resolved = [state for _, state in sorted(history) if state != "open"]
        if len(set(resolved)) > 1:
            yield Breach("promises_resolved_once", "I15", f"{name}: {resolved}", (name,))
    sums: Counter[tuple[str, str, str]] = Counter()
    for outcome in seen.outcomes.values():
        for one in outcome.commitments:
            sums[one.order_id, one.line, one.site] += one.reserved
    for name, order in seen.states.items():
        for number, line in order.lines.items():
            for site, place in line.sites.items():
                if sums[name, number, site] != place.reserved:
                    found = (
                        f"{name}/{number} at {site}: {place.reserved}, {sums[name, number, site]}"
                    )
                    yield Breach("promises_resolved_once", "I15", found, (name,))


def _versions_grow(seen: Picture) -> Iterator[Breach]:
    last: dict[str, int] = {}
    for one in seen.effects:
        if one.type == catalogue.AVAILABILITY_PUBLISHED:
            about, _, version = one.business_key.rpartition("/")
            if int(version) <= last.get(about, 0):
                yield Breach("availability_in_order", "I16", one.business_key, (one.key,))
            last[about] = int(version)


def _effects_decided(seen: Picture) -> Iterator[Breach]:
    named = {key for outcome in seen.outcomes.values() for key in outcome.effects}
    there = {one.business_key: one for one in seen.effects}
    for key in sorted(named - there.keys()):
        yield Breach("effects_decided", "I18", f"{key} is named and not there", (key,))
    for key, one in there.items():
        if one.place is not None and key not in named:
            yield Breach("effects_named", "I18", f"{key} is there and not named", (key,))
    if len(there) != len(seen.effects):
        yield Breach("effects_decided", "I18", "an effect stands twice")


def _effects_end(seen: Picture) -> Iterator[Breach]:
    for one in seen.effects:
        settled = sum(attempt.verdict in _SETTLED for attempt in one.ended)
        if settled > 1 or (settled == 1) is (one.state in _OPEN):
            found = f"{one.business_key} is {one.state}, settled {settled} times"
            yield Breach("effects_end", "I19", found, (one.key,))
        numbers = [attempt.attempt for attempt in one.ended]
        if len(set(numbers)) != len(numbers) or any(n > one.attempts + 1 for n in numbers):
            yield Breach("attempts_fenced", "I22", f"{one.business_key}: {numbers}", (one.key,))
        if (
            one.state == "held"
            and one.ended
            and not any(key == one.business_key for _, key in seen.exceptions)
        ):
            yield Breach("notes_shown", "I19", f"{one.business_key} is held unseen", (one.key,))


def _heads_first(seen: Picture) -> Iterator[Breach]:
    oldest: dict[tuple[str, str], str] = {}
    for one in seen.effects:
        line = (one.destination, one.key)
        told = any(attempt.verdict in ("accepted", "already_done") for attempt in one.ended)
        if told and line in oldest:
            found = f"{one.business_key} was told before {oldest[line]}"
            yield Breach("heads_first", "I21", found, (one.key,))
        if one.state in _OPEN:
            oldest.setdefault(line, one.business_key)


def _orders_rebuilt(seen: Picture) -> Iterator[Breach]:
    """Folding the log again gives every order to the byte, and no message led beside the table."""
    folded: dict[str, OrderState] = {}
    stands: dict[str, OrderStatus] = {}
    for place in sorted(seen.outcomes):
        message, outcome = seen.messages[place], seen.outcomes[place]
        row = CATALOGUE.get(message.type)
        if row is None or row.key != "order_id" or outcome.fate is not Fate.APPLIED:
            continue
        order = folded.setdefault(message.key, OrderState(message.key))
        rebuild.fold(order, *opened(message, outcome.resolved), outcome)
        before = stands.get(message.key, OrderStatus.AWAITED)
        after = stands[message.key] = status(order)
        if place[0] < DESK_FIRST and not may_lead(before, message.type, after):
            found = f"{before} became {after} by {message.type} at {place}"
            yield Breach("legal_history", "I7", found, (message.key,))
    for name, order in folded.items():
        if not order.facts:
            continue
        stored, rebuilt = seen.orders.get(name), order_row(order)
        if stored is None or stored != rebuilt:
            yield Breach("orders_rebuilt", "I28", f"{name} is not what the log says", (name,))
        elif stored.status != status(order):
            yield Breach("figures_derived", "I9", f"{name} is {stored.status}", (name,))


def _notes_shown(seen: Picture) -> Iterator[Breach]:
    """What was noted after all that a closing knew of is shown to people."""
    noted: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    settled: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for place in sorted(seen.outcomes):
        outcome = seen.outcomes[place]
        for note in outcome.notes:
            noted[note.kind, note.key][place[0]] = place[1]
        for closing in outcome.closings:
            known = settled[closing.kind, closing.key]
            for number, at in closing.upto.items():
                known[number] = max(at, known.get(number, 0))
    for name, places in noted.items():
        is_open = any(at > settled[name].get(number, 0) for number, at in places.items())
        if is_open and name not in seen.exceptions:
            yield Breach("notes_shown", "I28", f"{name[0]} {name[1]}", (name[1],))


def _grants_sent(seen: Picture) -> Iterator[Breach]:
    said = Counter({
        f"{place[0]}:{place[1]}": len(outcome.grants)
        for place, outcome in seen.outcomes.items()
        if outcome.grants
    })  # fmt: skip
    sent = sum(message.type == catalogue.STOCK_GRANTED for message in seen.messages.values())
    if said.total() != sent:
        yield Breach("grants_sent", "I15", f"{said.total()} set aside, {sent} sent")


_QUESTIONS = (
    _one_fate, _log_gapless, _once_accepted, _rivals_held, _nobody_died, _line_law, _invoice_once,
    _balances_are_sums, _nothing_from_nothing, _sellable_is_on_the_shelf, _reserved_is_promised,
    _documents_in_line, _resolved_once, _versions_grow, _effects_decided, _effects_end,
    _heads_first, _orders_rebuilt, _notes_shown, _grants_sent,
)  # fmt: skip
