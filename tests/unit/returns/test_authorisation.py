"""Returns are judged by the whole set of wishes: first asked, first served, never too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts.vocabulary import ReturnCondition, ReturnReason, ReturnRefusal
from crossdock.returns.authorisation import Blind, Refused, ReturnRules, Sold, judged

DAY = "2026-03-01T{}:00+00:00"


@dataclass
class Asked:
    """A wish to return."""

    since: str
    lines: dict[str, int]
    items: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    condition: str = ""
    granted: bool = False

    def __post_init__(self) -> None:
        """Say the hour of one day for a moment."""
        self.since = DAY.format(self.since) if len(self.since) == 5 else self.since


def sold(**shipped: int) -> dict[str, Sold]:
    """Bolts that left the house early in the day, by line (`l1=4`)."""
    return {
        line.removeprefix("l"): Sold("bolt", units, DAY.format("00:00"))
        for line, units in shipped.items()
    }


def granted(wishes: dict[str, Asked], shipped: dict[str, Sold]) -> set[str]:
    """Who may send goods back."""
    return {name for name, no in judged(wishes, shipped, ReturnRules()).items() if no is None}


def test_no_more_comes_back_than_was_shipped() -> None:
    """Exactly all of it may; one more may not; a line that was never shipped may not."""
    assert granted({"a": Asked("08:00", {"1": 4})}, sold(l1=4)) == {"a"}
    assert granted({"a": Asked("08:00", {"1": 5})}, sold(l1=4)) == set()
    assert granted({"a": Asked("08:00", {"2": 1})}, sold(l1=4, l2=0)) == set()


def test_a_wish_is_granted_whole_or_not_at_all() -> None:
    """One line too many keeps the others at home, and leaves them for the next."""
    wishes = {"a": Asked("08:00", {"1": 1, "2": 9}), "b": Asked("09:00", {"1": 4})}
    assert granted(wishes, sold(l1=4, l2=1)) == {"b"}


def test_who_asked_first_is_served_first() -> None:
    """By the time of asking, then by name; what does not fit lets smaller wishes pass."""
    wishes = {
        "late": Asked("09:00", {"1": 3}),
        "early": Asked("08:00", {"1": 3}),
        "small": Asked("10:00", {"1": 1}),
    }
    assert granted(wishes, sold(l1=4)) == {"early", "small"}
    alike = {"b": Asked("08:00", {"1": 3}), "a": Asked("08:00", {"1": 3})}
    assert granted(alike, sold(l1=3)) == {"a"}


def test_what_a_desk_granted_goes_first() -> None:
    """A caller who was told yes is not told no because somebody had asked earlier by message."""
    wishes = {"early": Asked("08:00", {"1": 3}), "desk": Asked("09:00", {"1": 3}, granted=True)}
    assert granted(wishes, sold(l1=4)) == {"desk"}


def test_what_came_back_unasked_leaves_less_to_who_asks_later() -> None:
    """And nothing less to who had asked before."""
    wishes = {"before": Asked("08:00", {"1": 2}), "after": Asked("10:00", {"1": 2})}
    blind = [Blind(DAY.format("09:00"), {"1": 1})]
    found = judged(wishes, sold(l1=4), ReturnRules(), blind)
    assert found["before"] is None
    assert found["after"] == Refused(ReturnRefusal.MORE_THAN_RETURNABLE, "1")


STRICT = ReturnRules(
    days=30,
    reasons=frozenset({ReturnReason.CUSTOMER}),
    conditions=frozenset({ReturnCondition.UNOPENED}),
)
KEPT = Sold("bolt", 4, DAY.format("00:00"), returnable=False)
PUT_RIGHT: dict[ReturnRefusal, Callable[[Asked, dict[str, Sold]], object]] = {
    ReturnRefusal.UNKNOWN_LINE: lambda wish, known: wish.lines.pop("9"),
    ReturnRefusal.OTHER_ITEM: lambda wish, known: wish.items.update({"1": "bolt"}),
    ReturnRefusal.NOT_SHIPPED: lambda wish, known: known.update({"2": KEPT}),
    ReturnRefusal.ITEM_NOT_RETURNABLE: lambda wish, known: wish.lines.pop("2"),
    ReturnRefusal.REASON_NOT_TAKEN: lambda wish, known: setattr(
        wish, "reason", ReturnReason.CUSTOMER
    ),
    ReturnRefusal.CONDITION_NOT_TAKEN: lambda wish, known: setattr(
        wish, "condition", ReturnCondition.UNOPENED
    ),
    ReturnRefusal.OUT_OF_TIME: lambda wish, known: setattr(wish, "since", DAY.format("08:00")),
    ReturnRefusal.MORE_THAN_RETURNABLE: lambda wish, known: wish.lines.update({"1": 4}),
}
"""By refusal, what would have to be otherwise."""


def test_the_first_reason_of_the_fixed_order_is_the_answer() -> None:
    """A wish with everything wrong, put right step by step, meets every refusal in its order."""
    wish = Asked(
        "2026-05-01T00:00:00+00:00",
        {"9": 1, "1": 9, "2": 9},
        {"1": "nut", "2": "bolt"},
        ReturnReason.DAMAGED,
        ReturnCondition.OPENED,
    )
    known = {
        "1": Sold("bolt", 4, DAY.format("00:00")),
        "2": Sold("bolt", 0, returnable=False),
    }
    met = []
    while (found := judged({"r": wish}, known, STRICT)["r"]) is not None:
        met.append(found.refusal)
        PUT_RIGHT[found.refusal](wish, known)
    of_callers = {ReturnRefusal.SAME_ID_OTHER_CONTENT, ReturnRefusal.UNKNOWN_ORDER}
    assert met == [one for one in ReturnRefusal if one not in of_callers]


@pytest.mark.parametrize(("hours", "fits"), [(30 * 24, True), (30 * 24 + 1, False)])
def test_the_last_hour_of_the_window_counts(hours: int, fits: bool) -> None:
    """Days are counted from when the last unit left."""
    day, hour = 1 + hours // 24, hours % 24
    wish = Asked(f"2026-03-{day:02}T{hour:02}:00:00+00:00", {"1": 1})
    found = judged({"r": wish}, sold(l1=1), ReturnRules(days=30))["r"]
    assert (found is None) is fits


wishes_drawn = st.dictionaries(
    st.text("abcd", min_size=1, max_size=2),
    st.builds(
        Asked,
        since=st.sampled_from(["08:00", "09:00", "10:00"]),
        lines=st.dictionaries(st.sampled_from("12"), st.integers(1, 5), min_size=1),
        granted=st.booleans(),
    ),
    max_size=6,
)
shipped_drawn = st.dictionaries(st.sampled_from("12"), st.integers(0, 9)).map(
    lambda units: {line: Sold("bolt", number) for line, number in units.items()}
)


@given(wishes=wishes_drawn, shipped=shipped_drawn, data=st.data())
def test_it_does_not_matter_which_wish_was_told_first(
    wishes: dict[str, Asked], shipped: dict[str, Sold], data: st.DataObject
) -> None:
    """Any order of arrival grants the same returns, and the question changes nothing."""
    before = dict(shipped)
    shuffled = dict(data.draw(st.permutations(list(wishes.items()))))
    rules = ReturnRules()
    assert judged(shuffled, shipped, rules) == judged(wishes, shipped, rules)
    assert shipped == before


@given(wishes=wishes_drawn, shipped=shipped_drawn)
def test_what_is_granted_fits_and_what_is_refused_did_not(
    wishes: dict[str, Asked], shipped: dict[str, Sold]
) -> None:
    """Each wish is judged on what those before it left over."""
    may = granted(wishes, shipped)
    left = Counter({line: one.shipped for line, one in shipped.items()})
    for name in sorted(wishes, key=lambda n: (not wishes[n].granted, wishes[n].since, n)):
        lines = wishes[name].lines
        fits = all(left[line] >= units for line, units in lines.items())
        assert (name in may) == (wishes[name].granted or fits)
        if name in may:
            left.subtract(lines)
