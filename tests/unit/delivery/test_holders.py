"""Who lives is judged by counts and our own steady clock, never by comparing clocks (T1, T5)."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.delivery.holders import Holders


def heard(holders: Holders, beats: Mapping[str, int], seconds: float) -> Holders:
    """Asked and answered at one moment."""
    holders.hear(beats, seconds, seconds)
    return holders


def test_who_goes_on_beating_lives() -> None:
    """However long it is watched."""
    holders = Holders(60)
    for n in range(100):
        heard(holders, {"east": n}, n * 70.0)
    assert holders.alive == {"east"}


def test_who_is_silent_for_too_long_is_gone() -> None:
    """Not at the limit, but after it; a single beat brings it back."""
    holders = Holders(60)
    heard(holders, {"east": 3, "west": 1}, 0.0)
    heard(holders, {"east": 3, "west": 2}, 40.0)
    assert heard(holders, {"east": 3, "west": 2}, 60.0).alive == {"east", "west"}
    assert heard(holders, {"east": 3, "west": 2}, 60.1).gone() == {"east": 3}
    assert holders.alive == {"west"}
    assert heard(holders, {"east": 4, "west": 2}, 61.0).gone() == {}


def test_who_is_heard_of_first_has_the_benefit_of_the_doubt() -> None:
    """A hub that starts cannot know for how long another has been silent."""
    holders = heard(Holders(60), {"east": 3}, 1000.0)
    assert heard(holders, {"east": 3}, 1060.0).alive == {"east"}
    assert heard(holders, {"east": 3}, 1061.0).gone() == {"east": 3}


def test_whoever_stood_still_concludes_nothing_from_what_it_did_not_hear() -> None:
    """A process that was stopped for an hour looks again before it takes others for gone."""
    holders = heard(Holders(60), {"east": 3, "west": 3}, 0.0)
    assert holders.alive == {"east", "west"}
    heard(holders, {"east": 700, "west": 3}, 3600.0)
    assert holders.alive == {"east"}
    assert holders.gone() == {"west": 3}


def test_an_answer_is_as_new_as_its_question() -> None:
    """It came late: for how long nobody beat is known up to the moment of asking only."""
    holders = heard(Holders(60), {"east": 3}, 0.0)
    holders.hear({"east": 3}, 5.0, 95.0)
    assert holders.alive == {"east"}
    holders.hear({"east": 4}, 96.0, 190.0)
    assert heard(holders, {"east": 4}, 250.0).alive == {"east"}
    assert heard(holders, {"east": 4}, 250.1).gone() == {"east": 4}


def test_a_name_that_is_no_longer_there_is_forgotten() -> None:
    """It is neither alive nor gone, and beginning again with a lower count it lives."""
    holders = heard(Holders(60), {"east": 9}, 0.0)
    heard(holders, {}, 1.0)
    assert not holders.alive
    assert not holders.gone()
    assert heard(holders, {"east": 1}, 2.0).alive == {"east"}
