"""A tiny hub for estate tests: it takes messages by HTTP, knows their ids, and fails on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from aiohttp import web

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Ability, Document
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.words import Noun
from crossdock.estate.config import EstateConfig, standard_systems
from crossdock.estate.door import Door
from crossdock.estate.estate import Estate
from crossdock.kernel.decode import decode, typed

Trick = Literal["lose request", "lose reply", "garbage", "half"] | int
"""What to do with the next post: an int is a status to answer."""


@dataclass
class FakeHub:
    """What the hub was told, in the order of its log."""

    log: list[dict[str, Any]] = field(default_factory=list)
    positions: dict[tuple[str, str], str] = field(default_factory=dict)
    duplicates: int = 0
    posts: list[tuple[str, str, int]] = field(default_factory=list)  # type, bearer, messages
    tricks: list[Trick] = field(default_factory=list)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)  # id -> receipt to give
    url: str = ""

    def said(self, type_name: str, source: str | None = None) -> list[dict[str, Any]]:
        """The data of all messages of a type, oldest first."""
        return [
            event["data"]
            for event in self.log
            if event["type"] == type_name and source in (None, event["source"])
        ]

    def application(self) -> web.Application:
        """The hub's way in."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/messages", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read())
        events = body if isinstance(body, list) else [body]
        bearer = request.headers.get("Authorization", "")
        self.posts.append((request.content_type, bearer, len(events)))
        trick = self.tricks.pop(0) if self.tricks else None
        if isinstance(trick, int):
            wait = {"Retry-After": "0"} if trick in (429, 503) else {}
            return web.json_response({"title": "no"}, status=trick, headers=wait)
        if trick == "lose request":
            return self._cut(request)
        if trick == "half":
            events = events[: len(events) // 2]
        reply = [self._receipt(event) for event in events]
        if trick == "lose reply":
            return self._cut(request)
        if trick == "garbage":
            return web.Response(text="<html>Sign in</html>", status=200)
        return web.json_response({"receipts": reply}, status=202)

    def _cut(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _receipt(self, event: dict[str, Any]) -> dict[str, Any]:
        rule = self.rules.get(event["id"])
        if rule is not None:
            if rule.pop("once", False):
                del self.rules[event["id"]]
            receipt = {"id": event["id"], **rule}
            return {name: value for name, value in receipt.items() if value is not None}
        key = (event["source"], event["id"])
        if key in self.positions:
            self.duplicates += 1
            return {"id": event["id"], "answer": "duplicate", "position": self.positions[key]}
        # Whatever a system says must be what the contract calls a message of its type.
        envelope = decode(msgspec.json.encode(event), Envelope)
        typed(envelope.data, CATALOGUE[envelope.type].noun)
        self.log.append(event)
        self.positions[key] = f"0:{len(self.log)}"
        return {"id": event["id"], "answer": "accepted", "position": self.positions[key]}


@asynccontextmanager
async def fake_hub() -> AsyncIterator[tuple[FakeHub, Door]]:
    """Listen on a free port; the door lets a test kill and restart the hub."""
    hub = FakeHub()
    door = Door(hub.application(), "127.0.0.1", 0)
    await door.open()
    hub.url = f"http://127.0.0.1:{door.port}"
    try:
        yield hub, door
    finally:
        await door.close()


KEYS = {name: f"key-of-{name}" for name in standard_systems()}


def config_of(hub: str, seed: int = 7, **changes: dict[str, Any]) -> EstateConfig:
    """The standard estate; `changes` are fields by system."""
    systems = {
        name: msgspec.structs.replace(config, **changes.get(name, {}))
        for name, config in standard_systems(KEYS).items()
    }
    return EstateConfig(hub=hub, seed=seed, systems=systems)


@asynccontextmanager
async def estate_with_hub(
    seed: int = 7, **changes: dict[str, Any]
) -> AsyncIterator[tuple[Estate, FakeHub]]:
    """The standard estate beside a fake hub."""
    async with fake_hub() as (hub, _), Estate(config_of(hub.url, seed, **changes)) as estate:
        yield estate, hub


def document(type_name: str, noun: Noun, business_key: str | None = None) -> Document:
    """What the hub would tell a system."""
    row = CATALOGUE[type_name]
    return Document(
        business_key or row.business_key(noun),
        type_name,
        getattr(noun, row.key),
        "",
        msgspec.json.encode(noun),
    )


OPERATIONS: dict[str, Any] = {
    "default": {"path": "/messages", "ability": Ability.KEYS, "look_up": "/effects/{key}"}
}
