"""The pump: takes what is due for one destination, tells it, and records what came of it.

An attempt is recorded before anything is sent (`claim`). What may have been sent by an attempt that
nobody saw end is asked about first where the far side can be asked (I20, M6). An attempt has its
time, and far sides have less than all of it: an attempt that outlived its time would meet the next
one at the far side.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Protocol

from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Connector,
    Document,
    FarAnswer,
    NotThere,
    RetryLater,
    Unknown,
    Void,
)
from crossdock.delivery.gate import Sparing
from crossdock.delivery.gatekeeper import Admission, AtTheGate, Gatekeeper
from crossdock.delivery.holders import Holders
from crossdock.delivery.lanes import first_lane
from crossdock.delivery.outcomes import settlement
from crossdock.delivery.retry import FAR_SIDE_SHARE, RetrySchedule
from crossdock.kernel.ports import Clock, Randomness
from crossdock.log.ports import Delivering
from crossdock.log.records import Claimed, Lane, Leaving, Settlement

_LOG = logging.getLogger("crossdock.delivery")

_WORDLESS_SECONDS: Final = 60.0
"""After how long what has no number at a far system is looked at again."""

EFFECTS_OF_A_TURN_MAX: Final = 500
"""Effects claimed in one turn: what one transaction settles without becoming long."""

_LOOPS_MAX: Final = 2
_DEPTH_MAX: Final = 16
_SMALL_EFFECTS_MAX: Final = 100
_TURN_SECONDS: Final = 0.5
_RECORD_SECONDS: Final = 0.25
"""After how long a turn records what it has so far, so that what comes next of a key may go."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one turn of the pump did; for whoever watches."""

    destination: str
    settlements: Sequence[Settlement]
    effects: Sequence[Claimed]


Listener = Callable[[Delivered | AtTheGate], None]


@dataclass(frozen=True, slots=True)
class Wordless:
    """A document that cannot be put into a far system's words yet, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """One request's worth of what was claimed; `words` is set where an effect goes by itself."""

    parts: Sequence[tuple[Claimed, Document]]
    words: Document | bytes | Wordless | None = None


class Words(Protocol):
    """How a destination is spoken to that does not speak as we do."""

    async def theirs(self, effects: Sequence[Claimed]) -> list[bytes | Wordless]:
        """The bodies of these effects in its numbers and codes, in order."""
        ...


class Pump:
    """One destination's delivery in one process; its loops share it."""

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
        sparing: Sparing | None = None,
        paused: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self.destination = destination
        self.sparing = sparing or Sparing()
        self._connector = connector
        self._store = store
        self._clock = clock
        self._randomness = randomness
        self._schedule = schedule or RetrySchedule()
        self._attempt_seconds_max = attempt_seconds_max
        self._listener = listener
        self._words = words  # None: it speaks as we do
        self._holders = holders  # None: there is nobody else
        self._keeper = Gatekeeper(destination, self.sparing, store, clock, randomness, listener)
        self._paused = paused  # the message types that are not told for now
        self._busy: set[int] = set()
        self._turns = 0
        self._depth = 1

    @property
    def loops(self) -> int:
        """How many loops make turns side by side: one records while another sends."""
        return min(_LOOPS_MAX, self.sparing.at_once)

    @property
    def busy(self) -> frozenset[int]:
        """The effects that it is at."""
        return frozenset(self._busy)

    async def turn(self) -> int:
        """Tell the destination what is due, once; gives how many effects it took."""
        width = -(-self.sparing.at_once // self.loops)
        admission = await self._keeper.admit(width, width * self._depth)
        if admission is None:
            return 0
        try:
            did = await self._told(admission)
        finally:
            self._keeper.leave(admission)
        await self._keeper.report()
        return did

    async def _told(self, admission: Admission) -> int:
        began = _seconds()
        ends_at = began + FAR_SIDE_SHARE * self._attempt_seconds_max
        effects = await self._claimed(admission)
        if not effects:
            return 0
        numbers = {effect.effect_id for effect in effects}
        self._busy |= numbers
        try:
            await self._tell(effects, admission, ends_at)
        finally:
            self._busy -= numbers
        self._adapt(_seconds() - began, full=len(effects) >= self._most(admission))
        return len(effects)

    def _most(self, admission: Admission) -> int:
        """How many effects a turn takes."""
        return min(EFFECTS_OF_A_TURN_MAX, self._connector.batch_max * admission.requests)

    async def _claimed(self, admission: Admission) -> list[Claimed]:
        """What may go: from the lane whose turn it is, else from the first; of a probe, one."""
        if admission.probe:
            return await self._claim(1, fresh=True) or await self._claim(1)
        self._turns += 1
        lane, most = first_lane(self._turns), self._most(admission)
        if lane is not Lane.OPERATIONAL:
            found = await self._claim(most, fresh=admission.fresh, lane=lane)
            if found:
                return found
        return await self._claim(most, fresh=admission.fresh)

    async def _claim(
        self, most: int, *, fresh: bool = False, lane: Lane = Lane.OPERATIONAL
    ) -> list[Claimed]:
        """Claim, leaving what is in flight and not ours: of hubs that live, of our other loops."""
        now = self._clock.now()
        until = now + timedelta(seconds=self._attempt_seconds_max)
        alive = self._holders.alive if self._holders else frozenset()
        leaving = Leaving(alive, frozenset(self._busy), fresh, lane, self._paused())
        return await self._store.claim(self.destination, now, until, most, leaving)

    def _adapt(self, seconds: float, *, full: bool) -> None:
        """Take more at a time while that is done at once, less as soon as others wait for it.

        Only for far sides that take few documents in a request: a claim and a settlement cost as
        much as many small requests do.
        """
        if seconds > _TURN_SECONDS:
            self._depth = max(1, self._depth // 2)
        elif full and self._connector.batch_max * self._depth < _SMALL_EFFECTS_MAX:
            self._depth = min(_DEPTH_MAX, self._depth * 2)

    async def _tell(self, effects: Sequence[Claimed], admission: Admission, ends_at: float) -> None:
        """Send and ask, so many requests at once; record what came of it as it comes."""
        documents = [_document(effect) for effect in effects]
        said = await self._words.theirs(effects) if self._words is not None else documents
        jobs = deque(self._jobs(effects, documents, said))
        ended: list[tuple[Claimed, FarAnswer]] = []
        recorded = _seconds()

        async def work() -> None:
            nonlocal recorded
            while jobs:
                ended.extend(await self._done(jobs.popleft(), admission, ends_at))
                if jobs and _seconds() - recorded > _RECORD_SECONDS:
                    recorded = _seconds()
                    done = ended[:]
                    ended.clear()
                    await self._record(done)

        if admission.width == 1 or len(jobs) == 1:
            await work()
        else:
            await _side_by_side([work] * min(admission.width, len(jobs)))
        await self._record(ended)

    def _jobs(
        self,
        effects: Sequence[Claimed],
        documents: Sequence[Document],
        said: Sequence[Document | bytes | Wordless],
    ) -> list[Job]:
        """What is claimed, as requests: doubtful effects each by itself, the rest in batches."""
        alone: list[Job] = []
        together: list[tuple[Claimed, Document]] = []
        for effect, document, words in zip(effects, documents, said, strict=True):
            asks = effect.doubtful and self._connector.ability(effect.type) is not Ability.KEYS
            if asks or isinstance(words, Wordless):
                alone.append(Job([(effect, document)], words))
            elif isinstance(words, bytes):
                together.append((effect, replace(document, body=words)))
            else:
                together.append((effect, document))
        most = self._connector.batch_max
        batches = [Job(together[at : at + most]) for at in range(0, len(together), most)]
        return alone + batches

    async def _done(
        self, job: Job, admission: Admission, ends_at: float
    ) -> list[tuple[Claimed, FarAnswer]]:
        """The answers to one job's documents."""
        effects = [effect for effect, _ in job.parts]
        if job.words is not None:
            answers = [await self._alone(job, admission, ends_at)]
        else:
            documents = [document for _, document in job.parts]
            answers = list(await self._send(effects, documents, admission, ends_at))
        return list(zip(effects, answers, strict=True))

    async def _alone(self, job: Job, admission: Admission, ends_at: float) -> FarAnswer:
        """A doubtful effect is asked about; what may be sent then is, if there are words for it."""
        [(effect, document)] = job.parts
        if effect.doubtful:
            known = await self._resolve(effect, document, admission, ends_at)
            if known is not None:
                return known
        if isinstance(job.words, Wordless):
            return RetryLater(job.words.reason, _WORDLESS_SECONDS, counts=False)
        if isinstance(job.words, bytes):
            document = replace(document, body=job.words)
        [answer] = await self._send([effect], [document], admission, ends_at)
        return answer

    async def _record(self, ended: Sequence[tuple[Claimed, FarAnswer]]) -> None:
        if not ended:
            return
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
            for effect, answer in ended
        ]
        await self._store.settle(settlements, now)
        if self._listener is not None:
            told = [effect for effect, _ in ended]
            self._listener(Delivered(self.destination, settlements, told))

    async def _its_moment(self, admission: Admission, ends_at: float) -> bool:
        """Wait for the moment that the quota gives a request; False: there is none in time."""
        moment = admission.moment()
        if not admission.spacing_seconds:
            return _seconds() < ends_at
        wait = moment - self._clock.monotonic()
        if _seconds() + max(0.0, wait) >= ends_at:
            return False
        if wait > 0:
            await asyncio.sleep(wait)
        return True

    async def _send(
        self,
        effects: Sequence[Claimed],
        documents: Sequence[Document],
        admission: Admission,
        ends_at: float,
    ) -> Sequence[FarAnswer]:
        """Send; a connector that breaks its promise ends no loop, and nothing is known then.

        The documents of such a batch come back at scattered moments, so that after a few tries
        the one that broke it stands alone.
        """
        if self._keeper.must_stop:
            return [_LEFT_ALONE] * len(documents)
        if not await self._its_moment(admission, ends_at):
            return [_NO_TIME_LEFT] * len(documents)
        answers = await self._answers(documents, ends_at)
        again = sum(effect.attempt > 1 for effect in effects) / len(effects)
        self._keeper.saw(answers, again)
        return answers

    async def _answers(self, documents: Sequence[Document], ends_at: float) -> Sequence[FarAnswer]:
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
    ) -> AlreadyDone | Void | NotThere | Unknown:
        """Ask; see `_answers`."""
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

    async def _resolve(
        self, effect: Claimed, document: Document, admission: Admission, ends_at: float
    ) -> FarAnswer | None:
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
        if self._keeper.must_stop:
            return _LEFT_ALONE
        if not await self._its_moment(admission, ends_at):
            return _NO_TIME_LEFT
        found = await self._look_up(document, ends_at)
        # A certain no is an answer like any other: the far side is well.
        self._keeper.saw([Accepted() if isinstance(found, NotThere) else found], 1.0)
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


async def _side_by_side(works: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """Run them all; the first that fails ends the others, and what it failed with is raised."""
    tasks = [asyncio.create_task(work()) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_NOT_IN_TIME: Final = Unknown("no answer within the attempt's time")
_NO_TIME_LEFT: Final = RetryLater("the attempt's time was over before its turn came", counts=False)
_LEFT_ALONE: Final = RetryLater("not sent: the destination is left alone now", counts=False)


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
