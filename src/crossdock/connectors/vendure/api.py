"""Asking Vendure: GraphQL under a session that is opened when it is needed, and what fails means.

A refusal comes with status 200: as `errors`, or as an error result in the place of the data. Both
are told from a success here, so that no caller takes one for the other.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from crossdock.connectors.kit.http import HttpClient, NoReply, Reply
from crossdock.connectors.kit.verdicts import Details, judge, judge_trouble, retry_after_seconds
from crossdock.connectors.vendure import wire
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.contracts.connector import FarAnswer, Refused, RetryLater, Unknown

_TOKEN: Final = "vendure-auth-token"  # noqa: S105 - the name of a header
_NOBODY: Final = "FORBIDDEN"
"""What it says of a session that ended, as of one that may not: then it is opened anew, once."""


class Stopped(Exception):
    """The exchange ended here, with this answer."""

    def __init__(self, answer: FarAnswer) -> None:
        super().__init__(repr(answer))
        self.answer = answer


class Api:
    """The admin interface of one shop."""

    def __init__(self, settings: VendureSettings) -> None:
        self._http = HttpClient(
            settings.url, timeout_seconds=settings.timeout_seconds, connections_max=4
        )
        self._user = settings.user
        self._password = settings.credential
        self._token = ""

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask a question: nothing happens by it, so it may be repeated; raises `Stopped`."""
        return await self._asked(query, variables, asking=True)

    async def act(self, mutation: str, **variables: Any) -> dict[str, Any]:
        """Change something; raises `Stopped`, with an error result as a refusal."""
        return await self._asked(mutation, variables, asking=False)

    async def _asked(
        self, query: str, variables: dict[str, Any], *, asking: bool
    ) -> dict[str, Any]:
        if not self._token:
            await self._log_in()
        data, errors = await self._posted(query, variables, asking=asking)
        if _NOBODY in _codes(errors):
            await self._log_in()
            data, errors = await self._posted(query, variables, asking=asking)
        if errors:
            raise Stopped(Refused(f"{', '.join(sorted(_codes(errors)))}: {_words(errors)}"))
        for value in data.values():
            if isinstance(value, dict) and value.get("errorCode"):
                raise Stopped(Refused(f"{value['errorCode']}: {value.get('message', '')}"))
        return data

    async def _log_in(self) -> None:
        self._token = ""
        asked = {"user": self._user, "password": self._password}
        data, errors = await self._posted(wire.LOG_IN, asked, asking=True)
        if errors or (data.get("login") or {}).get("errorCode") or not self._token:
            raise Stopped(RetryLater("our user is not let in", counts=False))

    async def _posted(
        self, query: str, variables: dict[str, Any], *, asking: bool
    ) -> tuple[dict[str, Any], list[Any]]:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = msgspec.json.encode({"query": query, "variables": variables})
        ask = self._http.question if asking else self._http.ask
        reply = await ask("POST", "/admin-api", body, headers=headers)
        if isinstance(reply, NoReply):
            raise Stopped(_no_reply(reply, asking=asking))
        self._token = reply.headers.get(_TOKEN) or self._token
        if reply.status // 100 != 2:
            raise Stopped(_refusal(reply))
        try:
            said = msgspec.json.decode(reply.body, type=_Said)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise Stopped(_unreadable(asking=asking)) from None
        return said.data or {}, said.errors


class _Said(msgspec.Struct):
    data: dict[str, Any] | None = None
    errors: list[Any] = []


def _refusal(reply: Reply) -> FarAnswer:
    wait = retry_after_seconds(reply.headers.get("Retry-After"), reply.headers.get("Date"))
    return judge(reply.status, Details(retry_after_seconds=wait))


def _no_reply(reply: NoReply, *, asking: bool) -> FarAnswer:
    answer = judge_trouble(reply.trouble, reply.detail)
    if asking and isinstance(answer, Unknown):
        return RetryLater(f"asked and not answered: {answer.reason}")  # nothing can have happened
    return answer


def _unreadable(*, asking: bool) -> FarAnswer:
    said = "the answer is no JSON of GraphQL"
    return RetryLater(said) if asking else Unknown(said)


def _codes(errors: list[Any]) -> set[str]:
    return {
        str((one.get("extensions") or {}).get("code") or "error")
        for one in errors
        if isinstance(one, dict)
    }


def _words(errors: list[Any]) -> str:
    return "; ".join(str(one.get("message", "")) for one in errors if isinstance(one, dict))
