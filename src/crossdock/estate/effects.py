"""What the hub made a system do: each effect under its key, and how often it was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

TWICE_SHOWN_MAX: Final = 100
"""Keys named in the truth; all are counted."""


@dataclass(slots=True)
class Effect:
    """One key: what was asked for, our number for it, and how often it was done."""

    content: bytes
    reference: str
    times: int = 1


@dataclass(slots=True)
class Effects:
    """The effects of one system by key."""

    by_key: dict[str, Effect] = field(default_factory=dict)
    applied: int = 0
    replayed: int = 0
    conflicts: int = 0
    refused: int = 0
    twice: list[str] = field(default_factory=list)

    def done(self, key: str, content: bytes, reference: str) -> None:
        """Remember that an effect was done, once more if it was done before."""
        self.applied += 1
        known = self.by_key.get(key)
        if known is None:
            self.by_key[key] = Effect(content, reference)
            return
        known.times += 1
        known.reference = reference
        if known.times == 2:
            self.twice.append(key)

    def summary(self) -> dict[str, Any]:
        """Counts for the truth, and the keys whose effect was done more than once."""
        return {
            "keys": len(self.by_key),
            "applied": self.applied,
            "replayed": self.replayed,
            "conflicts": self.conflicts,
            "refused": self.refused,
            "applied_twice": len(self.twice),
            "applied_twice_keys": self.twice[:TWICE_SHOWN_MAX],
        }


def content_of(type_name: str, data: bytes) -> bytes:
    """A digest by which the same content under the same key is known again."""
    return blake2b(data, digest_size=12, key=type_name.encode()[:64]).digest()
