"""A folder on an SFTP server (RFC draft-ietf-secsh-filexfer-02, as OpenSSH speaks it).

The server must prove itself by the key that the operator wrote down: an unknown one is refused, so
nobody in between sees a file. A rename there refuses a name that is taken, which is what keeps
files from being written over. The connection is opened when it is needed, and anew after it broke.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Final

import asyncssh

from crossdock.connectors.kit.folders import FolderTrouble, Put, Seen
from crossdock.kernel.redaction import one_line

CONNECT_SECONDS_MAX: Final = 10.0
CALL_SECONDS_MAX: Final = 60.0

_DIGEST: Final = 12
_PART: Final = ".part"
_NS_PER_SECOND: Final = 1_000_000_000


class SftpFolder:
    """A tree of files below a path of a server; a `kit.folders.Folder`."""

    def __init__(
        self, host: str, port: int, path: str, *, user: str, secret: str, host_key: str
    ) -> None:
        """`secret` is a password, or a private key in PEM; `host_key` the server's public one.

        Raises ValueError: the server's key is none.
        """
        self._host, self._port, self._root = host, port, path.rstrip("/")
        try:
            trusted = asyncssh.import_public_key(host_key)
        except asyncssh.KeyImportError:
            raise ValueError("host_key is no public key: ssh-ed25519 AAAA...") from None
        self._trusted: tuple[list[asyncssh.SSHKey], list[str], list[str]] = ([trusted], [], [])
        self._user, self._secret = user, secret
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._one = asyncio.Lock()

    def __repr__(self) -> str:
        """Name the place, never the secret."""
        return f"SftpFolder({self._host}:{self._port}{self._root})"

    async def look(self, place: str, pattern: str) -> Sequence[Seen]:
        """See `Folder.look`."""
        async with self._calling("look") as client:
            try:
                found = await client.readdir(self._at(place))
            except asyncssh.SFTPNoSuchFile:
                if place:
                    return []
                raise FolderTrouble(f"there is no folder {self._root or '/'}") from None
        seen = [
            Seen(str(one.filename), one.attrs.size or 0, (one.attrs.mtime or 0) * _NS_PER_SECOND)
            for one in found
            if stat.S_ISREG(one.attrs.permissions or 0) and fnmatchcase(str(one.filename), pattern)
        ]
        return sorted(seen, key=lambda one: one.name)

    async def read(self, place: str, name: str, bytes_max: int) -> bytes | None:
        """See `Folder.read`."""
        async with self._calling(name) as client:
            try:
                async with client.open(self._at(place, name), "rb") as file:
                    return _raw(await file.read(bytes_max + 1))
            except asyncssh.SFTPNoSuchFile:
                return None

    async def move(self, place: str, name: str, target: str, wanted: str) -> str | None:
        """See `Folder.move`."""
        async with self._calling(name) as client:
            source = self._at(place, name)
            try:
                await client.makedirs(self._at(target), exist_ok=True)
                free = wanted
                if await client.exists(self._at(target, free)):
                    async with client.open(source, "rb") as file:
                        digest = sha256(_raw(await file.read())).hexdigest()
                    free = f"{wanted}~{digest[:_DIGEST]}"
                await client.rename(source, self._at(target, free))
            except asyncssh.SFTPNoSuchFile:
                return None
        return free

    async def put(self, place: str, name: str, content: bytes) -> Put:
        """See `Folder.put`."""
        async with self._calling(name) as client:
            whole, part = self._at(place, name), self._at(place, f".{name}{_PART}")
            await client.makedirs(self._at(place), exist_ok=True)
            async with client.open(part, "wb") as file:
                await file.write(content)
            if not await client.exists(whole):
                try:
                    await client.rename(part, whole)
                except asyncssh.SFTPFailure:
                    pass  # somebody was quicker: what is there is looked at
                else:
                    return Put.MADE
            await client.remove(part)
            async with client.open(whole, "rb") as file:
                there = _raw(await file.read(len(content) + 1))
            return Put.THERE if there == content else Put.OTHER

    async def close(self) -> None:
        """Let go of the connection; it is opened anew if it is used again."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            await connection.wait_closed()

    def _at(self, *parts: str) -> str:
        return "/".join([self._root, *(one for one in parts if one)]) or "/"

    @asynccontextmanager
    async def _calling(self, what: str) -> AsyncIterator[asyncssh.SFTPClient]:
        """A client, one caller at a time; whatever else goes wrong is trouble, and said."""
        async with self._one:
            try:
                async with asyncio.timeout(CALL_SECONDS_MAX):
                    yield await self._opened()
            except (OSError, asyncssh.Error) as error:  # TimeoutError is an OSError
                await self.close()
                said = one_line(getattr(error, "reason", "") or type(error).__name__, 200)
                raise FolderTrouble(f"{what}: {said}") from None

    async def _opened(self) -> asyncssh.SFTPClient:
        if self._client is None:
            is_key = self._secret.startswith("-----BEGIN")
            self._connection = await asyncssh.connect(
                self._host,
                self._port,
                username=self._user,
                password=None if is_key else self._secret,
                client_keys=[asyncssh.import_private_key(self._secret)] if is_key else None,
                known_hosts=self._trusted,
                agent_path=None,
                config=None,
                connect_timeout=CONNECT_SECONDS_MAX,
            )
            self._client = await self._connection.start_sftp_client()
        return self._client


def _raw(read: bytes | str) -> bytes:
    """What was read of a file that was opened for bytes; the library's type says either."""
    return read if isinstance(read, bytes) else read.encode()
