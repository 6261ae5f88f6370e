r"""The one door through which bytes from outside become values.

Call order for a request: `inflate` (if compressed), then `split_array` or `split_lines` (if a
batch), then `decode` per message. Whatever the bytes are, the outcome is a value or an error of
the `BadInput` tree, at a cost bounded by `kernel.limits`.

msgspec itself refuses malformed JSON, NaN, raw control characters, lone surrogates and trailing
data; the tests pin that. It lets through, and `strict` refuses:

- the same key twice in an object. There is no hook, so the decoded value is written back: a
  duplicate has vanished from it, and with it at least two quote marks. Neither decoding nor
  encoding makes or loses one otherwise, save that ``\u0022`` becomes ``\"``. So no key came twice
  exactly when the counts agree, and surely when the bytes are equal, as from compact writers;
- whole numbers of any size, and powers of ten that others expand: looked for in the text;
- NUL as ``\u0000``, which PostgreSQL's jsonb cannot hold;
- bytes that are not UTF-8, inside a field that the type does not name: seen because everything
  is decoded once without a type;
- depth, up to Python's recursion limit; the number of keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar, overload

import msgspec

from crossdock.kernel.batches import iter_lines, split_array, split_lines
from crossdock.kernel.compression import inflate
from crossdock.kernel.diagnosis import (
    BadNumber,
    misshapen,
    not_json,
    path_below,
    too_deep,
    too_large,
    without_escaped_backslashes,
)
from crossdock.kernel.errors import (
    DuplicateKey,
    ForbiddenCharacter,
    NotJson,
    NumberOutOfRange,
    Problem,
    TooManyKeys,
    problem_of,
)
from crossdock.kernel.limits import (
    INTEGER_MAX,
    INTEGER_MIN,
    MESSAGE_BYTES_MAX,
    MESSAGE_DEPTH_MAX,
    MESSAGE_KEYS_MAX,
    NUMBER_EXPONENT_MAX,
    NUMBER_LENGTH_MAX,
)
from crossdock.kernel.redaction import shown

__all__ = [
    "Problem",
    "decode",
    "inflate",
    "iter_lines",
    "problem_of",
    "split_array",
    "split_lines",
    "strict",
    "typed",
]

T = TypeVar("T")


@overload
def decode(raw: bytes, kind: type[T]) -> T: ...
@overload
def decode(raw: bytes, kind: object) -> Any: ...
def decode(raw: bytes, kind: Any) -> Any:
    """Return the message `raw` as a `kind` (a Struct, a tagged union, any type msgspec takes).

    Raises an error of the `BadInput` tree that says where, what was found and what to do.
    """
    strict(raw)
    return typed(raw, kind)


@overload
def typed(raw: bytes | msgspec.Raw, kind: type[T], at: str = "$") -> T: ...
@overload
def typed(raw: bytes | msgspec.Raw, kind: object, at: str = "$") -> Any: ...
def typed(raw: bytes | msgspec.Raw, kind: Any, at: str = "$") -> Any:
    """Return JSON that has already passed `strict` as a `kind`; `at` is its path in the message.

    For the `data` of an envelope, or for bytes read back from the log. Raises `WrongShape` or one
    of its kinds.
    """
    try:
        return _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        raise misshapen(bytes(raw), str(error), at) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(bytes(raw), error) from None


def strict(raw: bytes) -> None:
    """Refuse a message that is not one plain, unambiguous JSON value within the limits.

    Raises `TooLarge`, `NotJson`, `UnsupportedEncoding`, `UnsupportedFormat`, `TooDeep`,
    `TooManyKeys`, `DuplicateKey`, `ForbiddenCharacter` or `NumberOutOfRange`.
    """
    if len(raw) > MESSAGE_BYTES_MAX:
        raise too_large(len(raw), MESSAGE_BYTES_MAX, "")
    try:
        value = _decode_untyped(raw)
        written = _encode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadNumber) as error:
        raise not_json(raw, error) from None
    # One pass makes every digit a 0 and every opening bracket a {, so that each of the next two
    # questions is one search in C. Brackets and digits inside text only cause a second look.
    folded = raw.translate(_FOLD)
    if folded.count(b"{") > MESSAGE_DEPTH_MAX:
        _check_depth(value)
    # Long digits behind a quote mark are text, such as a parcel's number.
    if folded.count(_LONG_NUMBER) != folded.count(_LONG_NUMBER_IN_TEXT):
        _check_integers(value)
    if len(raw) > _KEYS_SUSPECT_BYTES and raw.count(b":") > MESSAGE_KEYS_MAX:
        _check_keys(value)
    if written != raw:
        _check_duplicates(raw, written)
    if b"\\" in raw and b"\\u0000" in without_escaped_backslashes(raw):
        _check_nul(value)


def _plain_float(text: str) -> float:
    """Read a number with a point or an exponent, unless others could choke on it."""
    if len(text) > NUMBER_LENGTH_MAX:
        raise BadNumber(text)
    if "e" in text or "E" in text:
        exponent = text.lower().partition("e")[2]
        if abs(int(exponent)) > NUMBER_EXPONENT_MAX:
            raise BadNumber(text)
    return float(text)


_decode_untyped = msgspec.json.Decoder(float_hook=_plain_float).decode
_encode = msgspec.json.Encoder().encode
_FOLD = bytes.maketrans(b"123456789[", b"000000000{")
# The shortest whole number that can leave a signed 64-bit column.
_LONG_NUMBER = b"0" * len(str(INTEGER_MAX))
_LONG_NUMBER_IN_TEXT = b'"' + _LONG_NUMBER
# A member takes five bytes, `"":0,`, so no shorter message has too many.
_KEYS_SUSPECT_BYTES = 5 * MESSAGE_KEYS_MAX


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _check_duplicates(raw: bytes, written: bytes) -> None:
    quotes = raw.count(b'"')
    if b"\\u0022" in raw:
        quotes += without_escaped_backslashes(raw).count(b"\\u0022")
    if quotes != written.count(b'"'):
        path, key = _first_duplicate(raw)
        raise DuplicateKey(where=path, found=f"{shown(key)} twice")


class _Pairs(list[tuple[str, Any]]):
    """An object as it is written: its members in order, duplicates and all."""


def _first_duplicate(raw: bytes) -> tuple[str, str]:
    """Find the object and the key; slow, and only called where there is one."""
    waiting = [("$", json.loads(raw, object_pairs_hook=_Pairs, parse_float=str, parse_int=str))]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            for key, _ in value:
                if key in seen:
                    return path, key
                seen.add(key)
        waiting.extend(reversed(list(_members(path, value))))
    raise NotJson("The message changes when it is read and written back")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MESSAGE_DEPTH_MAX + 1):
        containers = [item for item in level if isinstance(item, dict | list)]
        if not containers:
            return
        level = [child for container in containers for child in _children(container)]
    raise too_deep()


def _check_keys(value: object) -> None:
    found = sum(len(item) for item in _values(value) if isinstance(item, dict))
    if found > MESSAGE_KEYS_MAX:
        raise TooManyKeys(found=str(found), expected=f"at most {MESSAGE_KEYS_MAX}")


def _check_integers(value: object) -> None:
    if any(map(_is_wide, _values(value))):
        where, item = next((path, item) for path, item in _walk(value) if _is_wide(item))
        raise NumberOutOfRange(
            where=where, found=shown(item), expected=f"{INTEGER_MIN} to {INTEGER_MAX}"
        )


def _check_nul(value: object) -> None:
    for path, item in _walk(value):
        texts = item if isinstance(item, dict) else [item]
        for text in texts:
            if isinstance(text, str) and "\0" in text:
                raise ForbiddenCharacter("Text holds a NUL", where=path, found=shown(text))


def _is_wide(item: object) -> bool:
    return isinstance(item, int) and not INTEGER_MIN <= item <= INTEGER_MAX


def _values(value: object) -> Iterator[object]:
    """Give `value` and every value inside it, quickly and without saying where."""
    waiting = [value]
    for item in waiting:  # grows while it is read
        yield item
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _walk(value: object) -> Iterator[tuple[str, Any]]:
    """Give `value` and every value inside it with its path; slow, for what is refused anyway."""
    waiting = [("$", value)]
    while waiting:
        path, item = waiting.pop()
        yield path, item
        waiting.extend(_members(path, item))


def _members(path: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield path_below(path, key), item
    elif isinstance(value, _Pairs):
        for key, item in value:
            yield path_below(path, key), item
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item


def _children(container: dict[str, object] | list[object]) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container
