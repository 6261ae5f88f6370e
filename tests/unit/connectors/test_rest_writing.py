"""Documents in a declared shape: what is written, over which version, and what a conflict is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from crossdock.connectors.kit.reading import Odd
from crossdock.connectors.kit.telling import Target, TargetLines, Told, stands, told
from crossdock.connectors.rest.client import KIND
from crossdock.connectors.rest.settings import Operation, RestSettings
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    Document,
    FarAnswer,
    Refused,
    RetryLater,
)
from crossdock.testing.builders import StillClock
from crossdock.testing.fakes.fake import Asked, Reply, Weather
from crossdock.testing.fakes.rest import NAMES, FakeRest

ITEM = "crossdock.item.changed.v1"


def item(description: str = "A mug", status: str = "active", revision: int = 1) -> Document:
    """An item to tell."""
    body = {"item": "MUG", "description": description, "status": status, "revision": revision}
    return Document(f"shop/item/MUG/{revision}", ITEM, "MUG", "", msgspec.json.encode(body))


def sent(
    fake: FakeRest, *documents: Document, meanwhile: Callable[[FakeRest], None] = lambda _: None,
    **operation: Any,
) -> list[FarAnswer]:  # fmt: skip
    """Tell documents one after the other; `meanwhile` happens between a look and its write."""

    async def scene() -> list[FarAnswer]:
        async with fake.listening():
            given = fake.settings()
            given["operations"][ITEM] = {**NAMES, **operation}
            connector = KIND.reach(msgspec.convert(given, RestSettings), StillClock())
            try:
                return [one for each in documents for one in await connector.send([each])]
            finally:
                await connector.close()

    weather = fake.weather

    def at_a_write(number: int) -> Weather | Reply:
        if fake.asked and fake.asked[-1].method == "GET":
            meanwhile(fake)
        return weather(number)

    fake.weather = at_a_write
    return asyncio.run(scene())


def by_hand(fake: FakeRest) -> None:
    """Somebody there changes the name."""
    known = fake.effects().get("MUG", {"number": "N-1"})
    fake.write_by_hand("MUG", {**known, "label": {"en": "By hand"}})


def test_a_record_is_made_then_changed_then_left_alone() -> None:
    """Over what was seen each time; the same again writes nothing, and theirs stays theirs."""
    fake = FakeRest()
    answers = sent(fake, item(), item("A cup", revision=2), item("A cup", revision=2))
    assert answers == [Accepted("N-1"), Accepted("N-1"), AlreadyDone("N-1")]
    assert [one.method for one in fake.asked] == ["GET", "PUT", "GET", "PUT", "GET"]
    assert fake.asked[1].headers["if-none-match"] == "*"
    assert "if-match" in fake.asked[3].headers
    assert fake.effects()["MUG"]["label"] == {"en": "A cup"}


def test_a_change_between_look_and_write_is_a_conflict_with_a_name() -> None:
    """Nothing is written over it; the try counts, and the next one looks again."""
    fake = FakeRest()
    assert sent(fake, item()) == [Accepted("N-1")]
    [conflict] = sent(fake, item("A cup", revision=2), meanwhile=by_hand)
    assert isinstance(conflict, RetryLater)
    assert conflict.counts
    assert conflict.reason.startswith("412 conflict: it changed there after we looked")
    assert fake.effects()["MUG"]["label"] == {"en": "By hand"}
    assert sent(fake, item("A cup", revision=2)) == [Accepted("N-1")]


def test_a_record_that_somebody_made_meanwhile_is_a_conflict_as_well() -> None:
    """Nothing was there when we looked."""
    fake = FakeRest()
    [conflict] = sent(fake, item(), meanwhile=by_hand)
    assert isinstance(conflict, RetryLater)
    assert "412 conflict" in conflict.reason
    assert fake.effects()["MUG"]["label"] == {"en": "By hand"}


@pytest.mark.parametrize(
    ("weather", "counts"),
    [
        (Weather.LOST, False),
        (Reply(500), True),
        (Reply(503), False),
        (Reply(401), False),
    ],
)
def test_a_look_that_fails_is_no_unknown_outcome(weather: Weather | Reply, counts: bool) -> None:
    """Nothing was written, whatever came of the look."""
    fake = FakeRest()
    fake.weather = lambda _: weather
    [answer] = sent(fake, item())
    assert isinstance(answer, RetryLater)
    assert answer.counts is counts
    assert [one.method for one in fake.asked] == ["GET"]
    assert dict(fake.effects()) == {}


def test_a_record_without_a_version_is_not_written_over() -> None:
    """A weak tag names none; to write blindly, `over_seen` is left out."""

    class Weak(FakeRest):
        def answer(self, asked: Asked) -> Reply:
            reply = super().answer(asked)
            tag = reply.headers.get("ETag")
            return Reply(reply.status, reply.body, {"ETag": f"W/{tag}"} if tag else {})

    fake = Weak()
    made, refused = sent(fake, item(), item("A cup", revision=2))
    assert made == Accepted("N-1")
    assert isinstance(refused, Refused)
    assert "no version that we could write over" in refused.reason


def test_a_word_that_their_table_does_not_know_is_refused_before_anything_is_sent() -> None:
    """With its place, as an unknown code of theirs is."""
    fake = FakeRest()
    body = {"sku": {"from": "item"}, "state": {"from": "status", "codes": {"active": "A"}}}
    refused, none = sent(fake, item(status="blocked"), item(status="melted"), body=body)
    assert isinstance(refused, Refused)
    assert refused.reason.endswith("at $.status found 'blocked', expected active")
    assert isinstance(none, Refused)
    assert "at $.status found 'melted'" in none.reason
    assert fake.asked == []


def test_what_our_json_leaves_out_is_told_all_the_same() -> None:
    """A status at its default is a status; found by schedules with fakes."""
    fake = FakeRest()
    body = b'{"item":"MUG","description":"A mug"}'
    [answer] = sent(fake, Document("shop/item/MUG/1", ITEM, "MUG", "", body))
    assert answer == Accepted("N-1")
    assert (fake.effects()["MUG"]["state"], fake.effects()["MUG"]["rev"]) == ("A", 1)


def test_the_shape_is_made_field_by_field() -> None:
    """Nested, with constants, codes, prices and lines; what we do not have may be left out."""
    document = {
        "order": "SO-1",
        "note": "",
        "lines": [{"line": "1", "unit_price_e4": 45_000}, {"line": "2", "unit_price_e4": 12_345}],
    }
    fields = {
        "head.number": Target(source="order"),
        "head.origin": Target(constant="hub"),
        "text": Target(source="note", optional=True),
        "first": Target(source="lines[0].line", kind=Told.TEXT),
    }
    lines = TargetLines(
        into="body.rows",
        fields=msgspec.convert(
            {"pos": {"from": "line"}, "price": {"from": "unit_price_e4", "as": "price"}},
            dict[str, Target],
        ),
    )
    assert told(document, fields, lines) == {
        "head": {"number": "SO-1", "origin": "hub"},
        "first": "1",
        "body": {"rows": [{"pos": "1", "price": "4.5"}, {"pos": "2", "price": "1.2345"}]},
    }
    with pytest.raises(Odd) as odd:
        told({"lines": [{}]}, {}, lines)
    assert odd.value.where == "$.lines[0].line"


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}, "e": 4}, True),
        ({"a": 1, "b": {"c": 3}}, False),
        ({"a": 1, "b": None}, False),
        ({"a": 1}, False),
        ([], False),
    ],
)
def test_a_record_stands_if_it_says_all_that_we_would_write(there: Any, found: bool) -> None:
    """What else it says is theirs."""
    assert stands(there, {"a": 1, "b": {"c": 2}}) is found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": "PUT"}, "need a body"),
        ({"over_seen": True}, "over_seen needs"),
        ({"over_seen": True, "body": {}}, "over_seen needs"),
        ({"body": {"a": {}}}, "either `from` or `constant`"),
    ],
)
def test_an_operation_that_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    """When it is read."""
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(given, Operation)
