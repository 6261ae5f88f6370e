"""A Vendure's admin interface, as small as the connector needs it and as odd as the real one.

A session's token comes in a header; refusals come with status 200; lists are filtered, sorted and
cut as asked. Each query is known by its root field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from crossdock.contracts.connector import Document
from crossdock.testing.fakes.fake import Asked, FakeFarSystem, Reply

_ROOT = re.compile(r"\{\s*([A-Za-z]+)")
_PASSWORD = "canary-of-the-fake-shop"  # noqa: S105 - of the fake alone
_TOKEN = "token-of-the-fake-shop"  # noqa: S105 - of the fake alone
_ORDER = "A1B2C3D4E5F6G7H8"


class FakeVendure(FakeFarSystem):
    """One shop: an order with two lines, two variants, one place."""

    lists: ClassVar[tuple[str, ...]] = ("orders",)

    def __init__(self) -> None:
        super().__init__()
        self._orders: dict[str, dict[str, Any]] = {}
        self._variants: dict[str, dict[str, Any]] = {
            number: {
                "id": number,
                "sku": sku,
                "name": sku,
                "price": 1250,
                "currencyCode": "USD",
                "stockLevels": [
                    {"stockLocationId": "1", "stockOnHand": 10, "stockAllocated": allocated}
                ],
            }
            for number, sku, allocated in (("1", "SKU-001", 3), ("2", "SKU-002", 0))
        }
        self._write("17", _ORDER, datetime(2026, 3, 2, 9, 15, tzinfo=UTC))
        self._does: dict[str, Callable[[dict[str, Any]], Any]] = {
            "orders": self._found_orders,
            "productVariants": self._found_variants,
            "stockLocations": lambda _: {"items": [{"id": "1", "name": "EAST"}]},
            "addFulfillmentToOrder": self._fulfil,
            "transitionFulfillmentToState": self._move,
            "cancelOrder": self._cancel,
            "addNoteToOrder": self._note,
            "updateProductVariants": self._change_variants,
        }

    def settings(self) -> dict[str, Any]:
        """A user of its own."""
        return {
            "url": self.url,
            "user": "hub",
            "credential": _PASSWORD,
            "channel": "web",
            "customer": "WEB",
            "shipping_item": "SHIPPING",
            "price_list": "RETAIL",
        }

    def answer(self, asked: Asked) -> Reply:
        """Let somebody in, or do what a session asks."""
        if asked.method != "POST" or asked.path != "/admin-api":
            return Reply(404, {"message": "not here"})
        root = _ROOT.search(asked.json["query"])
        name = root.group(1) if root else ""
        variables = asked.json.get("variables") or {}
        if name == "login":
            return self._log_in(variables)
        if asked.headers.get("authorization") != f"Bearer {_TOKEN}":
            return _error("FORBIDDEN", "You are not currently authorized")
        if name not in self._does:
            return _error("GRAPHQL_VALIDATION_FAILED", f"Cannot query field {name}")
        return Reply(200, {"data": {name: self._does[name](variables)}})

    def effects(self) -> Mapping[str, Any]:
        """What its orders and variants are now."""
        orders = {
            f"order {one['code']}": (
                one["state"],
                tuple((f["method"], f["state"]) for f in one["fulfillments"]),
                tuple(entry["data"]["note"] for entry in one["history"]["items"]),
            )
            for one in self._orders.values()
        }
        variants = {
            f"variant {one['sku']}": (one["name"], one["price"], str(one["stockLevels"]))
            for one in self._variants.values()
        }
        return orders | variants

    def orders(self) -> list[dict[str, Any]]:
        """The orders as they stand."""
        return list(self._orders.values())

    def void(self, document: Document) -> None:
        """Cancel the fulfilment of a shipment; nothing else here has a state of its own."""
        if document.type != "crossdock.shipment.shipped.v1":
            raise NotImplementedError
        for order in self._orders.values():
            for one in order["fulfillments"]:
                one["state"] = "Cancelled"

    def change(self, feed: str, record: int, stamp: datetime) -> None:
        """An order is placed, or touched."""
        self._write(str(100 + record), f"C{record}", stamp)

    def ship(self, sku: str, units: int) -> None:
        """Units leave that orders had allocated, as when a fulfilment moves on."""
        for one in self._variants.values():
            if one["sku"] == sku:
                one["stockLevels"][0]["stockOnHand"] -= units
                one["stockLevels"][0]["stockAllocated"] -= units

    def free(self, sku: str) -> int:
        """What it offers: on hand, without what its orders have allocated."""
        [level] = [one["stockLevels"][0] for one in self._variants.values() if one["sku"] == sku]
        return int(level["stockOnHand"] - level["stockAllocated"])

    def spoil(self, feed: str, record: int) -> None:
        """An order is in a state of a plug-in that nobody told us of."""
        self._orders[str(100 + record)]["state"] = "Teleported"

    def _write(self, number: str, code: str, stamp: datetime) -> None:
        line = {"quantity": 2, "orderPlacedQuantity": 2, "unitPrice": 1250}
        self._orders[number] = {
            "id": number,
            "code": code,
            "state": "PaymentSettled",
            "updatedAt": stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "orderPlacedAt": "2026-03-02T09:15:00.000Z",
            "currencyCode": "USD",
            "shipping": 500,
            "lines": [
                {**line, "id": f"{number}1", "productVariant": {"sku": "SKU-001"}},
                {**line, "id": f"{number}2", "productVariant": {"sku": "SKU-002"}},
            ],
            "shippingAddress": {"fullName": "A Customer", "city": "Springfield"},
            "fulfillments": [],
            "history": {"items": []},
        }

    def _log_in(self, variables: dict[str, Any]) -> Reply:
        if variables.get("password") != _PASSWORD:
            refused = {"errorCode": "INVALID_CREDENTIALS_ERROR", "message": "not let in"}
            return Reply(200, {"data": {"login": refused}})
        entered = {"data": {"login": {"__typename": "CurrentUser"}}}
        return Reply(200, entered, {"vendure-auth-token": _TOKEN})

    def _found_orders(self, variables: dict[str, Any]) -> Any:
        options = variables["options"]
        wanted = options.get("filter", {})
        after = wanted.get("updatedAt", {}).get("after", "")
        code = wanted.get("code", {}).get("eq")
        numbers = wanted.get("id", {}).get("in")
        found = [
            one
            for one in self._orders.values()
            if one["updatedAt"] > after
            and (code is None or one["code"] == code)
            and (numbers is None or one["id"] in numbers)
        ]
        if options.get("sort"):
            found.sort(key=lambda one: one["updatedAt"])
        return {"items": found[: options.get("take", 100)]}

    def _found_variants(self, variables: dict[str, Any]) -> Any:
        sku = variables["options"]["filter"]["sku"]["eq"]
        return {"items": [one for one in self._variants.values() if one["sku"] == sku]}

    def _fulfil(self, variables: dict[str, Any]) -> Any:
        wanted = variables["input"]
        lines = {line["orderLineId"] for line in wanted["lines"]}
        [order] = [
            one for one in self._orders.values() if lines <= {line["id"] for line in one["lines"]}
        ]
        said = {one["name"]: one["value"] for one in wanted["handler"]["arguments"]}
        made = {
            "id": f"F{len(order['fulfillments']) + 1}",
            "state": "Pending",
            "method": said["method"],
            "trackingCode": said["trackingCode"],
            "lines": wanted["lines"],
        }
        order["fulfillments"].append(made)
        return {"__typename": "Fulfillment", **made}

    def _move(self, variables: dict[str, Any]) -> Any:
        for order in self._orders.values():
            for one in order["fulfillments"]:
                if one["id"] == variables["id"]:
                    one["state"] = variables["state"]
                    return {"__typename": "Fulfillment", **one}
        return {"errorCode": "FULFILLMENT_STATE_TRANSITION_ERROR", "message": "no such fulfilment"}

    def _cancel(self, variables: dict[str, Any]) -> Any:
        order = self._orders[variables["input"]["orderId"]]
        order["state"] = "Cancelled"
        return {"__typename": "Order", "id": order["id"], "state": order["state"]}

    def _note(self, variables: dict[str, Any]) -> Any:
        order = self._orders[variables["input"]["id"]]
        entry = {"type": "ORDER_NOTE", "data": {"note": variables["input"]["note"]}}
        order["history"]["items"].append(entry)
        return {"id": order["id"]}

    def _change_variants(self, variables: dict[str, Any]) -> Any:
        for change in variables["input"]:
            variant = self._variants[change["id"]]
            variant["price"] = change.get("price", variant["price"])
            for words in change.get("translations", ()):
                variant["name"] = words["name"]
            for level in change.get("stockLevels", ()):
                for one in variant["stockLevels"]:
                    if one["stockLocationId"] == level["stockLocationId"]:
                        one["stockOnHand"] = level["stockOnHand"]
        return [self._variants[change["id"]] for change in variables["input"]]


def _error(code: str, message: str) -> Reply:
    return Reply(
        200, {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}
    )
