"""What keeps a process that serves from hurting itself: gauges, limits to thinking, a heartbeat."""

from __future__ import annotations

import logging
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crossdock.kernel.limits import CONNECTIONS_MAX
from crossdock.runtime import watchdog
from crossdock.runtime.config import Settings
from crossdock.runtime.pressure import Pressure
from crossdock.runtime.suspects import NoSuspects, Suspects, SuspectsFile
from crossdock.runtime.thinking import Thinking, thinking, watched_thinking
from crossdock.storage.postgres.folder import Layout

_LOG = logging.getLogger("crossdock.guarding")

_FILES_WANTED: Final = 65_536
_FILES_KEPT: Final = 200
"""Descriptors that are not for callers: the database, far systems, files, the interpreter."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a hub's loops are watched by; by itself, nothing."""

    thinking: Thinking = thinking  # about messages of the log
    calling: Thinking = thinking  # about calls, which are on no log yet
    suspects: Suspects = field(default_factory=NoSuspects)
    pressure: Pressure | None = None


UNGUARDED: Final = Guard()


@asynccontextmanager
async def guarded(settings: Settings) -> AsyncIterator[Guard]:
    """Watch this process while the block runs; only for one that serves, in its main thread."""
    limits = settings.limits
    watchdog.prepare()
    suspects = _suspects(settings.hub.data / "deciding")
    try:
        async with watchdog.Heartbeat(limits.stuck_seconds):
            yield Guard(
                watched_thinking(suspects, limits.decide_seconds),
                watched_thinking(NoSuspects(), limits.decide_seconds),
                suspects,
            )
    finally:
        if isinstance(suspects, SuspectsFile):
            suspects.close()


def _suspects(folder: Path) -> Suspects:
    try:
        return SuspectsFile(folder)
    except OSError as error:
        _LOG.warning("no record of what is decided, since %s: %s", folder, error.strerror)
        return NoSuspects()


def disks_of(settings: Settings) -> list[Path]:
    """The folders whose disks fill up as the hub works: those of the embedded database."""
    if settings.database is not None:
        return []
    cluster = Layout(settings.hub.data / "postgres").cluster
    return [cluster, cluster / "pg_wal"]


def room_for_connections() -> int:
    """How many callers may be connected, once the process has all descriptors it may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, _FILES_WANTED)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(1, min(CONNECTIONS_MAX, max(soft, wanted) - _FILES_KEPT))
