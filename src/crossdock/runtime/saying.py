"""What a far system says of itself, put on the log by the door's own rules.

Strict, of its owner, at a believable time. What may not enter, what could not be read, and what
says otherwise than before under the same version is kept whole as a record set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.feeds import Heard, Said, Unread
from crossdock.contracts.records import FeedOverrun
from crossdock.gateway.admission import admit
from crossdock.gateway.keys import Caller
from crossdock.kernel.errors import BadInput
from crossdock.kernel.ports import Clock
from crossdock.log.ports import Store
from crossdock.log.records import Answer, NewMessage
from crossdock.runtime.set_aside import contradiction, named, set_aside
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import own_message

WEBHOOK = "webhook"
"""The feed in whose name stands what a webhook said in full."""


class Sayer:
    """Puts on the log what far systems say; the `listener` hears that something is there."""

    def __init__(
        self, store: Store, policy: Policy, clock: Clock, listener: Callable[[], None]
    ) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._listener = listener

    async def say(self, system: str, feed: str, said: Sequence[Said | Unread]) -> None:
        """Put it on the log; saying it again changes nothing. Raises `StoreError`."""
        if not said:
            return
        now = self._clock.now()
        messages = [self._message(system, feed, one, now) for one in said]
        receipts = await self._store.append(messages)
        contradicted = [
            set_aside(system, feed, contradiction(one, message.raw), self._policy, now)
            for one, message, receipt in zip(said, messages, receipts, strict=True)
            if receipt.answer is Answer.CONFLICT and isinstance(one, Said)
        ]
        if contradicted:
            await self._store.append(contradicted)
        self._listener()

    async def hear(self, system: str, heard: Heard) -> None:
        """Keep what a webhook said, and remember what it points at. Raises `StoreError`."""
        await self.say(system, WEBHOOK, heard.said)
        for feed, records in heard.pointed.items():
            await self._store.nudge(system, feed, records, self._clock.now())

    async def overran(self, system: str, feed: str, began: datetime, due: datetime) -> None:
        """Tell people that a run of a feed is still under way when its next one is due."""
        key = named(f"{system}/{feed}")
        noun = FeedOverrun(key=key, system=system, feed=feed, began=began, due=due)
        message = own_message(
            self._policy,
            f"overran/{key}/{due.isoformat()}",
            catalogue.FEED_OVERRAN,
            key,
            noun,
            event_time=due,
            received_time=self._clock.now(),
        )
        await self._store.append([message])
        self._listener()

    def _message(self, system: str, feed: str, one: Said | Unread, now: datetime) -> NewMessage:
        if isinstance(one, Unread):
            return set_aside(system, feed, one, self._policy, now)
        raw = spoken(system, one)
        try:
            return admit(raw, Caller(system), self._policy, now)
        except BadInput as error:
            found = error.found or error.code
            unread = Unread(one.id, error.where or "$", found, error.expected, raw)
            return set_aside(system, feed, unread, self._policy, now)


def spoken(system: str, one: Said) -> bytes:
    """A message of a feed as its system would have posted it."""
    return msgspec.json.encode(
        Envelope(
            id=one.id,
            source=system,
            type=one.type,
            time=one.time,
            recordedtime=one.recorded,
            correlationid=one.correlation or None,
            data=msgspec.Raw(msgspec.json.encode(one.noun)),
        )
    )
