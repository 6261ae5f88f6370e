"""A request of a message per line: taken in as it arrives, held a few hundred lines at a time."""

from __future__ import annotations

import asyncio

from crossdock.gateway.errors import TooManyRefused
from crossdock.gateway.lines import Line, LineCutter
from crossdock.gateway.taking import CHUNK_MESSAGES, REFUSED, Chunk, ReceiptLine, Taker
from crossdock.kernel.errors import TooManyMessages
from crossdock.kernel.limits import STREAM_MESSAGES_MAX, STREAM_REFUSED_MAX

# Chunks of one stream that wait for their commits; the sender is held back meanwhile.
_UNDERWAY_CHUNKS_MAX = 4


class Stream:
    """Lines on their way in: admitted chunk by chunk, some chunks waiting for their commits."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker
        self._cutter = LineCutter()
        self._lines: list[Line] = []
        self._underway: list[Chunk] = []
        self._receipts: list[ReceiptLine] = []
        self._refused = 0

    async def feed(self, piece: bytes) -> None:
        """Take the lines that this piece completes. Raises `TooManyMessages`, `TooManyRefused`."""
        for line in self._cutter.feed(piece):
            await self._feed_line(line)

    async def feed_last(self) -> None:
        """Take the last line, which may lack its line end. Raises as `feed` does."""
        for line in self._cutter.end():
            await self._feed_line(line)

    async def receipts(self) -> list[ReceiptLine]:
        """Wait for all that was fed; give one receipt per line, in order."""
        if self._lines:
            await self._take_some()
        while self._underway:
            await self._finish_one()
        return self._receipts

    async def _feed_line(self, line: Line) -> None:
        if self._cutter.number > STREAM_MESSAGES_MAX:
            raise TooManyMessages(
                where=f"line {self._cutter.number}", expected=f"at most {STREAM_MESSAGES_MAX} lines"
            )
        self._lines.append(line)
        if len(self._lines) == CHUNK_MESSAGES:
            await self._take_some()
            if self._refused > STREAM_REFUSED_MAX:
                raise TooManyRefused(
                    where=f"line {self._cutter.number + 1}",
                    found=f"{self._refused} lines refused",
                    expected=f"at most {STREAM_REFUSED_MAX}",
                )

    async def _take_some(self) -> None:
        self._underway.append(self._taker.take(self._lines))
        self._lines = []
        if len(self._underway) >= _UNDERWAY_CHUNKS_MAX:
            await self._finish_one()
        await asyncio.sleep(0)  # other requests have their turn

    async def _finish_one(self) -> None:
        receipts = await self._taker.finish(self._underway.pop(0))
        self._refused += sum(receipt.answer == REFUSED for receipt in receipts)
        self._receipts += receipts
