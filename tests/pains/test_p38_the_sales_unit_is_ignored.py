"""P38: the sales unit of an order line was ignored, and the base unit taken instead.

A shop sold two cases; two cans were reserved, shipped and, at the price of a case, invoiced.
Here a line says either base units or a quantity with its unit, never a bare number for both, and
what is said in a unit is counted with the item's master before anything else is done with it.
"""

from __future__ import annotations

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import InvoiceRequest
from crossdock.contracts.orders import OrderLine
from crossdock.contracts.stock import Receipt, ReceiptLine
from crossdock.testing.hub import SmallHub
from tests.pains.kit_house import can, held, house, placed, reserved, said, shipped


def invoices(hub: SmallHub) -> list[InvoiceRequest]:
    """What finance is asked to invoice."""
    effects = [kept.effect for kept in hub.store.data.effects.by_id.values()]
    return [
        msgspec.json.decode(effect.body, type=InvoiceRequest)
        for effect in effects
        if effect.type == catalogue.INVOICE_REQUESTED and effect.destination == "erp"
    ]


def test_two_cases_are_two_cases_from_order_to_invoice() -> None:
    """24 cans are promised and leave; two cases are charged, at the price of a case."""
    hub = house(can(), can=100)
    line = OrderLine(line="1", item="can", unit="case", unit_quantity=2, unit_price_e4=240_000)
    hub.tell(placed("O1", line))
    assert reserved(hub, "can") == 24
    hub.tell(shipped("O1", "S1", **{"1": ("can", 24)}))
    assert held(hub, "can", "available") == 76
    [request] = invoices(hub)
    assert (request.total_minor, request.lines[0].price_unit) == (4_800, "case")


def test_two_cases_received_are_two_cases_on_the_shelf() -> None:
    """The warehouse may say cases, too."""
    hub = house(can(), can=1)
    line = ReceiptLine(item="can", unit="case", unit_quantity=2)
    receipt = Receipt(receipt_id="R1", site="EAST", lines=(line,))
    hub.tell(said(catalogue.RECEIPT_POSTED, receipt, "R1"))
    assert held(hub, "can", "available") == 25


@pytest.mark.parametrize(
    "measure",
    ['"quantity":2,"unit":"case"', '"unit":"case"', '"unit_quantity":2', '"line":"1"'],
)
def test_a_number_beside_a_unit_is_refused_at_the_door(measure: str) -> None:
    """No line can be read in two ways: half a measure, two or none are no order line."""
    with pytest.raises(msgspec.ValidationError, match="either `quantity`, or `unit`"):
        msgspec.json.decode(f'{{"line":"1","item":"can",{measure}}}'.encode(), type=OrderLine)
