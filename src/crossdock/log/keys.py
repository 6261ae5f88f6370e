"""How a message finds its partition, and how two messages are told to be the same.

Digests are 16 bytes of BLAKE2b: short enough to index by the million, long enough that two
different keys never meet (2^64 messages for an even chance).
"""

from __future__ import annotations

import zlib
from hashlib import blake2b

DIGEST_BYTES = 16

_LASTING_DIGITS = 20
"""80 bits: of a thousand million messages two share a name once in a million such logs."""

DESK_FIRST = 1024
"""The first desk partition: beyond every partition that keys are spread over."""

DESKS_MAX = 64
"""How many desks there may be in all processes of a hub together."""


def partition_of(key: str, partitions: int) -> int:
    """The partition of an ordering key: the same on every machine and in every release."""
    return zlib.crc32(key.encode()) % partitions


def transport_digest(source: str, message_id: str) -> bytes:
    """The 16-byte transport key of (source, id)."""
    return blake2b(f"t\x1f{source}\x1f{message_id}".encode(), digest_size=DIGEST_BYTES).digest()


def lasting_name(source: str, message_id: str) -> str:
    """A name of a message that it keeps wherever it stands on a log.

    Numbers that far systems are told are made of it: a hub that went back to a backup hears the
    message again at another place, and must ask for what it asked for under that number.
    """
    return transport_digest(source, message_id).hex()[:_LASTING_DIGITS]


def business_digest(business_key: str) -> bytes:
    """The 16-byte form of a business key."""
    return blake2b(f"b\x1f{business_key}".encode(), digest_size=DIGEST_BYTES).digest()


def content_digest(type_name: str, canonical_data: bytes) -> bytes:
    """The 16-byte digest of what a message says, whatever its white space and field order."""
    return blake2b(canonical_data, digest_size=DIGEST_BYTES, key=type_name.encode()[:64]).digest()
