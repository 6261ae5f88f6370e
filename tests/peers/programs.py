"""Runs the peers' programs: each a child process with its words in a file, ended by its own pid."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

_POLL_SECONDS = 0.05
_START_SECONDS_MAX = 90.0
_STOP_SECONDS_MAX = 10.0


class PeerFailed(Exception):
    """A peer's program ended, or did not answer, with its last words."""


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Program:
    """One program as a child of ours."""

    command: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it may not take requests yet."""
        with self.log.open("ab") as words:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )

    async def answers(self, url: str, body: object) -> None:
        """Wait until it answers a POST of JSON with status 200; raises `PeerFailed`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS_MAX), aiohttp.ClientSession() as session:
                while self.process is not None and self.process.returncode is None:
                    with suppress(aiohttp.ClientError):
                        async with session.post(url, json=body) as reply:
                            if reply.status == 200:
                                return
                    await asyncio.sleep(_POLL_SECONDS)
        raise PeerFailed(f"{url} does not answer: {self.last_words()}")

    async def run(self) -> None:
        """Run it to its end; raises `PeerFailed` if that is not a good one."""
        await self.start()
        assert self.process is not None
        try:
            if await self.process.wait():
                raise PeerFailed(f"{' '.join(self.command[:3])}: {self.last_words()}")
        finally:
            await self.kill()  # where nobody waits for it any more

    async def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS_MAX):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def kill(self) -> None:
        """End it without warning."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
