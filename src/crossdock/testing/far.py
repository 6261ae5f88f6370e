"""The far sides of the smallest hub: a test says how each thing that they are told ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import msgspec

from crossdock.contracts.words import Noun
from crossdock.log.records import Claimed, Settlement, Verdict
from crossdock.ownership.matrix import Matrix
from crossdock.sagas.policy import Policy
from crossdock.sagas.recipes.saga import KIND, Saga
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once

Said = TypeVar("Said", bound=Noun)

_SAGA = msgspec.json.Decoder(Saga)


class FarSides:
    """Everybody whom a small hub tells something; `now` counts the seconds of the story."""

    def __init__(self, hub: SmallHub) -> None:
        self.hub = hub
        self.now = 0.0
        self._claimed: dict[str, Claimed] = {}
        self._said = 0

    def told(self, destination: str) -> list[str]:
        """What this system was told and has not answered, by business key, oldest first."""
        found = at_once(self.hub.store.claim(destination, self._time(), self._time(1e7), 1_000))
        self._claimed.update({one.business_key: one for one in found})
        return [key for key, one in self._claimed.items() if one.destination == destination]

    def body(self, business_key: str, kind: type[Said]) -> Said:
        """What exactly it was told."""
        return msgspec.json.decode(self._claimed[business_key].body, type=kind)

    def ends(self, business_key: str, verdict: Verdict, words: str = "") -> None:
        """Let a thing that was told end so; held where it does not succeed."""
        if business_key not in self._claimed:
            self.told(business_key.partition("/")[0])
        one = self._claimed.pop(business_key)
        ended = Settlement(one.effect_id, one.attempt, verdict, words, words)
        at_once(self.hub.store.settle([ended], self._time()))
        self.hub.tell()

    def says(self, source: str, kind: str, noun: Noun) -> str:
        """Let a system say something; gives the fate of its message."""
        self._said += 1
        message = noun_message(
            kind,
            noun,
            f"far-{self._said}",
            source=source,
            partitions=self.hub.policy.partitions,
            seconds=self.now,
        )
        [receipt] = self.hub.tell(message)
        partition = self.hub.store.data.partition(receipt.partition)
        outcome = partition.outcomes[receipt.position].outcome
        return f"{outcome.fate} {outcome.reason}".strip()

    def wait(self, seconds: float) -> None:
        """Let time pass, and every timer fire that is due by then."""
        self.now += seconds
        self.hub.ring(self.now)

    def saga(self, number: str) -> Saga:
        """An instance as it stands."""
        return _SAGA.decode(self.hub.store.data.documents[KIND, number].body)

    def _time(self, more: float = 0.0) -> datetime:
        return at(self.now + more)


_PARCELS = {
    "rate": (),
    "label": ("carrier",),
    "parcel_posting": ("erp",),
    "booking": ("tms",),
    "notice": ("notifier",),
    "parcel": ("lake",),
}


def told_of_parcels(policy: Policy, **instead: tuple[str, ...]) -> Policy:
    """The house in which a carrier, an ERP, a TMS, a notifier and a data lake hear of parcels.

    `instead` names others by the object of the matrix: `rate=("carrier", "courier")`.
    """
    told = {**_PARCELS, **instead}
    matrix = policy.matrix
    rules = tuple(
        replace(rule, consumers=told.get(rule.entity, rule.consumers)) for rule in matrix.rules
    )
    return replace(policy, matrix=Matrix(rules, matrix.sites, matrix.channels))
