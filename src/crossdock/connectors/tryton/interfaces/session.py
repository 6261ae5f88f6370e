"""The session under which JSON-RPC is spoken: opened when it is needed, and again when it ended.

Whoever asks is told from a success what is none: an error comes with status 200.
"""

from __future__ import annotations

import asyncio
import base64
import html
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from crossdock.connectors.kit.http import HttpClient, NoReply, Reply
from crossdock.connectors.tryton.api import Stopped, decoded, no_reply, refusal
from crossdock.connectors.tryton.interfaces import older
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import FarAnswer, RetryLater, Unknown

LOG_OUT_SECONDS_MAX: Final = 2.0
"""How long we try to end a session when we leave; one that goes on ends there by its age."""

_NOT_TAKEN: Final = 401
_DATABASE_FAILED: Final = 503
_PARAGRAPH: Final = re.compile(rb"<p>([^<]{1,1000})</p>")
_NOT_HERE: Final = frozenset({404, 405})

_STATUSES: Final[Mapping[str, int]] = {
    "UserError": 400,
    "UserWarning": 400,
    "ConcurrencyException": 423,
    "LoginException": 401,
}
"""By the name of an exception, the status that says the same; any other is a failure inside."""


class Session:
    """One user's session of one database."""

    def __init__(self, settings: TrytonSettings) -> None:
        self._http = HttpClient(
            settings.url, timeout_seconds=settings.timeout_seconds, connections_max=4
        )
        self._paths = (f"/{settings.database}/rpc/", f"/{settings.database}/")
        self._path = ""
        """Of these the one that let us in: the first since 8.0, the second before."""
        self._series = older.FIRST
        self._user = settings.user
        self._password = settings.credential
        self._proof = ""
        self._one = asyncio.Lock()

    async def call(self, method: str, params: Sequence[Any], *, asking: bool) -> Any:
        """What a method gives; raises `Stopped`.

        A session that is not taken any more has done nothing, so the call goes out once again.
        """
        proof = self._proof or await self._opened("")
        reply = await self._posted(self._path, method, params, proof, asking=asking)
        if isinstance(reply, Reply) and reply.status == _NOT_TAKEN:
            proof = await self._opened(proof)
            reply = await self._posted(self._path, method, params, proof, asking=asking)
        return _result(reply, asking=asking)

    async def series(self) -> older.Series:
        """Of which release it is, as it says when it lets us in; raises `Stopped`."""
        if not self._proof:
            await self._opened("")
        return self._series

    async def close(self) -> None:
        """End the session, if somebody is there to hear it, and let go of connections."""
        proof, self._proof = self._proof, ""
        try:
            if proof:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOG_OUT_SECONDS_MAX):
                        await self._posted(self._path, "common.db.logout", (), proof, asking=False)
        finally:
            await self._http.close()

    async def _opened(self, ended: str) -> str:
        """A session other than the one that ended; raises `Stopped`.

        Many who need one wait for the one who asks.
        """
        async with self._one:
            if self._proof == ended:
                self._proof = ""
                self._proof = await self._log_in()
            return self._proof

    async def _log_in(self) -> str:
        """What proves a new session; raises `Stopped`."""
        params = [self._user, {"password": self._password}]
        for path in sorted(self._paths, key=lambda one: one != self._path):
            reply = await self._posted(path, "common.db.login", params, "", asking=True)
            if isinstance(reply, Reply) and reply.status in _NOT_HERE:
                continue
            match _result(reply, asking=True):
                case [int(number), str(token), *_]:
                    new = path == self._paths[0]
                    self._series = older.FIRST if new else await self._release()
                    self._path = path
                    proof = f"{self._user}:{number}:{token}"
                    return base64.b64encode(proof.encode()).decode()
            raise Stopped(RetryLater("our user is not let in", counts=False))
        # It says so of a name that it does not know, and of a database that it cannot reach now.
        reason = f"no database of a Tryton, or it is away: {' or '.join(self._paths)}"
        raise Stopped(RetryLater(reason, counts=False))

    async def _release(self) -> older.Series:
        """The release of a Tryton before 8.0; raises `Stopped`."""
        reply = await self._posted("/", "common.server.version", (), "", asking=True)
        said = str(_result(reply, asking=True)).split(".")
        if len(said) < 2 or not all(one.isdecimal() for one in said[:2]):
            raise Stopped(RetryLater("it does not say of which release it is"))
        return int(said[0]), int(said[1])

    async def _posted(
        self, path: str, method: str, params: Sequence[Any], proof: str, *, asking: bool
    ) -> Reply | NoReply:
        # Tryton calls long answers compressed, whether it was asked to compress them or not.
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if proof:
            headers["Authorization"] = f"Session {proof}"
        body = msgspec.json.encode({"id": 0, "method": method, "params": params})
        ask = self._http.question if asking else self._http.ask
        return await ask("POST", path, body, headers=headers)


def _result(reply: Reply | NoReply, *, asking: bool) -> Any:
    """What a call gave; raises `Stopped`."""
    if isinstance(reply, NoReply):
        raise Stopped(no_reply(reply, asking=asking))
    if reply.status // 100 != 2:
        raise Stopped(refusal(reply.status, _of_database(reply), reply.headers))
    match decoded(reply.body, asking=asking):
        case {"error": error}:
            raise Stopped(failure(error))
        case {"result": result}:
            return result
    said = "the answer is none of JSON-RPC"
    raise Stopped(RetryLater(said) if asking else Unknown(said))


def _of_database(reply: Reply) -> str:
    """Why its database failed, of the page that says so: a lock of somebody else, say."""
    found = _PARAGRAPH.search(reply.body) if reply.status == _DATABASE_FAILED else None
    return html.unescape(found[1].decode(errors="replace")) if found else ""


def failure(error: Any) -> FarAnswer:
    """What an error means: the name of an exception and its words, or some words alone."""
    match error:
        case ["UserWarning" | "LoginException" as name, [_, *said]]:
            status = _STATUSES[name]
        case [str(name), [*said]] if name in _STATUSES:
            status = _STATUSES[name]
        case [str(name), str(one)] if name in _STATUSES:
            status, said = _STATUSES[name], [name, one]
        case [str(one), *_]:
            status, said = 500, [one]
        case _:
            status, said = 500, []
    return refusal(status, " ".join(one for one in said if isinstance(one, str) and one), {})
