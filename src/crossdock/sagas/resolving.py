"""Numbers read as canonical ids: by the links of their system, and by other names of our own ids.

What cannot be read holds the message and asks: the question is a message of the hub to itself on
the entity's key, where links are made, so that a question and a link can never pass each other.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.identities import IdentityQuestion
from crossdock.contracts.references import put_at
from crossdock.contracts.versions import lifted
from crossdock.contracts.vocabulary import Entity
from crossdock.identity.references import EVERYBODY
from crossdock.log.records import Recorded, Resolved, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.links import Links, aliased, link_key
from crossdock.sagas.turn import Turn
from crossdock.sagas.understanding import CANONICAL, Foreign, Reference, noun_from


def understand(batch: Batch, turn: Turn, noun: Any) -> Any:
    """The noun in our words; None when it cannot be read, and then the turn is held."""
    spoken = _foreign(batch, turn.message, noun)
    if spoken is None:
        return noun
    if spoken.unknown:
        _hold_words(turn, spoken)
        return None
    resolved, unknown = _look_up(batch, turn.message, spoken)
    if unknown:
        _ask(turn, unknown)
        return None
    if not resolved and not isinstance(noun, Foreign):
        return noun
    try:
        understood = _read(spoken, resolved)
    except msgspec.ValidationError as error:
        # The tables have changed since the door let it in.
        reason = f"unreadable: {error}"
        turn.hold(reason)
        return None
    turn.outcome.resolved = [*spoken.resolved, *resolved]
    return understood


def wanted_to_understand(batch: Batch, message: Recorded, noun: Any, wanted: Wanted) -> Any:
    """Ask for the links of a message's numbers; gives its noun once they are there, else None."""
    spoken = _foreign(batch, message, noun)
    if spoken is None:
        return noun
    if spoken.unknown:
        return None
    keys = {
        link_key(one.entity, _whose(batch, message, one.entity), one.said)
        for one in _looked_up(batch, message, spoken)
    }
    wanted.documents.update(keys)
    if not keys <= batch.wanted.documents:
        return None
    resolved, unknown = _look_up(batch, message, spoken)
    try:
        return None if unknown else _read(spoken, resolved)
    except msgspec.ValidationError:
        return None


def _foreign(batch: Batch, message: Recorded, noun: Any) -> Foreign | None:
    """What is to be looked up in a message; None: nothing, it is in our words as it is."""
    if isinstance(noun, Foreign):
        return noun
    if message.source == batch.policy.name or not aliased(batch):
        return None
    tree: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(noun))
    return Foreign(message.type, tree, [], [])


def _whose(batch: Batch, message: Recorded, entity: Entity) -> str:
    speech = batch.policy.speech.get(message.source, CANONICAL)
    return message.source if entity in speech.own else EVERYBODY


def _looked_up(batch: Batch, message: Recorded, spoken: Foreign) -> list[Reference]:
    """The numbers that may mean something else than themselves."""
    others = aliased(batch)
    return [
        one
        for one in spoken.references()
        if _whose(batch, message, one.entity) != EVERYBODY or one.entity in others
    ]


def _look_up(
    batch: Batch, message: Recorded, spoken: Foreign
) -> tuple[list[Resolved], list[Reference]]:
    """What its numbers were read as, and those that nobody knows."""
    links = Links(batch)
    resolved: list[Resolved] = []
    unknown: list[Reference] = []
    for one in _looked_up(batch, message, spoken):
        system = _whose(batch, message, one.entity)
        link = links.link(one.entity, system, one.said)
        meant = link.canonical if link is not None else ""
        if not meant and system == EVERYBODY:
            meant = one.said
        if not meant:
            unknown.append(one)
        elif meant != one.said or system != EVERYBODY:
            resolved.append(Resolved(one.path, one.said, meant))
    return resolved, unknown


def _read(spoken: Foreign, resolved: list[Resolved]) -> Any:
    tree = deepcopy(spoken.tree) if resolved else spoken.tree
    for one in resolved:
        put_at(tree, one.path, one.meant)
    return lifted(spoken.type, noun_from(spoken.type, tree))[1]


def _hold_words(turn: Turn, spoken: Foreign) -> None:
    """Hold a message with codes that their tables do not know, each named with the known ones."""
    first = spoken.unknown[0]
    turn.hold(f"unknown-code:{first.vocabulary}:{first.said}")
    for word in spoken.unknown:
        turn.note(
            "unknown-code",
            f"{turn.message.source}/{word.vocabulary}/{word.said}",
            f"{turn.message.place} has it at {word.where}; the table knows {word.known}",
        )


def _ask(turn: Turn, unknown: list[Reference]) -> None:
    """Hold a message with numbers that nobody knows, and ask for each of them.

    A call is only held: its caller is told so at once, and must not get later what it gave up.
    """
    turn.hold(f"unknown-identifier:{unknown[0].entity}:{unknown[0].said}")
    if CATALOGUE[turn.message.type].entity == "reservation":
        return
    for entity, said in dict.fromkeys((one.entity, one.said) for one in unknown):
        question = IdentityQuestion(
            entity=entity, system=turn.message.source, external=said, message=turn.message.place
        )
        turn.say(catalogue.IDENTITY_ASKED, entity, question)


def said_as(turn: Turn, number: str) -> str:
    """By which number the message itself called the record that it is about."""
    key = CATALOGUE[turn.message.type].key
    said = (one.said for one in turn.outcome.resolved if one.path == (key,))
    return next(said, number)
