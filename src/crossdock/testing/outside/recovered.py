"""Is what was accepted what the log holds? Each system's receipts against the messages kept.

A far system knows what it sent and what it was answered; the log knows what it kept. After any
crash the two must match: every receipt names a place where exactly those bytes stand (I1), and
nothing stands anywhere that nobody sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import asyncpg

from crossdock.estate.estate import Estate
from crossdock.estate.outbox import Outbox, Receipt

_KEPT = frozenset({"accepted", "duplicate", "rival"})
"""Answers that promise a place on the log."""

_UNCAUSED = ("sweep/", "timer/", "posting-period/", "settled/")
"""How ids begin of what the hub says to itself on a look at the clock, or when an effect has ended:
no message is its cause."""

_LOG = (
    "SELECT partition || ':' || position AS place, source, id, sha256, sha256(raw) AS really,"
    " causation FROM message"
)
_ABSORBED = "SELECT DISTINCT partition || ':' || position AS place, source, id FROM absorbed"

Named = tuple[str, str]
"""Source and id: what names a message on its way in."""

Received = tuple[Named, Receipt]


class SentRecord:
    """What each system of an estate puts into its outbox, by the hashes of the bytes."""

    def __init__(self, estate: Estate) -> None:
        """Listen at every outbox; call before anything is said."""
        self.hashes: defaultdict[Named, set[bytes]] = defaultdict(set)
        self._estate = estate
        for name, system in estate.systems.items():
            self._listen(name, system.outbox)

    def receipts(self) -> Iterator[Received]:
        """Every first receipt of every message."""
        for name, system in self._estate.systems.items():
            for message_id, receipt in system.outbox.receipts.items():
                yield (name, message_id), receipt

    def _listen(self, name: str, outbox: Outbox) -> None:
        put = outbox.put

        def put_and_note(message_id: str, event: bytes) -> None:
            # An id may be said again at a later time: other bytes, and either may come first.
            self.hashes[(name, message_id)].add(sha256(event).digest())
            put(message_id, event)

        outbox.put = put_and_note  # type: ignore[method-assign]


async def compare_with_log(
    connection: asyncpg.Connection, sent: SentRecord, receipts: Sequence[Received] | None = None
) -> list[str]:
    """Every difference between what was accepted and what is there, one line each.

    `receipts` are those of an earlier moment, for a log that is of that moment; default: all.
    """
    log = {row["place"]: row for row in await connection.fetch(_LOG)}
    absorbed = {
        (row["place"], row["source"], row["id"]) for row in await connection.fetch(_ABSORBED)
    }
    kept = list(sent.receipts()) if receipts is None else receipts
    found = list(_lost(sent, kept, log, absorbed))
    found += _invented(sent, log)
    return found


def _lost(
    sent: SentRecord,
    receipts: Sequence[Received],
    log: dict[str, Any],
    absorbed: set[tuple[str, str, str]],
) -> Iterator[str]:
    """Receipts that the log does not keep."""
    for named, receipt in receipts:
        if receipt.answer not in _KEPT:
            continue
        said = f"{'/'.join(named)} was {receipt.answer} at {receipt.position}"
        row = log.get(receipt.position)
        if row is None:
            yield f"{said}, where nothing stands"
        elif (row["source"], row["id"]) == named:
            if row["sha256"] not in sent.hashes[named]:
                yield f"{said}, where other bytes stand"
        elif receipt.answer != "duplicate":
            yield f"{said}, where {row['source']}/{row['id']} stands"
        elif (receipt.position, *named) not in absorbed:
            yield f"{said}, which does not know of it"


def _invented(sent: SentRecord, log: dict[str, Any]) -> Iterator[str]:
    """Messages that nobody sent, damaged ones, and words of the hub to itself without a cause."""
    systems = {name for name, _ in sent.hashes}
    for place, row in log.items():
        named = (row["source"], row["id"])
        if row["sha256"] != row["really"]:
            yield f"{place} holds bytes that are not those of its hash"
        if row["source"] not in systems:
            if row["causation"] not in log and not row["id"].startswith(_UNCAUSED):
                yield f"{place} is the hub's own {row['id']} without a cause on the log"
        elif row["sha256"] not in sent.hashes.get(named, ()):
            yield f"{place} holds {'/'.join(named)}, which nobody sent"
