"""The scheduler's part of rules that pause flows: measure, and say when one begins or ends to hold.

What was measured enters the log as a message, like a timer. What is paused follows from the
documents that those messages leave, so every process of a hub spares the same types.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from crossdock.contracts import catalogue
from crossdock.contracts.pauses import PauseSwitch
from crossdock.kernel.ports import Clock
from crossdock.log.records import Loaded, NewMessage, Wanted
from crossdock.ownership.pausing import PauseRule
from crossdock.sagas.deciders.pauses import PAUSE, pause_of
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import own_message


class Store(Protocol):
    """What is asked of the store."""

    async def load(self, wanted: Wanted) -> Loaded: ...

    async def lateness(self, types: Sequence[str], since: datetime) -> float | None: ...


class Pauses:
    """The rules of a house, and which message types none of its processes tells now."""

    def __init__(
        self, rules: Sequence[PauseRule], store: Store, policy: Policy, clock: Clock
    ) -> None:
        self._rules = rules
        self._store = store
        self._policy = policy
        self._clock = clock
        self.types: frozenset[str] = frozenset()

    async def look(self) -> list[NewMessage]:
        """Measure; gives the switches to be put on the log. See also what stands by now.

        Raises:
            StoreError: the store could not be read.
        """
        if not self._rules:
            return []
        keys = {(PAUSE, rule.pause_id) for rule in self._rules}
        documents = (await self._store.load(Wanted(documents=keys))).documents
        switches: list[NewMessage] = []
        paused: set[str] = set()
        now = self._clock.now()
        for rule in self._rules:
            document = documents.get((PAUSE, rule.pause_id))
            pause = pause_of(document)
            if pause is not None and pause.on:
                paused |= set(pause.types)
            since = now - timedelta(seconds=rule.window_seconds)
            late = await self._store.lateness(rule.watched, since)
            if rule.holds(late) != (pause is not None and pause.on):
                revision = 0 if document is None else document.revision
                switches.append(self._switch(rule, late, revision + 1))
        self.types = frozenset(paused)
        return switches

    def _switch(self, rule: PauseRule, late: float | None, number: int) -> NewMessage:
        now = self._clock.now()
        said = PauseSwitch(
            pause_id=rule.pause_id,
            switch=number,
            on=rule.holds(late),
            rule=rule.rule,
            measured_seconds=max(0, int(late or 0)),
            types=rule.types,
        )
        return own_message(
            self._policy,
            f"pause/{rule.pause_id}/{number}",
            catalogue.PAUSE_SWITCHED,
            rule.pause_id,
            said,
            event_time=now,
            received_time=now,
        )
