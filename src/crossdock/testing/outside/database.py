"""The PostgreSQL that a run strikes: the hub's own, or one that the harness runs beside it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from crossdock.runtime.accounts import children
from crossdock.storage.postgres.folder import SOCKET, Layout
from crossdock.storage.postgres.process import read_postmaster, serves, within
from crossdock.storage.postgres.server import DATABASE, USER, EmbeddedServer

_GONE_SECONDS_MAX = 30.0
_POLL_SECONDS = 0.05


class Processes:
    """The server processes of one data folder, whoever started them."""

    def __init__(self, data: Path) -> None:
        """`data` is the folder above `postgres/`."""
        self._cluster = Layout(data / "postgres").cluster

    def pids(self) -> list[int]:
        """The postmaster and its sessions, the postmaster first; none where no server runs."""
        postmaster = read_postmaster(self._cluster)
        if postmaster is None or not serves(postmaster.pid, self._cluster):
            return []
        return [postmaster.pid, *children(postmaster.pid)]

    def strike(self, number: signal.Signals = signal.SIGKILL, pids: list[int] | None = None) -> int:
        """Send a signal to those of the pids that are servers of the folder; gives how many."""
        struck = 0
        for pid in self.pids() if pids is None else pids:
            if serves(pid, self._cluster):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
                    struck += 1
        return struck

    async def are_gone(self) -> bool:
        """Wait until no server runs; False when that takes too long."""
        return await within(_GONE_SECONDS_MAX, lambda: not self.pids(), _POLL_SECONDS)

    async def end(self) -> None:
        """Leave no server behind: by waiting for it to follow its hub, then by force."""
        if not await self.are_gone():
            self.strike()


class Apart:
    """A server that the harness starts, strikes and starts again; the hub is given its address."""

    def __init__(
        self, data: Path, *, fsync: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self._server = EmbeddedServer(data, fsync=fsync, unsafe=not fsync, settings=settings)
        self._socket = Layout(data.absolute() / "postgres").run / SOCKET
        self.processes = Processes(data)

    @property
    def dsn(self) -> str:
        """The straight way in, for the harness's own looks."""
        return self._server.dsn

    @property
    def address(self) -> str:
        """The socket that a proxy may connect to."""
        return str(self._socket)

    async def start(self) -> None:
        """Start it, or start it again after it died."""
        await self._server.start()

    async def stop(self) -> None:
        """Stop it in good order."""
        await self._server.stop()

    async def restart(self, down_seconds: float) -> None:
        """Stop it at once, as `pg_ctl stop -m immediate` does, and start it after a while."""
        pids = self.processes.pids()
        if pids:
            self.processes.strike(signal.SIGQUIT, pids[:1])
        await self.processes.are_gone()
        await self.come_back(down_seconds)

    async def come_back(self, down_seconds: float = 0.0) -> None:
        """Start again what was killed."""
        await asyncio.sleep(down_seconds)
        await self._server.stop()
        await self._server.start()


def dsn_through(port: int) -> str:
    """The hub's way to a server behind a proxy on loopback."""
    return f"postgresql://{USER}@127.0.0.1:{port}/{DATABASE}"
