"""A system's port: it can be shut for a while, and then connections are refused for real.

While it is shut, a second socket that does not listen keeps the port, so that nobody else can be
given it in the meantime.
"""

from __future__ import annotations

import socket

from aiohttp import web


class Door:
    """One application on one port."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        self._host = host
        self._wanted_port = port
        self._keeper: socket.socket | None = None
        self._site: web.SockSite | None = None

    @property
    def port(self) -> int:
        """The port in use; the door must have been opened once."""
        assert self._keeper is not None
        return int(self._keeper.getsockname()[1])

    @property
    def is_open(self) -> bool:
        """Whether somebody listens."""
        return self._site is not None

    async def open(self) -> None:
        """Listen; raises OSError when the port is taken."""
        if self._keeper is None:
            # First without sharing: another process on this port must be an error, not a partner.
            self._bound(self._wanted_port, shared=False).close()
            self._keeper = self._bound(self._wanted_port)
            await self._runner.setup()
        if self._site is None:
            self._site = web.SockSite(self._runner, self._bound(self.port))
            await self._site.start()

    async def shut(self) -> None:
        """Listen no more and cut all connections, in the middle of whatever they do."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Let requests end for a moment, then give the port back."""
        self._site = None
        await self._runner.cleanup()
        if self._keeper is not None:
            self._keeper.close()

    def _bound(self, port: int, *, shared: bool = True) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        bound.setblocking(False)
        try:
            bound.bind((self._host, port))
        except OSError:
            bound.close()
            raise
        return bound
