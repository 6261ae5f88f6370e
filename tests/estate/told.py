"""What estate tests tell systems, and how: by the REST connector, as the hub does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from crossdock.connectors.rest.client import RestConnector, connect
from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Document, FarAnswer
from crossdock.contracts.invoices import InvoiceRequest, InvoiceRequestLine
from crossdock.contracts.orders import Release, ReleaseCancellation, ReleaseLine
from crossdock.contracts.returns import ReturnAuthorisation
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.estate.system import System
from tests.estate.fake_hub import OPERATIONS, document


@asynccontextmanager
async def hub_to(system: System, credential: str = "") -> AsyncIterator[RestConnector]:
    """The connector by which the hub reaches a system."""
    given = {"url": system.url, "credential": credential, "batch_max": 500, "timeout_seconds": 5}
    connector = connect(msgspec.convert({**given, "operations": OPERATIONS}, RestSettings))
    try:
        yield connector
    finally:
        await connector.close()


async def tell(system: System, *documents: Document) -> list[FarAnswer]:
    """Tell a system something once."""
    async with hub_to(system) as connector:
        return await connector.send(documents)


def lines(quantities: Mapping[str, int]) -> tuple[ReleaseLine, ...]:
    """Lines 1, 2, ... of these items."""
    return tuple(
        ReleaseLine(line=str(number), item=item, quantity=quantity)
        for number, (item, quantity) in enumerate(quantities.items(), 1)
    )


def opening(item: str, quantity: int, site: str = "EAST") -> StockAdjustment:
    """Stock that is there when a site opens."""
    return StockAdjustment(
        adjustment_id=f"open-{site}-{item}",
        site=site,
        item=item,
        quantity=quantity,
        reason=AdjustmentReason.OPENING,
    )


def release(
    order: str = "O1",
    number: int = 1,
    site: str = "EAST",
    items: Mapping[str, int] | None = None,
    **quantities: int,
) -> Document:
    """Please pick, pack and ship: `release(bolt=4)` or `release(items={"bolt": 4})`."""
    noun = Release(
        release_id=f"{order}-R{number}",
        order_id=order,
        site=site,
        lines=lines(items or quantities),
        customer="C1",
    )
    return document(catalogue.ORDER_RELEASED, noun)


def stop(order: str = "O1", number: int = 1, **items: int) -> Document:
    """Please stop."""
    noun = ReleaseCancellation(
        release_cancellation_id=f"{order}-C{number}",
        order_id=order,
        site="EAST",
        lines=lines(items),
    )
    return document(catalogue.ORDER_RELEASE_CANCELLED, noun)


def authorisation(return_id: str = "RET1", order: str = "O1", **items: int) -> Document:
    """Goods may come back."""
    noun = ReturnAuthorisation(
        return_id=return_id, order_id=order, site="EAST", customer="C1", lines=lines(items)
    )
    return document(catalogue.RETURN_AUTHORISED, noun)


def invoice_request(
    shipment: str = "S1", quantity: int = 2, business_key: str | None = None
) -> Document:
    """Please invoice a shipment of one line at 1.50."""
    line = InvoiceRequestLine(
        line="1", item="bolt", quantity=quantity, unit_price_e4=15_000, amount_minor=150 * quantity
    )
    noun = InvoiceRequest(
        shipment_id=shipment,
        order_id="O1",
        customer="C1",
        currency="EUR",
        lines=(line,),
        total_minor=150 * quantity,
    )
    return document(catalogue.INVOICE_REQUESTED, noun, business_key)


def many_invoices(count: int) -> Sequence[Document]:
    """Requests for different shipments."""
    return [invoice_request(f"S{number}") for number in range(count)]
