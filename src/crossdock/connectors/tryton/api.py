"""Asking Tryton: search, read, create, write and press buttons, with what each failure means.

Reads may be repeated at will. After a write that got no answer nobody knows whether it happened;
every operation here begins by looking what is there, so that the same again goes on from there.
Tryton has two interfaces that can be asked so (`interfaces/`); whoever asks does not know which.
"""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from crossdock.connectors.kit.http import NoReply
from crossdock.connectors.kit.verdicts import Details, judge, judge_trouble, retry_after_seconds
from crossdock.contracts.connector import FarAnswer, RetryLater, Unknown

Record = dict[str, Any]
Domain = Sequence[Any]

_PASSING: Final = (
    "ConcurrencyException", "another user", "could not serialize", "deadlock",
    "could not obtain lock", "lock timeout", "database is locked",
)  # fmt: skip
"""Words of refusals that pass by themselves: somebody else was writing the same records. A period
or a document that is locked does not pass."""

_NO_RECORD: Final = "the answer is no record of Tryton"


class Stopped(Exception):
    """The exchange ended here, with this answer."""

    def __init__(self, answer: FarAnswer) -> None:
        super().__init__(repr(answer))
        self.answer = answer


class Api(Protocol):
    """One database of one Tryton, spoken to for one company.

    Fields are dotted paths; records come out as a tree of them, links without fields of their own
    as numbers.
    """

    @property
    def posting(self) -> Lock:
        """Held while documents are posted: numbers are drawn by one transaction at a time, and
        another that asks meanwhile fails."""
        ...

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
        ...

    async def read(self, model: str, number: int, fields: Sequence[str]) -> Record:
        """One record; raises `Stopped`."""
        ...

    async def create(
        self, model: str, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Make a record; gives these fields of it; raises `Stopped`."""
        ...

    async def write(
        self, model: str, record: Record, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Change a record as it was seen; gives these fields of it as they are then.

        Raises `Stopped`, also where somebody changed it since and the interface can tell.
        """
        ...

    async def press(
        self, model: str, record: Record, buttons: Sequence[str], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Press buttons of a record as it was seen, one after the other; raises `Stopped`.

        Gives these fields of it as they are after the last, and what was known where there is none
        to press.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def records(said: Any) -> list[Record]:
    """What a search must give; raises `Stopped`."""
    if isinstance(said, list) and all(isinstance(one, dict) for one in said):
        return said
    raise Stopped(RetryLater(_NO_RECORD))


def record(said: Any, *, asking: bool) -> Record:
    """What one record must be; raises `Stopped`."""
    if isinstance(said, dict) and isinstance(said.get("id"), int):
        return said
    raise Stopped(RetryLater(_NO_RECORD) if asking else Unknown(_NO_RECORD))


def decoded(body: bytes, *, asking: bool) -> Any:
    """A body in JSON; raises `Stopped`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = "the answer is no JSON"
        raise Stopped(RetryLater(said) if asking else Unknown(said)) from None


def refusal(status: int, words: str, headers: Mapping[str, str]) -> FarAnswer:
    """What a status that is no success means; what passes by itself is tried again."""
    wait = retry_after_seconds(headers.get("Retry-After"), headers.get("Date"))
    answer = judge(status, Details(retry_after_seconds=wait, detail=words))
    if not any(word in words for word in _PASSING):
        return answer
    reason = getattr(answer, "reason", words)
    return RetryLater(f"somebody else is writing the same: {reason}", well=True)


def no_reply(reply: NoReply, *, asking: bool) -> FarAnswer:
    """What it means that nothing came; a question may be asked again, whatever became of it."""
    answer = judge_trouble(reply.trouble, reply.detail)
    if asking and isinstance(answer, Unknown):
        return RetryLater(f"asked and not answered: {answer.reason}")  # nothing can have happened
    return answer
