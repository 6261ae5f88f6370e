"""What a person decides, said in the name of an owner, through the same door as the owner's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.envelope import Envelope
from crossdock.gateway.admission import admit
from crossdock.gateway.keys import Caller
from crossdock.log.records import NewMessage
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.commands.ingest import decide_all
from crossdock.runtime.config import Settings
from crossdock.runtime.hub import opened_store
from crossdock.sagas.policy import Policy


def owner_of(policy: Policy, kind: str, named: str = "") -> str:
    """In whose name it is said: who is named, else the first owner of the matrix, "" for nobody."""
    return named or next(iter(policy.matrix.owners(CATALOGUE[kind].entity, event=kind)), "")


def as_owner(
    policy: Policy, kind: str, owner: str, said: msgspec.Struct, now: datetime
) -> NewMessage:
    """The message as its owner would send it, read at the door like any other.

    Raises:
        BadInput: what the door raises, `NotYours` where the matrix does not let this owner.
    """
    envelope = Envelope(
        id=f"cli/{SystemRandomness().token_bytes(12).hex()}",
        source=owner,
        type=kind,
        time=now,
        data=msgspec.Raw(msgspec.json.encode(said)),
    )
    return admit(msgspec.json.encode(envelope), Caller(owner), policy, now)


async def say_as_owner(
    settings: Settings, kind: str, said: msgspec.Struct, owner: str = ""
) -> dict[str, Any]:
    """Say it and decide everything; gives type, source, place, fate and reason."""
    policy = settings.policy()
    owner = owner_of(policy, kind, owner)
    message = as_owner(policy, kind, owner, said, SystemClock().now())
    async with opened_store(settings) as store:
        [receipt] = await store.append([message])
        await decide_all(settings, policy, store)
        place = (receipt.partition, receipt.position)
        outcome = (await store.outcomes_at([place]))[place].outcome
    return {
        "type": kind,
        "source": owner,
        "place": f"{place[0]}:{place[1]}",
        "fate": outcome.fate,
        "reason": outcome.reason,
    }
