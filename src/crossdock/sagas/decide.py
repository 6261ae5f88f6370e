"""Deciding a batch: messages in order, over the state that they touch, into one commit.

Pure: takes what the store loaded, gives what the store must write. Every message type has one
decider in `deciders/`, each a function of (batch, turn, noun) without clock, chance or I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.versions import UPCASTS, lifted, newest
from crossdock.contracts.vocabulary import Fate
from crossdock.inventory.promise import StockNotLoaded
from crossdock.log.records import Decided, Loaded, Recorded, Resolved, Wanted
from crossdock.sagas import ahead, checking, enforcement, watching
from crossdock.sagas.accounts import AccountsNotLoaded
from crossdock.sagas.batch import (
    CALENDAR,
    MAIN,
    Batch,
    DocumentNotLoaded,
    EffectNotLoaded,
    HeldNotLoaded,
    MasterNotLoaded,
    OrderNotLoaded,
    PromisedNotLoaded,
)
from crossdock.sagas.deciders import DECIDERS
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.links import ALIASES, aliased
from crossdock.sagas.policy import Policy
from crossdock.sagas.posting import enter_milestones
from crossdock.sagas.rebuild import makes_a_version
from crossdock.sagas.recipes import hearing
from crossdock.sagas.resolving import understand, wanted_to_understand
from crossdock.sagas.sequencing import in_turn
from crossdock.sagas.turn import Turn
from crossdock.sagas.understanding import Foreign, foreign, reread


class _Letter(msgspec.Struct, gc=False):
    """What a decider opens of an envelope: the door has read and judged the rest."""

    data: msgspec.Raw


_LETTER = msgspec.json.Decoder(_Letter)
_NOUNS = {name: msgspec.json.Decoder(row.noun) for name, row in CATALOGUE.items()}


def opened(
    message: Recorded, resolved: Sequence[Resolved] = (), policy: Policy | None = None
) -> tuple[Recorded, Any]:
    """A recorded message as it is decided on, and its noun: both of the newest version.

    The log keeps what came; here is the one place where an older version becomes the newest. What
    was `resolved` when the message was decided is read so again. With a `policy`, a message that
    is still to be decided and not in our words gives a `Foreign` in place of a noun.
    """
    data = _LETTER.decode(message.raw).data
    if policy is not None and (speech := policy.speech.get(message.source)) is not None:
        return _newest(message), foreign(message.type, data, speech)
    noun = reread(message.type, data, resolved) if resolved else _NOUNS[message.type].decode(data)
    return _newest(message), lifted(message.type, noun)[1]


def _newest(message: Recorded) -> Recorded:
    if message.type not in UPCASTS:
        return message
    return replace(message, type=newest(message.type))


def wanted_by(messages: Sequence[tuple[Recorded, Any]], policy: Policy | None = None) -> Wanted:
    """What these messages will look at; `decide` asks for more where this was too little.

    Without the `policy` of the house it is too little where its recipes hear them.
    """
    wanted = Wanted(documents={ALIASES, (CALENDAR, MAIN)})
    for message, noun in messages:
        if isinstance(noun, Foreign):
            if CATALOGUE[message.type].key == "order_id":
                wanted.orders.add(noun.key)
            continue
        _wants(wanted, message, noun)
        if policy is not None:
            hearing.wants(policy, wanted, message, noun)
    return wanted


def _wants(wanted: Wanted, message: Recorded, noun: Any) -> None:
    if CATALOGUE[message.type].key == "order_id":
        wanted.orders.add(noun.order_id)
    DECIDERS[message.type].wants(wanted, noun)


def _further(batch: Batch, messages: Sequence[tuple[Recorded, Any]]) -> Wanted | None:
    """What else must be loaded, seen from what is; None: nothing that can be named now."""
    if (
        not aliased(batch)
        and not batch.policy.recipes.recipes
        and not batch.policy.checks_orders
        and not any(
            isinstance(noun, Foreign) or DECIDERS[message.type].further
            for message, noun in messages
        )
    ):
        return None
    more = Wanted()
    for message, said in messages:
        noun = wanted_to_understand(batch, message, said, more)
        if noun is None or message.rival is not None:
            continue
        _wants(more, message, noun)
        further = DECIDERS[message.type].further
        if further is not None:
            further(batch, more, noun)
        hearing.further(batch, more, message, noun)
        if batch.policy.checks_orders and CATALOGUE[message.type].key == "order_id":
            checking.further(batch, more, noun)
    everything = batch.wanted.also(
        orders=more.orders,
        items=more.items,
        masters=more.masters,
        documents=more.documents,
        held=more.held,
    )
    return None if everything == batch.wanted else everything


def decide(
    policy: Policy, messages: Sequence[tuple[Recorded, Any]], wanted: Wanted, loaded: Loaded
) -> Decided | Wanted:
    """Decide messages in order; gives what to write, or what else must be loaded first."""
    batch = Batch(policy, wanted, loaded)
    further = _further(batch, messages)
    if further is not None:
        return further
    try:
        for message, noun in messages:
            _decide_one(batch, message, noun)
    except StockNotLoaded as missing:
        more = batch.items_of_orders() | batch.items_of_reservations()
        return wanted.also(items={missing.item} | more)
    except MasterNotLoaded as unknown:
        asked = {("item", item) for item in batch.items_of_orders()}
        return wanted.also(masters=asked | unknown.keys)
    except DocumentNotLoaded as unread:
        return wanted.also(documents=unread.keys | _soon(batch, messages, unread.keys))
    except PromisedNotLoaded as untold:
        return wanted.also(promised=wanted.items | {untold.item})
    except HeldNotLoaded as unseen:
        return wanted.also(held=unseen.places)
    except OrderNotLoaded as unlooked:
        return wanted.also(orders={unlooked.order_id})
    except AccountsNotLoaded as unseen:
        return wanted.also(accounts=unseen.moments, lots=unseen.lots)
    except EffectNotLoaded as unseen:
        return wanted.also(effects={unseen.business_key})
    return batch.finish()


def _soon(
    batch: Batch, messages: Sequence[tuple[Recorded, Any]], missed: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """What the rest of the batch will miss soon, where this is missed: each costs a round."""
    kinds = {kind for kind, _ in missed}
    more = Wanted()
    if ahead.KIND in kinds:
        more.documents.update((ahead.KIND, item) for item in batch.wanted.items)
    if kinds & {watching.LIST, watching.PAGE}:
        for message, noun in messages:
            if CATALOGUE[message.type].key == "order_id" and not isinstance(noun, Foreign):
                checking.further_watches(batch, more, noun)
    return more.documents


def _revives(batch: Batch, decider: Decider, noun: Any) -> bool:
    """Whether what stands under the message's business key was refused, so that this may stand."""
    if decider.revives is None or isinstance(noun, Foreign):
        return False
    return decider.revives(batch, noun)


def _count_version(batch: Batch, turn: Turn) -> None:
    """Every message that is applied to an order makes a new version of it, whatever it said.

    Also where its decider did not look at the order: or it would count when another message of the
    same batch did, and not otherwise.
    """
    order_id = turn.message.key
    if not makes_a_version(turn.message, turn.outcome):
        return
    if order_id in batch.orders or batch.known_order(order_id) is not None:
        batch.order(order_id).version += 1


def _decide_one(batch: Batch, message: Recorded, noun: Any) -> None:
    """Decide one message and let the rest of the batch see it."""
    turn = batch.turn(message)
    decider = DECIDERS[message.type]
    if message.rival is not None and not _revives(batch, decider, noun):
        turn.hold(f"business key of {message.rival} with other content")
        turn.note("rival", message.rival, f"{message.place} says otherwise")
        if decider.contradicted is not None and not isinstance(noun, Foreign):
            decider.contradicted(batch, turn, noun)
    elif not in_turn(batch, turn):
        pass  # parked, or said twice: its turn is ended
    elif (understood := understand(batch, turn, noun)) is not None and enforcement.stands(
        batch, turn, understood
    ):
        decider.decide(batch, turn, understood)
        _count_version(batch, turn)
        if turn.outcome.fate is Fate.APPLIED and batch.policy.recipes.recipes:
            hearing.hear(batch, turn, understood)
    if turn.outcome.movements:
        enter_milestones(batch, turn)
    batch.take(turn)
