"""Send and ask: documents grouped by where they go, one request each, judged document by document.

Their statuses are judged by the kit's table as it stands (`kit/verdicts.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from crossdock.connectors.kit.http import NOTHING, HttpClient, NoReply, Query, Reply
from crossdock.connectors.kit.kind import Kind
from crossdock.connectors.rest import inbound, outbound, wire
from crossdock.connectors.rest.card import CARD
from crossdock.connectors.rest.feeds import Listed
from crossdock.connectors.rest.settings import RestSettings
from crossdock.connectors.rest.webhook import Signed, Signing
from crossdock.connectors.rest.writing import Asking, Writer
from crossdock.contracts.connector import (
    Ability,
    Document,
    FarAnswer,
    Found,
    Refused,
    Unknown,
)
from crossdock.kernel.ports import Clock
from crossdock.kernel.text import header_fault

_SPLIT = frozenset({400, 413, 422})
"""Refusals that one document may have brought upon a whole batch. Nothing was done, so the halves
are told by themselves until the culprit stands alone."""


class Http(Asking, Protocol):
    """How requests reach the far side: the kit's client, or a simulation's wire without sockets."""

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | NoReply:
        """Send a body; raises nothing but cancellation."""
        ...

    async def get(
        self, path: str, query: Query = (), headers: Mapping[str, str] = NOTHING
    ) -> Reply | NoReply:
        """Ask for a resource; raises nothing but cancellation."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


def connect(
    settings: RestSettings, http: Http | None = None, clock: Clock | None = None
) -> RestConnector:
    """Make the connector of one far system; it opens connections when it first sends.

    `clock` dates what it signs. Raises `BadAddress` or `BadCredential`.
    """
    return RestConnector(settings, http, clock)


class RestConnector:
    """One REST system, reached; a `contracts.connector.Connector` and a `contracts.feeds.Source`.

    Documents of one `send` that share an ordering key must share a path too: paths are served side
    by side. The hub sends the head of each key only, so they do.
    """

    def __init__(
        self, settings: RestSettings, http: Http | None = None, clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._signing = Signing.of(settings, clock)
        self._http: Http = http or HttpClient(
            settings.url,
            credential=settings.credential,
            auth=settings.auth,
            timeout_seconds=settings.timeout_seconds,
            connections_max=settings.connections_max,
            clock=clock,
        )
        self._writer = Writer(self._http, self._signing)
        self._feeds = tuple(
            Listed(name, feed, settings, self._http) for name, feed in settings.feeds.items()
        )

    def __repr__(self) -> str:
        """Name the destination, never the credential."""
        return f"RestConnector({self._http!r})"

    @property
    def batch_max(self) -> int:
        """How many documents one `send` may carry."""
        return self._settings.batch_max

    @property
    def feeds(self) -> Sequence[Listed]:
        """The lists that are read, by declaration."""
        return self._feeds

    def ability(self, message_type: str) -> Ability:
        """What the far side offers against doing this twice."""
        return self._settings.operation(message_type).ability

    def ask_after_seconds(self, message_type: str) -> float:
        """How long after an unknown outcome their "not there" is believed."""
        return self._settings.operation(message_type).look_up_after_seconds

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Tell the far side; gives one answer per document, in order."""
        places: dict[str, list[int]] = {}
        for index, document in enumerate(documents):
            operation = self._settings.operation(document.type)
            place = operation.path if operation.body is None else f"{operation.path} {document.key}"
            places.setdefault(place, []).append(index)
        if len(places) == 1:
            return await self._tell(documents)
        told = await asyncio.gather(
            *(self._tell([documents[i] for i in at]) for at in places.values())
        )
        by_index = {
            index: answer
            for at, answers in zip(places.values(), told, strict=True)
            for index, answer in zip(at, answers, strict=True)
        }
        return [by_index[index] for index in range(len(documents))]

    async def look_up(self, document: Document) -> Found:
        """Ask by our reference whether it happened."""
        operation = self._settings.operation(document.type)
        if operation.look_up is None:
            return Unknown("this system cannot be asked")
        reply = await self._http.get(outbound.look_up_path(operation.look_up, document))
        return inbound.found(operation, document, reply)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def _tell(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Tell what goes to one place: as few requests as may be, one after the other."""
        if not documents:
            return []
        operation = self._settings.operation(documents[0].type)
        if operation.body is not None:
            return [
                await self._writer.told(self._settings.operation(one.type), one)
                for one in documents
            ]
        path, most = operation.path, self._settings.batch_max
        answers: list[FarAnswer] = []
        for start in range(0, len(documents), most):
            answers += await self._request(path, documents[start : start + most])
        return answers

    async def _request(self, path: str, documents: Sequence[Document]) -> list[FarAnswer]:
        if len(documents) == 1:
            return [await self._tell_one(path, documents[0])]
        body = outbound.batch(documents)
        headers = {"Content-Type": wire.BATCH}
        reply = await self._http.post(path, body, self._signing.signed(headers, body))
        answers = inbound.answers(self._settings.operation, documents, reply)
        if isinstance(answers[0], Refused) and getattr(reply, "status", 0) in _SPLIT:
            middle = len(documents) // 2
            first = await self._request(path, documents[:middle])
            return first + await self._request(path, documents[middle:])
        return answers

    async def _tell_one(self, path: str, document: Document) -> FarAnswer:
        key = document.business_key
        if (fault := header_fault(key)) is not None:
            return Refused(f"the business key cannot be sent in a header: {fault}")
        headers = {"Content-Type": wire.EVENT, wire.IDEMPOTENCY_KEY: key}
        body = outbound.single(document)
        reply = await self._http.post(path, body, self._signing.signed(headers, body, key))
        return inbound.answer(self._settings.operation(document.type), document, reply)


def _webhook(settings: RestSettings) -> Signed:
    return Signed(settings)


def _timed(settings: RestSettings, clock: Clock) -> RestConnector:
    return connect(settings, clock=clock)


KIND = Kind(CARD, RestSettings, connect, _webhook, _timed)
