"""Who may say what, and who is told: names, and the phrases that the message itself answers."""

from __future__ import annotations

import pytest

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix, Rule

RULES = (
    Rule("item", ("erp",), ()),
    Rule("pick", ("wms of site",), ()),
    Rule("order", ("system of channel", "crm"), ("system of channel", "crm")),
    Rule("release", ("hub",), ("wms of site",)),
    Rule("shipment", ("wms of site", "east"), ("crm", "system of channel", "crm")),
)
MATRIX = Matrix(
    {rule.entity: rule for rule in RULES},
    {"EAST": "east", "WEST": "west"},
    {"web": "shop", "desk": "crm"},
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
weather      EAST     web        -> -              -
"""


@pytest.mark.parametrize(
    "row", [row for row in TABLE.splitlines() if row.strip() and not row.startswith("#")]
)
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


def test_the_shipped_matrix_rules_every_message() -> None:
    """No message type without a rule, and none that a far system may say without an owner."""
    rules = {rule.entity: rule for rule in DEFAULT_RULES}
    assert {row.entity for row in CATALOGUE.values()} <= set(rules)
    assert all(rules[row.entity].owners for row in CATALOGUE.values())
    assert len(rules) == len(DEFAULT_RULES)
