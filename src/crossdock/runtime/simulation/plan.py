"""What a schedule consists of, drawn from its seed and then a value: it can be shown and shrunk.

Swarm: each seed switches a random part of the faults on, at random rates, because faults that are
always all on hide each other; likewise it does some things often. A plan that failed is made
smaller by leaving out faults and steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random

from crossdock.contracts.connector import Ability
from crossdock.runtime.simulation.chance import stream
from crossdock.sagas.policy import Backorders


class Fault(StrEnum):
    """What may go wrong; each draws at its own rate."""

    # Between the hub and a far system, either way.
    LOST_REQUEST = "lost request"
    LOST_REPLY = "lost reply"
    LATE_REPLY = "reply later than anybody waits"
    LATE_REQUEST = "request later than anybody waits"
    TWICE = "request delivered twice"
    CUT_SHORT = "reply cut short"
    WRONG_STATUS = "status without sense"
    BUSY = "slow down, with Retry-After"
    ITEM_ERRORS = "one of a batch fails"
    REORDERED = "messages overtake each other"
    SENT_AGAIN = "message sent again"
    FAR_RESTART = "far system restarts"
    FAR_AMNESIA = "far system forgets its keys"
    FAR_VOIDS = "far system takes back what it did"
    # Within the hub.
    CRASH = "process killed"
    PAUSE = "process stopped past its leases"
    CLOCK = "wall clock jumps"
    SLOW_STORE = "store answers late"
    STORE_LOST = "connection to the store lost"
    COMMIT_UNKNOWN = "answer to a commit lost"
    STORE_CONFLICT = "serialization conflict"
    STORE_FULL = "disk full for a while"
    OPERATOR = "operator acts"


RATES: Mapping[Fault, float] = {
    Fault.LOST_REQUEST: 0.2,
    Fault.LOST_REPLY: 0.25,
    Fault.LATE_REPLY: 0.1,
    Fault.LATE_REQUEST: 0.1,
    Fault.TWICE: 0.2,
    Fault.CUT_SHORT: 0.15,
    Fault.WRONG_STATUS: 0.1,
    Fault.BUSY: 0.2,
    Fault.ITEM_ERRORS: 0.2,
    Fault.REORDERED: 0.4,
    Fault.SENT_AGAIN: 0.3,
    Fault.FAR_RESTART: 0.04,
    Fault.FAR_AMNESIA: 0.02,
    Fault.FAR_VOIDS: 0.25,
    Fault.CRASH: 0.02,
    Fault.PAUSE: 0.04,
    Fault.CLOCK: 0.05,
    Fault.SLOW_STORE: 0.03,
    Fault.STORE_LOST: 0.08,
    Fault.COMMIT_UNKNOWN: 0.1,
    Fault.STORE_CONFLICT: 0.08,
    Fault.STORE_FULL: 0.03,
    Fault.OPERATOR: 0.3,
}
"""The highest rate at which a fault strikes, per occasion on which it can."""

STEPS: Mapping[str, int] = {
    "order": 10, "rush": 3, "change": 3, "cancel": 3, "send_back": 2, "reserve": 4, "commit": 3,
    "leave": 2, "receive": 4, "adjust": 2, "count": 2, "put_aside": 1, "transfer": 2, "pool": 1,
    "policy": 1, "purchase": 1, "repeat": 3,
}  # fmt: skip
"""What customers and far systems do of themselves (`doings`): how often, beside the others."""

_OFTEN = 8
"""How many times as often a schedule does what it does often."""

FAR_SYSTEMS = ("erp", "wms_east", "wms_west", "shop", "crm")
PARCEL_SYSTEMS = ("carrier", "tms", "notifier")
"""Who is there besides, where parcels are labelled, booked and told of by a recipe."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One schedule before it is played."""

    seed: int
    steps: int = 30  # what customers and far systems do of themselves
    often: tuple[str, ...] = ()  # of these things, more than of others
    nonsense: float = 0.0  # the share of it that makes no sense
    faults: Mapping[Fault, float] = field(default_factory=dict)
    left_out: frozenset[int] = frozenset()  # numbers of steps that are not taken
    step_seconds: float = 1.0  # the longest pause between two steps
    hubs: int = 1
    workers: int = 1
    desks: int = 1
    partitions: int = 2
    batch: int = 20
    batch_max: int = 5  # documents per request to a far system
    at_once: int = 1
    keep_back: int = 0
    backorders: Backorders = Backorders.PRIORITY
    known_items_only: bool = True
    parcels: bool = False  # whether recipes carry out what follows from cartons
    abilities: Mapping[str, Ability] = field(default_factory=dict)
    store_seconds: float = 0.02  # the longest usual way to the store, and back again
    lease_seconds: float = 5.0
    attempt_seconds: float = 10.0
    idle_seconds: float = 2.0
    tries_max: int = 40
    begins_hour: float = 8.0  # of the day, UTC
    looks: int = 3  # how often the promises are asked for while everything happens
    crash_at: str = ""  # a failpoint at which the first process that passes it is killed

    @property
    def weights(self) -> dict[str, int]:
        """How often each kind of step is drawn, beside the others."""
        return {
            name: weight * (_OFTEN if name in self.often else 1) for name, weight in STEPS.items()
        }

    def without(self, *faults: Fault) -> Plan:
        """The same schedule, with these faults switched off."""
        return replace(self, faults={k: v for k, v in self.faults.items() if k not in faults})


_PARCELS_SHARE = 0.3


def in_brief(plan: Plan) -> Plan:
    """The same with less of everything, for a store at which every call costs something real."""
    return replace(
        plan,
        steps=min(plan.steps, 20),
        hubs=min(plan.hubs, 2),
        workers=min(plan.workers, 2),
        at_once=1,
        looks=1,
    )


def plan_of(seed: int) -> Plan:
    """The schedule of a seed."""
    draw = stream(seed, "plan")
    partitions = draw.choice((1, 2, 4, 4))
    return Plan(
        seed=seed,
        steps=draw.randint(4, 18),
        nonsense=draw.choice((0.0, 0.0, 0.1, 0.7)),
        faults=_swarm(draw),
        step_seconds=draw.choice((0.1, 0.2, 1.0, 1.0, 3.0)),
        hubs=draw.choice((1, 1, 1, 2, 2, 3)),
        workers=min(partitions, draw.choice((1, 2, 4))),
        desks=draw.choice((1, 1, 2)),
        partitions=partitions,
        batch=draw.choice((1, 4, 20)),
        batch_max=draw.choice((1, 3, 10)),
        at_once=draw.choice((1, 1, 2)),
        keep_back=draw.choice((0, 0, 0, 1)),
        backorders=draw.choice(list(Backorders)),
        known_items_only=draw.random() < 0.5,
        abilities={name: _ability(draw) for name in (*FAR_SYSTEMS, *PARCEL_SYSTEMS)},
        lease_seconds=draw.choice((2.0, 8.0, 16.0)),
        attempt_seconds=draw.choice((8.0, 20.0)),
        idle_seconds=draw.choice((4.0, 10.0, 20.0)),
        tries_max=draw.choice((4, 40, 40)),
        begins_hour=draw.choice((8.0, 8.0, 23.995)),
        parcels=draw.random() < _PARCELS_SHARE,
        often=tuple(draw.sample(list(STEPS), draw.choice((0, 0, 1, 2, 4)))),
        store_seconds=draw.choice((0.02, 0.02, 0.2, 0.6)),
    )


def _ability(draw: Random) -> Ability:
    return draw.choices((Ability.KEYS, Ability.LOOK_UP, Ability.NEITHER), (5, 3, 2))[0]


def _swarm(draw: Random) -> dict[Fault, float]:
    """A random part of the faults, now and then none."""
    if draw.random() < 0.08:
        return {}
    share = draw.choice((0.15, 0.4, 0.8))
    return {
        fault: highest * draw.choice((0.15, 0.5, 1.0))
        for fault, highest in RATES.items()
        if draw.random() < share
    }
