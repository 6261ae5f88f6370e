"""What must be so when the faults are over: nothing is left to do, and both sides agree (I27).

What a person must look at is no disagreement: a key with a held effect, or with a held message, is
left out where it would explain a difference, and the hub must show it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import INSIDE, Fate
from crossdock.log.records import Recorded
from crossdock.orders.state import Line, OrderState
from crossdock.runtime.simulation.checks import Breach, Picture
from crossdock.runtime.simulation.doings import KIT
from crossdock.sagas.recipes.parts import Done, Scene, Watch
from crossdock.sagas.recipes.shipped import SHIPPED

if TYPE_CHECKING:
    from crossdock.runtime.simulation.world import World

_DONE = ("accepted", "already_done", "adopted")
_TRAVELLING = "in_transit"  # a warehouse's bins do not know what is on the road


def disagreements(world: World, seen: Picture) -> Iterator[Breach]:
    """Everything on which the hub and the world differ in the end."""
    yield from _receipts_kept(world, seen)
    yield from _told_once(world, seen)
    yield from _told_in_order(world, seen)
    yield from _answers_stand(world, seen)
    yield from _as_the_model_says(seen)
    yield from _instances_say_so(seen)
    yield from wrongly_answered(world)
    yield from wrongly_shown(world, seen)
    if world.doings.is_straight:
        yield from _stock(world, seen)
        yield from _staged(world, seen)
        yield from _documents(world, seen)


def left_over(seen: Picture) -> Iterator[str]:
    """What is still to be done."""
    for number, (head, decided) in seen.heads.items():
        if decided < head:
            yield f"partition {number} is decided up to {decided} of {head}"
    stuck: set[tuple[str, str]] = set()  # keys whose head waits for a person
    for one in seen.effects:
        if one.state == "held":
            stuck.add((one.destination, one.key))
        if one.state in ("due", "in_flight") and (one.destination, one.key) not in stuck:
            yield f"{one.business_key} is {one.state} after {one.attempts} attempts"


def _instances_say_so(seen: Picture) -> Iterator[Breach]:
    """An instance that only watches its order is complete when the documents say so (I25)."""
    for saga in seen.sagas:
        [recipe] = [one for one in SHIPPED[saga.recipe] if one.version == saga.version]
        judges = [one.does.judge for one in recipe.steps if isinstance(one.does, Watch)]
        if len(judges) < len(recipe.steps) or saga.ended:
            continue
        subject = msgspec.json.decode(saga.subject, type=recipe.subject)
        scene = Scene(saga.number, saga.key, subject, {}, seen.states.get(saga.key))
        if all(judge is not None and isinstance(judge(scene), Done) for judge in judges):
            found = f"{saga.id} is {saga.standing}, and its order's documents say done"
            yield Breach("instances_say_so", "I25", found, (saga.key,))


def _receipts_kept(world: World, seen: Picture) -> Iterator[Breach]:
    """Every message that a far system has a receipt for stands on the log (I1)."""
    said: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for name, message_id, event in world.said_by_anybody:
        said[name, message_id].append(event)
    for name, system in world.estate.systems.items():
        for message_id, receipt in system.outbox.receipts.items():
            if receipt.answer not in ("accepted", "duplicate", "rival"):
                continue
            number, _, at = receipt.position.partition(":")
            message = seen.messages.get((int(number), int(at)))
            if message is None:
                yield Breach("accepted_kept", "I1", f"{name} {message_id} is gone", (message_id,))
            elif not _says_what_was_sent(message, said.get((name, message_id), [])):
                found = f"{name} {message_id} was {receipt.answer} as {message.id}"
                yield Breach("accepted_kept", "I1", found, (message_id,))


def _says_what_was_sent(message: Recorded, events: list[bytes]) -> bool:
    """Whether a message is one of these, or says the same under another id."""
    data = msgspec.json.decode(message.raw)["data"]
    return message.raw in events or any(
        msgspec.json.decode(event).get("data") == data for event in events
    )


def _told_once(world: World, seen: Picture) -> Iterator[Breach]:
    """No far system did a thing twice, save one that forgot what it had done (I20)."""
    for name, far in world.far.items():
        for key, effect in far.system.effects.by_key.items():
            if effect.times > 1 and not far.has_forgotten:
                yield Breach("done_once", "I20", f"{name} did {key} {effect.times} times", (key,))
        known = {one.business_key for one in seen.effects}
        for key in far.system.effects.by_key:
            if key not in known:
                yield Breach("done_as_intended", "I26", f"{name} did {key}, unasked", (key,))
    for one in seen.effects:
        there = world.far.get(one.destination)
        if (
            there is None
            or there.has_forgotten
            or one.state not in ("accepted", "already_done", "adopted")
        ):
            continue
        if one.business_key not in there.system.effects.by_key:
            found = f"{one.destination} never did {one.business_key}"
            yield Breach("nothing_lost", "I19", found, (one.business_key,))


def _told_in_order(world: World, seen: Picture) -> Iterator[Breach]:
    """Each far system did the effects of one key in the order in which they were decided (I21)."""
    numbers = {one.business_key: one for one in seen.effects}
    for name, far in world.far.items():
        last: dict[str, int] = defaultdict(int)
        for key in far.system.effects.by_key:
            one = numbers.get(key)
            if one is None or far.has_forgotten or one.state == "superseded":
                continue  # what was superseded may still be on its way
            if one.effect_id < last[one.key]:
                yield Breach("told_in_order", "I21", f"{name} did {key} too late", (one.key,))
            last[one.key] = max(last[one.key], one.effect_id)


def _answers_stand(world: World, seen: Picture) -> Iterator[Breach]:
    """A call is answered the same however often it is asked, and as it was decided (I3, I15)."""
    answers: dict[tuple[str, bytes], bytes] = {}
    for kind, body, answer in world.doings.calls:
        first = answers.setdefault((kind, body), answer)
        if first != answer:
            yield Breach("answers_stand", "I15", f"{body!r}: {first!r}, then {answer!r}")
    kept = {bytes(outcome.answer) for outcome in seen.outcomes.values() if outcome.answer}
    for answer in answers.values():
        if answer and answer not in kept:
            yield Breach("answers_stand", "I1", f"an answer that nobody decided: {answer!r}")


@dataclass
class _Sums:
    """What the applied messages of all orders add up to: dictionaries, and nothing cleverer."""

    done: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)  # figure, ..., site
    invoiced: Counter[tuple[str, str]] = field(default_factory=Counter)
    wanted: dict[tuple[str, str], tuple[tuple[int, str], int]] = field(default_factory=dict)

    def learn(self, kind: str, data: Any) -> None:
        """Take one message."""
        for figure, named in _FIGURES.get(kind, ()):
            for line in data.get("lines", ()):
                at = (figure, data["order_id"], line["line"], data["site"])
                self.done[at] += line.get(named, 0)
        if kind == catalogue.INVOICE_POSTED:
            for line in data.get("lines", ()):
                self.invoiced[data["order_id"], line["line"]] += line["quantity"]
        if kind in (catalogue.ORDER_PLACED, catalogue.ORDER_CHANGE_REQUESTED):
            rank = (data.get("revision", 0), data.get("change_id", ""))
            for line in data.get("lines", ()):
                order_line = (data["order_id"], line["line"])
                known = self.wanted.get(order_line)
                if "quantity" in line and (known is None or known[0] <= rank):
                    self.wanted[order_line] = (rank, line["quantity"])


def _as_the_model_says(seen: Picture) -> Iterator[Breach]:
    """Per line, the applied facts add up to the order (I7); kits are left to their own checks."""
    sums = _Sums()
    for place, outcome in seen.outcomes.items():
        if outcome.fate is Fate.APPLIED:
            message = seen.messages[place]
            sums.learn(message.type, msgspec.json.decode(message.raw)["data"])
    for order in seen.states.values():
        for number, line in order.lines.items():
            if not line.kit:
                yield from _line_as_said(sums, order, number, line)


def _line_as_said(sums: _Sums, order: OrderState, number: str, line: Line) -> Iterator[Breach]:
    name = order.order_id
    for site, place in line.sites.items():
        for figure in ("picked", "short", "packed", "shipped", "returned"):
            said, found = sums.done[figure, name, number, site], getattr(place, figure)
            if found != said:
                yield _other(name, f"{number} at {site}: {figure} {found}, said {said}")
    if line.invoiced != sums.invoiced[name, number]:
        said = sums.invoiced[name, number]
        yield _other(name, f"{number}: invoiced {line.invoiced}, said {said}")
    wanted = sums.wanted.get((name, number))
    if wanted is not None and not line.unit and order.placed and line.ordered != wanted[1]:
        yield _other(name, f"{number}: ordered {line.ordered}, said {wanted[1]}")


def _other(order: str, found: str) -> Breach:
    return Breach("as_the_model_says", "I7", f"{order}/{found}", (order,))


_FIGURES = {
    catalogue.PICK_CONFIRMED: (("picked", "quantity"), ("short", "short")),
    catalogue.CARTON_PACKED: (("packed", "quantity"),),
    catalogue.SHIPMENT_SHIPPED: (("shipped", "quantity"),),
    catalogue.RETURN_RECEIVED: (("returned", "quantity"),),
}


def _stock(world: World, seen: Picture) -> Iterator[Breach]:
    """What is on shelves and elsewhere in the house, hub and warehouse, item by item."""
    unsaid = _items_not_applied(seen)
    for site in ("EAST", "WEST"):
        ours: Counter[tuple[str, str]] = Counter()
        for row in seen.balances:
            if row.site == site and row.state in INSIDE and row.state != _TRAVELLING:
                ours[row.item, row.state] += row.quantity
        bins = world.estate.wms(site).bins
        theirs = Counter(
            {
                (item, state): units
                for item, states in bins.truth().items()
                for state, units in states.items()
                if state in INSIDE
            }
        )
        for item, units in bins.never_had.items():  # the hub takes what was not found for missing
            theirs[item, "available"] -= units - world.doings.counted[site, item]
            theirs[item, "missing"] += units
        for item, state in sorted(ours.keys() | theirs.keys()):
            a, b = ours[item, state], theirs[item, state]
            if a != b and item not in unsaid:
                found = f"{item} {state} at {site}: hub {a}, warehouse {b}"
                yield Breach("both_sides_agree", "I27", found, (item,))


def _staged(world: World, seen: Picture) -> Iterator[Breach]:
    """What an order waits to see leave stands on a staging floor: else it sticks, unseen."""
    unsaid = _items_not_applied(seen)
    for name, order in seen.states.items():
        for number, line in order.lines.items():
            for site, place in line.sites.items():
                theirs = world.estate.wms(site).staged(name, number)
                if place.staged != theirs and line.item not in unsaid:
                    found = f"{name}/{number} at {site}: hub {place.staged} staged, they {theirs}"
                    yield Breach("both_sides_agree", "I27", found, (name,))


def _items_not_applied(seen: Picture) -> set[str]:
    """Items of messages that were held for a person: of these both sides may think otherwise."""
    found: set[str] = set()
    for place, outcome in seen.outcomes.items():
        if outcome.fate is Fate.HELD:
            data: Any = msgspec.json.decode(seen.messages[place].raw)["data"]
            found |= {one["item"] for one in (data, *data.get("lines", ())) if "item" in one}
    return found


def _documents(world: World, seen: Picture) -> Iterator[Breach]:
    """Shipments and invoices, order by order."""
    stuck = world.operator.given_up
    shipped = {
        number: sum(mark.lines.values())
        for order in seen.states.values()
        for number, mark in order.shipments.items()
    }
    theirs: dict[str, int] = {}
    for site in ("EAST", "WEST"):
        theirs |= world.estate.wms(site).shipments
    for number in sorted(shipped.keys() | theirs.keys()):
        if shipped.get(number) != theirs.get(number):
            found = f"{number}: hub {shipped.get(number)}, warehouse {theirs.get(number)}"
            yield Breach("both_sides_agree", "I27", found, (number,))
    for name, row in seen.orders.items():
        billed = world.estate.erp.orders[name]
        if row.invoiced != billed and not world.far["erp"].has_forgotten:
            found = f"{name}: hub invoiced {row.invoiced}, ERP {billed}"
            yield Breach("both_sides_agree", "I27", found, (name,))
    told = {s: n for units in world.estate.shop.shipped.values() for s, n in units.items()}
    for name, order in seen.states.items():
        for number, mark in order.shipments.items():
            if order.channel != "web" or name in stuck:
                continue
            if told.get(number, 0) != sum(mark.lines.values()):
                yield Breach("both_sides_agree", "I27", f"{number} and the shop", (name,))


def wrongly_answered(world: World) -> Iterator[Breach]:
    """Items of which a channel is answered other than is counted, site by site, at that moment."""
    counted = world.asked_availability(explain=True)
    for answer, count in zip(world.asked_availability(), counted, strict=True):
        world.trace.reach("an answer compared with a count")
        if (answer.item, answer.quantity, answer.version) != (
            count.item,
            count.quantity,
            count.version,
        ):
            found = f"{answer.item}: answered {answer.quantity} ({answer.version}), "
            found += f"counted {count.quantity} ({count.version})"
            yield Breach("answered_is_counted", "I16", found, (answer.item,))


def wrongly_shown(world: World, seen: Picture) -> Iterator[Breach]:
    """Items of which the shop shows other than it may sell, with nothing on its way that says so.

    On its way is what is marked as changed (a kit with what it holds), and what is to be told.
    """
    marked = world.engine.marked()
    last = {
        one.key: one for one in seen.effects if one.type == catalogue.AVAILABILITY_PUBLISHED
    }  # the last one of each item, since they stand in the order of their numbers
    for view in world.asked_availability():
        if view.item in marked or (view.item == KIT and marked):
            continue
        if view.item in last and last[view.item].state not in _DONE:
            continue  # not told yet, or a person has it
        version, quantity = world.estate.shop.availability.get(view.item, (0, 0))
        world.trace.reach("a figure compared with what is shown")
        if quantity != view.quantity:
            found = f"{view.item}: may sell {view.quantity}, the shop shows {quantity} ({version})"
            yield Breach("shown_is_sellable", "I16", found, (view.item,))
