"""Which messages a process was thinking about when it died.

Before a batch is thought about its places are written into a file, and taken out again afterwards.
If the process does not come back from thinking (a crash in a library, the end of its memory, a
watchdog), the file stays and says which messages it may have been. Whoever starts next on this
machine finds the files of the dead, counts one try for each message named there, and has them
decided one by one. That says who was near and not who did it: somebody may kill the process, and
under load some message is always being thought about. So after several tries a message stands trial
in a child (`runtime.trial`), and is put aside when that ends over it (C10).

The file is not synced: a crash of the process leaves it, and a crash of the machine was nobody's
message. It is locked by the process that it belongs to, so that the living keep theirs.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

_LOG = logging.getLogger("crossdock.suspects")

TRIES_MAX = 3
"""How many processes may end over a message: once in a batch, twice alone; then it stands trial."""

TRIES_MAX_IN_ALL = 12
"""Then it is put aside without a trial: its end takes the parent along, as where one group of
processes shares its memory. By chance nobody is killed so often over one message."""

_REMEMBERED_MAX = 10_000
_SUFFIX = ".json"


class Suspects(Protocol):
    """Who is suspected, and what is being thought about."""

    def tries(self, place: str) -> int:
        """How many processes ended while they thought about this message."""
        ...

    def begin(self, places: Sequence[str]) -> None:
        """These are being thought about from now on."""
        ...

    def end(self) -> None:
        """Nothing is being thought about any more."""
        ...

    def clear(self, places: Iterable[str]) -> None:
        """These have been decided, so they are suspected no more."""
        ...


class NoSuspects:
    """For a process that keeps no file: nobody is suspected, nothing is written down."""

    def tries(self, place: str) -> int:
        """See `Suspects`."""
        return 0

    def begin(self, places: Sequence[str]) -> None:
        """See `Suspects`."""

    def end(self) -> None:
        """See `Suspects`."""

    def clear(self, places: Iterable[str]) -> None:
        """See `Suspects`."""


class _Written(msgspec.Struct):
    thinking: Sequence[str] = ()
    tries: dict[str, int] = {}


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Written)


class SuspectsFile:
    """The suspects of this process, in a file of its own below a folder."""

    def __init__(self, folder: Path) -> None:
        """Take over what the dead left, and begin a file. Raises `OSError`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._tries = _left_by_the_dead(folder)
        self._path = folder / f"{os.getpid()}-{os.urandom(6).hex()}{_SUFFIX}"
        draft = self._path.with_suffix(".new")
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._write(())
        draft.rename(self._path)
        if self._tries:
            _LOG.warning("processes ended while they decided on %s", ", ".join(self.named()))

    def named(self, how_many: int = 5) -> list[str]:
        """Those most suspected, with their tries, for people."""
        return [f"{place} ({count})" for place, count in self._tries.most_common(how_many)]

    def tries(self, place: str) -> int:
        """See `Suspects`."""
        return self._tries[place]

    def begin(self, places: Sequence[str]) -> None:
        """See `Suspects`."""
        self._write(places)

    def end(self) -> None:
        """See `Suspects`."""
        self._write(())

    def clear(self, places: Iterable[str]) -> None:
        """See `Suspects`."""
        if self._tries:
            for place in places:
                self._tries.pop(place, None)

    def close(self) -> None:
        """The process ends in good order: whom it suspects is for the next one to know."""
        if self._tries:
            self._write(())
        else:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self, places: Sequence[str]) -> None:
        text = _ENCODER.encode(_Written(places, dict(self._tries)))
        os.pwrite(self._file, text, 0)
        os.ftruncate(self._file, len(text))


def _left_by_the_dead(folder: Path) -> Counter[str]:
    """Count one try more for each message that a dead process was thinking about."""
    found: Counter[str] = Counter()
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        written = _taken_over(path)
        if written is not None:
            for place, tries in written.tries.items():
                found[place] = max(found[place], tries)
            found.update(written.thinking)
    return Counter(dict(found.most_common(_REMEMBERED_MAX)))


def _taken_over(path: Path) -> _Written | None:
    """Read and remove a file whose process is gone; None where it lives, or it says nothing."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        text: Any = os.read(file, os.fstat(file).st_size)
        path.unlink(missing_ok=True)
        return _DECODER.decode(text)
    except (OSError, msgspec.MsgspecError):
        return None
    finally:
        os.close(file)
