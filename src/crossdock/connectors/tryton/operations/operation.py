"""What an operation is, and what all of them share: references, buttons, what is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import Api, Record, Stopped
from crossdock.contracts.connector import AlreadyDone, FarAnswer, Found, NotThere, Refused, Void


class Operation(Protocol):
    """How one kind of document is told; raises `Stopped` with the answer where it ends early."""

    async def tell(self, body: bytes) -> FarAnswer:
        """Do it, from where it stands on."""
        ...

    async def find(self, body: bytes) -> Found:
        """Whether it is done; what is half done may be told again, and goes on."""
        ...


def ours(reference: str, company: int) -> list[Any]:
    """The domain of what bears our reference in our company."""
    return [["reference", "=", reference], ["company", "=", company]]


async def warehouse(api: Api, site: str, fields: Sequence[str]) -> Record:
    """These fields of the warehouse that has a site's code; raises `Stopped` where none has it."""
    domain = [["code", "=", site], ["type", "=", "warehouse"]]
    found = await api.search(wire.LOCATION, domain, fields, limit=1)
    if not found:
        raise Stopped(Refused(f"no warehouse has the code {site}"))
    return found[0]


def name_of(record: Record) -> str:
    """Its number, or its place in the database while it has none."""
    return str(record["number"] or record["id"])


def buttons(state: str, steps: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The buttons that lead on from a state; none where it is at its end."""
    return steps.get(state, ())


def ended(record: Record | None, done: frozenset[str]) -> Found:
    """What a look-up says of a record: done, void, or not there so that it may be told."""
    if record is None:
        return NotThere()
    if record["state"] == wire.CANCELLED:
        return Void(name_of(record), record["state"])
    return AlreadyDone(name_of(record)) if record["state"] in done else NotThere()
