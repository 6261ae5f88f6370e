"""The server's process: whether it lives, how far it has come, how it is ended.

A process of another program gives no event to wait for, so all waiting here looks again and again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.01

# Fast: sessions are cut and a checkpoint is written. At once: recovery does the rest. By force.
_WAYS_TO_END: tuple[tuple[signal.Signals, float], ...] = (
    (signal.SIGINT, 60.0),
    (signal.SIGQUIT, 10.0),
    (signal.SIGKILL, 10.0),
)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a server wrote about itself into its folder: who it is and how far it came."""

    pid: int
    status: str


def read_postmaster(cluster: Path) -> Postmaster | None:
    """Read line 1 (pid) and 8 (status) of postmaster.pid; None if absent or half-written."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return Postmaster(int(lines[0]), lines[7].strip() if len(lines) > 7 else "")
    except (FileNotFoundError, ValueError, IndexError):
        return None


def serves(pid: int, cluster: Path) -> bool:
    """Whether this pid is alive and really a server of this folder, not a newcomer with its number.

    A server's working directory is its cluster. A zombie has none, so it counts as dead.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # alive, under another account
    if sys.platform != "linux":
        return _program_of(pid).endswith("postgres")
    try:
        return Path(f"/proc/{pid}/cwd").samefile(cluster)
    except OSError:
        return False


def _program_of(pid: int) -> str:
    """The name of a pid's program, where there is no /proc."""
    command = ["/bin/ps", "-o", "comm=", "-p", str(pid)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()  # noqa: S603


def disown(cluster: Path) -> None:
    """Write our own pid over a dead server's, which another program may bear by now.

    PostgreSQL takes the pid of its parent for stale. The other lines stay: by them it finds out
    whether sessions of the dead server still hold its memory.
    """
    file = os.open(cluster / "postmaster.pid", os.O_RDWR | os.O_NOFOLLOW)
    with os.fdopen(file, "r+") as pid_file:
        lines = pid_file.read().splitlines()
        pid_file.seek(0)
        pid_file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        pid_file.truncate()


async def end_leftover(pid: int, cluster: Path) -> None:
    """End a server that is not our child."""
    for number, seconds in _WAYS_TO_END:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if await within(seconds, lambda: not serves(pid, cluster)):
            return


async def end(process: subprocess.Popen[bytes]) -> None:
    """End our child, more roughly each time it takes too long."""
    for number, seconds in _WAYS_TO_END:
        process.send_signal(number)
        if await within(seconds, lambda: process.poll() is not None):
            return


async def until(holds: Callable[[], bool], every_seconds: float = POLL_SECONDS) -> None:
    """Return when a condition is true; without a limit."""
    while not holds():  # noqa: ASYNC110 - see above
        await asyncio.sleep(every_seconds)


async def within(
    seconds: float, holds: Callable[[], bool], every_seconds: float = POLL_SECONDS
) -> bool:
    """Whether a condition comes true in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until(holds, every_seconds)
            return True
    return False


async def until_exit(process: subprocess.Popen[bytes]) -> None:
    """Wait without a limit; if the caller loses patience the program does not outlive it."""
    try:
        await until(lambda: process.poll() is not None)
    except BaseException:
        process.kill()
        process.wait()
        raise
