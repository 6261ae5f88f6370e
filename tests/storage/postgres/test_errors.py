"""Each SQLSTATE and each exception of the driver means one thing to the unit of work."""

from __future__ import annotations

import errno

import asyncpg
import pytest

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
from crossdock.storage.postgres.errors import translate, translating


def answer(state: str, severity: str = "ERROR", constraint: str | None = None) -> Exception:
    """The driver's exception for an error message of the server, built as the driver does."""
    fields = {"S": severity, "V": severity, "C": state, "M": "said so", "D": "Key (id)=(secret)"}
    if constraint:
        fields["n"] = constraint
    error: Exception = asyncpg.PostgresError.new(fields)
    return error


STATES: list[tuple[str, type[StoreError]]] = [
    ("08000", StoreUnavailable),
    ("08001", StoreUnavailable),
    ("08003", StoreUnavailable),
    ("08006", StoreUnavailable),
    ("0A000", StoreFault),
    ("22001", StoreRefused),
    ("22003", StoreRefused),
    ("22P02", StoreRefused),
    ("23502", StoreRefused),
    ("23503", StoreRefused),
    ("23505", StoreConflict),
    ("23514", StoreRefused),
    ("23P01", StoreConflict),
    ("25006", StoreUnavailable),
    ("25P02", StoreFault),
    ("25P03", StoreTimeout),
    ("25P04", StoreTimeout),
    ("28P01", StoreFault),
    ("3D000", StoreFault),
    ("40001", StoreConflict),
    ("40P01", StoreConflict),
    ("42601", StoreFault),
    ("42P01", StoreFault),
    ("53100", StoreFull),
    ("53200", StoreUnavailable),
    ("53300", StoreUnavailable),
    ("55P03", StoreConflict),
    ("57014", StoreTimeout),
    ("57P01", StoreUnavailable),
    ("57P02", StoreUnavailable),
    ("57P03", StoreUnavailable),
    ("57P04", StoreFault),
    ("57P05", StoreUnavailable),
    ("58030", StoreUnavailable),
    ("P0001", StoreFault),
    ("XX001", StoreFault),
]

OTHERS: list[tuple[Exception, type[StoreError]]] = [
    (asyncpg.InterfaceError("connection is closed"), StoreUnavailable),
    (asyncpg.InterfaceError("pool is closing"), StoreUnavailable),
    (asyncpg.InterfaceError("released back to the pool"), StoreUnavailable),
    (asyncpg.InterfaceError("another operation is in progress"), StoreFault),
    (asyncpg.InternalClientError("cannot switch to state 15"), StoreUnavailable),
    (asyncpg.exceptions.OutdatedSchemaCacheError("type changed"), StoreConflict),
    (asyncpg.InvalidCachedStatementError("plan changed"), StoreConflict),
    (asyncpg.ConnectionDoesNotExistError("in the middle of operation"), StoreUnavailable),
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), StoreUnavailable),
    (ConnectionResetError(errno.ECONNRESET, "reset"), StoreUnavailable),
    (FileNotFoundError(errno.ENOENT, "no socket"), StoreUnavailable),
    (OSError(errno.ENOSPC, "no space"), StoreFull),
    (OSError(errno.EDQUOT, "quota"), StoreFull),
    (TimeoutError(), StoreTimeout),
]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_each_sqlstate_means_one_thing(state: str, expected: type[StoreError]) -> None:
    """An answer of the server becomes exactly one class of store error and names its SQLSTATE."""
    named = translate(answer(state))
    assert type(named) is expected
    assert state in str(named)


@pytest.mark.parametrize(("error", "expected"), OTHERS)
def test_each_other_exception_means_one_thing(error: Exception, expected: type[StoreError]) -> None:
    """An exception of the driver or the socket becomes exactly one class of store error."""
    assert type(translate(error)) is expected


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_an_error_in_answer_to_commit_is_a_certain_no(
    state: str, expected: type[StoreError]
) -> None:
    """The server said ERROR to COMMIT, so nothing was kept and the class is the usual one."""
    assert type(translate(answer(state), at_commit=True)) is expected


@pytest.mark.parametrize("severity", ["FATAL", "PANIC"])
@pytest.mark.parametrize("state", ["53100", "57P01", "57P02", "XX000"])
def test_a_server_that_dies_at_commit_leaves_it_unknown(state: str, severity: str) -> None:
    """FATAL or PANIC in answer to COMMIT may come after the commit was kept."""
    assert type(translate(answer(state, severity), at_commit=True)) is CommitUnknown


@pytest.mark.parametrize("error", [error for error, _ in OTHERS if "switch" not in str(error)])
def test_a_connection_that_dies_at_commit_leaves_it_unknown(error: Exception) -> None:
    """Whatever the driver says instead of an answer to COMMIT, nobody knows."""
    assert type(translate(error, at_commit=True)) is CommitUnknown


def test_a_commit_that_was_never_sent_kept_nothing() -> None:
    """A driver that finds its session dead before it writes COMMIT leaves no doubt."""
    error = asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is …")
    assert type(translate(error, at_commit=True)) is StoreUnavailable


@pytest.mark.parametrize("state", ["23505", "23514"])
def test_the_constraint_that_said_no_is_named(state: str) -> None:
    """Programs read the constraint's name; the text does not quote the row's values."""
    named = translate(answer(state, constraint="inbox_once"))
    assert named is not None
    assert named.constraint == "inbox_once"
    assert "secret" not in str(named)


def test_what_is_not_the_stores_passes_through() -> None:
    """An exception of ours is neither swallowed nor renamed."""
    assert translate(ValueError("ours")) is None
    with pytest.raises(ValueError, match="ours"), translating():
        raise ValueError("ours")


def test_only_what_kept_nothing_and_may_pass_is_retryable() -> None:
    """Running again without asking is allowed after two classes of error only."""
    kinds = {kind for _, kind in STATES} | {CommitUnknown}
    assert {kind for kind in kinds if kind.retryable} == {StoreUnavailable, StoreConflict}
