"""Fakes as the far ends of a simulated schedule: the connectors' own requests, without sockets.

Every request that a connector's client would send passes by here (`kit.http.passing`) and reaches
the fake at its address, in the loop's own time. Chance, drawn from a seed, decides what befalls it
on the way: it never leaves, arrives twice, is turned away, or its reply is lost, late or cut short.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from random import Random
from typing import Final

from multidict import CIMultiDict

from crossdock.connectors.kit.http import NoReply, Reply, Request, Send
from crossdock.connectors.kit.verdicts import Trouble
from crossdock.testing.fakes import fake
from crossdock.testing.fakes.fake import Asked, FakeFarSystem

TIMEOUT_SECONDS: Final = 3.0

_BUSY: Final = (fake.Reply(429, None, {"Retry-After": "2"}), fake.Reply(503), fake.Reply(401))


class Line:
    """What lies between connectors and fakes; each fake gets an address of its own here."""

    def __init__(self, fakes: Iterable[FakeFarSystem], random: Random) -> None:
        self.rate = 0.0
        """How likely something befalls a request."""
        self.befell: Counter[str] = Counter()
        self.down: set[FakeFarSystem] = set()
        self._random = random
        self._by_port: dict[int, FakeFarSystem] = {}
        for port, far in enumerate(fakes, 1):
            far.port = port
            self._by_port[port] = far

    async def through(self, asked: Request, send: Send) -> Reply | NoReply:
        """Bring a request to its fake, and what comes of it back; nobody else is ever asked."""
        far = self._by_port.get(asked.destination.port)
        if far is None or far in self.down:
            return NoReply(Trouble.NOT_CONNECTED)
        await asyncio.sleep(self._random.uniform(0.0, 0.2))
        if self._strikes("lost on its way"):
            await asyncio.sleep(TIMEOUT_SECONDS)
            return NoReply(Trouble.TIMED_OUT)
        if self._strikes("turned away"):
            return _as_read(self._random.choice(_BUSY), asked)
        request = Asked(
            asked.method,
            asked.path,
            tuple(asked.query),
            {name.lower(): value for name, value in asked.headers.items()},
            asked.body or b"",
        )
        reply = far.told(request)
        if self._strikes("arrived twice"):
            far.told(request)
        return await self._back(_as_read(reply, asked))

    async def _back(self, reply: Reply) -> Reply | NoReply:
        if self._strikes("reply lost"):
            return NoReply(Trouble.LOST, sent=reply.sent)
        if self._strikes("reply late"):
            await asyncio.sleep(TIMEOUT_SECONDS)
            return NoReply(Trouble.TIMED_OUT, sent=reply.sent)
        if self._strikes("reply cut short"):
            return NoReply(Trouble.CUT_SHORT, sent=reply.sent)
        await asyncio.sleep(self._random.uniform(0.0, 0.2))
        return reply

    def _strikes(self, what: str) -> bool:
        if self._random.random() >= self.rate:
            return False
        self.befell[what] += 1
        return True


def _as_read(reply: fake.Reply, asked: Request) -> Reply:
    """A fake's reply as the client reads it."""
    body = fake.written(reply)
    headers = CIMultiDict({"Content-Type": "application/json", **reply.headers})
    sent = sha256(asked.body).digest() if asked.body is not None else b""
    return Reply(reply.status, headers, body, sent, sha256(body).digest())
