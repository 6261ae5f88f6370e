"""Tryton by JSON-RPC: its session, its stamps and its errors; all else the contract says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from crossdock.connectors.kit import golden
from crossdock.connectors.kit.http import Reply, passing
from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.client import KIND, TrytonConnector, connect
from crossdock.connectors.tryton.interfaces import older
from crossdock.connectors.tryton.interfaces.json_rpc import stamped, tree
from crossdock.connectors.tryton.interfaces.session import failure
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import (
    Accepted,
    Document,
    FarAnswer,
    Refused,
    RetryLater,
    Unknown,
)
from crossdock.contracts.feeds import Page, Said
from crossdock.contracts.prices import Price
from crossdock.testing.builders import at
from crossdock.testing.fakes.fake import Asked
from crossdock.testing.fakes.tryton import FakeOldTryton, FakeTrytonByJsonRpc
from tests.helpers.aio import run

TOLD = golden.documents(golden.folder_of(KIND))
[SHIPMENT] = TOLD["shipment"]
Play = Callable[[FakeTrytonByJsonRpc, TrytonConnector], Awaitable[None]]


def beside(
    play: Play, kind: type[FakeTrytonByJsonRpc] = FakeTrytonByJsonRpc, **changed: Any
) -> FakeTrytonByJsonRpc:
    """Play beside a fresh fake; gives it as it stands after we have left."""
    fake = kind()

    async def whole() -> None:
        async with fake.listening():
            connector = connect(msgspec.convert({**fake.settings(), **changed}, TrytonSettings))
            try:
                await play(fake, connector)
            finally:
                await connector.close()

    run(whole())
    return fake


def methods(fake: FakeTrytonByJsonRpc) -> list[str]:
    """What was called, in order."""
    return [one.json["method"] for one in fake.asked]


async def answer(connector: TrytonConnector, document: Document) -> FarAnswer:
    """What telling one document comes to."""
    [said] = await connector.send([document])
    return said


def test_a_session_is_opened_once_and_ended_when_we_leave() -> None:
    """However many ask at the same time; the next look is made under the same."""

    async def play(fake: FakeTrytonByJsonRpc, connector: TrytonConnector) -> None:
        told = [one for some in TOLD.values() for one in some]
        await asyncio.gather(*(connector.look_up(one) for one in told))
        assert methods(fake).count("common.db.login") == 1
        assert len(fake.json_rpc.sessions) == 1

    fake = beside(play)
    assert methods(fake)[-1] == "common.db.logout"
    assert fake.json_rpc.sessions == set()


def test_a_session_that_ended_is_opened_again_and_nothing_is_done_twice() -> None:
    """In the middle of an operation: what was refused for want of one is said once more."""

    async def play(fake: FakeTrytonByJsonRpc, connector: TrytonConnector) -> None:
        assert isinstance(await answer(connector, SHIPMENT), Accepted)
        whole = len(fake.asked)
        for number in range(1, whole):
            await ended_at(number)

    async def ended_at(number: int) -> None:
        fake = FakeTrytonByJsonRpc()

        def forget(asked: int) -> Any:
            if asked == number:
                fake.json_rpc.sessions.clear()
            return calm(asked)

        calm, fake.weather = fake.weather, forget
        async with fake.listening():
            connector = connect(msgspec.convert(fake.settings(), TrytonSettings))
            try:
                assert isinstance(await answer(connector, SHIPMENT), Accepted), number
            finally:
                await connector.close()
        assert methods(fake).count("common.db.login") == 2
        assert methods(fake).count("model.stock.shipment.out.do") == 1 + (
            number == methods(fake).index("model.stock.shipment.out.do")
        )

    beside(play)


def test_who_is_not_let_in_waits_for_the_right_password() -> None:
    """It costs no try, and the password is said to nobody."""

    async def play(fake: FakeTrytonByJsonRpc, connector: TrytonConnector) -> None:
        said = await answer(connector, SHIPMENT)
        assert said == RetryLater("401 our credential is not taken", None, counts=False)
        assert "canary-wrong" not in repr([said, connector])
        assert methods(fake) == ["common.db.login"]

    beside(play, credential="canary-wrong")


def test_a_tryton_before_8_is_found_under_its_own_path_and_told_in_its_words() -> None:
    """The new path is tried once; documents and prices are the same."""

    async def play(fake: FakeTrytonByJsonRpc, connector: TrytonConnector) -> None:
        for some in TOLD.values():
            for document in some:
                assert isinstance(await answer(connector, document), Accepted)
        assert [one.path for one in fake.asked].count("/house/rpc/") == 1
        [prices] = [feed for feed in connector.feeds if feed.name == "prices"]
        page = await prices.page("", at(0))
        assert isinstance(page, Page)
        [first, *_] = [one.noun for one in page.said if isinstance(one, Said)]
        assert isinstance(first, Price)
        assert first.steps[0].unit_price_e4 == 125_000

    beside(play, FakeOldTryton)


def test_a_word_is_of_its_release() -> None:
    """What is not called otherwise goes as it is."""
    made = {"invoice_method": "fulfillment", "lines": [["create", []]]}
    assert older.values_of((7, 8), wire.SALE, made) == {**made, "invoice_method": "shipment"}
    assert older.values_of((8, 0), wire.SALE, made) == made
    assert [older.button_of(one, "do") for one in ((7, 0), (7, 2))] == ["done", "do"]
    assert older.fields_of((7, 6), wire.PRODUCT, ("code", "list_price_used")) == [
        "code", "template.list_price",
    ]  # fmt: skip
    assert older.fields_of((7, 8), wire.PRODUCT, ("list_price_used",)) == ["list_price_used"]


def test_where_no_path_leads_to_the_database_both_are_named() -> None:
    """It may be away only: nothing is given up."""

    async def play(_: FakeTrytonByJsonRpc, connector: TrytonConnector) -> None:
        said = await answer(connector, SHIPMENT)
        reason = "no database of a Tryton, or it is away: /other/rpc/ or /other/"
        assert said == RetryLater(reason, None, counts=False)

    beside(play, database="other")


@pytest.mark.parametrize(
    ("before", "model"),
    [
        ("model.stock.shipment.out.write", wire.SHIPMENT),
        ("model.stock.shipment.out.draft", wire.SHIPMENT),
    ],
)
def test_what_somebody_changed_since_it_was_seen_is_not_written_over(
    before: str, model: str
) -> None:
    """It is told again soon, from what stands there then."""

    async def play(fake: FakeTrytonByJsonRpc, connector: TrytonConnector) -> None:
        do = fake.json_rpc.answer
        others: list[str] = []

        def meanwhile(asked: Asked) -> Any:
            if asked.json["method"] == before and not others:
                others.append(before)
                fake.written_by_somebody(model)
            return do(asked)

        fake.json_rpc.answer = meanwhile  # type: ignore[method-assign]
        stands = fake.effects()
        said = await answer(connector, SHIPMENT)
        assert isinstance(said, RetryLater), said
        assert said.well
        assert "ConcurrencyException" in said.reason
        if before.endswith("write"):
            assert fake.effects() == stands
        assert isinstance(await answer(connector, SHIPMENT), Accepted)

    beside(play)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ["UserError", ["No.", "It is posted.", None]],
            Refused("400 bad request: No. It is posted."),
        ),
        (
            ["UserWarning", ["name", "Sure?", "It is late."]],
            Refused("400 bad request: Sure? It is late."),
        ),
        (
            ["ConcurrencyException", "Records were modified in the meanwhile"],
            RetryLater(
                "somebody else is writing the same: 423 refused: ConcurrencyException Records were"
                " modified in the meanwhile",
                well=True,
            ),
        ),
        (
            ["could not obtain lock on relation", ""],
            RetryLater(
                "somebody else is writing the same: 500 their failure, perhaps after they acted:"
                " could not obtain lock on relation",
                well=True,
            ),
        ),
        (
            ["LoginException", ["password", "Password for hub", "password"]],
            RetryLater("401 our credential is not taken: Password for hub password", counts=False),
        ),
        (
            ["'NoneType' object", "a trace"],
            Unknown("500 their failure, perhaps after they acted: 'NoneType' object"),
        ),
        ([], Unknown("500 their failure, perhaps after they acted")),
        (None, Unknown("500 their failure, perhaps after they acted")),
        ([["UserError"]], Unknown("500 their failure, perhaps after they acted")),
    ],
)
def test_an_error_means_what_the_same_refusal_by_rest_means(
    error: Any, expected: FarAnswer
) -> None:
    """Its words are kept, what passes is told from what stays, a failure is nobody's certainty."""
    assert failure(error) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "could not obtain lock on row in relation &#34;ir_sequence_strict&#34;",
            RetryLater(
                "somebody else is writing the same: 503 out of service: could not obtain lock on"
                ' row in relation "ir_sequence_strict"',
                well=True,
            ),
        ),
        (
            "the database system is shutting down",
            RetryLater(
                "503 out of service: the database system is shutting down", None, counts=False
            ),
        ),
    ],
)
def test_a_lock_of_somebody_else_is_no_outage(said: str, expected: RetryLater) -> None:
    """Its web server says both with status 503, on a page."""
    page = f"<!doctype html>\n<h1>Service Unavailable</h1>\n<p>{said}</p>\n"

    async def play(fake: FakeTrytonByJsonRpc, connector: TrytonConnector) -> None:
        with passing(lambda *_: replied(page)):
            assert await answer(connector, SHIPMENT) == expected
        assert fake.asked == []

    async def replied(body: str) -> Reply:
        return Reply(503, {}, body.encode())

    beside(play)


def test_records_are_the_same_tree_by_either_interface() -> None:
    """What hangs on a link stands under its name; a link without fields of its own is a number."""
    said = {
        "id": 1,
        "party": 3,
        "lines.": [{"id": 5, "product.": {"id": 7, "code": "A"}}],
        "to.": None,
    }
    assert tree([said]) == [
        {"id": 1, "party": 3, "lines": [{"id": 5, "product": {"id": 7, "code": "A"}}], "to": None}
    ]
    assert stamped(("state", "lines.product.code")) == [
        "state", "lines.product.code", "_timestamp", "lines._timestamp",
        "lines.product._timestamp",
    ]  # fmt: skip


def test_a_session_has_a_user() -> None:
    """Said when the configuration is read."""
    given = {**FakeTrytonByJsonRpc().settings(), "user": ""}
    with pytest.raises(msgspec.ValidationError, match="json_rpc needs a user"):
        msgspec.convert(given, TrytonSettings)
