"""Ledger accounts as a decision looks at them: what they held when, and what it relied on.

Most movements look at no account: they only add. A count, a recall and an expiry decide on what an
account holds, so they say what it must hold when they are written; where it holds something else,
somebody was faster and the batch is decided again, as with promises (decision 16).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

Account = tuple[str, str, str, str, str]
"""Item, site, lot, state, owner: the key of a balance."""

Moment = tuple[Account, datetime | None]
"""An account as of an event time; with None, as it stands."""

Lot = tuple[str, str]
"""Item and lot; a unit with a serial number is a lot of one."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an account must hold, as of an event time or now, after the batch is written."""

    account: Account
    as_of: datetime | None
    quantity: int


@dataclass(frozen=True, slots=True)
class WholeLot:
    """All that a lot's accounts must hold after the batch is written, and no account beside them.

    An account that another worker makes at the same moment is none that could have been expected.
    """

    lot: Lot
    held: dict[Account, int]  # empty ones left out


@dataclass(frozen=True, slots=True)
class Counted:
    """An account was counted: `document` hears of movements that happened up to `event_time`.

    `again` says that one of this very batch was decided after the count and happened before it.
    """

    account: Account
    document: str
    event_time: datetime
    again: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """A lot may not be sold at these sites (none named: at any), or may again (`document` "")."""

    item: str
    lot: str
    sites: tuple[str, ...]
    document: str


def document_id(*names: str) -> str:
    """The id of the document about an account or a lot, which is too long to be one itself."""
    return sha256("\n".join(names).encode()).hexdigest()[:32]
