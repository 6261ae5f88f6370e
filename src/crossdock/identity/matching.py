"""Which known record might this be? Rules as data; nothing is compared with everything (P55).

A record is reduced to marks: what it shares, letter for letter, with another record that is the
same thing in other words (the same GTIN, the same number without its dashes, the same words in
any order). A rule names the kinds of mark that must all agree. Rules are asked in order, and the
first that finds somebody decides: a sure one links by itself where it finds exactly one; all
others give candidates to a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from typing import Any, Final

_GTIN: Final = re.compile(r"\A(?:[0-9]{8}|[0-9]{12,14})\Z")
_MARK_LENGTH_MAX: Final = 80

Attributes = Mapping[str, frozenset[str]]
"""By kind of mark, the normalised values of a record."""


@dataclass(frozen=True, slots=True)
class MatchRule:
    """One rule: the kinds of mark that must agree, and whether that is proof."""

    by: tuple[str, ...]
    sure: bool = False

    def __str__(self) -> str:
        return "same " + " and ".join(self.by)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known record that it might be, and why."""

    canonical: str
    why: str


@dataclass(frozen=True, slots=True)
class Match:
    """What the rules found: one record for sure, or some candidates, or nobody."""

    sure: str = ""
    candidates: tuple[Candidate, ...] = ()
    why: str = ""


def plain_number(text: str) -> str:
    """A number without case, blanks, punctuation and leading zeros: `ab-0012` is `AB0012`."""
    return "".join(letter for letter in text.upper() if letter.isalnum()).lstrip("0")


def plain_words(text: str) -> str:
    """The words of a name, each once, in the order of the alphabet, without case and marks."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    words = "".join(one if one.isalnum() else " " for one in letters if not _accent(one)).split()
    return " ".join(sorted(set(words)))


def _accent(letter: str) -> bool:
    return unicodedata.combining(letter) != 0


def long_gtin(text: str) -> str:
    """A GTIN in its form of 14 digits; "" if it is none."""
    return text.zfill(14) if _GTIN.match(text) else ""


def bare(number: str) -> Attributes:
    """What is known of a record of which only the number was said."""
    return _filled({"code": [plain_number(number)], "gtin": [long_gtin(number)]})


def of_item(number: str, item: Any) -> Attributes:
    """The marks of an item as a system describes it under its own number."""
    gtins = [level.gtin for level in item.pack_levels if level.gtin]
    return _filled(
        {
            "code": [plain_number(number)],
            "gtin": [long_gtin(one) for one in (number, *gtins)],
            "name": [plain_words(item.description)],
            "base_unit": [item.base_unit.casefold()],
        }
    )


def of_party(number: str, party: Any) -> Attributes:
    """The marks of a customer, supplier or carrier."""
    codes = [one.address.postal_code for one in party.ship_to]
    return _filled(
        {
            "code": [plain_number(number)],
            "name": [plain_words(party.name)],
            "role": [party.role.value],
            "postal_code": [plain_number(one) for one in codes],
        }
    )


def of_named(number: str, record: Any) -> Attributes:
    """The marks of a site, channel or location."""
    return _filled({"code": [plain_number(number)], "name": [plain_words(record.name)]})


ATTRIBUTES: Final[Mapping[str, Callable[[str, Any], Attributes]]] = {
    "item": of_item,
    "party": of_party,
    "site": of_named,
    "channel": of_named,
    "location": of_named,
}
"""By entity, how a record is reduced to its marks."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "item": ("gtin", "code", "name", "base_unit"),
    "party": ("code", "name", "role", "postal_code"),
    "site": ("code", "name"),
    "channel": ("code", "name"),
    "location": ("code", "name"),
}
"""By entity, the kinds of mark that a rule may name."""

DEFAULT_RULES: Final[Mapping[str, tuple[MatchRule, ...]]] = {
    "item": (
        MatchRule(("gtin",), sure=True),
        MatchRule(("code",)),
        MatchRule(("name", "base_unit")),
    ),
    "party": (MatchRule(("name", "role", "postal_code")), MatchRule(("name",))),
    "site": (MatchRule(("code",)), MatchRule(("name",))),
    "channel": (MatchRule(("code",)), MatchRule(("name",))),
    "location": (MatchRule(("code",)), MatchRule(("name",))),
}
"""The rules that ship with the hub; the configuration replaces them by entity."""


def marks(rules: Sequence[MatchRule], record: Attributes) -> Iterator[tuple[MatchRule, str]]:
    """The marks of a record under each rule; records that share one may be the same."""
    for rule in rules:
        values = [sorted(record.get(kind, ())) for kind in rule.by]
        for combined in product(*values):
            yield rule, f"{'+'.join(rule.by)}/{_short(' '.join(combined))}"


def match(
    rules: Sequence[MatchRule], record: Attributes, known: Mapping[str, Sequence[str]]
) -> Match:
    """Who shares a mark with this record; `known` has the canonical ids of each mark."""
    for rule in rules:
        found = sorted({one for _, mark in marks([rule], record) for one in known.get(mark, ())})
        if not found:
            continue
        if rule.sure and len(found) == 1:
            return Match(sure=found[0], why=str(rule))
        return Match(candidates=tuple(Candidate(one, str(rule)) for one in found), why=str(rule))
    return Match()


def _filled(values: Mapping[str, Sequence[str]]) -> Attributes:
    return {kind: frozenset(one for one in some if one) for kind, some in values.items()}


def _short(mark: str) -> str:
    """A mark that fits a key, the long ones by their digest."""
    if len(mark) <= _MARK_LENGTH_MAX:
        return mark
    return f"#{blake2b(mark.encode(), digest_size=16).hexdigest()}"
