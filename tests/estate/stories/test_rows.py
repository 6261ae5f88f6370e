"""One source line: what is read from each field, and what is refused by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crossdock.estate.stories.rows import SourceLine, clean, read_row
from crossdock.estate.stories.story import Fault, Rejection
from crossdock.kernel.text import line_fault
from tests.estate.stories.sheet import parse, record


def row(**changes: str) -> list[str]:
    """A sound record with some fields changed."""
    fields = {
        "document": "100001",
        "line": "1",
        "sku": "85123A",
        "description": "CUP",
        "qty": "6",
        "time": "2011-01-04 09:30:00",
        "price": "2.55",
        "customer": "17850",
        "country": "Malta",
    }
    return list((fields | changes).values())


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        pytest.param(cells[:6], cells[6], id=f"{cells[6]}-{number}")
        for number, cells in enumerate(
            parse("""
                     /1 | A | 1         | 2011-01-04 09:30:00 | 1        | 5   | document
                X-1  /1 | A | 1         | 2011-01-04 09:30:00 | 1        | 5   | document
                100  /0 | A | 1         | 2011-01-04 09:30:00 | 1        | 5   | line_number
                100  /x | A | 1         | 2011-01-04 09:30:00 | 1        | 5   | line_number
                100  /1 |   | 1         | 2011-01-04 09:30:00 | 1        | 5   | sku
                100  /1 | Ä | 1         | 2011-01-04 09:30:00 | 1        | 5   | sku
                100  /1 | A | 0         | 2011-01-04 09:30:00 | 1        | 5   | quantity
                100  /1 | A | 1.5       | 2011-01-04 09:30:00 | 1        | 5   | quantity
                100  /1 | A | 100000001 | 2011-01-04 09:30:00 | 1        | 5   | quantity
                100  /1 | A | 1         | 04/01/2011 09:30    | 1        | 5   | time
                100  /1 | A | 1         | 2011-02-29 09:30:00 | 1        | 5   | time
                100  /1 | A | 1         | 1066-10-14 09:30:00 | 1        | 5   | time
                100  /1 | A | 1         | 2011-01-04 09:30:00 | 1,50     | 5   | price
                100  /1 | A | 1         | 2011-01-04 09:30:00 | 1e3      | 5   | price
                100  /1 | A | 1         | 2011-01-04 09:30:00 | 0.00001  | 5   | price
                100  /1 | A | 1         | 2011-01-04 09:30:00 | 1        | a b | customer
                100  /1 | A | 100000000 | 2011-01-04 09:30:00 | 99999999 | 5   | value
            """)
        )
    ],
)
def test_a_malformed_field_is_a_named_rejection(cells: list[str], fault: str) -> None:
    """Each way of being malformed has its own name, and the rejection knows the line."""
    document, _, line = cells[0].partition("/")
    found = read_row(record([f"{document.strip()}/{line}", *cells[1:]]), 7)
    assert isinstance(found, Rejection)
    assert (found.fault, found.place) == (Fault(fault), 7)


def test_a_record_with_another_number_of_fields_is_rejected() -> None:
    """Fewer or more fields than columns are named, an empty line among them."""
    assert read_row([], 3) == Rejection(3, Fault.COLUMNS, "0 fields")
    assert read_row([*row(), "x"], 3) == Rejection(3, Fault.COLUMNS, "10 fields")


@pytest.mark.parametrize(
    ("text", "e4"),
    [
        ("2.55", 25_500),
        ("0.001", 10),
        ("0.0001", 1),
        ("0.0", 0),
        ("38970.0", 389_700_000),
        ("-11062.06", -110_620_600),
        ("4.00000000", 40_000),
    ],
)
def test_prices_are_read_exactly(text: str, e4: int) -> None:
    """A decimal text becomes ten-thousandths without passing through a float."""
    found = read_row(row(price=text), 2)
    assert isinstance(found, SourceLine)
    assert found.price_e4 == e4


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2011-01-04 09:30:00", "2011-01-04T09:30:00"),
        ("2011-03-27 00:59:00", "2011-03-27T00:59:00"),
        ("2011-03-27 01:30:00", "2011-03-27T01:30:00"),  # never happened: taken as winter time
        ("2011-03-27 02:00:00", "2011-03-27T01:00:00"),
        ("2011-07-01 12:00:00", "2011-07-01T11:00:00"),
        ("2011-10-30 01:30:00", "2011-10-30T00:30:00"),  # happened twice: taken as its first
        ("2011-10-30 02:00:00", "2011-10-30T02:00:00"),
    ],
)
def test_local_time_becomes_utc(local: str, utc: str) -> None:
    """Summer time of the United Kingdom is taken off, at the right hours."""
    found = read_row(row(time=local), 2)
    assert isinstance(found, SourceLine)
    assert found.at == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_case_variants_of_a_code_are_one_item() -> None:
    """Codes are upper case with single blanks."""
    codes = {
        line.sku
        for text in ("85123a", " 85123A ")
        for line in [read_row(row(sku=text), 2)]
        if isinstance(line, SourceLine)
    }
    assert codes == {"85123A"}
    bank = read_row(row(sku="Bank   charges"), 2)
    assert isinstance(bank, SourceLine)
    assert bank.sku == "BANK CHARGES"


@pytest.mark.parametrize(
    "text",
    ["  RED   CUP ", "tab\there", "nul\0", "\u202eevil", "\udcff", "é", "x" * 500, "\ufffe", ""],
)
def test_any_description_is_made_clean(text: str) -> None:
    """Whatever a description holds, what is kept of it passes as a line of text."""
    words = clean(text)
    assert line_fault(words) is None
    assert words == " ".join(words.split())
