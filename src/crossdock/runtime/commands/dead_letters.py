"""`crossdock dead-letters`: held and dead messages, held effects, and what can be done about them.

A message is named by its place (`3:17`), an effect by its business key. What is said again is a
copy on the log, caused by the first one, which stays where it is and is marked as handled in the
same decision: nothing is lost however a bulk retry ends.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.conditions import Action, Condition, kind_of_reason
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.identities import MessageRetry
from crossdock.contracts.operations import (
    EffectRuling,
    MessageCorrection,
    MessageDismissal,
    MessageOverride,
    Ruled,
)
from crossdock.contracts.orders import OrderCancellation
from crossdock.gateway.admission import admit
from crossdock.gateway.keys import Caller
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.limits import REDRIVEN_MAX
from crossdock.kernel.redaction import shown
from crossdock.log.keys import transport_digest
from crossdock.log.records import NewMessage, Wanted
from crossdock.log.views import EffectView, PutAside
from crossdock.orders.stages import stage_of
from crossdock.orders.state import OrderState
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.commands.acting import Said, act, message_of, noun_of, put
from crossdock.runtime.commands.exceptions import Worth, filled_in
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, hint, say
from crossdock.runtime.hub import opened_store
from crossdock.runtime.rehearsal import rehearse
from crossdock.sagas.operations import HANDLED
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import again
from crossdock.storage.postgres.store import PostgresStore

_PAGE = 500
_PLACE = re.compile(r"[0-9]{1,4}:[0-9]{1,18}")
_ORDER = msgspec.json.Decoder(OrderState)


class NothingWaits(CrossdockError):
    """No held or dead message and no held effect has this name."""

    code = "nothing-waits"
    expects = "a place or an effect as `crossdock dead-letters list` shows them"


class NotOfThis(CrossdockError):
    """The action is for messages, or for effects, and this is the other."""

    code = "not-of-this"
    expects = "a message's place for edit and override, an effect for adopt"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of what waits is asked for; what is empty does not narrow."""

    kind: str = ""
    source: str = ""  # of a message, or the destination of an effect
    type: str = ""
    key: str = ""
    reason: str = ""  # part of it
    fate: str = ""  # held or dead

    def lets(self, row: dict[str, Any]) -> bool:
        """Whether it lets a row through."""
        return all(
            (
                self.kind in ("", row["kind"]),
                self.source in ("", row["source"]),
                self.type in ("", row["type"]),
                self.key in ("", row["key"]),
                self.fate in ("", row["fate"]),
                self.reason in row["reason"],
            )
        )


def show_list(config: Path, wanted: Filter, limit: int, *, as_json: bool) -> int:
    """List what waits; gives 1 when anything does."""
    rows = asyncio.run(_listed(read_settings(config), wanted))
    for row in rows[:limit]:
        say(f"{row['target']}: {row['fate']} {row['kind'] or 'otherwise'}: {row['reason']}")
        say(f"         {row['type']} of {row['key']}, {row['source']}, since {row['since']}")
    say(f"{len(rows)} wait for a person")
    finish({"dead_letters": rows[:limit], "count": len(rows)}, as_json=as_json)
    return UNSOUND if rows else OK


def show_one(config: Path, target: str, *, as_json: bool) -> int:
    """Show one with what it says and its runbook; gives 0.

    Raises:
        NothingWaits: nothing of this name waits.
    """
    found = asyncio.run(_one(read_settings(config), target))
    for name in ("target", "fate", "kind", "reason", "type", "key", "source", "since", "says"):
        say(f"{name}: {found[name]}")
    for attempt in found["attempts"]:
        say(f"  attempt {attempt['attempt']}: {attempt['verdict']} {attempt['problem']}".rstrip())
    for number, step in enumerate(found["runbook"], 1):
        say(f"  {number}. {step['command']}  ({step['when']})")
    finish(found, as_json=as_json)
    return OK


def retry(config: Path, target: str, said: Said, *, certain: bool, as_json: bool) -> int:
    """Let a message be decided again, or an effect be told again."""
    settings = read_settings(config)
    if _PLACE.fullmatch(target):
        noun = {"message": target, "by": said.actor, "reason": said.why}
        message = (catalogue.MESSAGE_RETRIED, noun_of(MessageRetry, noun))
        return _do(settings, [message], said, as_json)
    action = Ruled.RETRY_CERTAIN if certain else Ruled.RETRY
    return asyncio.run(_rule(settings, target, action, "", said, as_json))


def edit(config: Path, target: str, data: Path, said: Said, *, as_json: bool) -> int:
    """Let a message be decided with other data."""
    _message_only(target)
    noun = {
        "message": target,
        "data": data.read_text(encoding="utf-8"),
        "by": said.actor,
        "reason": said.why,
    }
    message = (catalogue.MESSAGE_CORRECTED, noun_of(MessageCorrection, noun))
    return _do(read_settings(config), [message], said, as_json)


def override(config: Path, target: str, owner: str, said: Said, *, as_json: bool) -> int:
    """Let a message be said in its owner's name: `owner`, or the first that the matrix names."""
    _message_only(target)
    settings = read_settings(config)
    owner = owner or asyncio.run(_owner(settings, target))
    noun = {"message": target, "owner": owner, "by": said.actor, "reason": said.why}
    message = (catalogue.MESSAGE_OVERRIDDEN, noun_of(MessageOverride, noun))
    return _do(settings, [message], said, as_json)


def cancel(config: Path, target: str, said: Said, *, as_json: bool) -> int:
    """Let a message never be applied, or an effect never be told."""
    settings = read_settings(config)
    if _PLACE.fullmatch(target):
        noun = {"message": target, "by": said.actor, "reason": said.why}
        message = (catalogue.MESSAGE_DISMISSED, noun_of(MessageDismissal, noun))
        return _do(settings, [message], said, as_json)
    return asyncio.run(_rule(settings, target, Ruled.CANCEL, "", said, as_json))


def adopt(config: Path, target: str, reference: str, said: Said, *, as_json: bool) -> int:
    """Take an effect as done under the far side's number."""
    if _PLACE.fullmatch(target):
        raise NotOfThis(where="target", found=shown(target))
    return asyncio.run(_rule(read_settings(config), target, Ruled.ADOPT, reference, said, as_json))


def compensate(config: Path, order_id: str, said: Said, *, as_json: bool) -> int:
    """Cancel what is open of an order, in the name of who may: promises are given back."""
    return asyncio.run(_compensate(read_settings(config), order_id, said, as_json))


def redrive(
    config: Path, wanted: Filter, limit: int, per_second: int, said: Said, *, as_json: bool
) -> int:
    """Retry many; gives 0 when each was taken.

    Shows how many, and a dry run of the first; with `--apply` copies them in the order of their
    places, so many a second. Cut off, it is begun again with the same words.
    """
    return asyncio.run(_redrive(read_settings(config), wanted, limit, per_second, said, as_json))


# Acting -----------------------------------------------------------------------------------------


def _do(settings: Settings, said: Sequence[tuple[str, Any]], who: Said, as_json: bool) -> int:
    async def run() -> dict[str, Any]:
        policy = settings.policy()
        async with opened_store(settings) as store:
            messages = [message_of(policy, kind, noun) for kind, noun in said]
            return await act(settings, store, messages, who)

    found = asyncio.run(run())
    finish(found, as_json=as_json)
    return OK if found["sound"] else UNSOUND


async def _rule(
    settings: Settings, effect: str, action: Ruled, reference: str, said: Said, as_json: bool
) -> int:
    async with opened_store(settings) as store:
        standing = (await store.load(Wanted(effects={effect}))).effects.get(effect)
        if standing is None:
            raise NothingWaits(where="target", found=shown(effect))
        noun = noun_of(
            EffectRuling,
            {
                "effect": effect,
                "attempts": standing.attempts,
                "action": action.value,
                "reference": reference,
                "by": said.actor,
                "reason": said.why,
            },
        )
        message = message_of(settings.policy(), catalogue.EFFECT_RULED, noun)
        found = await act(settings, store, [message], said)
    finish(found, as_json=as_json)
    return OK if found["sound"] else UNSOUND


async def _owner(settings: Settings, target: str) -> str:
    """Whose the message is to say, as far as the matrix names one."""
    async with opened_store(settings) as store:
        held = (await store.load(Wanted(held={target}))).held.get(target)
    if held is None:
        raise NothingWaits(where="target", found=shown(target))
    kind = held.message.type
    return next(iter(settings.matrix().owners(CATALOGUE[kind].entity, event=kind)), "")


async def _compensate(settings: Settings, order_id: str, said: Said, as_json: bool) -> int:
    policy = settings.policy()
    async with opened_store(settings) as store:
        body = await store.order_state(order_id)
        if body is None:
            raise NothingWaits(where="order", found=shown(order_id))
        message = _cancellation(policy, _ORDER.decode(body), said)
        found = await act(settings, store, [message], said)
    finish(found, as_json=as_json)
    return OK if found["sound"] else UNSOUND


def _cancellation(policy: Policy, order: OrderState, said: Said) -> NewMessage:
    """A cancellation of all that is open, through the door, from who may cancel the order."""
    kind = catalogue.ORDER_CANCELLATION_REQUESTED
    answer = policy.matrix.answer(
        CATALOGUE[kind].entity, None, order.channel, stage=stage_of(order), event=kind
    )
    now = SystemClock().now()
    name = f"cli/{SystemRandomness().token_bytes(12).hex()}"
    noun = OrderCancellation(cancellation_id=name[4:], order_id=order.order_id)
    envelope = Envelope(
        id=name,
        source=next(iter(answer.owners), ""),
        type=kind,
        time=now,
        subject=f"{said.actor}: {said.why}"[:256],
        data=msgspec.Raw(msgspec.json.encode(noun)),
    )
    return admit(msgspec.json.encode(envelope), Caller(envelope.source), policy, now)


async def _redrive(
    settings: Settings, wanted: Filter, limit: int, per_second: int, said: Said, as_json: bool
) -> int:
    policy = settings.policy()
    async with opened_store(settings) as store:
        rows = [row for row in await _rows(settings, store) if wanted.lets(row)]
        rows = [row for row in rows if _can_retry(settings, row)][: min(limit, REDRIVEN_MAX)]
        say(f"{len(rows)} would be retried, {per_second} a second")
        found: dict[str, Any] = {"count": len(rows), "applied": said.apply, "retried": 0}
        messages = [_retry_of(policy, row, said) for row in rows]
        if not said.apply:
            if messages:
                found["dry_run"] = asdict(await rehearse(store, policy, messages[:1]))
            say("nothing was changed; say --apply and --reason to do it")
            finish(found, as_json=as_json)
            return OK
        for start in range(0, len(messages), per_second):
            page = messages[start : start + per_second]
            became = await put(settings, policy, store, page)
            found["retried"] += sum(1 for one in became if one["fate"] == "applied")
            hint(f"{start + len(page)} of {len(messages)}")
            if start + per_second < len(messages):
                await asyncio.sleep(1.0)
    say(f"{found['retried']} of {len(rows)} retried")
    finish(found, as_json=as_json)
    return OK if found["retried"] == len(rows) else UNSOUND


def _can_retry(settings: Settings, row: dict[str, Any]) -> bool:
    kind = settings.conditions.get(row["kind"])
    return kind is None or any(step.action is Action.RETRY for step in kind.runbook)


def _retry_of(policy: Policy, row: dict[str, Any], said: Said) -> NewMessage:
    """The retry of one row, under a name that a second run says again and so absorbs."""
    target = row["target"]
    who = {"by": said.actor, "reason": said.why}
    if row["fate"] != "held effect":
        noun = noun_of(MessageRetry, {"message": target, **who})
        return message_of(policy, catalogue.MESSAGE_RETRIED, noun, f"redrive/{target}")
    ruling = {"effect": target, "attempts": row["attempts"], "action": Ruled.RETRY.value, **who}
    noun = noun_of(EffectRuling, ruling)
    name = f"redrive/{transport_digest(target, str(row['attempts'])).hex()}"
    return message_of(policy, catalogue.EFFECT_RULED, noun, name)


def _message_only(target: str) -> None:
    if not _PLACE.fullmatch(target):
        raise NotOfThis(where="target", found=shown(target))


# Reading ----------------------------------------------------------------------------------------


async def _listed(settings: Settings, wanted: Filter) -> list[dict[str, Any]]:
    async with opened_store(settings) as store:
        return [row for row in await _rows(settings, store) if wanted.lets(row)]


async def _rows(settings: Settings, store: PostgresStore) -> list[dict[str, Any]]:
    """Everything that waits and nobody handled: messages by place, then effects in their order."""
    policy = settings.policy()
    handled = {one.id for one in await all_documents(store, HANDLED)}
    rows: list[dict[str, Any]] = []
    after = (0, 0)
    while page := await store.put_aside(after, _PAGE):
        last = page[-1].message
        after = (last.partition, last.position)
        open_ones = [one for one in page if one.message.place not in handled]
        keys = {one.message.place: _again_key(policy, one) for one in open_ones}
        known = await store.places_by_key(list(keys.values()))
        rows += [_of_message(one) for one in open_ones if keys[one.message.place] not in known]
    number = 0
    while effects := await store.held_effects(number, _PAGE):
        number = effects[-1].effect_id
        rows += [_of_effect(one) for one in effects if one.attempts]
    return rows


def _again_key(policy: Policy, one: PutAside) -> bytes:
    return transport_digest(policy.name, again(one.message.place))


def _of_message(one: PutAside) -> dict[str, Any]:
    message = one.message
    return {
        "target": message.place,
        "fate": one.fate.value,
        "kind": kind_of_reason(one.reason),
        "reason": one.reason,
        "type": message.type,
        "key": message.key,
        "source": message.source,
        "since": _when(one.processed_time),
        "attempts": 0,
    }


def _of_effect(one: EffectView) -> dict[str, Any]:
    last = one.ended[-1]
    return {
        "target": one.business_key,
        "fate": "held effect",
        "kind": last.verdict,
        "reason": last.problem,
        "type": one.type,
        "key": one.key,
        "source": one.destination,
        "since": _when(last.settled_time),
        "attempts": one.attempts,
    }


async def _one(settings: Settings, target: str) -> dict[str, Any]:
    async with opened_store(settings) as store:
        found = next((r for r in await _rows(settings, store) if r["target"] == target), None)
        if found is None:
            raise NothingWaits(where="target", found=shown(target))
        found["attempts"], found["says"] = await _details(store, found)
        condition: Condition | None = settings.conditions.get(found["kind"])
        place = target if _PLACE.fullmatch(target) else None
        order = await Worth(store).order_of(target if place is None else found["key"])
        key = found["key"] if place else target
        found["runbook"] = [] if condition is None else filled_in(condition, key, place, order)
    return found


async def _details(store: PostgresStore, row: dict[str, Any]) -> tuple[list[dict[str, Any]], Any]:
    """What was tried, and what the message or the effect says."""
    target = row["target"]
    if row["fate"] != "held effect":
        partition, _, position = target.partition(":")
        [message] = await store.messages([(int(partition), int(position))])
        return [], msgspec.json.decode(message.raw)
    loaded = await store.load(Wanted(effects={target}))
    body = msgspec.json.decode(loaded.effects[target].effect.body)
    views = await store.effects_of(row["key"])
    [view] = [one for one in views if one.business_key == target]
    return [asdict(one) for one in view.ended], body


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
