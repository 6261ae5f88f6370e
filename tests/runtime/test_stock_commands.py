"""Commands for who keeps the stock right: approving large corrections, finding a lot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runtime.test_commands import CONFIG, GOODS, MASTERS, Hub, lines, make, order, said

pytestmark = pytest.mark.postgres

LIMITED = CONFIG + "policies: {adjustments: [{units: 5}]}\n"


def lost(number: int, quantity: int) -> dict[str, Any]:
    """A correction of bolts by the warehouse."""
    data = {"adjustment_id": f"AD-{number}", "site": "EAST", "item": "bolt"}
    return said(
        number, "wms_east", "stock.adjusted", {**data, "quantity": quantity, "reason": "write_off"}
    )


def on_the_shelf(hub: Hub) -> int:
    """How many bolts may be sold."""
    [promise] = hub.json("state")["promises"]
    return int(promise["sellable"])


def test_a_large_correction_is_listed_and_booked_or_not_as_its_owner_says(tmp_path: Path) -> None:
    """Once, in the name of the owner; what nobody waits for and who may not is refused."""
    hub = make(tmp_path, LIMITED)
    hub.json("ingest", "-", stdin=lines([*MASTERS, lost(3, -6), lost(4, -7), lost(5, -1)]))
    assert on_the_shelf(hub) == 9
    waiting = {one["adjustment_id"]: one for one in hub.json("adjustments", "list")["adjustments"]}
    assert {number: one["change"] for number, one in waiting.items()} == {"AD-3": -6, "AD-4": -7}
    assert waiting["AD-3"]["limit"] == "more than 5 units"
    assert "AD-4: -7 x bolt available at EAST" in hub.words("adjustments", "list")
    stranger = hub.run("adjustments", "approve", "AD-3", "--as", "shop", expect=2)
    assert b"error (not-yours)" in stranger.stderr
    told = hub.json("adjustments", "approve", "AD-3", "--by", "the controller")
    assert (told["source"], told["fate"]) == ("erp", "applied")
    assert hub.json("adjustments", "reject", "AD-4")["fate"] == "applied"
    assert on_the_shelf(hub) == 3
    assert hub.json("adjustments", "list")["adjustments"] == []
    assert b"error (not-pending)" in hub.run("adjustments", "approve", "AD-4", expect=2).stderr
    assert hub.json("verify")["broken"] == []


def test_a_lot_is_followed_to_its_customers_and_its_recall_is_seen(tmp_path: Path) -> None:
    """By document: what came, what left for whom, what stands apart, and why."""
    hub = make(tmp_path)
    came = {"item": "bolt", "quantity": 10, "lot": "L/1"}
    shipped = {"shipment_id": "SH-1", "order_id": "SO-1", "site": "EAST"}
    recall = {"recall_id": "RE-1", "item": "bolt", "lots": ["L/1"]}
    told = [
        MASTERS[0],
        said(
            2,
            "wms_east",
            "receipt.posted",
            {"receipt_id": "RC-1", "site": "EAST", "lines": [came]},
        ),
        said(3, "shop", "order.placed", order("SO-1", 4)),
        said(
            4,
            "wms_east",
            "shipment.shipped",
            {**shipped, "lines": [{**GOODS, "lot": "L/1"}]},
        ),
        said(5, "erp", "recall.ordered", recall),
    ]
    for message in told:
        hub.json("ingest", "-", stdin=lines([message]))
    found = hub.json("trace", "lot:bolt/L/1")
    assert (found["kind"], found["item"], found["lot"]) == ("lot", "bolt", "L/1")
    assert found["blocked"]["EAST"] == "recalled by RE-1"
    assert found["delivered"] == [{"order": "SO-1", "customer": "acme", "quantity": 4}]
    held = {row["state"]: row["quantity"] for row in found["now"]}
    assert held == {"quarantine": 6, "customer": 4, "supplier": -10}
    assert [(m["document"], m["quantity"], m["to_state"]) for m in found["movements"]] == [
        ("RC-1", 10, "available"),
        ("SH-1", 4, "picked"),
        ("SH-1", 4, "customer"),
        ("RE-1", 6, "quarantine"),
    ]
    told_of = {one["kind"] for one in found["exceptions"]}
    assert told_of >= {"lot-blocked", "recalled-units-elsewhere"}
    words = hub.words("trace", "lot:bolt/L/1")
    assert "delivered 4 for SO-1 of acme" in words
    assert "now 6 quarantine at EAST" in words
    assert b"error (key-unknown)" in hub.run("trace", "lot:bolt/L9", expect=2).stderr
