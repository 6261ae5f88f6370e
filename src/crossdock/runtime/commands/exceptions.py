"""`crossdock exceptions`: conditions as a list of work, with evidence and runbook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.conditions import Condition, Risk, Severity
from crossdock.contracts.operations import ConditionAssignment, ConditionClosing
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.log.records import Wanted
from crossdock.log.views import ExceptionRow
from crossdock.orders.state import OrderState
from crossdock.orders.worth import unsettled_worth
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.commands.acting import Said, act, message_of, noun_of
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.operations import WORK, WorkItem, condition_id, work_item_of
from crossdock.storage.postgres.store import PostgresStore

_PAGE = 500
_ORDER = msgspec.json.Decoder(OrderState)
_SEVERITIES = list(Severity)


class NoSuchCondition(CrossdockError):
    """Nobody noted a condition of this kind and key."""

    code = "no-such-condition"
    expects = "kind and key as `crossdock exceptions list` shows them"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conditions are asked for; what is empty does not narrow."""

    kinds: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    to: str = ""  # a person or a team
    key: str = ""  # how the key begins
    older_hours: int = 0
    overdue: bool = False
    snoozed: bool = False  # also those that are left alone for a while
    closed: bool = False  # also those that are closed

    def kinds_of(self, table: Mapping[str, Condition]) -> list[str]:
        """The kinds that it lets through."""
        return [
            row.kind
            for row in table.values()
            if (not self.kinds or row.kind in self.kinds)
            and (not self.categories or row.category in self.categories)
            and (not self.severities or row.severity in self.severities)
        ]

    def lets(self, row: Mapping[str, Any], now: datetime) -> bool:
        """Whether it lets a row through."""
        return (
            (not self.to or self.to == row["to"])
            and str(row["key"]).startswith(self.key)
            and now - row["opened"] >= timedelta(hours=self.older_hours)
            and (not self.overdue or bool(row["overdue"]))
            and (self.snoozed or row["snoozed_until"] is None or row["snoozed_until"] <= now)
        )


def show_list(config: Path, wanted: Filter, limit: int, *, as_json: bool) -> int:
    """List conditions, the most severe and longest due first; gives 1 when any is overdue."""
    rows = asyncio.run(_listed(read_settings(config), wanted))
    for row in rows[:limit]:
        late = "OVERDUE" if row["overdue"] else f"due {_when(row['due'])}"
        state = late if row["closed"] is None else f"closed {_when(row['closed'])}"
        risk = f", {row['risk']}" if row["risk"] else ""
        say(f"{row['severity']:8} {row['kind']} {row['key']}: {row['detail']}")
        say(f"         {row['category']}, {row['to']}, {state}, {row['times']} times{risk}")
    overdue = sum(1 for row in rows if row["overdue"])
    say(f"{len(rows)} conditions, {overdue} overdue")
    finish({"exceptions": rows[:limit], "count": len(rows), "overdue": overdue}, as_json=as_json)
    return UNSOUND if overdue else OK


def show_one(config: Path, kind: str, key: str, *, as_json: bool) -> int:
    """Show a condition with its evidence and its runbook; gives 0.

    Raises:
        NoSuchCondition: nobody noted it.
    """
    found = asyncio.run(_one(read_settings(config), kind, key))
    say(f"{found['kind']} {found['key']}: {found['detail']}")
    say(f"  {found['meaning']}")
    for name in ("category", "severity", "to", "opened", "due", "times", "risk", "evidence"):
        if found[name] not in ("", None):
            say(f"  {name}: {found[name]}")
    if found["closed"] is not None:
        say(f"  closed {_when(found['closed'])} at {found['closed_place']}: {found['closed_why']}")
    for number, step in enumerate(found["runbook"], 1):
        say(f"  {number}. {step['command']}  ({step['when']})")
    finish(found, as_json=as_json)
    return OK


def assign(
    config: Path, kind: str, key: str, to: str, hours: int, said: Said, *, as_json: bool
) -> int:
    """Let a condition be somebody's, or nobody's to look at for some hours."""
    return asyncio.run(_assign(read_settings(config), kind, key, to, hours, said, as_json))


def close(config: Path, kind: str, key: str, said: Said, *, as_json: bool) -> int:
    """Close what was seen of a condition."""
    return asyncio.run(_close(read_settings(config), kind, key, said, as_json))


async def _assign(
    settings: Settings, kind: str, key: str, to: str, hours: int, said: Said, as_json: bool
) -> int:
    snoozed = SystemClock().now() + timedelta(hours=hours) if hours else None
    noun = noun_of(
        ConditionAssignment,
        {
            "condition_id": condition_id(kind, key),
            "kind": kind,
            "about": key,
            "to": to,
            "by": said.actor,
            "reason": said.why,
            **({"snoozed_until": snoozed} if snoozed else {}),
        },
    )
    async with opened_store(settings) as store:
        await _row(store, settings, kind, key)
        message = message_of(settings.policy(), catalogue.CONDITION_ASSIGNED, noun)
        found = await act(settings, store, [message], said)
    finish(found, as_json=as_json)
    return OK if found["sound"] else UNSOUND


async def _close(settings: Settings, kind: str, key: str, said: Said, as_json: bool) -> int:
    async with opened_store(settings) as store:
        row = await _row(store, settings, kind, key)
        noun = noun_of(
            ConditionClosing,
            {
                "condition_id": condition_id(kind, key),
                "kind": kind,
                "about": key,
                "upto": {str(partition): position for partition, position in row.upto.items()},
                "by": said.actor,
                "reason": said.why,
            },
        )
        message = message_of(settings.policy(), catalogue.CONDITION_CLOSED, noun)
        found = await act(settings, store, [message], said)
    finish(found, as_json=as_json)
    return OK if found["sound"] else UNSOUND


# Reading ----------------------------------------------------------------------------------------


async def _row(store: PostgresStore, settings: Settings, kind: str, key: str) -> ExceptionRow:
    """The condition as it is stored."""
    if kind not in settings.conditions:
        raise NoSuchCondition(where="kind", found=shown(kind))
    for row in await store.exceptions_about([key], []):
        if (row.kind, row.key) == (kind, key):
            return row
    raise NoSuchCondition(where="key", found=shown(f"{kind} {key}"))


async def _pages(
    store: PostgresStore, kinds: list[str], *, closed: bool
) -> AsyncIterator[ExceptionRow]:
    after = ("", "")
    while page := await store.conditions(kinds, after, _PAGE, closed=closed):
        for row in page:
            yield row
        after = (page[-1].kind, page[-1].key)


async def _listed(settings: Settings, wanted: Filter) -> list[dict[str, Any]]:
    now = SystemClock().now()
    kinds = wanted.kinds_of(settings.conditions)
    async with opened_store(settings) as store:
        items = await _items(store)
        rows = [
            _described(row, settings.conditions[row.kind], items, now)
            async for row in _pages(store, kinds, closed=wanted.closed)
        ]
        rows = [row for row in rows if wanted.lets(row, now)]
        worth = Worth(store)
        for row in rows:
            row["risk"] = await worth.of(settings.conditions[row["kind"]], row["key"])
    rows.sort(key=lambda row: (_SEVERITIES.index(row["severity"]), row["due"], row["key"]))
    return rows


async def _items(store: PostgresStore) -> dict[str, WorkItem]:
    """Whose conditions are, by their ids."""
    return {one.id: work_item_of(one) for one in await all_documents(store, WORK)}


def _described(
    row: ExceptionRow, kind: Condition, items: Mapping[str, WorkItem], now: datetime
) -> dict[str, Any]:
    item = items.get(condition_id(row.kind, row.key), WorkItem(row.kind, row.key))
    due = row.opened_time + timedelta(hours=kind.hours)
    return {
        "kind": row.kind,
        "key": row.key,
        "detail": row.detail,
        "category": kind.category.value,
        "severity": kind.severity.value,
        "to": item.to or kind.team,
        "snoozed_until": item.snoozed_until,
        "opened": row.opened_time,
        "due": due,
        "overdue": row.is_open and due < now,
        "times": row.times,
        "place": row.place,
        "closed": row.closed_time,
        "closed_place": row.closed_place,
        "closed_why": row.closed_why,
        "risk": "",
    }


async def _one(settings: Settings, kind: str, key: str) -> dict[str, Any]:
    now = SystemClock().now()
    async with opened_store(settings) as store:
        row = await _row(store, settings, kind, key)
        condition = settings.conditions[kind]
        found = _described(row, condition, await _items(store), now)
        worth = Worth(store)
        found["risk"] = await worth.of(condition, key)
        found["meaning"] = condition.meaning
        found["evidence"] = await _evidence(store, row.place)
        found["runbook"] = filled_in(condition, key, row.place, await worth.order_of(key))
    return found


def filled_in(
    condition: Condition, key: str, place: str | None, order: str
) -> list[dict[str, str]]:
    """The runbook's commands for one condition."""
    names = {
        "kind": condition.kind,
        "key": key,
        "place": place or "PLACE",
        "order": order,
        "second": key.split("/")[1] if "/" in key else "",
        "last": key.rpartition("/")[2],
    }
    return [
        {
            "action": step.action.value,
            "command": step.command.format(**names),
            "when": step.when,
        }
        for step in condition.runbook
    ]


async def _evidence(store: PostgresStore, place: str | None) -> str:
    """The message that opened the condition, in words."""
    if place is None:
        return ""
    partition, _, position = place.partition(":")
    found = await store.messages([(int(partition), int(position))])
    if not found:
        return place
    [message] = found
    return f"{place}: {message.type} from {message.source}, {_when(message.event_time)}"


class Worth:
    """The money that conditions put at risk, each order read once."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._orders: dict[str, OrderState | None] = {}

    async def order_of(self, key: str) -> str:
        """The order of a condition: of an effect its ordering key, else the head of the key."""
        loaded = await self._store.load(Wanted(effects={key}))
        return loaded.effects[key].effect.key if key in loaded.effects else key.partition("/")[0]

    async def of(self, condition: Condition, key: str) -> str:
        """An amount in minor units with its currency; "" where none can be named."""
        if condition.risk is Risk.NONE:
            return ""
        if condition.risk is Risk.DOCUMENT:
            loaded = await self._store.load(Wanted(effects={key}))
            if key in loaded.effects:
                effect = loaded.effects[key].effect
                told = msgspec.json.decode(effect.body, type=_Total)
                if told.total_minor is not None:
                    return f"{told.total_minor} {told.currency}"
                return await self._of_order(effect.key, "")
        line = key.split("/")[1] if condition.risk is Risk.LINE and "/" in key else ""
        return await self._of_order(key.partition("/")[0], line)

    async def _of_order(self, order_id: str, line: str) -> str:
        if order_id not in self._orders:
            body = await self._store.order_state(order_id)
            self._orders[order_id] = None if body is None else _ORDER.decode(body)
        order = self._orders[order_id]
        return "" if order is None else f"{unsettled_worth(order, line)} {order.currency}".strip()


class _Total(msgspec.Struct):
    total_minor: int | None = None
    currency: str = ""


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
