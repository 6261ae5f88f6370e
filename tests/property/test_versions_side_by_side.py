"""Old and new senders side by side: what is said in either version ends the same (R20).

The real change: `crossdock.stock.moved.v2` asks for the kind of a movement, which version 1 cannot
say. Senders of both bring their messages through the door; nobody behind it knows the difference.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.movements import KIND_RULES, kind_of
from crossdock.contracts.vocabulary import StockState
from crossdock.gateway.admission import admit
from crossdock.gateway.keys import Caller
from crossdock.log.records import Answer, NewMessage, Recorded
from crossdock.sagas.decide import opened
from crossdock.testing.builders import at
from crossdock.testing.hub import SmallHub, at_once, small_policy

POLICY = small_policy()
INSIDE_STATES = st.sampled_from(["available", "picked", "quarantine", "damaged"])


def said(
    version: int, number: int, source: str, target: str, message_id: str | None = None
) -> NewMessage:
    """A movement as the door takes it from a sender of this version."""
    data: dict[str, Any] = {
        "movement_id": f"M-{number}",
        "item": "bolt",
        "quantity": number + 1,
        "source": {"state": source, "site": "EAST"},
        "target": {"state": target, "site": "EAST"},
    }
    if version == 2:
        data["kind"] = kind_of(StockState(source), StockState(target), apart=False)
    whole = {
        "specversion": "1.0",
        "id": message_id or f"m-{number}",
        "source": "wms_east",
        "type": f"crossdock.stock.moved.v{version}",
        "time": "2031-03-03T08:00:00Z",
        "data": data,
    }
    return admit(msgspec.json.encode(whole), Caller("wms_east"), POLICY, at(0))


def recorded(hub: SmallHub, position: int) -> Recorded:
    """A message as it stands on the log."""
    [found] = at_once(hub.store.messages([(0, position)]))
    return found


def test_an_old_message_is_kept_as_it_came_and_decided_as_the_newest() -> None:
    """Its bytes and its type stand on the log; who opens it sees the newest noun, with its kind."""
    hub = SmallHub(POLICY)
    old = said(1, 1, "available", "quarantine")
    hub.tell(old)
    kept = recorded(hub, 1)
    assert (kept.type, kept.raw) == (catalogue.STOCK_MOVED_V1, old.raw)
    message, noun = opened(kept)
    assert (message.type, message.place) == (catalogue.STOCK_MOVED, kept.place)
    assert noun.kind == "quarantine"
    assert at_once(hub.store.fates())["applied"] == 1


def test_a_sender_that_changes_versions_says_a_thing_once() -> None:
    """The same id or the same movement, in the other version, is a duplicate and no rival."""
    hub = SmallHub(POLICY)
    first = hub.tell(said(1, 1, "available", "quarantine"))
    again = hub.tell(
        said(2, 1, "available", "quarantine"),
        said(2, 1, "available", "quarantine", "other-id"),
        said(1, 1, "available", "quarantine", "third-id"),
    )
    assert [one.answer for one in first] == [Answer.ACCEPTED]
    assert [one.answer for one in again] == [Answer.DUPLICATE] * 3
    assert {(one.partition, one.position) for one in again} == {(0, first[0].position)}


def test_every_movement_that_version_1_could_say_has_a_kind() -> None:
    """The upcast is total: all pairs of states, at one site and between two; else it is held."""
    kinds = {rule.kind: rule for rule in KIND_RULES}
    for source in StockState:
        for target in StockState:
            for apart in (False, True):
                kind = kind_of(source, target, apart=apart)
                assert kind in kinds


@settings(deadline=None)
@given(
    moves=st.lists(st.tuples(INSIDE_STATES, INSIDE_STATES), min_size=1, max_size=6),
    data=st.data(),
)
def test_u1_who_speaks_which_version_changes_nothing(
    moves: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Every mix of versions, in every order and said twice, ends as version 2 alone does."""
    numbers = list(range(len(moves)))
    versions = data.draw(st.lists(st.sampled_from([1, 2]), min_size=len(moves) * 2))
    order = data.draw(st.permutations(numbers * 2))
    new, mixed = SmallHub(POLICY), SmallHub(POLICY)
    for hub in (new, mixed):
        hub.stock(EAST={"bolt": 100})
    new.tell(*(said(2, number, *moves[number]) for number in numbers))
    mixed.tell(
        *(
            said(version, number, *moves[number], f"{turn}")
            for turn, (version, number) in enumerate(zip(versions, order, strict=False))
        )
    )
    assert mixed.ending() == new.ending()
