"""Messages that their source numbers, per key from 1, are decided in that order (I21).

The number is CloudEvents' extension `sequence`. An early message is parked: held until those before
it came, then said again by itself. A gap is shown at once, may be asked for at the source, and has
a time limit; after it the house goes on without what is missing, or waits for a person. Whatever
comes late is still decided, since facts are recorded; a number that is said twice with other words
is held. Nothing is skipped silently.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.sequences import SequenceRequest
from crossdock.log.accounts import document_id
from crossdock.log.records import Document, Recorded
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.policy import AfterLimit, SequenceRule
from crossdock.sagas.turn import Turn

SEQUENCE: Final = "sequence"
"""The kind of document that knows how far a source's numbers of a key are."""

_AGAIN: Final = "again/"


class Numbers(msgspec.Struct, omit_defaults=True):
    """How far the numbers of one key of one source are."""

    source: str
    key: str
    next: int = 1
    parked: dict[int, str] = {}  # number -> place
    missing: list[int] = []  # numbers that were gone on without


class _Numbered(msgspec.Struct, gc=False):
    sequence: str | int | None = None


_NUMBERED = msgspec.json.Decoder(_Numbered)
_NUMBERS = msgspec.json.Decoder(Numbers)


def in_turn(batch: Batch, turn: Turn) -> bool:
    """Whether the message may be decided now; where not, its turn is ended."""
    message = turn.message
    rule = batch.policy.sequences.get(message.source)
    if rule is None or message.type not in rule.types:
        return True
    number = _number_of(message)
    if number is None:
        turn.hold("it has no sequence number")
        return False
    name = document_id(message.source, message.key)
    known = batch.document(SEQUENCE, name)
    numbers = Numbers(message.source, message.key) if known is None else _decoded(known)
    again = message.id.startswith(_AGAIN)
    if number < numbers.next:
        return _late(batch, turn, numbers, number, again=again)
    if number > numbers.next and not again:
        _park(batch, turn, rule, numbers, number)
        return False
    if number > numbers.next:  # a person had it decided all the same
        _go_on_without(turn, numbers, number)
    numbers.parked.pop(number, None)
    numbers.next = number + 1
    _release(batch, turn, numbers)
    _store(batch, turn, rule, numbers, known)
    return True


def _number_of(message: Recorded) -> int | None:
    said = _NUMBERED.decode(message.raw).sequence
    if isinstance(said, str):
        return int(said) if said.isascii() and said.isdecimal() and len(said) <= 15 else None
    return said if said is not None and said > 0 else None


def _decoded(document: Document) -> Numbers:
    return _NUMBERS.decode(document.body)


def _gap(numbers: Numbers) -> str:
    return f"{numbers.source}/{numbers.key}"


def _late(batch: Batch, turn: Turn, numbers: Numbers, number: int, *, again: bool) -> bool:
    """What came after its number had passed: missing until now, had its turn, or said otherwise."""
    if number in numbers.missing:
        numbers.missing.remove(number)
        if not numbers.missing:
            turn.cure("sequence-missing", _gap(numbers), f"{number} came late")
        batch.store_document(turn, SEQUENCE, document_id(numbers.source, numbers.key), numbers)
        return True
    if again:
        return True  # it had its turn, and was held for something else
    turn.hold(f"sequence-conflict: {number} of {numbers.key} was said before")
    turn.note("sequence-conflict", f"{_gap(numbers)}/{number}", f"again at {turn.message.place}")
    return False


def _park(batch: Batch, turn: Turn, rule: SequenceRule, numbers: Numbers, number: int) -> None:
    """Hold an early message until those before it came, or its time is over."""
    if number in numbers.parked:
        turn.hold(f"sequence-conflict: {number} of {numbers.key} was said before")
        at = numbers.parked[number]
        turn.note("sequence-conflict", f"{_gap(numbers)}/{number}", f"it is parked at {at}")
        return
    first, last = numbers.next, number - 1
    turn.hold(f"early: {number} of {numbers.key} before {first}")
    turn.note("sequence-gap", _gap(numbers), f"{first} to {last} did not come yet")
    if rule.refetch and not numbers.parked:
        request_id = document_id(_gap(numbers), str(first))
        asked = SequenceRequest(
            request_id=request_id, source=numbers.source, about=numbers.key, first=first, last=last
        )
        turn.tell(
            (numbers.source,),
            catalogue.SEQUENCE_REQUESTED,
            numbers.key,
            asked,
            f"sequence/{request_id}",
        )
    numbers.parked[number] = turn.message.place
    due = turn.message.received_time + timedelta(seconds=rule.wait_seconds)
    batch.store_document(turn, SEQUENCE, document_id(numbers.source, numbers.key), numbers, due)


def _go_on_without(turn: Turn, numbers: Numbers, number: int) -> None:
    """Take note of what is gone on without."""
    numbers.missing = sorted({*numbers.missing, *range(numbers.next, number)})
    words = ", ".join(map(str, numbers.missing[:20]))
    turn.note("sequence-missing", _gap(numbers), f"gone on without {words}")


def _release(batch: Batch, turn: Turn, numbers: Numbers) -> None:
    """Say the parked message again whose turn it is; it lets the one behind it go on."""
    place = numbers.parked.get(numbers.next)
    if place is not None:
        for held in batch.held([place]):
            turn.say_again(held.message)
    if not numbers.parked:
        turn.cure("sequence-gap", _gap(numbers), f"in order again since {turn.message.place}")


def _store(
    batch: Batch, turn: Turn, rule: SequenceRule, numbers: Numbers, known: Document | None
) -> None:
    """Keep how far it is; the timer runs while something is parked behind a gap."""
    due = None
    if numbers.parked and numbers.next not in numbers.parked:
        limit = turn.message.received_time + timedelta(seconds=rule.wait_seconds)
        due = limit if known is None or known.due is None else known.due
    batch.store_document(turn, SEQUENCE, document_id(numbers.source, numbers.key), numbers, due)


def _over(batch: Batch, turn: Turn, document: Document) -> None:
    """The missing ones did not come in time."""
    numbers = _decoded(document)
    rule = batch.policy.sequences.get(numbers.source)
    if not numbers.parked:
        return
    first = min(numbers.parked)
    if rule is not None and rule.after_limit is AfterLimit.WAIT:
        words = f"{numbers.next} to {first - 1} did not come in time; what is behind them waits"
        turn.note("sequence-missing", _gap(numbers), words)
        batch.store_document(turn, SEQUENCE, document.id, numbers)
        return
    _go_on_without(turn, numbers, first)
    numbers.next = first
    _release(batch, turn, numbers)
    batch.store_document(turn, SEQUENCE, document.id, numbers)


TIMERS[SEQUENCE] = _over
