"""A story: steps in time order, and the account of what became of every source line.

Nothing is dropped. Every line that a story reads gets exactly one disposition of a closed list,
and the dispositions add up to the lines read; `Accounting` says so in numbers.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from crossdock.contracts.words import Noun

REJECTIONS_KEPT_MAX = 1_000
"""Rejections that a ledger keeps with their line; the counts by name go on beyond it."""


class Phase(StrEnum):
    """Which part of the story a step belongs to; a phase is over before the next one begins."""

    MASTERS = "masters"  # items and parties
    OPENING = "opening"  # what lies on the shelves when the doors open
    TRADING = "trading"  # orders, cancellations, returns, deliveries, write-offs


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """One thing that one far system says at one moment."""

    at: datetime  # when it happened, in UTC
    source: str  # the far system that says it
    type: str  # a name of the catalogue
    id: str  # the message id: the same in every run of the same story
    noun: Noun
    phase: Phase = Phase.TRADING


class Disposition(StrEnum):
    """What became of one source line; exactly one each, and there is no other."""

    ORDERED = "ordered"  # goods on an order
    ORDERED_SERVICE = "ordered_service"  # postage, fees, vouchers, manual entries on an order
    ORDERED_FREE = "ordered_free"  # on an order at price zero: samples, replacements
    ABSORBED = "absorbed"  # an exact duplicate of a line of its document; stands for one line
    CANCELLED = "cancelled"  # wholly asked to be cancelled on young orders
    RETURNED = "returned"  # wholly asked to be returned against older orders
    CANCELLED_AND_RETURNED = "cancelled_and_returned"  # wholly matched: some of it each way
    RETURNED_PARTLY_UNSEEN = "returned_partly_unseen"  # some of it matched no order of the story
    RETURNED_UNSEEN = "returned_unseen"  # matched no order: returned against one nobody has seen
    CREDITED = "credited"  # money back without goods: discounts, fees, postage, manual entries
    WRITTEN_OFF = "written_off"  # stock adjusted down
    FOUND = "found"  # stock adjusted up
    BOOK_ENTRY = "book_entry"  # price-zero entry on a code without stock; nothing to tell anybody
    REJECTED = "rejected"  # malformed; the ledger names the fault and the line


class Fault(StrEnum):
    """Why a source line is rejected; the word is stable."""

    UNREADABLE = "unreadable"  # not a record of the format, a stray quote for instance
    COLUMNS = "columns"  # more or fewer fields than columns
    DOCUMENT = "document"  # no document number, or one with forbidden characters
    LINE_NUMBER = "line_number"  # no positive whole number
    LINE_REPEATED = "line_repeated"  # the document has another line of this number
    SKU = "sku"
    QUANTITY = "quantity"  # no whole number, zero, or beyond the cap
    QUANTITY_SIGN = "quantity_sign"  # a positive quantity in a cancelling document
    TIME = "time"
    TIME_ORDER = "time_order"  # earlier than lines before it
    PRICE = "price"  # no decimal number, or finer than a ten-thousandth
    PRICE_SIGN = "price_sign"  # a negative price of goods
    CUSTOMER = "customer"
    CUSTOMER_DIFFERS = "customer_differs"  # one document, two customers
    VALUE = "value"  # quantity x price beyond the cap on money


class Rejection(Struct, frozen=True, gc=False):
    """A malformed source line: where it stands, what is wrong, what was found."""

    place: int  # line number in the file, the header being line 1
    fault: Fault
    found: str = ""  # shown short and clean
    document: str = ""
    line_no: int = 0  # 0 where it was not read


class Accounting(Struct, frozen=True, kw_only=True):
    """The sums of a story so far; JSON-able. Money in minor units of the story's currency."""

    lines_in: int
    lines_accounted: int
    dispositions: dict[str, int]
    rejections: dict[str, int]
    documents: int
    documents_cancelling: int
    steps: int
    items: int
    parties: int
    orders: int
    orders_credit: int  # service orders at negative prices: money back without goods
    cancellations: int
    returns: int
    returns_unseen: int  # of these, against orders that the story never placed
    adjustments: int  # write-offs and finds; opening balances stand under `openings`
    openings: int
    receipts: int
    units_ordered: int  # goods and services
    units_ordered_goods: int
    units_supplied: int  # bought for the whole story: equal to the goods ordered when it is told
    lines_short_planned: int  # order lines for which stock was planned to be short
    value_ordered_minor: int
    value_credited_minor: int


class LineLedger:
    """The account of source lines: what became of each, and on which order it stands.

    About sixteen bytes a line: dispositions and line numbers in arrays by document.
    """

    def __init__(self) -> None:
        self.rejections: list[Rejection] = []
        self.faults: Counter[Fault] = Counter()
        self._counts: Counter[Disposition] = Counter()
        self._codes: dict[str, bytearray] = {}
        self._numbers: dict[str, array[int]] = {}
        self._elsewhere: dict[tuple[str, int], str] = {}

    def note(
        self, document: str, line_no: int, disposition: Disposition, order_id: str = ""
    ) -> None:
        """Account for one line; `order_id` where it stands on an order of another number."""
        codes = self._codes.get(document)
        if codes is None:
            codes = self._codes[document] = bytearray()
            self._numbers[document] = array("q")
        codes.append(_CODES[disposition])
        self._numbers[document].append(line_no)
        self._counts[disposition] += 1
        if order_id and order_id != document:
            self._elsewhere[document, line_no] = order_id

    def reject(self, rejection: Rejection) -> None:
        """Account for a malformed line."""
        self.faults[rejection.fault] += 1
        if len(self.rejections) < REJECTIONS_KEPT_MAX:
            self.rejections.append(rejection)
        if rejection.document:
            self.note(rejection.document, rejection.line_no, Disposition.REJECTED)
        else:
            self._counts[Disposition.REJECTED] += 1

    def of(self, document: str, line_no: int) -> Disposition | None:
        """What became of the (first) line of this number; None when there is none."""
        numbers = self._numbers.get(document)
        if numbers is None or line_no not in numbers:
            return None
        return _DISPOSITIONS[self._codes[document][numbers.index(line_no)]]

    def order_of(self, document: str, line_no: int) -> tuple[str, str] | None:
        """The (order id, line) that a source line became; None when it is on no order."""
        if self.of(document, line_no) not in ON_ORDERS:
            return None
        return self._elsewhere.get((document, line_no), document), str(line_no)

    @property
    def accounted(self) -> int:
        """How many lines have a disposition."""
        return self._counts.total()

    @property
    def documents(self) -> int:
        """How many documents were met, those with rejected lines alone included."""
        return len(self._codes)

    @property
    def documents_cancelling(self) -> int:
        """How many of the documents take back."""
        return sum(number.startswith("C") for number in self._codes)

    def counts(self) -> dict[str, int]:
        """How many lines per disposition, every one of them named."""
        return {disposition.value: self._counts[disposition] for disposition in Disposition}


ON_ORDERS = frozenset(
    {
        Disposition.ORDERED,
        Disposition.ORDERED_SERVICE,
        Disposition.ORDERED_FREE,
        Disposition.CREDITED,
    }
)
"""Dispositions of lines that stand on an order placed by the story."""

_DISPOSITIONS = tuple(Disposition)
_CODES = {disposition: code for code, disposition in enumerate(_DISPOSITIONS)}


class Story(Protocol):
    """What a feeder plays."""

    @property
    def ledger(self) -> LineLedger:
        """The account of lines, growing with the steps."""
        ...

    def prepare(self) -> None:
        """Do the slow work that comes before the first step; may run in another thread."""
        ...

    def steps(self) -> Iterator[Step]:
        """Tell the story, once, in time order; calls `prepare` where nobody did."""
        ...

    def stop(self) -> None:
        """Begin no further document; what is still owed to the begun ones is told."""
        ...

    def accounting(self) -> Accounting:
        """The sums so far."""
        ...
