"""`crossdock ingest FILE`: messages through the same door as everybody's, decided to quiescence.

In a file each message speaks for the source that it names itself: whoever may read the
configuration and write to the data folder needs no key. All other rules of the door hold.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from crossdock.gateway.admission import admit
from crossdock.gateway.errors import IdConflict
from crossdock.gateway.keys import Caller
from crossdock.gateway.lines import LineCutter
from crossdock.kernel.decode import split_array
from crossdock.kernel.errors import BadInput, CrossdockError, problem_of
from crossdock.kernel.limits import (
    BATCH_BODY_BYTES_MAX,
    INTAKE_APPEND_MESSAGES_MAX,
    INTAKE_TRIES_MAX,
    KIB,
)
from crossdock.kernel.redaction import shown
from crossdock.log.errors import CommitUnknown, StoreError
from crossdock.log.records import Answer, NewMessage, Receipt
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import FAILED, OK, UNSOUND, finish, hint, say
from crossdock.runtime.deciding import Decider
from crossdock.runtime.hub import opened_store
from crossdock.sagas.policy import Policy
from crossdock.storage.postgres.store import PostgresStore

_CHUNK_BYTES = 256 * KIB
_REFUSALS_TOLD_MAX = 1_000
_IDLE_SECONDS = 0.05
_STUCK_SECONDS = 60.0

Item = tuple[str, bytes | BadInput]
"""Where a message stands in the file, and its bytes or why there are none."""


class FileUnreadable(CrossdockError):
    """The file of messages cannot be read."""

    code = "file-unreadable"
    expects = "a readable file, or - for standard input"


class NotQuiescent(CrossdockError):
    """Messages are on the log, and nobody decides them."""

    code = "not-quiescent"
    advice = "they are safe; look at the hub that holds the leases, or start one"


class _Source(msgspec.Struct):
    """All that is asked of an envelope before the door looks at it."""

    source: str = ""


@dataclass(slots=True)
class Report:
    """What became of a file, counted in messages."""

    read: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    refusals: list[dict[str, str]] = field(default_factory=list)  # the first ones

    def refuse(self, where: str, error: BaseException) -> None:
        """Name a message that did not get in."""
        problem = problem_of(error)
        self.refused += 1
        if len(self.refusals) < _REFUSALS_TOLD_MAX:
            self.refusals.append({"where": where, "code": problem.code, "detail": problem.detail})


def run(file: Path, config: Path, *, as_json: bool = False) -> int:
    """Take the file in and decide; gives 1 when a message was refused, 2 without a file.

    Raises:
        ConfigurationWrong: the configuration cannot be used.
        StoreError: the database gave no result after several tries.
        NotQuiescent: what is on the log is not being decided.
    """
    settings = read_settings(config)
    try:
        with _opened(file) as stream:
            report, fates = asyncio.run(_ingest(settings, _messages(stream)))
    except BadInput as error:
        hint(f"error ({error.code}): {error}")
        return FAILED
    _show(report, fates)
    finish(_object(report, fates), as_json=as_json)
    return UNSOUND if report.refused else OK


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise FileUnreadable(where=str(file), found=error.strerror or "?") from error
    with stream:
        yield stream


def _messages(stream: BinaryIO) -> Iterator[Item]:
    """The messages of NDJSON of any length, or of a JSON array within the limits of a batch."""
    first = stream.read(_CHUNK_BYTES)
    if first.lstrip()[:1] == b"[":
        body = first + stream.read(BATCH_BODY_BYTES_MAX + 1)
        for number, raw in enumerate(split_array(body), start=1):
            yield f"message {number}", raw
        return
    lines = LineCutter()
    chunk = first
    while chunk:
        for line in lines.feed(chunk):
            yield f"line {lines.number}", line
        chunk = stream.read(_CHUNK_BYTES)
    for line in lines.end():
        yield f"line {lines.number}", line


async def _ingest(settings: Settings, items: Iterator[Item]) -> tuple[Report, dict[str, int]]:
    report = Report()
    policy = settings.policy()
    async with opened_store(settings) as store:
        while page := list(islice(items, INTAKE_APPEND_MESSAGES_MAX)):
            await _take(store, policy, page, report)
        await decide_all(settings, policy, store)
        return report, await store.fates()


async def _take(store: PostgresStore, policy: Policy, page: list[Item], report: Report) -> None:
    """Admit a page of messages and put those that may come in on the log."""
    report.read += len(page)
    now = SystemClock().now()
    admitted: list[tuple[str, NewMessage]] = []
    for where, raw in page:
        try:
            if isinstance(raw, BadInput):
                raise raw
            admitted.append((where, admit(raw, Caller(_source_of(raw)), policy, now)))
        except BadInput as error:
            report.refuse(where, error)
    receipts = await _append(store, [message for _, message in admitted])
    for (where, message), receipt in zip(admitted, receipts, strict=True):
        report.answers[receipt.answer] += 1
        if receipt.answer is Answer.CONFLICT:
            place = f"{receipt.partition}:{receipt.position}"
            report.refuse(where, IdConflict(where="$.id", found=f"{shown(message.id)} at {place}"))


def _source_of(raw: bytes) -> str:
    """Whom the message says it is from; nobody where it does not say so readably."""
    try:
        return _SOURCE.decode(raw).source
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


_SOURCE = msgspec.json.Decoder(_Source)


async def _append(store: PostgresStore, messages: list[NewMessage]) -> list[Receipt]:
    """Append, and again after trouble: the same batch again gets the same places."""
    for attempt in range(1, INTAKE_TRIES_MAX + 1):
        try:
            return await store.append(messages)
        except StoreError as error:
            passing = error.retryable or isinstance(error, CommitUnknown)
            if not passing or attempt == INTAKE_TRIES_MAX:
                raise
            await asyncio.sleep(_IDLE_SECONDS * 2**attempt)
    raise AssertionError  # pragma: no cover - the last try gives or raises


async def decide_all(settings: Settings, policy: Policy, store: PostgresStore) -> None:
    """Decide, or wait for the hub that holds the leases, until nothing is left to decide."""
    clock = SystemClock()
    name = f"{settings.hub.name}/ingest/{os.getpid()}"
    partitions = range(settings.hub.partitions)
    decider = Decider(name, partitions, store, policy, clock, batch_max=settings.hub.batch)
    left, moved_at = -1, clock.monotonic()
    try:
        while True:
            if await _turn(decider):
                moved_at = clock.monotonic()
                continue
            position = await store.position()
            before, left = left, sum(head - decided for head, decided in position.values())
            if not left:
                return
            if left != before:
                moved_at = clock.monotonic()
            if clock.monotonic() - moved_at > _STUCK_SECONDS:
                raise NotQuiescent(found=f"{left} messages, unchanged for {_STUCK_SECONDS:g} s")
            await asyncio.sleep(_IDLE_SECONDS)
    finally:
        await store.release(name)


async def _turn(decider: Decider) -> int:
    """One turn; trouble that may pass counts as nothing done, and the next turn begins anew."""
    try:
        return await decider.turn()
    except StoreError as error:
        hint(f"deciding again after: {error} ({error.code})")
        return 0


def _show(report: Report, fates: dict[str, int]) -> None:
    said = ", ".join(f"{report.answers[answer]} {answer}" for answer in Answer)
    say(f"{report.read} messages read: {said}, {report.refused} refused")
    for refusal in report.refusals:
        say(f"  {refusal['where']}: refused ({refusal['code']}): {refusal['detail']}")
    if report.refused > len(report.refusals):
        say(f"  … {report.refused} refused in all")
    standing = ", ".join(f"{count} {fate}" for fate, count in fates.items() if count)
    say(f"on the log: {standing or 'nothing'}")


def _object(report: Report, fates: dict[str, int]) -> dict[str, object]:
    return {
        "read": report.read,
        **{str(answer): report.answers[answer] for answer in Answer},
        "refused": report.refused,
        "refusals": report.refusals,
        "fates": fates,
    }
