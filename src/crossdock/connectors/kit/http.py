"""The one way in which connectors speak HTTP: bounded in time and bytes, to one destination only.

Each connector owns one client and each client one session. It never follows a redirect, never
keeps a cookie, never reads a proxy from the environment, and knows for each failure whether
anything can have been sent. Failures are values: what a connector must judge is not an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib import import_module
from types import MappingProxyType, SimpleNamespace
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from yarl import URL

from crossdock.connectors.kit.auth import (
    Auth,
    AuthKind,
    AuthSettings,
    Grant,
    NoProof,
    Token,
    basic,
    bearer,
    client_credentials,
    header_key,
    jwt_bearer,
)
from crossdock.connectors.kit.verdicts import Trouble
from crossdock.kernel.compression import inflate
from crossdock.kernel.errors import BadInput, CrossdockError
from crossdock.kernel.limits import MIB
from crossdock.kernel.ports import Clock
from crossdock.kernel.redaction import HIDDEN, shown
from crossdock.kernel.text import header_fault

CONNECT_SECONDS_MAX: Final = 5.0
"""How long a connection may take to open, name look-up and TLS handshake included."""

REPLY_BYTES_MAX: Final = 8 * MIB
"""Bytes read of one reply, after decompression."""

USER_AGENT: Final = "crossdock"
"""Without a version: it would tell a stranger which weaknesses to try."""

Query = Sequence[tuple[str, str]]
"""What is asked for behind a path, name by name; a name may stand several times."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

BEARER: Final = AuthSettings()

_NOT_TAKEN: Final = 401

_LOST_ON_THE_WAY: Final = frozenset({Trouble.LOST, Trouble.CUT_SHORT})

_PORTS = {"http": 80, "https": 443}


class BadAddress(CrossdockError):
    """The address of a far system cannot be used."""

    code = "bad-address"
    expects = "http(s)://host[:port][/path] without user, query or fragment"
    advice = "correct the url of this system in the configuration"


class BadCredential(CrossdockError):
    """The credential of a far system cannot be sent, or cannot sign."""

    code = "bad-credential"
    expects = "visible ASCII on one line; of auth jwt, a private key in PEM"
    advice = "look for a line end or blank at the end of the secret"


class JwtNotInstalled(CrossdockError):
    """The library that signs with a private key is not installed."""

    code = "jwt-not-installed"
    advice = "install crossdock[jwt]"


@dataclass(frozen=True, slots=True)
class Destination:
    """The only place a client may send to: scheme, host and port, and the path that all share."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def of(cls, url: str) -> Destination:
        """Read a configured address; raises `BadAddress`."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise BadAddress(found=shown(url)) from None
        if parts.scheme not in _PORTS or not parts.hostname or header_fault(url) is not None:
            raise BadAddress(found=shown(url))
        if "@" in parts.netloc or parts.query or parts.fragment or not _plain(parts.path):
            raise BadAddress(found=shown(url))
        return cls(
            parts.scheme,
            parts.hostname,
            port if port is not None else _PORTS[parts.scheme],
            parts.path.rstrip("/"),
        )

    def at(self, path: str, query: Query = ()) -> URL | None:
        """The address of a path below this destination, or None where it would lead elsewhere."""
        if not path.startswith("/") or not _plain(path):
            return None
        host = f"[{self.host}]" if ":" in self.host else self.host
        asked = f"?{urlencode(query)}" if query else ""
        url = URL(f"{self.scheme}://{host}:{self.port}{self.prefix}{path}{asked}", encoded=True)
        allowed = (url.scheme, url.host, url.port) == (self.scheme, self.host, self.port)
        return url if allowed else None


def quoted(segment: str) -> str:
    """Write any text as one path segment; dots alone would be read as a way upwards."""
    if segment.strip(".") == "":
        return segment.replace(".", "%2E")
    return quote(segment, safe="")


def _plain(path: str) -> bool:
    """Say whether a path is visible ASCII without query, fragment, backslash or a step upwards."""
    if any(character <= " " or character > "~" or character in "?#\\" for character in path):
        return False
    return "//" not in path and not {".", ".."}.intersection(path.split("/"))


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that came whole; the digests are of the request's body and of the reply's."""

    status: int
    headers: Mapping[str, str]  # by any case
    body: bytes  # without our credential, should they have said it back
    sent: bytes = b""
    received: bytes = b""


@dataclass(frozen=True, slots=True)
class NoReply:
    """There is no reply; `trouble` says whether anything can have happened."""

    trouble: Trouble
    detail: str = ""
    sent: bytes = b""  # the digest of the request's body, where it may have gone


@dataclass(frozen=True, slots=True)
class Request:
    """A request as somebody between sees it; its headers prove us, and are not shown."""

    destination: Destination
    method: str
    path: str
    query: Query
    body: bytes | None
    headers: Mapping[str, str] = field(repr=False)


Send = Callable[[], Awaitable[Reply | NoReply]]
"""Brings a request there."""

Passing = Callable[[Request, Send], Awaitable[Reply | NoReply]]
"""Somebody between: lets a request pass, or answers it."""

_PASSING: Final[ContextVar[Passing | None]] = ContextVar("passing", default=None)


@contextmanager
def passing(between: Passing) -> Iterator[None]:
    """Let every request of this task, and of those that it starts, pass by somebody."""
    token = _PASSING.set(between)
    try:
        yield
    finally:
        _PASSING.reset(token)


class HttpClient:
    """One far system's client; opens its session when it is first needed."""

    def __init__(
        self,
        url: str,
        *,
        credential: str = "",
        auth: AuthSettings = BEARER,
        timeout_seconds: float = 30.0,
        connections_max: int = 8,
        reply_bytes_max: int = REPLY_BYTES_MAX,
        clock: Clock | None = None,
    ) -> None:
        """Take the address and the secret, which is shown as `auth` says.

        `clock` dates what is signed; without one, nothing can be. Raises `BadAddress`,
        `JwtNotInstalled`, and `BadCredential`, which never shows what it refuses.
        """
        self.destination = Destination.of(url)
        self._headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        fault = header_fault(credential) if auth.kind is not AuthKind.JWT else None
        if fault is not None and credential:
            raise BadCredential(f"The credential cannot be sent in a header: {fault}")
        self._auth = _proof(auth, credential, timeout_seconds, clock) if credential else None
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds, sock_connect=min(CONNECT_SECONDS_MAX, timeout_seconds)
        )
        self._connections_max = connections_max
        self._reply_bytes_max = reply_bytes_max
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        """Name the destination, never the credential."""
        return f"HttpClient({self.destination.scheme}://{self.destination.host})"

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | NoReply:
        """Send a body; raises nothing but cancellation."""
        return await self._ask("POST", path, body, headers)

    async def get(
        self, path: str, query: Query = (), headers: Mapping[str, str] = NOTHING
    ) -> Reply | NoReply:
        """Ask for a resource; raises nothing but cancellation."""
        return await self._ask("GET", path, None, headers, query)

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        query: Query = (),
        headers: Mapping[str, str] = NOTHING,
    ) -> Reply | NoReply:
        """Ask with any method; raises nothing but cancellation."""
        return await self._ask(method, path, body, headers, query)

    async def question(
        self,
        method: str,
        path: str,
        body: bytes | None,
        query: Query = (),
        headers: Mapping[str, str] = NOTHING,
    ) -> Reply | NoReply:
        """Ask what changes nothing there; raises nothing but cancellation.

        A reply that was lost on its way is asked for once more, at once: an operation of ten
        questions would seldom come to its end over a line that loses one in ten.
        """
        reply = await self._ask(method, path, body, headers, query)
        if isinstance(reply, NoReply) and reply.trouble in _LOST_ON_THE_WAY:
            return await self._ask(method, path, body, headers, query)
        return reply

    async def close(self) -> None:
        """Let go of all connections; the client opens anew if it is used again."""
        if self._auth is not None:
            await self._auth.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        query: Query = (),
    ) -> Reply | NoReply:
        """Ask with what proves us; a proof that is not taken is renewed once, where it can be."""
        if self._auth is None:
            return await self._exchange(method, path, body, headers, query)
        try:
            proof = await self._auth.headers()
            reply = await self._exchange(method, path, body, {**headers, **proof}, query)
            if getattr(reply, "status", 0) == _NOT_TAKEN and await self._auth.refused(proof):
                proof = await self._auth.headers()
                reply = await self._exchange(method, path, body, {**headers, **proof}, query)
        except NoProof as nothing:
            return NoReply(Trouble.NOT_CONNECTED, f"no token: {nothing}")
        return reply

    async def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        query: Query = (),
    ) -> Reply | NoReply:
        between = _PASSING.get()
        if between is None:
            return await self._sent(method, path, body, headers, query)
        asked = Request(self.destination, method, path, query, body, headers)
        return await between(asked, lambda: self._sent(method, path, body, headers, query))

    async def _sent(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        query: Query = (),
    ) -> Reply | NoReply:
        url = self.destination.at(path, query)
        if url is None:
            return NoReply(Trouble.NOT_SENDABLE, "a path outside the configured destination")
        for name, value in headers.items():
            if (fault := header_fault(value)) is not None:
                return NoReply(Trouble.NOT_SENDABLE, f"header {name}: {fault}")
        # Set by the tracer as soon as there is a connection: from then on bytes may have gone.
        progress = SimpleNamespace(connected=False, replied=False)
        sent = sha256(body).digest() if body is not None else b""
        try:
            async with self._open().request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                progress.replied = True
                read = await self._read(response)
                if isinstance(read, NoReply):
                    return replace(read, sent=sent)
                received = sha256(read).digest()
                return Reply(response.status, response.headers, self._hid(read), sent, received)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            return NoReply(_trouble(error, progress), _said(error), sent)

    def _hid(self, body: bytes) -> bytes:
        """A reply without our secret: some far sides say back what they were shown."""
        for secret in self._auth.secrets() if self._auth is not None else ():
            body = body.replace(secret.encode(), HIDDEN.encode())
        return body

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | NoReply:
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_any():
            parts.append(part)
            size += len(part)
            if size > self._reply_bytes_max:
                return NoReply(Trouble.TOO_LARGE, f"more than {self._reply_bytes_max} bytes")
        encoding = response.headers.get("Content-Encoding", "")
        try:
            return inflate(b"".join(parts), encoding, self._reply_bytes_max)
        except BadInput as error:
            return NoReply(Trouble.UNREADABLE, error.code)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections_max),
                headers=self._headers,
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # ours is capped while it unpacks
                trace_configs=[_tracer()],
            )
            # It would send a GET or PUT once more by itself when the reply is lost, and a write
            # over the version that was seen would then be a conflict with itself.
            self._session._retry_connection = False
        return self._session


def _proof(auth: AuthSettings, secret: str, timeout_seconds: float, clock: Clock | None) -> Auth:
    """How the secret is shown; a token is fetched by a client of its own."""
    match auth.kind:
        case AuthKind.HEADER:
            return header_key(auth.header, secret)
        case AuthKind.BASIC:
            return basic(auth.user, secret)
        case AuthKind.OAUTH2:
            grant = client_credentials(auth.client_id, secret, auth.scope)
            return _fetched(grant, auth, timeout_seconds)
        case AuthKind.JWT:
            grant = jwt_bearer(_signed(auth, secret, clock), secret, auth.scope)
            return _fetched(grant, auth, timeout_seconds)
        case AuthKind.BEARER:
            return bearer(secret)


def _fetched(grant: Callable[[], Grant], auth: AuthSettings, timeout_seconds: float) -> Token:
    """A token that is given where the settings say."""
    parts = urlsplit(auth.token_url or "")
    there = HttpClient(f"{parts.scheme}://{parts.netloc}", timeout_seconds=timeout_seconds)

    async def fetch(form: bytes, headers: Mapping[str, str]) -> bytes:
        reply = await there.post(parts.path or "/", form, headers)
        if isinstance(reply, NoReply):
            raise NoProof(str(reply.trouble))
        if reply.status != 200:
            raise NoProof(f"status {reply.status}")
        return reply.body

    return Token(grant, fetch, there.close)


def _signed(auth: AuthSettings, secret: str, clock: Clock | None) -> Callable[[], str]:
    """Whoever signs assertions; raises `JwtNotInstalled` or `BadCredential`."""
    try:
        signer_of = import_module("crossdock.connectors.kit.jwt").Signer
    except ImportError:
        raise JwtNotInstalled from None
    try:
        signer = signer_of(
            secret,
            issuer=auth.client_id,
            subject=auth.subject or auth.client_id,
            audience=auth.audience or auth.token_url,
            key_id=auth.key_id,
            scope=auth.scope,
        )
    except ValueError as error:
        raise BadCredential(str(error)) from None

    def assertion() -> str:
        if clock is None:
            raise NoProof("nothing can be signed without a clock")
        signed: str = signer.assertion(clock.now())
        return signed

    return assertion


def _tracer() -> aiohttp.TraceConfig:
    async def connected(_: object, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.connected = True

    tracer = aiohttp.TraceConfig()
    tracer.on_connection_create_end.append(connected)
    tracer.on_connection_reuseconn.append(connected)
    return tracer


def _trouble(error: Exception, progress: SimpleNamespace) -> Trouble:
    if not progress.connected:
        return Trouble.NOT_CONNECTED
    if isinstance(error, asyncio.TimeoutError):
        return Trouble.TIMED_OUT
    return Trouble.CUT_SHORT if progress.replied else Trouble.LOST


def _said(error: Exception) -> str:
    """Name the failure; its own text may quote what we sent."""
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__} {error.errno}"
    return type(error).__name__
