"""Tryton as a program: its database made and seeded, its server started."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers import places
from tests.peers.programs import Program, free_port

MODULES = (
    "sale", "purchase", "stock", "account_invoice", "account_invoice_stock", "stock_lot",
    "sale_shipment_cost", "sale_shipment_grouping", "web_user",
)  # fmt: skip

SEEDED = "tryton_seeded"
_VERSION = {"id": 1, "method": "common.server.version", "params": []}
USER = "admin"
PASSWORD = "only-on-loopback"  # every database of it lives for one test run


@dataclass
class Tryton:
    """A running Tryton over a database of its own."""

    port: int
    database: str
    seed: dict[str, Any]
    program: Program

    @property
    def url(self) -> str:
        """Where its interface is."""
        return f"http://127.0.0.1:{self.port}"

    async def start_again(self) -> None:
        """Serve once more after its program was stopped; on the same port."""
        await self.program.start()
        await self.program.answers(f"{self.url}/rpc/", _VERSION)

    @property
    def key(self) -> str:
        """The key of the REST interface."""
        return str(self.seed["key"])


def environment(folder: Path, host: str, user: str, port: int) -> dict[str, str]:
    """What Tryton's programs read; writes their configuration into the folder."""
    configuration = folder / "trytond.conf"
    configuration.write_text(
        f"[database]\nuri = postgresql://{user}@/\n\n[web]\nlisten = 127.0.0.1:{port}\n"
    )
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n")
    return {
        "TRYTOND_CONFIG": str(configuration),
        "TRYTONPASSFILE": str(password),
        "PGHOST": host,
        "PGUSER": user,
    }


async def lay_out(folder: Path, host: str, user: str, database: str) -> None:
    """Make the tables of an empty database and seed it; about a minute."""
    asked = environment(folder, host, user, 0)
    log = folder / "tryton-install.log"
    admin = str(places.tryton() / "bin" / "trytond-admin")
    configuration = asked["TRYTOND_CONFIG"]
    await Program(
        [admin, "-c", configuration, "-d", database, "-u", "ir", "res", *MODULES,
         "--activate-dependencies", "-l", "en", "--email", "admin@house.example"],
        folder, log, asked,
    ).run()  # fmt: skip
    await Program(
        [str(places.tryton() / "bin" / "python"), str(places.HERE / "tryton" / "seed.py"),
         f"postgresql://{user}@/{database}", configuration, str(places.seed_file())],
        folder, log, asked,
    ).run()  # fmt: skip


async def start(folder: Path, host: str, user: str, database: str, port: int = 0) -> Tryton:
    """Serve a seeded database; the folder takes its configuration and its log."""
    port = port or free_port()
    asked = environment(folder, host, user, port)
    program = Program(
        [str(places.tryton() / "bin" / "trytond"), "-c", asked["TRYTOND_CONFIG"], "-d", database],
        folder,
        folder / "tryton.log",
        asked,
    )
    await program.start()
    await program.answers(f"http://127.0.0.1:{port}/rpc/", _VERSION)
    return Tryton(port, database, json.loads(places.seed_file().read_text()), program)
