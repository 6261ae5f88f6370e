"""How a value may be shown in an error, a log line or on a page: short, on one line, no secrets.

Everything that comes from outside passes through `shown` before a person or a log sees it. Its
result never holds a control character, a line break or a direction mark, so nobody can forge a
log line or turn a terminal around, and a value under a key that names a secret is never shown.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from enum import Enum

from crossdock.kernel.limits import SHOWN_DEPTH_MAX, SHOWN_ITEMS_MAX, SHOWN_LENGTH_MAX

HIDDEN = "[redacted]"

# Looked for anywhere in a key, after letters are lowered and everything but letters is dropped.
_SECRET_WORDS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "credential",
    "authorization",
    "cookie",
    "signature",
    "sessionid",
    "cardnumber",
    "securitycode",
    "iban",
)

# Too short to look for inside other words.
_SECRET_NAMES = frozenset({"pin", "cvv", "cvc", "pwd", "auth", "key"})

_CREDENTIAL_STARTS = ("bearer ", "basic ", "digest ", "negotiate ")

# Whole numbers longer than this are described, not written: Python refuses to print the longest.
_PRINTED_BITS_MAX = 256


def is_secret(key: str) -> bool:
    """Say whether a value under this key must never be shown."""
    letters = "".join(filter(str.isalpha, key)).lower()
    return letters in _SECRET_NAMES or any(word in letters for word in _SECRET_WORDS)


def shown(value: object, key: str = "", length_max: int = SHOWN_LENGTH_MAX) -> str:
    """Return `value` as one short printable line; `[redacted]` where `key` names a secret.

    Text comes quoted and escaped as Python writes it. Lists and objects show their first members
    to a small depth. A kind of value not known here shows as its type's name only, because its
    own way to print itself may say too much.
    """
    if is_secret(key):
        return HIDDEN
    return _cut(_shown(value, length_max, SHOWN_DEPTH_MAX), 2 * length_max)


def one_line(text: str, length_max: int = SHOWN_LENGTH_MAX) -> str:
    """Return `text` without quotes, on one line, unprintable characters escaped, cut to length."""
    return _cut("".join(map(_printable, text[:length_max])), length_max, len(text) > length_max)


def _shown(value: object, length_max: int, depth: int) -> str:
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, Enum):
        return _shown(value.value, length_max, depth)
    if isinstance(value, str):
        return _shown_text(value, length_max)
    if isinstance(value, int):
        bits = value.bit_length()
        return str(value) if bits <= _PRINTED_BITS_MAX else f"a whole number of {bits} bits"
    if isinstance(value, float | Decimal):
        return str(value)
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return _counted(repr(bytes(value[:length_max])), len(value), length_max, "bytes")
    if isinstance(value, dict):
        return _shown_object(value, length_max, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return _shown_list(value, length_max, depth)
    return f"a {type(value).__name__}"


def _shown_text(text: str, length_max: int) -> str:
    if text[:16].lstrip().lower().startswith(_CREDENTIAL_STARTS):
        return HIDDEN
    head = _without_user_info(text[: 2 * length_max])[:length_max]
    return _counted(repr(head), len(text), length_max, "characters")


def _without_user_info(text: str) -> str:
    """Hide the `name:password@` of an address."""
    before, separator, rest = text.partition("://")
    if not separator:
        return text
    authority, slash, path = rest.partition("/")
    _, at, host = authority.rpartition("@")
    return f"{before}://{HIDDEN}@{host}{slash}{path}" if at else text


def _shown_object(members: dict[object, object], length_max: int, depth: int) -> str:
    if depth == 0:
        return f"an object of {len(members)}"
    parts = []
    for key, value in list(members.items())[:SHOWN_ITEMS_MAX]:
        name = key if isinstance(key, str) else type(key).__name__
        text = HIDDEN if is_secret(name) else _shown(value, length_max, depth - 1)
        parts.append(f"{one_line(name)}: {text}")
    return "{" + _listed(parts, len(members)) + "}"


def _shown_list(
    items: list[object] | tuple[object, ...] | set[object] | frozenset[object],
    length_max: int,
    depth: int,
) -> str:
    if depth == 0:
        return f"a list of {len(items)}"
    # Sets have no order of their own; sorting their texts keeps a line the same from run to run.
    head = list(items)[:SHOWN_ITEMS_MAX]
    parts = [_shown(item, length_max, depth - 1) for item in head]
    if isinstance(items, set | frozenset):
        parts.sort()
    return "[" + _listed(parts, len(items)) + "]"


def _listed(parts: list[str], total: int) -> str:
    more = [f"... {total - len(parts)} more"] if total > len(parts) else []
    return ", ".join(parts + more)


def _counted(text: str, length: int, length_max: int, unit: str) -> str:
    return text if length <= length_max else f"{text}... ({length} {unit})"


def _cut(text: str, length_max: int, more: bool = False) -> str:
    return f"{text[:length_max]}..." if more or len(text) > length_max else text


def _printable(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
