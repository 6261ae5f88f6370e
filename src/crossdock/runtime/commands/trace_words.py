"""What a message said and what was decided on it, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import Fate
from crossdock.log.records import Commitment, Memory, Outcome, Recorded
from crossdock.log.views import AttemptView, EffectView, OutcomeRow
from crossdock.orders.doings import Doing

_LISTED_MAX = 12


def when(moment: datetime) -> str:
    """A moment to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def times(message: Recorded, outcome: OutcomeRow | None) -> list[str]:
    """The four times of a message, each as it was said: none stands for another (R16)."""
    said = msgspec.json.decode(message.raw, type=_Times)
    told = [f"happened {_as_said(said.time)}"]
    if said.recordedtime is not None:
        told.append(f"written down by {message.source} {_as_said(said.recordedtime)}")
    told.append(f"received {when(message.received_time)}")
    if outcome is not None:
        told.append(f"processed {when(outcome.processed_time)}")
    return told


class _Times(msgspec.Struct):
    time: datetime
    recordedtime: datetime | None = None


def _as_said(moment: datetime) -> str:
    """In UTC, and with the offset under which it was said."""
    offset = "" if not moment.utcoffset() else f" ({moment.isoformat(timespec='seconds')})"
    return f"{when(moment)}{offset}"


def listed(parts: Iterable[str], words: str = ", ") -> str:
    """Some things, at most a dozen of them named."""
    named = list(parts)
    more = len(named) - _LISTED_MAX
    return words.join([*named[:_LISTED_MAX], *([f"{more} more"] if more > 0 else [])])


def said(message_type: str, noun: Any) -> str:
    """What a message says, in one sentence without its end."""
    words = _SAID.get(message_type)
    return words(noun) if words is not None else message_type


def _goods(lines: Iterable[Any]) -> str:
    return listed(f"{line.quantity} x {line.item} (line {line.line})" for line in lines)


def _cancelled(noun: Any) -> str:
    return f"wants {_goods(noun.lines) if noun.lines else 'the whole order'} cancelled"


def _picked(noun: Any) -> str:
    short = [f"{x.short} x {x.item} (line {x.line})" for x in noun.lines if x.short]
    missing = f"; not found: {listed(short)}" if short else ""
    taken = _goods(line for line in noun.lines if line.quantity) or "nothing"
    return f"picked {taken} at {noun.site} ({noun.pick_id}){missing}"


def _received(noun: Any) -> str:
    goods = listed(f"{line.quantity} x {line.item} as {line.state.value}" for line in noun.lines)
    return f"received {goods} at {noun.site} ({noun.receipt_id})"


def _shipped(noun: Any) -> str:
    tracking = f", tracking {noun.tracking}" if noun.tracking else ""
    return f"shipped {_goods(noun.lines)} from {noun.site} as {noun.shipment_id}{tracking}"


def _stopped(noun: Any) -> str:
    words = []
    if noun.lines:
        words.append(f"will not pick {_goods(noun.lines)}")
    if noun.put_back:
        words.append(f"has put back {_goods(noun.put_back)}")
    return f"{', '.join(words) or 'stops nothing'} at {noun.site} ({noun.release_cancellation_id})"


def _moved(noun: Any) -> str:
    source, target = noun.source, noun.target
    kind = noun.kind.value.replace("_", " ")
    return (
        f"{kind}: {noun.quantity} x {noun.item} from {source.state.value} at {source.site}"
        f" to {target.state.value} at {target.site}"
    )


_SAID: dict[str, Callable[[Any], str]] = {
    catalogue.ITEM_CHANGED: lambda n: (
        f"item {n.item} is {n.kind.value}, {n.status.value} (revision {n.revision})"
    ),
    catalogue.ORDER_PLACED: lambda n: f"{n.customer} orders {_goods(n.lines)} by {n.channel}",
    catalogue.ORDER_CHANGE_REQUESTED: lambda n: (
        f"wants {_goods(n.lines)} from now on ({n.change_id}, revision {n.revision})"
    ),
    catalogue.ORDER_CANCELLATION_REQUESTED: _cancelled,
    catalogue.ORDER_REVIEW_REQUESTED: lambda n: f"looks at the order again: {n.reason}",
    catalogue.STOCK_GRANTED: lambda n: (
        f"sets {n.quantity} x {n.item} at {n.site} aside for line {n.line}"
    ),
    catalogue.STOCK_MOVED: _moved,
    catalogue.STOCK_ADJUSTED: lambda n: (
        f"adjusts {n.item} at {n.site} by {n.quantity:+} ({n.reason.value}, {n.state.value})"
    ),
    catalogue.RECEIPT_POSTED: _received,
    catalogue.PICK_CONFIRMED: _picked,
    catalogue.CARTON_PACKED: lambda n: f"packed {_goods(n.lines)} at {n.site} into {n.carton_id}",
    catalogue.SHIPMENT_SHIPPED: _shipped,
    catalogue.RELEASE_STOPPED: _stopped,
    catalogue.RETURN_REQUESTED: lambda n: f"wants to return {_goods(n.lines)} ({n.return_id})",
    catalogue.RETURN_RECEIVED: lambda n: (
        f"received {_goods(n.lines)} back at {n.site} ({n.return_receipt_id})"
    ),
    catalogue.INVOICE_POSTED: lambda n: f"invoiced shipment {n.shipment_id} as {n.invoice_id}",
}


def decided(outcome: Outcome) -> list[str]:
    """What an outcome changed, each in a few words."""
    told = [] if outcome.fate is Fate.APPLIED else [f"{outcome.fate.value}: {outcome.reason}"]
    told += [words for one in outcome.commitments for words in _committed(one)]
    told += [
        f"{m.quantity} x {m.item} from {m.from_state.value} at {m.from_site}"
        f" to {m.to_state.value} at {m.to_site}"
        for m in outcome.movements
    ]
    told += [words for memory in outcome.memories if (words := _remembered(memory))]
    told += [
        f"{quantity} x {item} at {site} set aside for order {order} line {line}"
        for order, line, item, site, quantity in outcome.grants
    ]
    told += [f"to tell: {business_key}" for business_key in outcome.effects]
    told += [f"noted {note.kind} on {note.key}: {note.detail}" for note in outcome.notes]
    return told


def _committed(one: Commitment) -> list[str]:
    where = f"of line {one.line} at {one.site}"
    words = []
    if one.reserved > 0:
        words.append(f"reserved {one.reserved} {where}")
    if one.reserved < 0:
        words.append(f"{-one.reserved} {where} no longer reserved")
    if one.released > 0:
        words.append(f"released {one.released} {where} to the warehouse")
    return words


def _remembered(memory: Memory) -> str:
    """The memories that say something to people; numbers of releases and marks do not."""
    if memory.what == Doing.HOLDS:
        holds = memory.value if isinstance(memory.value, list) else []
        return f"held: {listed(holds)}" if holds else "no longer held"
    if memory.what == Doing.WAITING:
        line = memory.of[0]
        return f"line {line} waits for {memory.value}" if memory.value else f"line {line} is served"
    if memory.what == Doing.STOPPING:
        line, site = memory.of
        return f"{site} is asked to stop {memory.value} of line {line}" if memory.value else ""
    if memory.what == Doing.AUTHORISED:
        return f"return {memory.of[0]} {'may come back' if memory.value else 'must wait'}"
    return ""


def ended(effect: EffectView, attempt: AttemptView) -> str:
    """How an attempt to tell somebody something ended."""
    how = _ENDED.get(attempt.verdict, attempt.verdict)
    reference = f", reference {attempt.reference}" if attempt.reference else ""
    problem = f": {attempt.problem}" if attempt.problem else ""
    return f"told {effect.destination} {effect.business_key}: {how}{reference}{problem}"


def evidence(attempt: AttemptView) -> list[str]:
    """What was seen of an attempt: who made it, what was answered, digests of what went and came.

    Digests are the first half of a SHA-256 in hex: enough to compare with what a far side logged.
    """
    seen = attempt.evidence
    parts = []
    if attempt.begun_time is not None and attempt.holder:
        parts.append(f"attempt {attempt.attempt} by {attempt.holder} at {when(attempt.begun_time)}")
    if seen.status is not None:
        parts.append(f"status {seen.status}")
    if seen.words and seen.words not in attempt.problem:
        parts.append(f'"{seen.words}"')
    if seen.sent:
        parts.append(f"sent {seen.sent.hex()[:32]}")
    if seen.received:
        parts.append(f"received {seen.received.hex()[:32]}")
    return [", ".join(parts)] if parts else []


_ENDED = {
    "accepted": "accepted",
    "already_done": "had been done before",
    "retry": "not taken, to be tried again",
    "refused": "refused",
    "unknown": "no answer, it may have happened",
    "void": "it is there under our key and does not stand",
    "lost": "nobody saw how it ended, it may have happened",
    "superseded": "not sent, something newer replaces it",
}
