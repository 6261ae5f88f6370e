"""Hypothesis strategies: orders, and histories of orders that a real estate could have told.

A history is grown by acting as customer, warehouse and finance in turn, each seeing only what the
hub asked of it: a warehouse picks what it was asked for, ships what it picked, a customer returns
what was shipped. So every history is possible, though its messages may then arrive in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st
from msgspec.structs import replace

from crossdock.contracts import catalogue
from crossdock.contracts.holds import OrderHold, OrderHoldRelease
from crossdock.contracts.invoices import Invoice, InvoiceLine
from crossdock.contracts.orders import (
    LineChange,
    LineQuantity,
    Order,
    OrderCancellation,
    OrderChange,
    OrderLine,
)
from crossdock.contracts.products import Component, Item, PackLevel
from crossdock.contracts.returns import (
    ReturnReceipt,
    ReturnReceiptLine,
    ReturnRequest,
)
from crossdock.contracts.shipments import Pack, Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.steering import OrderOverride, OrderPriority
from crossdock.contracts.vocabulary import Disposition, HoldKind, ItemKind, OverrideAction
from crossdock.contracts.words import Address, Noun
from crossdock.log.records import NewMessage
from crossdock.orders.state import OrderState, SiteLine, figures
from crossdock.sagas.policy import Policy
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub

Said = tuple[str, Noun]
"""A message type and its noun."""

ITEMS = ("bolt", "nut")


@dataclass(frozen=True)
class Tale:
    """Opening stock by site and item, and what was said afterwards, in the order it happened."""

    stock: dict[str, dict[str, int]]
    said: list[Said]
    masters: tuple[Item, ...] = ()  # known before

    def __repr__(self) -> str:
        """One line per message, as a person tells it."""
        lines = [f"stock {self.stock}"]
        for kind, noun in self.said:
            lines.append(f"  {kind.removeprefix('crossdock.').removesuffix('.v1')}: {noun!r}")
        return "\n".join(lines)

    def hub(self, policy: Policy | None = None, *, batch: int = 100) -> SmallHub:
        """A hub as it is before anything was said."""
        hub = SmallHub(policy, batch=batch)
        for item in self.masters:
            name = f"item-{item.item}"
            hub.tell(
                noun_message(catalogue.ITEM_CHANGED, item, name, partitions=hub.policy.partitions)
            )
        hub.stock(**self.stock)
        return hub

    def messages(self, partitions: int = 1) -> list[NewMessage]:
        """As messages, each a second after the other."""
        return [
            noun_message(kind, noun, f"m-{number}-{kind}", partitions=partitions, seconds=number)
            for number, (kind, noun) in enumerate(self.said)
        ]


AMPLE = {"EAST": {"bolt": 1000, "nut": 1000}, "WEST": {"bolt": 1000, "nut": 1000}}


def scarce() -> st.SearchStrategy[dict[str, dict[str, int]]]:
    """Too little for most orders, at one site or two."""
    shelf = st.fixed_dictionaries({item: st.integers(0, 4) for item in ITEMS})
    return st.fixed_dictionaries({"EAST": shelf, "WEST": shelf})


KITS = (
    Item(
        item="set",
        kind=ItemKind.KIT,
        components=(Component(item="bolt", quantity=2), Component(item="nut", quantity=1)),
        pack_levels=(PackLevel(code="pair", base_units=2),),
    ),
    Item(
        item="duo",
        kind=ItemKind.KIT,
        components=(Component(item="bolt", quantity=1), Component(item="set", quantity=1)),
    ),
    Item(item="bolt", pack_levels=(PackLevel(code="box", base_units=4),)),
    Item(item="nut"),
)
"""Kits that share bolts and nuts, one of them within the other, and units to order them in."""


def _kit_line(draw: st.DrawFn, number: int) -> OrderLine:
    """A line of a kit, or one that is said in a unit, or both."""
    item, unit = draw(
        st.sampled_from([("set", None), ("set", "pair"), ("duo", None), ("bolt", "box")])
    )
    units = draw(st.integers(1, 2))
    measure = {"quantity": units} if unit is None else {"unit": unit, "unit_quantity": units}
    return OrderLine(line=str(number), item=item, unit_price_e4=10_000, **measure)


@st.composite
def kit_orders(draw: st.DrawFn, order_id: str = "o-1") -> Order:
    """An order of kits, and now and then of what they are made of."""
    plain = draw(orders(order_id))
    lines = [_kit_line(draw, 1)]
    if draw(st.booleans()):
        lines.append(_kit_line(draw, 2))
    return replace(plain, lines=(*lines, *plain.lines[len(lines) :]))


@st.composite
def orders(draw: st.DrawFn, order_id: str = "o-1") -> Order:
    """A small order of one to three lines."""
    count = draw(st.integers(1, 3))
    kinds = st.sampled_from([ItemKind.STOCK, ItemKind.STOCK, ItemKind.STOCK, ItemKind.SERVICE])
    return Order(
        order_id=order_id,
        channel="web",
        customer="acme",
        currency="EUR",
        lines=tuple(
            OrderLine(
                line=str(number),
                item=draw(st.sampled_from(ITEMS)),
                quantity=draw(st.integers(1, 6)),
                unit_price_e4=10_000,
                kind=draw(kinds) if number > 1 else ItemKind.STOCK,
            )
            for number in range(1, count + 1)
        ),
    )


@st.composite
def tales(
    draw: st.DrawFn,
    stock: st.SearchStrategy[dict[str, dict[str, int]]],
    *,
    more: int,
    least: int = 1,
    order_id: str = "o-1",
    restock: bool = True,
    kits: bool = False,
    desk: bool = False,
) -> Tale:
    """One order, of `kits` or without any, and `least` to `more` further messages about it.

    With a `desk` people hold it, let it go, hurry it and decide against the rules. Without
    `restock` no return goes back to a shelf, so the order alone decides what is on it.
    """
    opening = draw(stock)
    wish = kit_orders(order_id) if kits else orders(order_id)
    masters = KITS if kits else ()
    said: list[Said] = [(catalogue.ORDER_PLACED, draw(wish))]
    for number in range(draw(st.integers(least, more))):
        tale = Tale(opening, said, masters)
        hub = tale.hub()
        hub.tell(*tale.messages())
        actions = _possible(hub.order(order_id), number, restock=restock, desk=desk)
        act = draw(st.sampled_from(actions))
        said.append(act(draw))
    return Tale(opening, said, masters)


Act = Callable[[st.DrawFn], Said]


def _possible(order: OrderState, number: int, *, restock: bool, desk: bool = False) -> list[Act]:
    """Everything that somebody could truthfully say next."""
    acts: list[Act] = [
        lambda draw: _change(draw, order, number),
        lambda draw: _cancel(draw, order, number),
    ]
    if desk:
        acts += [
            lambda draw: _hold(draw, order, number),
            lambda draw: _release_hold(draw, order, number),
            lambda draw: _prioritise(draw, order, number),
            lambda draw: _override(draw, order, number),
            lambda draw: _readdress(draw, order, number),
        ]
    if spots := _where(order, lambda place: place.released):
        acts += 3 * [lambda draw: _pick(draw, order, spots, number)]
    if staged := _where(order, lambda place: place.picked - place.packed):
        acts.append(lambda draw: _pack(draw, order, staged, number))
    if loaded := _where(order, lambda place: place.picked - place.shipped):
        acts += 2 * [lambda draw: _ship(draw, order, loaded, number)]
    if out := _where(order, lambda place: place.shipped - place.returned):
        acts.append(lambda draw: _return_request(draw, order, out, number))
        acts.append(lambda draw: _return_receipt(draw, order, out, number, restock=restock))
    if any(figures(order, line).shipped > line.invoiced for line in order.lines.values()):
        acts.append(lambda draw: _invoice(order, number))
    return acts


Spot = tuple[str, str, int]
"""Site, line, base units."""


def _where(order: OrderState, units: Callable[[SiteLine], int]) -> list[Spot]:
    return [
        (site, number, units(place))
        for number, line in sorted(order.lines.items())
        for site, place in sorted(line.sites.items())
        if units(place) > 0
    ]


def _some(draw: st.DrawFn, spots: list[Spot]) -> tuple[str, list[tuple[str, int]]]:
    """A site, and a part of one or more of its lines."""
    site = draw(st.sampled_from(sorted({spot[0] for spot in spots})))
    here = [(line, most) for at_site, line, most in spots if at_site == site]
    chosen = draw(st.lists(st.sampled_from(here), min_size=1, unique=True))
    return site, [(line, draw(st.integers(1, most))) for line, most in sorted(chosen)]


def _change(draw: st.DrawFn, order: OrderState, number: int) -> Said:
    line = draw(st.sampled_from([*sorted(order.lines), "9"]))
    known = order.lines.get(line)
    change = LineChange(
        line=line,
        item=known.item if known is not None else draw(st.sampled_from(ITEMS)),
        quantity=draw(st.integers(0, 8)),
        unit_price_e4=10_000,
        kind=known.kind if known is not None else ItemKind.STOCK,
    )
    return catalogue.ORDER_CHANGE_REQUESTED, OrderChange(
        change_id=f"ch-{number}",
        order_id=order.order_id,
        revision=draw(st.integers(1, 3)),
        lines=(change,),
    )


def _cancel(draw: st.DrawFn, order: OrderState, number: int) -> Said:
    lines: tuple[LineQuantity, ...] = ()
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(order.lines)))
        quantity = draw(st.integers(1, 4))
        lines = (LineQuantity(line=name, item=order.lines[name].item, quantity=quantity),)
    return catalogue.ORDER_CANCELLATION_REQUESTED, OrderCancellation(
        cancellation_id=f"ca-{number}", order_id=order.order_id, lines=lines
    )


HOLDS = ("h-1", "h-2")
_KINDS = st.sampled_from([HoldKind.FRAUD, HoldKind.MANUAL])


def _hold(draw: st.DrawFn, order: OrderState, number: int) -> Said:
    name = draw(st.sampled_from(HOLDS))
    kind = HoldKind.FRAUD if name == HOLDS[0] else HoldKind.MANUAL
    return catalogue.ORDER_HOLD_PLACED, OrderHold(hold_id=name, order_id=order.order_id, kind=kind)


def _release_hold(draw: st.DrawFn, order: OrderState, number: int) -> Said:
    return catalogue.ORDER_HOLD_RELEASED, OrderHoldRelease(
        release_id=f"hr-{number}",
        order_id=order.order_id,
        hold=draw(st.sampled_from(HOLDS)),
        kind=draw(_KINDS),
    )


def _prioritise(draw: st.DrawFn, order: OrderState, number: int) -> Said:
    return catalogue.ORDER_PRIORITISED, OrderPriority(
        change_id=f"pr-{number}",
        order_id=order.order_id,
        revision=draw(st.integers(1, 3)),
        priority=draw(st.integers(1, 9)),
    )


def _override(draw: st.DrawFn, order: OrderState, number: int) -> Said:
    action = draw(st.sampled_from(OverrideAction))
    lines = sorted(name for name, line in order.lines.items() if not line.kit)
    named = action is OverrideAction.SOURCE or draw(st.booleans())
    return catalogue.ORDER_OVERRIDDEN, OrderOverride(
        override_id=f"ov-{number}",
        order_id=order.order_id,
        action=action,
        line=draw(st.sampled_from(lines)) if named else None,
        site=draw(st.sampled_from(["EAST", "WEST"])) if action is OverrideAction.SOURCE else None,
        revision=draw(st.integers(1, 3)),
        reason="they called",
        by="ann",
    )


def _readdress(draw: st.DrawFn, order: OrderState, number: int) -> Said:
    return catalogue.ORDER_CHANGE_REQUESTED, OrderChange(
        change_id=f"ad-{number}",
        order_id=order.order_id,
        revision=draw(st.integers(1, 3)),
        ship_to=Address(city=draw(st.sampled_from(["York", "Leeds"]))),
    )


GRAMS = st.none() | st.integers(1, 9)
"""What somebody weighed, if anybody did."""


def _pick(draw: st.DrawFn, order: OrderState, spots: list[Spot], number: int) -> Said:
    site, parts = _some(draw, spots)
    lines = []
    for line, asked in parts:
        short = draw(st.integers(0, asked))
        lines.append(
            PickLine(
                line=line,
                item=order.lines[line].item,
                quantity=asked - short,
                short=short,
                weight_grams=draw(GRAMS),
            )
        )
    return catalogue.PICK_CONFIRMED, Pick(
        pick_id=f"pi-{number}", order_id=order.order_id, site=site, lines=tuple(lines)
    )


def _quantities(order: OrderState, parts: list[tuple[str, int]]) -> tuple[LineQuantity, ...]:
    return tuple(
        LineQuantity(line=line, item=order.lines[line].item, quantity=quantity)
        for line, quantity in parts
    )


def _pack(draw: st.DrawFn, order: OrderState, spots: list[Spot], number: int) -> Said:
    site, parts = _some(draw, spots)
    return catalogue.CARTON_PACKED, Pack(
        carton_id=f"pa-{number}",
        order_id=order.order_id,
        site=site,
        lines=_quantities(order, parts),
    )


def _ship(draw: st.DrawFn, order: OrderState, spots: list[Spot], number: int) -> Said:
    site, parts = _some(draw, spots)
    return catalogue.SHIPMENT_SHIPPED, Shipment(
        shipment_id=f"sh-{number}",
        order_id=order.order_id,
        site=site,
        lines=tuple(
            ShipmentLine(
                line=line,
                item=order.lines[line].item,
                quantity=quantity,
                weight_grams=draw(GRAMS),
            )
            for line, quantity in parts
        ),
    )


def _return_request(draw: st.DrawFn, order: OrderState, spots: list[Spot], number: int) -> Said:
    _, parts = _some(draw, spots)
    return catalogue.RETURN_REQUESTED, ReturnRequest(
        return_id=f"re-{number}", order_id=order.order_id, lines=_quantities(order, parts)
    )


def _return_receipt(
    draw: st.DrawFn, order: OrderState, spots: list[Spot], number: int, *, restock: bool
) -> Said:
    fates = [one for one in Disposition if restock or one is not Disposition.RESTOCK]
    site, parts = _some(draw, spots)
    return catalogue.RETURN_RECEIVED, ReturnReceipt(
        return_receipt_id=f"rr-{number}",
        order_id=order.order_id,
        site=site,
        lines=tuple(
            ReturnReceiptLine(
                line=line,
                item=order.lines[line].item,
                quantity=quantity,
                disposition=draw(st.sampled_from(fates)),
            )
            for line, quantity in parts
        ),
    )


def _invoice(order: OrderState, number: int) -> Said:
    lines = tuple(
        InvoiceLine(line=name, quantity=units, amount_minor=units * 100)
        for name, line in sorted(order.lines.items())
        if (units := figures(order, line).shipped - line.invoiced) > 0
    )
    return catalogue.INVOICE_POSTED, Invoice(
        invoice_id=f"in-{number}",
        order_id=order.order_id,
        shipment_id=next(iter(sorted(order.shipments)), "none"),
        currency="EUR",
        lines=lines,
        total_minor=sum(line.amount_minor for line in lines),
    )
