"""What messages about numbers do: links, merges, splits, questions, and what was held for them."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.identities import (
    IdentityLink,
    IdentityMerge,
    IdentityQuestion,
    IdentitySplit,
    IdentityUnlink,
)
from crossdock.contracts.vocabulary import Entity
from crossdock.identity import references
from crossdock.identity.references import EVERYBODY
from crossdock.log.records import Wanted
from crossdock.ownership.survivorship import Record
from crossdock.sagas import golden, hierarchy, review
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.links import Links, link_key, names_key
from crossdock.sagas.turn import Turn


def _linked(batch: Batch, turn: Turn, noun: IdentityLink) -> None:
    links = Links(batch, turn)
    if noun.system == EVERYBODY and _is_taken(batch, turn, noun):
        turn.hold(f"name-taken:{noun.entity}:{noun.external}")
        return
    made = references.link(
        links, noun.entity, noun.system, noun.external, noun.canonical, links.said()
    )
    if not made:
        turn.supersede("the number means this already")
    review.settle(batch, turn, noun.entity, noun.system, noun.external, noun.canonical)


def _is_taken(batch: Batch, turn: Turn, noun: IdentityLink) -> bool:
    """Whether the new name of a canonical id is the id of another record that is in use."""
    if noun.external == noun.canonical:
        return False
    if batch.document(golden.MASTER, golden.document_id(noun.entity, noun.external)) is not None:
        return True
    return noun.entity is Entity.ITEM and _in_use(turn, noun.external)


def _in_use(turn: Turn, item: str) -> bool:
    return turn.book.in_use(item) or bool(turn.waiting.served_in_order(item))


def _wants_link(wanted: Wanted, noun: IdentityLink) -> None:
    _wants_number(wanted, noun.entity, noun.system, noun.external)
    wanted.documents.add(names_key(noun.entity, noun.canonical))
    wanted.documents.add(link_key(noun.entity, EVERYBODY, noun.canonical))
    if noun.system == EVERYBODY:
        wanted.documents.add((golden.MASTER, golden.document_id(noun.entity, noun.external)))
        if noun.entity is Entity.ITEM:
            wanted.items.add(noun.external)


def _wants_number(wanted: Wanted, entity: str, system: str, external: str) -> None:
    wanted.documents.add(link_key(entity, system, external))
    wanted.documents.add(review.case_key(entity, system, external))


def _unlinked(batch: Batch, turn: Turn, noun: IdentityUnlink) -> None:
    links = Links(batch, turn)
    if not references.unlink(links, noun.entity, noun.system, noun.external, links.said()):
        turn.supersede("the number means nothing already")


def _wants_unlink(wanted: Wanted, noun: IdentityUnlink) -> None:
    wanted.documents.add(link_key(noun.entity, noun.system, noun.external))


def _merged(batch: Batch, turn: Turn, noun: IdentityMerge) -> None:
    """Merge two records, unless goods or promises still stand under the loser's id.

    Those are not moved behind a warehouse's back: a merge is a commitment, and it waits.
    """
    if noun.entity is Entity.ITEM and _in_use(turn, noun.loser):
        turn.hold(f"merge-in-use:{noun.loser}")
        return
    links = Links(batch, turn)
    problem = references.merge_problem(links, noun.entity, noun.loser, noun.survivor)
    if problem:
        turn.hold(f"merge-refused: {problem}")
        return
    survivor = references.standing(links, noun.entity, noun.survivor)
    if _join_claims(batch, turn, noun.entity, noun.loser, survivor):
        references.merge(links, noun.entity, noun.loser, survivor, links.said())


def _join_claims(batch: Batch, turn: Turn, entity: str, loser: str, survivor: str) -> bool:
    """Let the survivor's record follow from what was claimed about both; False: that is held."""
    theirs = _record(batch, entity, loser)
    if not theirs.claims:
        return True
    claims = {**_record(batch, entity, survivor).claims, **theirs.claims}
    record = golden.record_of(batch.policy, entity, claims)
    row = golden.row_of(entity, survivor, record)
    if entity in hierarchy.ENTITIES and hierarchy.holds(batch, turn, row):
        hierarchy.wait_for(batch, turn, entity, loser)
        return False
    batch.store_document(turn, golden.MASTER, golden.document_id(entity, survivor), record)
    batch.store_master(row)
    return True


def _record(batch: Batch, entity: str, number: str) -> Record:
    return golden.read(batch.document(golden.MASTER, golden.document_id(entity, number)))


def _wants_merge(wanted: Wanted, noun: IdentityMerge) -> None:
    for one in (noun.loser, noun.survivor):
        wanted.documents.add(names_key(noun.entity, one))
        wanted.documents.add(link_key(noun.entity, EVERYBODY, one))
        wanted.documents.add((golden.MASTER, golden.document_id(noun.entity, one)))
        wanted.masters.add((noun.entity, one))
    if noun.entity is Entity.ITEM:
        wanted.items.add(noun.loser)


def _split(batch: Batch, turn: Turn, noun: IdentitySplit) -> None:
    links = Links(batch, turn)
    numbers = [(one.system, one.external) for one in noun.numbers]
    problem = references.split(links, noun.entity, noun.canonical, noun.into, numbers, links.said())
    if problem:
        turn.hold(f"split-refused: {problem}")


def _wants_split(wanted: Wanted, noun: IdentitySplit) -> None:
    for number in noun.numbers:
        wanted.documents.add(link_key(noun.entity, number.system, number.external))
    for one in (noun.canonical, noun.into):
        wanted.documents.add(names_key(noun.entity, one))
        wanted.documents.add(link_key(noun.entity, EVERYBODY, one))


def _asked(batch: Batch, turn: Turn, noun: IdentityQuestion) -> None:
    """Answer by a link that came meanwhile, by a sure rule, or by asking a person."""
    held = batch.held([noun.message])
    if not held:
        return  # somebody decided it otherwise
    [one] = held
    links = Links(batch, turn)
    if references.meaning(links, noun.entity, noun.system, noun.external):
        turn.say_again(one.message)
        return
    target, match = review.judge(batch, noun, one.message)
    if not target:
        review.open_case(batch, turn, noun, match)
        return
    references.link(links, noun.entity, noun.system, noun.external, target, links.said())
    review.mark(batch, turn, noun, one.message, target)
    turn.say_again(one.message)
    review.settle(batch, turn, noun.entity, noun.system, noun.external, target)


def _wants_question(wanted: Wanted, noun: IdentityQuestion) -> None:
    wanted.held.add(noun.message)
    _wants_number(wanted, noun.entity, noun.system, noun.external)


def _more_for_question(batch: Batch, wanted: Wanted, noun: IdentityQuestion) -> None:
    if noun.message in batch.wanted.held:
        for held in batch.held([noun.message]):
            wanted.documents.update(review.keys_to_judge(batch, noun, held.message))


DECIDERS: dict[str, Decider] = {
    catalogue.IDENTITY_LINKED: Decider(_linked, _wants_link),
    catalogue.IDENTITY_UNLINKED: Decider(_unlinked, _wants_unlink),
    catalogue.IDENTITY_MERGED: Decider(_merged, _wants_merge),
    catalogue.IDENTITY_SPLIT: Decider(_split, _wants_split),
    catalogue.IDENTITY_ASKED: Decider(_asked, _wants_question, further=_more_for_question),
}
"""Every message about whose number it is."""
