"""A folder in which files are exchanged: looked at, taken, put, and never written over.

Everything is a rename or a hard link on one file system, so that whoever looks sees a whole file or
none. Calls block, and run in a thread; a file that vanishes meanwhile is a value, no error.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

_DIGEST: Final = 12  # characters of a digest behind a name that is taken already
_PART: Final = ".part"


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was seen: what differs the next time is still being written."""

    name: str
    size_bytes: int
    changed_ns: int


class Put(StrEnum):
    """What came of putting a file."""

    MADE = "made"
    THERE = "there"  # with the same content
    OTHER = "other"  # with other content


class FolderTrouble(Exception):
    """The folder cannot be used now; says why."""


class Folder(Protocol):
    """A tree of files; places are names of folders inside it, "" the folder itself."""

    async def look(self, place: str, pattern: str) -> Sequence[Seen]:
        """The files there whose names match, by name. Raises `FolderTrouble`."""
        ...

    async def read(self, place: str, name: str, bytes_max: int) -> bytes | None:
        """A file's content, one byte more than `bytes_max` at most; None: it is gone."""
        ...

    async def move(self, place: str, name: str, target: str, wanted: str) -> str | None:
        """Move a file; gives its name there, not the wanted one if it is taken; None: it is gone.

        Raises `FolderTrouble`.
        """
        ...

    async def put(self, place: str, name: str, content: bytes) -> Put:
        """Write a whole file under this name, or say what is there. Raises `FolderTrouble`."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class LocalFolder:
    """A folder of this machine's file system."""

    def __init__(self, path: str) -> None:
        self._root = Path(path)

    def __repr__(self) -> str:
        """Name the folder."""
        return f"LocalFolder({str(self._root)!r})"

    async def look(self, place: str, pattern: str) -> Sequence[Seen]:
        """See `Folder.look`."""
        return await asyncio.to_thread(self._look, place, pattern)

    async def read(self, place: str, name: str, bytes_max: int) -> bytes | None:
        """See `Folder.read`."""
        return await asyncio.to_thread(self._read, place, name, bytes_max)

    async def move(self, place: str, name: str, target: str, wanted: str) -> str | None:
        """See `Folder.move`."""
        return await asyncio.to_thread(self._move, place, name, target, wanted)

    async def put(self, place: str, name: str, content: bytes) -> Put:
        """See `Folder.put`."""
        return await asyncio.to_thread(self._put, place, name, content)

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _look(self, place: str, pattern: str) -> list[Seen]:
        if not self._root.is_dir():
            raise FolderTrouble(f"there is no folder {self._root}")
        found = []
        for path in sorted((self._root / place).glob(pattern)):
            with contextlib.suppress(OSError):  # it vanished while we looked
                stat = path.lstat()
                if path.is_file() and not path.is_symlink():
                    found.append(Seen(path.name, stat.st_size, stat.st_mtime_ns))
        return found

    def _read(self, place: str, name: str, bytes_max: int) -> bytes | None:
        try:
            with (self._root / place / name).open("rb") as file:
                return file.read(bytes_max + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FolderTrouble(f"{name}: {error.strerror}") from None

    def _move(self, place: str, name: str, target: str, wanted: str) -> str | None:
        source = self._root / place / name
        try:
            (self._root / target).mkdir(parents=True, exist_ok=True)
            free = wanted
            if (self._root / target / free).exists():
                free = f"{wanted}~{sha256(source.read_bytes()).hexdigest()[:_DIGEST]}"
            source.rename(self._root / target / free)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FolderTrouble(f"{name}: {error.strerror}") from None
        return free

    def _put(self, place: str, name: str, content: bytes) -> Put:
        whole = self._root / place / name
        part = whole.with_name(f".{name}{_PART}")
        try:
            whole.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                whole.hardlink_to(part)  # unlike a rename, it refuses a name that is taken
            except FileExistsError:
                return Put.THERE if whole.read_bytes() == content else Put.OTHER
            finally:
                part.unlink()
            _kept(whole.parent)
        except OSError as error:
            raise FolderTrouble(f"{name}: {error.strerror}") from None
        return Put.MADE


def _kept(folder: Path) -> None:
    """Have the folder's entries on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
