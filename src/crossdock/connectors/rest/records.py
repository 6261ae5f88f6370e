"""Records of their lists in our words, by the declared mapping; total, or it says where it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from crossdock.connectors.kit import mapping
from crossdock.connectors.kit.http import Destination, Reply
from crossdock.connectors.kit.mapping import Record
from crossdock.connectors.kit.polling import EARLIEST, Change
from crossdock.connectors.kit.reading import Odd, moment, understood
from crossdock.connectors.rest.settings import Pages, RestFeed
from crossdock.contracts.feeds import Said, Unread

_DIGEST: Final = 16
_TOKEN_LENGTH_MAX: Final = 2_000


def listed(body: Any, path: str) -> list[Any]:
    """The records of a reply; raises `Odd` where they are not what was declared."""
    found = member(body, path)
    if not isinstance(found, list):
        raise Odd(f"$.{path}" if path else "$", found, "a list of records")
    return found


def member(body: Any, path: str) -> Any:
    """What stands at a path of a reply, "" being all of it."""
    if not path:
        return body
    return mapping.value(body, path) if isinstance(body, dict) else None


def change(record: Any, feed: RestFeed, now: datetime) -> Change:
    """The record's name, version and stamp; one without a name is called by what it says."""
    try:
        name = mapping.name(_object(record), feed)
    except Odd:
        name = _said_by(record)
    try:
        stamp = _stamp(record, feed, EARLIEST)
    except Odd:
        stamp = now
    return Change(name, version(record, feed), stamp)


def version(record: Any, feed: RestFeed) -> str:
    """The version that it names, or else what it says."""
    if feed.version is not None and isinstance(record, dict):
        try:
            return mapping.text(record, feed.version, f"$.{feed.version}")
        except Odd:
            pass
    return _said_by(record)


def said(record: Any, name: str, feed: RestFeed, now: datetime) -> Said:
    """What a record means; raises `Odd`."""
    known = _object(record)
    noun = mapping.noun_of(known, feed)
    when = mapping.happened(known, feed, _stamp(known, feed, now))
    called = f"{name}/{mapping.name(known, feed)}/{version(known, feed)}"
    return Said(feed.type, called, when, noun)


def meaning(name: str, feed: RestFeed, record: Any, now: datetime) -> list[Said | Unread]:
    """What a record of the feed of this name means, or the whole of it as unread."""
    known = change(record, feed, now)
    called = f"{name}/{known.record}/{known.version}"
    return understood(called, record, lambda it: [said(it, name, feed, now)])


def next_place(pages: Pages, body: Any, reply: Reply, url: str) -> str:
    """The token or the address of the next page; "" where it is the last. Raises `Odd`."""
    where = f"$.{pages.next}" if pages.next else "$.headers.Link"
    found = member(body, pages.next) if pages.next else _link(reply.headers.get("Link", ""))
    if found is None or found == "":
        return ""
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise Odd(where, found, "a token, or the address of the next page")
    token = str(found)
    if len(token) > _TOKEN_LENGTH_MAX:
        raise Odd(where, token, f"{_TOKEN_LENGTH_MAX} characters at most")
    return token if pages.named else _path_of(token, where, url)


def _path_of(address: str, where: str, url: str) -> str:
    """The path and query of an address of theirs, which may be nobody else's."""
    here, parts = Destination.of(url), urlsplit(address)
    if parts.scheme or parts.netloc:
        there = Destination.of(f"{parts.scheme}://{parts.netloc}")
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            raise Odd(where, address, "an address of the same system")
    path = parts.path.removeprefix(here.prefix) if here.prefix else parts.path
    if not path.startswith("/"):
        raise Odd(where, address, "an address with a path")
    return f"{path}?{parts.query}" if parts.query else path


def _link(header: str) -> str | None:
    """The address behind rel="next" of a Link header (RFC 8288)."""
    for part in header.split(","):
        address, *parameters = part.split(";")
        if any(one.strip().replace('"', "") == "rel=next" for one in parameters):
            return address.strip().removeprefix("<").removesuffix(">")
    return None


def _object(record: Any) -> Record:
    if not isinstance(record, dict):
        raise Odd("$", record, "an object")
    return record


def _said_by(record: Any) -> str:
    return mapping.digest(record).hex()[:_DIGEST]


def _stamp(record: Any, feed: RestFeed, otherwise: datetime) -> datetime:
    if feed.changed is None:
        return otherwise
    where = f"$.{feed.changed.stamp}"
    return moment(mapping.text(_object(record), feed.changed.stamp, where), where)
