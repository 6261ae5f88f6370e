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
from crossdock.contracts.versions import UPCASTS, lifted
from crossdock.inventory.promise import StockNotLoaded
from crossdock.log.records import Decided, Loaded, Recorded, Wanted
from crossdock.sagas.batch import Batch, DocumentNotLoaded, MasterNotLoaded
from crossdock.sagas.deciders import DECIDERS
from crossdock.sagas.policy import Policy


class _Letter(msgspec.Struct, gc=False):
    """What a decider opens of an envelope: the door has read and judged the rest."""

    data: msgspec.Raw


_LETTER = msgspec.json.Decoder(_Letter)
_NOUNS = {name: msgspec.json.Decoder(row.noun) for name, row in CATALOGUE.items()}


def opened(message: Recorded) -> tuple[Recorded, Any]:
    """A recorded message as it is decided on, and its noun: both of the newest version.

    The log keeps what came; here is the one place where an older version becomes the newest.
    """
    noun = _NOUNS[message.type].decode(_LETTER.decode(message.raw).data)
    if message.type not in UPCASTS:
        return message, noun
    newest, noun = lifted(message.type, noun)
    return replace(message, type=newest), noun


def noun_of(message: Recorded) -> Any:
    """The canonical noun that a recorded message carries, of the newest version."""
    return opened(message)[1]


def wanted_by(messages: Sequence[tuple[Recorded, Any]]) -> Wanted:
    """What these messages will look at; `decide` asks for more where this was too little."""
    wanted = Wanted()
    for message, noun in messages:
        if CATALOGUE[message.type].key == "order_id":
            wanted.orders.add(noun.order_id)
        DECIDERS[message.type].wants(wanted, noun)
    return wanted


def decide(
    policy: Policy, messages: Sequence[tuple[Recorded, Any]], wanted: Wanted, loaded: Loaded
) -> Decided | Wanted:
    """Decide messages in order; gives what to write, or what else must be loaded first."""
    batch = Batch(policy, wanted, loaded)
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
        return wanted.also(documents={(unread.kind, unread.id)})
    return batch.finish()


def _decide_one(batch: Batch, message: Recorded, noun: Any) -> None:
    """Decide one message and let the rest of the batch see it."""
    turn = batch.turn(message)
    decider = DECIDERS[message.type]
    if message.rival is not None:
        turn.hold(f"business key of {message.rival} with other content")
        turn.note("rival", message.rival, f"{message.place} says otherwise")
        if decider.contradicted is not None:
            decider.contradicted(batch, turn, noun)
    else:
        decider.decide(batch, turn, noun)
    batch.take(turn)
