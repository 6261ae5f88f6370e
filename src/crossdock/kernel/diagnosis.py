"""Says what is wrong with bytes that were refused: from a parser's complaint to a typed error.

Nothing here runs for a good message, so it may take its time and look twice.
"""

from __future__ import annotations

import re

import msgspec

from crossdock.kernel.errors import (
    BadInput,
    ForbiddenCharacter,
    MissingField,
    NotJson,
    NumberOutOfRange,
    TooDeep,
    TooLarge,
    TooManyMessages,
    UnknownCode,
    UnknownField,
    UnknownType,
    UnsupportedEncoding,
    UnsupportedFormat,
    WrongShape,
)
from crossdock.kernel.limits import (
    BATCH_MESSAGES_MAX,
    INTEGER_MAX,
    INTEGER_MIN,
    MESSAGE_DEPTH_MAX,
    NUMBER_EXPONENT_MAX,
    NUMBER_LENGTH_MAX,
)
from crossdock.kernel.redaction import HIDDEN, is_secret, one_line, shown
from crossdock.kernel.text import describe


class BadNumber(Exception):
    """A number in the text that `strict` refuses; carries it as written."""


def without_escaped_backslashes(raw: bytes) -> bytes:
    r"""Drop each ``\\``, so that a backslash that is left begins an escape."""
    return raw.replace(b"\\\\", b"")


_PATH_KEY_LENGTH_MAX = 40


def path_below(path: str, key: str) -> str:
    """Write one step of a path; a key that is no plain word is quoted and escaped."""
    plain = key.isascii() and key.isidentifier() and len(key) <= _PATH_KEY_LENGTH_MAX
    return f"{path}.{key}" if plain else f"{path}[{shown(key, length_max=_PATH_KEY_LENGTH_MAX)}]"


_BYTE = re.compile(r"\A[^(]{0,200}\(byte ([0-9]{1,9})\)\Z")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_OTHER_FORMATS = {
    b"<": "XML or HTML",
    b"ISA": "X12",
    b"UNA": "EDIFACT",
    b"UNB": "EDIFACT",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "gzip without Content-Encoding",
    b"%PDF": "PDF",
}
_NOT_NUMBERS = (b"NaN", b"Infinity")


def not_json(raw: bytes, error: Exception) -> BadInput:
    """Say what the bytes are instead of what a parser stumbled over."""
    if isinstance(error, RecursionError):
        return too_deep()
    if isinstance(error, BadNumber):
        return _bad_number(raw, str(error))
    if isinstance(error, UnicodeDecodeError):
        return _other_encoding(raw) or UnsupportedEncoding("The text is not UTF-8")
    if isinstance(error, msgspec.ValidationError):  # without a type only a number can be wrong
        return NumberOutOfRange(expected=f"{INTEGER_MIN} to {INTEGER_MAX}")
    return (
        _other_encoding(raw)
        or _other_format(raw)
        or _lone_surrogate(raw, str(error))
        or _bad_byte(raw, str(error))
    )


def _other_encoding(raw: bytes) -> BadInput | None:
    if raw.startswith(_BYTE_ORDER_MARKS):
        return UnsupportedEncoding(where="byte 0", found="a byte order mark")
    # JSON begins with an ASCII character; a zero beside it means two or four bytes per character.
    if len(raw) > 1 and 0 in raw[:2] and any(raw[:2]):
        return UnsupportedEncoding(where="byte 0", found="UTF-16 or UTF-32")
    return None


def _other_format(raw: bytes) -> BadInput | None:
    start = raw[:64].lstrip()
    for mark, name in _OTHER_FORMATS.items():
        if start.startswith(mark):
            return UnsupportedFormat(where="byte 0", found=name)
    return None


def _lone_surrogate(raw: bytes, message: str) -> BadInput | None:
    # msgspec calls a half pair at the end of a text truncated data, wherever that text stands.
    if "surrogate" in message or ("truncated" in message and _has_lone_surrogate(raw)):
        return ForbiddenCharacter("Text holds half of a surrogate pair")
    return None


def _has_lone_surrogate(raw: bytes) -> bool:
    r"""Say whether a ``\ud8..`` to ``\udb..`` is not followed by its other half."""
    for piece in without_escaped_backslashes(raw).lower().split(b"\\ud")[1:]:
        if piece[:1] in (b"8", b"9", b"a", b"b") and len(piece) != len("83d"):
            return True
    return False


def _bad_byte(raw: bytes, message: str) -> BadInput:
    match = _BYTE.match(message)
    if match is None:
        return NotJson("The JSON ends too early" if "truncated" in message else "")
    offset = int(match[1])
    where = f"byte {offset}"
    if raw.startswith(_NOT_NUMBERS, offset):
        return NumberOutOfRange(where=where, found="NaN or Infinity", expected="a number")
    found = raw[offset : offset + 1]
    if found and found < b" " and b'"' in raw[:offset]:
        return ForbiddenCharacter(
            "A control character stands unescaped in the JSON", where=where, found=shown(found)
        )
    reason = message.removeprefix("JSON is malformed: ").partition(" (byte")[0]
    return NotJson(f"The body is not JSON: {reason}", where=where, found=shown(found))


def _bad_number(raw: bytes, text: str) -> BadInput:
    return NumberOutOfRange(
        where=f"byte {raw.find(text.encode())}",
        found=shown(text),
        expected=f"at most {NUMBER_LENGTH_MAX} characters, exponent within {NUMBER_EXPONENT_MAX}",
    )


def too_deep() -> BadInput:
    return TooDeep(expected=f"at most {MESSAGE_DEPTH_MAX} levels")


def too_large(found_bytes: int, bytes_max: int, where: str) -> BadInput:
    return TooLarge(
        where=where, found=f"{found_bytes} bytes or more", expected=f"at most {bytes_max} bytes"
    )


def too_many_messages() -> BadInput:
    return TooManyMessages(expected=f"at most {BATCH_MESSAGES_MAX}")


_PATH_START = " - at `$"
_PATH = re.compile(r"\A\$[A-Za-z0-9_.\[\]-]*\Z")
_STEP = re.compile(r"\.([A-Za-z0-9_-]{1,99})|\[([0-9]{1,9})\]")


def misshapen(raw: bytes, message: str, at: str) -> BadInput:
    """Turn msgspec's sentence into an error with path, found value and expectation."""
    said, path = _said_and_path(message)
    where = at + path[1:]
    if said.startswith("Object missing required field"):
        return MissingField(where=path_below(where, _quoted(said)), expected="this field")
    if said.startswith("Object contains unknown field"):
        return UnknownField(where=path_below(where, _quoted(said)))
    found = _found_at(raw, path)
    if said.startswith("Invalid enum value"):
        return UnknownCode(where=where, found=_shown_at(found, path))
    if said.startswith("Invalid value"):
        return UnknownType(where=where, found=_shown_at(found, path))
    return WrongShape(where=where, found=_shown_at(found, path), expected=_expectation(said))


def _said_and_path(message: str) -> tuple[str, str]:
    said, separator, tail = message.rpartition(_PATH_START)
    path = "$" + tail.removesuffix("`")
    # A hostile field name can look like a path; then there is none.
    return (said, path) if separator and _PATH.match(path) else (message, "$")


def _quoted(said: str) -> str:
    return said.partition("`")[2].rpartition("`")[0]


def _expectation(said: str) -> str:
    """Take what msgspec expected out of its sentence; our own patterns are put into words."""
    expected = said.removeprefix("Expected ").partition(", got ")[0].replace("`", "")
    _, matching, pattern = said.partition("matching regex ")
    if matching:
        pattern = pattern.strip("'\"").replace("\\\\", "\\")
        expected = describe(pattern) or expected
    return one_line(expected, length_max=200)


def _shown_at(found: object, path: str) -> str:
    return HIDDEN if any(map(is_secret, path.split("."))) else shown(found)


def _found_at(raw: bytes, path: str) -> object:
    """Look up what stands at a path, as far as the path can be followed."""
    value = msgspec.json.decode(raw)
    for name, index in _STEP.findall(path):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        else:
            break
    return value
