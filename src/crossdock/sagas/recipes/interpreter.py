"""The interpreter: what happened to an instance, where it stands then, and what is told next.

Pure. It sees an instance, its recipe, and its surroundings as a port: the moment, the order, who
is to be told, and a way to tell. It never refuses a fact; what comes before its step counts, what
comes twice changes nothing, and what comes after its time is taken for what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from crossdock.contracts.vocabulary import EffectEnd
from crossdock.contracts.words import Noun
from crossdock.orders.state import OrderState
from crossdock.sagas.recipes.parts import (
    Answers,
    Case,
    Done,
    Nothing,
    Refused,
    Scene,
    Step,
    Tell,
    Then,
    Undo,
    Verdict,
    Watch,
)
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import (
    NO_RECORD,
    Attempt,
    Course,
    Saga,
    Standing,
    StepNow,
    StepState,
    request_id,
)
from crossdock.sagas.recipes.transitions import Happening, moved

DONE_ENDS: Final = frozenset({EffectEnd.ACCEPTED, EffectEnd.ALREADY_DONE, EffectEnd.ADOPTED})
"""Ends of an effect by which what was told is done, or at least taken."""

_MAYBE: Final = frozenset({StepState.SILENT, StepState.UNKNOWN})
_TIMED: Final = frozenset(
    {StepState.ASKED, StepState.PAUSED, StepState.UNDOING, StepState.UNDO_PAUSED}
)


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell: to whom, what, and under which number its answer comes."""

    destinations: tuple[str, ...]
    kind: str
    said: Noun
    request: str


class Surroundings(Protocol):
    """What the interpreter may ask of the world, and the one thing that it may do to it."""

    @property
    def now(self) -> datetime:
        """When the message that is being decided was received."""
        ...

    @property
    def place(self) -> str:
        """Where that message stands on the log."""
        ...

    @property
    def order(self) -> OrderState | None:
        """The order of the instance's key as it stands."""
        ...

    def routes(self, kind: str, subject: Any) -> tuple[str, ...]:
        """The systems that are told messages of this type about this subject."""
        ...

    def tell(self, telling: Telling) -> None:
        """Intend to tell it; how it ended is said later."""
        ...


class Run:
    """One instance while one message is decided. Every method changes the instance in place."""

    def __init__(self, recipe: Recipe, saga: Saga, around: Surroundings) -> None:
        self.recipe = recipe
        self.saga = saga
        self.late = False  # whether something was found to be late, and is waited for on
        self._around = around

    @property
    def place(self) -> str:
        """The place of the message that is being decided."""
        return self._around.place

    # --- what happened -------------------------------------------------------------------------

    def end_of_effect(self, destination: str, request: str, end: EffectEnd, reason: str) -> bool:
        """An effect ended; gives whether this instance had asked for it."""
        found = self._asked_for(request)
        if found is None:
            return False
        step, attempt, undo = found
        attempt.ends[destination] = end.value
        if undo:
            self._undo_told(step, attempt, reason)
        elif attempt is not self.saga.steps[step.name].attempts[-1]:
            self._overtaken(step, attempt, done=end in DONE_ENDS and not _answers(step))
        elif isinstance(step.does, Tell) and step.does.gather is not None:
            self._without_answer(step, step.does, attempt, destination, end)
        else:
            self._told(step, attempt, reason)
        self.proceed()
        return True

    def answered(self, source: str, kind: str, noun: Any) -> bool:
        """A system answered what it was asked; gives whether this instance had asked it."""
        found = self._asked_for(noun.request_id)
        if found is None:
            return False
        step, attempt, undo = found
        judge = (_undo_answers(step) if undo else _answers(step)).get(kind)
        if judge is None or source not in attempt.ends:
            return False
        verdict = judge(self._scene(attempt.request, source=source), noun)
        if undo:
            self._judge_undo(step, verdict)
        elif attempt is not self.saga.steps[step.name].attempts[-1]:
            self._overtaken(step, attempt, done=isinstance(verdict, Done))
        elif isinstance(step.does, Tell) and step.does.gather is not None:
            record = verdict.record if isinstance(verdict, Done) else None
            self._one_answer(step, step.does, attempt, source, record)
        else:
            self._judge(step, verdict)
        self.proceed()
        return True

    def seen(self, kind: str, noun: Any) -> None:
        """Something happened that steps may watch for; begun or not, it counts."""
        for step in self.recipe.steps:
            if isinstance(step.does, Watch) and (judge := step.does.facts.get(kind)) is not None:
                verdict = judge(self._scene(), noun)
                if verdict is not None:
                    self._judge(step, verdict)
        self.proceed()

    def witness(self, step: Step, verdict: Verdict) -> None:
        """What one step watches for is seen, or will not be."""
        self._judge(step, verdict)
        self.proceed()

    def time_up(self) -> None:
        """The timer fired: whatever was due by now is over."""
        for step in self.recipe.steps:
            now = self.saga.steps[step.name]
            over = now.until is not None and now.until <= self._around.now
            if over and self._timed(step, now) and not self.saga.held_by:
                self._out_of_time(step, now)
        self.proceed()

    def proceed(self) -> None:
        """Do all that can be done now, and say how the instance stands."""
        while self._forward() if self.saga.course is Course.FORWARD else self._back():
            pass
        self.saga.standing = self._standing()

    @property
    def due(self) -> datetime | None:
        """When the instance must be woken, if nothing comes before."""
        if self.saga.ended or self.saga.held_by:
            return None
        nows = [(step, self.saga.steps[step.name]) for step in self.recipe.steps]
        times = [now.until for step, now in nows if now.until and self._timed(step, now)]
        return min(times, default=None)

    @property
    def is_late(self) -> bool:
        """Whether something is waited for that should have come by now."""
        nows = self.saga.steps.values()
        return not self.saga.ended and any(now.waits and now.until is not None for now in nows)

    # --- what a person decides -----------------------------------------------------------------

    def skip(self, step: Step, reason: str) -> None:
        """Leave a step out."""
        self._meet(step, Happening.SKIPPED, reason)
        self.proceed()

    def retry(self, step: Step, reason: str) -> None:
        """Ask once more, under a new number; likewise an undo."""
        self._meet(step, Happening.RETRIED, reason)
        self.proceed()

    def go_back(self, reason: str) -> None:
        """Undo what was done."""
        self._turn_back(reason)
        self.proceed()

    # --- forward -------------------------------------------------------------------------------

    def _forward(self) -> bool:
        """Begin what can begin, see what can be seen; gives whether anything moved."""
        if self.saga.held_by:
            return False
        for step in self.recipe.steps:
            now = self.saga.steps[step.name]
            if self._look(step, now):
                return True
            if now.state is StepState.WAITING and self._may_begin(step):
                self._begin(step)
                return True
        return False

    def _look(self, step: Step, now: StepNow) -> bool:
        """Let a step that watches the order judge it; gives whether that moved it.

        A refusal that parked stands until the order says otherwise: then it is done after all.
        """
        does = step.does
        if not isinstance(does, Watch) or does.judge is None:
            return False
        if now.state not in _LOOKED_AT:
            return False
        verdict = does.judge(self._scene())
        if verdict is None or (isinstance(verdict, Refused) and now.state in _NOT_REFUSED):
            return False
        before = now.state
        self._judge(step, verdict)
        return now.state is not before or self.saga.course is Course.BACK

    def _may_begin(self, step: Step) -> bool:
        over = (StepState.DONE, StepState.LEFT_OUT)
        return all(self.saga.steps[name].state in over for name in step.after)

    def _begin(self, step: Step) -> None:
        if isinstance(step.does, Watch):
            self._meet(step, Happening.BEGUN)
        else:
            self._ask(step, step.does, Happening.BEGUN)

    def _ask(self, step: Step, does: Tell, met: Happening) -> None:
        """Tell whoever is to be told, under a new number."""
        now = self.saga.steps[step.name]
        number = len(now.attempts) + 1
        request = request_id(self.recipe.name, step.name, self.saga.number, number)
        scene = self._scene(request)
        destinations = self._around.routes(does.kind, scene.subject)
        if does.to is not None:
            destinations = does.to(scene, destinations)
        said = does.body(scene) if destinations else None
        if said is None:
            why = "there is nothing to say" if destinations else "nobody is to be told"
            self._meet(step, Happening.NOBODY, why)
            return
        now.attempts.append(Attempt(request, self._around.now, dict.fromkeys(destinations, "")))
        now.waits = 0
        if now.state is not StepState.ASKED:
            self._meet(step, met)
        self._around.tell(Telling(destinations, does.kind, said, request))

    # --- back ----------------------------------------------------------------------------------

    def _back(self) -> bool:
        """Undo the next one, last first, if nothing stands in its way; gives whether it moved."""
        if self.saga.held_by:
            return False
        for step in self.recipe.steps:
            if self.saga.steps[step.name].state is StepState.PAUSED:
                self._meet(step, Happening.DROPPED, "not asked for again: the rest is undone")
                return True
        found = self._next_to_undo()
        if found is None:
            return False
        self._undo(*found, Happening.BACKED)
        return True

    def _next_to_undo(self) -> tuple[Step, Undo] | None:
        """The last step that was done and can be undone; None while another one is in the way."""
        candidates: list[tuple[int, Step, Undo]] = []
        for step in self.recipe.steps:
            now = self.saga.steps[step.name]
            if step.undo is None:
                continue  # a fact, or words that cannot be unsaid
            if now.state in _IN_THE_WAY or (now.state in _MAYBE and not step.undo.blind):
                return None
            if now.state in (StepState.DONE, *_MAYBE):
                candidates.append((now.turn, step, step.undo))
        return max(candidates, key=lambda one: one[0])[1:] if candidates else None

    def _undo(self, step: Step, undo: Undo, met: Happening) -> None:
        """Tell the systems that did it to undo it, under a number of its own."""
        now = self.saga.steps[step.name]
        now.blindly = now.blindly or (now.state in _MAYBE and not undo.answers)
        asked = now.attempts[-1]
        number = len(now.undoing) + 1
        request = request_id(self.recipe.name, step.name, self.saga.number, number, undo=True)
        scene = self._scene(request, asked=asked.request)
        said = undo.body(scene, scene.records.get(step.name))
        if now.state is not StepState.UNDOING:
            self._meet(step, met)
        if said is None:
            self._meet(step, Happening.UNDO_NOTHING, "there is nothing to undo")
            return
        destinations = tuple(asked.ends)
        now.undoing.append(Attempt(request, self._around.now, dict.fromkeys(destinations, "")))
        self._around.tell(Telling(destinations, undo.kind, said, request))

    # --- moving one step -----------------------------------------------------------------------

    def _told(self, step: Step, attempt: Attempt, reason: str) -> None:
        """See how the effects of a step ended, once all have."""
        ends = [EffectEnd(end) if end else None for end in attempt.ends.values()]
        if None in ends:
            return
        done = [end in DONE_ENDS for end in ends]
        if all(done):
            state = self.saga.steps[step.name].state
            if not _answers(step) or state in (*_IN_UNDO, StepState.NOT_DONE):
                self._meet(step, Happening.DONE)  # taken: its undo may have come before it
        elif EffectEnd.UNKNOWN in ends or any(done):
            where = ", ".join(f"{name}: {end}" for name, end in attempt.ends.items())
            self._meet(step, Happening.UNKNOWN, reason or where)
        else:
            self._meet(step, Happening.REFUSED, reason or str(ends[0]))

    def _undo_told(self, step: Step, attempt: Attempt, reason: str) -> None:
        """Likewise of its undo; done under any of its numbers is done."""
        ends = [EffectEnd(end) if end else None for end in attempt.ends.values()]
        if None in ends:
            return
        if all(end in DONE_ENDS for end in ends):
            if not _undo_answers(step):
                self._meet(step, Happening.UNDO_DONE)
        elif attempt is self.saga.steps[step.name].undoing[-1]:
            maybe = EffectEnd.UNKNOWN in ends
            met = Happening.UNDO_UNKNOWN if maybe else Happening.UNDO_REFUSED
            self._meet(step, met, reason or str(ends[0]))

    def _judge(self, step: Step, verdict: Verdict) -> None:
        """Take an answer for what it says."""
        if isinstance(verdict, Refused):
            self._meet(step, Happening.REFUSED, verdict.reason)
        elif isinstance(verdict, Done):
            now = self.saga.steps[step.name]
            if not now.record or now.state is not StepState.DONE:
                now.record = _raw(verdict.record)
            self._meet(step, Happening.DONE)

    def _judge_undo(self, step: Step, verdict: Verdict) -> None:
        if isinstance(verdict, Refused):
            self._meet(step, Happening.UNDO_REFUSED, verdict.reason)
        elif isinstance(verdict, Nothing):
            self._meet(step, Happening.UNDO_NOTHING, "there was nothing to undo")
        else:
            self._meet(step, Happening.UNDO_DONE)

    def _without_answer(
        self, step: Step, does: Tell, attempt: Attempt, destination: str, end: EffectEnd
    ) -> None:
        """One of many who were asked will not answer."""
        if end not in DONE_ENDS and destination not in attempt.answers:
            self._one_answer(step, does, attempt, destination, None)

    def _one_answer(
        self,
        step: Step,
        does: Tell,
        attempt: Attempt,
        source: str,
        record: msgspec.Struct | None,
    ) -> None:
        """One of many has answered; with the last one it is done."""
        attempt.answers.setdefault(source, _raw(record) or _NULL)
        if len(attempt.answers) == len(attempt.ends):
            self._gather(step, does, attempt)

    def _gather(self, step: Step, does: Tell, attempt: Attempt) -> None:
        """Make one record of the answers that came; none is a refusal."""
        assert does.gather is not None
        answers = [_record(does.record, raw) for _, raw in sorted(attempt.answers.items())]
        given = [one for one in answers if one is not None]
        if not given:
            self._meet(step, Happening.REFUSED, "nobody who was asked has an answer")
            return
        self._judge(step, Done(does.gather(self._scene(), given)))

    def _meet(self, step: Step, met: Happening, reason: str = "") -> None:
        """Let a step stand where it stands after what it met, and follow its cases."""
        now = self.saga.steps[step.name]
        then = moved(now.state, met)
        news = met in (Happening.DONE, Happening.UNKNOWN)
        if now.state in _IN_UNDO and news:
            now.late = True
        overtaken = then is StepState.NOT_DONE or (then is StepState.UNDONE and now.blindly)
        if now.late and overtaken:
            then = StepState.DONE  # its undo may have come before it
        elif news and now.blindly and now.state is StepState.UNDONE:
            then = StepState.DONE if met is Happening.DONE else StepState.UNKNOWN
        if then is None:
            return
        self._stand(now, then, reason)
        now.until = self._limit(step, then)
        once_more = met in (Happening.RETRIED, Happening.TIME_UP)
        if once_more and then is StepState.ASKED and isinstance(step.does, Tell):
            self._ask(step, step.does, met)
        elif once_more and then is StepState.UNDOING and step.undo is not None:
            self._undo(step, step.undo, met)
        elif then is StepState.UNDO_FAILED:
            self._follow_undo(step, now, met)
        elif then in _BAD:
            self._follow(step, now, then)

    def _stand(self, now: StepNow, then: StepState, reason: str) -> None:
        now.state = then
        now.since = self._around.now
        now.stuck = False
        now.reason = reason
        now.evidence = self._around.place
        if then in (StepState.DONE, *_MAYBE):
            now.late = now.blindly = False
            if not now.turn:
                self.saga.turns += 1
                now.turn = self.saga.turns

    def _limit(self, step: Step, then: StepState) -> datetime | None:
        """Until when a step may stand so."""
        if then is StepState.ASKED:
            return self._around.now + timedelta(seconds=step.within_seconds)
        if then is StepState.UNDOING and step.undo is not None:
            return self._around.now + timedelta(seconds=step.undo.within_seconds)
        return None

    def _follow(self, step: Step, now: StepNow, then: StepState) -> None:
        """What the recipe says of a step that did not end well."""
        case = _case(step, then)
        if self.saga.course is Course.BACK:
            return  # what is certainly not done needs no undo; what may be done waits for its turn
        if then is StepState.REFUSED and len(now.attempts) <= case.again and now.attempts:
            now.state = StepState.PAUSED
            now.until = self._around.now + timedelta(seconds=case.pause_seconds)
        elif case.then is Then.GO_ON:
            now.state = StepState.LEFT_OUT
        elif case.then is Then.UNDO:
            self._turn_back(f"{step.name} {then.value}: {now.reason}")
        else:
            now.stuck = True

    def _follow_undo(self, step: Step, now: StepNow, met: Happening) -> None:
        """An undo that was refused is tried again; what may have been undone is for a person."""
        again = step.undo.again if step.undo is not None else 0
        if met is Happening.UNDO_REFUSED and len(now.undoing) <= again and step.undo is not None:
            now.state = StepState.UNDO_PAUSED
            now.until = self._around.now + timedelta(seconds=step.undo.pause_seconds)
        else:
            now.stuck = True

    def _turn_back(self, reason: str) -> None:
        """Go back from here; a step that was only waiting for a person is in nobody's way."""
        self.saga.course = Course.BACK
        self.saga.reason = reason
        for now in self.saga.steps.values():
            now.stuck = False

    def _out_of_time(self, step: Step, now: StepNow) -> None:
        """Wait once more where the recipe says so; else its time is up."""
        again, seconds = 0, step.within_seconds
        if now.state is StepState.ASKED:
            if self._enough(step, now):
                return
            again = step.silent.again if self.saga.course is Course.FORWARD else 0
        elif now.state is StepState.UNDOING and step.undo is not None:
            again, seconds = step.undo.again, step.undo.within_seconds
        if now.waits < again:
            now.waits += 1
            self.late = True
            now.until = self._around.now + timedelta(seconds=seconds)
            return
        now.waits = 0
        paused = now.state in (StepState.PAUSED, StepState.UNDO_PAUSED)
        self._meet(step, Happening.TIME_UP, "" if paused else "no answer in time")

    def _enough(self, step: Step, now: StepNow) -> bool:
        """Whether some of many have answered; then that is what there is."""
        does = step.does
        if not isinstance(does, Tell) or does.gather is None or not now.attempts[-1].answers:
            return False
        self._gather(step, does, now.attempts[-1])
        return True

    def _overtaken(self, step: Step, attempt: Attempt, *, done: bool) -> None:
        """An earlier request is answered, though a later one was made: done, it is one too many."""
        if done:
            now = self.saga.steps[step.name]
            now.stuck = True
            now.reason = f"also done under {attempt.request}"

    # --- looking -------------------------------------------------------------------------------

    def _asked_for(self, request: str) -> tuple[Step, Attempt, bool] | None:
        """The step, and the attempt of it or of its undo, that asked under this number."""
        for step in self.recipe.steps:
            now = self.saga.steps[step.name]
            for attempts, undo in ((now.attempts, False), (now.undoing, True)):
                for attempt in attempts:
                    if attempt.request == request:
                        return step, attempt, undo
        return None

    def _timed(self, step: Step, now: StepNow) -> bool:
        """Whether a step's time still counts: going back, that of what can be undone."""
        if now.state not in _TIMED:
            return False
        return self.saga.course is Course.FORWARD or step.undo is not None

    def _scene(self, request: str = "", *, asked: str = "", source: str = "") -> Scene:
        return Scene(
            number=self.saga.number,
            key=self.saga.key,
            subject=msgspec.json.decode(self.saga.subject, type=self.recipe.subject),
            records=dict(records(self.recipe, self.saga)),
            order=self._around.order,
            request=request,
            asked=asked,
            source=source,
        )

    def _standing(self) -> Standing:
        saga = self.saga
        nows = [(step, saga.steps[step.name]) for step in self.recipe.steps]
        if saga.held_by or any(now.stuck for _, now in nows):
            return Standing.PARKED
        if saga.course is Course.FORWARD:
            over = (StepState.DONE, StepState.LEFT_OUT)
            done = all(now.state in over for _, now in nows)
            return Standing.COMPLETE if done else Standing.RUNNING
        if any(now.state in _MAYBE and _seen_only(step) for step, now in nows):
            return Standing.PARKED
        owes = any(step.undo is not None and now.state in _OWING for step, now in nows)
        return Standing.UNDOING if owes else Standing.COMPENSATED


_IN_UNDO: Final = frozenset({StepState.UNDOING, StepState.UNDO_PAUSED, StepState.UNDO_FAILED})
_IN_THE_WAY: Final = frozenset({StepState.ASKED, *_IN_UNDO})
_OWING: Final = frozenset({*_IN_THE_WAY, *_MAYBE, StepState.DONE, StepState.PAUSED})
"""Where a step that can be undone stands while, going back, something is still to come of it."""

_NOT_REFUSED: Final = (StepState.WAITING, StepState.REFUSED)
"""Where a refusal says nothing: its turn has not come, or it is refused already."""

_LOOKED_AT: Final = (*_NOT_REFUSED, StepState.ASKED, StepState.SILENT)
"""Where a step that watches the order may still be moved by what it says."""

_BAD: Final = frozenset(
    {StepState.REFUSED, StepState.SILENT, StepState.UNKNOWN, StepState.UNDO_FAILED}
)


def begun(recipe: Recipe, number: str, key: str, subject: Any, around: Surroundings) -> Saga:
    """A new instance, of which nothing was done yet."""
    return Saga(
        recipe=recipe.name,
        version=recipe.version,
        number=number,
        key=key,
        subject=msgspec.Raw(msgspec.json.encode(subject)),
        began=around.now,
        opened_by=around.place,
        steps={step.name: StepNow() for step in recipe.steps},
    )


def records(recipe: Recipe, saga: Saga) -> Iterator[tuple[str, Any]]:
    """By step, what its answer said."""
    for step in recipe.steps:
        record = _record(step.does.record, saga.steps[step.name].record)
        if record is not None:
            yield step.name, record


_NULL: Final = msgspec.Raw(b"null")
"""What one of many said who had no answer."""


def _answers(step: Step) -> Answers:
    return step.does.answers if isinstance(step.does, Tell) else {}


def _undo_answers(step: Step) -> Answers:
    return step.undo.answers if step.undo is not None else {}


def _record(kind: type[msgspec.Struct] | None, raw: msgspec.Raw) -> Any:
    if kind is None or not raw or bytes(raw) == b"null":
        return None
    return msgspec.json.decode(raw, type=kind)


def _raw(record: msgspec.Struct | None) -> msgspec.Raw:
    return NO_RECORD if record is None else msgspec.Raw(msgspec.json.encode(record))


def _case(step: Step, then: StepState) -> Case:
    found = {
        StepState.REFUSED: step.refused,
        StepState.SILENT: step.silent,
        StepState.UNKNOWN: step.unknown,
    }[then]
    return found or Case(Then.PARK)


def _seen_only(step: Step) -> bool:
    """Whether only a person can find out if there is something to undo."""
    return step.undo is not None and not step.undo.blind
