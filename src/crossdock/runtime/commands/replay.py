"""`crossdock replay`: say messages again, into the hub or into a shadow.

Into the hub the very same bytes go through the door once more and are absorbed: no effect, no
change of any projection (I29). With `--resend` it is effects that are told once more, on purpose,
each under a key derived from its old one. Into a shadow the whole log is decided again in memory,
under another file or another mapping, and what comes out otherwise is shown field by field (M3).
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.operations import EffectResending
from crossdock.gateway.admission import admit
from crossdock.gateway.keys import Caller
from crossdock.kernel.errors import BadInput, CrossdockError
from crossdock.kernel.limits import REDRIVEN_MAX
from crossdock.kernel.redaction import shown
from crossdock.log.records import NewMessage, Recorded
from crossdock.log.views import EffectView
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.commands.acting import Said, act, message_of, noun_of
from crossdock.runtime.commands.ingest import decide_all
from crossdock.runtime.commands.looking_back import places_of
from crossdock.runtime.commands.state import state_of
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.runtime.shadow import (
    BadMapping,
    Mapping,
    Shadow,
    compare,
    history,
    outcome_differences,
)
from crossdock.sagas.policy import Policy
from crossdock.storage.postgres.store import PostgresStore

_PAGE = 1_000
_SETTLED = ("accepted", "already_done", "adopted")
_SHOWN_MAX = 50


class NothingToReplay(CrossdockError):
    """No decided message is among what was asked for."""

    code = "nothing-to-replay"
    expects = "places as 3:17, or a range, or a filter that lets something through"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages are meant; what is empty does not narrow."""

    places: tuple[str, ...] = ()
    first: str = ""  # 0:10,3:2: from these positions on
    last: str = ""
    types: tuple[str, ...] = ()
    source: str = ""
    key: str = ""
    since: datetime | None = None  # event times
    until: datetime | None = None
    limit: int = 1_000

    def lets(self, message: Recorded) -> bool:
        """Whether a message is meant."""
        return (
            (not self.places or message.place in self.places)
            and (not self.types or message.type in self.types)
            and self.source in ("", message.source)
            and self.key in ("", message.key)
            and (self.since is None or message.event_time >= self.since)
            and (self.until is None or message.event_time <= self.until)
        )


def run_live(config: Path, wanted: Selection, said: Said, *, as_json: bool) -> int:
    """Say messages again; gives 0 when each was absorbed and nothing changed."""
    return asyncio.run(_live(read_settings(config), wanted, said, as_json))


def run_resend(config: Path, wanted: Selection, said: Said, *, as_json: bool) -> int:
    """Tell the effects of messages once more; gives 0 when each is intended."""
    return asyncio.run(_resend(read_settings(config), wanted, said, as_json))


def run_shadow(config: Path, other: Path | None, mapping: str, upto: str, *, as_json: bool) -> int:
    """Decide the log again under another file or mapping; gives 1 where that makes a difference.

    Raises:
        BadMapping: the mapping cannot be loaded, or failed.
    """
    settings = read_settings(config)
    policy = settings.policy() if other is None else read_settings(other).policy()
    return asyncio.run(_shadow(settings, policy, _mapping(mapping), upto, as_json))


# Into the hub -----------------------------------------------------------------------------------


async def _live(settings: Settings, wanted: Selection, said: Said, as_json: bool) -> int:
    policy = settings.policy()
    async with opened_store(settings) as store:
        messages = await _selected(store, wanted)
        ours = [one for one in messages if not CATALOGUE[one.type].inbound or _is_own(one, policy)]
        theirs = [one for one in messages if one not in ours]
        again, refused = _admitted(theirs, policy)
        say(f"{len(messages)} messages: {len(again)} to be said again, {len(ours)} the hub's own,")
        say(f"  which follow by themselves, {len(refused)} that the door does not let in any more")
        found: dict[str, Any] = {
            "applied": said.apply,
            "messages": len(messages),
            "own": len(ours),
            "refused": refused,
        }
        if not said.apply:
            say("nothing was done; say --apply and --reason to do it")
            finish(found, as_json=as_json)
            return UNSOUND if refused else OK
        say(f"{said.actor}: {said.why}")
        before, told = await state_of(store), await store.effects_summary()
        receipts = await store.append(again)
        await decide_all(settings, policy, store)
        after, now = await state_of(store), await store.effects_summary()
    answers = [receipt.answer.value for receipt in receipts]
    found |= {
        "answers": {answer: answers.count(answer) for answer in sorted(set(answers))},
        "hash_before": before.hash,
        "hash_after": after.hash,
        "effects_added": sum(now.values()) - sum(told.values()),
    }
    unchanged = before.hash == after.hash and not found["effects_added"]
    say(f"{found['answers']}; {'nothing changed' if unchanged else 'SOMETHING CHANGED'}")
    finish(found, as_json=as_json)
    return OK if unchanged and not refused else UNSOUND


def _is_own(message: Recorded, policy: Policy) -> bool:
    return message.source == policy.name or message.id.startswith("again/")


def _admitted(
    messages: Sequence[Recorded], policy: Policy
) -> tuple[list[NewMessage], list[dict[str, str]]]:
    """The same bytes through the door, and what it says against those that it no longer lets in."""
    again, refused = [], []
    for one in messages:
        try:
            again.append(admit(one.raw, Caller(one.source), policy, one.received_time))
        except BadInput as error:
            refused.append({"place": one.place, "code": error.code})
    return again, refused


async def _resend(settings: Settings, wanted: Selection, said: Said, as_json: bool) -> int:
    policy = settings.policy()
    async with opened_store(settings) as store:
        messages = await _selected(store, wanted)
        places = [(one.partition, one.position) for one in messages]
        effects = [e for e in await store.effects_decided_at(places) if e.state in _SETTLED]
        say(f"{len(effects)} effects were told, and would be told once more")
        resendings = [_resending(policy, one, said) for one in effects]
        found = await act(settings, store, resendings, said)
    finish({**found, "effects": len(effects)}, as_json=as_json)
    return OK if found["sound"] else UNSOUND


def _resending(policy: Policy, effect: EffectView, said: Said) -> NewMessage:
    resend_id = SystemRandomness().token_bytes(6).hex()
    noun = noun_of(
        EffectResending,
        {
            "effect": effect.business_key,
            "resend_id": resend_id,
            "by": said.actor,
            "reason": said.why,
        },
    )
    return message_of(policy, catalogue.EFFECT_RESENT, noun)


async def _selected(store: PostgresStore, wanted: Selection) -> list[Recorded]:
    """The decided messages that are meant, by place."""
    first = places_of(wanted.first, "--from") if wanted.first else {}
    last = places_of(wanted.last, "--to") if wanted.last else None
    most = min(wanted.limit, REDRIVEN_MAX)
    found: list[Recorded] = []
    for partition, (_, decided) in (await store.position()).items():
        after = first.get(partition, 1) - 1
        upto = decided if last is None else min(decided, last.get(partition, 0))
        while after < upto and len(found) < most:
            page = [(partition, at) for at in range(after + 1, min(after + _PAGE, upto) + 1)]
            found += [one for one in await store.messages(page) if wanted.lets(one)]
            after = page[-1][1]
    if not found:
        raise NothingToReplay(where="selection", found="no message")
    return found[:most]


# Into a shadow ----------------------------------------------------------------------------------


async def _shadow(
    settings: Settings, policy: Policy, mapping: Mapping | None, upto: str, as_json: bool
) -> int:
    async with opened_store(settings) as store:
        logged = await history(store, places_of(upto, "--to") if upto else None)
    began = SystemClock().monotonic()
    now, other = Shadow(settings.policy()), Shadow(policy, mapping)
    await now.play(logged)
    await other.play(logged)
    seconds = SystemClock().monotonic() - began
    strayed = outcome_differences(logged, now)
    found = compare(now, other)
    say(f"{len(logged)} messages decided twice in {seconds:.1f} s")
    if strayed:
        say(f"{len(strayed)} end otherwise than in history already under the policy of now")
    for name, rows in found.items():
        say(f"{name}: {len(rows)} differences")
        for row in rows[:_SHOWN_MAX]:
            say(f"  {msgspec.json.encode(row).decode()}")
    finish(
        {"messages": len(logged), "reproduces": not strayed, "strayed": strayed, **found},
        as_json=as_json,
    )
    return UNSOUND if any(found.values()) else OK


def _mapping(text: str) -> Mapping | None:
    """The function named `FILE.py:NAME`."""
    if not text:
        return None
    file, _, name = text.rpartition(":")
    spec = importlib.util.spec_from_file_location("crossdock_mapping", file) if file else None
    if spec is None or spec.loader is None or not Path(file).is_file():
        raise BadMapping(where="--mapping", found=shown(text), expected="FILE.py:FUNCTION")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadMapping(where="--mapping", found=type(error).__name__) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise BadMapping(where="--mapping", found=shown(text), expected="FILE.py:FUNCTION")
    mapping: Mapping = function
    return mapping
