"""Who is calling: keys, of which the hub knows the hashes only, and what they open.

A key must hold 128 bits of chance or more; then its plain SHA-256 tells a thief nothing, and no
slow password hash is needed on the hot path.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256


class Scope(StrEnum):
    """What a key may open."""

    WRITE = "messages:write"
    PROMISE = "stock:promise"  # to have stock promised, and to ask what may be
    READ = "read"
    PUBLIC = "public"  # on a route: no key is asked for


LEAST = frozenset({Scope.WRITE})
"""What a far system's own key opens unless the configuration says more."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A system that has shown its key, or one that the hub itself reads for."""

    system: str
    scopes: frozenset[Scope] = LEAST


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one system; a system may have two while they are being changed."""

    system: str
    sha256: bytes = field(repr=False)
    scopes: frozenset[Scope] = LEAST


class Keyring:
    """All keys; finds the caller in the same time whether the key is right, nearly right or not."""

    def __init__(self, keys: Iterable[Key]) -> None:
        """Take the keys. Raises `ValueError` where a hash is no SHA-256 or stands twice."""
        self._entries = [(key.sha256, Caller(key.system, key.scopes)) for key in keys]
        digests = [digest for digest, _ in self._entries]
        if any(len(digest) != sha256().digest_size for digest in digests):
            raise ValueError("a key's hash is not 32 bytes of SHA-256")
        if len(set(digests)) != len(digests):
            raise ValueError("two keys are the same")

    def caller_of(self, key: bytes) -> Caller | None:
        """Give whose key this is, or None; every entry is compared, found or not."""
        shown = sha256(key).digest()
        found = None
        for digest, caller in self._entries:
            if hmac.compare_digest(digest, shown):
                found = caller
        return found
