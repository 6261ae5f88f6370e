"""Vendure as a program: its database made and seeded, its server started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.peers import places
from tests.peers.programs import Program, free_port
from tests.peers.vendure import seed
from tests.peers.vendure.api import ADMIN_PASSWORD, Api

SEEDED = "vendure_seeded"


@dataclass
class Vendure:
    """A running Vendure over a database of its own."""

    port: int
    database: str
    program: Program

    @property
    def url(self) -> str:
        """Where its interfaces are."""
        return f"http://127.0.0.1:{self.port}"


async def lay_out(folder: Path, host: str, user: str, database: str) -> None:
    """Make the tables of an empty database and seed it."""
    running = await start(folder, host, user, database)
    try:
        async with Api(f"{running.url}/admin-api") as admin:
            await admin.log_in()
            await seed.fill(admin)
    finally:
        await running.program.stop()


async def start(
    folder: Path,
    host: str,
    user: str,
    database: str,
    *,
    port: int = 0,
    hook: tuple[str, str] | None = None,
) -> Vendure:
    """Serve a database; `hook` is the address that hears its events, and the secret they share."""
    port = port or free_port()
    asked = {
        "VENDURE_DISABLE_TELEMETRY": "true",
        "PEER_PORT": str(port),
        "PEER_DATABASE": database,
        "PEER_PASSWORD": ADMIN_PASSWORD,
        "PEER_COOKIE": "only-on-loopback",
        "PGHOST": host,
        "PGUSER": user,
    }
    if hook is not None:
        asked |= {"PEER_HOOK_URL": hook[0], "PEER_HOOK_SECRET": hook[1]}
    program = Program(["node", "server.js"], places.vendure(), folder / "vendure.log", asked)
    await program.start()
    await program.answers(f"http://127.0.0.1:{port}/shop-api", {"query": "{activeChannel{id}}"})
    return Vendure(port, database, program)
