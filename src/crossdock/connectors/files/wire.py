"""Files as they are written: bytes in, records out, each broken one by itself (V9).

A record is a mapping of names to values. What cannot be read at all raises `Odd`: then nothing of
the file is taken. XML with a document type is refused, so there are no entities to expand.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.parsers import expat

import msgspec

from crossdock.connectors.files.settings import FileFeed, Format
from crossdock.connectors.kit.mapping import ROWS, Record, decode, value
from crossdock.connectors.kit.reading import Odd

_XML_DEPTH_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that is not one: where, what was found, what was expected."""

    where: str
    found: str
    expected: str


def records(raw: bytes, feed: FileFeed) -> list[Record | Broken]:
    """The records of a file, in order; raises `Odd` for one that cannot be read."""
    if not raw.strip():
        raise Odd("$", "an empty file", "records")
    if feed.format is Format.XML:
        return _xml(raw, feed.records)
    text = _text(raw, feed.encoding)
    if feed.format is Format.CSV:
        return _csv(text, feed.delimiter)
    if feed.format is Format.NDJSON:
        return [_line(line, at) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
    return _json(text, feed.records)


def grouped(rows: Sequence[Record | Broken], key: Sequence[str]) -> list[Record | Broken]:
    """Rows that follow each other under one key, as one record with its `rows`."""
    found: list[Record | Broken] = []
    last: Any = None
    for row in rows:
        if isinstance(row, Broken):
            found.append(row)
            last = None
            continue
        here = [value(row, name) for name in key]
        group = found[-1] if found and last is not None and here == last else None
        if isinstance(group, dict):
            group[ROWS].append(row)
        else:
            found.append({**row, ROWS: [row]})
        last = here
    return found


def _text(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        found = f"byte {error.start}: {raw[error.start : error.start + 4]!r}"
        raise Odd("$", found, f"text in {encoding}") from None


def _csv(text: str, delimiter: str) -> list[Record | Broken]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Odd("$", str(error), "CSV as in RFC 4180") from None
    header, *lines = [row for row in rows if row]
    if len(set(header)) != len(header):
        raise Odd("$[0]", header, "each column once")
    return [
        dict(zip(header, line, strict=True))
        if len(line) == len(header)
        else Broken(f"$[{at}]", f"{len(line)} columns", f"{len(header)} columns")
        for at, line in enumerate(lines, 1)
    ]


def _json(text: str, path: str) -> list[Record | Broken]:
    try:
        whole = decode(text)
    except msgspec.DecodeError as error:
        raise Odd("$", str(error), "one JSON value") from None
    listed = whole if not path else value(whole if isinstance(whole, dict) else {}, path)
    if not isinstance(listed, list):
        raise Odd(f"$.{path}" if path else "$", type(listed).__name__, "a list of records")
    return [
        one if isinstance(one, dict) else Broken(f"$[{at}]", repr(one)[:80], "an object")
        for at, one in enumerate(listed)
    ]


def _line(line: str, at: int) -> Record | Broken:
    try:
        found = decode(line)
    except msgspec.DecodeError as error:
        return Broken(f"$[{at}]", str(error), "one JSON object")
    return found if isinstance(found, dict) else Broken(f"$[{at}]", line[:80], "one JSON object")


def _xml(raw: bytes, element: str) -> list[Record | Broken]:
    reader = _Elements(element)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Odd("$", str(error), "well-formed XML") from None
    return list(reader.found)


class _Elements:
    """Collects the elements of one name as records: children by name, attributes behind @."""

    def __init__(self, element: str) -> None:
        self.found: list[Record] = []
        self._element = element
        self._open: list[tuple[Record, list[str]]] = []

    def doctype(self, *_: object) -> None:
        raise Odd("$", "a document type", "XML without one: entities are not expanded")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._open or name == self._element:
            if len(self._open) >= _XML_DEPTH_MAX:
                raise Odd("$", f"more than {_XML_DEPTH_MAX} levels", "a flatter record")
            self._open.append(({f"@{key}": one for key, one in attributes.items()}, []))

    def text(self, words: str) -> None:
        if self._open:
            self._open[-1][1].append(words)

    def end(self, name: str) -> None:
        if not self._open:
            return
        inside, words = self._open.pop()
        text = "".join(words).strip()
        if not self._open:
            self.found.append(inside)
            return
        parent = self._open[-1][0]
        content: Any = {**inside, "#": text} if inside else text
        if name not in parent:
            parent[name] = content
        elif isinstance(parent[name], list):
            parent[name].append(content)
        else:
            parent[name] = [parent[name], content]
