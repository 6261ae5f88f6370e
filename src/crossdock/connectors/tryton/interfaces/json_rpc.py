"""The JSON-RPC interface, which every Tryton has: a method of a model for each thing.

What a change made of a record is read by a second request. The stamp under which a record was seen
goes along with its next change, which is refused there if somebody else's came first.
"""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossdock.connectors.tryton.api import Domain, Record, Stopped, record, records
from crossdock.connectors.tryton.interfaces import older
from crossdock.connectors.tryton.interfaces.session import Session
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import Unknown

_STAMP: Final = "_timestamp"


class JsonRpcApi:
    """One database, by its JSON-RPC interface; an `api.Api`."""

    def __init__(self, settings: TrytonSettings) -> None:
        self._session = Session(settings)
        self._company = settings.company
        self.posting = Lock()

    async def close(self) -> None:
        """End the session, and let go of connections."""
        await self._session.close()

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
        series = await self._session.series()
        wanted = stamped(older.fields_of(series, model, fields))
        asked = (domain, 0, limit, list(order) or None, wanted)
        found = records(tree(await self._asked(model, "search_read", *asked, asking=True)))
        return [older.record_of(series, model, fields, one) for one in found]

    async def read(self, model: str, number: int, fields: Sequence[str]) -> Record:
        """One record; raises `Stopped`."""
        return await self._read(model, number, fields, asking=True)

    async def create(
        self, model: str, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Make a record; raises `Stopped`."""
        series = await self._session.series()
        match await self._asked(model, "create", [older.values_of(series, model, values)]):
            case [int(number)]:
                return await self._left(model, number, fields)
        raise Stopped(Unknown("the answer is no number of a record of Tryton"))

    async def write(
        self, model: str, record: Record, values: Mapping[str, Any], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Change a record as it was seen; raises `Stopped`."""
        series = await self._session.series()
        values = older.values_of(series, model, values)
        await self._asked(model, "write", [record["id"]], values, seen=record)
        return await self._left(model, record["id"], fields)

    async def press(
        self, model: str, record: Record, buttons: Sequence[str], fields: Sequence[str] = ("id",)
    ) -> Record:
        """Press buttons of a record, the first as it was seen; raises `Stopped`."""
        if not buttons:
            return record
        seen: Record | None = record
        series = await self._session.series()
        for button in buttons:
            method = older.button_of(series, button)
            await self._asked(model, method, [record["id"]], seen=seen)
            seen = None  # from here on it is as we made it
        return await self._left(model, record["id"], fields)

    async def _left(self, model: str, number: int, fields: Sequence[str]) -> Record:
        """A record as a change left it: unless it is seen, the change is not known to be done."""
        if set(fields) == {"id"}:
            return {"id": number}
        return await self._read(model, number, fields, asking=False)

    async def _read(
        self, model: str, number: int, fields: Sequence[str], *, asking: bool
    ) -> Record:
        series = await self._session.series()
        wanted = stamped(older.fields_of(series, model, fields))
        said = await self._asked(model, "read", [number], wanted, asking=asking)
        found = record(tree(said[0]) if isinstance(said, list) and said else None, asking=asking)
        return older.record_of(series, model, fields, found)

    async def _asked(
        self,
        model: str,
        method: str,
        *values: Any,
        asking: bool = False,
        seen: Record | None = None,
    ) -> Any:
        """What a model's method gives; raises `Stopped`."""
        context: dict[str, Any] = {"company": self._company}
        if seen is not None and seen.get(_STAMP):
            context[_STAMP] = {f"{model},{seen['id']}": seen[_STAMP]}
        return await self._session.call(
            f"model.{model}.{method}", [*values, context], asking=asking
        )


def stamped(fields: Sequence[str]) -> list[str]:
    """These fields, and the stamp of each record on their way."""
    ways = {way for field in fields for way in _ways(field)}
    return [*fields, _STAMP, *(f"{way}.{_STAMP}" for way in sorted(ways))]


def _ways(field: str) -> list[str]:
    """The links that a dotted path leads through: `a` and `a.b` of `a.b.c`."""
    steps = field.split(".")[:-1]
    return [".".join(steps[: number + 1]) for number in range(len(steps))]


def tree(said: Any) -> Any:
    """Records as a tree: what hangs on a link comes under its name and a dot."""
    if isinstance(said, list):
        return [tree(one) for one in said]
    if not isinstance(said, dict):
        return said
    return {name.removesuffix("."): tree(value) for name, value in said.items()}
