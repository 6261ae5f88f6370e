"""Histories that were recorded once are decided again by today's code, to the same outcomes (U4).

`python -m tests.scenarios.test_recorded_histories` records those that are missing. A file that is
there is never written again: an instance that began under old code must go on under new code, so
what differs is a breach, and the answer is a new version of the recipe, not a new file.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossdock.log.records import Outcome
from crossdock.runtime.shadow import Logged, Shadow, history, outcome_differences
from crossdock.sagas.recipes.saga import KIND
from crossdock.sagas.recipes.shipped import SHIPPED
from crossdock.testing.hub import at_once, small_policy
from tests.scenarios import recipe_words
from tests.scenarios.stage import Seen, Stage

FOLDER = Path(__file__).with_name("histories")
STORIES = Path(__file__).with_name("stories")
RECORDED = {
    "parcel-1": (
        "70_a_carton_gets_its_label",
        "71_a_label_bought_and_the_erp_refuses",
        "72_a_parcel_is_undone",
        "73_a_carrier_is_silent",
        "74_a_carrier_has_a_cancelled_label",
        "75_the_cheapest_carrier_sells_the_label",
    ),
    "order-to-ship-1": ("78_an_order_is_late",),
    "return-1": ("85_a_return_is_late",),
    "invoice-match-1": ("86_an_invoice_is_late_and_differs",),
}
"""Recipe and version -> the stories whose histories are kept."""

FILES = sorted(FOLDER.glob("*/*.ndjson"))


class _Head(msgspec.Struct):
    """The first line of a recording: the house in which it was played."""

    house: str


def house_of(story: Path) -> str:
    """The house that a story names."""
    lines = story.read_text(encoding="utf-8").splitlines()
    return next(line.partition("house")[2].strip() for line in lines if line.startswith("house"))


def recorded(file: Path) -> tuple[str, list[Logged]]:
    """A recording: its house, and what was decided in it."""
    head, *lines = file.read_bytes().splitlines()
    decoder = msgspec.json.Decoder(Logged)
    return msgspec.json.decode(head, type=_Head).house, [decoder.decode(line) for line in lines]


def of_instances(outcome: Outcome) -> tuple[list[tuple[Any, ...]], list[str]]:
    """What an outcome does to instances, and what it asks for in their name."""
    documents: list[tuple[Any, ...]] = [
        (one.id, one.revision, one.due, msgspec.json.decode(one.body))
        for one in outcome.documents
        if one.kind == KIND
    ]
    requests = tuple(f"/{name.rpartition('-')[0]}." for name in RECORDED)
    return documents, [one for one in outcome.effects if any(r in one for r in requests)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_u4_recorded_histories_go_as_they_went(file: Path) -> None:
    """Each message does to the instances what it did, asks for what it asked, and ends so."""
    house, logged = recorded(file)
    shadow = Shadow(recipe_words.HOUSES[house](small_policy()))
    asyncio.run(shadow.play(logged))
    assert outcome_differences(logged, shadow) == []
    assert shadow.unsaid == 0
    for one in logged:
        row = shadow.data.partition(one.message.partition).outcomes[one.message.position]
        assert of_instances(row.outcome) == of_instances(one.outcome), one.message.place


def test_every_version_that_ships_has_a_recording() -> None:
    """No recipe, and no version of one, without a history that guards it."""
    versions = {f"{one.name}-{one.version}" for all_ in SHIPPED.values() for one in all_}
    assert versions == set(RECORDED) == {file.parent.name for file in FILES}


def record() -> None:
    """Record the histories that are missing."""
    for version, stories in RECORDED.items():
        for name in stories:
            file = FOLDER / version / f"{name}.ndjson"
            story = STORIES / f"{name}.txt"
            if file.exists():
                continue
            stage = Stage(Seen())
            stage.play(story.read_text(encoding="utf-8"))
            logged = at_once(history(stage.hub.store))
            lines = [msgspec.json.encode(one) for one in (_Head(house_of(story)), *logged)]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    record()
