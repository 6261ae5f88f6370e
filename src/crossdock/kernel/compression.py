"""Unpacks a compressed body, never further than its reader can afford."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from crossdock.kernel.diagnosis import too_large
from crossdock.kernel.errors import InflatesTooFar, NotCompressed, UnsupportedEncoding
from crossdock.kernel.limits import (
    INFLATED_MEMBERS_MAX,
    INFLATED_RATIO_MAX,
    INFLATED_UNJUDGED_BYTES_MAX,
)
from crossdock.kernel.redaction import shown

_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": 15}


def inflate(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Return `body` unpacked as its Content-Encoding says; never more than `max_bytes`.

    Knows gzip and deflate (the zlib format), applied once. Raises `UnsupportedEncoding` for any
    other name, `InflatesTooFar` past the size, the ratio or the number of gzip members, and
    `NotCompressed` where the bytes are damaged, cut short or followed by others.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        if len(body) > max_bytes:
            raise too_large(len(body), max_bytes, "")
        return body
    if name not in _WINDOW_BITS:
        raise UnsupportedEncoding(
            "Content-Encoding is not one we read",
            found=shown(encoding),
            expected="gzip or deflate, once",
        )
    output_max = min(max_bytes, _ratio_bytes_max(len(body)))
    parts: list[bytes] = []
    size = 0
    for part in _inflated_members(body, name, output_max):
        size += len(part)
        if size > output_max:
            raise InflatesTooFar(
                found=f"{len(body)} bytes that unpack to more than {output_max}",
                expected=f"at most {max_bytes} bytes and {INFLATED_RATIO_MAX} times the input",
            )
        parts.append(part)
    return b"".join(parts)


def _ratio_bytes_max(input_bytes: int) -> int:
    return max(INFLATED_UNJUDGED_BYTES_MAX, input_bytes * INFLATED_RATIO_MAX)


def _inflated_members(body: bytes, name: str, output_max: int) -> Iterator[bytes]:
    """Unpack member after member, none to more than one byte past `output_max`."""
    rest = body
    for _ in range(INFLATED_MEMBERS_MAX):
        unpacker = zlib.decompressobj(wbits=_WINDOW_BITS[name])
        try:
            part = unpacker.decompress(rest, output_max + 1)
        except zlib.error:
            raise NotCompressed(found=f"bytes that are not {name}") from None
        yield part  # the caller stops here when it is too much
        if not unpacker.eof:
            raise NotCompressed("The compressed body is cut short")
        rest = unpacker.unused_data
        if not rest:
            return
        if name == "deflate":
            raise NotCompressed("Bytes follow the compressed body")
    raise InflatesTooFar(
        found="more compressed members", expected=f"at most {INFLATED_MEMBERS_MAX}"
    )
