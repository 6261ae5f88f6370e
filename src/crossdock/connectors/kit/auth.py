"""How we prove who we are: a bearer, a key in a header of theirs, a user, or a token that we fetch.

A token is fetched when the first request needs it, kept until shortly before its end, and fetched
anew once when it is not taken (401). Many requests that find it gone wait for one that fetches it.
Sources of the token's exchange: RFC 6749 sections 2.3.1 and 4.4, RFC 7523 section 2.1; of the user:
RFC 7617.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Protocol
from urllib.parse import quote_plus, urlencode

import msgspec
from msgspec import Meta

EARLY_SECONDS: Final = 30.0
"""How long before its end a token is fetched anew: longer than a request is on its way."""

LIFE_SECONDS: Final = 300.0
"""How long a token is kept of which nobody says how long it lives."""


class AuthKind(StrEnum):
    """How the credential is shown."""

    BEARER = "bearer"
    HEADER = "header"
    BASIC = "basic"
    OAUTH2 = "oauth2"
    JWT = "jwt"


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator says of it; the secret itself is the connector's `credential`."""

    kind: AuthKind = AuthKind.BEARER
    header: Annotated[str, Meta(pattern=r"\A[A-Za-z][A-Za-z0-9-]{0,63}\Z")] = "X-Api-Key"
    user: Annotated[str, Meta(pattern=r"\A[^:\x00-\x1f\x7f]*\Z")] = ""
    token_url: str | None = None
    client_id: str = ""
    scope: str = ""
    subject: str = ""  # of jwt: for whom we act; by default ourselves
    audience: str = ""  # of jwt: who is to believe it; by default where tokens are given
    key_id: str = ""  # of jwt: by which they know our public key

    def __post_init__(self) -> None:
        """Refuse a kind that lacks what it needs; raises ValueError."""
        if self.kind is AuthKind.BASIC and not self.user:
            raise ValueError("auth basic needs a user")
        fetched = self.kind in (AuthKind.OAUTH2, AuthKind.JWT)
        if fetched and not (self.token_url and self.client_id):
            raise ValueError(f"auth {self.kind} needs token_url and client_id")


class NoProof(Exception):
    """There is nothing to prove ourselves with now: nothing may be sent. Says why."""


class Auth(Protocol):
    """Gives the headers of a request."""

    async def headers(self) -> Mapping[str, str]:
        """What proves us; raises `NoProof`."""
        ...

    async def refused(self, shown: Mapping[str, str]) -> bool:
        """These headers were not taken; gives whether others may be tried. Raises `NoProof`."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """What must not be seen in anything that they say."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Fixed:
    """The same headers always."""

    def __init__(self, headers: Mapping[str, str], *secrets: str) -> None:
        self._headers = headers
        self._secrets = secrets

    async def headers(self) -> Mapping[str, str]:
        """The headers."""
        return self._headers

    async def refused(self, shown: Mapping[str, str]) -> bool:
        """There are no others."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """What they hold."""
        return self._secrets

    async def close(self) -> None:
        """There is nothing to let go of."""


def bearer(secret: str) -> Fixed:
    """`Authorization: Bearer`."""
    return Fixed({"Authorization": f"Bearer {secret}"}, secret)


def header_key(name: str, secret: str) -> Fixed:
    """A key in a header of their choice."""
    return Fixed({name: secret}, secret)


def basic(user: str, secret: str) -> Fixed:
    """A user and a password, in UTF-8."""
    shown = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return Fixed({"Authorization": f"Basic {shown}"}, secret, shown)


Fetch = Callable[[bytes, Mapping[str, str]], Awaitable[bytes]]
"""Posts a form to where tokens are given, and gives the body of a 200; raises `NoProof`."""


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - a kind, no secret
    expires_in: float = LIFE_SECONDS


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is asked for with."""

    form: Mapping[str, str]
    headers: Mapping[str, str]
    secrets: tuple[str, ...]  # what of it must not be seen


def client_credentials(client_id: str, secret: str, scope: str = "") -> Callable[[], Grant]:
    """The grant of the same name: our id and secret, as a user's."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    proof = base64.b64encode(pair.encode()).decode()
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    grant = Grant(form, {"Authorization": f"Basic {proof}"}, (secret, proof))
    return lambda: grant


def jwt_bearer(assertion: Callable[[], str], secret: str, scope: str = "") -> Callable[[], Grant]:
    """The grant of an assertion that our private key has signed, a fresh one each time."""

    def grant() -> Grant:
        signed = assertion()
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": signed,
            **({"scope": scope} if scope else {}),
        }
        return Grant(form, {}, (secret, signed))

    return grant


class Token:
    """A token for our own account, fetched by a grant."""

    def __init__(
        self, grant: Callable[[], Grant], fetch: Fetch, close: Callable[[], Awaitable[None]]
    ) -> None:
        """`fetch` reaches where tokens are given, `close` lets go of it."""
        self._grant = grant
        self._fetch = fetch
        self._close = close
        self._secrets: tuple[str, ...] = ()
        self._token = ""
        self._until = 0.0
        self._one = asyncio.Lock()

    async def headers(self) -> Mapping[str, str]:
        """The token, fetched if there is none or it ends soon."""
        async with self._one:
            if not self._token or self._now() >= self._until:
                await self._renew()
            return {"Authorization": f"Bearer {self._token}"}

    async def refused(self, shown: Mapping[str, str]) -> bool:
        """Fetch another one, unless somebody did meanwhile."""
        async with self._one:
            if shown.get("Authorization") == f"Bearer {self._token}":
                await self._renew()
            return True

    def secrets(self) -> tuple[str, ...]:
        """What the grant showed, in all spellings, and the token."""
        return tuple(one for one in (*self._secrets, self._token) if one)

    async def close(self) -> None:
        """Let go of where tokens are given."""
        await self._close()

    async def _renew(self) -> None:
        self._token = ""
        asked_at = self._now()
        grant = self._grant()
        self._secrets = grant.secrets
        headers = {
            **grant.headers,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = await self._fetch(urlencode(grant.form).encode(), headers)
        try:
            found = msgspec.json.decode(body, type=_Token)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise NoProof("the answer is no token") from None
        if found.token_type.lower() != "bearer":
            raise NoProof(f"a token of the kind {found.token_type[:20]!r}")
        self._token = found.access_token
        # A token that lives shorter than we come early is used once.
        self._until = asked_at + max(found.expires_in - EARLY_SECONDS, 0.0)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
