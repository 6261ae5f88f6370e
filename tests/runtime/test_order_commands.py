"""`crossdock orders` as the order desk meets it: look, dry run, do; verified after."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.test_commands import MASTERS, lines, make, order, said

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]  # a dozen processes, one by one


def test_the_desk_holds_hurries_and_overrides_an_order(tmp_path: Path) -> None:
    """Nothing without --apply and --reason; each act a message in an owner's name; all foldable."""
    hub = make(tmp_path)
    placed = said(3, "shop", "order.placed", order("SO-1", 4))
    hub.json("ingest", "-", stdin=lines([*MASTERS, placed]))
    [row] = hub.json("orders", "list", "--status", "released")["orders"]
    assert (row["order_id"], row["ordered"], row["holds"]) == ("SO-1", 4, [])

    dry = hub.json("orders", "hold", "SO-1", "--kind", "fraud")
    assert (dry["sound"], dry["applied"], dry["source"]) == (True, False, "erp")
    unsaid = hub.run("orders", "hold", "SO-1", "--apply", expect=2)
    assert b"error (no-reason)" in unsaid.stderr
    meant = ("--apply", "--by", "ann", "--reason", "the card was stolen")
    assert hub.json("orders", "hold", "SO-1", "--kind", "fraud", *meant)["sound"]
    shown = hub.json("orders", "show", "SO-1")
    [hold] = shown["holds"]
    assert (shown["status"], hold["kind"]) == ("held", "fraud")

    strange = hub.run("orders", "release-hold", "SO-1", "nothing", expect=2)
    assert b"error (no-such-hold)" in strange.stderr
    assert hub.json("orders", "release-hold", "SO-1", hold["name"], *meant)["sound"]
    assert hub.json("orders", "prioritise", "SO-1", "1", *meant)["source"] == "shop"
    assert hub.json("orders", "override", "SO-1", "close_short", *meant)["sound"]
    shown = hub.json("orders", "show", "SO-1")
    assert (shown["status"], shown["priority"], shown["holds"]) == ("cancelled", 1, [])
    unknown = hub.run("orders", "show", "SO-9", expect=2)
    assert b"error (no-such-order)" in unknown.stderr
    assert hub.json("verify")["broken"] == []
