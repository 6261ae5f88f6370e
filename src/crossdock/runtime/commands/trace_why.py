"""Why an order is where it is: what is awaited, from whom, since when, and what keeps it.

Pure: a picture of one order in, sentences out. Nothing is guessed: each sentence says what a fact,
a decision, an attempt, an instance or a gate says, and cites it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import Disposition, Fate, HoldKind
from crossdock.inventory.inbound import Inbound
from crossdock.log.looking import Place
from crossdock.log.records import Memory, Recorded, Waiting
from crossdock.log.views import EffectView, OutcomeRow, PromiseView
from crossdock.orders.doings import Doing
from crossdock.orders.matching import Finding, MatchRow, match
from crossdock.orders.receipts import sent
from crossdock.orders.refusals import kind_of
from crossdock.orders.state import OrderState
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.trace_delivery import Ways, is_done, waits_for_delivery
from crossdock.runtime.commands.trace_parts import Wait
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import Saga
from crossdock.sagas.recipes.words import awaited, residue

_ANSWERS_FOR: Final[Mapping[HoldKind, str]] = {
    HoldKind.DATA: "the owner of the master record",
    HoldKind.CREDIT: "credit control",
    HoldKind.PRICING: "pricing",
    HoldKind.TAX: "finance",
    HoldKind.ADDRESS: "the channel",
}
"""Who can let a hold go, in words; of other kinds it is the order desk."""


@dataclass(slots=True)
class Picture:
    """All that is looked at to say why an order is where it is, as of one moment."""

    order: OrderState
    now: datetime
    messages: Sequence[Recorded] = ()
    nouns: Mapping[Place, Any] = field(default_factory=dict)
    outcomes: Mapping[Place, OutcomeRow] = field(default_factory=dict)
    effects: Sequence[EffectView] = ()
    waiting: Sequence[Waiting] = ()
    promises: Mapping[str, Sequence[PromiseView]] = field(default_factory=dict)
    inbound: Mapping[str, Inbound] = field(default_factory=dict)
    purchases: Mapping[str, str] = field(default_factory=dict)  # purchase order -> its newest place
    sagas: Sequence[tuple[Saga, Recipe | None]] = ()
    ways: Ways = field(default_factory=Ways)
    warehouses: Mapping[str, str] = field(default_factory=dict)  # site -> system
    item_owner: str = ""
    handled: frozenset[str] = frozenset()  # places of messages that a person has dealt with

    def last_place(self) -> str:
        """The newest message about the order; the order's id where there is none."""
        return self.messages[-1].place if self.messages else self.order.order_id

    def said(self, kind: str, **named: str) -> Recorded | None:
        """The newest message of a type whose fields are these."""
        for message in reversed(self.messages):
            noun = self.nouns.get((message.partition, message.position))
            of_type = message.type == kind and noun is not None
            if of_type and all(getattr(noun, name, None) == it for name, it in named.items()):
                return message
        return None

    def began(self, what: Doing, holds: Any) -> OutcomeRow | None:
        """The decision by which something came to be remembered that still is.

        `holds` says of each memory of this kind whether it says so; None: it is of something else.
        """
        found: OutcomeRow | None = None
        for message in self.messages:
            row = self.outcomes.get((message.partition, message.position))
            for memory in row.outcome.memories if row is not None else ():
                if memory.what != what or (so := holds(memory)) is None:
                    continue
                found = (found or row) if so else None
        return found


def waits_of(picture: Picture) -> list[Wait]:
    """Everything that an order waits for, what keeps it before what merely takes its time."""
    found = [
        *_decisions(picture),
        *_holds(picture),
        *_stock(picture),
        *waits_for_delivery(picture.effects, picture.ways),
        *_picks(picture),
        *_stops(picture),
        *_documents(picture),
        *_returns(picture),
        *_instances(picture),
    ]
    return sorted(found, key=lambda wait: not wait.stuck)


# Decisions and holds --------------------------------------------------------------------------


def _decisions(picture: Picture) -> Iterator[Wait]:
    for message in picture.messages:
        row = picture.outcomes.get((message.partition, message.position))
        yield from decision_awaited(message, row, handled=message.place in picture.handled)


def decision_awaited(
    message: Recorded, row: OutcomeRow | None, *, handled: bool = False
) -> Iterator[Wait]:
    """A message that is not decided, or was put aside for a person and nobody has dealt with it."""
    if row is None:
        what = "accepted, not decided yet"
        yield Wait(what, message.place, "a decider", message.received_time)
    elif row.outcome.fate in (Fate.HELD, Fate.DEAD) and not handled:
        what = f"the message of {message.source} is {row.outcome.fate.value}: {row.outcome.reason}"
        yield Wait(what, message.place, "a person", row.processed_time, stuck=True)


def noted_under(messages: Sequence[Recorded], outcomes: Mapping[Place, OutcomeRow]) -> list[str]:
    """The keys of conditions that these messages share with others: numbers, codes, sequences."""
    found: dict[str, None] = {}
    for message in messages:
        row = outcomes.get((message.partition, message.position))
        kind, *about = (row.outcome.reason if row is not None else "").split(":", 2)
        if kind == "unknown-identifier" and len(about) == 2:
            found[f"{about[0]}/{message.source}/{about[1]}"] = None
        elif kind == "unknown-code" and len(about) == 2:
            found[f"{message.source}/{about[0]}/{about[1]}"] = None
        found[f"{message.source}/{message.key}"] = None
    return list(found)


def _holds(picture: Picture) -> Iterator[Wait]:
    for hold in picture.order.holds:
        kind = kind_of(hold)
        who = _ANSWERS_FOR.get(kind, "the order desk")
        if hold.startswith("unknown-item:") and picture.item_owner:
            who = picture.item_owner
        placed = picture.said(catalogue.ORDER_HOLD_PLACED, hold_id=hold.partition(":")[2])
        began = picture.began(Doing.HOLDS, lambda memory, hold=hold: hold in memory.value)
        if placed is not None:
            reason = picture.nouns[(placed.partition, placed.position)].reason
            why = f": {reason}" if reason else ""
            what = f"held: {hold}, placed by {placed.source}{why}"
            yield Wait(what, placed.place, who, placed.event_time, stuck=True)
        else:
            since = None if began is None else began.processed_time
            yield Wait(f"held: {hold}", _cited(began, picture), who, since, stuck=True)


def _cited(row: OutcomeRow | None, picture: Picture) -> str:
    return picture.last_place() if row is None else f"{row.partition}:{row.position}"


# Stock ----------------------------------------------------------------------------------------


def _stock(picture: Picture) -> Iterator[Wait]:
    for row in picture.waiting:
        began = picture.began(Doing.WAITING, lambda memory, row=row: _of_line(memory, row.line))
        cited = _cited(began, picture)
        since = row.since if began is None else began.processed_time
        units = f"{row.quantity} x {row.item}"
        if not row.sites:
            held = bool(picture.order.holds)
            why = "its order is held" if held else "no site may serve it now"
            yield Wait(f"line {row.line}: {units}: {why}", cited, "the order desk", since, not held)
            continue
        free = [
            f"{promise.free} free at {promise.site}"
            for promise in picture.promises.get(row.item, ())
            if promise.site in row.sites
        ]
        shelf = words.listed(free) or f"never seen at {words.listed(row.sites)}"
        coming = list(_coming(picture, row))
        what = f"stock for line {row.line}: {units}: {shelf}"
        nothing = "" if coming else "; nothing is expected"
        yield Wait(f"{what}{nothing}", cited, "stock", since, stuck=not coming)
        yield from coming


def _of_line(memory: Memory, line: str) -> bool | None:
    return bool(memory.value) if memory.of[0] == line else None


def _coming(picture: Picture, row: Waiting) -> Iterator[Wait]:
    inbound = picture.inbound.get(row.item, Inbound())
    for one in inbound.open:
        if one.site not in row.sites:
            continue
        due = one.expected_at.astimezone(UTC)
        late = due < picture.now
        what = (
            f"{one.quantity} x {row.item} at {one.site} by purchase order {one.purchase_order},"
            f" {'were expected' if late else 'expected'} {words.when(due)}"
        )
        cited = picture.purchases.get(one.purchase_order, f"inbound {row.item}")
        yield Wait(what, cited, "the supplier", due if late else None, stuck=late)


# Warehouses -----------------------------------------------------------------------------------


def _picks(picture: Picture) -> Iterator[Wait]:
    """Warehouses that were asked for goods and have not said anything about them since."""
    lines = sorted(picture.order.lines.items())
    for site in sorted({site for _, line in lines for site in line.sites}):
        asked = [
            f"{place.released - place.stopping} x {line.item} (line {number})"
            for number, line in lines
            if (place := line.sites.get(site)) and place.released > place.stopping
        ]
        told = [
            effect
            for effect in picture.effects
            if effect.type == catalogue.ORDER_RELEASED
            and effect.destination == picture.warehouses.get(site)
            and is_done(effect)
        ]
        if asked and told:
            last = max(told, key=lambda effect: effect.ended[-1].settled_time)
            what = f"{site} to pick {words.listed(asked)}: asked, no answer"
            since = last.ended[-1].settled_time
            yield Wait(what, last.business_key, last.destination, since)


def _stops(picture: Picture) -> Iterator[Wait]:
    """Units that stay promised until a warehouse says that it will not pick them."""
    for number, line in sorted(picture.order.lines.items()):
        for site, place in sorted(line.sites.items()):
            if place.stopping:
                began = picture.began(
                    Doing.STOPPING,
                    lambda memory, of=(number, site): (
                        bool(memory.value) if tuple(memory.of) == of else None
                    ),
                )
                yield Wait(
                    f"{site} to say that it stopped {place.stopping} x {line.item} (line {number})",
                    _cited(began, picture),
                    picture.warehouses.get(site, site),
                    None if began is None else began.processed_time,
                )


# Money and returns ----------------------------------------------------------------------------

_AT_FINANCE: Final = {
    Finding.SHIPPED_NOT_INVOICED: "invoiced",
    Finding.INVOICE_REJECTED: "invoiced: finance rejected it",
    Finding.INVOICE_WITHHELD: "invoiced: finance is not asked",
    Finding.RETURNED_NOT_CREDITED: "credited",
}


def _documents(picture: Picture) -> Iterator[Wait]:
    """What between the order's documents is open; a contradiction is an open condition."""
    for row in match(picture.order):
        if row.finding not in _AT_FINANCE:
            continue
        stuck = row.finding in (Finding.INVOICE_REJECTED, Finding.INVOICE_WITHHELD)
        effect = _asked_of_finance(picture, row)
        if effect is None and not stuck and not row.detail:
            continue  # in this house nobody is told of such documents: nobody will answer
        cited = _evidence(picture, row, effect)
        why = f", {row.detail}" if row.detail else ""
        units = f"{row.units} units of {row.document}"
        since = datetime.fromisoformat(row.since) if row.since else None
        who = "finance" if effect is None else effect.destination
        who = "a person" if stuck else who
        yield Wait(f"{units} to be {_AT_FINANCE[row.finding]}{why}", cited, who, since, stuck)


def _asked_of_finance(picture: Picture, row: MatchRow) -> EffectView | None:
    """The newest request for the document of a finding."""
    kinds = (catalogue.INVOICE_REQUESTED, catalogue.CREDIT_REQUESTED)
    of = (f"/invoice/{row.document}", f"/credit/{row.order_id}/{row.document}")
    found = [
        effect
        for effect in picture.effects
        if effect.type in kinds and effect.business_key.partition("@")[0].endswith(of)
    ]
    return found[-1] if found else None


def _evidence(picture: Picture, row: MatchRow, effect: EffectView | None) -> str:
    """Finance's own word, what it was asked, or the fact because of which it is asked."""
    if row.finding is Finding.INVOICE_REJECTED:
        shipment = picture.order.asks[row.document].shipment
        rejected = picture.said(catalogue.INVOICE_REJECTED, shipment_id=shipment)
        if rejected is not None:
            return rejected.place
    if effect is not None:
        return effect.business_key
    shipped = picture.said(catalogue.SHIPMENT_SHIPPED, shipment_id=row.document)
    fact = shipped or _came_back(picture, row.document)
    return picture.last_place() if fact is None else fact.place


def _came_back(picture: Picture, receipt: str) -> Recorded | None:
    """The message of a return receipt, by the name that the order has for it: its site's."""
    site, _, number = receipt.partition("/")
    return picture.said(catalogue.RETURN_RECEIVED, site=site, return_receipt_id=number)


def _returns(picture: Picture) -> Iterator[Wait]:
    order = picture.order
    back = {mark.return_id for mark in order.receipts.values()}
    for number, asked in sorted(order.returns.items()):
        if number in back:
            continue
        message = picture.said(catalogue.RETURN_REQUESTED, return_id=number)
        cited = picture.last_place() if message is None else message.place
        since = datetime.fromisoformat(asked.since)
        units = sum(asked.lines.values())
        if asked.authorised:
            yield Wait(f"{units} units of return {number} to come", cited, "the customer", since)
        else:
            what = f"return {number} to fit the house's rules and what was shipped"
            yield Wait(what, cited, "the returns desk", since, stuck=True)
    for number, mark in sorted(order.receipts.items()):
        apart = sum(parts.get(Disposition.HOLD, 0) for parts in sent(mark).values())
        if apart:
            message = _came_back(picture, number)
            cited = picture.last_place() if message is None else message.place
            why = "" if mark.return_id else ", which came without an authorised return"
            what = f"inspection of {apart} units of return receipt {number} at {mark.site}{why}"
            came = datetime.fromisoformat(mark.at) if mark.at else None
            yield Wait(what, cited, "the returns desk", came, stuck=True)


# Recipes --------------------------------------------------------------------------------------


def _instances(picture: Picture) -> Iterator[Wait]:
    for saga, recipe in picture.sagas:
        if saga.ended:
            continue
        if recipe is None:
            what = f"{saga.id}: version {saga.version} of its recipe is not in use"
            yield Wait(what, saga.id, "whoever configures the house", saga.began, stuck=True)
            continue
        for one in awaited(recipe, saga):
            now = saga.steps[one.step]
            late = now.waits > 0 or (one.until is not None and one.until < picture.now)
            by = "" if one.until is None else f", by {words.when(one.until)}"
            what = f"{saga.id}: step {one.step}, {one.what}{by}{' (late)' if late else ''}"
            stuck = now.stuck or late
            yield Wait(what, one.evidence or saga.id, one.awaited_from, one.since, stuck)
        if saga.held_by:
            what = f"{saga.id}: {residue(recipe, saga)}"
            yield Wait(what, saga.id, "a person", saga.began, stuck=True)
