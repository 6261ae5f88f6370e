"""What a batch asks for at once, so that it is not decided anew for every instance in it."""

from __future__ import annotations

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.effects import EffectSettled
from crossdock.contracts.timers import TimerFired
from crossdock.contracts.vocabulary import EffectEnd
from crossdock.contracts.words import Noun
from crossdock.log.records import Document, Loaded, Recorded, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.recipes import hearing
from crossdock.sagas.recipes.saga import KIND, Saga
from crossdock.testing.builders import at
from crossdock.testing.hub import small_policy

ENDED = EffectSettled(
    kind=KIND, id="parcel/K-1", effect="erp/K-1.posted", destination="erp",
    said=catalogue.PARCEL_POSTING_REQUESTED, end=EffectEnd.ACCEPTED, attempt=1,
)  # fmt: skip
FIRED = TimerFired(kind=KIND, id="parcel/K-1", revision=3)


@pytest.mark.parametrize(
    ("kind", "noun"), [(catalogue.EFFECT_SETTLED, ENDED), (catalogue.TIMER_FIRED, FIRED)]
)
def test_the_order_of_an_instance_is_asked_for_with_all_others(kind: str, noun: Noun) -> None:
    """Before anything is decided: else each such message of a batch costs one more round."""
    saga = Saga("parcel", 1, "K-1", "O-1", msgspec.Raw(b"{}"), at(0), "0:1")
    document = Document(KIND, saga.id, 3, None, msgspec.Raw(msgspec.json.encode(saga)))
    wanted = Wanted(documents={(KIND, saga.id)})
    loaded = Loaded(documents={(KIND, saga.id): document})
    message = Recorded(
        partition=0, position=1, source="crossdock", id="m-1", type=kind, key=saga.id,
        correlation=None, event_time=at(0), received_time=at(0), raw=b"{}", rival=None,
    )  # fmt: skip
    more = Wanted()
    hearing.further(Batch(small_policy(), wanted, loaded), more, message, noun)
    assert more.orders == {"O-1"}
