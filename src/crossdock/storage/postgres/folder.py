"""The data folder of the database: names, owners, permissions, the path of the socket, the log.

The layout and the reasons for its permissions are told in `server`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from crossdock.storage.postgres.binaries import Binaries
from crossdock.storage.postgres.errors import FolderOtherVersion, FolderUnusable

SOCKET = ".s.PGSQL.5432"

_SOCKET_PATH_BYTES_MAX = 103  # macOS takes 103 and a zero byte, Linux 107
_LOG_BYTES_MAX = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Layout:
    """The names below `<data folder>/postgres`."""

    base: Path

    @property
    def cluster(self) -> Path:
        return self.base / "cluster"

    @property
    def draft(self) -> Path:
        return self.base / "cluster.new"

    @property
    def run(self) -> Path:
        return self.base / "run"

    @property
    def lock(self) -> Path:
        return self.base / "lock"

    @property
    def log(self) -> Path:
        return self.base / "server.log"


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged uid and gid that the server runs under when the hub is root."""

    uid: int
    gid: int


@contextmanager
def naming_the_folder(base: Path) -> Iterator[None]:
    """Turn what the file system says about the folder into a `FolderUnusable` with its path."""
    try:
        yield
    except OSError as problem:
        if isinstance(problem, TimeoutError):
            raise
        raise FolderUnusable(where=str(base), found=str(problem)) from problem


def prepare(layout: Layout) -> Path:
    """Make our own folder and give the folder that clients find the socket in."""
    layout.base.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == layout.base.stat().st_uid:
        layout.base.chmod(0o711)  # the server's account passes through; it reads nothing here
    return _short(layout.run)


def make_folder(folder: Path, account: Account | None) -> None:
    """Make a private folder of the server's account, unless it is there."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def account_of(cluster: Path) -> Account | None:
    """Who the server runs as: ourselves, or for root the cluster's owner, or at first `nobody`."""
    if os.geteuid() != 0:
        return None
    if cluster.exists():
        owner = cluster.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def refuse_other_version(cluster: Path, found: Binaries) -> None:
    version = (cluster / "PG_VERSION").read_text().strip()
    if version != str(found.version):
        raise FolderOtherVersion(
            where=str(cluster),
            found=f"PostgreSQL {version}",
            expected=f"PostgreSQL {found.version}",
        )


def remove_draft(draft: Path) -> None:
    """Remove what a killed initdb left; its folder never had the final name."""
    if draft.exists():
        shutil.rmtree(draft)


def _short(run: Path) -> Path:
    """The socket's folder under a path that fits into a socket address, by a link if it must.

    The link's name follows from the path, so every process of this user makes and finds the same.
    """
    if len(os.fsencode(run / SOCKET)) <= _SOCKET_PATH_BYTES_MAX:
        return run
    name = hashlib.sha256(os.fsencode(run)).hexdigest()[:16]
    for folder in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - private below
        link = folder / f"crossdock-{os.geteuid()}" / name
        if len(os.fsencode(link / SOCKET)) <= _SOCKET_PATH_BYTES_MAX:
            _make_private(link.parent)
            _point(link, run)
            return link
    raise FolderUnusable(
        where=str(run),
        found="a path too long for a socket, and no short temporary folder for a link to it",
    )


def _make_private(folder: Path) -> None:
    """Make or accept a folder that only we can change."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise FolderUnusable(
            where=str(folder),
            found="a folder that somebody else can change",
            expected="a private folder for links to sockets",
            remedy="remove it",
        )


def _point(link: Path, run: Path) -> None:
    """Let the link lead to the folder; two processes may do this at once."""
    with suppress(FileNotFoundError):
        if link.readlink() == run:
            return
        link.unlink()
    with suppress(FileExistsError):
        link.symlink_to(run)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def size_of(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def rotate(log: Path) -> None:
    """Keep the log and one before it; called while no server writes."""
    if size_of(log) > _LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))


def last_line(log: Path, start: int) -> str:
    """What the server said last since `start`, a cause of death before anything else."""
    if not log.exists():
        return "nothing"
    with log.open("rb") as file:
        file.seek(max(start, size_of(log) - 64 * 1024))
        lines = file.read().decode(errors="replace").splitlines()
    causes = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    return (causes or lines or ["nothing"])[-1].strip()
