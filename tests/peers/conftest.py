"""Hands the real systems to tests: one database server for the session, databases per module."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crossdock.storage.postgres.server import EmbeddedServer
from tests.helpers.aio import run
from tests.peers import install, places
from tests.peers.tryton import program as tryton
from tests.peers.vendure import program as vendure


@dataclass
class Peers:
    """The running database server of the peers."""

    server: EmbeddedServer
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def database(self, template: str = "template0") -> str:
        """A fresh database; with a template, a copy of a seeded one."""
        name = f"{template}_{next(self.numbers)}"
        await install.create(self.server, name, template)
        return name

    async def tryton(self, folder: Path) -> tryton.Tryton:
        """An ERP of its own, as it was seeded."""
        host, user = install.reached(self.server.dsn_of("postgres"))
        return await tryton.start(folder, host, user, await self.database(tryton.SEEDED))

    async def vendure(self, folder: Path, hook: tuple[str, str] | None = None) -> vendure.Vendure:
        """A shop of its own, as it was seeded."""
        host, user = install.reached(self.server.dsn_of("postgres"))
        name = await self.database(vendure.SEEDED)
        return await vendure.start(folder, host, user, name, hook=hook)


@pytest.fixture(scope="session")
def peers() -> Iterator[Peers]:
    """The peers' database server; the programs are started by each test."""
    if not places.installed():
        pytest.fail("the peers are not installed, or from another tree: run `make peers`")
    server = install.server()
    run(server.start())
    try:
        yield Peers(server)
    finally:
        run(server.stop())
