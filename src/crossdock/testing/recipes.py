"""A recipe walked through every schedule: each answer early, late, twice or never (M7, O17).

The model keeps what the interpreter cannot see: what the far sides really did. Every step that
tells something may be accepted, refused, unknown (done or not, found later or never) or silent; an
act may happen after its undo; facts come whenever they come; a person may have everything undone.
To be slow is a fault as well. At each end the instance must be complete, compensated or parked, and
what it says of every step must be what happened. States that no future can tell apart are walked
once, and counted as often as ways lead there: all schedules are counted though not each is walked.

The steps' own functions are left out: it is the recipe's shape that is checked here.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

import msgspec

from crossdock.contracts.parcels import LabelVoided
from crossdock.contracts.vocabulary import EffectEnd
from crossdock.contracts.words import Noun
from crossdock.orders.state import OrderState
from crossdock.sagas.recipes.interpreter import Run, Telling, begun
from crossdock.sagas.recipes.parts import (
    Case,
    Done,
    Nothing,
    Opening,
    Refused,
    Scene,
    Step,
    Tell,
    Undo,
    Verdict,
    Watch,
)
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import Course, Saga, Standing, StepState
from crossdock.sagas.recipes.shipped import SHIPPED
from crossdock.testing.builders import T0

_SAGA = msgspec.json.Decoder(Saga)
_MAYBE: Final = (StepState.SILENT, StepState.UNKNOWN)


class BrokenPromise(AssertionError):
    """A schedule after which an instance says something else than what happened."""


@dataclass(slots=True)
class Walked:
    """What was found: how many schedules there are, and how their instances ended."""

    schedules: int = 0
    states: int = 0
    endings: Counter[str] = field(default_factory=Counter)  # standing -> schedules


class _Token(msgspec.Struct):
    """What stands for a record."""

    n: int = 1


class _Asked(msgspec.Struct, array_like=True):
    """One request in the model: whose it is, and what is still to come of it, in order.

    A word is `act` (the far side does it), `end:<end>` (of its effect), or `says:<verdict>`. After
    `done` the next word comes in the same breath.
    """

    step: str
    undo: bool
    request: str
    undoes: str
    destination: str
    to_come: list[list[str]]  # lines of words; each line keeps its order, lines do not


class _World(msgspec.Struct, array_like=True):
    """Everything that a future depends on."""

    saga: bytes
    now: int  # seconds
    asked: list[_Asked]
    did: dict[str, int]  # request -> 1 done, -1 done and undone
    facts: list[str]  # steps whose fact is still to come
    refusing: list[str]  # steps whose order will still refuse them
    faults: int  # how many there still may be
    person: bool  # whether somebody may still have everything undone


@dataclass(frozen=True, slots=True)
class _Fate:
    """How the world may treat one request."""

    fault: bool
    lines: tuple[tuple[str, ...], ...]
    at_once: bool = False  # it is done when it is told, and nobody ever hears of it


def walk(recipe: Recipe, *, faults_max: int = 2, absent: Sequence[str] = ()) -> Walked:
    """Walk every schedule with at most so many faults; `absent` are steps that nobody is told.

    Raises:
        BrokenPromise: with the way that leads there.
    """
    walker = _Walker(skeleton(recipe), frozenset(absent))
    first = walker.first(faults_max)
    walked = Walked()
    walked.endings = walker.count(first, [])
    walked.schedules = sum(walked.endings.values())
    walked.states = len(walker.known)
    return walked


def skeleton(recipe: Recipe) -> Recipe:
    """The recipe's shape: its steps, cases and limits, with functions that the model answers."""
    steps = tuple(
        replace(
            step,
            does=_bare(step.does),
            undo=_bare_undo(step.undo),
            silent=_briefly(step.silent),
            refused=None if step.refused is None else _briefly(step.refused),
        )
        for step in recipe.steps
    )
    openings = (Opening(recipe.openings[0].kind, lambda said: "1", lambda said: _Token()),)
    return replace(recipe, steps=steps, openings=openings, subject=_Token)


def _said(scene: Scene, noun: Any) -> Verdict:
    verdict: Verdict = noun.verdict
    return verdict


def _bare(does: Tell | Watch) -> Tell | Watch:
    if isinstance(does, Watch):
        return (
            replace(does, facts=dict.fromkeys(does.facts, _said), judge=None, record=None)
            if does.facts
            else replace(does, judge=_never)
        )
    return Tell(
        does.kind,
        _something,
        answers=dict.fromkeys(does.answers, _said),
        record=_Token,
        gather=(lambda scene, given: _Token()) if does.gather is not None else None,
    )


def _bare_undo(undo: Undo | None) -> Undo | None:
    if undo is None:
        return None
    answers = dict.fromkeys(undo.answers, _said)
    return replace(undo, body=_something_undone, answers=answers, again=min(undo.again, 1))


def _briefly(case: Case) -> Case:
    """Once more is as good as often: what follows does not depend on how often."""
    return replace(case, again=min(case.again, 1))


def _never(scene: Scene) -> Verdict | None:
    return None


_WORDS: Final = LabelVoided(request_id="r", order_id="o")


def _something(scene: Scene) -> Noun:
    return _WORDS


def _something_undone(scene: Scene, record: Any) -> Noun:
    return _WORDS


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer in the model: it says its verdict itself."""

    request_id: str
    verdict: Verdict


class _Around:
    """The surroundings of the instance in the model; keeps what is told."""

    def __init__(self, now: int, absent: frozenset[str], two: frozenset[str]) -> None:
        self.now: datetime = T0 + timedelta(seconds=now)
        self.place = "0:1"
        self.order: OrderState | None = None
        self.told: list[Telling] = []
        self._absent = absent
        self._two = two

    def routes(self, kind: str, subject: Any) -> tuple[str, ...]:
        """One far side; two where answers of many are gathered."""
        if kind in self._absent:
            return ()
        return ("one", "two") if kind in self._two else ("one",)

    def tell(self, telling: Telling) -> None:
        """Keep it."""
        self.told.append(telling)


class _Walker:
    """The walk: from a state every next one, each state once."""

    def __init__(self, recipe: Recipe, absent: frozenset[str]) -> None:
        self.recipe = recipe
        self.known: dict[bytes, Counter[str]] = {}
        tells = {s.name: s.does for s in recipe.steps if isinstance(s.does, Tell)}
        self._absent = frozenset(tells[name].kind for name in absent)
        self._two = frozenset(does.kind for does in tells.values() if does.gather is not None)
        self._steps = {step.name: step for step in recipe.steps}

    def first(self, faults: int) -> list[_World]:
        """Where all ways begin."""
        around = _Around(0, self._absent, self._two)
        saga = begun(self.recipe, "1", "1", _Token(), around)
        watched = [s.name for s in self.recipe.steps if isinstance(s.does, Watch)]
        refusing = [n for n in watched if self._steps[n].refused is not None]
        world = _World(b"", 0, [], {}, watched, refusing, faults, True)
        run = Run(self.recipe, saga, around)
        run.proceed()
        return self._after(world, run, around)

    def count(self, worlds: list[_World], way: list[str]) -> Counter[str]:
        """How the schedules from these states on end."""
        total: Counter[str] = Counter()
        for world in worlds:
            key = self._key(world)
            found = self.known.get(key)
            if found is None:
                found = self._count_one(world, way)
                self.known[key] = found
            total.update(found)
        return total

    def _count_one(self, world: _World, way: list[str]) -> Counter[str]:
        total: Counter[str] = Counter()
        for word, next_worlds in self._ways(world, way):
            total.update(self.count(next_worlds, [*way, word]))
        if not total:
            saga = _SAGA.decode(world.saga)
            self._check_end(saga, world, way)
            total[saga.standing.value] += 1
        return total

    # --- what may come next --------------------------------------------------------------------

    def _ways(self, world: _World, way: list[str]) -> Iterator[tuple[str, list[_World]]]:
        for number, asked in enumerate(world.asked):
            for line in _next_lines(asked):
                yield self._come(world, number, line, way)
        for name in world.facts:
            yield self._fact(world, name, way)
        if world.faults:
            yield from self._faulty(world, way)
        saga = _SAGA.decode(world.saga)
        run = Run(self.recipe, saga, _Around(world.now, self._absent, self._two))
        quick = any(line[0] == "done" for one in world.asked for line in one.to_come)
        if run.due is not None and (world.faults or not quick):
            slow = msgspec.structs.replace(world, faults=world.faults - quick)
            yield self._wake(slow, run.due, way)

    def _faulty(self, world: _World, way: list[str]) -> Iterator[tuple[str, list[_World]]]:
        """What costs a fault: a fact never comes, its order refuses it, a person stops it all."""
        less = msgspec.structs.replace(world, faults=world.faults - 1)
        for name in world.facts:
            rest = [one for one in world.facts if one != name]
            yield f"{name} never", [msgspec.structs.replace(less, facts=rest)]
        for name in world.refusing:
            yield self._refuse(less, name, way)
        saga = _SAGA.decode(world.saga)
        if world.person and saga.course is Course.FORWARD and not saga.ended:
            after = msgspec.structs.replace(less, person=False)
            yield self._step(after, "person undoes", way, lambda run: run.go_back("a person"))

    def _come(
        self, world: _World, number: int, line: int, way: list[str]
    ) -> tuple[str, list[_World]]:
        """The next word of one line of a request."""
        asked = world.asked[number]
        word, *rest = asked.to_come[line]
        if word == "done":
            world = self._act(world, asked)
            word, *rest = rest
        lines = [list(one) for one in asked.to_come]
        lines[line] = rest
        left = msgspec.structs.replace(asked, to_come=[one for one in lines if one])
        requests = [one for one in world.asked if one is not asked]
        if left.to_come:
            requests.append(left)
        after = msgspec.structs.replace(world, asked=requests)
        told = f"{asked.request}@{asked.destination} {word}"
        what, _, of = word.partition(":")
        if what == "act":
            return told, [self._act(after, asked)]
        if what == "end":
            return self._step(
                after,
                told,
                way,
                lambda run: run.end_of_effect(asked.destination, asked.request, EffectEnd(of), ""),
            )
        answer = _Answer(asked.request, self._verdict(world, asked, of))
        kind = next(iter(self._answers(asked)))
        return self._step(
            after, told, way, lambda run: run.answered(asked.destination, kind, answer)
        )

    def _act(self, world: _World, asked: _Asked) -> _World:
        """The far side does it. An undo of nothing does nothing, and is remembered as that."""
        did = dict(world.did)
        if not asked.undo:
            did[asked.request] = 1
        elif did.get(asked.undoes) == 1:
            did[asked.undoes] = -1
            did[asked.request] = 1
        else:
            did.setdefault(asked.request, 1 if did.get(asked.undoes) == -1 else 0)
        return msgspec.structs.replace(world, did=did)

    def _verdict(self, world: _World, asked: _Asked, of: str) -> Verdict:
        if of == "refused":
            return Refused("no")
        if asked.undo and not world.did.get(asked.request):
            return Nothing()
        return Done(None if asked.undo else _Token())

    def _fact(self, world: _World, name: str, way: list[str]) -> tuple[str, list[_World]]:
        """A fact that a step watches for; whatever the instance does, it is taken down."""
        rest = [one for one in world.facts if one != name]
        refusing = [one for one in world.refusing if one != name]
        after = msgspec.structs.replace(world, facts=rest, refusing=refusing)
        step = self._steps[name]

        def see(run: Run) -> None:
            run.witness(step, Done())
            state = run.saga.steps[name].state
            if state is not StepState.DONE:
                self._break(f"the fact of {name} is lost: {state}", way)

        return self._step(after, f"{name} happens", way, see)

    def _refuse(self, world: _World, name: str, way: list[str]) -> tuple[str, list[_World]]:
        """The order says that a watched step will not come."""
        rest = [one for one in world.refusing if one != name]
        facts = [one for one in world.facts if one != name]
        after = msgspec.structs.replace(world, refusing=rest, facts=facts)
        step = self._steps[name]
        return self._step(
            after, f"{name} is refused", way, lambda run: run.witness(step, Refused("no"))
        )

    def _wake(self, world: _World, due: datetime, way: list[str]) -> tuple[str, list[_World]]:
        now = max(world.now, int((due - T0).total_seconds()))
        after = msgspec.structs.replace(world, now=now)
        return self._step(after, "time is up", way, lambda run: run.time_up())

    # --- one move ------------------------------------------------------------------------------

    def _step(self, world: _World, word: str, way: list[str], do: Any) -> tuple[str, list[_World]]:
        around = _Around(world.now, self._absent, self._two)
        run = Run(self.recipe, _SAGA.decode(world.saga), around)
        do(run)
        self._check_undos(run, around, [*way, word])
        return word, self._after(world, run, around)

    def _after(self, world: _World, run: Run, around: _Around) -> list[_World]:
        """Every state after a move: one per fate of each thing that was told."""
        worlds = [msgspec.structs.replace(world, saga=msgspec.json.encode(run.saga))]
        for telling in around.told:
            for destination in telling.destinations:
                worlds = [
                    after for one in worlds for after in self._fates(one, run, telling, destination)
                ]
        return worlds

    def _fates(
        self, world: _World, run: Run, telling: Telling, destination: str
    ) -> Iterator[_World]:
        step, undo, undoes = _whose(run, telling.request)
        asked = _Asked(step.name, undo, telling.request, undoes, destination, [])
        answered = bool(self._answers(asked))
        for fate in _ANSWERED if answered else _TOLD:
            if fate.fault and not world.faults:
                continue
            one = msgspec.structs.replace(asked, to_come=[list(line) for line in fate.lines])
            after = msgspec.structs.replace(
                world,
                asked=[*world.asked, one] if fate.lines else world.asked,
                faults=world.faults - fate.fault,
            )
            yield self._act(after, one) if fate.at_once else after

    def _answers(self, asked: _Asked) -> Sequence[str]:
        step = self._steps[asked.step]
        if asked.undo:
            return list(step.undo.answers) if step.undo is not None else []
        return list(step.does.answers) if isinstance(step.does, Tell) else []

    def _key(self, world: _World) -> bytes:
        """A state without what no future depends on: when exactly, and in which words."""
        saga = _SAGA.decode(world.saga)
        saga.began = T0
        for now in saga.steps.values():
            now.since = None
            now.reason = now.evidence = ""
            if now.until is not None:
                now.until -= timedelta(seconds=world.now)
            for attempt in (*now.attempts, *now.undoing):
                attempt.asked = T0
        saga.reason = ""
        requests = sorted(world.asked, key=lambda one: (one.request, one.destination))
        same = msgspec.structs.replace(world, saga=msgspec.json.encode(saga), now=0, asked=requests)
        return msgspec.json.encode(same, order="deterministic")

    # --- what must hold ------------------------------------------------------------------------

    def _check_undos(self, run: Run, around: _Around, way: list[str]) -> None:
        """An undo is told last first: nothing that came later stands, or is on its way."""
        for telling in around.told:
            step, undo, _ = _whose(run, telling.request)
            if not undo:
                continue
            mine = run.saga.steps[step.name]
            for other in self.recipe.steps:
                now = run.saga.steps[other.name]
                if other.undo is None or other is step:
                    continue
                if now.state in (StepState.DONE, *_MAYBE) and now.turn > mine.turn:
                    self._break(f"{step.name} is undone before {other.name}", way)
                if now.state in (StepState.ASKED, StepState.UNDOING):
                    self._break(f"{step.name} is undone beside {other.name}", way)

    def _check_end(self, saga: Saga, world: _World, way: list[str]) -> None:
        if saga.standing not in (Standing.COMPLETE, Standing.COMPENSATED, Standing.PARKED):
            self._break(f"it ends {saga.standing}, with nothing to wake it", way)
        for step in self.recipe.steps:
            if isinstance(step.does, Tell) and step.does.gather is None:
                self._check_step(saga, step, world, way)

    def _check_step(self, saga: Saga, step: Step, world: _World, way: list[str]) -> None:
        now = saga.steps[step.name]
        stands = sum(world.did.get(one.request, 0) == 1 for one in now.attempts)
        if stands > 1:
            self._break(f"{step.name} stands {stands} times", way)
        if now.state is StepState.DONE and not stands:
            self._break(f"{step.name} is done, and was not", way)
        if now.state in _CERTAINLY_NOT and stands:
            self._break(f"{step.name} is {now.state}, and stands at the far side", way)
        if saga.standing is Standing.COMPENSATED and step.undo is not None and stands:
            self._break(f"{step.name} is left over", way)

    def _break(self, what: str, way: list[str]) -> None:
        raise BrokenPromise(f"{self.recipe.name} {self.recipe.version}: {what}; by {way}")


_CERTAINLY_NOT: Final = (
    StepState.WAITING,
    StepState.REFUSED,
    StepState.UNDONE,
    StepState.NOT_DONE,
    StepState.PAUSED,
)

_TOLD: Final = (
    _Fate(False, (("done", "end:accepted"),)),
    _Fate(True, (("act", "end:accepted"),)),
    _Fate(True, (("end:refused",),)),
    _Fate(True, (("act", "end:unknown"),)),
    _Fate(True, (("act", "end:unknown", "end:adopted"),)),
    _Fate(True, (("end:unknown",),)),
    _Fate(True, (("end:unknown", "end:cancelled"),)),
    _Fate(True, (), at_once=True),
    _Fate(True, ()),
)
"""What may become of something whose effect's end is its answer."""

_ANSWERED: Final = (
    _Fate(False, (("done", "end:accepted", "says:done"),)),
    _Fate(True, (("act", "end:accepted"), ("says:done",))),
    _Fate(True, (("act", "end:accepted"), ("says:done", "says:done"))),
    _Fate(True, (("end:accepted",), ("says:refused",))),
    _Fate(True, (("end:refused",),)),
    _Fate(True, (("act", "end:unknown"), ("says:done",))),
    _Fate(True, (("act", "end:unknown"),)),
    _Fate(True, (("end:unknown", "end:cancelled"),)),
    _Fate(True, (("act", "end:accepted"),)),
    _Fate(True, (), at_once=True),
    _Fate(True, ()),
)
"""What may become of something that a message answers."""


def _next_lines(asked: _Asked) -> Sequence[int]:
    """The lines whose word may come next: nothing is said of what is still to be done."""
    for number, line in enumerate(asked.to_come):
        if line[0] in ("act", "done"):
            return [number]
    return range(len(asked.to_come))


def _whose(run: Run, request: str) -> tuple[Step, bool, str]:
    """The step that asked under this number, whether that is an undo, and what it undoes."""
    for step in run.recipe.steps:
        now = run.saga.steps[step.name]
        if any(one.request == request for one in now.attempts):
            return step, False, ""
        if any(one.request == request for one in now.undoing):
            return step, True, now.attempts[-1].request
    raise LookupError(request)


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk a recipe from the command line: `python -m crossdock.testing.recipes module:NAME`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recipe", help="a shipped recipe, or module:NAME")
    parser.add_argument("--faults", type=int, default=2, help="how many a schedule may have")
    parser.add_argument("--without", default="", help="steps that nobody is told, by commas")
    given = parser.parse_args(arguments)
    module, _, name = given.recipe.partition(":")
    found = getattr(import_module(module), name) if name else SHIPPED[given.recipe]
    for recipe in (found,) if isinstance(found, Recipe) else found:
        absent = [one for one in given.without.split(",") if one]
        walked = walk(recipe, faults_max=given.faults, absent=absent)
        counted = f"{walked.schedules} schedules with at most {given.faults} faults"
        lines = [
            f"{recipe.name} {recipe.version}: {counted}, {walked.states} states",
            *(f"  {standing} {count}" for standing, count in sorted(walked.endings.items())),
        ]
        sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
