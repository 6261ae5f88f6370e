"""What an operator fills in for a folder: which files mean what, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from crossdock.connectors.kit.card import Settings
from crossdock.connectors.kit.mapping import Mapped
from crossdock.kernel.limits import MIB

FILE_BYTES_MAX: Final = 64 * MIB

SFTP: Final = "sftp://"

Name = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9_-]{0,63}\Z")]
Pattern = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\A[^/\\]+\Z")]


class Format(StrEnum):
    """How the records of a file are written."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    XML = "xml"


class Control(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A last record that counts the others: if it does not agree, nothing of the file is taken."""

    column: str  # that tells it from the others
    value: str
    count: str | None = None  # the column that holds how many records there are
    total: str | None = None  # the column that holds the sum
    of: str | None = None  # of this column


class FileFeed(Mapped, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of file, and what a record of it means; without `time`, when it was left there."""

    match: Pattern
    format: Format
    records: str = ""  # JSON: the path of the list; XML: the name of a record's element
    encoding: str = "utf-8"
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    full: bool = False  # a full export: only records that differ from the last one are said
    control: Control | None = None

    def __post_init__(self) -> None:
        """Refuse what can never be said; raises ValueError."""
        super().__post_init__()
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(f"{self.encoding} is no character set") from None


class FilesSettings(Settings, frozen=True, kw_only=True):
    """The whole of it; `msgspec.convert` builds it from a mapping and says what is wrong."""

    folder: Annotated[
        str,
        Meta(
            min_length=1, description="The folder that both sides use: a path, or sftp://host/path"
        ),
    ]
    user: Annotated[str, Meta(description="Of SFTP: who we are there")] = ""
    credential: Annotated[
        str,
        Meta(description="Of SFTP: a password, or a private key in PEM", extra={"secret": True}),
    ] = ""
    host_key: Annotated[
        str, Meta(description="Of SFTP: the server's public key, ssh-ed25519 AAAA...")
    ] = ""
    feeds: Annotated[
        Mapping[Name, FileFeed], Meta(description="By name, the files that are read from it")
    ] = {}
    out: Annotated[
        Mapping[str, Name],
        Meta(description="By message type, the folder inside it that files are written to"),
    ] = {}
    stable_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="A file is taken when it has not changed for so long",
            extra={"unit": "seconds"},
        ),
    ] = 10
    page_size: Annotated[
        int, Meta(ge=1, le=5_000, description="Records put on the log at a time: a checkpoint")
    ] = 1_000

    def __post_init__(self) -> None:
        """Refuse a server that could be anybody; raises ValueError."""
        if self.folder.startswith(SFTP) and not (self.user and self.host_key):
            raise ValueError("a folder on an SFTP server needs user and host_key")
