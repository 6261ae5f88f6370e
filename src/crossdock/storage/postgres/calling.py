"""Calls at a desk: what stands under their keys already, with what was decided on it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crossdock.log.records import Earlier, NewMessage, Outcome
from crossdock.storage.postgres.session import Session

_OUTCOME = msgspec.json.Decoder(Outcome)


async def find_earlier(session: Session, messages: Sequence[NewMessage]) -> list[Earlier | None]:
    """See `log.ports.Calling.earlier`: the transport key tells first, as at the door."""
    rows = await session.rows(
        "find_calls",
        [message.transport_key for message in messages],
        [message.business_key for message in messages if message.business_key is not None],
    )
    found = {(row[0], row[1]): row for row in rows}
    if not found:
        return [None] * len(messages)
    return [
        _earlier(
            found.get((True, message.transport_key)) or found.get((False, message.business_key)),
            message,
        )
        for message in messages
    ]


def _earlier(
    row: tuple[bool, bytes, bytes, int, int, bytes | None] | None, message: NewMessage
) -> Earlier | None:
    if row is None:
        return None
    transport, _, content, partition, position, body = row
    outcome = None if body is None else _OUTCOME.decode(body)
    return Earlier(partition, position, transport, content == message.content, outcome)
