"""Asking for what is not known yet, and writing over what was seen only (RFC 9110, section 13).

A reply's validator is kept with the cursor that it led to, so with what is on the log already: a
page that is said to be unchanged was read, and its records were kept. A date is believed only where
their own clock says that it is a second old at least; within that second the page may change
again under the same date (section 8.8.2.2).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

import msgspec

from crossdock.connectors.kit.http import Query, Reply

NOT_MODIFIED: Final = 304

PAGES_MAX: Final = 200
"""Requests whose validators one cursor keeps; pages beyond are asked for whole."""

_TAG_LENGTH_MAX: Final = 256
_DATE_LENGTH_MAX: Final = 64
_SURE: Final = timedelta(seconds=1)


class Validator(msgspec.Struct, frozen=True, omit_defaults=True):
    """By what a page is known: its tag, or when it was last changed; and where it led to."""

    etag: str = ""
    modified: str = ""
    led_to: str = ""  # the place of the next page; "": it was the last one

    def headers(self) -> dict[str, str]:
        """What asks for the page only if it is another one by now."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified} if self.modified else {}


def validator(reply: Reply, led_to: str = "") -> Validator | None:
    """By what this reply will be known; None: nothing of it tells."""
    etag = reply.headers.get("ETag", "")
    if etag and len(etag) <= _TAG_LENGTH_MAX:
        return Validator(etag=etag, led_to=led_to)
    modified = reply.headers.get("Last-Modified", "")
    changed, now = _moment(modified), _moment(reply.headers.get("Date", ""))
    if changed is None or now is None or now - changed < _SURE:
        return None
    return Validator(modified=modified, led_to=led_to)


def over(etag: str) -> dict[str, str]:
    """What writes only over the version that was seen; a weak tag cannot say that."""
    return {} if not etag or etag.startswith("W/") else {"If-Match": etag}


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """The validators of one walk over a list: of the last one, and of the one under way."""

    last: dict[str, Validator] = {}
    now: dict[str, Validator] = {}

    def of(self, path: str, query: Query) -> Validator:
        """By what this very request's reply is known."""
        name = _named(path, query)
        return self.now.get(name) or self.last.get(name) or _NONE

    def with_(self, path: str, query: Query, found: Validator | None) -> Known:
        """With the validator of a reply that came."""
        if found is None or len(self.now) >= PAGES_MAX:
            return self
        return Known(self.last, {**self.now, _named(path, query): found})

    def ended(self) -> Known:
        """At the end of a walk: what was asked for in it is what may be asked for again."""
        return Known(self.now)


_NONE: Final = Validator()


def _named(path: str, query: Query) -> str:
    return sha256(repr((path, tuple(query))).encode()).hexdigest()[:16]


def _moment(text: str) -> datetime | None:
    if len(text) > _DATE_LENGTH_MAX:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else None
