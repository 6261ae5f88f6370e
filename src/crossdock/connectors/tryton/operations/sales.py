"""An order is a sale, quoted, confirmed and processed; a reference of ours stands on one only."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from crossdock.connectors.tryton import outbound, wire
from crossdock.connectors.tryton.api import Api, Record, Stopped
from crossdock.connectors.tryton.operations.operation import buttons, ended, name_of, ours
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    FarAnswer,
    Found,
    Refused,
    RetryLater,
    Void,
)
from crossdock.contracts.submissions import OrderAcknowledgement

SALE_FIELDS: Final = ("number", "state")
SOLD: Final = frozenset({"processing", "done"})
SALE_STEPS: Final = {
    "draft": ("quote", "confirm", "process"),
    "quotation": ("confirm", "process"),
    "confirmed": ("process",),
}
"""By the state of a sale, the buttons that lead on."""

_PRODUCT_FIELDS: Final = (
    "code", "default_uom.id", "template.account_category.customer_taxes_used.id",
)  # fmt: skip

_ORDER: Final = msgspec.json.Decoder(OrderAcknowledgement).decode


class Sales:
    """Sales by our references."""

    def __init__(self, api: Api, settings: TrytonSettings) -> None:
        self._api = api
        self._settings = settings

    async def tell(self, body: bytes) -> FarAnswer:
        """Make the sale and lead it on; an order that nobody admitted yet is none."""
        order = _ORDER(body)
        if order.refusal is not None:
            return Accepted("the house does not take this order")
        sale = await self.under(order.order_id)
        known = sale is not None and sale["state"] in SOLD
        if sale is None:
            if (number := self._number(order.order_id)) is not None:
                return Refused(f"no sale has the number {number}")
            sale = await self._make(order)
        if sale["state"] == wire.CANCELLED:
            return Void(name_of(sale), sale["state"])
        sale = await self.lead_on(sale)
        return AlreadyDone(name_of(sale)) if known else Accepted(name_of(sale))

    async def find(self, body: bytes) -> Found:
        """Whether the sale is processed."""
        return ended(await self.under(_ORDER(body).order_id), SOLD)

    async def under(self, reference: str) -> Record | None:
        """The sale under our reference; raises `Stopped` where two stand, since one is too many.

        An order that Tryton's own people entered is a sale of theirs, by its number.
        """
        domain = ours(reference, self._settings.company)
        if (number := self._number(reference)) is not None:
            domain = [["number", "=", number], ["company", "=", self._settings.company]]
        found = await self._api.search(wire.SALE, domain, SALE_FIELDS)
        standing = [one for one in found if one["state"] != wire.CANCELLED]
        if len(standing) > 1:
            numbers = ", ".join(name_of(one) for one in standing)
            raise Stopped(Refused(f"sales {numbers} all have the reference {reference}"))
        return next(iter(standing or found), None)

    async def lead_on(self, sale: Record) -> Record:
        """Press the buttons up to the processed sale; gives it as it stands then."""
        steps = buttons(sale["state"], SALE_STEPS)
        return await self._api.press(wire.SALE, sale, steps, SALE_FIELDS)

    async def known(self, customer: str, currency: str, items: set[str]) -> outbound.Known:
        """Tryton's own numbers of what a sale is made of; raises `Stopped` for what is missing."""
        parties = await self._api.search(
            wire.PARTY, [["code", "=", customer]], ("addresses.id",), limit=1
        )
        if not parties or not parties[0]["addresses"]:
            reason = f"no party with an address has the code {customer}"
            raise Stopped(RetryLater(reason, well=True))
        warehouses = await self._api.search(
            wire.LOCATION, [["type", "=", "warehouse"]], ("code",), limit=1, order=[["id", "ASC"]]
        )
        return outbound.Known(
            parties[0]["id"],
            parties[0]["addresses"][0]["id"],
            await self._currency(currency),
            warehouses[0]["id"],
            await self._products(items),
        )

    async def lines_of(self, order_id: str) -> dict[str, int]:
        """The numbers of a sale's lines by ours, which stand in their notes; of its own people's
        sales, by themselves."""
        number = self._number(order_id)
        whose = ["sale.reference", "=", order_id]
        if number is not None:
            whose = ["sale.number", "=", number]
        domain: list[Any] = [whose, ["type", "=", "line"]]
        found = await self._api.search(wire.SALE_LINE, domain, ("note",))
        if number is not None:
            return {str(one["id"]): one["id"] for one in found}
        return {one["note"]: one["id"] for one in found if one["note"]}

    def _number(self, order_id: str) -> str | None:
        """The number of the sale that its own people entered; None for an order of ours."""
        if self._settings.channel is None or not order_id.startswith(wire.SALE_ORDER):
            return None
        return order_id.removeprefix(wire.SALE_ORDER)

    async def _make(self, order: OrderAcknowledgement) -> Record:
        items = {line.item for line in order.lines if line.ordered}
        known = await self.known(order.customer, order.currency, items)
        values = outbound.sale(
            order,
            known,
            company=self._settings.company,
            payment_term=self._settings.payment_term,
        )
        return await self._api.create(wire.SALE, values, SALE_FIELDS)

    async def _currency(self, code: str) -> int:
        found = await self._api.search(wire.CURRENCY, [["code", "=", code]], ("code",), limit=1)
        if not found:
            raise Stopped(Refused(f"no currency has the code {code}"))
        return int(found[0]["id"])

    async def _products(self, items: set[str]) -> dict[str, Any]:
        domain = [["code", "in", sorted(items)]]
        found = await self._api.search(wire.PRODUCT, domain, _PRODUCT_FIELDS)
        products = {record["code"]: record for record in found}
        if missing := sorted(items - set(products)):
            reason = f"no product has the code {', '.join(missing)}"
            raise Stopped(RetryLater(reason, well=True))
        return products
