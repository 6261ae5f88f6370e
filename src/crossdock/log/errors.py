"""What a store may answer besides a result: each engine translates its own errors into these.

The classes differ in what the caller may do next, never in what went wrong inside the engine::

    StoreError
    ├── StoreUnavailable   nothing was kept: the same unit of work may simply run again
    ├── StoreConflict      nothing was kept: run it again from its reads, others have moved on
    ├── StoreTimeout       nothing was kept: the work took longer than its limit
    ├── StoreFull          nothing was kept: stop taking work in until there is space
    ├── StoreRefused       nothing was kept: a constraint or a value said no, again would say no
    ├── StoreFault         nothing was kept: code and schema disagree, or data is damaged
    └── CommitUnknown      kept or not, nobody knows: ask the store by key before doing it again
"""

from __future__ import annotations

from typing import ClassVar

from crossdock.kernel.errors import CrossdockError


class StoreError(CrossdockError):
    """The store gave no result; the subclass says what that means for the unit of work."""

    code: ClassVar[str] = "store"
    #: Whether the same unit of work may be run again without asking anybody.
    retryable: ClassVar[bool] = False


class StoreUnavailable(StoreError):
    """The store cannot be reached, or was lost before COMMIT was sent; nothing was kept."""

    code: ClassVar[str] = "store-unavailable"
    retryable: ClassVar[bool] = True


class StoreConflict(StoreError):
    """Another writer was there first; nothing was kept, and reading again shows what it did."""

    code: ClassVar[str] = "store-conflict"
    retryable: ClassVar[bool] = True

    def __init__(self, message: str, constraint: str | None = None) -> None:
        super().__init__(message)
        #: The unique or exclusion constraint that was hit, or None for locks and serialization.
        self.constraint = constraint


class StoreTimeout(StoreError):
    """The store did not answer, or free a connection, within the limit; nothing was kept."""

    code: ClassVar[str] = "store-timeout"


class StoreFull(StoreError):
    """The store's disk is full; nothing was kept, and nothing will be until there is space."""

    code: ClassVar[str] = "store-full"


class StoreRefused(StoreError):
    """A constraint or a type of the store refused a value; nothing was kept."""

    code: ClassVar[str] = "store-refused"

    def __init__(self, message: str, constraint: str | None = None) -> None:
        super().__init__(message)
        #: The constraint that said no, or None where a type or a bound did.
        self.constraint = constraint


class StoreFault(StoreError):
    """The store said something that only a defect, a foreign schema or damaged data explains."""

    code: ClassVar[str] = "store-fault"


class CommitUnknown(StoreError):
    """COMMIT was sent and its answer was lost; the transaction is kept whole or not at all."""

    code: ClassVar[str] = "store-commit-unknown"
