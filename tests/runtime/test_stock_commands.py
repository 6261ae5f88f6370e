"""Commands for who keeps the stock right: approving large corrections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runtime.test_commands import CONFIG, MASTERS, Hub, lines, make, said

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
