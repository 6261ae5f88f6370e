"""The fault proxy does to a line what it says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from crossdock.testing.fault_proxy import NONE, FaultProxy, Faults, Toxics
from tests.helpers.aio import eventually, run


class Echo:
    """A server that answers each line in capitals and remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.talks: set[asyncio.Task[None]] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side has nothing more to say."""
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        try:
            while line := await reader.readline():
                self.heard.append(line)
                writer.write(line.upper())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def a_line(
    faults: Faults = NONE,
) -> AsyncIterator[tuple[Echo, FaultProxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A server, a proxy before it, and a client's connection to the proxy."""
    echo = Echo()
    server = await asyncio.start_server(echo.talk, "127.0.0.1", 0)
    upstream = ("127.0.0.1", server.sockets[0].getsockname()[1])
    async with server:
        async with FaultProxy(upstream, faults=faults) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            try:
                yield echo, proxy, reader, writer
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        await asyncio.gather(*echo.talks)


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes = b"hello\n"
) -> bytes:
    writer.write(line)
    return await reader.readline()


def test_without_faults_everything_passes() -> None:
    """Both ways are carried to the byte, and the end of one side reaches the other."""

    async def scene() -> None:
        async with a_line() as (echo, proxy, reader, writer):
            assert await _ask(reader, writer) == b"HELLO\n"
            assert await _ask(reader, writer, b"more\n") == b"MORE\n"
            writer.write_eof()
            assert await reader.read() == b""
            assert echo.heard == [b"hello\n", b"more\n"]
            assert proxy.did == {"opened": 1}

    run(scene())


def test_latency_and_rate_take_the_time_they_say() -> None:
    """A piece waits for its latency and for its bytes at the rate, each way by itself."""
    slow = Faults(up=Toxics(latency_seconds=0.05), down=Toxics(bytes_per_second=60.0))

    async def scene() -> float:
        async with a_line(slow) as (_, _, reader, writer):
            before = asyncio.get_running_loop().time()
            assert await _ask(reader, writer) == b"HELLO\n"
            return asyncio.get_running_loop().time() - before

    assert run(scene()) >= 0.05 + 6 / 60


def test_jitter_comes_from_the_seed() -> None:
    """Two proxies of one seed draw the same numbers, one of another seed does not."""
    drawn = [FaultProxy("/nowhere", seed=seed).chance.uniform(-1, 1) for seed in (7, 7, 8)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("faults", [Faults(refusing=True), Faults(lost_requests=1.0)])
def test_what_is_not_let_through_is_reset_and_never_heard(faults: Faults) -> None:
    """Nobody listens, or the request is lost: the client is reset, the server hears nothing."""

    async def scene() -> None:
        async with a_line(faults) as (echo, proxy, reader, writer):
            with pytest.raises(ConnectionResetError):
                await _ask(reader, writer)
            assert echo.heard == []
            assert proxy.did["refused"] + proxy.did["request lost"] == 1

    run(scene())


@pytest.mark.parametrize("faults", [Faults(lost_replies=1.0), Faults(lose_reply_to=b"hello")])
def test_a_lost_reply_was_a_request_that_was_heard(faults: Faults) -> None:
    """The server has done it before the client's line is reset."""

    async def scene() -> None:
        async with a_line(faults) as (echo, proxy, reader, writer):
            with pytest.raises(ConnectionResetError):
                await _ask(reader, writer)
            assert echo.heard == [b"hello\n"]
            assert proxy.did["reply lost"] == 1

    run(scene())


def test_only_the_named_request_is_lost() -> None:
    """Requests without the bytes pass on the same line; the one with them does not."""

    async def scene() -> None:
        async with a_line(Faults(lose_request_with=b"COMMIT")) as (echo, _, reader, writer):
            assert await _ask(reader, writer, b"insert\n") == b"INSERT\n"
            with pytest.raises(ConnectionResetError):
                await _ask(reader, writer, b"COMMIT\n")
            assert echo.heard == [b"insert\n"]

    run(scene())


def test_a_duplicate_is_heard_twice_and_answered_once() -> None:
    """The client sees one reply; the server hears the same bytes on two lines."""

    async def scene() -> None:
        async with a_line(Faults(duplicates=1.0)) as (echo, proxy, reader, writer):
            assert await _ask(reader, writer) == b"HELLO\n"
            await eventually(lambda: proxy.did["sent twice"] == 1)
            assert echo.heard == [b"hello\n", b"hello\n"]

    run(scene())


@pytest.mark.parametrize("size", range(7))
def test_a_reply_is_truncated_after_any_number_of_bytes(size: int) -> None:
    """The client gets exactly so many bytes and then the end of the line."""

    async def scene() -> None:
        async with a_line(Faults(down=Toxics(cut_after_bytes=size))) as (_, _, reader, writer):
            writer.write(b"hello\n")
            assert await reader.read() == b"HELLO\n"[:size]

    run(scene())


def test_a_reset_in_the_middle_is_no_end_of_file() -> None:
    """What came before the reset may be lost with it; the client knows that the line broke."""

    async def scene() -> None:
        async with a_line(Faults(down=Toxics(reset_after_bytes=2))) as (_, _, reader, writer):
            writer.write(b"hello\n")
            with pytest.raises(ConnectionResetError):
                await reader.read()  # returns where the line ends in good order

    run(scene())


def test_a_half_closed_line_still_speaks_the_other_way() -> None:
    """The server hears an end after the first bytes, and its answer to them still comes."""

    async def scene() -> None:
        toxics = Faults(up=Toxics(half_close_after_bytes=6))
        async with a_line(toxics) as (echo, _, reader, writer):
            writer.write(b"hello\nmore\n")
            assert await reader.read() == b"HELLO\n"
            assert echo.heard == [b"hello\n"]

    run(scene())


def test_a_blackhole_holds_what_it_swallows_until_it_is_lifted() -> None:
    """Nothing is refused and nothing answered; afterwards the line goes on where it was."""

    async def scene() -> None:
        async with a_line(Faults(up=Toxics(blackhole=True))) as (echo, proxy, reader, writer):
            writer.write(b"hello\n")
            await eventually(lambda: proxy.did["held"] == 1)
            assert echo.heard == []
            proxy.faults = NONE
            assert await reader.readline() == b"HELLO\n"

    run(scene())


def test_faults_set_anew_count_for_open_lines() -> None:
    """A line that worked loses its next reply when that is asked for, and cut lines are reset."""

    async def scene() -> None:
        async with a_line() as (_, proxy, reader, writer):
            assert await _ask(reader, writer) == b"HELLO\n"
            assert proxy.lines == 1
            await proxy.cut()
            with pytest.raises(ConnectionResetError):
                await _ask(reader, writer)
            assert proxy.lines == 0

    run(scene())


def test_a_server_that_is_away_looks_like_one() -> None:
    """Where the server does not listen, neither does the proxy seem to."""

    async def scene() -> None:
        async with FaultProxy("/nonexistent/socket") as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            with pytest.raises(ConnectionResetError):
                await _ask(reader, writer)
            assert proxy.did == {"server away": 1}

    run(scene())
