"""Writing what people work on: conditions that open and close, and held effects that are ruled on.

Notes and closings of one batch may meet the same condition. Up to where something is noted and
settled only grows, so they are written in any order; only the time and the place at which a
condition opened follow the order of the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossdock.log.answers import Told, answer_to
from crossdock.log.errors import DocumentMoved
from crossdock.log.records import (
    SETTLED,
    Asker,
    Closing,
    Decided,
    Effect,
    EffectState,
    Lane,
    NewMessage,
    Note,
    Settlement,
    Standing,
)
from crossdock.log.rulings import OF_EFFECTS, end_by, is_certain
from crossdock.log.views import ConditionKey
from crossdock.storage.postgres.session import Session

_ATTEMPT = ("effect_id", "attempt", "verdict", "reference", "problem", "settled_time")

Place = tuple[int, int]


@dataclass(slots=True)
class _Met:
    """What a batch says of one condition."""

    detail: str = ""
    times: int = 0
    opened: Place = (0, 0)  # the first note since the last closing
    noted: dict[int, int] = field(default_factory=dict)
    settled: dict[int, int] = field(default_factory=dict)
    closed: tuple[Place, str] | None = None  # the first closing since the last note
    before: bool = False  # whether it was closed before it was noted

    def note(self, note: Note, place: Place) -> None:
        """Take one note."""
        if not self.times or self.closed is not None:
            self.opened = place
        self.before = self.before or self.closed is not None
        self.detail, self.closed = note.detail, None
        self.times += 1
        self.noted[place[0]] = place[1]

    def close(self, closing: Closing, place: Place) -> None:
        """Take one closing."""
        self.closed = self.closed or (place, closing.why)
        for partition, position in closing.upto.items():
            self.settled[partition] = max(position, self.settled.get(partition, 0))


async def write_conditions(session: Session, decided: Decided, now: datetime) -> None:
    """Open, count and close the conditions that the batch met."""
    met = _met(decided)
    if not met:
        return
    await session.rows("lock_conditions", [kind for kind, _ in met], [key for _, key in met])
    await _close(session, {key: one for key, one in met.items() if one.before}, now)
    noted = {key: one for key, one in met.items() if one.times}
    if noted:
        await _note(session, noted, now)
    await _close(session, {key: one for key, one in met.items() if one.settled}, now)


def _met(decided: Decided) -> dict[ConditionKey, _Met]:
    met: dict[ConditionKey, _Met] = {}
    for partition, position, outcome in decided.outcomes:
        for note in outcome.notes:
            met.setdefault((note.kind, note.key), _Met()).note(note, (partition, position))
        for closing in outcome.closings:
            key = (closing.kind, closing.key)
            met.setdefault(key, _Met()).close(closing, (partition, position))
    return met


async def _note(session: Session, noted: dict[ConditionKey, _Met], now: datetime) -> None:
    await session.rows(
        "open_exceptions",
        *_keys(noted),
        [one.detail for one in noted.values()],
        [one.opened[0] for one in noted.values()],
        [one.opened[1] for one in noted.values()],
        [one.times for one in noted.values()],
        now,
    )
    marks = [(*key, *mark) for key, one in noted.items() for mark in one.noted.items()]
    await session.rows("mark_conditions", *_columns(marks))


async def _close(session: Session, closed: dict[ConditionKey, _Met], now: datetime) -> None:
    marks = [(*key, *mark) for key, one in closed.items() for mark in one.settled.items()]
    if not marks:
        return
    await session.rows("settle_marks", *_columns(marks))
    by = [one.closed or (one.opened, "") for one in closed.values()]
    await session.rows(
        "close_conditions",
        *_keys(closed),
        [place[0] for place, _ in by],
        [place[1] for place, _ in by],
        [why for _, why in by],
        now,
    )


def _keys(met: Iterable[ConditionKey]) -> list[list[str]]:
    return [list(column) for column in zip(*met, strict=True)]


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


# Effects ----------------------------------------------------------------------------------------


def standing_of(row: Sequence[Any]) -> Standing:
    """An effect, as a decision looks at it."""
    business_key, destination, lane, key, kind, correlation, body, state, attempts = row
    effect = Effect(business_key, destination, Lane(lane), key, kind, correlation, body)
    return Standing(effect, None if state is None else EffectState(state), attempts)


async def close_what_they_left(
    session: Session, results: Sequence[Settlement], now: datetime
) -> None:
    """Close the conditions of effects that were held before and have come to their end."""
    ended = [one for one in results if one.verdict in SETTLED and one.attempt > 1]
    if ended:
        await session.rows(
            "close_effects_conditions",
            [one.effect_id for one in ended],
            [one.attempt for one in ended],
            list(OF_EFFECTS),
            now,
            "it came to its end",
        )


async def rule(session: Session, decided: Decided, now: datetime) -> list[NewMessage]:
    """Do what was ruled on held effects; gives what those are told who asked how they end.

    Raises:
        DocumentMoved: an effect is no longer held after as many attempts as was seen.
    """
    rulings = [one for _, _, outcome in decided.outcomes for one in outcome.rulings]
    if not rulings:
        return []
    rows = await session.rows(
        "lock_held_effects",
        [one.business_key for one in rulings],
        [one.attempts for one in rulings],
    )
    numbers: dict[str, int] = {row[0]: row[1] for row in rows}
    moved = [one.business_key for one in rulings if one.business_key not in numbers]
    if moved:
        raise DocumentMoved(where=f"effect {moved[0]}")
    ends = [end_by(one, numbers[one.business_key]) for one in rulings]
    again = [one for one, end in zip(rulings, ends, strict=True) if end is None]
    if again:
        await session.rows(
            "help_effects_on",
            [numbers[one.business_key] for one in again],
            [is_certain(one) for one in again],
            now,
        )
    return await _end(session, [end for end in ends if end is not None], now)


async def _end(session: Session, results: list[Settlement], now: datetime) -> list[NewMessage]:
    """Settle effects without telling them."""
    if not results:
        return []
    numbers = [one.effect_id for one in results]
    await session.copy(
        "attempt",
        _ATTEMPT,
        [(r.effect_id, r.attempt, r.verdict.value, r.reference, r.problem, now) for r in results],
    )
    await session.rows("forget_due", numbers)
    by_effect = {one.effect_id: one for one in results}
    said = [
        answer_to(Asker(*row[1:5]), Told(*row[5:]), by_effect[row[0]], now)
        for row in await session.rows("askers_of", numbers)
    ]
    return [one for one in said if one is not None]
