"""One connection of a caller to the hub: HTTP small enough not to be what is measured."""

from __future__ import annotations

import asyncio
from typing import Self

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.words import Noun
from crossdock.runtime.processhub import HubProcess

_AGAIN_SECONDS = 0.02
_LOST = (ConnectionError, asyncio.IncompleteReadError)
_PATHS = {
    catalogue.RESERVATION_REQUESTED: "/v1/reservations",
    catalogue.RESERVATION_COMMITTED: "/v1/reservations/{}/commit",
    catalogue.RESERVATION_RELEASED: "/v1/reservations/{}/release",
}


class Line:
    """One connection that makes one call at a time; a call whose answer was lost is made again.

    Calling again is what every caller must do that got no answer: the hub knows the call by what it
    says, and tells the same.
    """

    def __init__(self, hub: HubProcess, key: str) -> None:
        self._hub = hub
        self._head = (
            f" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._writer: asyncio.StreamWriter | None = None
        self.again = 0  # how many calls were made again

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hang_up()

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post a body until it is answered; gives status and answer."""
        while True:
            try:
                return await self._post_once(path, body)
            except _LOST:
                self.again += 1
                self._hang_up()
                await asyncio.sleep(_AGAIN_SECONDS)

    async def say(self, kind: str, name: str, noun: Noun) -> str:
        """Say it to the route that it belongs to."""
        status, body = await self.post(_PATHS[kind].format(name), msgspec.json.encode(noun))
        if status == 200:
            return kind_of(body)
        return "refused" if status == 409 else "failed"

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._hub.port)

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    async def _post_once(self, path: str, body: bytes) -> tuple[int, bytes]:
        if self._writer is None:
            await self._connect()
        assert self._writer is not None
        self._writer.write(f"POST {path}{self._head}{len(body)}\r\n\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(b"content-length:") + len(b"content-length:")
        size = int(head[at : head.index(b"\r\n", at)])
        return int(head[9:12]), await self._reader.readexactly(size)


class _Answered(msgspec.Struct, gc=False):
    answer: str


_read_answer = msgspec.json.Decoder(_Answered).decode


def kind_of(answer: bytes | msgspec.Raw) -> str:
    """How a call was answered: "granted", "part" or "refused"."""
    return _read_answer(answer).answer
