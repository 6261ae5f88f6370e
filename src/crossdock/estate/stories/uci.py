"""Reading the UCI "Online Retail" file: invoice lines of a gift wholesaler, in time order.

The data set is number 352 of the UCI Machine Learning Repository (Chen, D., 2015), CC BY 4.0. The
file is CSV with exactly the columns below, plain or compressed with gzip (by its first bytes, not
its name), UTF-8 with or without a byte order mark. How a field is read stands in `rows`, what a
line is for in `documents`, what it becomes in `planner`.

A file that is no such file raises; a line that is no such line is a `Rejection` and the reading
goes on. Records are streamed: memory does not grow with the file.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from crossdock.estate.stories.planner import Cast, PlannedStory
from crossdock.estate.stories.rows import SourceLine, read_row
from crossdock.estate.stories.story import Fault, Rejection
from crossdock.kernel.errors import BadInput, MissingField, UnsupportedFormat
from crossdock.kernel.redaction import shown

COLUMNS = (
    "order_id",
    "line_no",
    "sku",
    "description",
    "qty",
    "invoice_ts",
    "unit_price_gbp",
    "customer_id",
    "country",
)

_GZIP = b"\x1f\x8b"


class WrongColumns(MissingField):
    """The first line of the file does not name the columns that we read."""

    code = "wrong-columns"
    expects = ",".join(COLUMNS)
    advice = "rename or reorder the columns of the file"


class CutShort(BadInput):
    """The compressed file is damaged or ends too early."""

    code = "cut-short"
    advice = "fetch the file again"


def uci_story(path: Path, cast: Cast | None = None) -> PlannedStory:
    """The story that a file tells. Raises what `read_lines` raises, once the story begins."""
    return PlannedStory(lambda: read_lines(path), cast)


def read_lines(path: Path) -> Iterator[SourceLine | Rejection]:
    """Give each record of the file, read or rejected.

    Raises `OSError` where the file cannot be opened, `WrongColumns`, `UnsupportedFormat` where it
    is no text at all, `CutShort` where its compression breaks off.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        # Bytes that are no UTF-8 survive as surrogates, so that they spoil their own line only.
        text = io.TextIOWrapper(
            gzip.GzipFile(fileobj=raw) if packed else raw,
            encoding="utf-8-sig",
            errors="surrogateescape",
            newline="",
        )
        try:
            yield from _records(text, path)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise CutShort(where=path.name, found=shown(str(error))) from None


def _records(text: TextIO, path: Path) -> Iterator[SourceLine | Rejection]:
    reader = csv.reader(text, strict=True)
    try:
        heading = tuple(next(reader, ()))
    except csv.Error as error:
        raise UnsupportedFormat(where=path.name, found=shown(str(error))) from None
    if heading != COLUMNS:
        raise WrongColumns(where=f"{path.name}, line 1", found=shown(",".join(heading)))
    while True:
        place = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield Rejection(place, Fault.UNREADABLE, shown(str(error)))
            continue
        if row is None:
            return
        yield read_row(row, place)
