"""The messages of a workload: 2-line orders, and their pick, pack and ship scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.orders import LineQuantity, Order, OrderLine
from crossdock.contracts.shipments import Pack, Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.stock import Receipt, ReceiptLine, StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.contracts.words import Noun

ITEMS = 500
SITE = "EAST"
CHANNEL = "web"
DOCKS = {"NORTH": "wms_north", "SOUTH": "wms_south", "EAST": "wms_east", "WEST": "wms_west"}
"""Where the same items come in at once: site, and its warehouse system."""

_RECEIPT_ITEMS = 200
_RECEIPT_LINES = 5


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the workload, ready to post."""

    source: str
    body: bytes


class Script:
    """Makes the messages; the same index always says the same."""

    def __init__(self, start: datetime) -> None:
        self._start = start

    def _said(self, source: str, kind: str, message_id: str, noun: Noun) -> Said:
        data = msgspec.Raw(msgspec.json.encode(noun))
        envelope = Envelope(id=message_id, source=source, type=kind, time=self._start, data=data)
        return Said(source, msgspec.json.encode(envelope))

    def opening(self) -> Iterator[Said]:
        """Enough stock for every order."""
        for number in range(ITEMS):
            yield self._said(
                "wms_east",
                catalogue.STOCK_ADJUSTED,
                f"open-{number}",
                StockAdjustment(
                    adjustment_id=f"OPEN-{number}",
                    site=SITE,
                    item=f"ITEM-{number:04d}",
                    quantity=10**9,
                    reason=AdjustmentReason.OPENING,
                ),
            )

    def order(self, index: int) -> Said:
        """Order number `index`, two lines."""
        lines = tuple(
            OrderLine(line=line, item=item, quantity=quantity, unit_price_e4=25_500)
            for line, item, quantity in _lines(index)
        )
        return self._said(
            "shop",
            catalogue.ORDER_PLACED,
            f"order-{index}",
            Order(
                order_id=f"ORDER-{index:07d}",
                channel=CHANNEL,
                customer=f"CUSTOMER-{index % 997}",
                currency="GBP",
                lines=lines,
            ),
        )

    def scans(self, index: int) -> tuple[Said, Said, Said]:
        """What the warehouse reports of one order: picked, packed, shipped."""
        order_id = f"ORDER-{index:07d}"
        lines = _lines(index)
        pick = Pick(
            pick_id=f"PICK-{index}",
            order_id=order_id,
            site=SITE,
            lines=tuple(PickLine(line=n, item=i, quantity=q) for n, i, q in lines),
        )
        pack = Pack(
            carton_id=f"CARTON-{index}",
            order_id=order_id,
            site=SITE,
            lines=tuple(LineQuantity(line=n, item=i, quantity=q) for n, i, q in lines),
        )
        shipment = Shipment(
            shipment_id=f"SHIPMENT-{index}",
            order_id=order_id,
            site=SITE,
            carrier="CARRIER-1",
            tracking=f"TRACK-{index}",
            lines=tuple(ShipmentLine(line=n, item=i, quantity=q) for n, i, q in lines),
        )
        return (
            self._said("wms_east", catalogue.PICK_CONFIRMED, f"pick-{index}", pick),
            self._said("wms_east", catalogue.CARTON_PACKED, f"pack-{index}", pack),
            self._said("wms_east", catalogue.SHIPMENT_SHIPPED, f"ship-{index}", shipment),
        )

    def receipt(self, index: int) -> Said:
        """Receipt number `index`, at the docks in turn: some of few items, which all docks get."""
        site, system = list(DOCKS.items())[index % len(DOCKS)]
        numbers = [(index * 7 + step * 31) % _RECEIPT_ITEMS for step in range(_RECEIPT_LINES)]
        receipt = Receipt(
            receipt_id=f"RECEIPT-{index:07d}",
            site=site,
            supplier=f"SUPPLIER-{index % 17}",
            lines=tuple(
                ReceiptLine(item=f"ITEM-{number:04d}", quantity=1 + index % 50)
                for number in numbers
            ),
        )
        return self._said(system, catalogue.RECEIPT_POSTED, f"receipt-{index}", receipt)


def _lines(index: int) -> tuple[tuple[str, str, int], ...]:
    first = index % ITEMS
    second = (index * 7 + 1) % ITEMS
    return (
        ("1", f"ITEM-{first:04d}", 1 + index % 3),
        ("2", f"ITEM-{second:04d}", 1 + index % 2),
    )
