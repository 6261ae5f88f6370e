"""What a person has done with held effects, and what lists of work are made of."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from datetime import datetime
from itertools import islice

from crossdock.contracts.vocabulary import Fate
from crossdock.log.errors import DocumentMoved
from crossdock.log.records import (
    Decided,
    EffectState,
    NewMessage,
    Ruling,
    Standing,
)
from crossdock.log.rulings import end_by, is_certain
from crossdock.log.views import ConditionKey, EffectView, ExceptionRow, PutAside
from crossdock.storage.memory.data import Data, Place
from crossdock.storage.memory.effects import Kept, answers_of
from crossdock.storage.memory.messages import recorded


def standing(data: Data, wanted: Collection[str]) -> dict[str, Standing]:
    """The effects of these business keys, as far as they are known."""
    found = ((key, data.effects.named(key)) for key in wanted)
    return {
        key: Standing(kept.effect, kept.state, kept.attempts)
        for key, kept in found
        if kept is not None
    }


def check(data: Data, decided: Decided) -> None:
    """Refuse a batch that rules on an effect which is no longer held as it was seen."""
    for _, _, outcome in decided.outcomes:
        for one in outcome.rulings:
            kept = data.effects.named(one.business_key)
            if kept is None or kept.state is not EffectState.HELD or kept.attempts != one.attempts:
                raise DocumentMoved(where=f"effect {one.business_key}")


def rule(data: Data, decided: Decided, now: datetime) -> list[NewMessage]:
    """Do what was ruled; gives what those are told who asked how the effects end."""
    said: list[NewMessage] = []
    for _, _, outcome in decided.outcomes:
        for one in outcome.rulings:
            kept = data.effects.named(one.business_key)
            if kept is not None:
                said += _rule(data, kept, one, now)
    return said


def _rule(data: Data, kept: Kept, one: Ruling, now: datetime) -> list[NewMessage]:
    ended = end_by(one, kept.effect_id)
    if ended is None:
        data.effects.help_on(kept, now, certain=is_certain(one))
        return []
    data.effects.settle(kept, ended, now)
    return answers_of(kept, ended, now)


# Lists of work ----------------------------------------------------------------------------------


def conditions(
    data: Data, kinds: Collection[str], after: ConditionKey, limit: int, *, closed: bool
) -> list[ExceptionRow]:
    """A page of conditions of these kinds."""
    wanted = (
        key
        for key, row in data.conditions.rows.items()
        if key > after and key[0] in kinds and (closed or row.is_open)
    )
    return [data.conditions.rows[key] for key in heapq.nsmallest(limit, wanted)]


def put_aside(data: Data, after: Place, limit: int) -> list[PutAside]:
    """A page of messages that are held or dead."""
    found = []
    for number, partition in data.partitions.items():
        for at, row in partition.outcomes.items():
            said = row.outcome
            if said.fate in (Fate.HELD, Fate.DEAD) and (number, at) > after:
                message = recorded(number, at, partition.messages[at - 1])
                found.append(PutAside(message, said.fate, said.reason, row.processed_time))
    found.sort(key=lambda one: (one.message.partition, one.message.position))
    return found[:limit]


def lateness(data: Data, types: Collection[str], since: datetime) -> float | None:
    """How late the latest of what was received since then came."""
    found = [
        (kept.message.received_time - kept.message.event_time).total_seconds()
        for partition in data.partitions.values()
        for kept in partition.messages
        if kept.message.type in types and kept.message.received_time > since
    ]
    return max(found, default=None)


def held_effects(data: Data, after: int, limit: int) -> list[EffectView]:
    """A page of effects that are held."""
    return list(islice(data.effects.held(after), limit))
