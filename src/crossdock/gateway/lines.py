"""Cuts a stream into lines as it arrives, holding one message at most; a bad line is one answer."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.kernel.diagnosis import too_large
from crossdock.kernel.errors import BadInput, NotJson
from crossdock.kernel.limits import MESSAGE_BYTES_MAX

Line = bytes | BadInput
"""A line without its end, or why there is none."""


class LineCutter:
    """Takes chunks cut anywhere, gives whole lines (LF or CRLF)."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False  # inside a line that is refused as too long already
        self.number = 0  # of the line that was given last

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Give the lines that this chunk completes; to be read to the end before the next one."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            line = self._rest + piece
            self._rest = b""
            if not self._skipping:
                yield self._line(line)
            self._skipping = False
        if self._skipping:
            return
        self._rest += rest
        if len(self._rest) > MESSAGE_BYTES_MAX + 1:  # one more for a CR whose LF is to come
            line, self._rest = self._rest, b""
            self._skipping = True
            yield self._line(line)

    def end(self) -> Iterator[Line]:
        """Give the last line, where it lacks its line end."""
        rest, self._rest = self._rest, b""
        if rest:
            yield self._line(rest)

    def _line(self, line: bytes) -> Line:
        self.number += 1
        line = line.removesuffix(b"\r")
        where = f"line {self.number}"
        if len(line) > MESSAGE_BYTES_MAX:
            return too_large(len(line), MESSAGE_BYTES_MAX, where)
        if not line.strip(b" \t"):
            return NotJson("A line is empty", where=where, remedy="remove empty lines")
        return line
