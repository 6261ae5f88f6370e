"""From lines to documents, and what each line of a document is for.

| line | role |
|---|---|
| all fields but the line number equal to an earlier line of its document | absorbed |
| another customer than the document's first line, a line number met before | rejected |
| positive quantity in a `C...` document; negative price of goods, or of a negative quantity | rejected |
| positive quantity, and the document names no customer and every price in it is zero | found (services: book entry) |
| any other positive quantity | sold, at its price, zero and sub-penny prices included |
| negative quantity at price zero outside `C...` documents | written off (services: book entry) |
| any other negative quantity, of goods | taken back |
| any other negative quantity, of services | credited |

Lines of one document may be interrupted by another document's: a document stays open for ten
minutes of the story's time. A line that comes later still opens a further part of its document.
A line up to ten minutes older than one before it takes that one's time; an older one is rejected.
"""  # noqa: E501  a table

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from crossdock.contracts.vocabulary import ItemKind
from crossdock.estate.stories.rows import SourceLine
from crossdock.estate.stories.story import Fault, Rejection

OPEN_FOR = timedelta(minutes=10)
"""How long a document waits for further lines, and how late a line may be, in story time."""

SERVICE_CODES = frozenset(
    {"POST", "DOT", "M", "D", "C2", "S", "B", "BANK CHARGES", "AMAZONFEE", "PADS", "CRUK"}
)
SERVICE_PREFIXES = ("GIFT_",)

Lines = Callable[[], Iterator[SourceLine | Rejection]]
"""A source of lines in time order that can be read again from its beginning."""


class Role(StrEnum):
    """What a line of a document is for."""

    SOLD = "sold"
    TAKEN_BACK = "taken_back"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"
    FOUND = "found"
    BOOK_ENTRY = "book_entry"
    ABSORBED = "absorbed"


class Document(Struct, frozen=True):
    """The lines of one document, or of a part of it, in the order of the source."""

    number: str
    at: datetime
    customer: str
    country: str
    lines: list[SourceLine]

    @property
    def takes_back(self) -> bool:
        """Whether its number says that it cancels."""
        return self.number.startswith("C")


def kind_of(sku: str) -> ItemKind:
    """Whether a code sits on a shelf; every code outside the two tables above does."""
    service = sku in SERVICE_CODES or sku.startswith(SERVICE_PREFIXES)
    return ItemKind.SERVICE if service else ItemKind.STOCK


def documents(lines: Iterable[SourceLine | Rejection]) -> Iterator[Document | Rejection]:
    """Gather lines into documents, in the order in which the documents begin."""
    gathered: dict[str, list[SourceLine]] = {}
    newest: datetime | None = None
    for line in lines:
        if isinstance(line, Rejection):
            yield line
            continue
        if newest is None or line.at > newest:
            newest = line.at
            yield from _closed(gathered, newest - OPEN_FOR)
        elif line.at < newest - OPEN_FOR:
            found = line.at.isoformat()
            yield Rejection(line.place, Fault.TIME_ORDER, found, line.document, line.line_no)
            continue
        on_time = line if line.at == newest else replace(line, at=newest)
        gathered.setdefault(line.document, []).append(on_time)
    yield from _closed(gathered, None)


def _closed(gathered: dict[str, list[SourceLine]], before: datetime | None) -> Iterator[Document]:
    """Take out the documents that began before a moment; all of them for None."""
    # A dict keeps the order of first insertion, so the oldest document stands first.
    while gathered:
        number = next(iter(gathered))
        lines = gathered[number]
        first = lines[0]
        if before is not None and first.at >= before:
            return
        del gathered[number]
        yield Document(number, first.at, first.customer, first.country, lines)


def roles(document: Document) -> Iterator[tuple[SourceLine, Role | Fault]]:
    """Say what each line of a document is for, or why it cannot be taken."""
    given = not document.customer and all(line.price_e4 == 0 for line in document.lines)
    contents = set()
    numbers = set()
    for line in document.lines:
        content = (line.sku, line.description, line.quantity, line.at, line.price_e4, line.customer)
        if content in contents:
            yield line, Role.ABSORBED
        elif line.customer != document.customer:
            yield line, Fault.CUSTOMER_DIFFERS
        elif line.line_no in numbers:
            yield line, Fault.LINE_REPEATED
        else:
            contents.add(content)
            numbers.add(line.line_no)
            yield line, _role(document, line, given=given)


def _role(document: Document, line: SourceLine, *, given: bool) -> Role | Fault:
    service = kind_of(line.sku) is ItemKind.SERVICE
    if line.quantity > 0:
        if document.takes_back:
            return Fault.QUANTITY_SIGN
        if line.price_e4 < 0 and not service:
            return Fault.PRICE_SIGN
        if given:
            return Role.BOOK_ENTRY if service else Role.FOUND
        return Role.SOLD
    if line.price_e4 < 0:
        return Fault.PRICE_SIGN
    if line.price_e4 == 0 and not document.takes_back:
        return Role.BOOK_ENTRY if service else Role.WRITTEN_OFF
    return Role.CREDITED if service else Role.TAKEN_BACK
