"""What goes out to a system with numbers and codes of its own goes out in them, or waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.codes import CodeTable
from crossdock.contracts.connector import Ability, Accepted, Document, FarAnswer, NotThere
from crossdock.contracts.identities import IdentityLink, IdentityMerge
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.vocabulary import CancelReason, Entity
from crossdock.delivery.pump import Pump, Wordless
from crossdock.runtime.words import TheirWords
from crossdock.sagas.understanding import Speech
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy
from tests.helpers.aio import run
from tests.unit.delivery.far_side import Clock, Even


class Ear:
    """A connector that takes everything and remembers it."""

    batch_max = 10

    def __init__(self) -> None:
        self.heard: list[dict[str, object]] = []

    def ability(self, message_type: str) -> Ability:
        return Ability.KEYS

    def ask_after_seconds(self, message_type: str) -> float:
        """At once."""
        return 0.0

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        self.heard += [msgspec.json.decode(document.body) for document in documents]
        return [Accepted() for _ in documents]

    async def look_up(self, document: Document) -> NotThere:
        return NotThere()

    async def close(self) -> None:
        """Nothing to let go of."""


SPEECH = Speech(own=frozenset({Entity.ITEM}))


def link(hub: SmallHub, external: str, canonical: str) -> None:
    noun = IdentityLink(
        change_id=f"{external}-{canonical}",
        entity=Entity.ITEM,
        system="wms_east",
        external=external,
        canonical=canonical,
    )
    hub.tell(noun_message(catalogue.IDENTITY_LINKED, noun, f"l-{external}", source="erp"))


def released() -> SmallHub:
    """A hub in which EAST was asked for two bolts."""
    hub = SmallHub(replace(small_policy(), speech={"wms_east": SPEECH}))
    hub.stock(EAST={"bolt": 5})
    order = Order(
        order_id="O1",
        channel="web",
        customer="C1",
        currency="EUR",
        lines=(OrderLine(line="1", item="bolt", quantity=2),),
    )
    hub.tell(noun_message(catalogue.ORDER_PLACED, order, "m-1", source="shop"))
    return hub


def pump(hub: SmallHub, ear: Ear, clock: Clock) -> Pump:
    words = TheirWords("wms_east", SPEECH, hub.store)
    return Pump("wms_east", ear, hub.store, clock, Even(), words=words)


def test_a_release_carries_the_number_of_the_warehouse() -> None:
    """The newest of two, in every line; the effect in our books stays in our words."""
    hub, ear = released(), Ear()
    link(hub, "A-1", "bolt")
    link(hub, "A-2", "bolt")
    run(pump(hub, ear, Clock()).turn())
    [told] = ear.heard
    assert told["lines"] == [{"line": "1", "item": "A-2", "quantity": 2}]
    [effect] = [e for e in at_once(hub.store.effects_of("O1")) if e.destination == "wms_east"]
    assert effect.state == "accepted"


def test_what_has_no_number_waits_and_says_so() -> None:
    """It uses up no try, and goes out as soon as there is a number."""
    hub, ear, clock = released(), Ear(), Clock()
    one = pump(hub, ear, clock)
    run(one.turn())
    assert ear.heard == []
    [effect] = [e for e in at_once(hub.store.effects_of("O1")) if e.destination == "wms_east"]
    assert effect.state == "due"
    assert effect.ended[-1].problem == "wms_east has no number for item bolt"
    link(hub, "A-1", "bolt")
    clock.seconds = 120
    run(one.turn())
    assert len(ear.heard) == 1


def test_what_was_merged_goes_out_under_the_survivors_number() -> None:
    """Also when it was decided before the merge."""
    hub, ear = released(), Ear()
    link(hub, "A-1", "screw")
    documents = hub.store.data.documents
    merge = IdentityMerge(change_id="m", entity=Entity.ITEM, loser="nut", survivor="screw")
    hub.tell(noun_message(catalogue.IDENTITY_MERGED, merge, "merge", source="erp"))
    documents[("names", "item/bolt")] = documents[("names", "item/nut")]
    run(pump(hub, ear, Clock()).turn())
    [told] = ear.heard
    assert told["lines"] == [{"line": "1", "item": "A-1", "quantity": 2}]


def test_codes_go_out_as_the_system_spells_them() -> None:
    """A word without a code waits like an item without a number."""
    table = CodeTable("cancellation.reason", {"F": CancelReason.FRAUD})
    words = TheirWords("wms", Speech(codes={table.vocabulary: table}), SmallHub().store)
    hub = released()
    [claimed, *_] = at_once(hub.store.claim("wms_east", Clock().now(), Clock().now(), 1))
    body = b'{"cancellation_id":"C","order_id":"O1","reason":"%s"}'
    kind = catalogue.ORDER_CANCELLATION_REQUESTED
    known, unknown = run(
        words.theirs(
            [replace(claimed, type=kind, body=body % word) for word in (b"fraud", b"customer")]
        )
    )
    assert isinstance(known, bytes)
    assert msgspec.json.decode(known)["reason"] == "F"
    assert isinstance(unknown, Wordless)
    assert unknown.reason == "wms has no code for cancellation.reason customer"


def test_sites_go_out_as_the_system_calls_them() -> None:
    """Wherever a site stands; a place that is left empty stays empty."""
    table = CodeTable("site", {"01": "EAST"})
    words = TheirWords("wms", Speech(codes={"site": table}), SmallHub().store)
    hub = released()
    [claimed, *_] = at_once(hub.store.claim("wms_east", Clock().now(), Clock().now(), 1))
    body = b'{"release_id":"R","order_id":"O1","site":"%s","lines":[]}'
    kind = catalogue.ORDER_RELEASED
    known, empty, unknown = run(
        words.theirs(
            [replace(claimed, type=kind, body=body % word) for word in (b"EAST", b"", b"WEST")]
        )
    )
    assert isinstance(known, bytes)
    assert msgspec.json.decode(known)["site"] == "01"
    assert isinstance(empty, bytes)
    assert msgspec.json.decode(empty)["site"] == ""
    assert isinstance(unknown, Wordless)
    assert unknown.reason == "wms has no code for site WEST"
