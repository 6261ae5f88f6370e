"""What passes between a connector and its system: taken down, anonymised, and played again.

A recording holds scenes: a feed that is read, or documents that are told; each with its exchanges
and what came of them. It is played without a socket: every request is answered by the next reply
that was recorded for its method and path. What comes of a scene is noted when the anonymised
exchanges are played, so that it can be compared with what comes of them at any later time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from multidict import CIMultiDict

from crossdock.connectors.kit import golden
from crossdock.connectors.kit.anonymising import Anonymiser, spelled
from crossdock.connectors.kit.auth import AuthSettings
from crossdock.connectors.kit.card import Settings, secrets_of
from crossdock.connectors.kit.http import (
    Destination,
    NoReply,
    Passing,
    Reply,
    Request,
    Send,
    passing,
)
from crossdock.connectors.kit.kind import Kind
from crossdock.connectors.kit.verdicts import Trouble
from crossdock.contracts.connector import Connector, Document
from crossdock.contracts.feeds import Page, Source
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.ports import Clock
from crossdock.kernel.redaction import HIDDEN, is_secret, shown

ENDING: Final = ".recording.json"
PAGES_MAX: Final = 20

_HERE: Final = "http://recorded.invalid"
_SECRET: Final = "whsec_cmVjb3JkZWQtYW5kLW5vLXNlY3JldA=="  # noqa: S105 - stands for any
_HEADERS: Final = frozenset(
    {"content-type", "date", "etag", "idempotent-replayed", "last-modified", "link", "retry-after"}
)


class NothingToRecord(CrossdockError):
    """This connector speaks to no address, so nothing passes that could be taken down."""

    code = "nothing-to-record"
    advice = "record systems that are reached by HTTP; others are tried on their fake"


class NotTheSame(CrossdockError):
    """Without secrets and people the exchanges mean something else, so they prove nothing."""

    code = "recording-differs"
    advice = "a field that is hidden is read by the mapping: look at which in the golden samples"


class SecretSurvives(CrossdockError):
    """A recording would hold a secret, so it is not written."""

    code = "secret-survives"
    advice = "name the field that holds it with --hide"


class Exchange(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A request and its reply; bodies in JSON only."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""
    status: int
    headers: dict[str, str] = {}
    reply: str = ""


class Scene(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was done: a feed that was read to its end, or a golden document told."""

    exchanges: tuple[Exchange, ...]
    gives: Any
    feed: str = ""
    told: str = ""


class Recording(msgspec.Struct, frozen=True):
    """What was recorded of one system, with the settings that it was reached by."""

    connector: str
    now: datetime
    settings: dict[str, Any]
    scenes: tuple[Scene, ...]


class _Still:
    """A clock that stands when the recording was made."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The moment of the recording."""
        return self._now

    def monotonic(self) -> float:
        """Nothing passes."""
        return 0.0


async def record(
    kind: Kind, settings: Settings, clock: Clock, *, hide: Sequence[str] = (), tell: bool = False
) -> Recording:
    """Do everything that can be done, and take it down without secrets and people.

    With `tell` the golden documents are told as well. Raises `NothingToRecord`,
    `NotTheSame` or `SecretSurvives`.
    """
    if not getattr(settings, "url", ""):
        raise NothingToRecord(found=kind.card.id)
    secrets = spelled([getattr(settings, name) for name in secrets_of(kind.settings)])
    hider = Anonymiser(secrets, hide)
    now = clock.now()
    documents = golden.documents(golden.folder_of(kind))
    scenes = [Scene((), None, feed=name) for name in await _feeds(kind, settings, clock)]
    scenes += [Scene((), None, told=case) for case in documents if tell]
    seen: list[Scene] = []
    for scene in scenes:
        taken = _Taken(settings, hider)
        gives = await _act(kind, settings, _Still(now), scene, documents, taken.through)
        seen.append(Scene(tuple(taken.exchanges), gives, scene.feed, scene.told))
    return await _noted(kind, settings, hider, now, seen, secrets)


async def played(kind: Kind, recording: Recording) -> list[Any]:
    """What comes of each scene of a recording when its exchanges are played to the connector."""
    settings = msgspec.convert(recording.settings, kind.settings)
    documents = golden.documents(golden.folder_of(kind))
    clock = _Still(recording.now)
    return [
        await _act(kind, settings, clock, one, documents, _Player(one.exchanges).through)
        for one in recording.scenes
    ]


def decode(raw: bytes) -> Recording:
    """A recording as it stands in a file."""
    return msgspec.json.decode(raw, type=Recording)


def encode(recording: Recording) -> bytes:
    """A recording as it is written."""
    return msgspec.json.format(msgspec.json.encode(recording), indent=1) + b"\n"


async def _noted(
    kind: Kind,
    settings: Settings,
    hider: Anonymiser,
    now: datetime,
    scenes: Sequence[Scene],
    secrets: Sequence[str],
) -> Recording:
    """The recording with what comes of it; raises `NotTheSame` or `SecretSurvives`."""
    silent = Recording(kind.card.id, now, _public(kind, settings, hider), tuple(scenes))
    gives = await played(kind, silent)
    for scene, given in zip(scenes, gives, strict=True):
        if _outline(scene.gives) != _outline(given):
            raise NotTheSame(
                where=scene.feed or scene.told,
                found=shown(_outline(given)),
                expected=shown(_outline(scene.gives)),
            )
    noted = tuple(
        msgspec.structs.replace(scene, gives=given)
        for scene, given in zip(scenes, gives, strict=True)
    )
    recording = msgspec.structs.replace(silent, scenes=noted)
    raw = encode(recording).decode()
    if any(secret in raw for secret in secrets):
        raise SecretSurvives(where=f"the recording of {kind.card.id}")
    return recording


def _public(kind: Kind, settings: Settings, hider: Anonymiser) -> dict[str, Any]:
    """The settings without secrets, without who we are there, and without where it is."""
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    for name in secrets_of(kind.settings):
        if told.get(name):
            told[name] = _SECRET
    for name, found in told.items():
        if isinstance(getattr(settings, name), AuthSettings):
            told[name] = msgspec.to_builtins(AuthSettings())
        elif name in ("user", "url"):
            told[name] = _HERE if name == "url" else HIDDEN
        elif isinstance(found, str) and name not in secrets_of(kind.settings):
            told[name] = hider.text(found)
    return told


class _Taken:
    """Takes down what passes to the system itself; where tokens are given is left out."""

    def __init__(self, settings: Settings, hider: Anonymiser) -> None:
        self.exchanges: list[Exchange] = []
        self._there = Destination.of(getattr(settings, "url", _HERE))
        self._hider = hider

    async def through(self, asked: Request, send: Send) -> Reply | NoReply:
        """Let it pass."""
        reply = await send()
        if isinstance(reply, Reply) and asked.destination == self._there:
            self.exchanges.append(self._exchange(asked, reply))
        return reply

    def _exchange(self, asked: Request, reply: Reply) -> Exchange:
        hidden = self._hider
        return Exchange(
            method=asked.method,
            path=hidden.text(asked.path),
            query=tuple((name, hidden.value(name, one)) for name, one in asked.query),
            body=hidden.body(asked.body),
            status=reply.status,
            headers={
                name.lower(): HIDDEN if is_secret(name) else self._moved(hidden.text(found))
                for name, found in reply.headers.items()
                if name.lower() in _HEADERS or is_secret(name)
            },
            reply=self._moved(hidden.body(reply.body)),
        )

    def _moved(self, text: str) -> str:
        """Addresses of the system lead to where it is played."""
        there = self._there
        known = f"{there.scheme}://{there.host}"
        return text.replace(f"{known}:{there.port}", _HERE).replace(known, _HERE)


class _Player:
    """Answers each request by what was recorded for it."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._left = list(exchanges)

    async def through(self, asked: Request, send: Send) -> Reply | NoReply:
        """The next reply of its method and path; nobody is asked."""
        for at, one in enumerate(self._left):
            if (one.method, one.path) == (asked.method, asked.path):
                del self._left[at]
                headers = CIMultiDict(one.headers)
                return Reply(one.status, headers, one.reply.encode())
        return NoReply(Trouble.NOT_CONNECTED, f"{asked.method} {asked.path} was not recorded")


async def _act(
    kind: Kind,
    settings: Settings,
    clock: Clock,
    scene: Scene,
    documents: Mapping[str, Sequence[Document]],
    between: Passing,
) -> list[Any]:
    """Do what a scene is of, by a connector of its own; gives what came of it."""
    connector = kind.reach(settings, clock)
    with passing(between):
        try:
            if scene.feed:
                return await _read(connector, scene.feed, clock.now())
            return _in_words(await connector.send(documents[scene.told]))
        finally:
            await connector.close()  # which may end a session there


async def _feeds(kind: Kind, settings: Settings, clock: Clock) -> list[str]:
    connector = kind.reach(settings, clock)
    try:
        return [feed.name for feed in connector.feeds] if isinstance(connector, Source) else []
    finally:
        await connector.close()


async def _read(connector: Connector, name: str, now: datetime) -> list[Any]:
    """What a feed says to its end, or for so many pages; a trouble stands as what it is."""
    assert isinstance(connector, Source)
    [feed] = [one for one in connector.feeds if one.name == name]
    said: list[Any] = []
    cursor = ""
    for _ in range(PAGES_MAX):
        page = await feed.page(cursor, now)
        if not isinstance(page, Page):
            return [*said, {"trouble": page.reason}]
        said += golden.in_words(page.said)
        if not page.more:
            break
        cursor = page.cursor
    return said


def _outline(gives: Sequence[Any]) -> list[str]:
    """What came of a scene without any value: how many of which kind."""
    return [
        str(one.get("type") or one.get("answer") or one.get("where") or "trouble") for one in gives
    ]


def _in_words(answers: Sequence[Any]) -> list[Any]:
    return [
        {"answer": type(one).__name__, "reference": getattr(one, "reference", "")}
        for one in answers
    ]
