"""The memory engine keeps the storage contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crossdock.log.errors import CommitUnknown, StoreUnavailable
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.storage.engine import Engine, Fault
from crossdock.testing.storage_contract import StoreContract


class MemoryEngine:
    """Handles to one set of data."""

    def __init__(self) -> None:
        self._data = Data()

    async def handle(self, fault: Fault | None = None) -> MemoryStore:
        """One more handle."""
        return MemoryStore(fault, self._data)

    async def named_handle(self, owner: str) -> MemoryStore:
        """A handle of that name."""
        return MemoryStore(None, self._data, owner)

    async def deaf_handle(self) -> MemoryStore:
        """A handle that loses every answer."""

        async def lose(point: str) -> None:
            if point.endswith(".after-commit"):
                raise self.lost_at(point)

        return MemoryStore(lose, self._data)

    def lost_at(self, point: str) -> BaseException:
        """There is no driver to translate: what a caller would see is raised at once."""
        return CommitUnknown() if point.endswith(".after-commit") else StoreUnavailable()


class TestMemoryStore(StoreContract):
    """The memory engine keeps every promise of the port."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Engine]:
        """Fresh data."""
        yield MemoryEngine()
