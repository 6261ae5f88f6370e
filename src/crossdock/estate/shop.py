"""The shop of one channel: owns its orders, and remembers what it was told of them and of stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.orders import OrderStatusChange
from crossdock.contracts.returns import ReturnAuthorisation, ReturnStatusChange
from crossdock.contracts.shipments import Shipment
from crossdock.contracts.stock import Availability
from crossdock.estate.config import ShopConfig
from crossdock.estate.system import Declined, System


class Shop(System):
    """Where customers order."""

    kind = "shop"

    def __init__(self, name: str, config: ShopConfig, hub: str, seed: int, host: str) -> None:
        super().__init__(name, config, hub, seed, host)
        self.channel = config.channel
        self.orders: dict[str, int] = {}  # order -> units ordered
        self.cancellations = 0
        self.returns_wanted = 0
        self.shipments: dict[str, dict[str, str]] = {}  # order -> shipment -> tracking
        self.shipped: dict[str, Counter[str]] = {}  # order -> shipment -> units
        self.told_twice: Counter[str] = Counter()  # shipment -> times told beyond the first
        self.availability: dict[str, tuple[int, int]] = {}  # item -> (version, quantity)
        self.old_versions = 0
        self.statuses: dict[str, list[str]] = {}  # order -> statuses told, oldest first
        self.return_status: dict[str, str] = {}  # return -> where it stands
        self.returns: dict[str, int] = {}  # return -> units that may come back

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """It is told of shipments, stock, statuses and returns."""
        return {
            catalogue.SHIPMENT_SHIPPED: self._shipped,
            catalogue.AVAILABILITY_PUBLISHED: self._available,
            catalogue.ORDER_STATUS_CHANGED: self._status,
            catalogue.RETURN_AUTHORISED: self._authorised,
            catalogue.RETURN_STATUS_CHANGED: self._return_moved,
        }

    def happened(self, type_name: str, noun: Any) -> None:
        """It keeps its own orders, as last changed."""
        if type_name == catalogue.ORDER_PLACED:
            self.orders[noun.order_id] = sum(line.quantity for line in noun.lines)
        elif type_name == catalogue.ORDER_CANCELLATION_REQUESTED:
            self.cancellations += 1
        elif type_name == catalogue.RETURN_REQUESTED:
            self.returns_wanted += 1

    def books(self, *, brief: bool) -> dict[str, Any]:
        """What customers ordered, and what they can read on our pages."""
        books: dict[str, Any] = {
            "channel": self.channel,
            "orders": len(self.orders),
            "units_ordered": sum(self.orders.values()),
            "cancellations": self.cancellations,
            "returns_wanted": self.returns_wanted,
            "shipments_told": sum(map(len, self.shipments.values())),
            "shipments_told_twice": self.told_twice.total(),
            "units_told_shipped": sum(units.total() for units in self.shipped.values()),
            "returns_told": len(self.returns),
            "items_told": len(self.availability),
            "old_versions": self.old_versions,
            "orders_with_status": len(self.statuses),
        }
        if not brief:
            books["tracking"] = self.shipments
            books["by_order"] = {order: units.total() for order, units in self.shipped.items()}
            books["availability"] = {
                item: {"version": version, "quantity": quantity}
                for item, (version, quantity) in self.availability.items()
            }
            books["status"] = {order: told[-1] for order, told in self.statuses.items()}
            books["returns"] = self.returns
        return books

    def _shipped(self, said: Shipment) -> str:
        shipments = self.shipments.setdefault(said.order_id, {})
        if said.shipment_id in shipments:
            self.told_twice[said.shipment_id] += 1
        shipments[said.shipment_id] = said.tracking or ""
        units = sum(line.quantity for line in said.lines)
        self.shipped.setdefault(said.order_id, Counter())[said.shipment_id] = units
        return self.dice.number("T-", said.shipment_id)

    def _available(self, said: Availability) -> str:
        if said.channel != self.channel:
            raise Declined(f"we sell through {self.channel}, not {said.channel}")
        version, _ = self.availability.get(said.item, (0, 0))
        if said.version > version:
            self.availability[said.item] = (said.version, said.quantity)
        else:
            self.old_versions += 1
        return f"{said.item[:48]}/{said.version}"

    def _status(self, said: OrderStatusChange) -> str:
        told = self.statuses.setdefault(said.order_id, [])
        told.append(said.status)
        return self.dice.number("ST-", said.order_id, len(told))

    def _authorised(self, said: ReturnAuthorisation) -> str:
        self.returns[said.return_id] = sum(line.quantity for line in said.lines)
        return self.dice.number("RMA-", said.return_id)

    def _return_moved(self, said: ReturnStatusChange) -> str:
        self.return_status[said.return_id] = said.status
        return self.dice.number("RS-", said.return_id, said.status)
