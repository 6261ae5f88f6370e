"""A hub or a further worker as a process of its own: started, waited for, stopped, killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crossdock.kernel.errors import CrossdockError


class HubDied(CrossdockError):
    """The hub's process ended before it was ready."""

    code = "hub-died"
    advice = "read what it said last"


class Ready(msgspec.Struct):
    """What `serve` and `worker` say on standard output when they are at work."""

    ready: bool
    pid: int
    port: int = 0  # of the door; a worker has none


class HubProcess:
    """One `crossdock serve`, or another command that runs on, with its words kept in a file."""

    def __init__(self, config: Path, log: Path, command: Sequence[str] = ("serve",)) -> None:
        self._config = config
        self._log = log
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._creating = asyncio.Lock()  # whoever kills while a process begins must meet that one
        self.port = 0

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self._process.pid if self._process is not None else 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> Ready:
        """Start and wait until it takes messages.

        Raises:
            HubDied: with the last words of its log.
        """
        async with self._creating:
            process = await self._created()
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            await process.wait()
            raise HubDied(found=self.last_words())
        ready = msgspec.json.decode(line, type=Ready)
        self.port = ready.port
        return ready

    async def _created(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "crossdock",
                *self._command,
                "--config",
                str(self._config),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        return self._process

    async def stop(self) -> int:
        """Ask it to end, as an operator would; gives its exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

    async def kill(self) -> None:
        """End it without warning: kill -9; one that is just being created, too."""
        async with self._creating:
            process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        text = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        return text[-2000:]
