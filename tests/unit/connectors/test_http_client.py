"""The client: bounded in time and bytes, one destination, and sure about what was sent."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from crossdock.connectors.kit.http import (
    BadAddress,
    BadCredential,
    Destination,
    HttpClient,
    NoReply,
    Reply,
    quoted,
)
from crossdock.connectors.kit.verdicts import Trouble
from crossdock.kernel.limits import MIB
from tests.unit.connectors.far import SECRET, Script, far_side, reply


def ask(
    script: Script,
    *,
    hang: bool = False,
    path: str = "/a",
    headers: dict[str, str] | None = None,
    **settings: float,
) -> tuple[Reply | NoReply, list[bytes]]:
    """Post one small body to a scripted far side; gives the outcome and what the far side saw."""

    async def run() -> tuple[Reply | NoReply, list[bytes]]:
        async with far_side(script, hang=hang) as far:
            client = HttpClient(far.url, credential=SECRET, **settings)  # type: ignore[arg-type]
            try:
                return await client.post(path, b"{}", headers or {}), far.requests
            finally:
                await client.close()

    return asyncio.run(run())


def trouble(outcome: Reply | NoReply) -> Trouble:
    """The trouble of an outcome that must be one."""
    assert isinstance(outcome, NoReply), outcome
    return outcome.trouble


def test_a_request_says_who_we_are_and_nothing_else() -> None:
    """A request bears our fixed name, the bearer and what was asked for; no cookie, no version."""
    outcome, (request,) = ask(reply(b"{}"), headers={"Content-Type": "application/json"})
    head = request.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[0] == "POST /a HTTP/1.1"
    assert sorted(line.split(":")[0].lower() for line in head[1:]) == [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ]
    assert "User-Agent: crossdock" in head
    assert f"Authorization: Bearer {SECRET}" in head
    assert isinstance(outcome, Reply)
    assert (outcome.status, outcome.body) == (200, b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1",
        "http://",
        "http://user:pass@127.0.0.1",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#a",
        "http://127.0.0.1:notaport",
        "http://127.0.0.1:99999",
        "http://127.0.0.1/a/../b",
        "http://127.0.0.1\r\nHost: evil",
        "http://127.0.0.1\\@evil",
        "//127.0.0.1",
        "127.0.0.1:80",
        "",
    ],
)
def test_addresses_that_could_mislead_are_refused(url: str) -> None:
    """An address with a user, a query, a step upwards or a line break is refused at once."""
    with pytest.raises(BadAddress) as refusal:
        Destination.of(url)
    assert "user:pass" not in str(refusal.value)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "//evil.example/a",
        "/a//b",
        "/../a",
        "/a/..",
        "/a/./b",
        "/a?b=c",
        "/a#b",
        "/a\\b",
        "/a b",
        "/a\r\nb",
        "http://evil.example/",
        "@evil.example/",
        "/\u00e4",
    ],
)
def test_paths_never_lead_elsewhere(path: str) -> None:
    """A path that could leave the destination is not sent; the far side sees no request."""
    outcome, requests = ask(reply(b"{}"), path=path)
    assert trouble(outcome) is Trouble.NOT_SENDABLE
    assert requests == []


def test_destinations_keep_scheme_host_port_and_prefix() -> None:
    """What is sent goes to the configured place, the default port included."""
    assert str(Destination.of("https://erp.example/api/").at("/a")) == "https://erp.example/api/a"
    assert Destination.of("http://[::1]:8080") == Destination("http", "::1", 8080)
    assert str(Destination.of("http://[::1]:8080").at("/a")) == "http://[::1]:8080/a"


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ("erp/a b", "erp%2Fa%20b"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a?b#c%d", "a%3Fb%23c%25d"),
        ("\u00e4", "%C3%A4"),
    ],
)
def test_any_key_is_one_path_segment(key: str, segment: str) -> None:
    """However a key is spelled, it stays one segment and never a step upwards."""
    assert quoted(key) == segment


def test_headers_that_could_be_split_are_not_sent() -> None:
    """A header value with a line break stops the request before anything is sent."""
    outcome, requests = ask(reply(b"{}"), headers={"X": "a\r\nEvil: b"})
    assert trouble(outcome) is Trouble.NOT_SENDABLE
    assert requests == []


def test_credentials_that_cannot_be_sent_are_refused_unshown() -> None:
    """A secret with a line end is refused when the client is made, and is not quoted."""
    with pytest.raises(BadCredential) as refusal:
        HttpClient("http://127.0.0.1", credential=SECRET + "\n")
    assert SECRET not in str(refusal.value)


def test_refused_connection_means_nothing_was_sent() -> None:
    """Where nobody listens, the outcome says that no connection was made."""
    with socket.socket() as bound:  # bound but not listening: every connection is refused
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        assert trouble(asyncio.run(_post_once(url))) is Trouble.NOT_CONNECTED


def test_unknown_host_means_nothing_was_sent() -> None:
    """A name that nobody knows is the same as nobody listening."""
    outcome = asyncio.run(_post_once("http://no-such-host.invalid"))
    assert trouble(outcome) is Trouble.NOT_CONNECTED


def test_failed_handshake_means_nothing_was_sent() -> None:
    """A far side that does not speak TLS has not seen the request."""

    async def run() -> Reply | NoReply:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 this is a mail server\r\n")
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        try:
            return await _post_once(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        finally:
            server.close()
            await server.wait_closed()

    assert trouble(asyncio.run(run())) is Trouble.NOT_CONNECTED


async def _post_once(url: str) -> Reply | NoReply:
    client = HttpClient(url, credential=SECRET, timeout_seconds=5.0)
    try:
        return await client.post("/a", b"{}", {})
    finally:
        await client.close()


def test_a_question_whose_answer_was_lost_is_asked_once_more() -> None:
    """At once, and only once; what may have done something is not repeated."""

    async def asked(lost: int, ask: str) -> tuple[Reply | NoReply, int]:
        lives = iter([None] * lost)

        async with far_side(lambda _: next(lives, reply(b"{}"))) as far:
            client = HttpClient(far.url)
            try:
                said = await getattr(client, ask)("POST", "/", b"{}")
            finally:
                await client.close()
            return said, len(far.requests)

    said, requests = asyncio.run(asked(1, "question"))
    assert isinstance(said, Reply)
    assert requests == 2
    said, requests = asyncio.run(asked(2, "question"))
    assert isinstance(said, NoReply)
    assert requests == 2
    said, requests = asyncio.run(asked(1, "ask"))
    assert isinstance(said, NoReply)
    assert requests == 1


def test_closed_without_a_word_is_lost() -> None:
    """A far side that took the request and hung up may have acted."""
    outcome, requests = ask(None)
    assert trouble(outcome) is Trouble.LOST
    assert len(requests) == 1


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\n", reply(b"{}")[:-1]], ids=["silent", "in head", "in body"]
)
def test_n12_silence_ends_at_the_deadline(said: bytes) -> None:
    """The deadline holds for the whole exchange, wherever the far side stops."""
    outcome, _ = ask(said, hang=True, timeout_seconds=0.2)
    assert trouble(outcome) is Trouble.TIMED_OUT


def test_n8_trickling_ends_at_the_deadline() -> None:
    """A far side that sends a byte now and then does not hold us longer than the deadline."""

    async def run() -> tuple[Reply | NoReply, float]:
        async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            try:
                while not writer.is_closing():
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            except ConnectionError:
                pass  # the client gave up, as it should
            finally:
                writer.close()

        server = await asyncio.start_server(trickle, "127.0.0.1", 0)
        client = HttpClient(
            f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_seconds=0.3
        )
        begun = asyncio.get_running_loop().time()
        outcome = await client.post("/a", b"{}", {})
        took = asyncio.get_running_loop().time() - begun
        await client.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)
        return outcome, took

    outcome, took = asyncio.run(run())
    assert trouble(outcome) is Trouble.TIMED_OUT
    assert took < 2.0


def test_n9_reply_at_the_cap_is_read_and_one_past_it_is_not() -> None:
    """The cap is exact."""
    outcome, _ = ask(reply(b"x" * 1_000), reply_bytes_max=1_000)
    assert isinstance(outcome, Reply)
    outcome, _ = ask(reply(b"x" * 1_001), reply_bytes_max=1_000)
    assert trouble(outcome) is Trouble.TOO_LARGE


def test_n9_v4_bombs_are_not_unpacked() -> None:
    """A small body that unpacks to a huge one costs no memory worth speaking of."""
    bomb = gzip.compress(b"\0" * (64 * MIB))
    tracemalloc.start()
    outcome, _ = ask(reply(bomb, "200 OK", "application/json", "Content-Encoding: gzip"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert trouble(outcome) is Trouble.UNREADABLE
    assert peak < 32 * MIB


def test_compressed_replies_are_unpacked() -> None:
    """A far side that compresses unasked is understood; an unknown compression is not guessed."""
    body = gzip.compress(b'{"id":1}')
    outcome, _ = ask(reply(body, "200 OK", "application/json", "Content-Encoding: gzip"))
    assert isinstance(outcome, Reply)
    assert outcome.body == b'{"id":1}'
    outcome, _ = ask(reply(body, "200 OK", "application/json", "Content-Encoding: br"))
    assert trouble(outcome) is Trouble.UNREADABLE


def test_n5_redirects_are_not_followed() -> None:
    """A redirect is a reply like any other; nothing is sent to where it points."""
    redirect = reply(b"", "307 Temporary Redirect", "text/plain", "Location: /elsewhere")
    outcome, requests = ask(redirect)
    assert isinstance(outcome, Reply)
    assert outcome.status == 307
    assert len(requests) == 1


def test_cookies_are_not_kept() -> None:
    """A cookie that a far side sets does not come back to it."""

    async def run() -> list[bytes]:
        async with far_side(reply(b"{}", "200 OK", "text/plain", "Set-Cookie: a=b")) as far:
            client = HttpClient(far.url)
            await client.post("/a", b"{}", {})
            await client.post("/a", b"{}", {})
            await client.close()
            return far.requests

    first, second = asyncio.run(run())
    assert b"a=b" not in first
    assert b"a=b" not in second


@pytest.mark.parametrize(
    "use", [lambda client: client.post("/a", b"{}", {}), lambda client: client.get("/a")]
)
def test_a_closed_client_opens_anew(use: Callable[[HttpClient], Awaitable[object]]) -> None:
    """Closing lets go of connections and breaks nothing."""

    async def run() -> object:
        async with far_side(reply(b"{}")) as far:
            client = HttpClient(far.url)
            await use(client)
            await client.close()
            await client.close()
            outcome = await use(client)
            await client.close()
            return outcome

    assert isinstance(asyncio.run(run()), Reply)


def test_the_client_never_shows_its_secret() -> None:
    """Neither the client nor its failures show the credential."""
    outcome, _ = ask(None)
    client = HttpClient("http://127.0.0.1:1", credential=SECRET)
    assert SECRET not in repr(client)
    assert SECRET not in repr(outcome)
