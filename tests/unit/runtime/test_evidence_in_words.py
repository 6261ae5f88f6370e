"""What was seen of an attempt is shown to people, to compare with the far side's own log."""

from __future__ import annotations

from hashlib import sha256

from crossdock.contracts import catalogue
from crossdock.contracts.connector import Evidence
from crossdock.contracts.orders import LineQuantity, ReleaseStopped
from crossdock.log.views import AttemptView
from crossdock.runtime.commands.trace_words import evidence, said
from crossdock.testing.builders import at


def test_an_attempt_is_shown_with_its_evidence() -> None:
    """Who made it, when, the status, their words, and digests of what went and came."""
    seen = Evidence(422, "no such item", sha256(b"sent").digest(), sha256(b"came").digest())
    ended = AttemptView(3, "refused", "", "422 not acceptable", at(9), at(8), "harbor", seen)
    [line] = evidence(ended)
    assert line.startswith("attempt 3 by harbor at ")
    assert line.endswith(
        'status 422, "no such item", '
        f"sent {sha256(b'sent').hexdigest()[:32]}, received {sha256(b'came').hexdigest()[:32]}"
    )


def test_words_that_the_problem_quotes_are_not_said_twice() -> None:
    """The far side's words stand in it already."""
    seen = Evidence(422, "no such item")
    ended = AttemptView(1, "refused", "", "422 refused: no such item", at(9), at(8), "", seen)
    assert evidence(ended) == ["status 422"]


def test_an_end_without_an_attempt_has_no_evidence() -> None:
    """Superseded before it was sent."""
    assert evidence(AttemptView(1, "superseded", "newer", "", at(9))) == []


def test_a_stop_says_what_is_left_on_the_shelf_and_what_is_back_there() -> None:
    """Each where there is some; an answer without either is one, too."""
    some = (LineQuantity(line="1", item="bolt", quantity=2),)
    for lines, back, words in (
        (some, (), "will not pick 2 x bolt (line 1)"),
        ((), some, "has put back 2 x bolt (line 1)"),
        (some, some, "will not pick 2 x bolt (line 1), has put back 2 x bolt (line 1)"),
        ((), (), "stops nothing"),
    ):
        noun = ReleaseStopped(
            release_cancellation_id="O1-C2",
            order_id="O1",
            site="EAST",
            lines=lines,
            put_back=back,
        )
        assert said(catalogue.RELEASE_STOPPED, noun) == f"{words} at EAST (O1-C2)"
