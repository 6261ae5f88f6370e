"""Asking Tryton: search, read, create, write and press buttons, with what each failure means.

Reads may be repeated at will. After a write that got no answer nobody knows whether it happened;
every operation here begins by looking what is there, so that the same again goes on from there.
"""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from crossdock.connectors.kit.http import HttpClient, NoReply, Reply
from crossdock.connectors.kit.verdicts import Details, judge, judge_trouble, retry_after_seconds
from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import FarAnswer, Refused, RetryLater, Unknown

Record = dict[str, Any]
Domain = Sequence[Any]

_PASSING = ("ConcurrencyException", "another user", "could not serialize", "deadlock", "lock")
"""Words of refusals that pass by themselves: somebody else was writing the same records."""


_MASKED = b"Unable to get RPC method"
"""What its web server says, with status 400, in the place of a failure inside (a lock, a conflict
of transactions) of a request with a body: it looks for a method of RPC, and there is none. The
transaction was rolled back. What it refuses itself comes as JSON."""

_NO_RECORD = "the answer is no record of Tryton"


class Stopped(Exception):
    """The exchange ended here, with this answer."""

    def __init__(self, answer: FarAnswer) -> None:
        super().__init__(repr(answer))
        self.answer = answer


class Api:
    """One database of one Tryton, spoken to for one company."""

    def __init__(self, settings: TrytonSettings) -> None:
        self._http = HttpClient(
            settings.url,
            credential=settings.credential,
            timeout_seconds=settings.timeout_seconds,
            connections_max=4,
        )
        self._base = f"/{settings.database}/rest/model"
        self.posting = Lock()
        """Held while documents are posted: numbers are drawn by one transaction at a time, and
        another that asks meanwhile fails."""
        self._company = settings.company

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def search(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int | None = None,
        order: Sequence[Sequence[str]] = (),
    ) -> list[Record]:
        """The records of a domain; raises `Stopped`."""
        query = [("d", wire.base64_json(domain)), *_fields(fields)]
        if limit is not None:
            query.append(("s", str(limit)))
        if order:
            query.append(("o", wire.base64_json(order)))
        return _records(await self._asked("GET", f"{self._base}/{model}", None, query))

    async def read(self, model: str, number: int, fields: Sequence[str]) -> Record:
        """One record; raises `Stopped`."""
        path = f"{self._base}/{model}/{number}"
        found = await self._asked("GET", path, None, _fields(fields))
        return _record(found, RetryLater(_NO_RECORD))

    async def create(
        self, model: str, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Make a record; gives these fields of it; raises `Stopped`."""
        made = await self._asked("POST", f"{self._base}/{model}", values, _fields(fields))
        return _record(made, Unknown(_NO_RECORD))

    async def write(
        self, model: str, number: int, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Change a record; gives these fields of it as they are then; raises `Stopped`."""
        path = f"{self._base}/{model}/{number}"
        written = await self._asked("PUT", path, values, _fields(fields))
        return _record(written, Unknown(_NO_RECORD))

    async def press(
        self, model: str, record: Record, buttons: Sequence[str], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Press buttons of a record, one after the other; raises `Stopped`.

        Gives these fields of it as they are after the last, and what was known where there is none
        to press.
        """
        for button in buttons:
            path = f"{self._base}/{model}/{record['id']}/{button}"
            pressed = await self._asked("POST", path, {}, _fields(fields))
            record = _record(pressed, Unknown(_NO_RECORD))
        return record

    async def _asked(
        self,
        method: str,
        path: str,
        values: Mapping[str, Any] | None,
        query: Sequence[tuple[str, str]],
    ) -> Any:
        headers = {"X-Tryton-Context": wire.base64_json({"company": self._company})}
        body = None
        if values is not None:
            body = msgspec.json.encode(values)
            headers["Content-Type"] = "application/json"
        ask = self._http.question if method == "GET" else self._http.ask
        reply = await ask(method, path, body, query, headers)
        if isinstance(reply, NoReply):
            raise Stopped(_no_reply(method, reply))
        if reply.status // 100 != 2:
            raise Stopped(refusal(reply))
        try:
            return msgspec.json.decode(reply.body)
        except msgspec.DecodeError:
            raise Stopped(_unreadable(method)) from None


def _fields(fields: Sequence[str]) -> list[tuple[str, str]]:
    return [("f", field) for field in fields]


def _records(said: Any) -> list[Record]:
    """What a search must give; raises `Stopped`."""
    if isinstance(said, list) and all(isinstance(one, dict) for one in said):
        return said
    raise Stopped(RetryLater(_NO_RECORD))


def _record(said: Any, otherwise: FarAnswer) -> Record:
    """What one record must be; raises `Stopped` with that answer where it is not."""
    if isinstance(said, dict) and isinstance(said.get("id"), int):
        return said
    raise Stopped(otherwise)


def refusal(reply: Reply) -> FarAnswer:
    """What a status that is no success means; what passes by itself is tried again."""
    words = _words(reply.body)
    wait = retry_after_seconds(reply.headers.get("Retry-After"), reply.headers.get("Date"))
    answer = judge(reply.status, Details(retry_after_seconds=wait, detail=words))
    if isinstance(answer, Refused) and _MASKED in reply.body:
        return RetryLater("a failure inside, perhaps of somebody else at the same records")
    if isinstance(answer, Refused | Unknown) and any(word in words for word in _PASSING):
        return RetryLater(f"somebody else is writing the same: {answer.reason}", well=True)
    return answer


def _no_reply(method: str, reply: NoReply) -> FarAnswer:
    answer = judge_trouble(reply.trouble, reply.detail)
    if method == "GET" and isinstance(answer, Unknown):
        return RetryLater(f"asked and not answered: {answer.reason}")  # nothing can have happened
    return answer


def _unreadable(method: str) -> FarAnswer:
    if method == "GET":
        return RetryLater("the answer is no JSON")
    return Unknown("the answer is no JSON")


def _words(body: bytes) -> str:
    """Tryton's own words; the pages of its web server are none."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(said, dict):
        return ""
    parts = [str(said.get(name) or "") for name in ("message", "description")]
    return " ".join(part for part in parts if part)
