"""The review queue: numbers that nobody knows, who they might be, and what waits for the answer.

A case is a document (`match-review`, `item/shop/4711`). The messages that are held for it stand on
pages of their own, so that a case which a thousand orders wait for is not written a thousand times
over. Marks are documents as well: who is known under each, so that a question costs a few look-ups
however many records there are (P55).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.identities import IdentityQuestion
from crossdock.identity import matching
from crossdock.identity.matching import ATTRIBUTES, DEFAULT_RULES, Attributes, Match, MatchRule
from crossdock.identity.references import EVERYBODY
from crossdock.kernel.limits import IDENTIFIER_LENGTH_MAX
from crossdock.log.keys import content_digest
from crossdock.log.records import Recorded
from crossdock.sagas import golden
from crossdock.sagas.batch import Batch
from crossdock.sagas.links import link_key, names_key
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import Turn
from crossdock.sagas.understanding import CANONICAL, foreign, noun_from

CASE: Final = "match-review"
WAITING: Final = "match-waiting"
MARK: Final = "match-mark"
_PAGE: Final = 200
"""Messages that wait on one page."""


class Candidate(msgspec.Struct, array_like=True):
    """A known record that it might be, and why."""

    canonical: str
    why: str


class Case(msgspec.Struct, omit_defaults=True):
    """A number that nobody knows; `canonical` is the answer, once there is one."""

    entity: str
    system: str
    external: str
    waiting: int  # how many messages were held for it since it was opened
    opened: str  # the place of the question that opened it
    candidates: list[Candidate] = []
    canonical: str = ""


class Page(msgspec.Struct):
    """Places of held messages."""

    places: list[str]


class Marked(msgspec.Struct):
    """The canonical ids that share a mark."""

    canonical: list[str]


_CASE = msgspec.json.Decoder(Case)
_PAGES = msgspec.json.Decoder(Page)
_MARKED = msgspec.json.Decoder(Marked)


class _Data(msgspec.Struct, gc=False):
    data: msgspec.Raw


def case_key(entity: str, system: str, external: str) -> tuple[str, str]:
    """Under which kind and id a case is kept."""
    return CASE, f"{entity}/{system}/{external}"


def read_case(body: bytes | msgspec.Raw) -> Case:
    """The case in a document's body."""
    return _CASE.decode(body)


def open_case(batch: Batch, turn: Turn, asked: IdentityQuestion, match: Match) -> None:
    """Put a held message on a case's list; the first one opens it and shows it to people."""
    key = case_key(asked.entity, asked.system, asked.external)
    known = batch.document(*key)
    case = Case(asked.entity, asked.system, asked.external, 0, turn.message.place)
    if known is not None and not read_case(known.body).canonical:
        case = read_case(known.body)
    else:
        turn.note(CASE, key[1], _in_words(match))
    page = (WAITING, f"{key[1]}/{case.opened}/{case.waiting // _PAGE}")
    listed = batch.document(*page)
    places = [] if listed is None else _PAGES.decode(listed.body).places
    batch.store_document(turn, *page, Page([*places, asked.message]))
    case.waiting += 1
    case.candidates = [Candidate(one.canonical, one.why) for one in match.candidates]
    batch.store_document(turn, *key, case)


def _in_words(match: Match) -> str:
    if not match.candidates:
        return "nobody knows this number, and no record looks like it"
    found = ", ".join(one.canonical for one in match.candidates)
    return f"it might be {found}: {match.why}"


def settle(
    batch: Batch, turn: Turn, entity: str, system: str, external: str, canonical: str
) -> None:
    """Close the case of a number, if there is one, and say again what was held for it."""
    key = case_key(entity, system, external)
    known = batch.document(*key)
    case = read_case(known.body) if known is not None else None
    if case is None or case.canonical:
        return
    pages = range(-(-case.waiting // _PAGE))
    listed = [batch.document(WAITING, f"{key[1]}/{case.opened}/{number}") for number in pages]
    places = [
        place for page in listed if page is not None for place in _PAGES.decode(page.body).places
    ]
    for held in batch.held(places):
        turn.say_again(held.message)
    partition, _, position = case.opened.partition(":")
    turn.cure(CASE, key[1], f"it means {canonical}", {int(partition): int(position)})
    case.canonical = canonical
    batch.store_document(turn, *key, case)


def judge(batch: Batch, asked: IdentityQuestion, held: Recorded) -> tuple[str, Match]:
    """The canonical id that a number means by the rules, or "" and who it might be.

    A record that an owner describes and that looks like nobody is a new one, under its own number
    if that is free. Everything else that no sure rule knows is for a person to say.
    """
    policy = batch.policy
    attributes, record = _attributes(policy, asked, held)
    rules = _rules(policy, asked.entity)
    known = {}
    for _, mark in matching.marks(rules, attributes):
        found = batch.document(MARK, f"{asked.entity}/{mark}")
        known[mark] = [] if found is None else _MARKED.decode(found.body).canonical
    match = matching.match(rules, attributes, known)
    if match.sure:
        return match.sure, match
    owner = asked.system in policy.matrix.owners(asked.entity)
    if match.candidates or record is None or not owner:
        return "", match
    free = (one for one in _new_ids(asked) if not _exists(batch, asked.entity, one))
    return next(free, ""), match


def keys_to_judge(
    batch: Batch, asked: IdentityQuestion, held: Recorded
) -> Iterator[tuple[str, str]]:
    """The documents that `judge` and `mark` will look at."""
    attributes, _ = _attributes(batch.policy, asked, held)
    likely = list(_new_ids(asked))
    for key in dict.fromkeys(marks_of(batch.policy, asked.entity, attributes)):
        yield key
        if key in batch.wanted.documents and (found := batch.document(*key)) is not None:
            likely += _MARKED.decode(found.body).canonical
    for one in likely:
        yield names_key(asked.entity, one)
        yield link_key(asked.entity, EVERYBODY, one)
        yield golden.MASTER, golden.document_id(asked.entity, one)


def mark(batch: Batch, turn: Turn, asked: IdentityQuestion, held: Recorded, canonical: str) -> None:
    """Let the record be found by its marks from now on, before its own message is decided."""
    attributes, record = _attributes(batch.policy, asked, held)
    if record is not None:
        put_marks(batch, turn, asked.entity, attributes, canonical)


def put_marks(
    batch: Batch, turn: Turn, entity: str, attributes: Attributes, canonical: str
) -> None:
    """Enter a canonical id under every mark of its record."""
    for key in dict.fromkeys(marks_of(batch.policy, entity, attributes)):
        known = batch.document(*key)
        found = [] if known is None else _MARKED.decode(known.body).canonical
        if canonical not in found:
            batch.store_document(turn, *key, Marked(sorted([*found, canonical])))


def marks_of(policy: Policy, entity: str, attributes: Attributes) -> Iterator[tuple[str, str]]:
    """The documents of a record's marks."""
    for _, one in matching.marks(_rules(policy, entity), attributes):
        yield MARK, f"{entity}/{one}"


def _rules(policy: Policy, entity: str) -> tuple[MatchRule, ...]:
    return policy.matching.get(entity, DEFAULT_RULES[entity])


def _attributes(policy: Policy, asked: IdentityQuestion, held: Recorded) -> tuple[Attributes, Any]:
    """What is known of the number: the record that the message describes, or the number alone."""
    row = CATALOGUE[held.type]
    if row.entity == asked.entity and row.key == asked.entity.value:
        data = msgspec.json.decode(held.raw, type=_Data).data
        said = foreign(held.type, data, policy.speech.get(held.source, CANONICAL))
        if said.key == asked.external and not said.unknown:
            try:
                record = noun_from(held.type, said.tree)
            except msgspec.ValidationError:
                return matching.bare(asked.external), None
            return ATTRIBUTES[asked.entity](asked.external, record), record
    return matching.bare(asked.external), None


def _new_ids(asked: IdentityQuestion) -> Iterator[str]:
    """The ids that a new record may get: its number, or that with the name of its system."""
    yield asked.external
    named = f"{asked.system}:{asked.external}"
    if len(named) <= IDENTIFIER_LENGTH_MAX:
        yield named
    digest = content_digest(asked.system, asked.external.encode()).hex()
    yield f"{asked.entity}:{digest}"


def _exists(batch: Batch, entity: str, canonical: str) -> bool:
    document = golden.document_id(entity, canonical)
    return (
        batch.document(*names_key(entity, canonical)) is not None
        or batch.document(golden.MASTER, document) is not None
    )
