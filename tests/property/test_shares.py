"""Whoever comes and goes: each partition is decided, and all that live have their share (R219)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from crossdock.log.sharing import share_out

WANTS = st.dictionaries(
    st.sampled_from("abcde"), st.frozensets(st.integers(0, 9), min_size=1), min_size=1, max_size=5
)


@dataclass(slots=True)
class House:
    """Workers with what they want, and who owns what."""

    wants: dict[str, frozenset[int]]
    owners: dict[int, str] = field(default_factory=dict)

    def look(self, name: str) -> bool:
        """One worker looks; gives whether anything changed."""
        before = dict(self.owners)
        shares = share_out(name, self.wants, self.owners)
        assert {self.owners.get(number) for number in shares.gives_back} <= {name}
        assert {self.owners.get(number) for number in shares.keeps} <= {name, None}
        given = set(shares.gives_back)
        if given:
            others = [one for one, wanted in self.wants.items() if one != name and wanted & given]
            assert len(given) <= len(self.has(name)) - self.share(name), "what it has too much"
            assert len(given) <= sum(max(0, self.lacks(one)) for one in others), "no more than that"
        for number in given:
            del self.owners[number]
        self.owners |= dict.fromkeys(shares.keeps, name)
        return self.owners != before

    def settle(self) -> None:
        """All look in turn until nothing moves any more, which must come."""
        for _ in range(100):
            moved = [self.look(name) for name in self.wants]
            if not any(moved):
                return
        raise AssertionError("partitions go to and fro")

    def share(self, name: str) -> int:
        """A k-th of what k want, rounded up."""
        rivals = (sum(n in wanted for wanted in self.wants.values()) for n in self.wants[name])
        return ceil(sum((Fraction(1, among) for among in rivals), Fraction(0)))

    def lacks(self, name: str) -> int:
        """How much less than its share it owns."""
        return self.share(name) - len(self.has(name))

    def has(self, name: str) -> set[int]:
        """What it owns."""
        return {number for number, owner in self.owners.items() if owner == name}


@given(WANTS, st.data())
def test_all_is_owned_and_nobody_lacks_what_another_has_too_much(
    wants: dict[str, frozenset[int]], data: st.DataObject
) -> None:
    """Whoever had what when the last of them came or went, in whatever order they look."""
    house = House({name: wants[name] for name in data.draw(st.permutations(sorted(wants)))})
    for number in sorted(frozenset().union(*wants.values())):
        those = sorted(name for name, wanted in wants.items() if number in wanted)
        if owner := data.draw(st.sampled_from(["", *those])):
            house.owners[number] = owner
    house.settle()
    assert house.owners.keys() == frozenset().union(*wants.values())
    for rich in wants:
        if house.lacks(rich) < 0:
            for poor, wanted in wants.items():
                assert not (house.lacks(poor) > 0 and house.has(rich) & wanted)


@given(st.integers(1, 6), st.integers(1, 20), st.data())
def test_alike_workers_have_alike_shares(
    workers: int, partitions: int, data: st.DataObject
) -> None:
    """No more than rounded up; after one has gone, the others have its part."""
    names = [f"worker-{n}" for n in range(workers)]
    house = House(dict.fromkeys(names, frozenset(range(partitions))))
    for name in data.draw(st.permutations(names)):
        house.look(name)
    house.settle()
    while house.wants:
        most = -(-partitions // len(house.wants))
        assert all(len(house.has(name)) <= most for name in house.wants)
        assert len(house.owners) == partitions
        gone = data.draw(st.sampled_from(sorted(house.wants)))
        del house.wants[gone]
        for number in house.has(gone):
            del house.owners[number]
        if house.wants:
            house.settle()


def test_two_that_came_are_each_given_what_they_lack() -> None:
    """And not one of them what both lack."""
    wants = {"all": frozenset(range(6)), "low": frozenset({0, 1}), "mid": frozenset({2, 3})}
    shares = share_out("all", wants, dict.fromkeys(range(6), "all"))
    assert shares == ([1, 3, 4, 5], [0, 2])
