"""The pump: takes what is due for one destination, tells it, and records what came of it.

An attempt is recorded before anything is sent (`claim`). What may have been sent by an attempt that
nobody saw end is asked about first where the far side can be asked (I20, M6). An attempt has its
time, and far sides have less than all of it: an attempt that outlived its time would meet the next
one at the far side.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

from crossdock.contracts.connector import (
    Ability,
    AlreadyDone,
    Connector,
    Document,
    FarAnswer,
    NotThere,
    RetryLater,
    Unknown,
    Void,
)
from crossdock.delivery.holders import Holders
from crossdock.delivery.outcomes import settlement
from crossdock.delivery.retry import RetrySchedule
from crossdock.kernel.ports import Clock, Randomness
from crossdock.log.ports import Delivering
from crossdock.log.records import Claimed, Leaving, Settlement

_LOG = logging.getLogger("crossdock.delivery")

_WORDLESS_SECONDS: Final = 60.0
"""After how long what has no number at a far system is looked at again."""

_FAR_SIDE_SHARE: Final = 0.9
"""The part of an attempt's time that the far side has; the rest is for recording what came of it.
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one turn of the pump did; for whoever watches."""

    destination: str
    settlements: Sequence[Settlement]
    effects: Sequence[Claimed]


Listener = Callable[[Delivered], None]


@dataclass(frozen=True, slots=True)
class Wordless:
    """A document that cannot be put into a far system's words yet, and why."""

    reason: str


class Words(Protocol):
    """How a destination is spoken to that does not speak as we do."""

    async def theirs(self, effects: Sequence[Claimed]) -> list[bytes | Wordless]:
        """The bodies of these effects in its numbers and codes, in order."""
        ...


class Pump:
    """One destination's delivery."""

    def __init__(
        self,
        destination: str,
        connector: Connector,
        store: Delivering,
        clock: Clock,
        randomness: Randomness,
        schedule: RetrySchedule | None = None,
        attempt_seconds_max: float = 60.0,
        listener: Listener | None = None,
        words: Words | None = None,
        holders: Holders | None = None,
    ) -> None:
        self.destination = destination
        self._connector = connector
        self._store = store
        self._clock = clock
        self._randomness = randomness
        self._schedule = schedule or RetrySchedule()
        self._attempt_seconds_max = attempt_seconds_max
        self._listener = listener
        self._words = words  # None: it speaks as we do
        self._holders = holders  # None: there is nobody else
        self._busy: set[int] = set()

    async def turn(self) -> int:
        """Tell the destination what is due, once; gives how many effects it took."""
        ends_at = _seconds() + _FAR_SIDE_SHARE * self._attempt_seconds_max
        now = self._clock.now()
        until = now + timedelta(seconds=self._attempt_seconds_max)
        effects = await self._store.claim(
            self.destination, now, until, self._connector.batch_max, self._leaving()
        )
        if not effects:
            return 0
        numbers = {effect.effect_id for effect in effects}
        self._busy |= numbers
        try:
            await self._tell(effects, ends_at)
        finally:
            self._busy -= numbers
        return len(effects)

    def _leaving(self) -> Leaving:
        """What is in flight and not ours to take: of hubs that live, and of our own loops."""
        alive = self._holders.alive(self._clock.monotonic()) if self._holders else frozenset()
        return Leaving(alive, frozenset(self._busy))

    async def _tell(self, effects: Sequence[Claimed], ends_at: float) -> None:
        answers = await self._ask_or_send(effects, ends_at)
        now = self._clock.now()
        settlements = [
            settlement(
                effect,
                answer,
                self._connector.ability(effect.type),
                self._schedule,
                now,
                self._randomness.uniform(0.0, 1.0),
                self._connector.ask_after_seconds(effect.type),
            )
            for effect, answer in zip(effects, answers, strict=True)
        ]
        await self._store.settle(settlements, now)
        if self._listener is not None:
            self._listener(Delivered(self.destination, settlements, effects))

    async def _ask_or_send(self, effects: Sequence[Claimed], ends_at: float) -> list[FarAnswer]:
        answers: list[FarAnswer | None] = [None] * len(effects)
        for index, effect in enumerate(effects):
            if effect.doubtful:
                answers[index] = await self._resolve(effect, ends_at)
        documents = [_document(effect) for effect in effects]
        if self._words is not None:
            await self._translate(effects, documents, answers)
        to_send = [index for index, answer in enumerate(answers) if answer is None]
        if to_send:
            sent = await self._send([documents[index] for index in to_send], ends_at)
            for index, answer in zip(to_send, sent, strict=True):
                answers[index] = answer
        return [answer for answer in answers if answer is not None]

    async def _translate(
        self,
        effects: Sequence[Claimed],
        documents: list[Document],
        answers: list[FarAnswer | None],
    ) -> None:
        """Put what is to be sent into their words; what has none yet waits without losing a try."""
        assert self._words is not None
        for index, said in enumerate(await self._words.theirs(effects)):
            if answers[index] is not None:
                continue
            if isinstance(said, Wordless):
                answers[index] = RetryLater(said.reason, _WORDLESS_SECONDS, counts=False)
            else:
                documents[index] = replace(documents[index], body=said)

    async def _send(self, documents: Sequence[Document], ends_at: float) -> Sequence[FarAnswer]:
        """Send; a connector that breaks its promise ends no loop, and nothing is known then.

        The documents of such a batch come back at scattered moments, so that after a few tries
        the one that broke it stands alone.
        """
        if _seconds() >= ends_at:
            return [_NO_TIME_LEFT] * len(documents)
        try:
            async with asyncio.timeout_at(ends_at):
                answers = [_answer(one) for one in await self._connector.send(documents)]
        except TimeoutError:
            return [_NOT_IN_TIME] * len(documents)
        except Exception as error:  # noqa: BLE001 - whatever it is, no loop may end by it
            _LOG.exception("the connector of %s failed", self.destination)
            return [Unknown(f"the connector failed: {type(error).__name__}")] * len(documents)
        if len(answers) != len(documents):
            _LOG.error("%d answers of %s to %d", len(answers), self.destination, len(documents))
            return [Unknown("the connector gave another number of answers")] * len(documents)
        return answers

    async def _look_up(
        self, document: Document, ends_at: float
    ) -> AlreadyDone | Void | NotThere | RetryLater | Unknown:
        """Ask; see `_send`."""
        if _seconds() >= ends_at:
            return _NO_TIME_LEFT
        try:
            async with asyncio.timeout_at(ends_at):
                found = await self._connector.look_up(document)
        except TimeoutError:
            return _NOT_IN_TIME
        except Exception as error:  # noqa: BLE001 - whatever it is, no loop may end by it
            _LOG.exception("the connector of %s failed", self.destination)
            return Unknown(f"the connector failed: {type(error).__name__}")
        known = isinstance(found, AlreadyDone | Void | NotThere)
        return found if known else _nothing_known(found)

    async def _resolve(self, effect: Claimed, ends_at: float) -> FarAnswer | None:
        """What is known of a doubtful effect; None when it may be sent."""
        ability = self._connector.ability(effect.type)
        if ability is Ability.KEYS:
            return None  # the same key again is the same effect
        if ability is Ability.NEITHER:
            return Unknown(
                "an earlier attempt may have reached the far side, which cannot be asked"
            )
        if (early := self._too_early(effect)) is not None:
            return early
        found = await self._look_up(_document(effect), ends_at)
        return None if isinstance(found, NotThere) else found

    def _too_early(self, effect: Claimed) -> RetryLater | None:
        """Whether the far side may still be at what it was sent: it would say "not there" (N3)."""
        if effect.doubted_at is None:
            return None
        since = (self._clock.now() - effect.doubted_at).total_seconds()
        left = self._connector.ask_after_seconds(effect.type) - since
        if left <= 0:
            return None
        return RetryLater("too early to ask: they may still be at it", left, counts=False)


_NOT_IN_TIME: Final = Unknown("no answer within the attempt's time")
_NO_TIME_LEFT: Final = RetryLater("the attempt's time was over before its turn came", counts=False)


def _seconds() -> float:
    return asyncio.get_running_loop().time()


def _answer(answer: object) -> FarAnswer:
    """An answer as it was given; anything else tells nothing of what happened."""
    return answer if isinstance(answer, FarAnswer) else _nothing_known(answer)


def _nothing_known(answer: object) -> Unknown:
    if isinstance(answer, Unknown):
        return answer
    return Unknown(f"the connector answered with a {type(answer).__name__}")


def _document(effect: Claimed) -> Document:
    return Document(effect.business_key, effect.type, effect.key, effect.correlation, effect.body)
