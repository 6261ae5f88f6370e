"""What a purchase order does: stock is expected, and may be promised ahead (R3, R80)."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from crossdock.contracts import catalogue, stock
from crossdock.contracts.purchasing import PurchaseOrder
from crossdock.inventory.inbound import OrderedLine, Purchase
from crossdock.log.records import Wanted
from crossdock.sagas import ahead
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn

KIND = "purchase-order"
_PURCHASE = msgspec.json.Decoder(Purchase)


def _known(batch: Batch, number: str) -> Purchase:
    document = batch.document(KIND, number)
    return Purchase() if document is None else _PURCHASE.decode(document.body)


def _changed(batch: Batch, turn: Turn, noun: PurchaseOrder) -> None:
    known = _known(batch, noun.purchase_order)
    if known.revision >= noun.revision:
        turn.supersede(f"revision {known.revision} of the purchase order is known")
        return
    lines = [OrderedLine(one.line, one.item, one.quantity, one.expected_at) for one in noun.lines]
    after = Purchase(noun.site, noun.revision, lines, known.received)
    batch.store_document(turn, KIND, noun.purchase_order, after)
    items = {one.item for one in known.lines} | {one.item for one in lines}
    _expect(turn, noun.purchase_order, after, items)
    for item in sorted(items):
        now = turn.ahead.of(item)
        if now.promised > now.expected:
            turn.note(
                "promised-ahead-uncovered",
                item,
                f"{now.promised} promised of {now.expected} expected",
            )


def received(batch: Batch, turn: Turn, noun: stock.Receipt) -> None:
    """Goods of a purchase order came: so much less is to come (lines are in base units)."""
    if noun.purchase_order is None:
        return
    after = _known(batch, noun.purchase_order)
    for line in noun.lines:
        after.received = {
            **after.received,
            line.item: after.received.get(line.item, 0) + line.units,
        }
    batch.store_document(turn, KIND, noun.purchase_order, after)
    _expect(turn, noun.purchase_order, after, {line.item for line in noun.lines})


def _expect(turn: Turn, number: str, now: Purchase, items: Collection[str]) -> None:
    for item in sorted(items):
        turn.ahead.expect(turn, item, number, now.open_lines(number, item))


def _wants(wanted: Wanted, noun: PurchaseOrder) -> None:
    wanted.documents.add((KIND, noun.purchase_order))
    wanted.documents.update((ahead.KIND, line.item) for line in noun.lines)


def wants_received(wanted: Wanted, noun: stock.Receipt) -> None:
    """Ask for what is expected of the items of a receipt."""
    if noun.purchase_order is not None:
        wanted.documents.add((KIND, noun.purchase_order))
        wanted.documents.update((ahead.KIND, line.item) for line in noun.lines)


DECIDERS: dict[str, Decider] = {catalogue.PURCHASE_ORDER_CHANGED: Decider(_changed, _wants)}
"""Every message about goods on their way from a supplier."""
