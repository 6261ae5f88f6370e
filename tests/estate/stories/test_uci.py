"""A file of invoice lines becomes a story: every oddity has its rule, and every line its place."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderCancellation
from crossdock.contracts.prices import Price
from crossdock.contracts.returns import ReturnRequest
from crossdock.contracts.stock import Receipt, StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason, ItemKind, StockState
from crossdock.estate.stories.documents import Document, documents
from crossdock.estate.stories.planner import Cast, PlannedStory
from crossdock.estate.stories.rows import read_row
from crossdock.estate.stories.story import Disposition, Phase, Step
from crossdock.estate.stories.uci import CutShort, WrongColumns, read_lines, uci_story
from crossdock.kernel.errors import UnsupportedFormat
from tests.estate.stories.sheet import check, parse, record, write

ODDITIES = """
    100/1   | 10A    | 10    | 2011-03-01 09:00:00 | 2.55    | 501 | ordered
    100/2   | POST   | 1     | 2011-03-01 09:00:00 | 18.00   | 501 | ordered_service
    100/3   | 10A    | 10    | 2011-03-01 09:00:00 | 2.55    | 501 | absorbed
    100/4   | 10a    | 4     | 2011-03-01 09:01:00 | 2.55    | 501 | ordered
    100/5   | 20     | 1     | 2011-03-01 09:01:00 | 0       | 501 | ordered_free
    100/5   | 30     | 1     | 2011-03-01 09:01:00 | 1       | 501 | rejected
    101/1   | 20     | 80995 | 2011-03-01 09:01:00 | 0.001   |     | ordered
    100/6   | 30     | 2     | 2011-03-01 09:02:00 | 1       | 501 | ordered
    100/7   | 30     | 2     | 2011-03-01 09:02:00 | 1       | 999 | rejected
    102/1   | 20     | -5    | 2011-03-01 09:30:00 | 0       |     | written_off
    103/1   | 20     | 7     | 2011-03-01 09:31:00 | 0       |     | found
    104/1   | DOT    | 1000  | 2011-03-01 09:32:00 | 0.0     |     | book_entry
    C105/1  | 10A    | -3    | 2011-03-01 12:00:00 | 2.55    | 501 | cancelled
    C105/2  | D      | -1    | 2011-03-01 12:00:00 | 9.99    | 501 | credited
    C105/3  | 10A    | 2     | 2011-03-01 12:00:00 | 2.55    | 501 | rejected
    C106/1  | 99     | -1    | 2011-03-01 12:10:00 | 2.55    | 501 | returned_unseen
    107/1   | 10A    | 5     | 2011-03-03 09:00:00 | 2.55    | 501 | ordered
    C108/1  | 10A    | -7    | 2011-03-03 10:00:00 | 2.55    | 501 | cancelled_and_returned
    C108/2  | 10A    | -1    | 2011-03-03 10:00:00 | 2.55    | 501 | returned
    C109/1  | 10A    | -50   | 2011-03-03 11:00:00 | 2.55    | 501 | returned_partly_unseen
    C110/1  | 20     | -80995| 2011-03-03 12:00:00 | 0.001   |     | returned
    111/1   | 30     | -2    | 2011-03-03 13:00:00 | 1       | 501 | returned
    111/2   | POST   | -1    | 2011-03-03 13:00:00 | 18      | 501 | credited
    112/1   | B      | 1     | 2011-03-03 14:00:00 | -110.62 |     | ordered_service
    112/2   | 30     | 1     | 2011-03-03 14:00:00 | -1      |     | rejected
    100/8   | 30     | 1     | 2011-03-03 15:00:00 | 1       | 501 | ordered
    113/1   | 30     | 1     | 2011-03-03 08:00:00 | 1       | 501 | rejected
"""
"""document/line | sku | qty | local time | price | customer | disposition"""


def told(tmp_path: Path, table: str, cast: Cast | None = None) -> tuple[PlannedStory, list[Step]]:
    """A story told to its end."""
    path = write(tmp_path / "lines.csv", [record(cells) for cells in parse(table)])
    story = uci_story(path, cast)
    return story, list(story.steps())


def nouns(steps: list[Step], kind: str) -> dict[str, Step]:
    """The steps of one type by message id."""
    return {step.id: step for step in steps if step.type == kind}


def order(steps: list[Step], number: str) -> Order:
    """The order of this number."""
    noun = nouns(steps, catalogue.ORDER_PLACED)[f"order/{number}"].noun
    assert isinstance(noun, Order)
    return noun


def test_every_oddity_has_its_disposition(tmp_path: Path) -> None:
    """Each line of the table of oddities gets exactly the disposition beside it."""
    story, _ = told(tmp_path, ODDITIES)
    expected: dict[str, str] = {}
    for cells in parse(ODDITIES):
        expected.setdefault(cells[0], cells[6])
    found = {}
    for name in expected:
        document, _, line = name.partition("/")
        found[name] = story.ledger.of(document, int(line))
    assert found == {name: Disposition(word) for name, word in expected.items()}


def test_dispositions_add_up_and_rejections_are_named(tmp_path: Path) -> None:
    """The account of the oddities names every fault and adds up to the lines read."""
    story, _ = told(tmp_path, ODDITIES)
    account = story.accounting()
    assert account.lines_in == account.lines_accounted == 27
    assert sum(account.dispositions.values()) == 27
    assert account.rejections == {
        "customer_differs": 1,
        "line_repeated": 1,
        "price_sign": 1,
        "quantity_sign": 1,
        "time_order": 1,
    }
    assert [rejection.place for rejection in story.ledger.rejections] == [7, 10, 16, 26, 28]
    assert (account.documents, account.documents_cancelling) == (14, 5)
    assert (account.orders, account.orders_credit) == (5, 2)
    assert (account.cancellations, account.returns, account.returns_unseen) == (2, 6, 2)


def test_an_order_carries_its_lines_under_their_own_numbers(tmp_path: Path) -> None:
    """Goods, services and free lines stand on the order; a late line makes a further part of it."""
    story, steps = told(tmp_path, ODDITIES)
    lines = {line.line: line for line in order(steps, "100").lines}
    assert sorted(lines) == ["1", "2", "4", "5", "6"]
    assert (lines["1"].item, lines["1"].quantity, lines["1"].unit_price_e4) == ("10A", 10, 25_500)
    assert lines["2"].kind is ItemKind.SERVICE
    assert [line.line for line in order(steps, "100-P2").lines] == ["8"]
    assert story.ledger.order_of("100", 1) == ("100", "1")
    assert story.ledger.order_of("100", 8) == ("100-P2", "8")
    assert story.ledger.order_of("100", 3) is None
    assert order(steps, "100").ship_to.country == "Malta"


def test_nobody_named_buys_on_the_account_of_the_day(tmp_path: Path) -> None:
    """Sales without a customer go to one cash account per channel and day, known beforehand."""
    _, steps = told(tmp_path, ODDITIES)
    account = order(steps, "101").customer
    assert account == "WALK-IN-WEB-2011-03-01"
    assert f"party/{account}/1" in nouns(steps, catalogue.PARTY_CHANGED)


def test_what_a_list_only_gives_away_has_a_price_there_all_the_same(tmp_path: Path) -> None:
    """Its order names no price; without one on the list it was held for ever."""
    _, steps = told(
        tmp_path,
        """
        100/1 | 10A | 5 | 2011-03-01 09:00:00 | 0    | 12345
        100/2 | 20A | 5 | 2011-03-01 09:00:00 | 0    | 12345
        101/1 | 10A | 1 | 2011-03-01 10:00:00 | 2.00 |
        """,
    )
    said = [step.noun for step in steps if isinstance(step.noun, Price)]
    prices = {noun.price: noun.steps[0].unit_price_e4 for noun in said}
    assert prices == {"RETAIL/10A": 20_000, "TRADE/10A": 20_000, "TRADE/20A": 100}


def test_take_backs_go_to_the_latest_orders_first(tmp_path: Path) -> None:
    """Units are matched latest order first: young orders are cancelled, old ones returned."""
    _, steps = told(tmp_path, ODDITIES)
    said = {}
    for kind in (catalogue.ORDER_CANCELLATION_REQUESTED, catalogue.RETURN_REQUESTED):
        for step in nouns(steps, kind).values():
            assert isinstance(step.noun, OrderCancellation | ReturnRequest)
            said[step.id] = [(q.line, q.quantity) for q in step.noun.lines]
    assert said == {
        "cancellation/C105/100": [("4", 3)],
        "return/C106/BEFORE-C106": [("1", 1)],
        "cancellation/C108/107": [("1", 5)],
        "return/C108/100": [("4", 1), ("1", 2)],
        "return/C109/100": [("1", 8)],
        "return/C109/BEFORE-C109": [("1", 42)],
        "return/C110/101": [("1", 80_995)],
        "return/111/100": [("6", 2)],
    }


def test_credits_without_goods_reach_finance(tmp_path: Path) -> None:
    """A discount becomes a service line at a negative price, so that finance is asked to pay."""
    _, steps = told(tmp_path, ODDITIES)
    lines = order(steps, "C105").lines
    assert [(q.item, q.quantity, q.unit_price_e4, q.kind) for q in lines] == [
        ("D", 1, -99_900, ItemKind.SERVICE)
    ]
    assert [line.item for line in order(steps, "111-C").lines] == ["POST"]


def test_write_offs_take_damaged_goods_that_are_there(tmp_path: Path) -> None:
    """A write-off takes from the damaged stock of one site exactly what lay there at opening."""
    _, steps = told(tmp_path, ODDITIES)
    damaged = [
        (said.site, said.item, said.quantity, said.reason)
        for step in steps
        if isinstance(said := step.noun, StockAdjustment) and said.state is StockState.DAMAGED
    ]
    site = damaged[0][0]
    assert damaged == [
        (site, "20", 5, AdjustmentReason.OPENING),
        (site, "20", -5, AdjustmentReason.WRITE_OFF),
    ]


def test_steps_come_in_time_order_valid_and_named_once(tmp_path: Path) -> None:
    """Phases follow each other, time never runs backward, and the hub would take every message."""
    _, steps = told(tmp_path, ODDITIES, Cast(keep_back=2))
    phases = [step.phase for step in steps]
    assert phases == sorted(phases, key=list(Phase).index)
    moments = [step.at for step in steps]
    assert moments == sorted(moments)
    assert len({(step.source, step.id) for step in steps}) == len(steps)
    assert len({check_key(step) for step in steps}) == len(steps)


def check_key(step: Step) -> str:
    """The business key of a step whose noun is valid."""
    return catalogue.CATALOGUE[step.type].business_key(check(step))


def test_the_same_file_is_the_same_story(tmp_path: Path) -> None:
    """Two tellings say the same things under the same ids."""
    assert told(tmp_path, ODDITIES)[1] == told(tmp_path, ODDITIES)[1]


def test_an_order_beyond_the_cap_is_split(tmp_path: Path) -> None:
    """A document of 1,001 lines makes two orders, and a take-back finds the second."""
    rows = [f"100/{n} | {n} | 1 | 2011-03-01 09:00:00 | 1 | 5" for n in range(1, 1_002)]
    rows.append("C101/1 | 1001 | -1 | 2011-03-01 10:00:00 | 1 | 5")
    story, steps = told(tmp_path, "\n".join(rows))
    assert len(order(steps, "100").lines) == 1_000
    assert [line.line for line in order(steps, "100-P2").lines] == ["1001"]
    assert story.ledger.order_of("100", 1_001) == ("100-P2", "1001")
    assert "cancellation/C101/100-P2" in nouns(steps, catalogue.ORDER_CANCELLATION_REQUESTED)


def test_a_story_that_is_stopped_still_brings_what_it_owes(tmp_path: Path) -> None:
    """After a stop no document begins, every line taken is accounted, and goods still come."""
    rows = [
        f"{100 + n}/1 | {n % 3} | 4 | 2011-03-{1 + n // 40:02} {9 + n % 40 // 10:02}:00:00 | 1 | 5"
        for n in range(400)
    ]
    path = write(tmp_path / "lines.csv", [record(cells) for cells in parse("\n".join(rows))])
    story = uci_story(path)
    steps = []
    for step in story.steps():
        steps.append(step)
        if len(nouns([step], catalogue.ORDER_PLACED)) and step.id == "order/300":
            story.stop()
    account = story.accounting()
    assert account.orders == account.lines_in == account.lines_accounted == 201
    assert supplied(steps) >= ordered(steps)


def ordered(steps: list[Step]) -> Counter[str]:
    """Units of goods on orders, by item."""
    units: Counter[str] = Counter()
    for step in steps:
        if isinstance(step.noun, Order):
            for line in step.noun.lines:
                if line.kind is ItemKind.STOCK:
                    units[line.item] += line.units
    return units


def supplied(steps: list[Step]) -> Counter[str]:
    """Units of available goods that came by opening stock and receipts, by item."""
    units: Counter[str] = Counter()
    for step in steps:
        noun = step.noun
        if isinstance(noun, Receipt):
            for line in noun.lines:
                units[line.item] += line.units
        elif isinstance(noun, StockAdjustment) and noun.reason is AdjustmentReason.OPENING:
            units[noun.item] += noun.units if noun.state is StockState.AVAILABLE else 0
    return +units


# --- the file itself ------------------------------------------------------------------------------


def test_other_columns_are_refused(tmp_path: Path) -> None:
    """A file whose heading is another one is refused whole, by name."""
    path = write(tmp_path / "lines.csv", [], ("InvoiceNo", "StockCode"))
    with pytest.raises(WrongColumns, match="InvoiceNo"):
        list(read_lines(path))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(WrongColumns):
        list(read_lines(tmp_path / "empty.csv"))
    (tmp_path / "quote.csv").write_text('"a"b\n')
    with pytest.raises(UnsupportedFormat):
        list(read_lines(tmp_path / "quote.csv"))


def test_a_compressed_file_is_the_same_file(tmp_path: Path) -> None:
    """Compression is seen by the first bytes; a file that breaks off is refused by name."""
    plain = write(tmp_path / "lines.csv", [record(cells) for cells in parse(ODDITIES)])
    packed = tmp_path / "lines.bin"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + plain.read_bytes()))
    assert list(read_lines(packed)) == list(read_lines(plain))
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(CutShort):
        list(read_lines(packed))


def test_a_broken_record_spoils_itself_only(tmp_path: Path) -> None:
    """A stray quote, a blank line and foreign bytes are one rejected line each, or none."""
    path = write(tmp_path / "lines.csv", [record(parse(ODDITIES)[0])])
    good = path.read_bytes()
    line = good.splitlines()[1]
    stray = line.replace(b"THING 10A", b'"THING" 10A')
    foreign = line.replace(b"THING", b"TH\xa3NG").replace(b"100,1,", b"100,2,")
    path.write_bytes(good + stray + b"\n\n" + foreign + b"\n")
    story = uci_story(path)
    list(story.steps())
    account = story.accounting()
    assert account.rejections == {"columns": 1, "unreadable": 1}
    assert (account.dispositions["ordered"], account.lines_in) == (2, 4)
    assert [rejection.place for rejection in story.ledger.rejections] == [3, 4]


# --- any file -------------------------------------------------------------------------------------

CELLS = st.tuples(
    st.sampled_from(["100", "101", "C102", "A103", "", "bad-number"]),
    st.integers(-1, 4).map(str),
    st.sampled_from(["10A", "10a", "20", "POST", "D", "gift_1", "", "Ä"]),
    st.sampled_from(["CUP", "", " \0 ", "\u202e"]),
    st.sampled_from(["1", "2", "30", "-1", "-2", "-40", "0", "x", "99999999"]),
    st.sampled_from(["2011-03-01 09:00:00", "2011-03-01 09:05:00", "2011-03-02 12:00:00", "soon"]),
    st.sampled_from(["1.00", "0", "0.001", "-3", "1e9", "999999999999"]),
    st.sampled_from(["", "5", "6", "?"]),
    st.sampled_from(["Malta", ""]),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(rows=st.lists(st.one_of(CELLS.map(list), st.lists(st.text(max_size=3), max_size=10))))
def test_every_line_of_any_file_has_one_disposition(rows: list[list[str]]) -> None:
    """Whatever stands in the rows, dispositions add up to them, and supply to the orders."""
    story = PlannedStory(lambda: (read_row(row, place) for place, row in enumerate(rows, 2)))
    steps = list(story.steps())
    account = story.accounting()
    assert account.lines_in == account.lines_accounted == len(rows)
    assert sum(account.dispositions.values()) == len(rows)
    assert sum(account.rejections.values()) == account.dispositions["rejected"]
    assert supplied(steps) == ordered(steps)
    assert account.units_ordered_goods == account.units_supplied == ordered(steps).total()
    moments = [step.at for step in steps]
    assert moments == sorted(moments)
    assert len({check_key(step) for step in steps}) == len(steps)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(CELLS.map(list)))
def test_no_order_gives_back_more_than_it_had(rows: list[list[str]]) -> None:
    """Units cancelled and returned on a line never exceed the units ordered on it."""
    left: dict[tuple[str, str], int] = {}
    for step in PlannedStory(lambda: (read_row(row, 2) for row in rows)).steps():
        noun = step.noun
        if isinstance(noun, Order):
            left.update({(noun.order_id, line.line): line.units for line in noun.lines})
        elif isinstance(noun, OrderCancellation | ReturnRequest):
            for line in noun.lines:
                if not noun.order_id.startswith("BEFORE-"):
                    left[noun.order_id, line.line] -= line.quantity
    assert all(quantity >= 0 for quantity in left.values())


def test_documents_begin_in_time_order_though_their_lines_mingle(tmp_path: Path) -> None:
    """A document that another one interrupts is gathered whole while it is open."""
    table = """
        100/1 | 1 | 1 | 2011-03-01 09:00:00 | 1 | 5
        101/1 | 1 | 1 | 2011-03-01 09:00:00 | 1 | 6
        100/2 | 2 | 1 | 2011-03-01 09:10:00 | 1 | 5
        101/2 | 2 | 1 | 2011-03-01 09:09:00 | 1 | 6
    """
    path = write(tmp_path / "lines.csv", [record(cells) for cells in parse(table)])
    found = [
        (d.number, len(d.lines), d.lines[-1].at - d.at)
        for d in documents(read_lines(path))
        if isinstance(d, Document)
    ]
    assert found == [("100", 2, timedelta(minutes=10)), ("101", 2, timedelta(minutes=10))]
