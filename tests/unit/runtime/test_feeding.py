"""What a feed says is on the log before its cursor is kept; nothing of it is lost or said twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Heard, Page, Said, Unread
from crossdock.contracts.parties import Party
from crossdock.contracts.records import FeedOverrun, RecordSetAside
from crossdock.contracts.shipments import Pick, PickLine
from crossdock.log.errors import StoreUnavailable
from crossdock.runtime.feeding import Feeder
from crossdock.runtime.saying import Sayer
from crossdock.runtime.schedules import ByTheClock, Every, Schedule
from crossdock.runtime.set_aside import kept, named
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at
from crossdock.testing.hub import at_once, small_policy
from tests.gateway.house import TestRandomness

POLICY = small_policy()
PERIOD = timedelta(seconds=15)
POLL = Every(PERIOD)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        """The test's own moment."""
        return at(self.seconds)

    def monotonic(self) -> float:
        """The same, as seconds."""
        return self.seconds


def party(number: str, name: str = "A-customer") -> Said:
    """What a record of a customer means; its version is its name."""
    noun = Party(party=number, name=name, revision=1)
    return Said(catalogue.PARTY_CHANGED, f"party/{number}/{name}", at(0), noun)


class FarFeed:
    """A feed that answers as it is told, and remembers what it was asked."""

    name = "parties"

    def __init__(self, *answers: Page | RetryLater | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str | tuple[str, ...]] = []

    async def page(self, cursor: str, now: datetime) -> Page | RetryLater:
        """The next answer."""
        self.asked.append(cursor)
        return self._next()

    async def some(self, records: Sequence[str], now: datetime) -> Page | RetryLater:
        """The next answer."""
        self.asked.append(tuple(records))
        return self._next()

    def _next(self) -> Page | RetryLater:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class House:
    """A store, a clock, and whoever reads a feed of the ERP."""

    def __init__(self, feed: FarFeed, data: Data | None = None, schedule: Schedule = POLL) -> None:
        self.clock = Clock()
        self.store = MemoryStore(data=data)
        self.rung = 0
        self.sayer = Sayer(self.store, POLICY, self.clock, self.ring)
        self.feeder = Feeder(
            "erp", feed, self.store, self.sayer, self.clock, TestRandomness(),
            schedule, "hub",
        )  # fmt: skip

    def ring(self) -> None:
        """Something is on the log."""
        self.rung += 1

    def turn(self) -> int:
        """One turn of the loop."""
        return at_once(self.feeder.turn())

    def log(self) -> list[tuple[str, str]]:
        """Source and id of all messages."""
        kept = self.store.data.partitions.get(0)
        return [(one.message.source, one.message.id) for one in kept.messages] if kept else []

    def aside(self) -> list[RecordSetAside]:
        """The records set aside."""
        kept = self.store.data.partitions[0].messages
        return [
            msgspec.convert(msgspec.json.decode(one.message.raw)["data"], RecordSetAside)
            for one in kept
            if one.message.type == catalogue.RECORD_SET_ASIDE
        ]


def test_a_page_is_on_the_log_and_the_next_begins_behind_it() -> None:
    """The cursor is given back as it was kept; a feed with more is read again at once (P26)."""
    feed = FarFeed(Page([party("1")], "p2", more=True), Page([party("2")], "p3"))
    house = House(feed)
    assert (house.turn(), house.turn(), house.turn()) == (1, 1, 0)
    assert feed.asked == ["", "p2"]
    assert house.log() == [("erp", "party/1/A-customer"), ("erp", "party/2/A-customer")]
    assert house.rung == 2
    house.clock.seconds += PERIOD.total_seconds()
    feed.answers.append(Page((), "p3"))
    house.turn()
    assert feed.asked[-1] == "p3"


def test_a_page_that_was_kept_without_its_cursor_is_absorbed_when_it_comes_again() -> None:
    """The process ended between the two: the same page is asked for and changes nothing."""
    page = Page([party("1"), party("2")], "p2")
    house = House(FarFeed(page, page))

    async def lost(point: str) -> None:
        if point == "keep_feed.before-commit":
            raise StoreUnavailable

    house.store._pause = lost
    with pytest.raises(StoreUnavailable):
        house.turn()
    house.store._pause = None
    house.clock.seconds += 200  # the turn ran out
    house.turn()
    assert house.log() == [("erp", "party/1/A-customer"), ("erp", "party/2/A-customer")]
    assert len(house.store.data.absorbed) == 2


def test_what_is_pointed_at_is_asked_for_at_once_and_moves_no_cursor() -> None:
    """Before its time a feed is asked for the records alone; the next page begins where it did."""
    feed = FarFeed(Page((), "c1"), Page([party("7")], ""), Page((), "c2"))
    house = House(feed)
    house.turn()
    at_once(house.sayer.hear("erp", Heard(pointed={"parties": ["7"]})))
    assert house.turn() == 1
    house.clock.seconds += PERIOD.total_seconds()
    house.turn()
    assert feed.asked == ["", ("7",), "c1"]


def test_trouble_keeps_the_cursor_and_waits_longer_each_time() -> None:
    """Not before what the far side asks for; a connector that breaks is trouble as well."""
    feed = FarFeed(
        Page((), "c1"), RetryLater("busy", 40.0), ValueError("broken"), Page((), "c2")
    )  # fmt: skip
    house = House(feed)
    house.turn()
    house.clock.seconds += PERIOD.total_seconds()
    house.turn()
    [row] = at_once(house.store.feeds())
    assert (row.cursor, row.problem, row.failures) == ("c1", "busy", 1)
    assert row.due_time - house.clock.now() == timedelta(seconds=40)
    house.clock.seconds += 40
    house.turn()
    [row] = at_once(house.store.feeds())
    assert (row.cursor, row.failures) == ("c1", 2)
    assert row.problem == "the connector failed: ValueError"
    house.clock.seconds += 300
    house.turn()
    [row] = at_once(house.store.feeds())
    assert (row.cursor, row.problem, row.failures) == ("c2", "", 0)


def test_a_record_that_cannot_be_read_is_kept_whole_and_stops_nothing() -> None:
    """Place, found and expected are named; what came beside it is on the log."""
    unread = Unread("31", "$.rows[3].state", "'frozen'", "draft, done", b'{"state":"frozen"}')
    house = House(FarFeed(Page([party("1"), unread], "c")))
    house.turn()
    [aside] = house.aside()
    assert (aside.key, aside.where) == ("erp/parties/31", "$.rows[3].state")
    assert aside.raw == '{"state":"frozen"}'
    assert ("erp", "party/1/A-customer") in house.log()


def test_what_the_door_would_refuse_is_set_aside() -> None:
    """An ERP that speaks of a pick, which is a warehouse's to say, is no way around the matrix."""
    line = PickLine(line="1", item="A", quantity=1)
    pick = Pick(pick_id="P1", order_id="O1", site="EAST", lines=(line,))
    house = House(FarFeed(Page([Said(catalogue.PICK_CONFIRMED, "p/1", at(0), pick)], "c")))
    house.turn()
    [aside] = house.aside()
    assert aside.record == "p/1"
    assert "wms_east" in aside.expected
    assert '"pick_id":"P1"' in aside.raw


def test_the_same_version_in_other_words_is_set_aside() -> None:
    """What was said first stands; a mapping that changed is no licence to rewrite it."""
    first = party("1", "A")
    second = Said(first.type, first.id, at(0), Party(party="1", name="B", revision=1))
    house = House(FarFeed(Page([first], "c1", more=True), Page([second], "c2")))
    house.turn()
    house.turn()
    [aside] = house.aside()
    assert (aside.where, aside.record) == ("$.id", "party/1/A")


@pytest.mark.parametrize(
    ("given", "expected"),
    [("SO 1", "SO 1"), ("x" * 300, None), ("Bestellung ä", None), ("", "unnamed")],
)
def test_far_numbers_become_identifiers_of_their_own(given: str, expected: str | None) -> None:
    """What may not stand in an identifier is replaced, and a digest keeps two of them apart."""
    name = named(given)
    if expected is not None and given:
        assert name == expected or name.startswith("SO_1~")
    assert named(given) == name
    assert named(f"{given}!") != name


def test_bytes_that_are_no_text_are_kept_in_base64() -> None:
    """Nothing is guessed of them, and a record past the cap is cut where it says so."""
    assert kept(b"\xff\x00") == "base64:/wA="
    assert kept(b"a" * 1_000_000).endswith("... (cut here)")


def nightly(within: timedelta | None = None) -> ByTheClock:
    """At nine, every day; the house's clock begins at 8:01:40."""
    return ByTheClock("0 9 * * *", ZoneInfo("UTC"), within)


def test_a_window_that_is_closed_is_waited_for_from_the_same_place() -> None:
    """Not even the first time is a feed read outside of it; a page begun in it goes on in it."""
    feed = FarFeed(Page([party("1")], "p2", more=True), Page([party("2")], "p3"))
    house = House(feed, schedule=nightly(timedelta(minutes=10)))
    assert house.turn() == 0
    [row] = at_once(house.store.feeds())
    assert (feed.asked, row.due_time) == ([], at(3_600))
    house.clock.seconds = 3_600
    house.turn()
    house.clock.seconds += 600
    assert house.turn() == 0
    [row] = at_once(house.store.feeds())
    assert (feed.asked, row.cursor, row.due_time) == ([""], "p2", at(3_600 + 86_400))
    house.clock.seconds += 86_400 - 600
    house.turn()
    assert feed.asked == ["", "p2"]


def overruns(house: House) -> list[FeedOverrun]:
    """What people were told of runs that are too long."""
    return [
        msgspec.convert(msgspec.json.decode(one.message.raw)["data"], FeedOverrun)
        for one in house.store.data.partitions[0].messages
        if one.message.type == catalogue.FEED_OVERRAN
    ]


def test_a_run_that_is_not_at_its_end_when_the_next_is_due_is_told_once() -> None:
    """It goes on; the next run that is in time says nothing."""
    pages = [Page([party(str(n))], f"p{n}", more=n != 3) for n in range(4)]
    house = House(FarFeed(*pages), schedule=nightly())
    house.turn()
    house.clock.seconds = 3_599
    house.turn()
    assert overruns(house) == []
    for _ in range(2):
        house.clock.seconds += 1
        house.turn()
    [told] = overruns(house)
    assert (told.key, told.began, told.due) == ("erp/parties", at(100), at(3_600))
