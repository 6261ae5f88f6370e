"""Writing what delivery did: how attempts ended, and availability turned into effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.kits import Recipe, recipes_of
from crossdock.inventory.availability import as_told, besides, counted_under, with_kits
from crossdock.inventory.units import in_packs
from crossdock.log.answers import Told, answer_to, end_of
from crossdock.log.ports import ChannelView
from crossdock.log.records import SETTLED, Asker, EffectState, Lane, Settlement, Verdict
from crossdock.log.views import AvailabilityView, SiteView
from crossdock.storage.postgres.session import Session
from crossdock.storage.postgres.working import close_what_they_left
from crossdock.storage.postgres.writing import append

_HELD = (Verdict.REFUSED, Verdict.VOID)
_ATTEMPT_COLUMNS = (
    "effect_id", "attempt", "verdict", "reference", "problem", "settled_time", "begun_time",
    "holder", "status", "words", "sent", "received",
)  # fmt: skip


async def settle(session: Session, results: Sequence[Settlement], now: datetime) -> int:
    """Record how attempts ended that are still ours, and take or put back what is due.

    Gives how many they were.
    """
    numbers, attempts = [r.effect_id for r in results], [r.attempt for r in results]
    rows = await session.rows("lock_in_flight", numbers, attempts)
    begun = {effect_id: (begun_time, owner) for effect_id, begun_time, owner in rows}
    ours = [result for result in results if result.effect_id in begun]
    await session.copy("attempt", _ATTEMPT_COLUMNS, [_ended(r, begun, now) for r in ours])
    await _move(session, ours, now)
    return len(ours)


def _ended(
    result: Settlement, begun: Mapping[int, tuple[datetime, str]], now: datetime
) -> tuple[object, ...]:
    """The row of an attempt that ended, in the order of `_ATTEMPT_COLUMNS`."""
    begun_time, holder = begun[result.effect_id]
    seen = result.evidence
    return (
        result.effect_id, result.attempt, result.verdict.value, result.reference, result.problem,
        now, begun_time, holder, seen.status, seen.words, seen.sent, seen.received,
    )  # fmt: skip


async def _move(session: Session, results: Sequence[Settlement], now: datetime) -> None:
    """Take what is settled off the queue; put the rest back, or hold it."""
    done = [r.effect_id for r in results if r.verdict in SETTLED]
    if done:
        await session.rows("forget_due", done)
    rest = [r for r in results if r.verdict not in SETTLED]
    if rest:
        await _put_back(session, rest, now)
    await close_what_they_left(session, results, now)
    await say_how_they_ended(session, results, now)


async def _put_back(session: Session, rest: Sequence[Settlement], now: datetime) -> None:
    """Let effects come again at their time, or wait for a person."""
    held = [r.verdict in _HELD or r.due_at is None for r in rest]
    await session.rows(
        "put_back",
        [r.effect_id for r in rest],
        [int(EffectState.HELD if h else EffectState.DUE) for h in held],
        [r.due_at for r in rest],
        [r.doubtful or r.verdict is Verdict.UNKNOWN for r in rest],
        [r.counts for r in rest],
        [r.verdict is Verdict.UNKNOWN for r in rest],
        now,
    )
    stuck = [r for r, h in zip(rest, held, strict=True) if h]
    if stuck:
        await session.rows(
            "note_held_effects",
            [r.effect_id for r in stuck],
            [r.verdict.value for r in stuck],
            [r.problem for r in stuck],
            now,
            [r.attempt for r in stuck],
        )


async def say_how_they_ended(
    session: Session, results: Sequence[Settlement], now: datetime
) -> None:
    """Put on the log how effects ended, for the documents that asked (T4).

    The last step of whatever settles effects, since it locks the heads of the log.
    """
    by_effect = {r.effect_id: r for r in results if end_of(r) is not None}
    rows = await session.rows("askers_of", list(by_effect)) if by_effect else []
    said = [
        answer_to(Asker(*asker), Told(*told), by_effect[number], now)
        for number, asker, told in ((row[0], row[1:5], row[5:]) for row in rows)
    ]
    messages = [one for one in said if one is not None]
    if messages:
        await append(session, messages)


async def _recipes(session: Session, items: list[str]) -> dict[str, Recipe]:
    """The kits among these items, taken apart."""
    contents: dict[str, dict[str, int]] = {}
    for kit, item, quantity in await session.rows("load_components", items):
        contents.setdefault(kit, {})[item] = quantity
    return recipes_of(items, contents)


async def _item_masters(session: Session, items: list[str]) -> dict[str, bytes]:
    if not items:
        return {}
    rows = await session.rows("load_records", ["item"] * len(items), items, [], [])
    return {row["id"]: row["body"] for row in rows}


async def publish_changed(
    session: Session, channels: Sequence[ChannelView], now: datetime, limit: int
) -> int:
    """Tell channels what changed of `limit` marked items and the kits above; gives how many.

    Marks are read without a lock and taken away at the end, those alone that were not set again
    since: whoever changes a promise meanwhile never waits with its rows locked while this thinks.
    """
    await session.rows("one_publisher")
    marks = await session.rows("changed_items", limit)
    if marks:
        items = [row[0] for row in marks]
        for view in channels:
            await _publish(session, view, items, now)
        await session.rows("forget_marks", items, [row[1] for row in marks])
    return len(marks)


async def mark_counted_otherwise(
    session: Session, view: ChannelView, after: str, limit: int
) -> str:
    """See `log.ports.Delivering.mark_counted_otherwise`."""
    rules = counted_under(view)
    rows = await session.rows("counted_otherwise", view.channel, after, rules, limit)
    found = [item for item, otherwise in rows if otherwise]
    if found:
        await session.rows("mark_availability", found)
    last: str = rows[-1][0] if len(rows) >= limit else ""
    return last


async def _publish(session: Session, view: ChannelView, items: list[str], now: datetime) -> None:
    """Tell a channel what changed of these items, under the next versions."""
    found = await availability(session, view, items, explain=view.per_site)
    told = {one.item: as_told(view, one, now) for one in found}
    changed = await session.rows(
        "put_availability",
        view.channel,
        [one.item for one in found],
        [one.quantity for one in found],
        [one.version for one in found],
        [besides(told[one.item]) for one in found],
        counted_under(view),
    )
    masters = await _item_masters(session, [row[0] for row in changed])
    kind = catalogue.AVAILABILITY_PUBLISHED
    for destination in view.destinations if changed else ():
        intents = [
            f"{destination}/availability/{view.channel}/{row[0]}/{row[2]}" for row in changed
        ]
        await session.rows(
            "supersede_availability",
            destination,
            [row[0] for row in changed],
            kind,
            now,
            view.channel,
            intents,
        )
        await session.rows(
            "put_effects",
            intents,
            [destination] * len(changed),
            [int(Lane.OPERATIONAL)] * len(changed),
            [row[0] for row in changed],
            [kind] * len(changed),
            [row[0] for row in changed],
            [None] * len(changed),
            [None] * len(changed),
            [
                msgspec.json.encode(
                    msgspec.structs.replace(
                        told[row[0]],
                        version=row[2],
                        packs=in_packs(masters.get(row[0]), row[1]),
                    )
                )
                for row in changed
            ],
            now,
        )


async def availability(
    session: Session, view: ChannelView, items: Sequence[str], *, explain: bool
) -> list[AvailabilityView]:
    """What the channel may promise of these items, counted now; explained, site by site."""
    recipes = await _recipes(session, list(items))
    found = await _count(session, view, _needed(items, recipes), explain=explain)
    return with_kits(found, list(items), recipes)


async def answered(
    session: Session, view: ChannelView, items: Sequence[str], *, explain: bool
) -> list[AvailabilityView]:
    """The same, under the version that it is known by, and counted only where it must be.

    For a transaction that sees one moment. What was published stands as long as nothing of the item
    changed (decision 93); a kit's row says what its components allowed, so its own is counted.
    """
    recipes = await _recipes(session, list(items))
    needed = _needed(items, recipes)
    rows = await session.rows("published_quantities", view.channel, needed, counted_under(view))
    standing = {
        item: AvailabilityView(item, quantity, None, counted)
        for item, quantity, _, counted, stands in rows
        if stands and item not in recipes
    }
    if explain or view.wants_on_hand:
        found = await _count(session, view, needed, explain=explain)
        found |= {i: replace(found[i], version=one.version) for i, one in standing.items()}
    else:
        rest = [item for item in needed if item not in standing]
        found = standing | (await _count(session, view, rest, explain=False) if rest else {})
    told = {row[0]: row[2] for row in rows}
    return [
        one if one.version >= told.get(one.item, 0) else replace(one, version=told[one.item])
        for one in with_kits(found, list(items), recipes)
    ]


def _needed(items: Sequence[str], recipes: Mapping[str, Recipe]) -> list[str]:
    """These items and what the kits among them consist of, in order."""
    return sorted({*items, *(part for recipe in recipes.values() for part in recipe)})


async def _count(
    session: Session, view: ChannelView, items: Sequence[str], *, explain: bool
) -> dict[str, AvailabilityView]:
    """What the promise rows of these items come to, kits not taken apart."""
    asked = (items, list(view.sites), view.keep_back, view.channel)
    staged = view.wants_on_hand or explain
    rows = await session.rows("channel_quantities", *asked, staged)
    sites: dict[str, list[SiteView]] = {}
    if explain:
        for item, *figures in await session.rows("channel_sites", *asked):
            sites.setdefault(item, []).append(SiteView(*figures))
    return {
        item: AvailabilityView(
            item, quantity, on_hand if staged else None, version, tuple(sites.get(item, ()))
        )
        for item, quantity, on_hand, version in rows
    }
