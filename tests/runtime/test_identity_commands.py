"""Numbers and fields as people meet them: asked about, linked, merged, traced; verified after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.test_commands import CONFIG, Hub, lines, make, order, said

pytestmark = pytest.mark.postgres

SPOKEN = (
    CONFIG.replace(
        'shop: {url: "http://127.0.0.1:9"}', 'shop: {url: "http://127.0.0.1:9", ids: [item]}'
    )
    + """
ownership:
  party: {owner: [erp, crm]}
survivorship:
  party: {by: [complete, rank, recent], rank: [erp, crm]}
  party.name: {by: [complete, recent]}
codes:
  erp: {item.status: {A: active, B: blocked}}
"""
)
PARTIES = [
    said(10, "erp", "party.changed", {"party": "acme", "name": "Acme", "terms": "NET30"}),
    said(12, "crm", "party.changed", {"party": "acme", "name": "Acme Ltd", "terms": "NET60"}),
    said(11, "erp", "party.changed", {"party": "acme", "name": "ACME", "revision": 2}),
]


def timed(message: dict[str, Any], **more: str) -> dict[str, Any]:
    return {**message, **more}


MESSAGES = [
    timed(
        said(1, "erp", "item.changed", {"item": "bolt", "status": "A"}),
        time="2021-03-03T10:01:00+02:00",
        recordedtime="2021-03-03T08:05:00+00:00",
    ),
    said(
        2,
        "shop",
        "order.placed",
        {**order("SO-1", 4), "lines": [{"line": "1", "item": "4711", "quantity": 4}]},
    ),
    said(3, "erp", "item.changed", {"item": "nut", "status": "Q"}),
    *PARTIES,
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub that was told of a number and a code that nobody knows."""
    hub = make(tmp_path_factory.mktemp("hub"), SPOKEN)
    told = hub.json("ingest", "-", stdin=lines(MESSAGES))
    assert (told["read"], told["accepted"], told["fates"]["held"]) == (6, 6, 2)
    return hub


def test_what_waits_for_a_person_goes_on_when_it_is_linked(hub: Hub) -> None:
    """Seen in the queue, linked by name, applied by itself; every promise of the store holds."""
    [case] = hub.json("identity", "review", expect=1)["cases"]
    assert (case["system"], case["external"], case["waiting"]) == ("shop", "4711", 1)
    [change] = hub.json("identity", "link", "shop", "item", "4711", "bolt", "--by", "master data")[
        "changes"
    ]
    assert change["fate"] == "applied"
    assert hub.json("identity", "review")["cases"] == []
    [link] = hub.json("identity", "list", "--system", "shop")["links"]
    assert (link["external"], link["canonical"]) == ("4711", "bolt")
    trace = hub.json("trace", "SO-1")
    summary = [fact["what"] for fact in trace["summary"]]
    assert "line 1: bolt: 4 ordered, 4 backordered" in summary
    assert hub.json("verify")["broken"] == []


def test_a_code_that_was_added_to_its_table_lets_its_message_be_decided(hub: Hub) -> None:
    """Held with the raw code and the known ones; retried once the file knows it."""
    held = [one for one in hub.json("trace", "nut")["timeline"] if one["who"] == "erp"]
    assert "held: unknown-code:item.status:Q" in held[0]["decided"][0]
    (hub.folder / "crossdock.yaml").write_text(
        SPOKEN.replace("B: blocked", "B: blocked, Q: blocked")
    )
    [change] = hub.json("identity", "retry", held[0]["evidence"])["changes"]
    assert change["fate"] == "applied"
    fields = {one["field"]: one for one in hub.json("trace", "item:nut", "--fields")["fields"]}
    assert fields["status"]["value"] == "blocked"
    assert hub.json("identity", "retry", "0:999", expect=1)["changes"][0]["fate"] == "superseded"


def test_every_field_says_which_message_set_it(hub: Hub) -> None:
    """The stored answer is the one that reading the whole log again gives."""
    fields = {one["field"]: one for one in hub.json("trace", "party:acme", "--fields")["fields"]}
    assert {name: one["value"] for name, one in fields.items() if one["value"]} == {
        "name": "Acme Ltd",
        "role": "customer",
        "terms": "NET60",
    }
    replayed = [
        one for one in hub.json("trace", "acme")["timeline"] if one["who"] in ("erp", "crm")
    ]
    newest = {one["who"]: one["evidence"] for one in replayed}
    assert fields["name"]["set_by"]["place"] == newest["crm"]
    assert fields["role"]["set_by"]["place"] == newest["erp"]
    assert [(one["source"], one["value"]) for one in fields["name"]["others"]] == [("erp", "ACME")]


def test_four_times_are_kept_apart(hub: Hub) -> None:
    """Happened, written down, received, processed: each as it was said, with its offset."""
    [first, *_] = [one for one in hub.json("trace", "bolt")["timeline"] if one["who"] == "erp"]
    told = [fact["what"] for fact in hub.json("trace", first["evidence"])["summary"]]
    assert "happened 2021-03-03 08:01:00Z (2021-03-03T10:01:00+02:00)" in told
    assert "written down by erp 2021-03-03 08:05:00Z" in told
    [received] = [line for line in told if line.startswith("received ")]
    [processed] = [line for line in told if line.startswith("processed ")]
    assert received.removeprefix("received ") <= processed.removeprefix("processed ")
    [name] = [
        one
        for one in hub.json("trace", "item:bolt", "--fields")["fields"]
        if one["field"] == "status"
    ]
    assert name["set_by"]["event_time"] == "2021-03-03T08:01:00Z"
    assert name["set_by"]["recorded_time"] == "2021-03-03T08:05:00Z"


def test_what_cannot_be_a_change_is_refused(hub: Hub) -> None:
    """Read as strictly as messages are."""
    for wrong in (
        ("link", "shop", "order", "1", "2"),
        ("link", "shop", "item", " 1", "2"),
        ("split", "item", "bolt", "nut", "4711"),
        ("retry", "foo"),
    ):
        done = hub.run("identity", *wrong, expect=2)
        assert done.stderr.decode().startswith("error (not-a-change): ")
    assert json.loads(hub.run("identity", "list", "--json").stdout.splitlines()[-1])["links"]
    hub.run("trace", "item:nobody", "--fields", expect=2)


def test_a_rename_and_a_merge_by_hand(hub: Hub, tmp_path: Path) -> None:
    """The new name finds the old record; the loser of a merge finds the survivor."""
    hub.json("identity", "link", "crossdock", "item", "bolt-new", "bolt")
    assert hub.json("trace", "item:bolt-new", "--fields")["id"] == "bolt"
    hub.json("identity", "merge", "party", "acme-2", "acme")
    [again] = hub.json("identity", "merge", "party", "acme-2", "acme", expect=1)["changes"]
    assert (again["fate"], again["reason"]) == (
        "held",
        "merge-refused: the loser was merged before",
    )
    assert hub.json("trace", "party:acme-2", "--fields")["id"] == "acme"
    assert hub.json("verify")["broken"] == []
