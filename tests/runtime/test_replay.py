"""Replay by command: into the hub nothing changes unless it is meant; into a shadow it is shown."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from crossdock.log.records import Settlement, Verdict
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.config import read_settings
from crossdock.runtime.hub import opened_store
from tests.runtime.test_commands import CONFIG, MASTERS, ORDERS, Hub, lines, make

pytestmark = pytest.mark.postgres

SHIPMENT = "shop/shipment/SH-1"
DAY = "0:3,1:1,2:2,3:1"  # where the day ends on the log, before anything is told once more
MAPPING = '''
def doubled(envelope):
    """Everybody orders twice as much."""
    if envelope["type"] == "crossdock.order.placed.v1":
        for line in envelope["data"]["lines"]:
            line["quantity"] *= 2
    return envelope
'''


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub with a small day behind it, of which the shop heard."""
    hub = make(tmp_path_factory.mktemp("hub"))
    hub.json("ingest", "-", stdin=lines([*MASTERS, *ORDERS]))
    asyncio.run(_tell_the_shop(hub))
    return hub


async def _tell_the_shop(hub: Hub) -> None:
    now = SystemClock().now()
    async with opened_store(read_settings(hub.folder / "crossdock.yaml")) as store:
        while heads := await store.claim("shop", now, now + timedelta(minutes=1), 50):
            told = [Settlement(one.effect_id, one.attempt, Verdict.ACCEPTED) for one in heads]
            await store.settle(told, now)


def test_o11_a_day_said_again_changes_nothing(hub: Hub) -> None:
    """Every message of a sender is absorbed: the same hash, no effect more (I29, O11)."""
    dry = hub.json("replay")
    assert (dry["applied"], dry["refused"]) == (False, [])
    done = hub.json("replay", "--apply", "--reason", "are we safe")
    assert done["answers"] == {"duplicate": done["messages"] - done["own"]}
    assert done["hash_before"] == done["hash_after"]
    assert done["effects_added"] == 0
    assert hub.json("verify")["broken"] == []


def test_an_effect_is_told_once_more_only_if_it_is_meant(hub: Hub) -> None:
    """Under a key that is derived from the old one, linked by its message, with a reason."""
    words = ("replay", "--type", "crossdock.shipment.shipped.v1", "--resend")
    dry = hub.json(*words)
    assert (dry["effects"], dry["applied"]) == (1, False)
    done = hub.json(*words, "--apply", "--reason", "the shop lost it")
    [one] = done["dry_run"]["effects"]
    assert one["effect"].startswith(f"{SHIPMENT}/again/")
    assert [became["fate"] for became in done["became"]] == ["applied"]
    assert hub.json("verify")["broken"] == []
    (hub.folder / "same.yaml").write_text(CONFIG)
    shadow = hub.json("replay", "--policy", "same.yaml")
    told_still = "it is still to be told, so nothing is to be told again"
    place = done["became"][0]["place"]
    assert shadow["strayed"] == [  # in a shadow no far side has answered
        {"place": place, "before": ["applied", ""], "after": ["superseded", told_still]}
    ]


def test_a_shadow_shows_what_another_reading_would_change(hub: Hub) -> None:
    """History is reproduced by today's rules; the mapping's documents differ field by field."""
    (hub.folder / "mapping.py").write_text(MAPPING)
    (hub.folder / "other.yaml").write_text(CONFIG)
    same = hub.json("replay", "--policy", "other.yaml", "--to", DAY)
    assert (same["messages"], same["reproduces"]) == (7, True)
    assert same["orders"] == same["effects"] == same["outcomes"] == []
    found = hub.json("replay", "--mapping", "mapping.py:doubled", expect=1)
    ordered = {
        row["order"]: (row["before"], row["after"])
        for row in found["orders"]
        if row["path"] == "$.lines.1.ordered"
    }
    assert ordered == {"SO-1": (4, 8), "SO-2": (9, 18)}


def test_what_cannot_be_replayed_is_said(hub: Hub) -> None:
    """No such message, no such place, no such mapping."""
    for words, code in {
        ("replay", "3:999"): "nothing-to-replay",
        ("replay", "--from", "x"): "no-such-moment",
        ("replay", "--mapping", "nowhere.py:f"): "bad-mapping",
    }.items():
        assert f"({code})" in hub.run(*words, expect=2).stderr.decode()


def test_a_past_place_has_its_whole_state(hub: Hub) -> None:
    """The newest place has the hash of now; the place before everything has none of it."""
    now = hub.json("state")
    place = ",".join(f"{p}:{one['decided']}" for p, one in now["position"].items())
    then = hub.json("state", "--at", place)
    assert (then["hash"], then["orders"]) == (now["hash"], now["orders"])
    assert {**then["fates"], "absorbed": 0} == {**now["fates"], "absorbed": 0}
    assert hub.json("state", "--at", "0:0")["orders"] == 0
