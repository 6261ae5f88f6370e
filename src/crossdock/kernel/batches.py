"""One body, many messages: a JSON array or a line per message, cut into exact raw bytes.

Each message keeps the bytes its sender wrote, so that its hash means something; only the outline
is looked at here, within the limits on bodies and batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from crossdock.kernel.diagnosis import not_json, too_large, too_many_messages
from crossdock.kernel.errors import NotJson, WrongShape
from crossdock.kernel.limits import BATCH_BODY_BYTES_MAX, BATCH_MESSAGES_MAX, MESSAGE_BYTES_MAX

# An array read as a record of the first 5,001 elements: msgspec skips the rest without keeping
# them, so ten million elements cost no memory. Smaller bodies go the simple way, which is quicker.
_Batch = msgspec.defstruct(
    "_Batch",
    [
        (f"m{index}", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)
        for index in range(BATCH_MESSAGES_MAX + 1)
    ],
    array_like=True,
)
_decode_batch = msgspec.json.Decoder(_Batch).decode
_decode_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split_array(body: bytes, bytes_max: int = BATCH_BODY_BYTES_MAX) -> list[bytes]:
    """Return the exact bytes of each element of a JSON array, without the blanks around it.

    Only the outline is checked; give each element to `strict` or `decode`. Raises `TooLarge`,
    `TooManyMessages`, `TooDeep`, `NotJson`, `UnsupportedEncoding`, `UnsupportedFormat` or
    `WrongShape` where the body is no array.
    """
    if len(body) > bytes_max:
        raise too_large(len(body), bytes_max, "")
    try:
        # An array of n elements has n - 1 commas at least.
        if body.count(b",") < BATCH_MESSAGES_MAX:
            elements: Iterable[Any] = _decode_elements(body)
        else:
            fields = msgspec.structs.astuple(_decode_batch(body))
            elements = [item for item in fields if item is not msgspec.UNSET]
            if len(fields) == len(elements):
                raise too_many_messages()
    except msgspec.ValidationError:
        raise WrongShape(
            "The body is no array", where="$", expected="an array of messages"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(body, error) from None
    return [bytes(element) for element in elements]


def split_lines(body: bytes, bytes_max: int = BATCH_BODY_BYTES_MAX) -> list[bytes]:
    """Return each line of a body of one JSON message per line (LF or CRLF).

    The last line may lack its line end; an empty line elsewhere is refused, because it is most
    often a sign of a broken writer. Raises `TooLarge`, `TooManyMessages`, `NotJson`.
    """
    if len(body) > bytes_max:
        raise too_large(len(body), bytes_max, "")
    if body.count(b"\n") > BATCH_MESSAGES_MAX:
        raise too_many_messages()
    lines = [line.removesuffix(b"\r") for line in body.split(b"\n")]
    if not lines[-1]:
        lines.pop()
    if len(lines) > BATCH_MESSAGES_MAX:
        raise too_many_messages()
    for number, line in enumerate(lines, 1):
        _check_line(line, number)
    return lines


def iter_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give each line of a stream or file of any length, holding one message at most.

    Takes the chunks as they come, cut anywhere. Raises as `split_lines` does, with the line
    number, but does not limit how many lines there are.
    """
    rest = b""
    number = 0
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
        for line in lines:
            number += 1
            yield _whole_line(line, number)
        if len(rest) > MESSAGE_BYTES_MAX + 1:  # one more for a CR whose LF has not come yet
            raise too_large(len(rest), MESSAGE_BYTES_MAX, f"line {number + 1}")
    if rest:
        yield _whole_line(rest, number + 1)


def _whole_line(line: bytes, number: int) -> bytes:
    line = line.removesuffix(b"\r")
    _check_line(line, number)
    return line


def _check_line(line: bytes, number: int) -> None:
    if len(line) > MESSAGE_BYTES_MAX:
        raise too_large(len(line), MESSAGE_BYTES_MAX, f"line {number}")
    if not line.strip(b" \t"):
        raise NotJson("A line is empty", where=f"line {number}", remedy="remove empty lines")
