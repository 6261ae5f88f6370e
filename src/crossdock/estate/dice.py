"""Chance and numbers that hang on what they are for, not on when they are asked for.

Whether a pick falls short is a function of the seed and the release, so the same orders meet the
same fate in every run, however the network ordered the requests.
"""

from __future__ import annotations

from base64 import b32encode
from hashlib import blake2b

from crossdock.kernel.limits import IDENTIFIER_LENGTH_MAX


class Dice:
    """The chance of one system under one seed."""

    def __init__(self, seed: int, system: str) -> None:
        self._key = blake2b(f"{seed}/{system}".encode(), digest_size=16).digest()

    def share(self, *names: object) -> float:
        """A number from 0 to just below 1 that belongs to these names."""
        return int.from_bytes(self._digest(names, 8), "big") / 2**64

    def hits(self, share: float, *names: object) -> bool:
        """Yes with this probability, the same for the same names."""
        return share > 0.0 and self.share(*names) < share

    def between(self, bounds: tuple[float, float], *names: object) -> float:
        """A number of the range that belongs to these names."""
        low, high = bounds
        return low if high <= low else low + (high - low) * self.share(*names)

    def number(self, prefix: str, *names: object) -> str:
        """A number such as systems give to documents: a prefix and twelve letters and digits."""
        return prefix + b32encode(self._digest(names, 10)).decode()[:12]

    def readable(self, prefix: str, *names: object) -> str:
        """A number that shows where it comes from, or as `number` gives it where that is too long.

        The names must make an identifier.
        """
        text = prefix + ".".join(map(str, names))
        return text if len(text) <= IDENTIFIER_LENGTH_MAX else self.number(prefix, *names)

    def _digest(self, names: tuple[object, ...], size_bytes: int) -> bytes:
        text = "\x1f".join(map(str, names)).encode()
        return blake2b(text, digest_size=size_bytes, key=self._key).digest()
