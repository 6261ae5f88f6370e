"""The REST interface, since Tryton 8.0: a request for each record and button.

It gives a record back as it is after each change, and cannot be told which version was seen.
"""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from crossdock.connectors.kit.http import HttpClient, NoReply, Reply
from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import (
    Domain,
    Record,
    Stopped,
    decoded,
    no_reply,
    record,
    records,
    refusal,
)
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import FarAnswer, Refused, RetryLater

_MASKED: Final = b"Unable to get RPC method"
"""What its web server says, with status 400, in the place of a failure inside (a lock, a conflict
of transactions) of a request with a body: it looks for a method of RPC, and there is none. The
transaction was rolled back. What it refuses itself comes as JSON."""


class RestApi:
    """One database, by its REST interface; an `api.Api`."""

    def __init__(self, settings: TrytonSettings) -> None:
        self._http = HttpClient(
            settings.url,
            credential=settings.credential,
            timeout_seconds=settings.timeout_seconds,
            connections_max=4,
        )
        self._base = f"/{settings.database}/rest/model"
        self._context = wire.base64_json({"company": settings.company})
        self.posting = Lock()

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
        return records(await self._asked("GET", f"{self._base}/{model}", None, query))

    async def read(self, model: str, number: int, fields: Sequence[str]) -> Record:
        """One record; raises `Stopped`."""
        path = f"{self._base}/{model}/{number}"
        return record(await self._asked("GET", path, None, _fields(fields)), asking=True)

    async def create(
        self, model: str, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Make a record; raises `Stopped`."""
        made = await self._asked("POST", f"{self._base}/{model}", values, _fields(fields))
        return record(made, asking=False)

    async def write(
        self, model: str, record: Record, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Change a record; raises `Stopped`."""
        return await self._changed("PUT", f"{model}/{record['id']}", values, fields)

    async def press(
        self, model: str, record: Record, buttons: Sequence[str], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Press buttons of a record, one after the other; raises `Stopped`."""
        for button in buttons:
            record = await self._changed("POST", f"{model}/{record['id']}/{button}", {}, fields)
        return record

    async def _changed(
        self, method: str, place: str, values: Mapping[str, Any], fields: Sequence[str]
    ) -> Record:
        said = await self._asked(method, f"{self._base}/{place}", values, _fields(fields))
        return record(said, asking=False)

    async def _asked(
        self,
        method: str,
        path: str,
        values: Mapping[str, Any] | None,
        query: Sequence[tuple[str, str]],
    ) -> Any:
        asking = method == "GET"
        headers = {"X-Tryton-Context": self._context}
        body = None
        if values is not None:
            body = msgspec.json.encode(values)
            headers["Content-Type"] = "application/json"
        ask = self._http.question if asking else self._http.ask
        reply = await ask(method, path, body, query, headers)
        if isinstance(reply, NoReply):
            raise Stopped(no_reply(reply, asking=asking))
        if reply.status // 100 != 2:
            raise Stopped(refused(reply))
        return decoded(reply.body, asking=asking)


def _fields(fields: Sequence[str]) -> list[tuple[str, str]]:
    return [("f", field) for field in fields]


def refused(reply: Reply) -> FarAnswer:
    """What a reply that is no success means."""
    answer = refusal(reply.status, _words(reply.body), reply.headers)
    if isinstance(answer, Refused) and _MASKED in reply.body:
        return RetryLater("a failure inside, perhaps of somebody else at the same records")
    return answer


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
