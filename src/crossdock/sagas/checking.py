"""An order before the rules: what masters and stock say of it, and what follows from the answers.

The same rules judge an order that comes as a message, as a call at a desk, as a mere question, and
one that changed or whose masters did. Where a channel asks no rules, nothing is looked at.
"""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts.orders import Order
from crossdock.contracts.parties import Party
from crossdock.contracts.prices import Price, price_key
from crossdock.contracts.products import Item
from crossdock.contracts.submissions import OrderAnswer, OrderCharge, RuleOutcome
from crossdock.contracts.vocabulary import (
    HoldKind,
    ItemKind,
    ItemStatus,
    OrderAnswerKind,
    OrderRefusal,
    OrderRule,
    RuleAction,
)
from crossdock.contracts.words import Address
from crossdock.inventory.units import conversions, to_base
from crossdock.log.records import Wanted
from crossdock.orders import facts
from crossdock.orders.doings import Doing
from crossdock.orders.policy import OrderPolicy
from crossdock.orders.refusals import kind_of
from crossdock.orders.state import Line, OrderState, all_figures
from crossdock.orders.validation import Case, holds_of, judge, payer_of
from crossdock.sagas import exposure, promising, watching
from crossdock.sagas.batch import Batch
from crossdock.sagas.measures import understand
from crossdock.sagas.turn import Turn

_PARTY = msgspec.json.Decoder(Party)
_PRICE = msgspec.json.Decoder(Price)
_encode = msgspec.json.Encoder().encode
_BY_PARTY = frozenset({OrderRule.CUSTOMER, OrderRule.TERMS, OrderRule.CREDIT, OrderRule.TAX})


# One that is submitted ---------------------------------------------------------------------------


def sketch(batch: Batch, turn: Turn, noun: Order) -> OrderState:
    """The order as it would be placed, to be judged; nothing of it is kept."""
    order = OrderState(noun.order_id)
    facts.place_order(order, noun, turn.message.event_time)
    address = address_of(batch, noun)
    if address is not None:
        order.ship_to = address
    for line in order.lines.values():
        if line.uncounted:
            _count(batch, line)
    return order


def further(batch: Batch, more: Wanted, noun: Any) -> None:
    """Ask for the records that the rules of an order look at, and for its customer's account.

    With all others of a batch: one that is asked for when its order is judged costs a round more.
    """
    known = noun if isinstance(noun, Order) else batch.order(noun.order_id)
    policy = batch.policy.order_policy(known.channel)
    if not policy.asks or not known.customer:
        return
    more.masters.add(("party", known.customer))
    if ("party", known.customer) not in batch.wanted.masters:
        return
    party = _party(batch, known.customer)
    watching.further(batch, more, "party", known.customer)
    if OrderRule.CREDIT in policy.asks:
        payer = payer_of(known.customer, party)
        more.masters.add(("credit", payer))
        more.documents.add((exposure.ACCOUNT, payer))
        watching.further(batch, more, "credit", payer)
    if OrderRule.PRICE in policy.asks:
        more.masters.update(("price", key) for key in _price_keys(known, policy, party))


def further_watches(batch: Batch, more: Wanted, noun: Any) -> None:
    """Ask for what an order needs that is held for its prices: their lists of who waits for them.

    Not for every order, because most are not held; but where one is, for all others of its batch as
    well. One by one each costs a round of the whole batch.
    """
    known = noun if isinstance(noun, Order) else batch.order(noun.order_id)
    policy = batch.policy.order_policy(known.channel)
    if OrderRule.PRICE in policy.asks and ("party", known.customer) in batch.wanted.masters:
        for key in _price_keys(known, policy, _party(batch, known.customer)):
            watching.further(batch, more, "price", key)


def _price_keys(known: Order | OrderState, policy: OrderPolicy, party: Party | None) -> set[str]:
    """The price records that its lines may be priced by."""
    lines = known.lines if isinstance(known, Order) else known.lines.values()
    return {price_key(name, one.item) for name in _lists(policy, party) for one in lines}


def _lists(policy: OrderPolicy, party: Party | None) -> list[str]:
    """The price lists that count, first the customer's, then the channel's."""
    named = (party.price_list if party is not None else None, policy.price_list)
    return [name for name in named if name]


def address_of(batch: Batch, noun: Order) -> Address | None:
    """The address that an order leaves out, from its customer's record (R22); None: no other.

    The one that it names, else the first. What the record says later changes no placed order.
    """
    if noun.ship_to != Address():
        return None
    party = _party(batch, noun.customer)
    known = party.ship_to if party is not None else ()
    named = [one for one in known if noun.ship_to_id in (None, one.ship_to)]
    return named[0].address if named else None


def _count(batch: Batch, line: Line) -> None:
    item = batch.item(line.item)
    base = None if item is None else to_base(conversions(item), line.in_unit, line.unit)
    if item is None or not isinstance(base, int):
        return  # held for its unit, when it is placed
    line.ordered = base
    each = conversions(item).get(line.price_unit)
    if each is not None:
        line.price_each = (each.numerator, each.denominator)


def judged(
    batch: Batch, turn: Turn, order: OrderState, *, duplicate: bool = False, rival: str = ""
) -> list[RuleOutcome]:
    """Ask the rules of the order's channel; `duplicate` asks for a `rival` besides."""
    policy = batch.policy.order_policy(order.channel)
    if not (policy.asks or duplicate):
        return []
    asks = set(policy.asks)
    party = _party(batch, order.customer) if asks & _BY_PARTY or OrderRule.PRICE in asks else None
    credit, owed = None, 0
    if OrderRule.CREDIT in asks:
        payer = payer_of(order.customer, party)
        credit = exposure.credit_of(batch, payer)
        owed = exposure.owed_minor(batch, payer, credit, order)
    case = Case(
        order=order,
        figures=all_figures(order),
        at=turn.message.event_time,
        party=party,
        credit=credit,
        owed_minor=owed,
        price=lambda item: _price(batch, policy, party, item),
        available=lambda item: _available(batch, turn, order, item),
        rival=rival,
    )
    return judge(case, policy, duplicate=duplicate)


def _party(batch: Batch, number: str) -> Party | None:
    body = batch.master("party", number)
    return None if body is None else _PARTY.decode(body)


def _price(batch: Batch, policy: OrderPolicy, party: Party | None, item: str) -> Price | None:
    """The item's prices on the customer's list, else on the channel's."""
    for name in _lists(policy, party):
        body = batch.master("price", price_key(name, item))
        if body is not None:
            return _PRICE.decode(body)
    return None


def prices_of(batch: Batch, order: OrderState, item: str) -> Price | None:
    """The prices of an item that its order's customer buys by; None where prices are not asked."""
    policy = batch.policy.order_policy(order.channel)
    if OrderRule.PRICE not in policy.asks:
        return None
    return _price(batch, policy, _party(batch, order.customer), item)


def _available(batch: Batch, turn: Turn, order: OrderState, item: str) -> int:
    """Base units that the order's channel may take of an item now, kits by their components."""
    parts = batch.components(item) if batch.policy.known_items_only else None
    if parts:
        return min(_available(batch, turn, order, one) // each for one, each in parts.items())
    channel = batch.policy.channels.get(order.channel)
    if channel is None:
        return 0
    return sum(
        max(0, promising.offered(turn, channel.channel, channel.keep_back, item, site))
        for site in channel.sells_from
    )


def answer(
    turn: Turn,
    order: OrderState,
    outcomes: list[RuleOutcome],
    holds: list[str],
    refusal: OrderRefusal | None = None,
    charge: OrderCharge | None = None,
) -> None:
    """Answer whoever submitted the order, or asks what would become of it."""
    kind = OrderAnswerKind.HELD if holds else OrderAnswerKind.ACCEPTED
    said = OrderAnswer(
        order_id=order.order_id,
        answer=OrderAnswerKind.REFUSED if refusal is not None else kind,
        as_of=turn.message.received_time,
        authority=turn.policy.authority,
        rules=tuple(outcomes),
        holds=tuple(sorted(set(holds))),
        refusal=refusal,
        charge=charge,
    )
    turn.outcome.answer = msgspec.Raw(_encode(said))


# One that is placed ------------------------------------------------------------------------------


def review(batch: Batch, turn: Turn, order: OrderState) -> list[RuleOutcome]:
    """Find what an order must be held for, as it and its masters stand now; gives the outcomes."""
    if not order.placed:
        return []
    found = understand(batch, turn, order)
    if batch.policy.known_items_only:
        found |= unknown(batch, order)
        _note_handling(batch, turn, order)
    outcomes = judged(batch, turn, order)
    found.update(holds_of(outcomes, admitted=True))
    if order.found_holds != sorted(found):
        turn.remember(order, Doing.HOLDS, sorted(found))
    if outcomes:
        _watch(batch, turn, order)
    return outcomes


def count_credit(batch: Batch, turn: Turn, order: OrderState, *, invoiced: bool = False) -> None:
    """Let the customer's account show the order's value; look at its credit again if that helps."""
    if order.placed and exposure.is_checked(batch, order):
        payer = payer_of(order.customer, _party(batch, order.customer))
        exposure.count(batch, turn, order, payer, invoiced=invoiced)


def _watch(batch: Batch, turn: Turn, order: OrderState) -> None:
    """Let the order be looked at again when a record changes that it is held for."""
    policy = batch.policy.order_policy(order.channel)
    for hold in order.holds:
        kind = kind_of(hold)
        if kind in (HoldKind.CREDIT, HoldKind.CUSTOMER, HoldKind.TAX, HoldKind.PRICING):
            watching.watch(batch, turn, order, "party", order.customer)
        if kind is HoldKind.CREDIT and policy.action(OrderRule.CREDIT) is not RuleAction.OFF:
            payer = payer_of(order.customer, _party(batch, order.customer))
            watching.watch(batch, turn, order, "credit", payer)
        if kind is HoldKind.PRICING and (line := order.lines.get(hold.partition(":")[2])):
            party = _party(batch, order.customer)
            for name in _lists(policy, party):
                watching.watch(batch, turn, order, "price", price_key(name, line.item))


_HANDLING = ("zone", "carton_rule", "routing_code", "wave_group")


def _note_handling(batch: Batch, turn: Turn, order: OrderState) -> None:
    """Remember what releases tell the warehouse of each item, as its master has it now (R21)."""
    for number, line in order.stock_lines():
        item = batch.item(line.item)
        if item is None:
            continue
        _note_money(turn, order, number, item)
        known = {name: value for name in _HANDLING if (value := getattr(item, name)) is not None}
        if known != line.handling:
            told = [f"{name}={value}" for name, value in known.items()]
            turn.remember(order, Doing.HANDLING, told, number)


def _note_money(turn: Turn, order: OrderState, number: str, item: Item) -> None:
    """Remember how the item's master says that a line is taxed, and whether it is taken back."""
    line = order.lines[number]
    if item.tax_code and not line.tax_code:
        turn.remember(order, Doing.TAX_CODE, item.tax_code, number)
    if line.kept is item.returnable:
        turn.remember(order, Doing.KEPT, not item.returnable, number)


def unknown(batch: Batch, order: OrderState) -> set[str]:
    """What of the order the masters do not know, or do not let be sold."""
    holds = set()
    for line in order.lines.values():
        if not line.item:
            continue  # an invoice or a person named a line that nobody ordered
        item = batch.item(line.item)
        if item is None:
            holds.add(f"unknown-item:{line.item}")
        elif item.kind is not line.kind and not _to_be_taken_apart(line, item.kind):
            holds.add(f"item-kind:{line.item}")
        elif item.status is not ItemStatus.ACTIVE:
            holds.add(f"blocked-item:{line.item}")
    if order.channel not in batch.policy.channels:
        holds.add(f"unknown-channel:{order.channel}")
    return holds


def _to_be_taken_apart(line: Line, kind: ItemKind) -> bool:
    """Whether a channel sells a kit like any other item, as it may."""
    return kind is ItemKind.KIT and line.kind is ItemKind.STOCK
