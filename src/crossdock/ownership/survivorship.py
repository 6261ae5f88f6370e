"""One record, several who may write it: which value of each field stands, and who said it (R33).

Every source has its say: its newest revision of the record is its claim, kept whole with where and
when it was said. The golden record takes each field from the claim that its rule puts first.
Nothing depends on the order in which claims arrive; what lost is kept and can be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final

import msgspec

_EMPTY: Final[tuple[object, ...]] = (None, "", [], (), {})
REQUIRED: Final = msgspec.UNSET
"""The default of a field that every claim states: where nobody may decide it, anybody does."""

_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


class Criterion(StrEnum):
    """What may decide between two claims on one field."""

    COMPLETE = "complete"  # a filled field beats an empty one
    RANK = "rank"  # the source that stands first in the rule's list
    RECENT = "recent"  # the later event time


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How claims on a field are compared: criterion by criterion, the first difference decides."""

    by: tuple[Criterion, ...] = (Criterion.COMPLETE, Criterion.RANK, Criterion.RECENT)
    rank: tuple[str, ...] = ()  # sources, the most trusted first; others come after all of them


class Claim(msgspec.Struct, omit_defaults=True):
    """The newest thing that one source said about one record; fields at their default left out."""

    source: str
    said_as: str  # the number by which it called the record
    revision: int
    place: str
    event_time: datetime
    fields: dict[str, Any]
    recorded_time: datetime | None = None  # when the source itself wrote it down
    partial: bool = False  # speaks of its fields only, until its source speaks of the whole again

    @property
    def key(self) -> str:
        """Whose claim it is: revisions count per source, and per number that it has for us."""
        return f"{self.source}/{self.said_as}"


class Record(msgspec.Struct, omit_defaults=True):
    """A master record with everything that was claimed about it."""

    claims: dict[str, Claim] = {}
    golden: dict[str, Any] = {}
    chosen: dict[str, str] = {}  # field -> key of the claim that it was taken from

    def standing(self, key: str) -> int:
        """The newest revision known from this claimant; 0 if none."""
        known = self.claims.get(key)
        return known.revision if known is not None else 0


Eligible = Callable[[str], Collection[str] | None]
"""By field, the sources that may decide it; None: whoever has something to say."""


def anybody(field: str) -> None:
    """Let every source decide every field."""


def derive(
    claims: Mapping[str, Claim],
    defaults: Mapping[str, Any],
    rules: Mapping[str, FieldRule],
    eligible: Eligible = anybody,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The golden value of each field that is not at its default, and whose claim each field is.

    `defaults` names every field of the record with the value it has when nobody says anything.
    """
    golden: dict[str, Any] = {}
    chosen: dict[str, str] = {}
    standing = _standing(claims)
    for field, default in defaults.items():
        rule = rules.get(field) or rules.get("*") or _PLAIN
        best = _best(standing, field, default, rule, eligible(field))
        if best is None:
            continue
        chosen[field] = best.key
        value = best.fields.get(field, default)
        if value != default:
            golden[field] = value
    return golden, chosen


def _standing(claims: Mapping[str, Claim]) -> list[Claim]:
    """The claims that count: a partial one until its source says the whole record anew."""
    whole: dict[str, datetime] = {}
    for one in claims.values():
        if not one.partial:
            whole[one.source] = max(whole.get(one.source, _LONG_AGO), one.event_time)
    return [
        one
        for one in claims.values()
        if not one.partial or one.event_time > whole.get(one.source, _LONG_AGO)
    ]


_PLAIN: Final = FieldRule()


def _best(
    standing: Sequence[Claim],
    field: str,
    default: Any,
    rule: FieldRule,
    allowed: Collection[str] | None,
) -> Claim | None:
    """The claim that decides a field; None: nobody who may has anything to say of it."""
    speaking = [one for one in standing if not one.partial or field in one.fields]
    heard = [one for one in speaking if allowed is None or one.source in allowed]
    if not heard and default is REQUIRED:
        heard = speaking
    if len(heard) < 2:  # most records have one source: nothing to weigh
        return heard[0] if heard else None
    return max(heard, key=partial(_weight, field=field, default=default, rule=rule))


def _weight(claim: Claim, field: str, default: Any, rule: FieldRule) -> tuple[Any, ...]:
    """Compare by the rule; then, so that there is always one answer, by time and by name."""
    weights: list[Any] = []
    for criterion in rule.by:
        if criterion is Criterion.COMPLETE:
            weights.append(claim.fields.get(field, default) not in _EMPTY)
        elif criterion is Criterion.RANK:
            known = claim.source in rule.rank
            weights.append(-rule.rank.index(claim.source) if known else -len(rule.rank))
        else:
            weights.append(claim.event_time)
    return (*weights, claim.event_time, claim.recorded_time or _LONG_AGO, claim.key)


def claimed(record: Record, claim: Claim) -> dict[str, Claim] | None:
    """The claims with this one among them; None when its source said something newer before."""
    if record.standing(claim.key) >= claim.revision:
        return None
    return {**record.claims, claim.key: claim}


def revision_of(claims: Mapping[str, Claim]) -> int:
    """The golden record's revision: the sum of its claims', so that it grows with each of them.

    With one source it is that source's own, and like the record it does not depend on the order in
    which claims came.
    """
    return sum(claim.revision for claim in claims.values())
