"""Who may say what, and who is told: names, phrases that a place answers, the narrowest rule."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.ownership.rule import OnViolation, Rule

RULES = (
    Rule("item", ("erp",), ()),
    Rule("pick", ("wms of site",), ()),
    Rule("order", ("system of channel", "crm"), ("system of channel", "crm")),
    Rule("release", ("hub",), ("wms of site",)),
    Rule("shipment", ("wms of site", "east"), ("crm", "system of channel", "crm")),
    Rule("invoice", ("erp of site",), ("erp of channel", "erp of site")),
)
MATRIX = Matrix(
    RULES,
    sites={"EAST": {"wms": "east", "erp": "erp_us"}, "WEST": {"wms": "west"}},
    channels={"web": {"system": "shop", "erp": "erp_eu"}, "desk": {"system": "crm"}},
)

TABLE = """
# entity     site     channel    -> owners         consumers
item         -        -          -> erp            -
item         EAST     web        -> erp            -
pick         EAST     -          -> east           -
pick         WEST     web        -> west           -
pick         NORTH    -          -> -              -
pick         -        -          -> -              -
order        -        web        -> shop crm       shop crm
order        -        desk       -> crm            crm
order        EAST     bazaar     -> crm            crm
release      WEST     web        -> hub            west
release      -        web        -> hub            -
shipment     EAST     web        -> east           crm shop
shipment     WEST     web        -> west east      crm shop
invoice      EAST     web        -> erp_us         erp_eu erp_us
invoice      WEST     desk       -> -              -
weather      EAST     web        -> -              -
"""

NARROWED = Matrix(
    (
        Rule("item", ("erp",), ("shop",), on_violation=OnViolation.HOLD),
        Rule("item", ("east",), field="weight_grams"),
        Rule("item", ("west",), field="weight_grams", site="WEST"),
        Rule("item", on_violation=OnViolation.PROPOSE, field="description"),
        Rule("order", ("system of channel",), ("crm",)),
        Rule("order", ("erp",), stage="released"),
        Rule("order", ("crm",), stage="released", event="order.cancellation_requested"),
        Rule("order", ("crm",), channel="desk"),
        Rule("stock", ("wms of site",), (), publisher="hub"),
        Rule("stock", ("erp",), site="WEST"),
    ),
    sites=MATRIX.sites,
    channels=MATRIX.channels,
)

NARROW = """
# entity  field         stage     event                         site  channel -> owners consumers ends by
item      -             -         -                             -     -    -> erp   shop  hold     item
item      name          -         -                             -     -    -> erp   shop  hold     item
item      weight_grams  -         -                             -     -    -> east  shop  hold     item.weight_grams
item      weight_grams  -         -                             EAST  -    -> east  shop  hold     item.weight_grams
item      weight_grams  -         -                             WEST  -    -> west  shop  hold     item.weight_grams_at_WEST
item      description   -         -                             -     -    -> erp   shop  propose  item
order     -             -         crossdock.order.placed.v1     -     web  -> shop  crm   reject   order
order     -             released  -                             -     web  -> erp   crm   reject   order@released
order     -             shipped   -                             -     web  -> shop  crm   reject   order
order     -             released  crossdock.order.cancellation_requested.v7 - web -> crm crm reject order@released/order.cancellation_requested
order     -             captured  -                             -     desk -> crm   crm   reject   order_via_desk
stock     -             -         -                             EAST  -    -> east  -     reject   stock
stock     -             -         -                             WEST  -    -> erp   -     reject   stock_at_WEST
"""  # noqa: E501 - a table


def lines(table: str) -> list[str]:
    """The rows of a table."""
    return [row for row in table.splitlines() if row.strip() and not row.startswith("#")]


@pytest.mark.parametrize("row", lines(TABLE))
def test_a_rule_names_whom_the_table_says(row: str) -> None:
    """Owners and consumers, each once, in the rule's order; a phrase without answer is nobody."""
    told, _, expected = row.partition("->")
    entity, site, channel = (None if cell == "-" else cell for cell in told.split())
    assert entity is not None
    owners, consumers = (
        () if cell.strip() == "-" else tuple(cell.split())
        for cell in expected.split("  ")
        if cell
        if cell.strip()
    )
    assert MATRIX.owners(entity, site, channel) == owners
    assert MATRIX.consumers(entity, site, channel) == consumers
    for system in ("erp", "crm", "shop", "east", "west", "hub", "wms of site"):
        assert MATRIX.may_say(system, entity, site, channel) == (system in owners)


@pytest.mark.parametrize("row", lines(NARROW))
def test_the_narrowest_rule_speaks(row: str) -> None:
    """Owners, consumers, ending: each from the rule that names most and gives it."""
    told, _, expected = row.partition("->")
    entity, field, stage, event, site, channel = (
        None if cell == "-" else cell for cell in told.split()
    )
    owner, consumer, ends, by = (cell.replace("_at_", " at ") for cell in expected.split())
    assert entity is not None
    answer = NARROWED.answer(entity, site, channel, field=field, stage=stage, event=event)
    assert answer.owners == (owner,)
    assert answer.consumers == (() if consumer == "-" else (consumer,))
    assert answer.on_violation == OnViolation(ends)
    assert answer.rule == by.replace("_via_", " via ")


def test_a_publisher_speaks_for_the_owner() -> None:
    """The warehouse executes, the inventory service publishes (R31): both may say it."""
    answer = NARROWED.answer("stock", "EAST")
    assert (answer.owners, answer.publisher) == (("east",), "hub")
    assert answer.may_say("hub")
    assert answer.may_say("east")
    assert not answer.may_say("west")


def test_the_order_of_the_rules_changes_nothing() -> None:
    """Any shuffle of the rows gives every cell the same answer and the matrix the same version."""
    cells = [("item", "weight_grams", None), ("order", None, "released"), ("stock", None, None)]
    for seed in range(20):
        shuffled = list(NARROWED.rules)
        random.Random(seed).shuffle(shuffled)
        other = replace(NARROWED, rules=tuple(shuffled))
        assert other.version == NARROWED.version
        for entity, field, stage in cells:
            for site in (None, "EAST", "WEST"):
                assert other.answer(entity, site, field=field, stage=stage) == NARROWED.answer(
                    entity, site, field=field, stage=stage
                )


def test_the_version_changes_with_every_rule_and_every_place() -> None:
    """So two hubs, or two days, can be compared by twelve digits."""
    versions = {
        MATRIX.version,
        NARROWED.version,
        replace(MATRIX, sites={**MATRIX.sites, "NORTH": {"wms": "east"}}).version,
        replace(MATRIX, channels={}).version,
        replace(MATRIX, rules=MATRIX.rules[1:]).version,
        replace(MATRIX, rules=(*MATRIX.rules, Rule("pick", site="EAST", publisher="hub"))).version,
    }
    assert len(versions) == 6
    assert {len(version) for version in versions} == {12}


def test_unknown_places_do_not_make_the_table_grow() -> None:
    """A sender's made-up sites and channels are kept as no place at all."""
    matrix = replace(MATRIX)
    for number in range(1000):
        matrix.answer("pick", f"S{number}", f"C{number}")
    assert len(matrix._answers) == 1


def test_the_fields_of_which_some_rule_speaks_are_known() -> None:
    """The door asks for them: who owns a field only may send the record."""
    assert NARROWED.fields_ruled("item") == ("description", "weight_grams")
    assert NARROWED.fields_ruled("stock") == ()


def test_the_shipped_matrix_rules_every_message() -> None:
    """No message type without a rule, and none that a far system may say without an owner."""
    rules = {rule.entity: rule for rule in DEFAULT_RULES}
    assert {row.entity for row in CATALOGUE.values()} <= set(rules)
    assert all(rules[row.entity].owners for row in CATALOGUE.values())
    assert len(rules) == len(DEFAULT_RULES)
