"""People at work: conditions, held messages and held effects by command, each dry run first."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.log.records import Settlement, Verdict
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.config import read_settings
from crossdock.runtime.hub import opened_store
from tests.runtime.test_commands import CONFIG, MASTERS, Hub, lines, make, order, said

pytestmark = pytest.mark.postgres

HOUSE = (
    CONFIG
    + """
codes: {erp: {item.status: {A: active, B: blocked}}}
ownership: {item.description: {owner: erp, on_violation: hold}}
conditions: {over-shipped: {hours: 1, team: night shift}}
"""
)
SHIPPED = {"line": "1", "item": "bolt", "quantity": 6}
FACTS = [
    said(3, "shop", "order.placed", order("SO-1", 4)),
    said(
        4,
        "wms_east",
        "shipment.shipped",
        {"shipment_id": "SH-1", "order_id": "SO-1", "site": "EAST", "lines": [SHIPPED]},
    ),
    said(5, "erp", "item.changed", {"item": "nut", "status": "Q"}),
    said(6, "crm", "item.changed", {"item": "tack", "description": "Tack"}),
    said(7, "shop", "order.placed", order("SO-2", 2)),
]
RELEASE = "wms_east/release/SO-2-R1"


def make_house(folder: Path) -> Hub:
    """A hub in which something of each sort waits for a person."""
    hub = make(folder, HOUSE)
    hub.json("ingest", "-", stdin=lines([*MASTERS, *FACTS]))
    asyncio.run(_refuse(hub, RELEASE))
    return hub


async def _refuse(hub: Hub, effect: str) -> None:
    """The warehouse refuses an effect, as the pump would record it."""
    settings = read_settings(hub.folder / "crossdock.yaml")
    now = SystemClock().now()
    async with opened_store(settings) as store:
        for one in await store.claim("wms_east", now, now + timedelta(minutes=1), 50):
            refused = one.business_key == effect
            verdict = Verdict.REFUSED if refused else Verdict.ACCEPTED
            await store.settle(
                [Settlement(one.effect_id, one.attempt, verdict, "", "no such zone")], now
            )


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A house with work to do, of each test's own."""
    return make_house(tmp_path)


def test_conditions_are_worked_on(hub: Hub) -> None:
    """Listed with money at risk, assigned, closed with a reason, and all of it kept (P56)."""
    found = hub.json("exceptions", "list")
    rows = {row["kind"]: row for row in found["exceptions"]}
    assert set(rows) == {"over-shipped", "unknown-code", "not-yours", "refused"}
    assert found["count"] == 4
    over = rows["over-shipped"]
    assert (over["severity"], over["to"], over["risk"]) == ("high", "night shift", "1500 EUR")
    assert hub.json("exceptions", "list", "--category", "contract")["count"] == 1
    shown = hub.json("exceptions", "show", "over-shipped", "SO-1/1")
    assert shown["evidence"].endswith(
        "crossdock.shipment.shipped.v1 from wms_east, 2021-03-03T08:04:00+00:00"
    )
    assert shown["runbook"][0]["command"] == "crossdock trace SO-1"

    kind, key = "over-shipped", "SO-1/1"
    dry = hub.json("exceptions", "close", kind, key)
    assert (dry["applied"], dry["sound"]) == (False, True)
    assert dry["dry_run"]["closed"] == [
        {"kind": kind, "key": key, "why": f"{dry['dry_run']['closed'][0]['why']}"}
    ]
    assert hub.json("exceptions", "list", "--kind", kind)["count"] == 1
    hub.run("exceptions", "close", kind, key, "--apply", expect=2)  # nobody said why
    hub.json(
        "exceptions",
        "assign",
        kind,
        key,
        "--to",
        "ann",
        "--by",
        "bob",
        "--apply",
        "--reason",
        "hers",
    )
    assert hub.json("exceptions", "list", "--to", "ann")["count"] == 1
    done = hub.json(
        "exceptions", "close", kind, key, "--by", "ann", "--apply", "--reason", "they pay"
    )
    assert [one["fate"] for one in done["became"]] == ["applied"]
    assert hub.json("exceptions", "list", "--kind", kind)["count"] == 0
    [closed] = hub.json("exceptions", "list", "--kind", kind, "--closed")["exceptions"]
    assert (closed["closed_why"], closed["closed_place"]) == (
        "ann: they pay",
        done["became"][0]["place"],
    )
    assert hub.json("verify")["broken"] == []


def test_held_messages_are_helped_on(hub: Hub) -> None:
    """Seen with what they say; edited, overridden; what was handled is listed no more."""
    rows = hub.json("dead-letters", "list", expect=1)["dead_letters"]
    places = {row["kind"]: row["target"] for row in rows}
    assert set(places) == {"unknown-code", "not-yours", "refused"}
    code, foreign = places["unknown-code"], places["not-yours"]
    shown = hub.json("dead-letters", "show", code)
    assert shown["says"]["data"] == {"item": "nut", "status": "Q"}

    data = hub.folder / "nut.json"
    data.write_text(json.dumps({"item": "nut", "status": "B"}))
    dry = hub.json("dead-letters", "edit", code, "--data", "nut.json")
    assert [(one["type"], one["fate"], one["asked"]) for one in dry["dry_run"]["steps"]] == [
        ("crossdock.message.corrected.v1", "applied", True),
        ("crossdock.item.changed.v1", "applied", False),
    ]
    assert {"kind": "item", "id": "nut"} in dry["dry_run"]["records"]
    assert hub.json("dead-letters", "list", "--kind", "unknown-code", expect=1)["count"] == 1
    hub.json(
        "dead-letters", "edit", code, "--data", "nut.json", "--apply", "--reason", "B is meant"
    )
    assert hub.json("dead-letters", "list", "--kind", "unknown-code")["count"] == 0
    assert hub.json("exceptions", "list", "--kind", "unknown-code")["count"] == 0

    hub.json("dead-letters", "override", foreign, "--apply", "--reason", "the ERP agrees")
    assert "tack" in hub.words("trace", "item:tack", "--fields")
    # Once handled it is nobody's work, whatever one asks for.
    late = hub.json("dead-letters", "cancel", foreign, "--apply", "--reason", "no", expect=1)
    assert late["became"][0]["reason"].startswith("it was overridden at")
    assert hub.json("verify")["broken"] == []


def test_a_held_effect_is_ruled_on(hub: Hub) -> None:
    """Its order and the money are shown; told again, refused again, adopted; then it is done."""
    [row] = hub.json("dead-letters", "list", "--fate", "held effect", expect=1)["dead_letters"]
    assert (row["target"], row["kind"], row["key"]) == (RELEASE, "refused", "SO-2")
    assert hub.json("exceptions", "list", "--kind", "refused")["exceptions"][0]["risk"] == "500 EUR"
    dry = hub.json("dead-letters", "retry", RELEASE)
    assert dry["dry_run"]["rulings"] == [{"effect": RELEASE, "action": "retry", "reference": ""}]
    hub.json("dead-letters", "retry", RELEASE, "--apply", "--reason", "zone made")
    asyncio.run(_refuse(hub, RELEASE))
    [shown] = hub.json("exceptions", "list", "--kind", "refused")["exceptions"]
    assert shown["times"] == 2
    hub.json(
        "dead-letters", "adopt", RELEASE, "--reference", "W-9", "--apply", "--reason", "seen there"
    )
    assert hub.json("exceptions", "list", "--kind", "refused")["count"] == 0

    # What is open of the order may be cancelled in the name of who may; that is shown first too.
    dry = hub.json("dead-letters", "compensate", "SO-2")
    assert {"order": "SO-2", "path": "$.cancel_all", "before": None, "after": True} in dry[
        "dry_run"
    ]["orders"]
    assert dry["dry_run"]["steps"][0]["source"] == "shop"
    assert dry["dry_run"]["effects"][0]["type"] == "crossdock.order.release_cancelled.v1"
    assert hub.json("verify")["broken"] == []


def test_a_bulk_retry_that_is_cut_off_goes_on(tmp_path: Path) -> None:
    """Each is copied once, whatever the first run had done (P57); what stays held is new work."""
    hub = make(tmp_path, HOUSE)
    held = [
        said(n, "erp", "item.changed", {"item": f"i-{n}", "status": "Q"}) for n in range(10, 16)
    ]
    hub.json("ingest", "-", stdin=lines(held))
    text = HOUSE.replace("B: blocked", "B: blocked, Q: blocked")
    (tmp_path / "crossdock.yaml").write_text(text)
    words = (
        "dead-letters",
        "redrive",
        "--kind",
        "unknown-code",
        "--apply",
        "--reason",
        "Q is known",
    )
    assert hub.json(*words, "--limit", "4")["retried"] == 4
    assert hub.json("dead-letters", "list", expect=1)["count"] == 2
    assert hub.json(*words, "--limit", "4")["retried"] == 2
    assert hub.json("dead-letters", "list")["count"] == 0
    fates = hub.json("state")["fates"]
    assert (fates["held"], fates["applied"]) == (6, 12)  # the first ones stay where they were
    assert hub.json("verify")["broken"] == []


def test_what_is_named_wrongly_is_said(hub: Hub) -> None:
    """No such condition, nothing that waits, an action for the other sort."""
    for words, code in {
        ("exceptions", "show", "over-shipped", "SO-9/1"): "no-such-condition",
        ("exceptions", "show", "odd", "SO-1/1"): "no-such-condition",
        ("dead-letters", "show", "3:999"): "nothing-waits",
        ("dead-letters", "retry", "nobody/nothing"): "nothing-waits",
        ("dead-letters", "adopt", "3:1", "--reference", "X"): "not-of-this",
        ("dead-letters", "override", RELEASE): "not-of-this",
    }.items():
        assert f"({code})" in hub.run(*words, expect=2).stderr.decode()
