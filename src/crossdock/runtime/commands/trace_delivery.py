"""What somebody should know and does not, and what keeps it from them.

Pure: effects, gates and pauses in, sentences out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crossdock.log.looking import Place
from crossdock.log.records import SETTLED, Verdict
from crossdock.log.views import EffectView
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.destinations import Destination
from crossdock.runtime.commands.trace_parts import Wait
from crossdock.sagas.deciders.pauses import Pause

_QUOTA_SECONDS: Final = 1.0
"""A wait for a quota that is worth a sentence; a shorter one is over when it is read."""

_IN_DOUBT: Final = frozenset({Verdict.UNKNOWN, Verdict.LOST})


@dataclass(frozen=True, slots=True)
class Ways:
    """What may keep whole destinations, or kinds of messages, from being told."""

    destinations: Mapping[str, Destination] = field(default_factory=dict)
    pauses: Sequence[Pause] = ()


def waits_for_delivery(effects: Sequence[EffectView], ways: Ways) -> Iterator[Wait]:
    """What somebody should know and does not, with what keeps it from them."""
    ahead: dict[str, str] = {}
    for effect in effects:
        if is_done(effect):
            continue
        first = ahead.setdefault(effect.destination, effect.business_key)
        if first != effect.business_key:
            what = f"{effect.destination} to be told: {effect.state}, waits behind {first}"
            yield Wait(what, effect.business_key, effect.destination)
            continue
        yield _telling(effect)
        yield from _in_the_way(effect, ways)


def flows_behind(effects: Iterable[EffectView], ways: Ways) -> tuple[list[str], list[Place]]:
    """Under which keys, and at which places, it is noted what keeps these effects' flows."""
    types = {effect.type for effect in effects if not is_done(effect)}
    held = [pause.place for pause in ways.pauses if pause.on and types & set(pause.types)]
    places = [one.partition(":")[::2] for one in held]
    return sorted(types), [(int(partition), int(position)) for partition, position in places]


def is_done(effect: EffectView) -> bool:
    """Whether nothing is left to tell."""
    return effect.state in SETTLED and bool(effect.ended)


def _telling(effect: EffectView) -> Wait:
    last = effect.ended[-1] if effect.ended else None
    since = last.settled_time if last is not None else None
    what = f"{effect.destination} to be told: {effect.state}, {_trouble(effect)}"
    held = effect.state == "held"
    if last is not None and last.verdict in _IN_DOUBT:
        then = "a person must look there" if held else "it is asked before it is told again"
        what = f"{what}; nobody knows whether it was done: {then}"
    elif last is not None and not held and effect.state != "in_flight":
        what = f"{what}; it is told again by itself"
    return Wait(what, effect.business_key, "a person" if held else effect.destination, since, held)


def _trouble(effect: EffectView) -> str:
    if not effect.attempts:
        return "its flow does not run" if effect.state == "held" else "not tried yet"
    if not effect.ended:
        return f"attempt {effect.attempts} is under way"
    last = effect.ended[-1]
    problem = last.problem or last.verdict
    times = "1 attempt, made" if effect.attempts == 1 else f"{effect.attempts} attempts, the last"
    return f"{times} at {words.when(last.settled_time)}: {problem}"


def _in_the_way(effect: EffectView, ways: Ways) -> Iterator[Wait]:
    """What holds a destination back as a whole, or what is told of this kind."""
    fares = ways.destinations.get(effect.destination)
    if fares is not None and not fares.is_well:
        last = effect.ended[-1].settled_time if effect.ended else None
        yield Wait(
            f"{effect.destination} is away: {fares.gate_in_words()}",
            f"destination:{effect.destination}",
            effect.destination,
            fares.open_since or last,
            stuck=True,
        )
    elif fares is not None and fares.quota_seconds > _QUOTA_SECONDS and effect.state == "due":
        what = f"{effect.destination} is spared by {fares.quota_in_words()}"
        yield Wait(what, f"destination:{effect.destination}", effect.destination)
    for pause in ways.pauses:
        if pause.on and effect.type in pause.types:
            what = f"the house's rule holds it back: {pause.rule}"
            yield Wait(what, pause.place, "events that are on time again", stuck=True)
