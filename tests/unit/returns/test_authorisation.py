"""Returns are authorised by the whole set of wishes: first asked, first served, never too much."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from crossdock.returns.authorisation import authorised


@dataclass
class Asked:
    """A wish to return."""

    since: str
    lines: dict[str, int]


def granted(shipped: dict[str, int], **wishes: Asked) -> set[str]:
    """Who may send goods back."""
    return authorised(wishes, shipped)


def test_no_more_comes_back_than_was_shipped() -> None:
    """Exactly all of it may; one more may not; a line that was never shipped may not."""
    assert granted({"1": 4}, a=Asked("08:00", {"1": 4})) == {"a"}
    assert granted({"1": 4}, a=Asked("08:00", {"1": 5})) == set()
    assert granted({"1": 4}, a=Asked("08:00", {"2": 1})) == set()


def test_a_wish_is_granted_whole_or_not_at_all() -> None:
    """One line too many keeps the others at home, and leaves them for the next."""
    wishes = {"a": Asked("08:00", {"1": 1, "2": 9}), "b": Asked("09:00", {"1": 4})}
    assert authorised(wishes, {"1": 4, "2": 1}) == {"b"}


def test_who_asked_first_is_served_first() -> None:
    """By the time of asking, then by name; what does not fit lets smaller wishes pass."""
    wishes = {
        "late": Asked("09:00", {"1": 3}),
        "early": Asked("08:00", {"1": 3}),
        "small": Asked("10:00", {"1": 1}),
    }
    assert authorised(wishes, {"1": 4}) == {"early", "small"}
    assert granted({"1": 3}, b=Asked("08:00", {"1": 3}), a=Asked("08:00", {"1": 3})) == {"a"}


wishes_drawn = st.dictionaries(
    st.text("abcd", min_size=1, max_size=2),
    st.builds(
        Asked,
        since=st.sampled_from(["08:00", "09:00", "10:00"]),
        lines=st.dictionaries(st.sampled_from("12"), st.integers(1, 5), min_size=1),
    ),
    max_size=6,
)
shipped_drawn = st.dictionaries(st.sampled_from("12"), st.integers(0, 9))


@given(wishes=wishes_drawn, shipped=shipped_drawn, data=st.data())
def test_it_does_not_matter_which_wish_was_told_first(
    wishes: dict[str, Asked], shipped: dict[str, int], data: st.DataObject
) -> None:
    """Any order of arrival grants the same returns, and the question changes nothing."""
    before = dict(shipped)
    shuffled = dict(data.draw(st.permutations(list(wishes.items()))))
    assert authorised(shuffled, shipped) == authorised(wishes, shipped)
    assert shipped == before


@given(wishes=wishes_drawn, shipped=shipped_drawn)
def test_what_is_granted_fits_and_what_is_refused_did_not(
    wishes: dict[str, Asked], shipped: dict[str, int]
) -> None:
    """Each wish is judged on what those before it left over."""
    may = authorised(wishes, shipped)
    left = Counter(shipped)
    for name in sorted(wishes, key=lambda one: (wishes[one].since, one)):
        lines = wishes[name].lines
        assert (name in may) == all(left[line] >= units for line, units in lines.items())
        if name in may:
            left.subtract(lines)
    assert min(left.values(), default=0) >= 0
