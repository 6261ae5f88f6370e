"""The table of outcomes: what each answer means for the effect, for each ability (I20)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    FarAnswer,
    Refused,
    RetryLater,
    Unknown,
)
from crossdock.delivery.outcomes import settlement
from crossdock.delivery.retry import RetrySchedule
from crossdock.log.records import Claimed
from crossdock.testing.builders import at

SCHEDULE = RetrySchedule(first_seconds=8.0, wait_seconds_max=60.0, attempts_max=3)
ANSWERS: dict[str, FarAnswer] = {
    "accepted": Accepted("no. 7"),
    "already done": AlreadyDone("no. 7"),
    "refused": Refused("why"),
    "later": RetryLater("why"),
    "later, in 99 s": RetryLater("why", 99.0),
    "slow down": RetryLater("why", counts=False),
    "slow down, in 99 s": RetryLater("why", 99.0, counts=False),
    "unknown": Unknown("why"),
}
ABILITIES = {"keys": [Ability.KEYS], "look up": [Ability.LOOK_UP], "neither": [Ability.NEITHER]}
ABILITIES["any"] = list(Ability)

TABLE = """
# answer              ability   try       -> verdict, due (after so many seconds), doubtful
accepted              any       any       -> accepted
already done          any       any       -> already_done
refused               any       any       -> refused

# Not done: again after a wait (8 s, 16 s, at even luck); after the last try a person decides.
later                 any       1 of 3    -> retry, due 4.4
later                 any       2 of 3    -> retry, due 8.8
later                 any       3 of 3    -> retry, held
later, in 99 s        any       1 of 3    -> retry, due 99
later, in 99 s        any       3 of 3    -> retry, held

# They are busy, not broken: that uses up no try, so there is no last one.
slow down             any       1 of 3    -> retry, due 4.4
slow down             any       3 of 3    -> retry, due 17.6
slow down, in 99 s    any       9 of 3    -> retry, due 99

# Perhaps done: again only where that cannot do it twice.
unknown               keys      1 of 3    -> unknown, due 4.4, doubtful
unknown               keys      3 of 3    -> unknown, held, doubtful
unknown               look up   2 of 3    -> unknown, due 8.8, doubtful
unknown               look up   3 of 3    -> unknown, held, doubtful
unknown               neither   1 of 3    -> unknown, held, doubtful
"""


def rows() -> list[tuple[str, str, int, str]]:
    """The table's rows, one for each try and answer."""
    found = []
    for line in TABLE.splitlines():
        if line.strip() and not line.startswith("#"):
            told, _, expected = line.partition("->")
            answer, ability, tried = (told[:22], told[22:32], told[32:])
            numbers = range(1, 4) if tried.strip() == "any" else [int(tried.split()[0])]
            found += [
                (answer.strip(), ability.strip(), number, expected.strip()) for number in numbers
            ]
    return found


def claimed(attempt: int, *, doubtful: bool = False) -> Claimed:
    """An effect in this attempt."""
    return Claimed(
        5, attempt, "wms/release/1", "wms", "o", "t", "c", b"{}", doubtful, tries=attempt - 1
    )


def outcome(answer: FarAnswer, ability: Ability, effect: Claimed) -> str:
    """One attempt's settlement in words."""
    settled = settlement(effect, answer, ability, SCHEDULE, at(0), 0.5)
    assert (settled.effect_id, settled.attempt) == (effect.effect_id, effect.attempt)
    words: list[str] = [settled.verdict.value]
    if settled.due_at is not None:
        words.append(f"due {(settled.due_at - at(0)).total_seconds():g}")
    elif settled.verdict in ("retry", "unknown"):
        words.append("held")
    if settled.doubtful:
        words.append("doubtful")
    done = isinstance(answer, Accepted | AlreadyDone)
    assert (settled.reference, settled.problem) == (("no. 7", "") if done else ("", "why"))
    return ", ".join(words)


@pytest.mark.parametrize(("answer", "ability", "attempt", "expected"), rows())
def test_an_answer_means_what_the_table_says(
    answer: str, ability: str, attempt: int, expected: str
) -> None:
    """Verdict, wait and doubt, row by row; the far side's words and number are kept."""
    for one in ABILITIES[ability]:
        assert outcome(ANSWERS[answer], one, claimed(attempt)) == expected


def test_the_table_speaks_of_everything() -> None:
    """Each answer stands in it with each ability."""
    spoken = {
        (type(ANSWERS[answer]), one) for answer, name, _, _ in rows() for one in ABILITIES[name]
    }
    assert spoken == {(type(answer), one) for answer in ANSWERS.values() for one in Ability}


@pytest.mark.parametrize("answer", ["later", "slow down"])
def test_an_effect_in_doubt_stays_in_doubt_when_it_must_wait(answer: str) -> None:
    """That they are busy now says nothing of what an earlier attempt did."""
    words = outcome(ANSWERS[answer], Ability.LOOK_UP, claimed(1, doubtful=True))
    assert words == "retry, due 4.4, doubtful"


def test_a_wait_is_counted_from_the_answer() -> None:
    """Not from the moment at which the attempt began."""
    late = settlement(claimed(1), RetryLater("w", 30.0), Ability.KEYS, SCHEDULE, at(50), 0.5)
    assert late.due_at == at(0) + timedelta(seconds=80)
