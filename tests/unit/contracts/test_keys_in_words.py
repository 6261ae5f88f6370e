"""Business keys in words are those that the rules make."""

from __future__ import annotations

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.keys_in_words import business_key_in_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (catalogue.ITEM_CHANGED, "item/{item}/{revision}"),
        (
            catalogue.ORDER_PLACED,
            "purchase-order/{customer}/{purchase_order} or order/{order_id}",
        ),
        (catalogue.RECEIPT_POSTED, "receipt/{site}/{receipt_id}"),
        (catalogue.STOCK_GRANTED, ""),
    ],
)
def test_the_pattern_is_read_off_the_rule(name: str, words: str) -> None:
    """Fields in braces; each form where it depends on what is left out."""
    assert business_key_in_words(CATALOGUE[name]) == words


@pytest.mark.parametrize("row", CATALOGUE.values(), ids=lambda row: row.name)
def test_keys_are_made_of_fields_of_the_noun(row: catalogue.MessageType) -> None:
    """Every name in braces is one."""
    words = business_key_in_words(row)
    named = {part.partition("}")[0] for part in words.split("{")[1:]}
    assert named <= set(row.noun.__struct_fields__)
