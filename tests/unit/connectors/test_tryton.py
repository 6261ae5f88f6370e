"""The mapping of a Tryton's records: golden samples, and what is not guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossdock.connectors import tryton
from crossdock.connectors.kit.http import Reply
from crossdock.connectors.kit.reading import Odd
from crossdock.connectors.tryton import inbound, outbound, wire
from crossdock.connectors.tryton.client import KIND, connect
from crossdock.connectors.tryton.interfaces.rest import refused
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Ability, Refused, RetryLater, Unknown
from crossdock.contracts.feeds import Said, Source
from crossdock.contracts.invoices import Invoice
from crossdock.contracts.postings import Milestone, StockPosting, StockPostingLine
from crossdock.contracts.purchasing import PurchaseOrder

GOLDEN = Path(tryton.__file__).parent / "golden"
SECRET = "canary-tryton-key"
SETTINGS = TrytonSettings(
    url="http://127.0.0.1:8000", database="house", company=1, payment_term=1, credential=SECRET
)


def sample(name: str) -> Any:
    """A record as Tryton gives it."""
    return json.loads((GOLDEN / f"{name}.wire.json").read_text())


def posted(given: dict[str, Any]) -> list[Said]:
    """An invoice with what is asked for beside it."""
    sales = {one["id"]: msgspec.convert(one, wire.SaleLine) for one in given["sales"]}
    left = {one["id"]: msgspec.convert(one, wire.Left) for one in given["shipments"]}
    return inbound.posted(given["record"], sales, left)


def left(given: dict[str, Any]) -> list[Said]:
    """A shipment with what is asked for beside it."""
    sales = {one["id"]: msgspec.convert(one, wire.SaleLine) for one in given["sales"]}
    own = inbound.Own(datetime(2026, 3, 1, tzinfo=UTC), "counter", ("NORTH",))
    return inbound.shipment(given["record"], sales, own)


READ: dict[str, Callable[[Any], list[Said]]] = {
    "item": inbound.item,
    "price": lambda record: inbound.price(record, "LIST", "USD"),
    "party": inbound.party,
    "purchase": inbound.purchase,
    "received": inbound.receipt,
    "order": lambda record: inbound.order(record, "counter"),
    "left": left,
    "invoice": posted,
    "credit": posted,
}


def changed(name: str, *path: str | int, to: object) -> Any:
    """A sample with one value that is not as was agreed."""
    given = deepcopy(sample(name))
    place = given
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return given


_LINE = ("record", "lines", 0)
_GIVEN_UP = ("lines", 1, "moves_ignored", 0, "internal_quantity")


@pytest.mark.parametrize(
    ("name", "given", "where"),
    [
        ("item", changed("item", "default_uom", "symbol", to="furlong"), "$.default_uom.symbol"),
        ("item", changed("item", "template", "type", to="dream"), "$.template.type"),
        ("item", changed("item", "code", to=None), "$.code"),
        ("item", changed("item", "write_date", to="today"), "$.write_date"),
        (
            "price",
            changed("price", "list_price_used", "decimal", to="0.0001e-1"),
            "$.list_price_used",
        ),
        ("price", changed("price", "list_price_used", "decimal", to="1E+99"), "$.list_price_used"),
        ("party", changed("party", "code", to=""), "$.code"),
        ("purchase", changed("purchase", "state", to="draft"), "$.state"),
        ("purchase", changed("purchase", "warehouse", "code", to=None), "$.warehouse.code"),
        ("purchase", changed("purchase", "lines", 0, "quantity", to=2.5), "$.lines[0].quantity"),
        (
            "purchase",
            changed("purchase", "lines", 1, "delivery_date_store", to=None),
            "$.lines[1].delivery_date",
        ),
        (
            "received",
            changed("received", "incoming_moves", 1, "internal_quantity", to=0.5),
            "$.incoming_moves[1].internal_quantity",
        ),
        (
            "left",
            changed("left", "record", "outgoing_moves", 1, "internal_quantity", to=0.5),
            "$.outgoing_moves[1].internal_quantity",
        ),
        (
            "left",
            changed("left", "record", "outgoing_moves", 0, "origin", to="stock.inventory.line,1"),
            "$.outgoing_moves[0].origin",
        ),
        ("left", changed("left", "sales", 1, "note", to=None), "$.outgoing_moves[1].origin"),
        ("order", changed("order", "party", "code", to=None), "$.party.code"),
        ("order", changed("order", "lines", 0, "product", to=None), "$.lines[0].product"),
        ("order", changed("order", "lines", 1, "quantity", to=-2.0), "$.lines[1].quantity"),
        (
            "order",
            changed("order", "lines", 1, "unit_price", "decimal", to="10.0000"),
            "$.lines[1].unit_price",
        ),
        ("invoice", changed("invoice", *_LINE, "quantity", to=2.5), "$.lines[0].quantity"),
        ("invoice", changed("invoice", *_LINE, "quantity", to=True), "$.lines[0].quantity"),
        (
            "invoice",
            changed("invoice", *_LINE, "amount", to={"__class__": "Decimal", "decimal": "NaN"}),
            "$.lines[0].amount",
        ),
        (
            "invoice",
            changed("invoice", *_LINE, "amount", to={"__class__": "Decimal", "decimal": "1.005"}),
            "$.lines[0].amount",
        ),
        ("invoice", changed("invoice", *_LINE, "origin", to=None), "$.lines[0].origin"),
        ("invoice", changed("invoice", "sales", 0, "note", to=""), "$.lines[0].origin"),
        (
            "invoice",
            changed("invoice", "shipments", 0, "reference", to=None),
            "$.lines.stock_moves.shipment.reference",
        ),
    ],
)
def test_what_was_not_agreed_is_named_and_not_guessed(name: str, given: Any, where: str) -> None:
    """The place, so that a person finds it."""
    with pytest.raises(Odd) as odd:
        READ[name](given)
    assert odd.value.where == where


def test_a_revision_grows_with_every_change() -> None:
    """Of the product as of its template; within the bounds of a number."""
    first, later = sample("item"), changed("item", "write_date", "second", to=30)
    assert inbound.item(later)[0].id != inbound.item(first)[0].id
    assert wire.revision(inbound.item_stamp(later)) > wire.revision(inbound.item_stamp(first))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (changed("purchase", "state", to="done"), [0, 0]),
        (changed("purchase", "shipment_state", to="received"), [0, 0]),
        (changed("purchase", "lines", 0, "quantity", to=-40.0), [18]),
        (
            changed("purchase", "lines", 1, "moves_ignored", 0, "internal_quantity", to=24.0),
            [40, 0],
        ),
        (changed("purchase", "lines", 1, "unit", to={"factor": 0.5, "rate": 2.0}), [40, 0]),
    ],
)
def test_what_nobody_expects_of_a_purchase_is_nothing(given: Any, expected: list[int]) -> None:
    """All has come, or was given up; goods that go back to their supplier are no line."""
    [said] = inbound.purchase(given)
    assert isinstance(said.noun, PurchaseOrder)
    assert [line.quantity for line in said.noun.lines] == expected


def test_an_invoice_of_its_own_people_names_the_order_that_their_sale_is() -> None:
    """From the day on from which they are heard; one that the hub made keeps our numbers."""
    given = sample("invoice")
    made = {"create_date": wire.moment(datetime(2026, 3, 2, tzinfo=UTC))}
    sale = {"number": "17", "reference": "PO 1", **made}
    theirs = {"id": 31, "note": "urgent", "sale": sale}
    hubs = {**theirs, "sale": {**sale, "comment": wire.OURS}}
    left = {11: wire.Left(11, "S-1")}
    for since, line, expected in (
        (1, theirs, ("SALE-17", "31")),
        (3, theirs, ("PO 1", "urgent")),
        (1, hubs, ("PO 1", "urgent")),
    ):
        own = inbound.Own(datetime(2026, 3, since, tzinfo=UTC), "counter")
        sold = {31: msgspec.convert(line, wire.SaleLine)}
        [said] = inbound.posted(given["record"], sold, left, own)
        assert isinstance(said.noun, Invoice)
        assert (said.noun.order_id, said.noun.lines[0].line) == expected


def test_an_invoice_names_the_shipment_that_its_own_people_sent_off() -> None:
    """By its number, at a site that is run there; at another one nobody knows it."""
    given = sample("invoice")
    sold = {one["id"]: msgspec.convert(one, wire.SaleLine) for one in given["sales"]}
    own = inbound.Own(datetime(2026, 3, 1, tzinfo=UTC), None, ("NORTH",))
    numbers = [one["id"] for one in given["shipments"]]
    for site, expected in (("NORTH", "SHIPMENT-5"), ("EAST", "")):
        sent = {n: wire.Left(n, None, "5", wire.MaybeCoded(site)) for n in numbers}
        if expected:
            [said] = inbound.posted(given["record"], sold, sent, own)
            assert isinstance(said.noun, Invoice)
            assert said.noun.shipment_id == expected
        else:
            with pytest.raises(Odd):
                inbound.posted(given["record"], sold, sent, own)


def test_a_copy_of_a_sale_that_the_hub_made_waits_for_a_person() -> None:
    """It keeps the comment and not the reference; so does one whose reference somebody changed."""
    for reference, comment in ((None, "crossdock SO-1"), ("SO-2", "crossdock SO-1\nurgent")):
        given = {**sample("order"), "reference": reference, "comment": comment}
        with pytest.raises(Odd) as odd:
            inbound.order(given, "counter")
        assert odd.value.where == "$.comment"
    given = {**sample("order"), "reference": "SO-1", "comment": "crossdock SO-1\nurgent"}
    assert inbound.order(given, "counter") == []


def test_goods_that_come_back_are_no_order() -> None:
    """A sale of negative quantities is how Tryton takes goods back."""
    given = changed("order", "lines", 0, "quantity", to=-3.0)
    given["lines"] = given["lines"][:1]
    assert inbound.order(given, "counter") == []


def test_goods_that_are_late_keep_the_day_that_was_agreed() -> None:
    """Tryton plans no day in the past for what is still to come."""
    [said] = inbound.purchase(changed("purchase", "lines", 0, "moves", 1, "planned_date", to=None))
    assert isinstance(said.noun, PurchaseOrder)
    assert said.noun.lines[0].expected_at.isoformat() == "2026-03-09T00:00:00+00:00"


@pytest.mark.parametrize(
    ("quantity", "factor", "rate", "units"),
    [
        (2.0, 12.0, 0.083333333333, 24),  # dozens; the rate is rounded
        (1.5, 1000.0, 0.001, 1500),  # kilograms of an item in grams
        (3000.0, 0.001, 1000.0, 3),
    ],
)
def test_units_are_reckoned_by_what_is_not_rounded(
    quantity: float, factor: float, rate: float, units: int
) -> None:
    """Of factor and rate Tryton keeps one to the digit."""
    one = wire.Measure(1.0, 1.0)
    assert wire.base_units(quantity, wire.Measure(factor, rate), one, "$") == units


def test_a_product_without_a_list_price_says_nothing_of_it() -> None:
    """Nor is it a price of nothing."""
    assert inbound.price(changed("price", "list_price_used", to=None), "LIST", "USD") == []


def move(number: int, line: int, quantity: float) -> dict[str, Any]:
    """A move of a waiting shipment."""
    return {"id": number, "origin": f"sale.line,{line}", "quantity": quantity}


def test_a_shipment_is_cut_to_what_left() -> None:
    """Moves of one line are filled in order, what is beyond them left too, the rest stays."""
    moves = [move(1, 31, 2), move(2, 31, 2), move(3, 32, 5), move(4, 33, 1)]
    lines = {"1": 31, "2": 32, "3": 33}
    left = {"1": 3, "2": 7, "unknown": 4}
    assert outbound.moves_that_left(moves, lines, left) == outbound.Wanted({1: 2, 2: 1, 3: 7}, [4])


def test_goods_that_come_are_those_that_are_due_first() -> None:
    """What came beyond all of them is no part of the purchase."""
    due = [outbound.Due(n, "A", 10, {}, 1) for n in (7, 3)]
    assert outbound.moves_that_came(due, {"A": 14, "B": 2}) == {7: 10, 3: 4}
    assert outbound.moves_that_came(due, {"A": 24}) == {7: 10, 3: 10}


def test_a_part_of_dozens_is_cut_in_single_units_at_the_price_of_one() -> None:
    """A move that comes whole keeps its own unit."""
    stands = {"quantity": 2.0, "unit": {"id": 2}, "unit_price": wire.decimal(Decimal("30.00"))}
    due = [outbound.Due(7, "A", 24, stands, 1)]
    place = {"input_location": {"id": 9}}
    assert outbound.incoming(due, {7: 24}, place)[1] == ["write", [7], {"to_location": 9}]
    assert outbound.incoming(due, {7: 18}, place) == [
        ["add", [7]],
        [
            "write",
            [7],
            {
                "to_location": 9,
                "quantity": 18.0,
                "unit": 1,
                "unit_price": wire.decimal(Decimal("2.5000")),
            },
        ],
    ]


def test_a_posting_is_what_comes_in_and_what_goes_out() -> None:
    """Each under a reference of its own."""
    lines = tuple(
        StockPostingLine(item=item, milestone=Milestone.ADJUSTMENT, quantity=units)
        for item, units in (("A", 3), ("B", -2))
    )
    said = StockPosting(posting_id="P-1", site="EAST", period="2026-03-02", lines=lines)
    assert [(part.reference, part.adds) for part in outbound.parts_of(said)] == [
        ("P-1 in", True),
        ("P-1 out", False),
    ]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"message": "The value is not valid"}', Refused),
        (400, b'{"message": "The record was changed by another user"}', RetryLater),
        (400, b'{"message": "x", "description": "ConcurrencyException"}', RetryLater),
        (400, b'{"message": "The customer is blocked."}', Refused),
        (500, b'{"message": "could not obtain lock on relation"}', RetryLater),
        (500, b'{"message": "could not serialize access"}', RetryLater),
        (500, b'{"message": "something else"}', Unknown),
        (400, b"<html><p>Unable to get RPC method</p></html>", RetryLater),
        (400, b"<html><p>Bad Request</p></html>", Refused),
        (403, b"<html>Forbidden</html>", Refused),
        (401, b"", RetryLater),
        (503, b"<html>down</html>", RetryLater),
    ],
)
def test_refusals_that_pass_are_told_from_those_that_stay(
    status: int, body: bytes, kind: type[object]
) -> None:
    """Somebody else who writes the same records is a passing trouble."""
    answer = refused(Reply(status, {}, body))
    assert isinstance(answer, kind)
    assert "<html>" not in repr(answer)


def test_it_says_what_it_can() -> None:
    """What it is told of can be looked up; all else is nobody's to repeat."""
    connector = connect(SETTINGS)
    assert isinstance(connector, Source)
    assert connector.ability(catalogue.INVOICE_REQUESTED) is Ability.LOOK_UP
    assert connector.ability(catalogue.AVAILABILITY_PUBLISHED) is Ability.NEITHER
    assert KIND.card.id == "tryton"
    assert SECRET not in repr(SETTINGS)
