"""Folders of both kinds keep one contract: this machine's, and an SFTP server's on the loopback."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh
import msgspec
import pytest

from crossdock.connectors.files.client import connect
from crossdock.connectors.files.settings import FilesSettings
from crossdock.connectors.kit.folders import Folder, FolderTrouble, LocalFolder, Put, Seen
from crossdock.connectors.kit.sftp import SftpFolder
from crossdock.contracts.connector import RetryLater
from crossdock.contracts.feeds import Page
from crossdock.testing.builders import at
from crossdock.testing.fakes.files import ITEMS

PASSWORD = "canary-of-the-sftp-server"

Play = Callable[[Folder, Path], Awaitable[None]]


class _Users(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("hub", PASSWORD)


def local(root: Path, play: Play) -> None:
    """Play with a folder of this machine."""
    asyncio.run(_played(LocalFolder(str(root)), root, play))


def sftp(root: Path, play: Play, *, password: str = PASSWORD, trusted: str = "") -> None:
    """Play with a folder on a server of its own."""

    async def whole() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=_Users,
            server_host_keys=[key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(root)),
        )
        host_key = trusted or key.export_public_key().decode()
        folder = SftpFolder(
            "127.0.0.1", server.get_port(), "/", user="hub", secret=password, host_key=host_key
        )
        try:
            await _played(folder, root, play)
        finally:
            server.close()
            await server.wait_closed()

    asyncio.run(whole())


async def _played(folder: Folder, root: Path, play: Play) -> None:
    try:
        await play(folder, root)
    finally:
        await folder.close()


def names(seen: object) -> list[str]:
    """The names of files that were seen."""
    assert isinstance(seen, list)
    return [one.name for one in seen if isinstance(one, Seen)]


@pytest.mark.parametrize("kind", [local, sftp])
def test_files_are_seen_by_pattern_and_folders_are_none(
    tmp_path: Path, kind: Callable[[Path, Play], None]
) -> None:
    """With size and time; a place that nobody made yet holds nothing."""

    async def play(folder: Folder, root: Path) -> None:
        (root / "b.csv").write_text("four")
        (root / "a.csv").write_text("")
        (root / "other.txt").write_text("x")
        (root / "dir.csv").mkdir()
        seen = await folder.look("", "*.csv")
        assert [(one.name, one.size_bytes) for one in seen] == [("a.csv", 0), ("b.csv", 4)]
        assert all(one.changed_ns > 0 for one in seen)
        assert names(await folder.look("working/it", "*")) == []

    kind(tmp_path, play)


@pytest.mark.parametrize("kind", [local, sftp])
def test_a_file_that_is_gone_is_a_value(tmp_path: Path, kind: Callable[[Path, Play], None]) -> None:
    """From reading as from moving."""

    async def play(folder: Folder, root: Path) -> None:
        assert await folder.read("", "gone", 10) is None
        assert await folder.move("", "gone", "done", "gone") is None

    kind(tmp_path, play)


@pytest.mark.parametrize("kind", [local, sftp])
def test_a_file_is_moved_and_never_over_another(
    tmp_path: Path, kind: Callable[[Path, Play], None]
) -> None:
    """A name that is taken gets the file's digest behind it."""

    async def play(folder: Folder, root: Path) -> None:
        (root / "a").write_text("one")
        assert await folder.move("", "a", "done/it", "a") == "a"
        (root / "a").write_text("two")
        other = await folder.move("", "a", "done/it", "a")
        assert other is not None
        assert other.startswith("a~")
        assert await folder.read("done/it", "a", 10) == b"one"
        assert await folder.read("done/it", other, 10) == b"two"

    kind(tmp_path, play)


@pytest.mark.parametrize("kind", [local, sftp])
def test_a_file_is_put_whole_and_once(tmp_path: Path, kind: Callable[[Path, Play], None]) -> None:
    """What is there stays as it is, and no part is left."""

    async def play(folder: Folder, root: Path) -> None:
        assert await folder.put("out", "a", b"one") is Put.MADE
        assert await folder.put("out", "a", b"one") is Put.THERE
        assert await folder.put("out", "a", b"two") is Put.OTHER
        assert {path.name: path.read_bytes() for path in (root / "out").iterdir()} == {"a": b"one"}

    kind(tmp_path, play)


@pytest.mark.parametrize("kind", [local, sftp])
def test_no_more_is_read_than_was_asked_for(
    tmp_path: Path, kind: Callable[[Path, Play], None]
) -> None:
    """One byte more, which says that there is more."""

    async def play(folder: Folder, root: Path) -> None:
        (root / "a").write_bytes(b"x" * 100)
        assert await folder.read("", "a", 9) == b"x" * 10

    kind(tmp_path, play)


def test_a_server_that_is_not_the_one_we_know_is_refused(tmp_path: Path) -> None:
    """Before a password or a file is shown to it."""
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()

    async def play(folder: Folder, root: Path) -> None:
        with pytest.raises(FolderTrouble, match="Host key is not trusted"):
            await folder.look("", "*")

    sftp(tmp_path, play, trusted=other)


def test_a_wrong_password_is_trouble_that_shows_no_password(tmp_path: Path) -> None:
    """Whoever renews it sets it going again."""

    async def play(folder: Folder, root: Path) -> None:
        with pytest.raises(FolderTrouble) as trouble:
            await folder.look("", "*")
        assert "wrong-canary" not in f"{trouble.value}{folder!r}"

    sftp(tmp_path, play, password="wrong-canary")


def test_a_connection_that_broke_is_opened_anew(tmp_path: Path) -> None:
    """The call in which it broke may be trouble; the next one is not."""

    async def play(folder: Folder, root: Path) -> None:
        (root / "a").write_text("one")
        await folder.look("", "*")
        assert isinstance(folder, SftpFolder)
        assert folder._connection is not None
        folder._connection.abort()
        with pytest.raises(FolderTrouble):
            await folder.look("", "*")
        assert names(await folder.look("", "*")) == ["a"]

    sftp(tmp_path, play)


def test_a_feed_is_read_from_a_server_as_from_a_folder(tmp_path: Path) -> None:
    """To `done`, with its report."""

    async def play(folder: Folder, root: Path) -> None:
        (root / "items-1.ndjson").write_text('{"sku":"A","name":"a","state":"A","rev":1}\n')
        given = {"folder": str(root), "feeds": {"it": ITEMS}, "stable_seconds": 0}
        [feed] = connect(_settings(given), folder).feeds
        page = await feed.page("", at(0))
        assert isinstance(page, Page)
        assert len(page.said) == 1
        assert not isinstance(await feed.page(page.cursor, at(1)), RetryLater)
        done = sorted(path.name for path in (root / "done" / "it").iterdir())
        assert done == ["items-1.ndjson", "items-1.ndjson.report.json"]

    sftp(tmp_path, play)


def _settings(given: dict[str, object]) -> FilesSettings:
    return msgspec.convert(given, FilesSettings)


@pytest.mark.parametrize("missing", ["user", "host_key"])
def test_a_server_that_could_be_anybody_is_refused_when_it_is_read(missing: str) -> None:
    """There is no trust at first sight."""
    given = {"folder": "sftp://127.0.0.1/in", "user": "hub", "host_key": "ssh-ed25519 AAAA"}
    with pytest.raises(msgspec.ValidationError, match="needs user and host_key"):
        _settings({name: one for name, one in given.items() if name != missing})
