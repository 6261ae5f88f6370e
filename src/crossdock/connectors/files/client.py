"""Write and look: a document is a file of its own, and what was written is remembered beside it.

Whoever reads the folder may take files away. So each file is kept in `sent/` as well, by which it
is found again after an unknown outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final
from urllib.parse import urlsplit

from crossdock.connectors.files import outbound
from crossdock.connectors.files.card import CARD
from crossdock.connectors.files.feeds import Files
from crossdock.connectors.files.settings import FILE_BYTES_MAX, SFTP, FilesSettings
from crossdock.connectors.kit.folders import Folder, FolderTrouble, LocalFolder, Put
from crossdock.connectors.kit.http import BadAddress
from crossdock.connectors.kit.kind import Kind
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Document,
    FarAnswer,
    Found,
    NotThere,
    Refused,
    RetryLater,
    Unknown,
)
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown

SENT: Final = "sent"

_ASK_AFTER_SECONDS: Final = 0.0  # a file is there or not; nobody is still at work on it


class SftpNotInstalled(CrossdockError):
    """The library for SFTP is not installed."""

    code = "sftp-not-installed"
    advice = "install crossdock[sftp]"


class FilesConnector:
    """One folder; a `contracts.connector.Connector` and a `contracts.feeds.Source`."""

    def __init__(self, settings: FilesSettings, folder: Folder) -> None:
        self._settings = settings
        self._folder = folder
        self._feeds = tuple(
            Files(name, feed, settings, folder) for name, feed in settings.feeds.items()
        )

    @property
    def batch_max(self) -> int:
        """A file holds one document."""
        return 1

    @property
    def feeds(self) -> Sequence[Files]:
        """The kinds of files that are read."""
        return self._feeds

    def ability(self, message_type: str) -> Ability:
        """What was written is found again by its name."""
        return Ability.LOOK_UP if message_type in self._settings.out else Ability.NEITHER

    def ask_after_seconds(self, message_type: str) -> float:
        """How long after an unknown outcome "it is not there" is believed."""
        return _ASK_AFTER_SECONDS

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Write them one after the other; gives one answer each."""
        return [await self._told(document) for document in documents]

    async def look_up(self, document: Document) -> Found:
        """Whether its file was written, also if it was taken away since."""
        place = self._settings.out.get(document.type)
        if place is None:
            return Unknown(f"no folder is named for {document.type}")
        try:
            known = await self._is_there(place, document)
        except FolderTrouble as trouble:
            return Unknown(str(trouble))
        return AlreadyDone(outbound.name(document)) if known else NotThere()

    async def close(self) -> None:
        """Let go of the folder."""
        await self._folder.close()

    async def _told(self, document: Document) -> FarAnswer:
        place = self._settings.out.get(document.type)
        if place is None:
            return Refused(f"no folder is named for {document.type}")
        name, content = outbound.name(document), outbound.content(document)
        try:
            if await self._is_there(f"{SENT}/{place}", document, own=True):
                return AlreadyDone(name)
            put = await self._folder.put(place, name, content)
            if put is Put.OTHER:
                return Refused(f"a file {name} of other content is there")
            await self._folder.put(f"{SENT}/{place}", name, content)
        except FolderTrouble as trouble:
            return RetryLater(str(trouble), counts=False)
        return Accepted(name) if put is Put.MADE else AlreadyDone(name)

    async def _is_there(self, place: str, document: Document, *, own: bool = False) -> bool:
        """Whether this very file stands in the folder, or, unless `own`, in what was sent."""
        name, content = outbound.name(document), outbound.content(document)
        for where in (place,) if own else (f"{SENT}/{place}", place):
            if await self._folder.read(where, name, FILE_BYTES_MAX) == content:
                return True
        return False


def connect(settings: FilesSettings, folder: Folder | None = None) -> FilesConnector:
    """Make the connector of one folder, which need not exist yet.

    Raises `BadAddress`, and `SftpNotInstalled` where the folder is on a server.
    """
    return FilesConnector(settings, folder or _folder(settings))


def _folder(settings: FilesSettings) -> Folder:
    if not settings.folder.startswith(SFTP):
        return LocalFolder(settings.folder)
    try:
        kind = import_module("crossdock.connectors.kit.sftp").SftpFolder
    except ImportError:
        raise SftpNotInstalled from None
    parts = urlsplit(settings.folder)
    if not parts.hostname or "@" in parts.netloc:
        raise BadAddress(found=shown(settings.folder), expected="sftp://host[:port]/path")
    found: Folder = kind(
        parts.hostname,
        parts.port or 22,
        parts.path,
        user=settings.user,
        secret=settings.credential,
        host_key=settings.host_key,
    )
    return found


KIND = Kind(CARD, FilesSettings, connect)
