"""A destination that reads an older version is told in it, or a person is; keys stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Document,
    FarAnswer,
    Found,
    NotThere,
    Refused,
)
from crossdock.contracts.stock import StockMovement, StockMovementV1, StockPlace, with_kind
from crossdock.contracts.versions import CannotSay, Step
from crossdock.contracts.vocabulary import MovementKind, StockState
from crossdock.delivery.older_words import OlderWords
from tests.helpers.aio import run

NEW, OLD = catalogue.STOCK_MOVED, catalogue.STOCK_MOVED_V1


class Far:
    """A connector that takes note of what it is told."""

    def __init__(self) -> None:
        self.told: list[Document] = []
        self.asked: list[Document] = []

    @property
    def batch_max(self) -> int:
        """Some number."""
        return 7

    def ability(self, message_type: str) -> Ability:
        """Keys for the old version only."""
        return Ability.KEYS if message_type == OLD else Ability.NEITHER

    def ask_after_seconds(self, message_type: str) -> float:
        """At once."""
        return 0.0

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Accept, each under its own key."""
        self.told += documents
        return [Accepted(one.business_key) for one in documents]

    async def look_up(self, document: Document) -> Found:
        """Found."""
        self.asked.append(document)
        return AlreadyDone("r")

    async def close(self) -> None:
        """Nothing to let go of."""


def movement(**more: Any) -> StockMovement:
    """Goods that went to quarantine."""
    return StockMovement(
        movement_id="M-1",
        kind=MovementKind.QUARANTINE,
        item="bolt",
        quantity=3,
        source=StockPlace(state=StockState.AVAILABLE, site="EAST"),
        target=StockPlace(state=StockState.QUARANTINE, site="EAST"),
        **more,
    )


def without_kind(said: StockMovement) -> StockMovementV1:
    """Version 1 has no word for serials; the states say the kind."""
    if said.serials:
        raise CannotSay("serials")
    known = {name: getattr(said, name) for name in StockMovementV1.__struct_fields__}
    return StockMovementV1(**known)


DOWN = {NEW: Step(OLD, without_kind)}


def document(key: str, noun: Any, kind: str = NEW) -> Document:
    """An effect's document."""
    return Document(key, kind, "M-1", "c", msgspec.json.encode(noun))


def test_what_is_told_is_in_the_version_that_is_read() -> None:
    """Type and body; the business key, key and correlation are those of the effect."""
    far = Far()
    words = OlderWords(far, {NEW: OLD}, DOWN)
    [answer] = run(words.send([document("k1", movement())]))
    assert answer == Accepted("k1")
    [told] = far.told
    assert (told.type, told.business_key, told.key, told.correlation) == (OLD, "k1", "M-1", "c")
    noun = msgspec.json.decode(told.body, type=StockMovementV1)
    assert with_kind(noun) == movement()
    assert words.ability(NEW) is Ability.KEYS
    assert words.batch_max == far.batch_max


def test_what_has_no_words_is_refused_and_the_rest_is_told() -> None:
    """Each answer stands where its document stood; a question about it finds nothing."""
    far = Far()
    words = OlderWords(far, {NEW: OLD}, DOWN)
    wordless = document("k2", movement(serials=("S-1",)))
    answers = run(words.send([document("k1", movement()), wordless, document("k3", movement())]))
    assert answers == [Accepted("k1"), Refused(f"no words in {OLD}: serials"), Accepted("k3")]
    assert run(words.send([wordless])) == [Refused(f"no words in {OLD}: serials")]
    assert [one.business_key for one in far.told] == ["k1", "k3"]
    assert run(words.look_up(wordless)) == NotThere()
    assert run(words.look_up(document("k1", movement()))) == AlreadyDone("r")
    assert [one.type for one in far.asked] == [OLD]


def test_who_asked_for_nothing_is_told_the_newest() -> None:
    """As it is; what an older hub had decided in an older version is lifted first."""
    far = Far()
    words = OlderWords(far, {})
    old = without_kind(movement())
    run(words.send([document("k1", movement()), document("k2", old, OLD)]))
    assert [one.type for one in far.told] == [NEW, NEW]
    assert far.told[0].body == far.told[1].body
    assert words.ability(OLD) is Ability.NEITHER


def test_a_connector_that_loses_count_is_not_believed() -> None:
    """The pump takes the error for an unknown outcome."""

    class Lossy(Far):
        async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
            return []

    with pytest.raises(ValueError, match="zip"):
        run(OlderWords(Lossy(), {}).send([document("k1", movement())]))
