"""Documents of a declared shape, one request each: posted, or written over what was seen.

Where a record has versions, it is looked at first. If it says already what we would write, it is
done; else it is written over that version only, so that nobody's change in between is lost: a 412
is such a conflict, and the next try looks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from crossdock.connectors.kit.conditional import over
from crossdock.connectors.kit.http import NOTHING, NoReply, Query, Reply
from crossdock.connectors.kit.reading import Odd
from crossdock.connectors.rest import inbound, outbound, wire
from crossdock.connectors.rest.settings import Operation
from crossdock.connectors.rest.webhook import Signing
from crossdock.contracts.connector import (
    Document,
    FarAnswer,
    NotThere,
    Refused,
    RetryLater,
    Unknown,
)

_JSON: Final = "application/json"
_NOT_THERE: Final = 404


class Asking(Protocol):
    """Whoever brings a request there."""

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        query: Query = (),
        headers: Mapping[str, str] = NOTHING,
    ) -> Reply | NoReply:
        """Ask with any method; raises nothing but cancellation."""
        ...


class Writer:
    """Tells documents of a declared shape."""

    def __init__(self, http: Asking, signing: Signing) -> None:
        self._http = http
        self._signing = signing

    async def told(self, operation: Operation, document: Document) -> FarAnswer:
        """Tell one; gives its answer."""
        path = outbound.path_of(operation, document)
        try:
            wanted = outbound.declared(operation, document)
        except Odd as odd:
            said = f"at {odd.where} found {odd.found}, expected {odd.expected}"
            return Refused(f"it cannot be said in their shape: {said}")
        key = document.business_key
        headers = {"Content-Type": _JSON, wire.IDEMPOTENCY_KEY: key}
        if operation.over_seen:
            looked = await self._looked(operation, document, path, wanted)
            if not isinstance(looked, dict):
                return looked
            headers |= looked
        body = msgspec.json.encode(wanted)
        signed = self._signing.signed(headers, body, key)
        reply = await self._http.ask(operation.method, path, body, headers=signed)
        return inbound.answer(operation, document, reply)

    async def _looked(
        self, operation: Operation, document: Document, path: str, wanted: Mapping[str, Any]
    ) -> dict[str, str] | FarAnswer:
        """What lets us write over this version only, or the answer where nothing need be written.

        Looking changes nothing there, so no answer of it is unknown.
        """
        reply = await self._http.ask("GET", path, None)
        if isinstance(reply, NoReply):
            return RetryLater(f"we looked first: {reply.trouble}", counts=False)
        if reply.status == _NOT_THERE:
            return {"If-None-Match": "*"}
        if reply.status != 200:
            said = inbound.refusal(reply)
            if isinstance(said, Unknown):
                return RetryLater(f"we looked first: {said.reason}")
            return said
        known = inbound.there(operation, document, reply, wanted)
        if not isinstance(known, NotThere):
            return known
        condition = over(reply.headers.get("ETag", ""))
        return condition or Refused("their record names no version that we could write over (ETag)")
