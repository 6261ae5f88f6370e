"""Hands the real systems to tests: one database server for the session, databases per module."""

from __future__ import annotations

import itertools
import os
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
    made: list[str] = field(default_factory=list)

    async def database(self, template: str = "template0") -> str:
        """A fresh database; with a template, a copy of a seeded one."""
        name = f"{template}_{os.getpid()}_{next(self.numbers)}"
        await install.create(self.server, name, template)
        self.made.append(name)
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


_SERVER = pytest.StashKey[EmbeddedServer]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the peers' database server, which workers of this run attach to and none of them ends.

    Only where nothing but tests with peers is asked for, and not in a worker.
    """
    asked = session.config.option.markexpr == "peers"
    if asked and not hasattr(session.config, "workerinput") and places.installed():
        server = install.server()
        run(server.start())
        session.config.stash[_SERVER] = server


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop it."""
    if (server := session.config.stash.get(_SERVER, None)) is not None:
        run(server.stop())


@pytest.fixture(scope="session")
def peers() -> Iterator[Peers]:
    """The peers' database server; the programs are started by each test."""
    if not places.installed():
        pytest.fail("the peers are not installed, or from another tree: run `make peers`")
    server = install.server()
    run(server.start())
    found = Peers(server)
    try:
        yield found
        for name in found.made:
            run(install.drop(server, name))
    finally:
        run(server.stop())
