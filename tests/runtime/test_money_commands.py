"""Money as people meet it: what does not match, what is not invoiced, and what they decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runtime.test_commands import CONFIG, MASTERS, ORDERS, Hub, lines, make, said

pytestmark = pytest.mark.postgres


def shipment(number: int, name: str, order: str, units: int) -> dict[str, Any]:
    """Bolts that left for an order, known or not."""
    line = {"line": "1", "item": "bolt", "quantity": units}
    body = {"shipment_id": name, "order_id": order, "site": "EAST", "lines": [line]}
    return said(number, "wms_east", "shipment.shipped", body)


STRAYS = [shipment(6, "SH-2", "SO-X", 2), shipment(7, "SH-3", "SO-Y", 1)]
ANSWERS = [
    said(
        8,
        "erp",
        "invoice.rejected",
        {"order_id": "SO-1", "shipment_id": "SH-1", "reason": "no account"},
    ),
    said(
        9,
        "erp",
        "control_totals.reported",
        {
            "day": "2021-03-03",
            "lines": [
                {"site": "EAST", "kind": "shipped", "currency": "EUR", "units": 5,
                 "value_minor": 1000}
            ],
        },
    ),
]  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A hub with one order shipped, its invoice rejected, and two shipments without an order."""
    hub = make(tmp_path, CONFIG)
    for messages in (MASTERS, [*ORDERS, *STRAYS], ANSWERS):  # each when the one before is decided
        hub.json("ingest", "-", stdin=lines(messages))
    return hub


def findings(hub: Hub, *arguments: str) -> list[tuple[str, str, str, int]]:
    """What `crossdock money` lists: order, document, finding, minor units."""
    rows = hub.json("money", *arguments)["rows"]
    return [
        (row["order_id"], row["document"], row["finding"], row.get("value_minor", 0))
        for row in rows
    ]


def test_people_see_what_is_open_and_decide(hub: Hub) -> None:
    """A rejected invoice is asked for again, a stray shipment is linked or closed (P28)."""
    rejected = ("SO-1", "SH-1", "invoice-rejected", 1000)
    strays = [
        ("SO-X", "SH-2", "shipment-without-order", 0),
        ("SO-Y", "SH-3", "shipment-without-order", 0),
    ]
    assert findings(hub, "shipped-not-invoiced") == [rejected, *strays]
    assert findings(hub, "match", "SO-1") == [rejected]
    assert findings(hub, "match", "--finding", "shipment-without-order") == strays
    assert findings(hub, "credits") == []
    words = hub.words("money", "shipped-not-invoiced")
    assert "no account" in words
    assert "10.00 EUR" in words

    assert hub.json("money", "retry", "SO-1", "SH-1", "--day", "2021-04-01")["fate"] == "applied"
    assert findings(hub, "match", "SO-1") == [("SO-1", "SH-1", "shipped-not-invoiced", 1000)]
    hub.run("money", "retry", "SO-1", "SH-1", expect=2)

    assert hub.json("money", "link", "SO-X", "SH-2", "--to", "SO-2")["fate"] == "applied"
    assert findings(hub, "match", "SO-2") == [("SO-2", "SH-2", "shipped-not-invoiced", 500)]
    closed = hub.json("money", "close", "SO-Y", "SH-3", "--note", "samples")
    assert (closed["fate"], closed["source"]) == ("applied", "crm")
    assert findings(hub, "match", "--finding", "shipment-without-order") == []
    hub.run("money", "match", "SO-9", expect=2)
    hub.run("money", "match", "--finding", "nonsense", expect=2)
    assert hub.json("verify")["broken"] == []


def test_control_totals_stand_beside_what_a_system_reports(hub: Hub) -> None:
    """The ERP knows of a unit more than left: the line says by how much, and so does the exit."""
    told = hub.json("money", "control-totals", "--day", "2021-03-03", expect=1)
    shipped = [one for one in told["totals"] if one["currency"] == "EUR"]
    assert shipped == [
        {
            "day": "2021-03-03",
            "site": "EAST",
            "kind": "shipped",
            "currency": "EUR",
            "documents": 1,
            "units": 4,
            "value_minor": 1000,
        }
    ]
    assert told["differences"] == [
        {
            "day": "2021-03-03",
            "site": "EAST",
            "kind": "shipped",
            "currency": "EUR",
            "source": "erp",
            "units": 1,
            "value_minor": 0,
        }
    ]
