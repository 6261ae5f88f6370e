r"""One source line: its fields, how each is read, and what makes it malformed.

| field | read as | rejected when |
|---|---|---|
| document | as it stands, blanks at the ends off | empty, over 20 characters, not letters, digits, `.` `_` |
| line_no | whole number from 1 | anything else |
| sku | upper case, runs of blanks one blank: case variants of one code are one item | empty, over 32 characters, no identifier |
| description | blanks collapsed, normal form C, forbidden characters become `?`, cut at 100 | never |
| qty | whole number | zero, or beyond a hundred million either way |
| invoice_ts | local time of the United Kingdom, `YYYY-MM-DD hh:mm:ss` | anything else; years before 1970 or after 2199 |
| unit_price_gbp | decimal text, exactly, in ten-thousandths | finer than that, or no decimal number |
| customer_id | as it stands; empty means nobody is named | over 20 characters, or as for document |
| country | as a description | never |

Quantity x price beyond the cap on money is rejected too. No float touches a number.
"""  # noqa: E501  a table

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from crossdock.estate.stories.story import Fault, Rejection
from crossdock.kernel.limits import MONEY_MINOR_MAX
from crossdock.kernel.redaction import shown
from crossdock.kernel.text import identifier_fault, line_fault

QUANTITY_EACH_MAX = 10**8
"""Units of one line. The largest real one is 80,995; sums over a file stay within the hub's cap."""

SKU_LENGTH_MAX = 32
"""Characters of an item code; ids that are made of it and a document number stay within 64."""

WORDS_LENGTH_MAX = 100
"""Characters of a description. The longest real one has 35; a thousand lines fit in one message."""

FIELDS = 9


class SourceLine(Struct, frozen=True, gc=False):
    """One well-formed line of a sales document."""

    document: str
    line_no: int
    sku: str
    description: str
    quantity: int  # base units; negative takes back
    at: datetime  # UTC
    price_e4: int  # ten-thousandths of a pound per unit
    customer: str  # empty when nobody is named
    country: str
    place: int  # line in the file, the header being line 1


class _Malformed(Exception):
    def __init__(self, fault: Fault, found: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.found = found


def read_row(row: list[str], place: int) -> SourceLine | Rejection:
    """Read the nine fields of one record; a malformed one comes back as its rejection."""
    if len(row) != FIELDS:
        return Rejection(place, Fault.COLUMNS, f"{len(row)} fields")
    document = row[0].strip()
    if _NUMBER.match(document) is None:
        return Rejection(place, Fault.DOCUMENT, shown(row[0]))
    try:
        return _read(document, row, place)
    except _Malformed as malformed:
        return Rejection(place, malformed.fault, shown(malformed.found), document)


def _read(document: str, row: list[str], place: int) -> SourceLine:
    quantity = _whole(row[4], Fault.QUANTITY)
    if quantity == 0 or abs(quantity) > QUANTITY_EACH_MAX:
        raise _Malformed(Fault.QUANTITY, row[4])
    line_no = _whole(row[1], Fault.LINE_NUMBER)
    if line_no < 1:
        raise _Malformed(Fault.LINE_NUMBER, row[1])
    price = _price_e4(row[6])
    if abs(quantity * price) > MONEY_MINOR_MAX:
        raise _Malformed(Fault.VALUE, f"{row[4]} x {row[6]}")
    customer = row[7].strip()
    if customer and _NUMBER.match(customer) is None:
        raise _Malformed(Fault.CUSTOMER, row[7])
    return SourceLine(
        document=document,
        line_no=line_no,
        sku=_sku(row[2]),
        description=clean(row[3]),
        quantity=quantity,
        at=_utc(row[5]),
        price_e4=price,
        customer=customer,
        country=clean(row[8]),
        place=place,
    )


# No dash: ids that are made of a number add a part behind a dash, and must not meet another number.
_NUMBER = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._]{0,19}\Z")
_WHOLE = re.compile(r"\A-?[0-9]{1,9}\Z")
_PRICE = re.compile(r"\A(-?)([0-9]{1,12})(?:\.([0-9]{1,20}))?\Z")
_TIME = re.compile(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\Z")


def _whole(text: str, fault: Fault) -> int:
    if _WHOLE.match(text) is None:
        raise _Malformed(fault, text)
    return int(text)


@lru_cache(maxsize=8192)
def _sku(text: str) -> str:
    sku = " ".join(text.split()).upper()
    if len(sku) > SKU_LENGTH_MAX or identifier_fault(sku) is not None:
        raise _Malformed(Fault.SKU, text)
    return sku


@lru_cache(maxsize=8192)
def _price_e4(text: str) -> int:
    found = _PRICE.match(text)
    if found is None:
        raise _Malformed(Fault.PRICE, text)
    sign, whole, fraction = found.groups(default="")
    fraction = fraction.rstrip("0")
    if len(fraction) > 4:
        raise _Malformed(Fault.PRICE, text)
    price = int(whole) * 10_000 + int(fraction.ljust(4, "0"))
    return -price if sign else price


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """Words that pass as one line of text: what may not stand in one becomes `?`."""
    words = unicodedata.normalize("NFC", " ".join(text.split()))[:WORDS_LENGTH_MAX].rstrip()
    if line_fault(words) is not None:
        words = "".join("?" if line_fault(character) else character for character in words)
    return words


@lru_cache(maxsize=4096)
def _utc(text: str) -> datetime:
    """Read local time of the United Kingdom as UTC.

    The rule is spelled out here because a machine may lack the time zone tables: an hour ahead
    from the last Sunday of March to the last Sunday of October, each at 01:00 UTC. The hour that
    happens twice is taken as its first; the hour that never happens is taken as winter time.
    """
    if _TIME.match(text) is None:
        raise _Malformed(Fault.TIME, text)
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise _Malformed(Fault.TIME, text) from None
    if not 1970 <= local.year <= 2199:
        raise _Malformed(Fault.TIME, text)
    hour = timedelta(hours=1)
    starts, ends = _last_sunday(local.year, 3) + hour, _last_sunday(local.year, 10) + hour
    return local - hour if starts <= local - hour < ends else local


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, tzinfo=UTC)  # March and October both have 31 days
    return last - timedelta(days=(last.weekday() + 1) % 7)
