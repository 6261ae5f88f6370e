"""What a store may answer besides a result: each engine translates its own errors into these.

The classes differ in what the caller may do next, never in what went wrong inside the engine:

    StoreError              store
    ├── StoreUnavailable    store-unavailable     nothing was kept: run the same work again
    ├── StoreConflict       store-conflict        nothing was kept: read again, others moved on
    ├── StoreTimeout        store-timeout         nothing was kept: the work outlasted its limit
    ├── StoreFull           store-full            nothing was kept: take nothing in for now
    ├── StoreRefused        store-refused         nothing was kept: again would be refused again
    ├── StoreFault          store-fault           nothing was kept: code and schema disagree
    ├── LeaseLost           lease-lost            nothing was kept: another worker holds the work
    ├── StockMoved          stock-moved           nothing was kept: decide again on fresh stock
    ├── DocumentMoved       document-moved        nothing was kept: decide again on the newer one
    └── CommitUnknown       store-commit-unknown  kept or not, nobody knows: ask by key first
"""

from __future__ import annotations

from typing import ClassVar

from crossdock.kernel.errors import CrossdockError


class StoreError(CrossdockError):
    """The store gave no result; the subclass says what that means for the unit of work."""

    code = "store"
    retryable: ClassVar[bool] = False  # may the same unit of work run again without asking anybody?

    def __init__(
        self,
        detail: str = "",
        *,
        where: str = "",
        found: str = "",
        expected: str = "",
        remedy: str = "",
        constraint: str | None = None,
    ) -> None:
        """Keep what a person needs, and for programs the name of the constraint that said no."""
        super().__init__(detail, where=where, found=found, expected=expected, remedy=remedy)
        self.constraint = constraint


class StoreUnavailable(StoreError):
    """The store cannot be reached, or was lost before COMMIT was sent; nothing was kept."""

    code = "store-unavailable"
    advice = "the hub tries again by itself; if it lasts, look at the database server"
    retryable = True


class StoreConflict(StoreError):
    """Another writer was there first; nothing was kept."""

    code = "store-conflict"
    advice = "the hub reads again and decides again"
    retryable = True


class StoreTimeout(StoreError):
    """The store did not finish, or freed no connection, within the limit; nothing was kept."""

    code = "store-timeout"
    advice = "look for a long transaction, or for more work than the store can take"


class StoreFull(StoreError):
    """The store's disk is full; nothing was kept."""

    code = "store-full"
    advice = "free space for the database; the hub goes on by itself"


class StoreRefused(StoreError):
    """A constraint or a type of the store refused a value; nothing was kept."""

    code = "store-refused"
    advice = "the caller must not send the same again"


class StoreFault(StoreError):
    """The store said something that only a defect, a foreign schema or damaged data explains."""

    code = "store-fault"
    advice = "keep the data as it is and report this; `crossdock check` says more"


class CommitUnknown(StoreError):
    """COMMIT was sent and its answer was lost; the transaction is kept whole or not at all."""

    code = "store-commit-unknown"
    advice = "ask the store by key what it holds before doing the work again"


class LeaseLost(StoreError):
    """Another worker holds the partition now; nothing of this batch was kept."""

    code = "lease-lost"
    advice = "the hub drops the batch; the holder of the lease decides it"


class StockMoved(StoreError):
    """Stock that a reservation relied on is gone; nothing of this batch was kept."""

    code = "stock-moved"
    advice = "the hub reads again and decides again"


class DocumentMoved(StoreError):
    """Somebody else changed a document first; nothing of this batch was kept."""

    code = "document-moved"
    advice = "the hub reads again and decides again"


MOVED = (StockMoved, DocumentMoved)
"""What ends well when the same messages are decided again on what stands by now."""
