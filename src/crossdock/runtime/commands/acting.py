"""How a person acts: shown first what would happen, then, with `--apply`, put on the log.

Every action is a message of the hub's own, with who did it and why (I31). Nothing is written to the
store but through the log.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.words import Noun
from crossdock.kernel.errors import CrossdockError
from crossdock.log.records import NewMessage
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.commands.ingest import decide_all
from crossdock.runtime.config import Settings
from crossdock.runtime.console import say
from crossdock.runtime.rehearsal import Rehearsed, rehearse
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import own_message
from crossdock.storage.postgres.store import PostgresStore


class NoReason(CrossdockError):
    """An action is to be applied, and nobody said why."""

    code = "no-reason"
    advice = "say --reason WHY; it is kept with the action for whoever reads the log later"


class NotAnAction(CrossdockError):
    """What was said of an action cannot be read."""

    code = "not-an-action"
    expects = "values as in messages"


@dataclass(frozen=True, slots=True)
class Said:
    """Who acts, why, and whether it is meant."""

    by: str
    reason: str
    apply: bool

    @property
    def actor(self) -> str:
        """Who acts: as was said, else the login of this process's user."""
        return self.by or pwd.getpwuid(os.getuid()).pw_name

    @property
    def why(self) -> str:
        """The reason; a dry run needs none."""
        if self.apply and not self.reason:
            raise NoReason(where="--reason")
        return self.reason or "(dry run)"


def noun_of(kind: type[Noun], said: dict[str, Any]) -> Noun:
    """Read what was said as strictly as the door reads messages.

    Raises:
        NotAnAction: it does not fit.
    """
    try:
        return msgspec.json.decode(msgspec.json.encode(said), type=kind)
    except msgspec.ValidationError as error:
        raise NotAnAction(where="arguments", found=str(error)) from error


def message_of(policy: Policy, kind: str, noun: Noun, name: str = "") -> NewMessage:
    """The message of the hub's own; under a `name` it is kept once, however often it is said."""
    now = SystemClock().now()
    name = name or f"cli/{SystemRandomness().token_bytes(12).hex()}"
    key = str(getattr(noun, CATALOGUE[kind].key))
    return own_message(policy, name, kind, key, noun, event_time=now, received_time=now)


async def act(
    settings: Settings, store: PostgresStore, messages: Sequence[NewMessage], said: Said
) -> dict[str, Any]:
    """Show what these messages would do, and put them on the log if it is meant.

    Gives what happened as one object; `sound` says whether all of it is, or would be, applied.
    """
    policy = settings.policy()
    rehearsed = await rehearse(store, policy, messages)
    show(rehearsed)
    found: dict[str, Any] = {"applied": said.apply, "dry_run": asdict(rehearsed)}
    if not said.apply:
        say("nothing was changed; say --apply and --reason to do it")
        return {**found, "sound": rehearsed.applies}
    became = await put(settings, policy, store, messages)
    for one in became:
        why = f": {one['reason']}" if one["reason"] else ""
        say(f"{one['type']} at {one['place']} is {one['fate']}{why}")
    return {**found, "became": became, "sound": all(one["fate"] == "applied" for one in became)}


async def put(
    settings: Settings, policy: Policy, store: PostgresStore, messages: Sequence[NewMessage]
) -> list[dict[str, Any]]:
    """Put messages on the log and have them decided; gives what became of each."""
    receipts = await store.append(messages)
    await decide_all(settings, policy, store)
    places = [(receipt.partition, receipt.position) for receipt in receipts]
    outcomes = await store.outcomes_at(places)
    return [
        {
            "place": f"{place[0]}:{place[1]}",
            "type": message.type,
            "answer": receipt.answer.value,
            "fate": outcomes[place].outcome.fate.value,
            "reason": outcomes[place].outcome.reason,
        }
        for place, message, receipt in zip(places, messages, receipts, strict=True)
    ]


_FIGURES = ("sellable", "reserved", "pooled", "safety")


def show(rehearsed: Rehearsed) -> None:
    """What would happen, in lines for people."""
    for step in rehearsed.steps:
        why = f": {step.reason}" if step.reason else ""
        how = "would be put on the log" if step.asked else "would follow"
        say(f"{step.type} of {step.key} from {step.source} {how}, and be {step.fate}{why}")
    for one in rehearsed.orders:
        change = f"{_short(one['before'])} -> {_short(one['after'])}"
        say(f"  order {one['order']} {one['path']}: {change}")
    for one in rehearsed.stock:
        by = [f"{name} {one[name]:+}" for name in _FIGURES if one[name]]
        say(f"  stock {one['item']} at {one['site']}: {', '.join(by) or 'nothing'}")
    for one in rehearsed.effects:
        say(f"  effect {one['effect']}: {one['destination']} would be told {one['type']}")
    for one in rehearsed.rulings:
        say(f"  effect {one['effect']}: {one['action']} {one['reference']}".rstrip())
    for one in rehearsed.noted:
        say(f"  condition {one['kind']} {one['key']} would be noted: {one['detail']}")
    for one in rehearsed.closed:
        say(f"  condition {one['kind']} {one['key']} would be closed, if it is open")
    for one in rehearsed.records:
        say(f"  record {one['kind']} {one['id']} would change")
    if rehearsed.more:
        say("  and more; the dry run ends here")


def _short(value: Any) -> str:
    text = "nothing" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= 100 else text[:99] + "…"
