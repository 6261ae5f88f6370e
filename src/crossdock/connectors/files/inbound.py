"""A file's records in our words, by the declared mapping (`kit/mapping.py`), and their control."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from crossdock.connectors.files.settings import Control, FileFeed
from crossdock.connectors.files.wire import Broken
from crossdock.connectors.kit import mapping
from crossdock.connectors.kit.mapping import Record
from crossdock.connectors.kit.reading import Odd
from crossdock.contracts.feeds import Said


def said(record: Record, feed: FileFeed, load: str, left: datetime) -> Said:
    """What a record means; raises `Odd`.

    `load` names the file's content, `left` is when it was left there.
    """
    noun = mapping.noun_of(record, feed)
    when = mapping.happened(record, feed, left)
    return Said(feed.type, f"{load}/{mapping.name(record, feed)}", when, noun)


def controlled(records: Sequence[Record | Broken], control: Control) -> list[Record | Broken]:
    """The records without the one that counts them; raises `Odd` where it does not agree."""
    trailers = [one for one in records if isinstance(one, dict) and _is_trailer(one, control)]
    if len(trailers) != 1 or trailers[0] is not records[-1]:
        raise Odd("$", f"{len(trailers)} control records", "one, as the last record")
    rest = list(records[:-1])
    if control.count is not None:
        counted = _decimal(trailers[0], control.count)
        if counted != len(rest):
            raise Odd(f"$.{control.count}", f"{len(rest)} records", f"{counted} records")
    if control.total is not None and control.of is not None:
        declared = _decimal(trailers[0], control.total)
        total = sum(
            (_decimal(one, control.of) for one in rest if isinstance(one, dict)), Decimal(0)
        )
        if total != declared:
            raise Odd(f"$.{control.total}", f"a sum of {total}", f"a sum of {declared}")
    return rest


def _is_trailer(record: Record, control: Control) -> bool:
    found: object = mapping.value(record, control.column)
    return found == control.value


def _decimal(record: Record, column: str) -> Decimal:
    try:
        return Decimal(str(mapping.value(record, column)).strip())
    except InvalidOperation:
        raise Odd(f"$.{column}", mapping.value(record, column), "a number") from None
