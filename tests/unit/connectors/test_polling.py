"""A poll misses no change that commits late, and says nothing twice that did not change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.kit import polling
from crossdock.connectors.kit.polling import Change, Overlapping, Walk, read_cursor, written

_OVERLAP = timedelta(seconds=60)
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """So many seconds after the beginning."""
    return _BEGIN + timedelta(seconds=seconds)


def poll(cursor: Overlapping, visible: list[Change], page: int) -> tuple[Overlapping, list[Change]]:
    """One poll of a far side that shows these changes, page by page, through the written cursor."""
    heard: list[Change] = []
    while True:
        asked = sorted(
            (
                one
                for one in visible
                if one.stamp >= cursor.since(_OVERLAP)
                and (cursor.after is None or (one.stamp, one.record) > cursor.after)
            ),
            key=lambda one: (one.stamp, one.record),
        )
        more = len(asked) > page
        heard += cursor.unread(asked[:page])
        cursor = read_cursor(written(cursor.beyond(asked[:page], _OVERLAP, more=more)), Overlapping)
        if not more:
            return cursor, heard


def test_a_change_that_commits_late_is_heard() -> None:
    """Its stamp lies before what the last poll had seen, within the overlap (P24, P27)."""
    early = Change("1", "a", moment(100))
    late = Change("2", "a", moment(70))
    cursor, heard = poll(Overlapping(), [early], 10)
    assert heard == [early]
    cursor, heard = poll(cursor, [early, late], 10)
    assert heard == [late]


def test_what_did_not_change_is_heard_once() -> None:
    """Reading it again within the overlap says nothing; another version of it does."""
    first = Change("1", "a", moment(100))
    cursor, _ = poll(Overlapping(), [first], 10)
    cursor, heard = poll(cursor, [first], 10)
    assert heard == []
    second = Change("1", "b", moment(100))
    cursor, heard = poll(cursor, [second], 10)
    assert heard == [second]


def test_more_records_of_one_stamp_than_a_page_holds_are_all_heard() -> None:
    """A bulk change stamps thousands alike; the walk goes on behind the last record."""
    bulk = [Change(f"{number:04d}", "a", moment(5)) for number in range(25)]
    _, heard = poll(Overlapping(), bulk, 4)
    assert heard == bulk


def test_the_cursor_stays_small() -> None:
    """No more versions are remembered than the cap says; the oldest go first."""
    many = [
        Change(str(number), "a", moment(number / 1000)) for number in range(polling.SEEN_MAX + 5)
    ]
    cursor = Overlapping().beyond(many, _OVERLAP, more=False)
    assert len(cursor.seen) == polling.SEEN_MAX
    assert "4" not in cursor.seen


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300), st.integers(0, 59), st.integers(1, 8), st.sampled_from("abc")
        ),
        max_size=40,
    ),
    st.integers(1, 5),
)
def test_every_version_that_stands_at_a_poll_is_heard(
    changes: list[tuple[int, int, int, str]], page: int
) -> None:
    """Whatever commits within the overlap of its stamp is heard, at any page size and order (P27).

    Each change is (stamp, how long it took to commit, record, version); the far side shows the
    newest committed version of each record, and is polled after every commit.
    """
    cursor = Overlapping()
    visible: dict[str, Change] = {}
    heard: dict[str, str] = {}
    for stamp, _, record, version in sorted(changes, key=lambda one: one[0] + one[1]):
        change = Change(str(record), f"{version}{stamp}", moment(stamp))
        visible[change.record] = change
        cursor, said = poll(cursor, list(visible.values()), page)
        heard.update((one.record, one.version) for one in said)
        assert heard == {one.record: one.version for one in visible.values()}


def walk(
    cursor: Walk, visible: dict[str, Change], page: int, seconds: float
) -> tuple[Walk, list[Change]]:
    """One walk of a far side that lists what changed since a stamp in the order of its records."""
    heard: list[Change] = []
    while True:
        asked = [
            visible[record]
            for record in sorted(visible)
            if visible[record].stamp >= cursor.since(_OVERLAP) and record > cursor.after
        ]
        more = len(asked) > page
        heard += cursor.unread(asked[:page])
        after = cursor.beyond(asked[:page], _OVERLAP, moment(seconds), more=more)
        cursor = read_cursor(written(after), Walk)
        if not more:
            return cursor, heard


def test_what_changes_behind_a_walk_belongs_to_the_next() -> None:
    """A record whose page is past changes while later ones are read, and one of those is newer."""
    visible = {str(number): Change(str(number), "a", moment(10)) for number in range(6)}
    cursor = Walk()
    first = [visible[str(number)] for number in range(3)]
    cursor = cursor.beyond(first, _OVERLAP, moment(100), more=True)
    visible["0"] = Change("0", "b", moment(101))
    visible["5"] = Change("5", "b", moment(400))  # the walk takes long
    cursor = cursor.beyond([visible[str(n)] for n in (3, 4, 5)], _OVERLAP, moment(500), more=False)
    _, heard = walk(cursor, visible, 10, 600)
    assert heard == [visible["0"]]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300), st.integers(0, 59), st.integers(1, 8), st.sampled_from("abc")
        ),
        max_size=40,
    ),
    st.integers(1, 5),
)
def test_a_walk_hears_every_version_that_stands(
    changes: list[tuple[int, int, int, str]], page: int
) -> None:
    """As for polls by stamp, with a far side that orders by record."""
    cursor = Walk()
    visible: dict[str, Change] = {}
    heard: dict[str, str] = {}
    for stamp, took, record, version in sorted(changes, key=lambda one: one[0] + one[1]):
        change = Change(str(record), f"{version}{stamp}", moment(stamp))
        visible[change.record] = change
        cursor, said = walk(cursor, visible, page, stamp + took)
        heard.update((one.record, one.version) for one in said)
        assert heard == {one.record: one.version for one in visible.values()}
