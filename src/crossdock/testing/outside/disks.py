"""Two small disks for the hub's own database, one for its data and one for its write-ahead log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError

from crossdock.kernel.limits import MIB
from crossdock.storage.postgres.folder import Layout
from crossdock.testing.outside.volumes import resize, small_tmpfs

FLOOR_MIB = 48
"""Below so much room the hub of such a run refuses."""

_SIZE_MIB = 1_024  # of each; the memory is used as it is written
_TRIES = 20  # a mebibyte more each time: what is used grows between looking and shrinking
_LOG_FOLDER = "log-disk"


@dataclass(frozen=True, slots=True)
class Disks:
    """The two disks, below the hub's data folder."""

    layout: Layout

    @property
    def log(self) -> Path:
        """Where the disk of the write-ahead log is mounted."""
        return self.layout.base / _LOG_FOLDER

    def move_the_log(self) -> None:
        """Put the write-ahead log on its disk; the server must not run."""
        inside = self.layout.cluster / "pg_wal"
        owner = inside.stat()
        outside = self.log / "pg_wal"
        shutil.copytree(inside, outside, copy_function=_copied)
        for path in (outside, *outside.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        outside.chmod(0o700)
        shutil.rmtree(inside)
        inside.symlink_to(Path("..") / _LOG_FOLDER / "pg_wal")  # the server walks from its cluster

    @contextmanager
    def left(
        self, *, data_mib: float | None = None, log_mib: float | None = None
    ) -> Iterator[None]:
        """Let a disk have only so much room while the block runs."""
        place, mib = (self.layout.base, data_mib) if data_mib is not None else (self.log, log_mib)
        assert mib is not None
        try:
            _shrink(place, mib)
            yield
        finally:
            resize(place, _SIZE_MIB)


@contextmanager
def small_disks(data: Path) -> Iterator[Disks]:
    """Mount both; the database is to be made on the first, its log moved by `move_the_log`."""
    disks = Disks(Layout(data / "postgres"))
    with ExitStack() as stack:
        stack.enter_context(small_tmpfs(disks.layout.base, _SIZE_MIB))
        stack.enter_context(small_tmpfs(disks.log, _SIZE_MIB))
        disks.log.chmod(0o711)
        yield disks


def _shrink(place: Path, mib: float) -> None:
    """Leave a disk so much room while others write to it, or a little more."""
    for more in range(_TRIES):
        try:
            resize(place, _used_mib(place) + mib + more)
        except CalledProcessError:
            if more == _TRIES - 1:
                raise
        else:
            return


def _used_mib(place: Path) -> float:
    disk = os.statvfs(place)
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize / MIB


def _copied(source: str, target: str) -> str:
    return str(shutil.copy2(source, target))
