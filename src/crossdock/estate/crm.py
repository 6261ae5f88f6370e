"""The customer desk: a notice to the customer for everything it is told, so twice is visible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.orders import OrderStatusChange
from crossdock.contracts.returns import ReturnAuthorisation, ReturnStatusChange
from crossdock.contracts.shipments import Shipment
from crossdock.estate.config import CrmConfig
from crossdock.estate.system import System


class Crm(System):
    """Who writes to customers."""

    kind = "crm"

    def __init__(self, name: str, config: CrmConfig, hub: str, seed: int, host: str) -> None:
        super().__init__(name, config, hub, seed, host)
        self.shipment_notices: Counter[str] = Counter()  # shipment -> notices
        self.return_notices: Counter[str] = Counter()  # return -> notices
        self.return_status: dict[str, str] = {}  # return -> where it stands
        self.status_notices: dict[str, list[str]] = {}  # order -> statuses, oldest first
        self.by_order: Counter[str] = Counter()  # order -> notices of any kind
        self.reported: Counter[str] = Counter()  # type -> messages of our own
        self.let_go: Counter[str] = Counter()  # hold -> times it was let go

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """It is told of shipments, statuses and returns."""
        return {
            catalogue.SHIPMENT_SHIPPED: self._shipped,
            catalogue.ORDER_STATUS_CHANGED: self._status,
            catalogue.RETURN_AUTHORISED: self._authorised,
            catalogue.RETURN_STATUS_CHANGED: self._return_moved,
        }

    def happened(self, type_name: str, noun: Any) -> None:
        """It counts what it asked for in customers' names."""
        self.reported[type_name] += 1
        if type_name == catalogue.ORDER_HOLD_RELEASED:
            self.let_go[noun.hold] += 1

    def books(self, *, brief: bool) -> dict[str, Any]:
        """Notices sent, and those that a customer got twice."""
        books: dict[str, Any] = {
            "notices": self.by_order.total(),
            "shipment_notices": self.shipment_notices.total(),
            "return_notices": self.return_notices.total(),
            "status_notices": sum(map(len, self.status_notices.values())),
            "notices_twice": sum(
                count - 1
                for notices in (self.shipment_notices, self.return_notices)
                for count in notices.values()
            ),
            "returns_by_status": dict(Counter(self.return_status.values())),
            "reported": dict(self.reported),
        }
        if not brief:
            books["by_shipment"] = dict(self.shipment_notices)
            books["by_order"] = dict(self.by_order)
            books["status"] = {order: told[-1] for order, told in self.status_notices.items()}
        return books

    def _shipped(self, said: Shipment) -> str:
        self.shipment_notices[said.shipment_id] += 1
        return self._notice(said.order_id)

    def _authorised(self, said: ReturnAuthorisation) -> str:
        self.return_notices[said.return_id] += 1
        return self._notice(said.order_id)

    def _return_moved(self, said: ReturnStatusChange) -> str:
        self.return_status[said.return_id] = said.status
        return self._notice(said.order_id)

    def _status(self, said: OrderStatusChange) -> str:
        self.status_notices.setdefault(said.order_id, []).append(said.status)
        return self._notice(said.order_id)

    def _notice(self, order_id: str) -> str:
        self.by_order[order_id] += 1
        return self.dice.number("N-", order_id, self.by_order[order_id])
