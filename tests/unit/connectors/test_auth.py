"""What proves us: shown as they want it, fetched when it is needed, and seen by nobody else."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crossdock.connectors.kit.auth import AuthKind, AuthSettings
from crossdock.connectors.kit.http import BadCredential, HttpClient, NoReply, Reply
from crossdock.connectors.kit.verdicts import Trouble
from crossdock.testing.builders import StillClock, at
from crossdock.testing.fakes import fake
from crossdock.testing.fakes.fake import Asked, FakeFarSystem

SECRET = "canary-of-the-tests/of+auth"


class House(FakeFarSystem):
    """Gives tokens at /token, numbered, and lets in who shows the last one."""

    def __init__(self, *, lives_seconds: float = 3_600) -> None:
        super().__init__()
        self.given = 0
        self.lives_seconds = lives_seconds
        self.revoked = False
        self.broken: fake.Reply | None = None

    def settings(self) -> dict[str, Any]:
        """Of no use here."""
        return {}

    def effects(self) -> Mapping[str, Any]:
        """Nothing is kept."""
        return {}

    def answer(self, asked: Asked) -> fake.Reply:
        """A token, or what is asked for."""
        if asked.path == "/token":
            if self.broken is not None:
                return self.broken
            self.given += 1
            self.revoked = False
            token = {"access_token": f"token-{self.given}-of-the-house", "token_type": "bearer"}
            return fake.Reply(200, {**token, "expires_in": self.lives_seconds})
        shown = asked.headers.get("authorization", "")
        if self.revoked or shown != f"Bearer token-{self.given}-of-the-house":
            return fake.Reply(401)
        return fake.Reply(200, {"you_said": shown})

    @property
    def tokens(self) -> list[Asked]:
        """The requests for a token."""
        return [one for one in self.asked if one.path == "/token"]


def beside(house: House, play: Callable[[HttpClient], Awaitable[None]], **auth: Any) -> None:
    """Play with a client of the house."""

    async def whole() -> None:
        async with house.listening():
            given = {"kind": "oauth2", "token_url": f"{house.url}/token", "client_id": "hub"}
            settings = msgspec.convert(auth or given, AuthSettings)
            client = HttpClient(house.url, credential=SECRET, auth=settings)
            try:
                await play(client)
            finally:
                await client.close()

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"kind": "bearer"}, "authorization", f"Bearer {SECRET}"),
        ({"kind": "header", "header": "X-Shop-Key"}, "x-shop-key", SECRET),
        (
            {"kind": "basic", "user": "hub"},
            "authorization",
            "Basic " + base64.b64encode(f"hub:{SECRET}".encode()).decode(),
        ),
    ],
)
def test_a_secret_is_shown_as_they_want_it(auth: dict[str, str], header: str, value: str) -> None:
    """In one header and in no other."""
    house = House()

    async def play(client: HttpClient) -> None:
        await client.get("/x")
        [asked] = house.asked
        assert [name for name, one in asked.headers.items() if SECRET in one or value in one] == [
            header
        ]
        assert asked.headers[header] == value

    beside(house, play, **auth)


def test_a_token_is_fetched_once_for_many() -> None:
    """By the form of the grant, with our id and secret as a user's."""
    house = House()

    async def play(client: HttpClient) -> None:
        replies = await asyncio.gather(*(client.get("/x") for _ in range(10)))
        assert [one.status for one in replies if isinstance(one, Reply)] == [200] * 10
        [asked] = house.tokens
        assert asked.body == b"grant_type=client_credentials"
        pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic "))
        assert pair == b"hub:canary-of-the-tests%2Fof%2Bauth"

    beside(house, play)


def test_a_token_that_is_not_taken_any_more_is_fetched_anew_once() -> None:
    """Many find it gone at once; one fetches another, and all go on."""
    house = House()

    async def play(client: HttpClient) -> None:
        await client.get("/x")
        house.revoked = True
        replies = await asyncio.gather(*(client.get("/x") for _ in range(5)))
        assert [one.status for one in replies if isinstance(one, Reply)] == [200] * 5
        assert house.given == 2

    beside(house, play)


def test_a_token_that_ends_soon_is_not_used_again() -> None:
    """It could end on the way."""
    house = House(lives_seconds=20)

    async def play(client: HttpClient) -> None:
        await client.get("/x")
        await client.get("/x")
        assert house.given == 2

    beside(house, play)


def test_who_is_refused_with_a_fresh_token_is_refused() -> None:
    """It is tried once more, and not for ever."""
    house = House()

    async def play(client: HttpClient) -> None:
        house.weather = lambda _: (
            fake.Weather.FINE if len(house.asked) % 2 == 0 else fake.Reply(401)
        )
        reply = await client.get("/x")
        assert isinstance(reply, Reply)
        assert reply.status == 401
        assert len(house.asked) == 4

    beside(house, play)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (fake.Reply(400, {"error": "invalid_client"}), "no token: status 400"),
        (fake.Reply(200, "please log in"), "no token: the answer is no token"),
        (
            fake.Reply(200, {"access_token": "t", "token_type": "mac"}),
            "no token: a token of the kind 'mac'",
        ),
    ],
)
def test_without_a_token_nothing_is_sent(said: fake.Reply, why: str) -> None:
    """That is an outage: it costs no try."""
    house = House()
    house.broken = said

    async def play(client: HttpClient) -> None:
        assert await client.get("/x") == NoReply(Trouble.NOT_CONNECTED, why)
        assert [one.path for one in house.asked] == ["/token"]

    beside(house, play)


def test_what_they_say_back_is_not_kept() -> None:
    """Neither the secret nor the token is in a reply as we see it."""
    house = House()

    async def play(client: HttpClient) -> None:
        reply = await client.get("/x")
        assert isinstance(reply, Reply)
        assert b"token-1" not in reply.body
        assert b"[redacted]" in reply.body

    beside(house, play)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "basic"},
        {"kind": "oauth2", "client_id": "hub"},
        {"kind": "jwt", "client_id": "hub"},
        {"kind": "oauth2", "token_url": "http://127.0.0.1/token"},
        {"kind": "header", "header": "X Key"},
        {"kind": "basic", "user": "a:b"},
        {"kind": "magic"},
    ],
)
def test_what_cannot_prove_anything_is_refused_when_it_is_read(given: dict[str, str]) -> None:
    """Not at the first request."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, AuthSettings)


# --- a private key ------------------------------------------------------------------------------

RSA = rsa.generate_private_key(65_537, 2_048)
EC = ec.generate_private_key(ec.SECP256R1())
KEYS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {"RS256": RSA, "ES256": EC}


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """A key as it stands in a file."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def opened(assertion: str, algorithm: str) -> dict[str, Any]:
    """The claims of an assertion that this key has signed; raises InvalidSignature."""
    signed, _, last = assertion.rpartition(".")
    header, claims = [base64.urlsafe_b64decode(one + "==") for one in signed.split(".")]
    proof = base64.urlsafe_b64decode(last + "==")
    assert msgspec.json.decode(header) == {"alg": algorithm, "typ": "JWT", "kid": "k-1"}
    if algorithm == "RS256":
        RSA.public_key().verify(proof, signed.encode(), padding.PKCS1v15(), SHA256())
    else:
        r, s = int.from_bytes(proof[:32], "big"), int.from_bytes(proof[32:], "big")
        assert len(proof) == 64
        EC.public_key().verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    found: dict[str, Any] = msgspec.json.decode(claims)
    return found


def beside_keys(house: House, key: str, play: Callable[[HttpClient], Awaitable[None]]) -> None:
    """Play with a client that signs by this key."""

    async def whole() -> None:
        async with house.listening():
            given = {"kind": "jwt", "token_url": f"{house.url}/token", "client_id": "hub"}
            settings = msgspec.convert({**given, "key_id": "k-1", "scope": "orders"}, AuthSettings)
            client = HttpClient(house.url, credential=key, auth=settings, clock=StillClock(17))
            try:
                await play(client)
            finally:
                await client.close()

    asyncio.run(whole())


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_is_fetched_with_what_a_private_key_has_signed(algorithm: str) -> None:
    """For ourselves, for where tokens are given, for five minutes; and the key goes nowhere."""
    house, key = House(), pem(KEYS[algorithm])

    async def play(client: HttpClient) -> None:
        reply = await client.get("/x")
        assert isinstance(reply, Reply)
        assert reply.status == 200
        [asked] = house.tokens
        form = dict(parse_qsl(asked.body.decode()))
        assert form.pop("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        claims = opened(form.pop("assertion"), algorithm)
        assert form == {"scope": "orders"}
        name = claims.pop("jti")
        now = int(at(17).timestamp())
        assert claims == {
            "iss": "hub",
            "sub": "hub",
            "aud": f"{house.url}/token",
            "scope": "orders",
            "iat": now,
            "exp": now + 300,
        }
        assert len(name) == 32
        assert not any("PRIVATE" in str(one) for one in house.asked)
        assert "PRIVATE" not in repr(client)

    beside_keys(house, key, play)


def test_a_token_of_a_key_that_is_not_taken_any_more_is_fetched_anew_once() -> None:
    """As with any token."""
    house = House()

    async def play(client: HttpClient) -> None:
        await client.get("/x")
        house.revoked = True
        reply = await client.get("/x")
        assert isinstance(reply, Reply)
        assert (reply.status, house.given) == (200, 2)

    beside_keys(house, pem(EC), play)


@pytest.mark.parametrize(
    "key",
    [
        "canary-that-is-no-key",
        pem(EC).replace("M", "canary"),
        pem(rsa.generate_private_key(65_537, 1_024)),
        pem(ec.generate_private_key(ec.SECP384R1())),
    ],
    ids=["text", "broken", "short", "another curve"],
)
def test_a_key_that_cannot_sign_is_refused_and_not_shown(key: str) -> None:
    """When the client is made, not at the first request."""
    auth = AuthSettings(kind=AuthKind.JWT, token_url="http://127.0.0.1/t", client_id="hub")
    with pytest.raises(BadCredential) as refused:
        HttpClient("http://127.0.0.1:1", credential=key, auth=auth, clock=StillClock())
    shown = f"{refused.value!r}{refused.value.__cause__!r}{refused.value.__context__!r}"
    assert "canary" not in shown
    assert "private key" in str(refused.value)
