"""The wires between hub and far systems: HTTP without sockets, and everything that befalls it.

Requests travel in the world, not in the process that sent them: they arrive although their sender
died. Towards a far system they go below the real connector, whose table of verdicts judges what
comes back; towards the hub they go through the real door, admission and group commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from crossdock.connectors.kit.http import NOTHING, NoReply, Query, Reply
from crossdock.connectors.kit.verdicts import Trouble
from crossdock.contracts.connector import Ability
from crossdock.estate.outbox import Posted
from crossdock.estate.system import System
from crossdock.runtime.simulation.house import ASK_AFTER_SECONDS
from crossdock.runtime.simulation.loop import OWNER, Life
from crossdock.runtime.simulation.plan import Fault

if TYPE_CHECKING:
    from crossdock.runtime.simulation.node import Node
    from crossdock.runtime.simulation.world import World

TIMEOUT_SECONDS = 3.0
"""How long the hub waits for a far system, and a far system for the hub."""

_PAGE = Reply(200, {}, b"<html>Please log in</html>")
_SENSELESS = (_PAGE, Reply(200, {}, b""), Reply(299, {}, b""), Reply(500, {}, b"{}"),
              Reply(502, {}, b""), Reply(504, {}, b"gateway"))  # fmt: skip
"""After these nobody knows whether it acted."""
_DECLINED = (Reply(302, {}, b""), Reply(401, {}, b""), Reply(408, {}, b""), Reply(425, {}, b""),
             Reply(503, {}, b"{}"))  # fmt: skip
"""With these it says that it did not."""
_BUSY_SECONDS = (1, 2, 7)


@dataclass(slots=True)
class FarSystem:
    """A system of the estate and its state as seen from the wire."""

    system: System
    is_up: bool = True
    has_forgotten: bool = False  # its keys, once at least: then it may do a thing twice
    void: set[str] = field(default_factory=set)  # keys of records that somebody took back

    def told(self, body: bytes, content_type: str, key: str | None) -> Reply:
        """Do what a request asks."""
        return self._shown(self.system.told(body, content_type, key))

    def found(self, key: str) -> Reply:
        """Say whether it was done."""
        return self._shown(self.system.found(key))

    def _shown(self, reply: web.Response) -> Reply:
        """A reply as it goes back, with the state of records that are void."""
        assert isinstance(reply.body, bytes)
        body = reply.body
        if self.void and reply.status < 300:
            tree: Any = msgspec.json.decode(body)
            for one in tree.get("results", [tree]):
                if one.get("id") in self.void:
                    one["state"] = "cancelled"
            body = msgspec.json.encode(tree)
        return Reply(reply.status, dict(reply.headers), body)


class FarWire:
    """A `connectors.rest.client.Http` of one process to one far system."""

    def __init__(self, world: World, far: FarSystem) -> None:
        self._world = world
        self._far = far

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | NoReply:
        """Bring a request there and its reply back."""

        def serve() -> Reply:
            key = headers.get("Idempotency-Key")
            reply = self._far.told(body, headers["Content-Type"], key)
            if key is not None and self._world.strikes(Fault.FAR_VOIDS):
                self._far.void.add(key)
            return reply

        return await self._exchange(f"told {self._far.system.name}", serve, acts=True)

    async def get(
        self, path: str, query: Query = (), headers: Mapping[str, str] = NOTHING
    ) -> Reply | NoReply:
        """Ask whether an effect happened."""
        key = unquote(path.rpartition("/effects/")[2])

        def serve() -> Reply:
            return self._far.found(key)

        return await self._exchange(f"asked {self._far.system.name} {key}", serve, acts=False)

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        query: Query = (),
        headers: Mapping[str, str] = NOTHING,
    ) -> Reply | NoReply:
        """Systems of the estate know no other methods."""
        return Reply(405, {}, b"{}")

    async def close(self) -> None:
        """Nothing to let go of."""

    @property
    def _honours_keys(self) -> bool:
        return self._far.system.ability is Ability.KEYS

    @property
    def _may_be_late(self) -> bool:
        """Whether what arrives when nobody waits any more is told from what is sent again.

        Where it is asked for, that takes a clock that says how long one has waited.
        """
        return self._far.system.ability is not Ability.LOOK_UP or (
            Fault.CLOCK not in self._world.plan.faults
        )

    async def _exchange(
        self, what: str, serve: Callable[[], Reply], *, acts: bool
    ) -> Reply | NoReply:
        world = self._world
        if not self._far.is_up:
            world.trace.reach("far system down")
            return NoReply(Trouble.NOT_CONNECTED)
        reply: asyncio.Future[Reply | NoReply] = world.loop.create_future()
        self._send(what, serve, reply, acts=acts)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await reply
        except TimeoutError:
            return NoReply(Trouble.TIMED_OUT)

    def _send(
        self,
        what: str,
        serve: Callable[[], Reply],
        reply: asyncio.Future[Reply | NoReply],
        *,
        acts: bool,
    ) -> None:
        """Let the request go. What a far side without keys does late or twice is its own doing."""
        world = self._world
        there = world.seconds(0.1)
        if world.strikes(Fault.LOST_REQUEST):
            world.trace.say(f"lost on its way: {what}")
            if world.draw.random() < 0.5:
                world.later(there, _give, reply, NoReply(Trouble.LOST))
            return
        if acts and self._may_be_late and world.strikes(Fault.LATE_REQUEST):
            most = 30.0 if self._honours_keys else ASK_AFTER_SECONDS
            there = world.draw.uniform(1.0, most)
        world.later(there, self._arrive, what, serve, reply, OWNER.get())
        if acts and self._honours_keys and world.strikes(Fault.TWICE):
            world.later(there + world.seconds(2.0), self._arrive, what, serve, None, None)

    def _arrive(
        self,
        what: str,
        serve: Callable[[], Reply],
        reply: asyncio.Future[Reply | NoReply] | None,
        sender: Life | None,
    ) -> None:
        world = self._world
        if sender is not None and sender.has_ended and not self._may_be_late:
            return  # its connection went with it
        if not self._far.is_up:
            if reply is not None:
                world.later(0.0, _give, reply, NoReply(Trouble.LOST))
            return
        if world.strikes(Fault.BUSY):
            seconds = world.draw.choice(_BUSY_SECONDS)
            said: Reply | NoReply = Reply(429, {"Retry-After": str(seconds)}, b"{}")
        elif world.strikes(Fault.WRONG_STATUS):
            said = world.draw.choice((*_SENSELESS, *_DECLINED))
            if said in _SENSELESS and world.draw.random() < 0.5:
                serve()
        else:
            said = self._spoilt(serve())
        if isinstance(said, Reply) and b"out of paper" in said.body:
            world.trace.reach(f"fault {Fault.ITEM_ERRORS.name}")
        shown = f"{said.status} {said.body!r}" if isinstance(said, Reply) else said.trouble
        world.trace.say(f"{what}: {shown}")
        if reply is not None:
            late = world.strikes(Fault.LATE_REPLY)
            back = world.draw.uniform(1.0, 20.0) if late else world.seconds(0.1)
            world.later(back, _give, reply, said)

    def _spoilt(self, said: Reply) -> Reply | NoReply:
        """What is left of a reply on its way back."""
        world = self._world
        if world.strikes(Fault.LOST_REPLY):
            return NoReply(Trouble.LOST)
        if b"out of paper" in said.body and world.strikes(Fault.ITEM_ERRORS):
            return _leaving_out(said)
        if not world.strikes(Fault.CUT_SHORT):
            return said
        if world.draw.random() < 0.3:
            return NoReply(Trouble.CUT_SHORT)
        if b'"results"' in said.body and world.draw.random() < 0.5:
            return _leaving_out(said)
        whole = world.draw.randrange(len(said.body))
        return Reply(said.status, said.headers, said.body[:whole])


def _leaving_out(said: Reply) -> Reply:
    """The reply to a batch without one of its results: one that failed, where there is one."""
    tree: Any = msgspec.json.decode(said.body)
    results = tree.get("results", [])
    failed = [one for one in results if one.get("status", 200) >= 300]
    if left_out := failed or results:
        results.remove(left_out[-1])
    return Reply(said.status, said.headers, msgspec.json.encode(tree))


def _give(reply: asyncio.Future[Reply | NoReply], said: Reply | NoReply) -> None:
    if not reply.done():
        reply.set_result(said)


class HubWire:
    """How one far system reaches the hub: the `Post` of its outbox."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name

    async def post(self, body: bytes) -> Posted | None:
        """Bring a batch to whichever process takes it, and the receipts back."""
        posted = await self.call(lambda node: node.take(self._name, body))
        if posted is not None and self._world.strikes(Fault.CUT_SHORT):
            return Posted(posted.status, posted.body[: len(posted.body) // 2])
        return posted

    async def call(self, ask: Callable[[Node], Awaitable[Posted]]) -> Posted | None:
        """Ask one of the hub's processes; None where no whole answer came."""
        world = self._world
        await asyncio.sleep(world.seconds(0.05))
        node = world.some_node()
        if node is None or world.strikes(Fault.LOST_REQUEST):
            await asyncio.sleep(world.seconds(1.0))
            return None
        answer: asyncio.Future[Posted] = world.loop.create_future()
        node.spawn(ask, answer)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                posted = await answer
        except TimeoutError:
            world.trace.reach("hub did not answer")
            return None
        return None if world.strikes(Fault.LOST_REPLY) else posted
