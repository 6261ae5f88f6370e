"""Tables about promises that a warehouse manager can read: what is set aside, and what is left.

In the house that they play in, `web` sells from EAST, then WEST; `fair` sells from EAST only and
keeps back 2 units there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.products import Item
from crossdock.contracts.replenishment import StockPolicy
from crossdock.contracts.reservations import (
    ReservationAnswer,
    ReservationCommitment,
    ReservationLine,
    ReservationQuantity,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.stock import ChannelPool, Receipt, ReceiptLine, StockAdjustment
from crossdock.contracts.vocabulary import (
    INSIDE,
    AdjustmentReason,
    ItemStatus,
    PromiseLevel,
    Refusal,
    ReservationState,
    StockState,
)
from crossdock.contracts.words import Noun
from crossdock.inventory.reservations import Reservation
from crossdock.log.records import Answer
from crossdock.ownership.matrix import Matrix
from crossdock.sagas.policy import ChannelPolicy, Policy
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

TABLES = sorted(Path(__file__).with_name("tables").glob("promise*.txt"))
Row = tuple[str, str, str]
"""Verb, the words after it, what is expected."""

_ALL = 1_000_000
_PART = re.compile(r"(\S+) (\d+)(?: @(\w+))?")
_FOR = re.compile(r"for (\d+) min")


def rows(table: Path) -> list[Row]:
    """The lines of a table that are not remarks."""
    found = []
    for line in table.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            told, _, expected = line.partition("->")
            verb, _, words = " ".join(told.split()).partition(" ")
            found.append((verb, words, expected.strip()))
    return found


def _policy() -> Policy:
    small = small_policy()
    channels = {**small.channels, "fair": ChannelPolicy("fair", "shop", ("EAST",), keep_back=2)}
    roles = {name: {"system": "shop"} for name in channels}
    matrix = Matrix(small.matrix.rules, small.matrix.sites, roles)
    return replace(small, channels=channels, matrix=matrix, known_items_only=True)


@dataclass(frozen=True)
class View:
    """A channel, as who asks for availability names it."""

    channel: str
    sites: tuple[str, ...]
    keep_back: int
    destinations: tuple[str, ...] = ()
    wants_on_hand: bool = False
    per_site: bool = False


class Table:
    """One table's hub; `play` does what its rows say, one after the other."""

    def __init__(self) -> None:
        self.hub = SmallHub(_policy())
        self._count = 0
        self._seconds = 0

    def play(self, verb: str, words: str) -> str:
        """Say it or ask it; gives the answer."""
        return VERBS[verb](self, words)

    def _tell(self, kind: str, noun: Noun) -> tuple[bool, int]:
        """Whether the hub knew it already, and the position at which it stands."""
        self._count += 1
        message = noun_message(kind, noun, f"m{self._count}", seconds=self._seconds)
        [receipt] = self.hub.tell(message)
        return receipt.answer is Answer.DUPLICATE, receipt.position

    def _do(self, kind: str, noun: Noun) -> str:
        _, position = self._tell(kind, noun)
        decided = self.hub.store.data.partitions[0].outcomes[position].outcome
        return f"{decided.fate}: {decided.reason}" if decided.reason else "ok"

    def _call(self, kind: str, noun: Noun) -> str:
        again, position = self._tell(kind, noun)
        raw = self.hub.store.data.partitions[0].outcomes[position].outcome.answer
        said = _in_words(msgspec.json.decode(raw, type=ReservationAnswer))
        return f"same answer: {said}" if again else said

    # --- What is done --------------------------------------------------------------------------

    def item(self, words: str) -> str:
        """`ITEM [blocked]`."""
        name, _, status = words.partition(" ")
        noun = Item(item=name, status=ItemStatus(status or "active"))
        return self._do(catalogue.ITEM_CHANGED, noun)

    def receive(self, words: str) -> str:
        """`ITEM UNITS @SITE [in STATE] [lot L]`."""
        item, units, site, options = _goods(words)
        state = StockState(options.get("in", "available"))
        line = ReceiptLine(item=item, quantity=units, state=state, lot=options.get("lot"))
        noun = Receipt(receipt_id=f"receipt-{self._count}", site=site, lines=(line,))
        return self._do(catalogue.RECEIPT_POSTED, noun)

    def lose(self, words: str) -> str:
        """`ITEM UNITS @SITE`: they are not there."""
        item, units, site, _ = _goods(words)
        noun = StockAdjustment(
            adjustment_id=f"loss-{self._count}",
            site=site,
            item=item,
            quantity=-units,
            reason=AdjustmentReason.CORRECTION,
        )
        return self._do(catalogue.STOCK_ADJUSTED, noun)

    def pool(self, words: str) -> str:
        """`ITEM UNITS @SITE for CHANNEL`: only this channel may take them."""
        item, units, site, options = _goods(words)
        noun = ChannelPool(
            channel=options["for"], item=item, site=site, quantity=units, version=self._count
        )
        return self._do(catalogue.POOL_CHANGED, noun)

    def safety(self, words: str) -> str:
        """`ITEM UNITS @SITE`: never promised to anybody."""
        item, units, site, _ = _goods(words)
        noun = StockPolicy(item=item, site=site, safety_stock=units, revision=self._count)
        return self._do(catalogue.STOCK_POLICY_CHANGED, noun)

    def order(self, words: str) -> str:
        """`ORDER ITEM UNITS [with RESERVATION]`; gives what is reserved for it."""
        name, item, units, *rest = words.split()
        noun = Order(
            order_id=name,
            channel="web",
            customer="acme",
            currency="EUR",
            lines=(OrderLine(line="1", item=item, quantity=int(units)),),
            reservation=rest[1] if rest else None,
        )
        said = self._do(catalogue.ORDER_PLACED, noun)
        held = self.hub.order(name).lines["1"].total("reserved")
        return f"{said}, reserved {held}"

    def reserve(self, words: str) -> str:
        """`ID PART[, PART] [by CHANNEL] [for N min] [hard] [or part] [one site]`."""
        name, _, rest = words.partition(" ")
        minutes = _FOR.search(rest)
        by = re.search(r"by (\w+)", rest)
        noun = ReservationRequest(
            reservation_id=name,
            channel=by[1] if by else "web",
            lines=tuple(
                ReservationLine(line=str(number), item=item, quantity=int(units), site=site or None)
                for number, (item, units, site) in enumerate(_PART.findall(_FOR.sub("", rest)), 1)
            ),
            hard="hard" in rest,
            expires_in_seconds=int(minutes[1]) * 60 if minutes else None,
            all_or_nothing="or part" not in rest,
            level=PromiseLevel.SITE if "one site" in rest else PromiseLevel.CHANNEL,
        )
        return self._call(catalogue.RESERVATION_REQUESTED, noun)

    def commit(self, words: str) -> str:
        """`ID [UNITS] [attempt N]`: the sale of the first line's units, or of all."""
        name, words, attempt = _attempt(words)
        parts = (ReservationQuantity(line="1", quantity=int(words)),) if words else ()
        noun = ReservationCommitment(reservation_id=name, lines=parts, attempt=attempt)
        return self._call(catalogue.RESERVATION_COMMITTED, noun)

    def release(self, words: str) -> str:
        """`ID [attempt N]`: all is free again."""
        name, _, attempt = _attempt(words)
        noun = ReservationRelease(reservation_id=name, attempt=attempt)
        return self._call(catalogue.RESERVATION_RELEASED, noun)

    def passes(self, words: str) -> str:
        """`N min`: gives whose time was over."""
        before = self._expired()
        self._seconds += int(words.removesuffix(" min")) * 60
        self.hub.ring(self._seconds)
        gone = sorted(self._expired() - before)
        return f"{', '.join(gone)} expired" if gone else "nothing"

    def _expired(self) -> set[str]:
        documents = self.hub.store.data.documents
        kept = {
            name: msgspec.json.decode(document.body, type=Reservation)
            for (kind, name), document in documents.items()
            if kind == "reservation"
        }
        return {name for name, one in kept.items() if one.state is ReservationState.EXPIRED}

    # --- What is asked -------------------------------------------------------------------------

    def balance(self, words: str) -> str:
        """`ITEM @SITE`: what is there, what of it is not sold or is spoken for, what is left."""
        item, site = words.split(" @")
        units: Counter[str] = Counter()
        for row in at_once(self.hub.store.balances(None, _ALL)):
            if (row.item, row.site) == (item, site) and row.state in INSIDE:
                units[row.state] += row.quantity
        promise = self.hub.store.data.promises[item][site]
        unsold = {state: n for state, n in units.items() if state != StockState.AVAILABLE}
        parts = {"on hand": units.total(), **dict(sorted(unsold.items()))}
        parts["reserved"] = promise.reserved
        parts |= {"pooled": promise.pooled} if promise.pooled else {}
        parts |= {"safety": promise.safety} if promise.safety else {}
        parts["available"] = promise.free
        return ", ".join(f"{name} {n}" for name, n in parts.items())

    def offer(self, words: str) -> str:
        """`ITEM to CHANNEL`: what the channel is told that it may sell."""
        item, name = words.split(" to ")
        channel = self.hub.policy.channels[name]
        view = View(name, channel.sells_from, channel.keep_back)
        [found] = at_once(self.hub.store.availability(view, [item]))
        return str(found.quantity)


VERBS: dict[str, Callable[[Table, str], str]] = {
    "item": Table.item,
    "receive": Table.receive,
    "lose": Table.lose,
    "pool": Table.pool,
    "safety": Table.safety,
    "order": Table.order,
    "reserve": Table.reserve,
    "commit": Table.commit,
    "release": Table.release,
    "pass": Table.passes,
    "balance": Table.balance,
    "offer": Table.offer,
}


def _goods(words: str) -> tuple[str, int, str, dict[str, str]]:
    """Item, units, site, and what else is said, by its word."""
    item, units, site, *rest = words.split()
    return item, int(units), site.removeprefix("@"), dict(zip(rest[::2], rest[1::2], strict=True))


def _attempt(words: str) -> tuple[str, str, int]:
    told, _, attempt = words.partition(" attempt ")
    name, _, rest = told.partition(" ")
    return name, rest, int(attempt or 1)


def _in_words(said: ReservationAnswer) -> str:
    """An answer, as a person says it."""
    if said.refusal is not None:
        about = f" {said.refused}" if said.refused else ""
        had = ", ".join(str(one.available) for one in said.lines if one.available is not None)
        return f"refused: {said.refusal.replace('_', ' ')}{about}" + (f" ({had})" if had else "")
    lines = [
        " ".join([str(one.reserved), *(f"@{held.site} {held.quantity}" for held in one.sites)])
        for one in said.lines
    ]
    ending = "" if said.state is ReservationState.OPEN else f" {said.state}"
    kind = "ok" if said.answer == "granted" else said.answer.value
    return f"{kind}{ending}: {', '.join(lines)}"


def missing(told: Iterable[Row]) -> set[str]:
    """The refusals that no row expects."""
    shown = {
        word
        for _, _, expected in told
        for word in Refusal
        if expected.startswith(f"refused: {word.replace('_', ' ')}")
    }
    return {word.value for word in Refusal} - shown


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_table_is_as_it_is_written(path: Path) -> None:
    """Every row, in order."""
    table = Table()
    for verb, words, expected in rows(path):
        assert table.play(verb, words) == expected, f"{verb} {words}"


def test_every_refusal_has_a_row() -> None:
    """A refusal that no table shows is a refusal that nobody understands."""
    assert missing(row for path in TABLES for row in rows(path)) == set()


@pytest.mark.parametrize("refusal", Refusal)
def test_a_missing_refusal_is_named(refusal: Refusal) -> None:
    """The search has teeth: without its rows, a refusal is missing."""
    words = f"refused: {refusal.replace('_', ' ')}"
    kept = [row for path in TABLES for row in rows(path) if not row[2].startswith(words)]
    assert missing(kept) == {refusal.value}
