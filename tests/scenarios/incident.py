"""The stage on which incidents are played: stories with far systems that fail, told to `trace`.

Beside the words of stories there are:

    far     SYSTEM  HOW                how a far system answers from now on, see `FarSide`
    quota   SYSTEM  N requests an hour how many of them it may get
    tell    SYSTEM  [N times]          the hub tells it what is due, a minute or more apart
    publish SYSTEM                     what the web may promise is to be told to it
    cause   KEY     -> SENTENCE        why it is stuck: what, (from whom)
    open    KEY     -> SENTENCE        a condition that is open about it
    awaits  KEY     -> SENTENCE        what it waits for and gets in its time
    next    KEY     -> COMMAND         what is safe to do
    found   KEY     -> SENTENCE        how the key was understood, or why it was not

What is expected must be among what `trace` says. Whatever it says must cite evidence that is there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crossdock.contracts.conditions import CONDITIONS
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    Document,
    Evidence,
    FarAnswer,
    Found,
    Refused,
    RetryLater,
    Unknown,
    Void,
)
from crossdock.delivery.gate import Sparing
from crossdock.delivery.pump import Pump
from crossdock.delivery.retry import RetrySchedule
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.commands.trace import trace_of
from crossdock.runtime.commands.trace_common import House
from crossdock.runtime.commands.trace_parts import Entry, Fact, Safe, Trace, Wait
from crossdock.runtime.hub import ChannelView
from crossdock.testing.builders import at
from crossdock.testing.hub import at_once
from tests.scenarios.stage import Row, Seen, Stage, rows

SYSTEMS = frozenset(
    {"wms_east", "wms_west", "shop", "erp", "crm", "carrier", "tms", "notifier", "lake", "estate"}
)
ASKS = ("cause", "open", "awaits", "next", "found")
_TRIES = 8
_APART_SECONDS = 100


@dataclass(frozen=True)
class Told:
    """One incident of a file, as it is written there."""

    name: str
    text: str

    @property
    def rows(self) -> list[Row]:
        """Its lines."""
        return list(rows(self.text))


def incidents(folder: Path, files: str = "*.txt") -> Iterator[Told]:
    """Every incident of every file; `== NAME` begins one."""
    for file in sorted(folder.glob(files)):
        head, *parts = re.split(r"^== ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert not list(rows(head)), f"{file.name}: an incident has a name"
        for part in parts:
            name, _, text = part.partition("\n")
            yield Told(f"{file.stem}: {name.strip()}", text)


class FarSide:
    """A far system that answers everything in one way.

    `takes it`, `refuses: WORDS`, `fails: WORDS`, `is down`, `loses replies`, `loses replies and
    cannot be asked`, `has it as STATE`, `wants to be spared for N s`.
    """

    batch_max = 1

    def __init__(self, system: str) -> None:
        self._system = system
        self._how = "takes it"
        self._given = 0

    def behaves(self, how: str) -> None:
        """From now on it answers so."""
        self._how = how

    def ability(self, message_type: str) -> Ability:
        """Whether it can be asked what it did."""
        return Ability.NEITHER if self._how.endswith("cannot be asked") else Ability.LOOK_UP

    def ask_after_seconds(self, message_type: str) -> float:
        """At once."""
        return 0.0

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """The answer, once per document."""
        return [self._answer() for _ in documents]

    async def look_up(self, document: Document) -> Found:
        """Who does not answer what it is told does not answer what it is asked."""
        return Unknown("no reply in time")

    async def close(self) -> None:
        """Nothing to let go of."""

    def _answer(self) -> FarAnswer:
        how, _, words = self._how.partition(": ")
        if how == "refuses":
            return Refused(words, Evidence(422, words))
        if how == "fails":
            return RetryLater(words)
        if how == "is down":
            return RetryLater("not connected", counts=False)
        if how.startswith("loses replies"):
            return Unknown("no reply in time")
        if how.startswith("has it as "):
            return Void("V-7", how.removeprefix("has it as "))
        if how.startswith("wants to be spared"):
            seconds = float(how.split()[-2])
            return RetryLater("429", seconds, counts=False, evidence=Evidence(429))
        assert how == "takes it", how
        self._given += 1
        return Accepted(f"{self._system}-{self._given}")


class Incident(Stage):
    """One incident's hub, with far systems that are told by the real pump, and a `trace`."""

    def __init__(self) -> None:
        super().__init__(Seen())
        self._sides: dict[str, FarSide] = {}
        self._sparing: dict[str, Sparing] = {}

    def now(self) -> datetime:
        """The incident's clock, as the pump reads it."""
        return at(self._now())

    def monotonic(self) -> float:
        """The same, as seconds."""
        return self._now()

    def uniform(self, low: float, high: float) -> float:
        """Chance is always the same here."""
        return (low + high) / 2

    def token_bytes(self, size_bytes: int) -> bytes:
        """No secret."""
        return bytes(size_bytes)

    def hear(self, row: Row) -> str:
        """Do what a line says; gives what was expected where `trace` said so, else all it said."""
        if row.verb == "far":
            self._side(row.cells[0]).behaves(row.cells[1])
        elif row.verb == "quota":
            system, much = row.cells
            self._sparing[system] = Sparing(per_second=int(much.split()[0]) / 3600)
        elif row.verb == "publish":
            views = [ChannelView("web", ("EAST", "WEST"), 0, (row.cells[0],))]
            at_once(self.hub.store.publish_availability(views, self.now(), 100))
        elif row.verb == "tell":
            self._tell_far(*row.cells)
        elif row.verb in ASKS:
            assert row.expected, f"{row} expects nothing"
            said = self._said(row.verb, row.cells[0])
            return row.expected if _is_among(row.expected, said) else "\n     ".join(said)
        else:
            return super().hear(row)
        return ""

    def _side(self, system: str) -> FarSide:
        return self._sides.setdefault(system, FarSide(system))

    def _tell_far(self, system: str, times: str = "1 times") -> None:
        pump = Pump(
            system,
            self._side(system),
            self.hub.store,
            self,
            self,
            RetrySchedule(attempts_max=_TRIES),
            sparing=self._sparing.get(system),
        )
        for turn in range(int(times.split(maxsplit=1)[0])):
            self._later += _APART_SECONDS if turn else 0
            asyncio.run(pump.turn())
        self.hub.tell()

    def _said(self, verb: str, key: str) -> list[str]:
        try:
            trace = at_once(trace_of(self.hub.store, key, self._house(), self.now()))
        except CrossdockError as error:
            return [f"{error.code}: {error}"]
        self._cites(trace)
        self._notes_named |= {(one.kind, one.key) for one in trace.exceptions}
        if verb == "found":
            return [fact.what for fact in trace.summary]
        if verb == "open":
            opened = (one for one in trace.exceptions if one.is_open)
            return [f"{one.kind} {one.key}: {one.detail}" for one in opened]
        if verb == "next":
            return [step.do for step in trace.safe]
        waits = (wait for wait in trace.waits if wait.stuck is (verb == "cause"))
        return [f"{wait.what} (from {wait.awaited_from})" for wait in waits]

    def _house(self) -> House:
        policy = self.hub.policy
        sites = {name: roles["wms"] for name, roles in policy.matrix.sites.items()}
        return House(sites, SYSTEMS, CONDITIONS, policy.recipes, self._sparing, "erp")

    def _cites(self, trace: Trace) -> None:
        """Every sentence names evidence that is there."""
        data = self.hub.store.data
        known = {f"{one.kind} {one.key}" for one in data.conditions.rows.values()}
        known |= {kept.effect.business_key for kept in data.effects.by_id.values()}
        known |= {name for kind, name in data.documents if kind == "saga"}
        known |= {f"destination:{system}" for system in SYSTEMS} | set(data.orders)
        known |= {
            f"{number}:{position}"
            for number, partition in data.partitions.items()
            for position in range(1, len(partition.messages) + 1)
        }
        told: list[Fact | Entry | Wait | Safe]
        told = [*trace.summary, *trace.timeline, *trace.waits, *trace.safe]
        assert not [one for one in told if one.evidence not in known]


def _is_among(expected: str, said: Sequence[str]) -> bool:
    """Whether one of these sentences is what is expected; `...` stands for anything."""
    pattern = ".*".join(map(re.escape, expected.split("...")))
    return any(re.fullmatch(pattern, one) for one in said)
