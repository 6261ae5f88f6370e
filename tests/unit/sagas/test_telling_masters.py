"""Master records go to whom the matrix names, whole, and not back to where they came from."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.products import Item
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.ownership.rule import Rule
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy


def a_hub(*consumers: str, owners: tuple[str, ...] = ("erp",)) -> SmallHub:
    """A hub that tells these systems of items."""
    rules = [rule for rule in DEFAULT_RULES if rule.entity != "item"]
    policy = small_policy()
    matrix = Matrix(
        (*rules, Rule("item", owners, consumers)),
        sites={"EAST": {"wms": "wms_east"}, "WEST": {"wms": "wms_west"}},
        channels={"web": {"system": "shop"}},
    )
    return SmallHub(replace(policy, matrix=matrix))


def say(hub: SmallHub, revision: int, description: str, source: str = "erp") -> None:
    """A source says how an item is."""
    noun = Item(item="bolt", description=description, revision=revision)
    name = f"{source}-{revision}"
    hub.tell(noun_message(catalogue.ITEM_CHANGED, noun, name, source=source))


def told(hub: SmallHub) -> list[tuple[str, str]]:
    """Destination and description of what is to be told."""
    return [
        (kept.effect.destination, msgspec.json.decode(kept.effect.body, type=Item).description)
        for kept in hub.store.data.effects.by_id.values()
    ]


def test_a_record_goes_to_everybody_who_is_to_know() -> None:
    """Each change once, with the whole record."""
    hub = a_hub("shop", "wms_east")
    say(hub, 1, "a bolt")
    say(hub, 2, "a longer bolt")
    assert told(hub) == [
        ("shop", "a bolt"), ("wms_east", "a bolt"),
        ("shop", "a longer bolt"), ("wms_east", "a longer bolt"),
    ]  # fmt: skip


def test_what_changes_nothing_is_not_told() -> None:
    """A newer revision with the same content is no news, an older one none at all."""
    hub = a_hub("shop")
    say(hub, 2, "a bolt")
    say(hub, 3, "a bolt")
    say(hub, 1, "an old bolt")
    assert told(hub) == [("shop", "a bolt")]


def test_the_source_hears_no_echo() -> None:
    """Of two systems that write and hear, the one that wrote is not told."""
    hub = a_hub("erp", "pim", owners=("erp", "pim"))
    say(hub, 1, "a bolt", source="pim")
    assert told(hub) == [("erp", "a bolt")]
