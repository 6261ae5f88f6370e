r"""Which characters an identifier, a line, a text and a header value may hold, and why not.

Identifiers are printable ASCII: letters, digits, ``. _ - / : + # @ = ~ * ( ) , &`` and single
spaces between them, beginning with a letter, a digit, ``#``, ``(`` or ``_``. So no two of them
look alike by an invisible or foreign letter, and none starts a spreadsheet formula, an option or
a path upwards. They may hold a slash: never build a file name from one. Case is kept and counts.

Text for people is any Unicode but characters that act instead of showing: controls, direction
overrides, lone surrogates. It should be in normal form C, so that equal words are equal bytes.

Each pattern is linear: at every character there is one way to go on. msgspec searches with `re`
from anywhere, hence the anchors.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final

from crossdock.kernel.errors import ForbiddenCharacter
from crossdock.kernel.limits import (
    HEADER_LENGTH_MAX,
    IDENTIFIER_LENGTH_MAX,
    NAME_LENGTH_MAX,
    TEXT_LENGTH_MAX,
)
from crossdock.kernel.redaction import shown

IDENTIFIER_PATTERN: Final = (
    r"\A[A-Za-z0-9#(_][A-Za-z0-9._/:+#@=~*(),&-]*(?: [A-Za-z0-9._/:+#@=~*(),&-]+)*\Z"
)
"""An identifier, but for its length."""

LINE_PATTERN: Final = (
    r"\A[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]*\Z"
)
"""One line of text: no control, line break, direction override, surrogate or non-character."""

TEXT_PATTERN: Final = (
    r"\A[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]*\Z"
)
"""Like a line, but tabs and line feeds may stand in it."""

_identifier = re.compile(IDENTIFIER_PATTERN)
_line = re.compile(LINE_PATTERN)
_text = re.compile(TEXT_PATTERN)

# Overrides, embeddings, isolates and marks that change the order in which text is read.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Fault(StrEnum):
    """Why a text is refused; the word is stable and may stand in an answer."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    SPACE_AT_END = "space-at-end"
    DOUBLE_SPACE = "double-space"
    NUL = "nul"
    CONTROL = "control"
    LINE_BREAK = "line-break"
    DIRECTION = "direction-override"
    INVISIBLE = "invisible"
    SURROGATE = "lone-surrogate"
    NON_CHARACTER = "non-character"
    NOT_ASCII = "not-ascii"
    CHARACTER = "character"
    FIRST_CHARACTER = "first-character"
    NOT_NORMAL = "not-normal-form-c"


def identifier_fault(text: str) -> Fault | None:
    """Say why `text` is no identifier, or None."""
    if len(text) <= IDENTIFIER_LENGTH_MAX and _identifier.match(text):
        return None
    if not text:
        return Fault.EMPTY
    if len(text) > IDENTIFIER_LENGTH_MAX:
        return Fault.TOO_LONG
    # What nobody can see is named before what everybody can.
    for character in text:
        if fault := _unseen(character):
            return fault
    if not text.isascii():
        return Fault.NOT_ASCII
    if text[0] == " " or text[-1] == " ":
        return Fault.SPACE_AT_END
    if "  " in text:
        return Fault.DOUBLE_SPACE
    # A text that passes behind a letter fails for its first character only.
    return Fault.FIRST_CHARACTER if _identifier.match("A" + text) else Fault.CHARACTER


def line_fault(text: str, length_max: int = NAME_LENGTH_MAX) -> Fault | None:
    """Say why `text` is no line of text for people, or None; an empty one is fine."""
    return _free_fault(text, _line, length_max, "")


def text_fault(text: str, length_max: int = TEXT_LENGTH_MAX) -> Fault | None:
    """Say why `text` is no text for people, or None; tabs and line feeds are fine."""
    return _free_fault(text, _text, length_max, "\t\n")


def header_fault(value: str) -> Fault | None:
    """Say why `value` may not be sent as a header value, or None."""
    if not value:
        return Fault.EMPTY
    if len(value) > HEADER_LENGTH_MAX:
        return Fault.TOO_LONG
    if value.isascii() and value.isprintable():
        return Fault.SPACE_AT_END if value[0] == " " or value[-1] == " " else None
    return next(filter(None, map(_unseen, value)), Fault.NOT_ASCII)


def check_identifier(text: str, where: str = "") -> str:
    """Return `text`, or raise `ForbiddenCharacter` that names the fault and the place `where`."""
    return _checked(text, identifier_fault(text), "an identifier", where)


def check_line(text: str, where: str = "") -> str:
    """Return `text`, or raise `ForbiddenCharacter` unless it is one clean line."""
    return _checked(text, line_fault(text), "one line of text", where)


def check_text(text: str, where: str = "") -> str:
    """Return `text`, or raise `ForbiddenCharacter` unless it is clean text of any lines."""
    return _checked(text, text_fault(text), "text", where)


def check_header(value: str, where: str = "") -> str:
    """Return `value`, or raise `ForbiddenCharacter` unless it may be sent as a header value."""
    return _checked(value, header_fault(value), "a header value", where)


def describe(pattern: str) -> str | None:
    """Put one of this module's patterns into words, for errors that would show the pattern."""
    return _IN_WORDS.get(pattern)


def _checked(text: str, fault: Fault | None, kind: str, where: str) -> str:
    if fault is None:
        return text
    raise ForbiddenCharacter(f"Not {kind}: {fault}", where=where, found=shown(text))


def _free_fault(text: str, pattern: re.Pattern[str], length_max: int, allowed: str) -> Fault | None:
    if len(text) > length_max:
        return Fault.TOO_LONG
    if pattern.match(text) is None:
        unseen = (_unseen(character) for character in text if character not in allowed)
        harmful = (fault for fault in unseen if fault not in (None, Fault.INVISIBLE))
        return next(harmful, Fault.INVISIBLE)
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        return Fault.NOT_NORMAL
    return None


def _unseen(character: str) -> Fault | None:
    """Name what is wrong with a character that does not show, or None when it shows."""
    if character.isprintable():
        return None
    if character == "\0":
        return Fault.NUL
    if character in "\n\r\u2028\u2029\x85":
        return Fault.LINE_BREAK
    if character in _DIRECTION:
        return Fault.DIRECTION
    kinds = {"Cc": Fault.CONTROL, "Cs": Fault.SURROGATE, "Cn": Fault.NON_CHARACTER}
    return kinds.get(unicodedata.category(character), Fault.INVISIBLE)


_IN_WORDS: Final = {
    IDENTIFIER_PATTERN: "an identifier: letters, digits, . _ - / : + # @ = ~ * ( ) , & and single"
    " spaces inside, no sign in front",
    LINE_PATTERN: "one line without control characters or direction overrides",
    TEXT_PATTERN: "text without control characters or direction overrides",
}
