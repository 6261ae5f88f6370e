"""The base of every fake far system: a real socket that does what its subclass says.

A fake keeps what it was told as a far system would, so that doing a thing twice shows. Its weather
is the suite's: a reply that is lost after the work was done, one that never comes, or any status.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from crossdock.contracts.connector import Document


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; header names in lower case, the path unquoted."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None where there is none."""
        return json.loads(self.body) if self.body else None

    def asked_for(self, name: str, default: str = "") -> str:
        """The value behind a name of the query."""
        return dict(self.query).get(name, default)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the fake says: a status, JSON, and headers beside the usual ones."""

    status: int = 200
    body: Any = None  # JSON; None is an empty body
    headers: Mapping[str, str] = field(default_factory=dict)


class Weather(Enum):
    """What befalls one exchange."""

    FINE = auto()
    LOST = auto()  # the work is done, then the connection breaks
    SILENT = auto()  # the work is done, then nothing comes


class FakeFarSystem(ABC):
    """A far system on the loopback; one object is one far system with its records."""

    lists: ClassVar[tuple[str, ...]] = ()
    """The feeds that `change` can write records for."""
    tags: ClassVar[bool] = True
    """Whether what is asked for has a tag by which it is known."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.weather: Callable[[int], Weather | Reply] = lambda _: Weather.FINE
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The connector's settings that reach it, secrets included."""

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Do what is asked, and say so."""

    @abstractmethod
    def effects(self) -> Mapping[str, Any]:
        """What stands here because it was told: by its number, in any words, each effect once."""

    def requests(self) -> list[dict[str, Any]]:
        """What was sent, as it stands in a golden file: what matters, without our credential."""
        return [_in_words(one) for one in self.asked]

    def void(self, document: Document) -> None:
        """Cancel the record of a document, as a person there might."""
        raise NotImplementedError

    def change(self, feed: str, record: int, stamp: datetime) -> None:
        """Write a record of a feed, new or again, stamped so."""
        raise NotImplementedError

    def spoil(self, feed: str, record: int) -> None:
        """Let a record hold a code that nobody agreed upon."""
        raise NotImplementedError

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen on a free port of the loopback."""
        over = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._exchange(reader, writer, over)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # the other side hung up, as some tests want
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            over.set()
            server.close()
            await server.wait_closed()
            await asyncio.sleep(0)

    def told(self, asked: Asked) -> Reply:
        """Do what is asked, whoever brings it here."""
        self.asked.append(asked)
        reply = self.answer(asked)
        return _tagged(asked, reply) if self.tags else reply

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, over: asyncio.Event
    ) -> None:
        asked = await _read(reader)
        weather = self.weather(len(self.asked))
        if isinstance(weather, Reply):
            self.asked.append(asked)
        reply = weather if isinstance(weather, Reply) else self.told(asked)
        if weather is Weather.SILENT:
            await over.wait()
        elif weather is not Weather.LOST:
            writer.write(_as_sent(reply))
            await writer.drain()


def _in_words(asked: Asked) -> dict[str, Any]:
    said: dict[str, Any] = {"method": asked.method, "path": asked.path}
    if asked.query:
        said["query"] = dict(asked.query)
    if "idempotency-key" in asked.headers:
        said["idempotency-key"] = asked.headers["idempotency-key"]
    if asked.body:
        said["body"] = asked.json
    return said


def _tagged(asked: Asked, reply: Reply) -> Reply:
    """What is asked for has a tag, and who knows it already is told so in few words."""
    if asked.method != "GET" or reply.status != 200 or "ETag" in reply.headers:
        return reply
    tag = f'"{sha256(written(reply)).hexdigest()[:16]}"'
    if asked.headers.get("if-none-match") == tag:
        return Reply(304, None, {"ETag": tag})
    return Reply(reply.status, reply.body, {**reply.headers, "ETag": tag})


def written(reply: Reply) -> bytes:
    """The body of a reply."""
    return b"" if reply.body is None else json.dumps(reply.body).encode()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Asked(method, unquote(parts.path), query, headers, body)


def _as_sent(reply: Reply) -> bytes:
    body = written(reply)
    lines = [
        f"HTTP/1.1 {reply.status} Said",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
