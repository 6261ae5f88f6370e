"""A random walk through the reservation book beside a naive model of it.

The hub decides real messages on the memory store; the model knows nothing of rows, guards, pools
as documents or batches: it keeps who holds how much of what, adds up what is on the shelf, and says
after each step what must never be.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from crossdock.contracts import catalogue, orders, reservations, stock
from crossdock.contracts.vocabulary import AdjustmentReason, PromiseLevel, ReservationAnswerKind
from crossdock.contracts.words import Noun
from crossdock.inventory.reservations import Reservation
from crossdock.log.records import Document
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.sagas.policy import Backorders, ChannelPolicy, Policy
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once

ITEMS = ("bolt", "nut", "cog")
SITES = ("EAST", "WEST")
CHANNELS = ("web", "fair")
_ALL = 1_000_000
_ANSWER = msgspec.json.Decoder(reservations.ReservationAnswer)


def house(keep_back: int, backorders: Backorders) -> Policy:
    """Two channels that sell from two sites."""
    return Policy(
        partitions=1,
        channels={name: ChannelPolicy(name, "shop", SITES, keep_back) for name in CHANNELS},
        matrix=Matrix(
            DEFAULT_RULES,
            sites={"EAST": {"wms": "wms_east"}, "WEST": {"wms": "wms_west"}},
            channels={name: {"system": "shop"} for name in CHANNELS},
        ),
        known_items_only=False,
        backorders=backorders,
    )


class Broken(AssertionError):
    """What must never be, is."""


@dataclass
class Cart:
    """A reservation as its caller remembers it."""

    channel: str
    wanted: dict[str, int]  # line -> units
    items: dict[str, str]  # line -> item
    ends: float | None
    resolved: str = ""  # what resolved it; never twice


@dataclass
class Walk:
    """One walk; `step` does something at random and looks whether all is well."""

    random: Random
    keep_back: int = 0
    backorders: Backorders = Backorders.PRIORITY
    now: float = 0.0
    steps: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    carts: dict[str, Cart] = field(default_factory=dict)
    shelf: Counter[tuple[str, str]] = field(default_factory=Counter)
    pools: dict[tuple[str, str, str], int] = field(default_factory=dict)
    taken_facts: bool = False

    def __post_init__(self) -> None:
        """Open the house."""
        self.hub = SmallHub(house(self.keep_back, self.backorders))
        self._numbers = 0
        self._read = 0

    def step(self) -> None:
        """One thing happens, chosen at random."""
        self.steps += 1
        self.now += self.random.choice((0.0, 1.0, 30.0))
        doings = (
            *(self._reserve,) * 5, *(self._commit,) * 3, *(self._release,) * 3, self._time,
            self._pool, *(self._receipt,) * 2, self._taken, self._order,
        )  # fmt: skip
        doing = self.random.choice(doings)
        doing()
        self.counts[doing.__name__.removeprefix("_")] += 1

    def _number(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"

    def _tell(self, kind: str, noun: Noun) -> reservations.ReservationAnswer | None:
        self.hub.tell(noun_message(kind, noun, self._number("m"), seconds=self.now))
        outcomes = self.hub.store.data.partition(0).outcomes
        answer = None
        while self._read < len(outcomes):
            self._read += 1
            said = bytes(outcomes[self._read].outcome.answer)
            answer = _ANSWER.decode(said) if said else answer
        return answer

    def _any_cart(self) -> str:
        recent = list(self.carts)[-12:]
        return self.random.choice(recent) if recent else "nobody"

    # --- what may happen ------------------------------------------------------------------------

    def _reserve(self) -> None:
        number = self._number("R")
        lines = [
            (str(n + 1), self.random.choice(ITEMS), self.random.randint(1, 9))
            for n in range(self.random.choice((1, 1, 1, 2, 3)))
        ]
        seconds = self.random.choice((None, 10, 60))
        channel = self.random.choice(CHANNELS)
        whole = self.random.random() < 0.6
        request = reservations.ReservationRequest(
            reservation_id=number,
            channel=channel,
            lines=tuple(
                reservations.ReservationLine(
                    line=line,
                    item=item,
                    quantity=quantity,
                    site=self.random.choice((None, None, None, *SITES)),
                )
                for line, item, quantity in lines
            ),
            hard=seconds is None,
            expires_in_seconds=seconds,
            all_or_nothing=whole,
            level=self.random.choice(list(PromiseLevel)),
        )
        answer = self._tell(catalogue.RESERVATION_REQUESTED, request)
        again = self._tell(catalogue.RESERVATION_REQUESTED, request)  # absorbed at the door
        self._demand(answer is not None and again is None, "a repeated call was decided twice")
        assert answer is not None
        held = {one.line: one.reserved for one in answer.lines}
        if answer.answer is ReservationAnswerKind.REFUSED:
            self.counts[f"refused {answer.refusal}"] += 1
            return
        self._demand(
            all(held[line] <= quantity for line, _, quantity in lines), "more than was wanted"
        )
        if whole:
            self._demand(sum(held.values()) == sum(q for *_, q in lines), "a part for the whole")
        self.counts[str(answer.answer)] += 1
        ends = None if seconds is None else self.now + seconds
        self.carts[number] = Cart(channel, held, {line: item for line, item, _ in lines}, ends)

    def _commit(self) -> None:
        number = self._any_cart()
        cart = self.carts.get(number)
        lines: tuple[reservations.ReservationQuantity, ...] = ()
        if cart is not None and self.random.random() < 0.4:
            parts = {line: self.random.randint(1, units + 1) for line, units in cart.wanted.items()}
            lines = tuple(
                reservations.ReservationQuantity(line=line, quantity=quantity)
                for line, quantity in parts.items()
            )
        said = reservations.ReservationCommitment(
            reservation_id=number, lines=lines, attempt=self.random.randint(1, 1000)
        )
        self._resolved(number, self._tell(catalogue.RESERVATION_COMMITTED, said), "commit")

    def _release(self) -> None:
        number = self._any_cart()
        said = reservations.ReservationRelease(
            reservation_id=number, attempt=self.random.randint(1, 1000)
        )
        self._resolved(number, self._tell(catalogue.RESERVATION_RELEASED, said), "release")

    def _resolved(
        self, number: str, answer: reservations.ReservationAnswer | None, by: str
    ) -> None:
        if answer is None:
            return  # said before in the same words
        cart = self.carts.get(number)
        if answer.answer is ReservationAnswerKind.REFUSED:
            self.counts[f"refused {answer.refusal}"] += 1
            return
        self._demand(cart is not None, "what nobody holds was resolved")
        assert cart is not None
        self._demand(not cart.resolved, f"{number} was resolved by {cart.resolved}, then by {by}")
        late = cart.ends is not None and cart.ends <= self.now
        self._demand(not late, f"{number} was resolved by {by} after its end")
        cart.resolved = by

    def _time(self) -> None:
        self.now += self.random.choice((5.0, 20.0, 90.0))
        due = {
            name
            for name, cart in self.carts.items()
            if not cart.resolved and cart.ends is not None and cart.ends <= self.now
        }
        self.hub.ring(self.now)
        self._read = len(self.hub.store.data.partition(0).outcomes)
        for name in due:
            self.carts[name].resolved = "expiry"
            self._demand(not any(self._held(name).values()), f"{name} expired and holds units")

    def _pool(self) -> None:
        item, site = self.random.choice(ITEMS), self.random.choice(SITES)
        channel = self.random.choice(CHANNELS)
        self._numbers += 1
        quantity = self.random.randint(0, 12) + self._used(item, site, channel)
        self.pools[item, site, channel] = quantity
        self._tell(
            catalogue.POOL_CHANGED,
            stock.ChannelPool(
                channel=channel, item=item, site=site, quantity=quantity, version=self._numbers
            ),
        )

    def _used(self, item: str, site: str, channel: str) -> int:
        found = self.hub.store.data.documents.get(("pool", f"{item}\t{site}\t{channel}"))
        return 0 if found is None else int(msgspec.json.decode(found.body).get("used", 0))

    def _receipt(self) -> None:
        self._adjust(self.random.randint(1, 15))

    def _taken(self) -> None:
        """A fact that asks nobody: units are gone, promised or not."""
        self._adjust(-self.random.randint(1, 6))
        self.taken_facts = True

    def _adjust(self, quantity: int) -> None:
        item, site = self.random.choice(ITEMS), self.random.choice(SITES)
        self.shelf[item, site] += quantity
        self._tell(
            catalogue.STOCK_ADJUSTED,
            stock.StockAdjustment(
                adjustment_id=self._number("A"),
                site=site,
                item=item,
                quantity=quantity,
                reason=AdjustmentReason.COUNT,
            ),
        )

    def _order(self) -> None:
        """An order comes for a cart, or for itself."""
        number = self._any_cart()
        cart = self.carts.get(number)
        lines = tuple(
            orders.OrderLine(line=line, item=item, quantity=self.random.randint(1, 6))
            for line, item in (cart.items.items() if cart else [("1", self.random.choice(ITEMS))])
        )
        order_id = self._number("O")
        held = self._held(number)
        open_still = cart is not None and cart.resolved in ("", "commit")
        if cart is not None and cart.ends is not None and cart.ends <= self.now:
            open_still = open_still and cart.resolved == "commit"
        self._tell(
            catalogue.ORDER_PLACED,
            orders.Order(
                order_id=order_id,
                channel=cart.channel if cart is not None else "web",
                customer="acme",
                currency="EUR",
                lines=lines,
                reservation=number if cart is not None else None,
            ),
        )
        if cart is not None and open_still and any(held.values()):
            order = self.hub.order(order_id)
            for item in {line.item for line in lines}:
                wanted = sum(line.quantity or 0 for line in lines if line.item == item)
                got = sum(one.total("reserved") for one in order.lines.values() if one.item == item)
                had = sum(units for (name, _), units in held.items() if name == item)
                self._demand(got >= min(wanted, had), f"{order_id} lost units of {number}")
            self._demand(not any(self._held(number).values()), f"{number} holds what passed on")
            cart.resolved = f"order {order_id}"

    # --- what must never be ---------------------------------------------------------------------

    def _demand(self, holds: object, otherwise: str) -> None:
        if not holds:
            raise Broken(f"step {self.steps}: {otherwise}")

    def _held(self, number: str) -> Counter[tuple[str, str]]:
        found: Document | None = self.hub.store.data.documents.get(("reservation", number))
        held: Counter[tuple[str, str]] = Counter()
        if found is not None:
            for line in msgspec.json.decode(found.body, type=Reservation).lines:
                held.update({(line.item, site): units for site, units in line.sites.items()})
        return held

    def check(self) -> None:
        """The books agree with each other and with what happened."""
        data = self.hub.store.data
        promised: Counter[tuple[str, str]] = Counter()
        for kind, number in data.documents:
            if kind == "reservation":
                promised.update(self._held(number))
        for name in data.orders:
            for line in self.hub.order(name).lines.values():
                promised.update({(line.item, s): at.reserved for s, at in line.sites.items()})
        unused: Counter[tuple[str, str]] = Counter()
        for (item, site, channel), quantity in self.pools.items():
            unused[item, site] += max(0, quantity - self._used(item, site, channel))
        for row in at_once(self.hub.store.promises(None, _ALL)):
            key = (row.item, row.site)
            self._demand(row.sellable == self.shelf[key], f"{key}: the shelf is another")
            self._demand(row.reserved == promised[key], f"{key}: {row.reserved} != {promised[key]}")
            self._demand(row.pooled == unused[key], f"{key}: pooled {row.pooled} != {unused[key]}")
            if not self.taken_facts:
                self._demand(row.reserved <= max(0, row.sellable), f"{key}: oversold")
        for number, cart in self.carts.items():
            if cart.resolved in ("release", "expiry"):
                self._demand(not any(self._held(number).values()), f"{number} is held still")

    def documents_rebuilt(self) -> None:
        """The newest outcome of each document says how it stands (I28)."""
        said: dict[tuple[str, str], Any] = {}
        for _, decided in sorted(self.hub.store.data.partition(0).outcomes.items()):
            for one in decided.outcome.documents:
                said[one.kind, one.id] = (one.revision, bytes(one.body))
        stands = {
            key: (one.revision, bytes(one.body))
            for key, one in self.hub.store.data.documents.items()
        }
        self._demand(said == stands, "what is rebuilt is not what stands")


def walk(seed: int, steps: int, *, every: int = 10) -> Counter[str]:
    """Take so many steps through one house, looking round after each `every`; gives what happened.

    Raises:
        Broken: a promise was broken; the same seed breaks it again.
    """
    random = Random(seed)
    one = Walk(random, keep_back=random.choice((0, 2)), backorders=random.choice(list(Backorders)))
    for number in range(steps):
        one.step()
        if number % every == 0:
            one.check()
    one.check()
    one.documents_rebuilt()
    return one.counts
