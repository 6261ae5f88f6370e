"""The parts of a recipe: steps, what answers each, its time limit, its undo, and all its cases.

Frozen data (decision 8). A step either tells somebody something (`Tell`), which can be refused and
undone, or watches for something that others do (`Watch`): a physical fact has no undo (M7). Its
functions are pure: they see a `Scene` and give a document or a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from crossdock.contracts.words import Noun
from crossdock.orders.state import OrderState


class Then(StrEnum):
    """What follows when a step does not end well."""

    GO_ON = "go_on"  # it is left out, and the rest goes on without it
    UNDO = "undo"  # what was done is undone, last first
    PARK = "park"  # it stays as it is until a person decides, or the answer comes after all


@dataclass(frozen=True, slots=True)
class Case:
    """One way in which a step does not end well, and what follows.

    Refused: it is asked `again` so often first, each time under a new number after a pause. Silent:
    it is waited for `again` so often first, each time shown to people. Unknown: never again.
    """

    then: Then
    again: int = 0
    pause_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """What the functions of a step may look at."""

    number: str  # what the instance is about: a carton, an order, a return
    key: str  # the value of the recipe's key field: mostly an order
    subject: Any  # what was known when it began
    records: Mapping[str, Any]  # step -> what its answer said, for steps that were answered
    order: OrderState | None  # the order of that key as it stands, if there is one
    request: str = ""  # the number under which a step asks; its answer names it
    asked: str = ""  # of an undo: the request that it undoes
    source: str = ""  # of an answer: the system that gives it


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; `record` is what later steps and the undo need of it."""

    record: msgspec.Struct | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done, which is certain, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Of an undo: there was nothing to undo."""


Verdict = Done | Refused | Nothing

Answers = Mapping[str, Callable[[Scene, Any], Verdict]]
"""Message type -> what such an answer means. Its noun names the request in `request_id`."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Something to tell the systems that the ownership matrix names; `None` as body: nothing."""

    kind: str
    body: Callable[[Scene], Noun | None]
    answers: Answers = field(default_factory=dict)  # none: done as soon as it is told
    record: type[msgspec.Struct] | None = None
    to: Callable[[Scene, tuple[str, ...]], tuple[str, ...]] | None = None  # some of them
    gather: Callable[[Scene, Sequence[Any]], msgspec.Struct | None] | None = None
    """One record of many answers: done when all have answered, or some have when time is up."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Something that others do: seen in messages, or in the order as it stands."""

    facts: Mapping[str, Callable[[Scene, Any], Verdict | None]] = field(default_factory=dict)
    judge: Callable[[Scene], Verdict | None] | None = None
    record: type[msgspec.Struct] | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """How a step is undone: told to exactly those systems that did it, with what they answered.

    `again` is how often it is tried once more after a refusal, or waited for once more. `blind`
    says that it may be told although nobody knows whether the step was done: it names our request,
    and where there is nothing under it, nothing happens.
    """

    kind: str
    body: Callable[[Scene, Any], Noun | None]
    within_seconds: int
    answers: Answers = field(default_factory=dict)
    again: int = 0
    pause_seconds: int = 60
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `kept` says why a step that tells something is never undone, where it is not."""

    name: str
    does: Tell | Watch
    awaited_from: str  # in words: who answers
    within_seconds: int
    silent: Case
    refused: Case | None = None
    unknown: Case | None = None
    after: tuple[str, ...] = ()
    undo: Undo | None = None
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """Which message begins an instance, and what the instance is about; None: this one begins none.

    `subject` is what the instance keeps of the message.
    """

    kind: str
    number: Callable[[Any], str | None]
    subject: Callable[[Any], msgspec.Struct]
