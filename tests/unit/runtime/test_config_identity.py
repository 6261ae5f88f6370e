"""How far systems speak and which claim stands, read from the file; every problem by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.contracts.vocabulary import Entity, ItemStatus
from crossdock.identity.matching import DEFAULT_RULES, MatchRule
from crossdock.ownership.survivorship import Criterion, FieldRule
from tests.unit.runtime.test_config import SOUND, problems, read

SPOKEN = (
    SOUND.replace("crm: {}", "crm: {ids: own}").replace("shop: {}", "shop: {ids: [item]}")
    + """
codes:
  erp: {item.status: {A: active, B: blocked}, site: {"01": EAST}, channel: {W: web}}
identity:
  match: {item: [{by: gtin, sure: true}, {by: [name, base_unit]}]}
survivorship:
  party: {by: [rank, complete], rank: [erp, crm]}
  party.name: {by: recent}
ownership:
  party: {owner: [erp, crm]}
"""
)


def test_nobody_speaks_otherwise_unless_the_file_says_so(tmp_path: Path) -> None:
    """No look-ups, no comparing, no rules."""
    policy = read(SOUND, tmp_path).policy()
    assert (policy.speech, policy.matching, policy.survivorship) == ({}, {}, {})


def test_each_system_speaks_as_its_settings_say(tmp_path: Path) -> None:
    """Numbers of its own, words of its own, or both."""
    settings = read(SPOKEN, tmp_path)
    policy = settings.policy()
    assert {name: one.own for name, one in policy.speech.items()} == {
        "crm": frozenset(Entity),
        "shop": frozenset({Entity.ITEM}),
        "erp": frozenset(),
    }
    assert policy.speech["erp"].codes["item.status"].word("B") is ItemStatus.BLOCKED
    assert policy.speech["erp"].codes["site"].word("01") == "EAST"
    assert policy.speech["erp"].codes["channel"].word("W") == "web"
    assert policy.matching["item"] == (
        MatchRule(("gtin",), sure=True),
        MatchRule(("name", "base_unit")),
    )
    assert policy.matching["party"] == DEFAULT_RULES["party"]
    assert policy.survivorship["party"] == {
        "*": FieldRule((Criterion.RANK, Criterion.COMPLETE), ("erp", "crm")),
        "name": FieldRule((Criterion.RECENT,)),
    }
    assert [one for one in settings.findings() if "party" in str(one)] == []


def test_two_owners_without_a_rule_are_a_hole(tmp_path: Path) -> None:
    """The same house without its survivorship."""
    start = SPOKEN.index("survivorship:")
    settings = read(SPOKEN[:start] + SPOKEN[SPOKEN.index("ownership:") :], tmp_path)
    assert any("survivorship.party" in str(one) for one in settings.findings())


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("ids: own", "ids: mine", "systems.crm.ids"),
        ("ids: [item]", "ids: [item, order]", "systems.shop.ids"),
        ("codes:\n  erp:", "codes:\n  pim:", "codes.pim"),
        ("item.status", "item.colour", "codes.erp.item.colour"),
        ("A: active", "A: on", "codes.erp.item.status.A"),
        ('"01": EAST', '"01": MOON', "codes.erp.site.01"),
        ("W: web", "W: moon", "codes.erp.channel.W"),
        ("match: {item:", "match: {order:", "identity.match.order"),
        ("match:", "rules:", "identity.rules"),
        ("by: gtin", "by: colour", "identity.match.item[0].by"),
        ("sure: true", "sure: 1", "identity.match.item[0].sure"),
        ("[{by: gtin, sure: true}, {by: [name, base_unit]}]", "gtin", "identity.match.item"),
        ("party.name", "party.colour", "survivorship.party.colour"),
        ("party: {by", "order: {by", "survivorship.order"),
        ("[rank, complete]", "[rank, luck]", "survivorship.party.by"),
        ("[erp, crm]}\n  party.name", "[erp, sap]}\n  party.name", "survivorship.party.rank"),
        ("rank: [erp", "order: [erp", "survivorship.party.order"),
    ],
)
def test_a_problem_is_told_with_its_path(old: str, new: str, where: str, tmp_path: Path) -> None:
    """A name that nobody knows is never passed over."""
    assert old in SPOKEN
    assert where in problems(SPOKEN.replace(old, new, 1), tmp_path)
