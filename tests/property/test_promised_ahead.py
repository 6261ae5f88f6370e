"""What is promised ahead is never more than what is expected, and comes: beside a naive model."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue, orders, purchasing, reservations, stock
from crossdock.contracts.words import Noun
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, small_policy

DAYS = 10
_BUY = st.tuples(st.just("buy"), st.integers(1, 20), st.integers(0, 20))
_UNITS = st.integers(1, 12)
_NUMBER = st.integers(0, 9)
STEPS = st.lists(
    st.one_of(
        _BUY,
        st.tuples(st.just("come"), _NUMBER, st.integers(1, 25)),
        st.tuples(st.just("reserve"), _UNITS, st.booleans()),
        st.tuples(st.just("order"), _UNITS, st.integers(1, 9)),
        st.tuples(st.just("use"), _NUMBER, _UNITS),
        st.tuples(st.just("release"), _NUMBER, _NUMBER),
        st.tuples(st.just("commit"), _NUMBER, st.integers(0, 6)),
    ),
    max_size=25,
)


class House:
    """The hub, and what a clerk with a sheet of paper would know."""

    def __init__(self) -> None:
        policy = small_policy()
        web = replace(policy.channels["web"], sells_ahead_days=DAYS)
        self.hub = SmallHub(replace(policy, channels={"web": web}))
        self.count = 0
        self.bought: list[tuple[int, int]] = []  # units, expected after so many days
        self.came: Counter[int] = Counter()
        self.asked: list[str] = []
        self.resolved: Counter[str] = Counter()

    def say(self, kind: str, noun: Noun) -> None:
        """Tell the hub."""
        self.count += 1
        self.hub.tell(noun_message(kind, noun, f"m-{self.count}", seconds=self.count))

    def document(self, kind: str, number: str) -> Any:
        """A document's body, or an empty one."""
        found = self.hub.store.data.documents.get((kind, number))
        return {} if found is None else msgspec.json.decode(found.body)

    def ahead(self) -> int:
        """Units that reservations hold of what is expected."""
        return sum(self.held(number, "later") for number in self.asked)

    def held(self, number: str, what: str) -> int:
        """Units that a reservation holds, `later` or at `sites`."""
        lines = self.document("reservation", number).get("lines", [])
        if what == "later":
            return sum(part["quantity"] for line in lines for part in line.get("later", []))
        return sum(sum(line.get("sites", {}).values()) for line in lines)

    def open(self, within: int = 99) -> int:
        """Units that are still to come in so many days."""
        return sum(
            max(0, units - self.came[number])
            for number, (units, days) in enumerate(self.bought)
            if at(days * 86_400) <= at(self.count) + timedelta(days=within)
        )

    def waiting(self) -> int:
        """Units that order lines wait for."""
        lines = self.hub.store.data.waiting.get("bolt", {})
        return sum(row.quantity for row in lines.values())

    def buy(self, units: int, days: int) -> None:
        """Something is ordered from a supplier."""
        number = len(self.bought)
        self.bought.append((units, days))
        line = purchasing.PurchaseOrderLine(
            line="1", item="bolt", quantity=units, expected_at=at(days * 86_400)
        )
        noun = purchasing.PurchaseOrder(
            purchase_order=f"PO-{number}", site="EAST", revision=1, lines=(line,)
        )
        self.say(catalogue.PURCHASE_ORDER_CHANGED, noun)

    def come(self, number: int, units: int) -> None:
        """Something of it is delivered, perhaps more than was ordered."""
        if number < len(self.bought):
            self.came[number] += units
            line = stock.ReceiptLine(item="bolt", quantity=units)
            noun = stock.Receipt(
                receipt_id=f"RC-{self.count}",
                site="EAST",
                lines=(line,),
                purchase_order=f"PO-{number}",
            )
            self.say(catalogue.RECEIPT_POSTED, noun)

    def reserve(self, units: int, whole: bool) -> None:
        """A channel asks: it gets what is nobody's, and not a unit more."""
        number = f"R-{len(self.asked)}"
        self.asked.append(number)
        row = self.hub.store.data.promises.get("bolt", {}).get("EAST")
        free = 0 if row is None else row.free
        self.count += 1
        coming = max(0, self.open(DAYS) - self.ahead() - self.waiting())
        self.count -= 1
        line = reservations.ReservationLine(line="1", item="bolt", quantity=units)
        noun = reservations.ReservationRequest(
            reservation_id=number, channel="web", lines=(line,), hard=True, all_or_nothing=whole
        )
        self.say(catalogue.RESERVATION_REQUESTED, noun)
        now = min(units, free)
        later = min(units - now, coming)
        if whole and now + later < units:
            now = later = 0
        assert (self.held(number, "sites"), self.held(number, "later")) == (now, later)

    def order(self, units: int, priority: int, reservation: str | None = None) -> None:
        """An order, urgent or not."""
        line = orders.OrderLine(line="1", item="bolt", quantity=units, unit_price_e4=0)
        noun = orders.Order(
            order_id=f"SO-{self.count}",
            channel="web",
            customer="acme",
            currency="EUR",
            lines=(line,),
            priority=priority,
            reservation=reservation,
        )
        self.say(catalogue.ORDER_PLACED, noun)

    def use(self, number: int, units: int) -> None:
        """An order takes a reservation over."""
        if number < len(self.asked):
            self.order(units, 5, self.asked[number])

    def release(self, number: int, attempt: int) -> None:
        """A reservation is let go, once or again."""
        if number < len(self.asked):
            noun = reservations.ReservationRelease(
                reservation_id=self.asked[number], attempt=attempt + 1
            )
            self.say(catalogue.RESERVATION_RELEASED, noun)

    def commit(self, number: int, units: int) -> None:
        """It is sold, whole or in part."""
        if number < len(self.asked):
            part = reservations.ReservationQuantity(line="1", quantity=units) if units else None
            noun = reservations.ReservationCommitment(
                reservation_id=self.asked[number], lines=() if part is None else (part,)
            )
            self.say(catalogue.RESERVATION_COMMITTED, noun)

    def check(self) -> None:
        """The item's document says what is to come, and what reservations hold of it."""
        found = self.document("inbound", "bolt")
        assert sum(one["quantity"] for one in found.get("open", [])) == self.open()
        assert sum(one["quantity"] for one in found.get("ahead", [])) == self.ahead()
        assert self.ahead() <= self.open()
        row = self.hub.store.data.promises.get("bolt", {}).get("EAST")
        assert row is None or row.free >= 0
        assert row is None or row.free == 0 or self.ahead() == 0


@given(STEPS)
@settings(max_examples=150)
def test_what_is_promised_ahead_is_expected_and_comes(steps: list[tuple[Any, ...]]) -> None:
    """After each step the sheet agrees; when all has come, nobody is promised anything ahead."""
    house = House()
    for verb, *words in steps:
        getattr(house, verb)(*words)
        house.check()
    both = ("sites", "later")
    held = {one: sum(house.held(one, what) for what in both) for one in house.asked}
    for number, (units, _) in enumerate(house.bought):
        if units > house.came[number]:
            house.come(number, units - house.came[number])
            house.check()
    assert house.ahead() == 0
    assert {number: house.held(number, "sites") for number in house.asked} == held
