"""What the ERP is asked to post: the same whatever the order, nothing twice, nothing left out."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.postings import Milestone, PostingPeriod, StockPosting
from crossdock.contracts.stock import Receipt, ReceiptLine, StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.inventory.bridge import PostingMode, PostingPolicy
from crossdock.log.records import NewMessage
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

PARTITIONS = 3
DAY_SECONDS = 86_400
_ALL = 1_000_000
_FAR = at(99 * DAY_SECONDS)

Sums = Counter[tuple[str, str, str, str]]
"""Site, period, item, milestone -> base units."""

facts = st.lists(
    st.tuples(
        st.sampled_from(["receipt", "adjustment"]),
        st.sampled_from(["EAST", "WEST"]),
        st.sampled_from(["bolt", "nut"]),
        st.integers(-5, 9).filter(bool),
        st.integers(0, 2),  # the day
    ),
    min_size=1,
    max_size=12,
)


def told(number: int, fact: tuple[str, str, str, int, int]) -> NewMessage:
    """A fact as its warehouse tells it."""
    what, site, item, quantity, day = fact
    name = f"{what}-{number}"
    kind = catalogue.STOCK_ADJUSTED
    noun: StockAdjustment | Receipt = StockAdjustment(
        adjustment_id=name,
        site=site,
        item=item,
        quantity=quantity,
        reason=AdjustmentReason.CORRECTION,
    )
    if what == "receipt":
        kind = catalogue.RECEIPT_POSTED
        lines = (ReceiptLine(item=item, quantity=abs(quantity)),)
        noun = Receipt(receipt_id=name, site=site, lines=lines)
    return noun_message(kind, noun, name, partitions=PARTITIONS, seconds=day * DAY_SECONDS)


def close_days(hub: SmallHub, days: int) -> None:
    """Close the days that are over after so many."""
    for (site, period, ends), closed in at_once(
        hub.store.ended_periods(at(days * DAY_SECONDS), 99)
    ):
        noun = PostingPeriod(site=site, period=period, ended_at=ends, closing=closed + 1)
        name = f"{site}/{period}/{closed + 1}"
        message = noun_message(catalogue.POSTING_PERIOD_ENDED, noun, name, partitions=PARTITIONS)
        hub.tell(message, replace(message))  # the sweep says it again before it is decided


def asked(hub: SmallHub) -> Sums:
    """All that the ERP was asked for, added up."""
    sums: Sums = Counter()
    for kept in hub.store.data.effects.by_id.values():
        posting = msgspec.json.decode(kept.effect.body, type=StockPosting)
        for line in posting.lines:
            sums[posting.site, posting.period, line.item, line.milestone] += line.quantity
    return sums


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    said=facts,
    modes=st.fixed_dictionaries(dict.fromkeys(Milestone, st.sampled_from(PostingMode))),
    seed=st.integers(0, 2**32),
    at_a_time=st.sampled_from([1, 3, 100]),
)
def test_what_is_posted_does_not_depend_on_the_order(
    said: list[tuple[str, str, str, int, int]],
    modes: dict[Milestone, PostingMode],
    seed: int,
    at_a_time: int,
) -> None:
    """Shuffled, duplicated, with days closed in between: the same sums, each entry told once."""
    messages = [told(number, fact) for number, fact in enumerate(said)]
    expected: Sums = Counter()
    for fact, message in zip(said, messages, strict=True):
        what, site, item, quantity, _ = fact
        milestone = Milestone(what)
        if modes[milestone] is not PostingMode.NONE:
            units = abs(quantity) if what == "receipt" else quantity
            period = message.event_time.date().isoformat()
            expected[site, period, item, milestone] += units
    chance = random.Random(seed)
    twice = messages * 2
    chance.shuffle(twice)
    policy = replace(small_policy(partitions=PARTITIONS), posting=PostingPolicy(modes))
    hub = SmallHub(policy, batch=at_a_time)
    for message in twice:
        hub.tell(message)
        if chance.random() < 0.3:
            close_days(hub, chance.randint(1, 4))
    close_days(hub, 99)
    assert +asked(hub) == +expected
    assert -asked(hub) == -expected
    for row in at_once(hub.store.financial(None, _ALL)):
        assert row.execution == row.financial
        assert row.pending == 0
    assert at_once(hub.store.ended_periods(_FAR, 9)) == []
