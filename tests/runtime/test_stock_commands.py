"""Commands for who keeps the stock right: approving large corrections, finding a lot, putting
counters right."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossdock.runtime.config import read_settings
from crossdock.runtime.hub import opened_store
from crossdock.storage.postgres.pool import transaction
from crossdock.storage.postgres.rebase import differences, rebase
from tests.runtime.test_commands import (
    CONFIG,
    GOODS,
    MASTERS,
    ORDERS,
    Hub,
    lines,
    make,
    order,
    said,
)

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


DRIFT = """
UPDATE balance SET quantity = quantity + 3 WHERE item = 'bolt' AND state = 'available';
DELETE FROM balance WHERE item = 'bolt' AND state = 'customer';
INSERT INTO balance VALUES ('bolt', 'WEST', '', 'available', '', 2);
UPDATE promise SET sellable = sellable - 1, reserved = reserved + 5 WHERE item = 'bolt';
"""


async def drift(config: Path) -> None:
    """Write to tables that nobody but the hub should write to."""
    async with opened_store(read_settings(config)) as store, transaction(store.pool) as connection:
        await connection.execute(DRIFT)


def test_counters_that_drifted_are_found_and_put_right_from_the_entries(tmp_path: Path) -> None:
    """Shown first, then written with evidence; sound before and after (P3, P10)."""
    hub = make(tmp_path)
    hub.json("ingest", "-", stdin=lines([*MASTERS, *ORDERS]))
    sound = hub.json("state")["hash"]
    assert hub.json("stock", "rebase", "--item", "bolt")["differences"] == []
    asyncio.run(drift(tmp_path / "crossdock.yaml"))
    assert hub.json("verify", expect=1)["broken"]
    shown = hub.json("stock", "rebase", "--item", "bolt", expect=1)
    assert not shown["applied"]
    assert {
        (d["counter"], d["site"], d["state"]): (d["stored"], d["entered"])
        for d in shown["differences"]
    } == {
        ("balance", "EAST", "available"): (9, 6),
        ("balance", "EAST", "customer"): (0, 4),
        ("balance", "WEST", "available"): (2, 0),
        ("sellable", "EAST", ""): (5, 6),
        ("reserved", "EAST", ""): (11, 6),
    }
    applied = hub.json("stock", "rebase", "--item", "bolt", "--apply")
    assert (applied["applied"], applied["differences"]) == (True, shown["differences"])
    assert hub.json("verify")["broken"] == []
    assert hub.json("state")["hash"] == sound
    [evidence] = [
        one for one in hub.json("trace", "bolt")["exceptions"] if one["kind"] == "stock-rebased"
    ]
    assert "sellable at EAST: 5 stored, 6 from entries" in evidence["detail"]
    assert "nothing differs" in hub.words("stock", "rebase", "--item", "bolt", "--apply")
    unknown = hub.run("stock", "rebase", "--item", "nobody", expect=2)
    assert b"error (key-unknown)" in unknown.stderr


NOW = datetime(2021, 3, 4, tzinfo=UTC)
BATCH = """
INSERT INTO movement (partition, position, number, item, lot, owner, from_site, from_state,
                      to_site, to_state, quantity, document, event_time, recorded_time)
VALUES (0, 999, 0, 'bolt', '', '', 'EAST', 'available', 'EAST', 'damaged', 2, 'X', now(), now());
UPDATE balance SET quantity = quantity - 2
WHERE item = 'bolt' AND site = 'EAST' AND state = 'available';
INSERT INTO balance VALUES ('bolt', 'EAST', '', 'damaged', '', 2);
UPDATE promise SET sellable = sellable - 2 WHERE item = 'bolt';
"""
BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def rebase_beside_a_batch(config: Path) -> tuple[int, int]:
    """Put right what drifted while a batch is half done; gives what differed, and still does."""
    async with opened_store(read_settings(config)) as store:
        async with transaction(store.pool) as batch:
            await batch.execute(BATCH)
            task = asyncio.create_task(rebase(store.pool, "bolt", NOW))
            while not task.done() and not await batch.fetchval(BLOCKED):
                pass
        found = await task
        return len(found), len(await differences(store.pool, "bolt") or [])


def test_what_a_batch_writes_meanwhile_is_kept(tmp_path: Path) -> None:
    """The difference is added under the batch's locks, never a sum that was read before."""
    hub = make(tmp_path)
    hub.json("ingest", "-", stdin=lines([*MASTERS, *ORDERS]))
    asyncio.run(drift(tmp_path / "crossdock.yaml"))
    assert asyncio.run(rebase_beside_a_batch(tmp_path / "crossdock.yaml")) == (5, 0)


async def marked_after_rebase(config: Path) -> list[str]:
    """Let picked units alone drift when nothing is left to be told; gives what is marked then."""
    async with opened_store(read_settings(config)) as store:
        await store.publish_availability([], NOW, 100)
        async with transaction(store.pool) as connection:
            await connection.execute(
                "INSERT INTO balance VALUES ('bolt', 'EAST', 'L9', 'picked', '', 3)"
            )
        await rebase(store.pool, "bolt", NOW)
        async with transaction(store.pool) as connection:
            rows = await connection.fetch("SELECT item FROM availability_changed")
    return [row[0] for row in rows]


def test_a_channel_is_told_of_picked_units_that_were_put_right(tmp_path: Path) -> None:
    """They are no free stock, and part of what is on hand."""
    hub = make(tmp_path)
    hub.json("ingest", "-", stdin=lines([*MASTERS, *ORDERS]))
    assert asyncio.run(marked_after_rebase(tmp_path / "crossdock.yaml")) == ["bolt"]
