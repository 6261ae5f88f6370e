"""Who lives is judged by counts and our own steady clock, never by comparing clocks (T1, T5)."""

from __future__ import annotations

from crossdock.delivery.holders import Holders


def test_who_goes_on_beating_lives() -> None:
    """However long it is watched."""
    holders = Holders(60)
    for n in range(100):
        holders.hear({"east": n}, n * 50.0)
    assert holders.alive(99 * 50.0 + 60) == {"east"}


def test_who_is_silent_for_too_long_is_gone() -> None:
    """Not at the limit, but after it; a single beat brings it back."""
    holders = Holders(60)
    holders.hear({"east": 3, "west": 1}, 0.0)
    holders.hear({"east": 3, "west": 2}, 40.0)
    assert holders.alive(60.0) == {"east", "west"}
    assert holders.gone(60.1) == {"east"}
    assert holders.alive(60.1) == {"west"}
    holders.hear({"east": 4, "west": 2}, 61.0)
    assert holders.gone(61.0) == frozenset()


def test_who_is_heard_of_first_has_the_benefit_of_the_doubt() -> None:
    """A hub that starts cannot know for how long another has been silent."""
    holders = Holders(60)
    holders.hear({"east": 3}, 1000.0)
    assert holders.alive(1060.0) == {"east"}
    assert holders.gone(1061.0) == {"east"}


def test_a_name_that_is_no_longer_there_is_forgotten() -> None:
    """It is neither alive nor gone, and beginning again with a lower count it lives."""
    holders = Holders(60)
    holders.hear({"east": 9}, 0.0)
    holders.hear({}, 1.0)
    assert holders.alive(1.0) | holders.gone(100.0) == frozenset()
    holders.hear({"east": 1}, 2.0)
    assert holders.alive(2.0) == {"east"}
