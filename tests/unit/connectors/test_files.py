"""Files in a folder: taken when whole, read record by record, put away, and never written over."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossdock.connectors.files.client import FilesConnector, connect
from crossdock.connectors.files.settings import FilesSettings
from crossdock.connectors.kit.folders import FolderTrouble, LocalFolder, Put
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    Document,
    NotThere,
    Refused,
    RetryLater,
)
from crossdock.contracts.feeds import Page, Said, Unread
from crossdock.contracts.orders import Order
from crossdock.contracts.products import Item
from crossdock.testing.builders import at
from crossdock.testing.fakes.files import ITEMS, ORDERS

HEADER = "order_no;customer;currency;pos;ean;qty;price"
EAN = "0400638133393"
RELEASED = "crossdock.order.released.v1"
CONTROL = {"column": "order_no", "value": "TOTAL", "count": "pos", "total": "qty", "of": "qty"}


def settings(folder: Path, feed: dict[str, Any], **changed: Any) -> FilesSettings:
    """A folder with one feed, whose files are whole at once unless said otherwise."""
    given = {"folder": str(folder), "feeds": {"it": feed}, "stable_seconds": 0, **changed}
    return msgspec.convert(given, FilesSettings)


class Reader:
    """Reads a feed as the hub does, by connectors that know nothing but the cursor."""

    def __init__(self, folder: Path, feed: dict[str, Any], **changed: Any) -> None:
        self.folder = folder
        self._settings = settings(folder, feed, **changed)
        self.cursor = ""
        self.more = False

    def page(self, now: datetime | None = None, *, kept: bool = True) -> list[Said | Unread]:
        """One page; with `kept=False` the hub dies before it keeps the cursor."""
        [feed] = connect(self._settings).feeds
        page = asyncio.run(feed.page(self.cursor, now or at(0)))
        assert isinstance(page, Page), page
        if kept:
            self.cursor, self.more = page.cursor, page.more
        return list(page.said)

    def rest(self) -> list[Said | Unread]:
        """Pages until there is nothing more, and one turn more, which puts away."""
        said = self.page()
        while self.more:
            said += self.page()
        assert self.page() == []
        return said

    def leave(self, name: str, content: str | bytes, seconds: float = 0) -> None:
        """Leave a file, changed last at this moment."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (at(seconds).timestamp(), at(seconds).timestamp()))

    def files(self, place: str) -> list[str]:
        """The names in a place, reports left out."""
        found = (self.folder / place / "it").glob("*")
        return sorted(path.name for path in found if not path.name.endswith(".report.json"))

    def report(self, place: str, name: str) -> dict[str, Any]:
        """What was written of a file that is put away."""
        read: dict[str, Any] = json.loads(
            (self.folder / place / "it" / f"{name}.report.json").read_text()
        )
        return read


def orders(*rows: str) -> str:
    """A file of orders."""
    return "\n".join([HEADER, *rows]) + "\n"


def items(**revisions: int) -> str:
    """A full export of items at these revisions."""
    return "".join(
        json.dumps({"sku": sku, "name": sku.title(), "state": "A", "rev": revision}) + "\n"
        for sku, revision in revisions.items()
    )


def ids(said: Sequence[Said | Unread]) -> list[str]:
    """The ids of messages."""
    return [one.id for one in said if isinstance(one, Said)]


def odd(said: Sequence[Said | Unread]) -> Unread:
    """The one that could not be read, if it is alone."""
    [found] = said
    assert isinstance(found, Unread)
    return found


# --- taking -------------------------------------------------------------------------------------


def test_n21_a_file_is_taken_when_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    """A writer that pauses and goes on starts the wait anew (N21)."""
    reader = Reader(tmp_path, ORDERS, stable_seconds=10)
    reader.leave("orders-1.csv", orders(f"A;C;EUR;1;{EAN};1;1"), 1)
    assert reader.page(at(0)) == []
    reader.leave("orders-1.csv", orders(f"A;C;EUR;1;{EAN};1;1", f"B;C;EUR;1;{EAN};1;1"), 9)
    assert reader.page(at(9)) == []
    assert reader.page(at(18)) == []
    assert len(reader.page(at(19))) == 2


def test_an_empty_file_is_put_aside_and_named(tmp_path: Path) -> None:
    """Zero bytes are no orders."""
    reader = Reader(tmp_path, ORDERS)
    reader.leave("orders-1.csv", b"")
    assert odd(reader.rest()).found == "'an empty file'"
    assert (reader.files("failed"), reader.files("done")) == (["orders-1.csv"], [])


def test_a_file_that_vanishes_is_no_trouble(tmp_path: Path) -> None:
    """Between the look and the reading somebody removed it; the next one is read."""

    class Vanishing(LocalFolder):
        async def read(self, place: str, name: str, bytes_max: int) -> bytes | None:
            return None if name.endswith("orders-1.csv") else await super().read(place, name, 10**6)

    reader = Reader(tmp_path, ORDERS)
    reader.leave("orders-1.csv", orders(f"A;C;EUR;1;{EAN};1;1"), 1)
    reader.leave("orders-2.csv", orders(f"B;C;EUR;1;{EAN};1;1"), 2)
    [feed] = connect(settings(tmp_path, ORDERS), Vanishing(str(tmp_path))).feeds
    page = asyncio.run(feed.page("", at(0)))
    assert isinstance(page, Page)
    assert [one.partition("/")[2] for one in ids(page.said)] == ["B"]


def test_the_same_name_with_other_content_is_another_file(tmp_path: Path) -> None:
    """Both are read, both are kept; the same content says the same messages."""
    reader = Reader(tmp_path, ORDERS)
    reader.leave("orders-1.csv", orders(f"A;C;EUR;1;{EAN};1;1"), 1)
    first = reader.rest()
    reader.leave("orders-1.csv", orders(f"A;C;EUR;1;{EAN};2;1"), 2)
    second = reader.rest()
    reader.leave("orders-other.csv", orders(f"A;C;EUR;1;{EAN};1;1"), 3)
    third = reader.rest()
    assert ids(first) != ids(second)
    assert ids(first) == ids(third)
    assert len(reader.files("done")) == 3


def test_a_folder_that_is_not_there_is_tried_again() -> None:
    """A share that is not mounted is an outage of theirs: it costs no try."""
    [feed] = connect(settings(Path("/nowhere/at/all"), ORDERS)).feeds
    answer = asyncio.run(feed.page("", at(0)))
    assert answer == RetryLater("there is no folder /nowhere/at/all", counts=False)


# --- a file as a whole, a record by itself --------------------------------------------------------


def test_rows_that_share_a_key_are_one_order(tmp_path: Path) -> None:
    """Quantities and prices as declared."""
    reader = Reader(tmp_path, ORDERS)
    reader.leave("orders-1.csv", orders(f"A;C;EUR;1;{EAN};3;4.50", f"A;C;EUR;2;{EAN};1;0.0001"))
    [order] = reader.rest()
    assert isinstance(order, Said)
    assert isinstance(order.noun, Order)
    assert [(one.line, one.quantity, one.unit_price_e4) for one in order.noun.lines] == [
        ("1", 3, 45_000),
        ("2", 1, 1),
    ]
    assert order.time == at(0)


def test_each_record_has_its_own_fate_and_the_report_adds_up(tmp_path: Path) -> None:
    """A ragged row and a price that is none are held; the others are said (P25, I6, V9)."""
    reader = Reader(tmp_path, ORDERS)
    good, bad = f"A;C;EUR;1;{EAN};1;1", f"B;C;EUR;1;{EAN};1;one"
    reader.leave("orders-1.csv", orders(good, bad, "ragged;row", f"D;C;EUR;1;{EAN};1;1"))
    said = reader.rest()
    places = [one.where for one in said if isinstance(one, Unread)]
    assert places == ["$.rows[0].price", "$[3]"]
    assert len(ids(said)) == 2
    report = reader.report("done", "orders-1.csv")
    assert (report["records"], report["said"], report["unread"]) == (4, 2, 2)


@pytest.mark.parametrize(
    ("row", "where", "expected"),
    [
        ("A;C;EUR;1;4.00638E+12;1;1", "$.rows[0].ean", "digits: a spreadsheet has shortened"),
        ("A;C;EUR;1;400638133393;1;1", "$.rows[0].ean", "13 digits; zeros at the front may be"),
        (f"A;C;EUR;1;{EAN};1.5;1", "$.rows[0].qty", "a whole number"),
        (f"A;C;EUR;1;{EAN};1;1.00001", "$.rows[0].price", "a decimal with four places at most"),
        (f"A;C;EUR;1;{EAN};1;NaN", "$.rows[0].price", "a decimal with four places at most"),
        (f"A;;EUR;1;{EAN};1;1", "$.customer", "a value"),
    ],
)
def test_suspicious_values_are_named_and_not_taken(
    tmp_path: Path, row: str, where: str, expected: str
) -> None:
    """What a spreadsheet does to numbers is never guessed back (V9)."""
    reader = Reader(tmp_path, ORDERS)
    reader.leave("orders-1.csv", orders(row))
    found = odd(reader.rest())
    assert found.where == where
    assert found.expected.startswith(expected)


@pytest.mark.parametrize(
    ("trailer", "where"),
    [
        ("TOTAL;;;2;;5;", None),
        ("TOTAL;;;3;;5;", "$.pos"),
        ("TOTAL;;;2;;6;", "$.qty"),
        (f"Z;C;EUR;1;{EAN};1;1", "$"),
    ],
)
def test_a_file_whose_control_record_does_not_agree_is_not_taken(
    tmp_path: Path, trailer: str, where: str | None
) -> None:
    """Half a file looks like a whole one; its count and its sum do not (P25)."""
    reader = Reader(tmp_path, {**ORDERS, "control": CONTROL})
    rows = (f"A;C;EUR;1;{EAN};2;1", f"B;C;EUR;1;{EAN};3;1")
    reader.leave("orders-1.csv", orders(*rows, trailer))
    said = reader.rest()
    if where is None:
        assert len(ids(said)) == 2
        assert reader.files("done") == ["orders-1.csv"]
    else:
        assert odd(said).where == where
        assert reader.files("failed") == ["orders-1.csv"]


def test_character_sets_are_declared_and_kept_to(tmp_path: Path) -> None:
    """Latin-1 as declared is read; what is no UTF-8 is refused with its byte."""
    latin = orders(f"A;Müller;EUR;1;{EAN};1;1").encode("latin-1")
    reader = Reader(tmp_path, {**ORDERS, "encoding": "latin-1"})
    reader.leave("orders-1.csv", latin)
    [order] = reader.rest()
    assert isinstance(order, Unread)  # no identifier holds an umlaut
    assert "Müller" in order.found
    other = Reader(tmp_path, ORDERS)
    other.leave("orders-2.csv", latin)
    assert "byte 48: " in odd(other.rest()).found


@pytest.mark.parametrize(
    ("kind", "records", "content"),
    [
        ("json", "data.items", '{"data": {"items": [{"sku": "A", "name": "a", "state": "A"}]}}'),
        ("ndjson", "", '{"sku": "A", "name": "a", "state": "A"}\n'),
        ("csv", "", "sku,name,state\nA,a,A\n"),
        ("xml", "item", "<all><item><sku>A</sku><name>a</name><state>A</state></item></all>"),
    ],
)
def test_the_formats_say_the_same(tmp_path: Path, kind: str, records: str, content: str) -> None:
    """One item, however it is written."""
    fields = {name: one for name, one in ITEMS["fields"].items() if name != "revision"}  # type: ignore[attr-defined]
    feed = {**ITEMS, "format": kind, "records": records, "fields": fields, "match": "*.any"}
    reader = Reader(tmp_path, feed)
    reader.leave("one.any", content)
    [said] = reader.rest()
    assert isinstance(said, Said)
    assert said.noun == Item(item="A", description="a")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("xml", '<!DOCTYPE a [<!ENTITY x "y">]><all><item><sku>&x;</sku></item></all>'),
        ("xml", "<all><item>"),
        ("json", '{"data": 1}'),
        ("json", "[1"),
        ("csv", "sku,sku\nA,a\n"),
        ("csv", 'sku,name\n"A,a\n'),
    ],
)
def test_what_cannot_be_read_is_put_aside_whole(tmp_path: Path, kind: str, content: str) -> None:
    """Entities, torn files, lists that are none, columns that stand twice."""
    reader = Reader(tmp_path, {**ITEMS, "format": kind, "records": "item", "match": "*.any"})
    reader.leave("one.any", content)
    assert odd(reader.rest()).raw == content.encode()
    assert reader.files("failed") == ["one.any"]


# --- full exports -------------------------------------------------------------------------------


def test_of_a_full_export_only_what_differs_is_said(tmp_path: Path) -> None:
    """And an item that goes back to what it was is said again, under another id (P30)."""
    reader = Reader(tmp_path, ITEMS)
    reader.leave("items-1.ndjson", items(mug=1, cup=1), 1)
    first = ids(reader.rest())
    reader.leave("items-2.ndjson", items(mug=2, cup=1), 2)
    [changed] = reader.rest()
    reader.leave("items-3.ndjson", items(mug=1, cup=1), 3)
    [back] = reader.rest()
    assert isinstance(changed, Said)
    assert isinstance(back, Said)
    assert back.noun == Item(item="mug", description="Mug")
    assert len({*first, *ids([changed]), *ids([back])}) == 4
    report = reader.report("done", "items-3.ndjson")
    assert (report["records"], report["said"], report["unchanged"]) == (2, 1, 1)


def test_the_same_full_export_again_says_nothing(tmp_path: Path) -> None:
    """What is missing is counted."""
    reader = Reader(tmp_path, ITEMS)
    reader.leave("items-1.ndjson", items(mug=1, cup=1), 1)
    reader.rest()
    reader.leave("items-2.ndjson", items(mug=1, cup=1), 2)
    assert reader.rest() == []
    reader.leave("items-3.ndjson", items(mug=1), 3)
    assert reader.rest() == []
    assert reader.report("done", "items-3.ndjson")["gone"] == 1


def test_two_exports_that_wait_are_each_compared_with_the_one_before(tmp_path: Path) -> None:
    """Also when both were left before anybody looked."""
    reader = Reader(tmp_path, ITEMS)
    reader.leave("items-1.ndjson", items(mug=1, cup=1), 1)
    reader.leave("items-2.ndjson", items(mug=2, cup=1), 2)
    assert len(reader.rest()) == 3


# --- checkpoints --------------------------------------------------------------------------------


def test_a_hub_that_dies_goes_on_at_the_page_that_it_kept(tmp_path: Path) -> None:
    """At every page once: in the end all is said as by one reading, under the same ids (P26)."""
    whole = Reader(tmp_path / "whole", ITEMS)
    torn = Reader(tmp_path / "torn", ITEMS, page_size=3)
    for reader in (whole, torn):
        reader.folder.mkdir()
        reader.leave("items-1.ndjson", items(**{f"i{n}": 1 for n in range(10)}), 1)
    said: list[str] = []
    for _ in range(8):
        dying = ids(torn.page(kept=False))
        assert ids(torn.page(kept=False)) == dying
        assert ids(torn.page()) == dying
        said += dying
    assert said == ids(whole.rest())
    assert torn.files("done") == ["items-1.ndjson"]


def test_a_later_file_of_the_same_name_is_not_taken_for_the_one_that_ended(tmp_path: Path) -> None:
    """The hub dies between putting away and keeping its cursor; another file is left meanwhile."""
    reader = Reader(tmp_path, ORDERS)
    reader.leave("orders-1.csv", orders(f"A;C;EUR;1;{EAN};1;1"), 1)
    reader.page()
    reader.leave("orders-1.csv", orders(f"B;C;EUR;1;{EAN};1;1"), 2)
    reader.page(kept=False)
    [second] = reader.rest()
    assert isinstance(second, Said)
    assert second.id.endswith("/B")
    assert len(reader.files("done")) == 2


def test_a_file_that_is_replaced_while_it_is_read_is_read_as_it_was(tmp_path: Path) -> None:
    """Another one is left under its name between two pages: nothing missed, nothing twice."""
    reader = Reader(tmp_path, ORDERS, page_size=2)
    rows = [f"A{n};C;EUR;1;{EAN};1;1" for n in range(5)]
    reader.leave("orders-1.csv", orders(*rows), 1)
    said = reader.page()
    reader.leave("orders-1.csv", orders(*(f"B{n};C;EUR;1;{EAN};1;1" for n in range(3))), 2)
    said += reader.rest()
    names = [one.partition("/")[2] for one in ids(said)]
    assert names == ["A0", "A1", "A2", "A3", "A4", "B0", "B1", "B2"]
    assert len(reader.files("done")) == 2


def test_a_file_that_is_written_on_while_it_is_read_is_read_anew(tmp_path: Path) -> None:
    """Its writer had it open when it was taken: the rows that changed behind us are heard too."""
    reader = Reader(tmp_path, ORDERS, page_size=2)
    reader.leave("orders-1.csv", orders(*(f"A{n};C;EUR;1;{EAN};1;1" for n in range(5))), 1)
    first = reader.page()
    [taken] = (tmp_path / "working" / "it").iterdir()
    taken.write_text(orders(f"A0;C;EUR;1;{EAN};9;1", *(f"A{n};C;EUR;1;{EAN};1;1" for n in (1, 2))))
    later = reader.rest()
    assert [one.partition("/")[2] for one in ids(later)] == ["A0", "A1", "A2"]
    assert not set(ids(first)) & set(ids(later))
    [changed, *_] = later
    assert isinstance(changed, Said)
    assert isinstance(changed.noun, Order)
    assert changed.noun.lines[0].quantity == 9


@pytest.mark.parametrize("other", [False, True])
def test_a_file_that_vanishes_while_it_is_read_is_named(tmp_path: Path, other: bool) -> None:
    """What was read of it stands; that there was more is held, and the next file is read."""
    reader = Reader(tmp_path, ORDERS, page_size=2)
    reader.leave("orders-1.csv", orders(*(f"A{n};C;EUR;1;{EAN};1;1" for n in range(5))), 1)
    reader.page()
    [taken] = (tmp_path / "working" / "it").iterdir()
    taken.unlink()
    if other:
        reader.leave("orders-2.csv", orders(f"B;C;EUR;1;{EAN};1;1"), 2)
    [gone, *others] = reader.rest()
    assert isinstance(gone, Unread)
    assert (gone.found, gone.expected) == (
        "it is gone after 2 records",
        "the rest of the file in working/",
    )
    assert [one.partition("/")[2] for one in ids(others)] == (["B"] if other else [])


# --- out ----------------------------------------------------------------------------------------


def release(units: int = 3) -> Document:
    """Something to tell."""
    return Document("edi/R-1", RELEASED, "SO-1", "", b'{"units":%d}' % units)


def writer(folder: Path) -> FilesConnector:
    """A connector that writes releases."""
    return connect(settings(folder, ORDERS, out={RELEASED: "releases"}))


def test_what_was_taken_away_is_not_written_again(tmp_path: Path) -> None:
    """Their reader moves files; ours is the copy in `sent`."""
    told = asyncio.run(writer(tmp_path).send([release()]))
    (tmp_path / "releases" / "edi%2FR-1.json").unlink()
    assert told == [Accepted("edi%2FR-1.json")]
    assert asyncio.run(writer(tmp_path).look_up(release())) == AlreadyDone("edi%2FR-1.json")
    assert asyncio.run(writer(tmp_path).send([release()])) == [AlreadyDone("edi%2FR-1.json")]
    assert list((tmp_path / "releases").iterdir()) == []


def test_a_file_of_other_content_is_never_written_over(tmp_path: Path) -> None:
    """Whoever left it there."""
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "edi%2FR-1.json").write_text("mine")
    [answer] = asyncio.run(writer(tmp_path).send([release()]))
    assert isinstance(answer, Refused)
    assert (tmp_path / "releases" / "edi%2FR-1.json").read_text() == "mine"
    assert asyncio.run(writer(tmp_path).look_up(release())) == NotThere()


def test_nobody_sees_half_a_file(tmp_path: Path) -> None:
    """A part that was left by a death is written over, and the whole appears at once."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".a.json.part").write_text("ha")
    put = asyncio.run(LocalFolder(str(tmp_path)).put("out", "a.json", b"half and half"))
    assert put is Put.MADE
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "a.json": b"half and half"
    }


def test_a_folder_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    """The place is a file."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(FolderTrouble, match=r"a\.json"):
        asyncio.run(LocalFolder(str(tmp_path)).put("out", "a.json", b""))
