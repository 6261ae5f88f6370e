"""Links may come before, between or after what they are needed for: the ending is the same (M4).

A system that calls everything by numbers of its own tells a tale; the links that say what its
numbers mean are mixed in anywhere, with duplicates. Whatever was held goes on by itself, nothing is
lost and nothing is applied twice: the ending is the one of a house where nobody needs a link. And
the log alone, without any link or table, gives every order to the byte.
"""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.identities import IdentityLink
from crossdock.contracts.vocabulary import Entity, Fate
from crossdock.log.records import NewMessage, OrderRow
from crossdock.orders.state import OrderState
from crossdock.sagas import rebuild
from crossdock.sagas.batch import order_row
from crossdock.sagas.decide import opened
from crossdock.sagas.understanding import Speech
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy
from crossdock.testing.strategies import AMPLE, Tale, scarce, tales

_ALL = 1_000_000
PARTITIONS = 2
OFTEN = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SPEECH = {"estate": Speech(own=frozenset({Entity.ITEM}))}


def links(tale: Tale) -> list[NewMessage]:
    """What each number means: the item of the same name, so that endings can be compared."""
    named = {item for shelf in tale.stock.values() for item in shelf}
    for _, noun in tale.said:
        named.update(line.item for line in getattr(noun, "lines", ()) if hasattr(line, "item"))
    return [
        noun_message(
            catalogue.IDENTITY_LINKED,
            IdentityLink(
                change_id=item, entity=Entity.ITEM, system="estate", external=item, canonical=item
            ),
            f"link-{item}",
            source="crossdock",
            partitions=PARTITIONS,
        )
        for item in sorted(named)
    ]


def rebuilt(hub: SmallHub) -> list[OrderRow]:
    """Every order as messages and outcomes alone give it."""
    orders: dict[str, OrderState] = {}
    for partition in at_once(hub.store.position()):
        for row in at_once(hub.store.outcomes(partition, 0, _ALL)):
            [message] = at_once(hub.store.messages([(partition, row.position)]))
            if CATALOGUE[message.type].key == "order_id" and row.outcome.fate is Fate.APPLIED:
                order = orders.setdefault(message.key, OrderState(message.key))
                rebuild.fold(order, *opened(message, row.outcome.resolved), row.outcome)
    return [order_row(order) for _, order in sorted(orders.items()) if order.facts]


@OFTEN
@given(
    tale=st.one_of(tales(st.just(AMPLE), more=4), tales(scarce(), more=4, restock=False)),
    seed=st.integers(0, 2**32),
    at_a_time=st.sampled_from([1, 3, 100]),
)
def test_links_may_come_whenever_they_like(tale: Tale, seed: int, at_a_time: int) -> None:
    """The same ending as without numbers of anybody's own, and the same again from the log."""
    plain = tale.hub(small_policy(partitions=PARTITIONS))
    plain.tell(*tale.messages(PARTITIONS))
    policy = replace(small_policy(partitions=PARTITIONS), speech=SPEECH)
    hub = tale.hub(policy, batch=at_a_time)
    told = [*tale.messages(PARTITIONS), *links(tale)]
    dice = random.Random(seed)
    told += dice.sample(told, len(told) // 2)
    dice.shuffle(told)
    for message in told:
        hub.tell(message)
    assert hub.ending() == plain.ending()
    assert rebuilt(hub) == at_once(hub.store.orders("", _ALL))
