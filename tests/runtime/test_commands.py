"""The commands as scripts meet them: a process, its exit code, its words, its last line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.postgres

CONFIG = """
hub: {name: harbor, partitions: 4, data: data}
systems:
  erp: {url: "http://127.0.0.1:9"}
  crm: {url: "http://127.0.0.1:9"}
  shop: {url: "http://127.0.0.1:9"}
  wms_east: {url: "http://127.0.0.1:9"}
sites: {EAST: {wms: wms_east}}
channels: {web: {system: shop, sells_from: [EAST]}}
"""


def said(number: int, source: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """A message as a system sends it, one a minute."""
    return {
        "specversion": "1.0",
        "id": f"m-{number}",
        "source": source,
        "type": f"crossdock.{kind}.v1",
        "time": f"2021-03-03T08:{number:02}:00Z",
        "data": data,
    }


def order(order_id: str, quantity: int) -> dict[str, Any]:
    """An order of bolts by the web shop."""
    line = {"line": "1", "item": "bolt", "quantity": quantity, "unit_price_e4": 25_000}
    head = {"channel": "web", "customer": "acme", "currency": "EUR"}
    return {"order_id": order_id, **head, "lines": [line]}


GOODS = {"line": "1", "item": "bolt", "quantity": 4}
MASTERS = [
    said(1, "erp", "item.changed", {"item": "bolt"}),
    said(
        2,
        "wms_east",
        "receipt.posted",
        {"receipt_id": "RC-1", "site": "EAST", "lines": [{"item": "bolt", "quantity": 10}]},
    ),
]
ORDERS = [
    said(3, "shop", "order.placed", order("SO-1", 4)),
    said(3, "shop", "order.placed", order("SO-1", 4)),
    said(
        4,
        "wms_east",
        "shipment.shipped",
        {"shipment_id": "SH-1", "order_id": "SO-1", "site": "EAST", "lines": [GOODS]},
    ),
    said(5, "shop", "order.placed", order("SO-2", 9)),
]


@dataclass(frozen=True)
class Hub:
    """A folder with a configuration, and the command beside it."""

    folder: Path

    def run(
        self, *arguments: str, stdin: bytes = b"", expect: int = 0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the command to its end; no traceback is ever shown."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("crossdock")), *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            timeout=100,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert done.returncode == expect, (done.stdout + done.stderr).decode()
        return done

    def json(self, *arguments: str, stdin: bytes = b"", expect: int = 0) -> Any:
        """Run it with --json; gives what stands on its last line."""
        done = self.run(*arguments, "--json", stdin=stdin, expect=expect)
        return json.loads(done.stdout.splitlines()[-1])

    def words(self, *arguments: str) -> str:
        """Run it; gives its words for people."""
        return self.run(*arguments).stdout.decode()


def lines(messages: Sequence[dict[str, Any]]) -> bytes:
    """Messages, one a line."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in messages)


def make(folder: Path, config: str = CONFIG) -> Hub:
    """A hub's folder that only we may enter."""
    folder.chmod(0o700)
    (folder / "crossdock.yaml").write_text(config)
    return Hub(folder)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub that took masters and orders in; the tests here only look at it."""
    hub = make(tmp_path_factory.mktemp("hub"))
    (hub.folder / "masters.ndjson").write_bytes(lines(MASTERS))
    first = hub.json("ingest", "masters.ndjson")
    assert (first["read"], first["accepted"], first["refused"]) == (2, 2, 0)
    second = hub.json("ingest", "-", stdin=lines(ORDERS))
    assert second == {
        "read": 4,
        "accepted": 3,
        "duplicate": 1,
        "conflict": 0,
        "rival": 0,
        "refused": 0,
        "refusals": [],
        "fates": {
            "received": 0,
            "applied": 5,
            "superseded": 0,
            "held": 0,
            "dead": 0,
            "absorbed": 1,
        },
    }
    return hub


def test_state_shows_position_hash_fates_and_balances(hub: Hub) -> None:
    """The keys that scripts rely on, and figures that add up."""
    state = hub.json("state")
    assert sum(row["decided"] for row in state["position"].values()) == 5
    assert len(state["hash"]) == 64
    assert state["fates"]["applied"] == 5
    assert state["balances_by_state"] == {"available": 6, "customer": 4, "supplier": -10}
    assert {row["quantity"] for row in state["balances"]} == {6, 4, -10}
    [promise] = state["promises"]
    assert (promise["sellable"], promise["reserved"]) == (6, 6)
    assert state["hash"] in hub.words("state")


def test_state_and_check_show_how_destinations_fare(hub: Hub) -> None:
    """Breaker, quota and backlog by lane of every system that is told anything."""
    for command in ("state", "check"):
        shown = hub.json(command)["destinations"]
        for one in shown.values():
            assert (one["breaker"], one["failures"]) == ("closed", 0)
            assert one["backlog_effects"] == sum(
                count for states in one["backlog"].values() for count in states.values()
            )
        assert any(one["backlog_effects"] for one in shown.values())
    assert "breaker closed" in hub.words("state")


def test_state_looks_back(hub: Hub) -> None:
    """By event time, by time of record and by place in the log, as it is printed."""
    words = hub.words("state")
    [decided] = [line for line in words.splitlines() if line.startswith("decided")]
    now = hub.json("state")["balances"]
    place = decided.split()[-1]
    assert hub.json("state", "--at", place)["balances"] == now
    assert hub.json("state", "--item", "bolt", "--known-at", "2999-01-01T00:00:00Z")[
        "balances"
    ] == [row for row in now if row["item"] == "bolt"]
    then = hub.json("state", "--item", "bolt", "--as-of", "2021-03-03T09:02:00+01:00")
    assert [(row["state"], row["quantity"]) for row in then["balances"]] == [
        ("available", 10),
        ("supplier", -10),
    ]
    assert then["as_of"] == "2021-03-03T08:02:00Z"
    assert hub.json("state", "--known-at", "2021-03-03T08:02:00Z")["balances"] == []
    for option, text in (("--at", "17"), ("--at", "0:1,0:2"), ("--as-of", "2021-03-03T08:02")):
        assert b"error (no-such-moment)" in hub.run("state", option, text, expect=2).stderr


def test_both_ledgers_are_shown_side_by_side(hub: Hub) -> None:
    """Per site, by how far the ERP was told; an item with a difference would be named."""
    told = hub.json("state", "--financial")
    assert {row["execution"] for row in told["rows"]} == {row["financial"] for row in told["rows"]}
    assert told["differences"] == []
    [(_, sums)] = told["sites"].items()
    assert sums["execution"] == sums["financial"] == 6
    assert "differ" in hub.words("state", "--financial")


def test_an_older_version_is_taken_told_of_and_verified(tmp_path: Path) -> None:
    """From file to trace: as the newest, once for both versions, and the books are right (R20)."""
    hub = make(tmp_path)
    move = {
        "movement_id": "MV-1",
        "item": "bolt",
        "quantity": 3,
        "source": {"state": "available", "site": "EAST"},
        "target": {"state": "quarantine", "site": "EAST"},
    }
    old = said(8, "wms_east", "stock.moved", move)
    new = old | {
        "id": "m-8-again",
        "type": "crossdock.stock.moved.v2",
        "data": move | {"kind": "quarantine"},
    }
    hub.json("ingest", "-", stdin=lines(MASTERS))
    told = hub.json("ingest", "-", stdin=lines([old, new]))
    assert (told["accepted"], told["duplicate"], told["fates"]["applied"]) == (1, 1, 3)
    assert "quarantine: 3 x bolt from available at EAST to quarantine at EAST" in hub.words(
        "trace", "bolt"
    )
    assert hub.json("state")["balances_by_state"]["quarantine"] == 3
    assert hub.json("verify")["broken"] == []


def test_the_same_facts_in_another_order_have_the_same_hash(hub: Hub, tmp_path: Path) -> None:
    """From an array, the goods before the order, each message twice (M4)."""
    other = make(tmp_path)
    other.json("ingest", "-", stdin=json.dumps(MASTERS).encode())
    shuffled = [ORDERS[2], ORDERS[0], ORDERS[3], ORDERS[2], ORDERS[3]]
    result = other.json("ingest", "-", stdin=json.dumps(shuffled).encode())
    assert (result["accepted"], result["duplicate"]) == (3, 2)
    assert other.json("state")["hash"] == hub.json("state")["hash"]


def test_verify_is_clean_and_names_what_it_checked(hub: Hub) -> None:
    """Nothing broken, no warnings, every check by name and with its invariant."""
    result = hub.json("verify")
    assert result["broken"] == result["warnings"] == []
    assert {"raw_bytes", "balances_are_sums", "orders_rebuilt"} <= set(result["checked"])
    assert "ok      I12  balances_are_sums" in hub.words("verify")


def test_an_order_is_traced_from_first_word_to_what_it_waits_for(hub: Hub) -> None:
    """Who said what, what was decided, and what is missing, each with its evidence."""
    trace = hub.json("trace", "SO-2")
    assert (trace["kind"], trace["id"]) == ("order", "SO-2")
    [entry] = trace["timeline"]
    assert (entry["who"], entry["what"]) == ("shop", "acme orders 9 x bolt (line 1) by web")
    assert "reserved 6 of line 1 at EAST" in entry["decided"]
    waits = {wait["what"]: wait["evidence"] for wait in trace["waits_for"]}
    short = "stock for line 1: 3 x bolt: 0 free at EAST; nothing is expected"
    assert waits[short] == entry["evidence"]
    assert waits["wms_east to be told: due, not tried yet"] == "wms_east/release/SO-2-R1"
    place = entry["evidence"]
    assert hub.json("trace", place)["timeline"][0]["evidence"] == place


def test_a_shipment_leads_to_its_order_and_an_item_to_its_goods(hub: Hub) -> None:
    """Other numbers than an order's are understood too."""
    assert "shipment SH-1 belongs to order SO-1" in hub.words("trace", "shipment:SH-1")
    effect = hub.json("trace", "wms_east/release/SO-2-R1")["summary"][0]
    assert effect["what"] == "wms_east/release/SO-2-R1 is what wms_east is told of order SO-2"
    item = hub.words("trace", "bolt")
    assert "bolt at EAST: 6 on the shelf, 6 promised, 0 free" in item
    assert "received 10 x bolt as available at EAST (RC-1)" in item
    assert "order SO-2 line 1 waits for 3" in item


def test_an_unknown_key_is_said_to_be_unknown(hub: Hub) -> None:
    """Exit code 2, one sentence, what would have been right."""
    done = hub.run("trace", "nobody", expect=2)
    assert done.stderr.decode().startswith("error (key-unknown): ")
    assert b"a place like 3:17" in done.stderr
    hub.run("trace", "9999:1", expect=2)


def test_check_finds_a_sound_hub_sound(hub: Hub) -> None:
    """Nothing wrong; what is worth knowing is noted."""
    result = hub.json("check")
    assert (result["ok"], result["problems"]) == (True, [])
    assert "database schema" in result["looked_at"]
    assert any("shop.inbound_key" in note for note in result["notes"])


def test_refused_lines_are_named_with_their_reason(tmp_path: Path) -> None:
    """The good ones go in; exit code 1 says that not all did."""
    hub = make(tmp_path)
    stranger = said(7, "shop", "receipt.posted", MASTERS[1]["data"])
    other = said(1, "erp", "item.changed", {"item": "nut"})
    body = lines([MASTERS[0]]) + b"{not json}\n" + lines([stranger, other]) + b"\n"
    result = hub.json("ingest", "-", stdin=body, expect=1)
    assert (result["read"], result["accepted"], result["refused"]) == (5, 1, 4)
    refusals = [(refusal["where"], refusal["code"]) for refusal in result["refusals"]]
    assert sorted(refusals) == [
        ("line 2", "not-json"),
        ("line 3", "not-yours"),
        ("line 4", "id-conflict"),
        ("line 5", "not-json"),
    ]
    assert result["fates"]["applied"] == 1


def test_what_cannot_be_worked_with_is_said_in_one_sentence(tmp_path: Path) -> None:
    """Without a configuration, a file or an array: exit code 2 and a code for programs."""
    hub = Hub(tmp_path)
    assert b"error (configuration-wrong)" in hub.run("state", expect=2).stderr
    hub = make(tmp_path)
    assert b"error (file-unreadable)" in hub.run("ingest", "nowhere", expect=2).stderr
    assert b"error (not-json)" in hub.run("ingest", "-", stdin=b"[{]", expect=2).stderr


@pytest.mark.parametrize(
    ("config", "where", "found"),
    [
        (CONFIG.replace("partitions: 4", "partitions: 0"), "hub.partitions", "0"),
        (
            CONFIG.replace("  crm: {url", "  crm: {credentials: env:NO_SUCH_NAME, url"),
            "systems.crm.credentials",
            "'env:NO_SUCH_NAME, which is not set'",
        ),
        (
            CONFIG.replace('  shop: {url: "http://127.0.0.1:9"}', "  shop: {}"),
            "ownership.order",
            "the consumer shop of channel web, which has no url",
        ),
        (
            CONFIG + "ownership: {item: {owner: [erp, shop]}}",
            "ownership.item",
            "owners erp, shop",
        ),
        (
            CONFIG.replace("sites: {EAST: {wms: wms_east}}", "sites: {}").replace("[EAST]", "[]"),
            "ownership.stock",
            'owner "wms of site", and no site is configured',
        ),
    ],
)
def test_check_names_what_is_wrong(tmp_path: Path, config: str, where: str, found: str) -> None:
    """Every problem with its place, what was found there and what was expected; exit code 1."""
    result = make(tmp_path, config).json("check", expect=1)
    assert result["ok"] is False
    assert [p["found"] for p in result["problems"] if p["where"] == where] == [found]
    assert not (tmp_path / "data").exists()


def test_check_shows_the_matrix(tmp_path: Path) -> None:
    """With its version, each phrase with whom it means, and which flows run."""
    hub = make(tmp_path, CONFIG + "flows: {pick: {enabled: false}}")
    shown = hub.json("check", "--ownership")["ownership"]
    assert len(shown["version"]) == 12
    rows = {row["rule"]: row for row in shown["rows"]}
    assert rows["stock"]["owner"] == "wms of site (EAST wms_east)"
    assert rows["availability"]["publisher"] == "hub"
    stopped = {flow["name"] for flow in shown["flows"] if flow["stopped"]}
    assert stopped == {"pick"}
    text = hub.run("check", "--ownership").stdout.decode()
    assert f"ownership, version {shown['version']}" in text


def test_check_compares_the_layout_with_the_configuration(tmp_path: Path) -> None:
    """The number of partitions cannot change once the log is laid out."""
    hub = make(tmp_path)
    hub.json("ingest", "-", stdin=lines(MASTERS))
    hub = make(tmp_path, CONFIG.replace("partitions: 4", "partitions: 8"))
    [problem] = hub.json("check", expect=1)["problems"]
    assert problem == {"where": "hub.partitions", "found": "8", "expected": "4, as laid out"}
