"""Lines cut anywhere, room for bodies, wrong keys counted: each in bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.gateway.errors import Overloaded
from crossdock.gateway.lines import Line, LineCutter
from crossdock.gateway.receiving import Room
from crossdock.gateway.throttle import WrongKeys
from crossdock.kernel import limits
from crossdock.kernel.errors import BadInput


def cut(*pieces: bytes) -> list[bytes | str]:
    """The lines of a stream that comes in these pieces; a refused one as its code."""
    cutter = LineCutter()
    lines: list[Line] = []
    for piece in pieces:
        lines += cutter.feed(piece)
    lines += cutter.end()
    return [line.code if isinstance(line, BadInput) else line for line in lines]


@given(st.lists(st.sampled_from([b"a", b"{}", b"\n", b"\r\n", b"\r", b" ", b"\xff"])))
def test_lines_do_not_depend_on_how_a_stream_is_cut(pieces: list[bytes]) -> None:
    """However a stream is cut into pieces, its lines are those of the whole."""
    body = b"".join(pieces)
    expected = [line.removesuffix(b"\r") for line in body.split(b"\n")]
    if not body.split(b"\n")[-1]:
        expected.pop()
    assert (
        cut(*pieces)
        == cut(body)
        == [line if line.strip(b" \t") else "not-json" for line in expected]
    )


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("more", [0, 1])
def test_the_longest_line_and_one_byte_more(end: bytes, more: int) -> None:
    """A line at the limit is given; a longer one is one refusal, and the next line is given."""
    line = b"x" * (limits.MESSAGE_BYTES_MAX + more)
    body = line + end
    found = line if not more else "too-large"
    assert cut(body) == [found]
    if end:
        assert cut(body, b"next") == [found, b"next"]
        pieces = [body[at : at + 1_000] for at in range(0, len(body), 1_000)]
        assert cut(*pieces, b"next") == [found, b"next"]


def test_a_line_without_an_end_is_not_held() -> None:
    """Of a line that only goes on, no more than a message is kept, and it is refused once."""
    cutter = LineCutter()
    refused = [line for _ in range(100) for line in cutter.feed(b"x" * 64 * limits.KIB)]
    assert [line.code for line in refused if isinstance(line, BadInput)] == ["too-large"]
    assert list(cutter.feed(b"x\n{}\n")) == [b"{}"]


def test_room_for_bodies_is_bounded_and_given_back() -> None:
    """Up to the limit bodies are held; past it a request is turned away; all of it comes back."""
    room = Room(bytes_max=10)
    with room.share() as one:
        one.take(6)
        with room.share() as other:
            other.take(4)
            with pytest.raises(Overloaded):
                other.take(1)
        assert room.held_bytes == 6
    assert room.held_bytes == 0


def test_wrong_keys_are_counted_in_bounded_memory() -> None:
    """When more addresses fail than are remembered, those beyond share one count."""
    wrong = WrongKeys(per_minute_max=2)
    for number in range(limits.WRONG_KEY_ADDRESSES_MAX):
        assert not wrong.too_many(f"10.{number}", 0.0)
    assert [wrong.too_many(f"11.{number}", 1.0) for number in range(3)] == [False, False, True]
    assert not wrong.too_many("10.1", 1.0)
    assert wrong.too_many("10.1", 1.0)
    assert not wrong.too_many("10.1", 61.0)
