"""Orders told from end to end: what the pains about orders are shown in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.invoices import Invoice, InvoiceLine
from crossdock.contracts.orders import (
    LineChange,
    LineQuantity,
    Order,
    OrderCancellation,
    OrderChange,
    OrderLine,
)
from crossdock.contracts.returns import ReturnReceipt, ReturnReceiptLine
from crossdock.contracts.shipments import Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.vocabulary import Disposition
from crossdock.contracts.words import Address, Noun
from crossdock.log.records import NewMessage
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.rule import Rule
from crossdock.sagas.policy import Policy
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import Ending, SmallHub, small_policy
from tests.property.every_order import walk

Said = tuple[str, Noun]
YORK = Address(lines=("1 High Street",), city="York", country="GB")
LEEDS = Address(lines=("1 High Street",), city="Leeds", country="GB")


def placed(order_id: str = "O1", quantity: int = 5, **more: Any) -> Said:
    """An order of bolts."""
    line = OrderLine(line="1", item="bolt", quantity=quantity, unit_price_e4=10_000)
    order = {"channel": "web", "customer": "acme", "currency": "EUR", **more}
    return catalogue.ORDER_PLACED, Order(order_id=order_id, lines=(line,), **order)


def changed(quantity: int, revision: int = 1) -> Said:
    """Another quantity of the line."""
    line = LineChange(line="1", item="bolt", quantity=quantity)
    return catalogue.ORDER_CHANGE_REQUESTED, OrderChange(
        change_id=f"c-{revision}", order_id="O1", revision=revision, lines=(line,)
    )


def cancelled(quantity: int, name: str = "x-1") -> Said:
    """So many bolts are not wanted."""
    line = LineQuantity(line="1", item="bolt", quantity=quantity)
    return catalogue.ORDER_CANCELLATION_REQUESTED, OrderCancellation(
        cancellation_id=name, order_id="O1", lines=(line,)
    )


def picked(quantity: int, name: str = "p-1") -> Said:
    """So many bolts are off the shelf."""
    line = PickLine(line="1", item="bolt", quantity=quantity)
    return catalogue.PICK_CONFIRMED, Pick(pick_id=name, order_id="O1", site="EAST", lines=(line,))


def shipped(quantity: int, name: str = "s-1") -> Said:
    """So many bolts left the house."""
    line = ShipmentLine(line="1", item="bolt", quantity=quantity)
    return catalogue.SHIPMENT_SHIPPED, Shipment(
        shipment_id=name, order_id="O1", site="EAST", lines=(line,)
    )


def returned(quantity: int, name: str = "rr-1") -> Said:
    """So many bolts came back, and went to the quarantine."""
    line = ReturnReceiptLine(
        line="1", item="bolt", quantity=quantity, disposition=Disposition.QUARANTINE
    )
    return catalogue.RETURN_RECEIVED, ReturnReceipt(
        return_receipt_id=name, order_id="O1", site="EAST", lines=(line,)
    )


def invoiced(quantity: int, shipment: str = "s-1", name: str = "i-1") -> Said:
    """Finance charged so many bolts."""
    line = InvoiceLine(line="1", quantity=quantity, amount_minor=100 * quantity)
    return catalogue.INVOICE_POSTED, Invoice(
        invoice_id=name,
        order_id="O1",
        shipment_id=shipment,
        currency="EUR",
        lines=(line,),
        total_minor=100 * quantity,
    )


def messages(said: Iterable[Said], *, seconds: float | None = None) -> list[NewMessage]:
    """As messages; each a second after the other, or all of one moment."""
    return [
        noun_message(kind, noun, f"m-{n}", seconds=n if seconds is None else seconds)
        for n, (kind, noun) in enumerate(said)
    ]


def house(policy: Policy | None = None) -> SmallHub:
    """A hub with twenty bolts in the east."""
    hub = SmallHub(policy)
    hub.stock(EAST={"bolt": 20})
    return hub


def telling(*consumers: str) -> Policy:
    """A house that tells these of every acknowledgement and milestone."""
    policy = small_policy()
    kept = [rule for rule in policy.matrix.rules if rule.entity != "order_notice"]
    rule = Rule("order_notice", ("hub",), consumers)
    return replace(
        policy, matrix=Matrix((*kept, rule), policy.matrix.sites, policy.matrix.channels)
    )


def told(hub: SmallHub, destination: str, kind: str) -> list[Any]:
    """What a system was told of one type, in order."""
    return [
        msgspec.json.decode(kept.effect.body, type=CATALOGUE[kind].noun)
        for kept in hub.store.data.effects.by_id.values()
        if (kept.effect.destination, kept.effect.type) == (destination, kind)
    ]


def check_alike(said: Sequence[Said], *, seconds: float | None = None) -> Ending:
    """Every order of arrival ends alike, with every duplication; gives that ending."""
    [(ending, _)] = walk(house, messages(said, seconds=seconds)).endings
    return ending
