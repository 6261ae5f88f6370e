"""`crossdock adjustments`: the large counts and corrections that wait for approval (R92).

A verdict is a message in the name of the system that the ownership matrix lets approve, through the
same door as that system's own.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue, counts
from crossdock.contracts.vocabulary import Fate
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.log.records import Document
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.identity import all_documents
from crossdock.runtime.commands.saying import say_as_owner
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.deciders.counts import PENDING, Pending

_PENDING = msgspec.json.Decoder(Pending)
_TYPES = {
    "approve": (catalogue.ADJUSTMENT_APPROVED, counts.AdjustmentApproval),
    "reject": (catalogue.ADJUSTMENT_REJECTED, counts.AdjustmentRejection),
}


class NotPending(CrossdockError):
    """No correction of this id waits for approval."""

    code = "not-pending"
    expects = "an id of `crossdock adjustments list`"


def show(config: Path, *, as_json: bool) -> int:
    """List what waits for approval; gives 0."""
    rows = asyncio.run(_waiting(read_settings(config)))
    for row in rows:
        say(
            f"{row['adjustment_id']}: {row['change']:+} x {row['item']} {row['state']} at"
            f" {row['site']}, {row['limit']}; {row['event_time']}  [{row['place']}]"
        )
    say(f"{len(rows)} corrections wait for approval")
    finish({"adjustments": rows}, as_json=as_json)
    return OK


def settle(
    verdict: str, config: Path, number: str, by: str, note: str, owner: str, *, as_json: bool
) -> int:
    """`approve` or `reject` one in the name of `owner`; gives 0 when that was applied, else 1.

    Without an `owner` it is the first one that the matrix names.

    Raises:
        NotPending: nothing of this id waits.
        NotYours: the matrix does not let this owner approve, or nobody.
    """
    told = asyncio.run(_settle(read_settings(config), verdict, number, by, note, owner))
    why = f": {told['reason']}" if told["reason"] else ""
    say(f"{told['type']} from {told['source']} at {told['place']} is {told['fate']}{why}")
    finish(told, as_json=as_json)
    return OK if told["fate"] == Fate.APPLIED else UNSOUND


async def _waiting(settings: Settings) -> list[dict[str, Any]]:
    async with opened_store(settings) as store:
        found = await all_documents(store, PENDING)
    pending = [(document, _PENDING.decode(document.body)) for document in found]
    return [_row(document, known) for document, known in pending if known.state == "pending"]


def _row(document: Document, known: Pending) -> dict[str, Any]:
    return {
        "adjustment_id": document.id,
        "type": known.type,
        "item": known.said["item"],
        "site": known.said["site"],
        "lot": known.said.get("lot"),
        "state": known.said.get("state", "available"),
        "change": known.change,
        "limit": known.limit,
        "event_time": None if known.at is None else words.when(known.at),
        "place": known.place,
    }


async def _settle(
    settings: Settings, verdict: str, number: str, by: str, note: str, owner: str
) -> dict[str, Any]:
    if number not in {row["adjustment_id"] for row in await _waiting(settings)}:
        raise NotPending(where="adjustments", found=shown(number))
    kind, noun = _TYPES[verdict]
    said = noun(adjustment_id=number, decided_by=by, note=note)
    return await say_as_owner(settings, kind, said, owner)
