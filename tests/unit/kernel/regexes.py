r"""Decides without running it whether a regular expression can blow up.

A pattern passes in one of two ways.

1. At every character there is at most one way to go on (Glushkov's construction: no position is
   followed by two whose characters overlap, and no step is derived twice), and it is anchored at
   the start or its matches are bounded in length. Then giving up costs one look per character.
2. Its matches are bounded in length and all its ways together are few.

Everything else, and every construct not known here, needs a person: rewrite it or list it.
"""

from __future__ import annotations

import importlib
import re
from typing import Any, NamedTuple

_parser: Any = importlib.import_module("re._parser")
_names: Any = importlib.import_module("re._constants")

WAYS_MAX = 1_000
UNROLLED_MAX = 16
#: Stands for all characters: classes that overlap somewhere overlap in here.
ALPHABET = frozenset([*range(0x3000), 0xD800, 0xFEFF, 0xFF11, 0xFFFF])


class NeedsReview(Exception):
    """The pattern holds something that this check does not judge."""


class Part(NamedTuple):
    """A piece of a pattern: where it may begin and end, and whether it may be empty."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empty: bool = True


def trouble(pattern: str | bytes, flags: int = 0) -> str | None:
    """Say why a pattern may cost more than linear time, or None."""
    tree = _parser.parse(pattern, flags)
    try:
        ways = _ways(tree)
        if ways <= WAYS_MAX:
            return None
        conflict = _Automaton(tree).conflict()
    except NeedsReview as unknown:
        return str(unknown)
    if conflict:
        return conflict
    if ways == float("inf") and not _anchored(tree, flags):
        return "not anchored, so a search may begin anew at every character"
    return None


def _anchored(tree: Any, flags: int) -> bool:
    starts = [(_names.AT, _names.AT_BEGINNING_STRING)]
    if not flags & re.MULTILINE:
        starts.append((_names.AT, _names.AT_BEGINNING))
    return bool(tree) and tree[0] in starts


def _ways(tree: Any) -> float:
    """Count the ways through a piece at most; without bound where its length is."""
    total = 1.0
    for op, value in tree:
        if op is _names.BRANCH:
            total *= sum(map(_ways, value[1]))
        elif op is _names.SUBPATTERN:
            total *= _ways(value[-1])
        elif op is _names.ATOMIC_GROUP:
            total *= _ways(value)
        elif op in _REPEATS:
            total *= _ways_of_repeat(*value)
        elif op not in _SINGLE and op is not _names.AT:
            raise NeedsReview(f"{op} needs review")
    return total


def _ways_of_repeat(low: int, high: int, body: Any) -> float:
    if high is _names.MAXREPEAT:
        return float("inf")
    each = _ways(body)
    if each == 1.0:
        return float(high - low + 1)
    return float(sum(min(each**count, 1e9) for count in range(low, high + 1)))


class _Automaton:
    """Glushkov's automaton of a pattern, with a note of every step that is derived twice."""

    def __init__(self, tree: Any) -> None:
        self.characters: list[frozenset[int]] = []
        self.after: list[set[int]] = []
        self.twice = False
        self.whole = self.sequence(tree)

    def conflict(self) -> str | None:
        """Say where there are two ways to go on, or None."""
        if self.twice:
            return "a repeat inside a repeat can take the same text in two ways"
        for following in [set(self.whole.first), *self.after]:
            sets = [self.characters[position] for position in following]
            if sum(map(len, sets)) != len(frozenset().union(*sets)):
                return "two ways to go on at the same character"
        return None

    def sequence(self, tree: Any) -> Part:
        whole = Part()
        for op, value in tree:
            whole = self.joined(whole, self.piece(op, value))
        return whole

    def piece(self, op: Any, value: Any) -> Part:
        if op is _names.AT:
            return Part()
        if op is _names.SUBPATTERN:
            return self.sequence(value[-1])
        if op is _names.ATOMIC_GROUP:
            return self.sequence(value)
        if op is _names.BRANCH:
            parts = [self.sequence(branch) for branch in value[1]]
            return Part(
                sum((part.first for part in parts), ()),
                sum((part.last for part in parts), ()),
                any(part.empty for part in parts),
            )
        if op in _REPEATS:
            return self.repeat(*value)
        self.characters.append(_characters(op, value))
        self.after.append(set())
        position = len(self.characters) - 1
        return Part((position,), (position,), False)

    def repeat(self, low: int, high: int, body: Any) -> Part:
        if high is _names.MAXREPEAT or high > UNROLLED_MAX:
            part = self.sequence(body)
            self.step(part.last, part.first)
            return part._replace(empty=part.empty or low == 0)
        tail = Part()
        for count in range(high, 0, -1):
            # Built from the back: x{1,3} is x(x(x)?)?
            tail = self.joined(self.sequence(body), tail)
            if count > low:
                tail = tail._replace(empty=True)
        return tail

    def joined(self, left: Part, right: Part) -> Part:
        self.step(left.last, right.first)
        return Part(
            left.first + (right.first if left.empty else ()),
            right.last + (left.last if right.empty else ()),
            left.empty and right.empty,
        )

    def step(self, origins: tuple[int, ...], targets: tuple[int, ...]) -> None:
        for origin in origins:
            self.twice = self.twice or not self.after[origin].isdisjoint(targets)
            self.after[origin].update(targets)


_REPEATS = (_names.MAX_REPEAT, _names.MIN_REPEAT, _names.POSSESSIVE_REPEAT)
_SINGLE = (_names.LITERAL, _names.NOT_LITERAL, _names.ANY, _names.IN)
_CLASSES = {
    _names.CATEGORY_DIGIT: r"\d",
    _names.CATEGORY_NOT_DIGIT: r"\D",
    _names.CATEGORY_SPACE: r"\s",
    _names.CATEGORY_NOT_SPACE: r"\S",
    _names.CATEGORY_WORD: r"\w",
    _names.CATEGORY_NOT_WORD: r"\W",
}


def _characters(op: Any, value: Any) -> frozenset[int]:
    """List the characters that a single-character piece takes; case never tells them apart."""
    if op is _names.ANY:
        return ALPHABET
    if op is _names.LITERAL:
        return _both_cases({value})
    if op is _names.NOT_LITERAL:
        return ALPHABET - {value}
    found: set[int] = set()
    for kind, item in value:
        if kind is _names.LITERAL:
            found.add(item)
        elif kind is _names.RANGE:
            found.update(range(item[0], item[1] + 1))
        elif kind is _names.CATEGORY:
            found.update(c for c in ALPHABET if re.match(_CLASSES[item], chr(c)))
        elif kind is not _names.NEGATE:
            raise NeedsReview(f"{kind} needs review")
    return ALPHABET - found if value[0][0] is _names.NEGATE else _both_cases(found)


def _both_cases(found: set[int]) -> frozenset[int]:
    other = {ord(c) for code in found if len(c := chr(code).swapcase()) == 1}
    return frozenset(found | other)
