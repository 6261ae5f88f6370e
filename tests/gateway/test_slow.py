"""Slow, endless and malformed requests on raw sockets: cut off in time, harming nobody."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import pytest

from crossdock.gateway.server import serving
from crossdock.kernel import limits
from tests.gateway.house import KEYS, Gate, House, a_house, assert_clean, message, order, raw
from tests.helpers.aio import run

HEAD = (
    "POST /v1/messages HTTP/1.1\r\nHost: hub\r\n"
    f"Authorization: Bearer {KEYS['shop']}\r\nContent-Type: application/json\r\n"
)


@asynccontextmanager
async def line_to(
    house: House,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A plain connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer_to(reader: asyncio.StreamReader) -> tuple[int, dict[str, object]]:
    """Read one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert_clean(head)
    size = int(head.lower().partition("content-length: ")[2].partition("\r")[0])
    body = (await reader.readexactly(size)).decode()
    assert_clean(body)
    return int(head.split()[1]), json.loads(body)


async def said(house: House, *pieces: bytes) -> tuple[int, dict[str, object]]:
    """Send bytes as they are, then read one answer and the end of the connection."""
    async with line_to(house) as (reader, writer):
        writer.writelines(pieces)
        answer = await answer_to(reader)
        assert await reader.read() == b""
        return answer


@pytest.mark.parametrize("start", [b"", b"G", b"POST /v1/mess", HEAD.encode()[:-10], HEAD.encode()])
def test_a_head_that_does_not_end(start: bytes) -> None:
    """A connection that says nothing, or half a head, is told so and closed at the deadline."""

    async def scenario() -> None:
        async with a_house(receive_seconds=0.3) as house:
            status, problem = await said(house, start)
            assert (status, problem["code"]) == (408, "too-slow")

    run(scenario())


def test_a_head_that_drips() -> None:
    """The head's deadline is for all of it, however often a byte comes."""

    async def scenario() -> None:
        async with a_house(receive_seconds=0.3) as house, line_to(house) as (reader, writer):
            started = perf_counter()
            reading = asyncio.create_task(answer_to(reader))
            for byte in HEAD.encode():
                writer.write(bytes([byte]))
                done, _ = await asyncio.wait({reading}, timeout=0.02)
                if done:
                    break
            assert (await reading)[0] == 408
            assert perf_counter() - started < 2

    run(scenario())


def test_a_body_that_drips() -> None:
    """The body's deadline counts the waiting for its sender, however often a byte comes."""

    async def scenario() -> None:
        async with a_house(receive_seconds=0.3) as house, line_to(house) as (reader, writer):
            reading = asyncio.create_task(answer_to(reader))
            writer.write(f"{HEAD}Content-Length: 500\r\n\r\n".encode())
            for byte in raw(message()):
                writer.write(bytes([byte]))
                done, _ = await asyncio.wait({reading}, timeout=0.02)
                if done:
                    break
            status, problem = await reading
            assert (status, problem["code"]) == (408, "too-slow")
            assert house.store.log == {}

    run(scenario())


def test_a_second_request_has_a_deadline_too() -> None:
    """After one good request the same connection cannot be left half way in the next."""

    async def scenario() -> None:
        async with a_house(receive_seconds=0.3) as house, line_to(house) as (reader, writer):
            body = raw(message())
            writer.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert (await answer_to(reader))[0] == 202
            writer.write(HEAD.encode())
            assert (await answer_to(reader))[0] == 408
            assert await reader.read() == b""

    run(scenario())


def test_a_stream_cut_in_the_middle() -> None:
    """When the sender goes away, the lines that came whole are kept and nothing else happens."""

    async def scenario() -> None:
        async with a_house() as house:
            async with line_to(house) as (_, writer):
                head = HEAD.replace("application/json", "application/x-ndjson")
                writer.write(f"{head}Content-Length: 100000\r\n\r\n".encode())
                writer.write(raw(message()) + b"\n" + raw(message("m-2"))[:50])
                await writer.drain()
                done = asyncio.Event()

                async def kept(_: object) -> None:
                    done.set()

                house.store.after = kept
            await asyncio.wait_for(done.wait(), 5)
            assert [m.id for m in house.store.log.values()] == ["m-1"]

    run(scenario())


def test_a_stream_that_stops() -> None:
    """A stream that stalls is answered for its whole lines; the last receipt names the delay."""

    async def scenario() -> None:
        async with a_house(receive_seconds=0.3) as house, line_to(house) as (reader, writer):
            head = HEAD.replace("application/json", "application/x-ndjson")
            writer.write(f"{head}Content-Length: 100000\r\n\r\n".encode())
            writer.write(raw(message()) + b"\n{")
            status, answer = await answer_to(reader)
            assert status == 207
            receipts = answer["receipts"]
            assert isinstance(receipts, list)
            assert [r["answer"] for r in receipts] == ["accepted", "refused"]
            assert receipts[1]["problem"]["code"] == "too-slow"

    run(scenario())


def test_an_announced_length_past_the_cap() -> None:
    """300 MB that are announced are refused before a byte of them is read."""

    async def scenario() -> None:
        async with a_house() as house:
            status, problem = await said(house, f"{HEAD}Content-Length: 300000000\r\n\r\n".encode())
            assert (status, problem["code"]) == (413, "too-large")

    run(scenario())


@pytest.mark.parametrize("kind", ["application/json", "application/cloudevents-batch+json"])
def test_a_body_without_an_end(kind: str) -> None:
    """A body that only goes on is refused at its cap; memory does not follow it."""

    async def scenario() -> None:
        async with a_house() as house, line_to(house) as (reader, writer):
            before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            head = HEAD.replace("application/json", kind)
            writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            reading = asyncio.create_task(answer_to(reader))
            piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            sent_bytes = 0
            while not reading.done() and sent_bytes < 300 * limits.MIB:
                writer.write(piece)
                sent_bytes += len(piece)
                await writer.drain()
            status, problem = await reading
            assert (status, problem["code"]) == (413, "too-large")
            assert sent_bytes < 2 * limits.BATCH_BODY_BYTES_MAX
            after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            assert after_kib - before_kib < 64 * 1024

    run(scenario())


def test_whoever_goes_on_sending_is_cut_off() -> None:
    """After its refusal a sender has a moment to notice; then the connection is closed."""

    async def scenario() -> None:
        async with a_house() as house, line_to(house) as (reader, writer):
            writer.write(f"{HEAD}Content-Length: 300000000\r\n\r\n".encode())
            assert (await answer_to(reader))[0] == 413
            ended = asyncio.create_task(reader.read())
            started = perf_counter()
            while not ended.done() and perf_counter() - started < 4 * limits.LINGER_SECONDS_MAX:
                writer.write(b" ")
                await asyncio.wait({ended}, timeout=0.05)
            assert ended.done()

    run(scenario())


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        ("A" * (limits.HEADERS_BYTES_MAX + 100), 400, "bad-request"),
        ("GET / HTTP/1.1\r\nX: " + "a" * (limits.HEADERS_BYTES_MAX + 1), 431, "headers-too-long"),
        (
            "GET / HTTP/1.1\r\n" + "".join(f"X-{n}: a\r\n" for n in range(4_000)) + "\r\n",
            431,
            "headers-too-long",
        ),
        (f"GET /{'a' * limits.HEADERS_BYTES_MAX} HTTP/1.1\r\n\r\n", 431, "headers-too-long"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad-request"),
        ("GET / HTTP/1.1\r\nA B: c\r\n\r\n", 400, "bad-request"),
        ("GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n", 400, "bad-request"),
        (f"{HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, "bad-request"),
        (f"{HEAD}Content-Length: 9{'9' * 30}\r\n\r\n", 400, "bad-request"),
        (f"{HEAD}Content-Length: -1\r\n\r\n", 400, "bad-request"),
        (
            f"{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "bad-request",
        ),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400, "bad-request"),
        ("GET /\xff HTTP/1.1\r\n\r\n", 400, "bad-request"),
        ("FORGET / HTTP/1.1\r\n\r\n", 400, "bad-request"),
    ],
)
def test_a14_heads_that_are_none(head: str, status: int, code: str) -> None:
    """Heads that are too long, ambiguous or not HTTP are refused by name and the line is closed."""

    async def scenario() -> None:
        async with a_house() as house:
            found, problem = await said(house, head.encode("latin-1"))
            assert (found, problem["code"]) == (status, code)
            assert (await house.post(message()))[0] == 202

    run(scenario())


def test_n7_slow_clients_harm_nobody() -> None:
    """With two hundred slow connections open, a good client is served at once."""

    async def scenario() -> None:
        async with a_house(receive_seconds=5) as house:
            slow = [await asyncio.open_connection("127.0.0.1", house.port) for _ in range(200)]
            for _, writer in slow:
                writer.write(HEAD.encode()[:40])
            started = perf_counter()
            for number in range(20):
                assert (await house.post(message(f"m-{number}")))[0] == 202
            assert perf_counter() - started < 2
            for _, writer in slow:
                writer.close()

    run(scenario())


def test_c8_shutdown_has_a_hard_limit() -> None:
    """The server stops within its grace although requests hang, and claims nothing for them."""

    async def scenario() -> None:
        gate = Gate()
        async with a_house(grace_seconds=1) as house:
            house.store.before = gate
            async with line_to(house) as (reader, writer), line_to(house) as (_, half):
                body = raw(message())
                half.write(HEAD.encode())
                writer.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await gate.reached.wait()
                opening = asyncio.get_running_loop().call_later(2.5, gate.opened.set)
                answer = asyncio.create_task(answer_to(reader))
                stop = asyncio.create_task(house.stop())
                status, problem = await asyncio.wait_for(answer, 3)
                assert (status, problem["code"]) == (503, "shutting-down")
                await asyncio.wait_for(stop, 1)
                opening.cancel()
                gate.opened.set()

    started = perf_counter()
    run(scenario())
    assert perf_counter() - started < 5


def test_one_connection_too_many() -> None:
    """Connections up to the limit are served; the next is told to come again, and harms nobody."""

    async def scenario() -> None:
        async with a_house(connections_max=2) as house, line_to(house) as (reader, writer):
            async with line_to(house):
                status, problem = await said(house, b"")
                assert (status, problem["code"]) == (503, "overloaded")
                body = raw(message())
                writer.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                assert (await answer_to(reader))[0] == 202
            await asyncio.sleep(0)
            assert (await house.post(message()))[0] == 202

    run(scenario())


def test_an_address_that_is_taken() -> None:
    """Where the port is taken, serving fails with the system's error and leaves nothing behind."""

    async def scenario() -> None:
        async with a_house() as house:
            with pytest.raises(OSError, match="in use"):
                async with serving(house.door, port=house.port):
                    pass

    run(scenario())


def test_pipelined_requests_are_answered_in_order() -> None:
    """Requests that are sent without waiting are each answered, in their order."""

    async def scenario() -> None:
        async with a_house() as house, line_to(house) as (reader, writer):
            for name in ("m-1", "m-2", "m-1"):
                body = raw(message(name, data=order(f"SO-{name}")))
                writer.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answers = [await answer_to(reader) for _ in range(3)]
            assert [status for status, _ in answers] == [202] * 3
            assert [answer["duplicates"] for _, answer in answers] == [0, 0, 1]

    run(scenario())
