"""Names in the matrix that a place answers: "<role> of site" and "<role> of channel".

One rule so serves many warehouses, ERPs, legal entities and regions: each site and each channel
names its own systems by role (R37).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HUB = "hub"
ANYBODY = "anybody"  # every system; the deciders ask whose it is
WMS_OF_SITE = "wms of site"
SYSTEM_OF_CHANNEL = "system of channel"

SITE = "site"
CHANNEL = "channel"

_PHRASE = re.compile(r"\A([a-z][a-z0-9_]{0,39}) of (site|channel)\Z")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A role, and whether the message's site or its channel says who plays it."""

    role: str
    scope: str


def phrase_of(name: str) -> Phrase | None:
    """Read a name of the matrix; None where it is the plain name of a system, or the hub."""
    found = _PHRASE.match(name)
    return Phrase(found[1], found[2]) if found is not None else None
