"""The working view of one batch: what was loaded, as the messages decided so far have left it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from weakref import proxy

import msgspec

from crossdock.contracts.invoices import AccountingPeriods
from crossdock.contracts.products import Item
from crossdock.contracts.vocabulary import Disposition, ItemKind
from crossdock.inventory.promise import PromiseBook
from crossdock.inventory.reservations import Reservation
from crossdock.log.accounts import Blocked, Lot
from crossdock.log.records import (
    Decided,
    Document,
    EffectState,
    Held,
    Loaded,
    MasterRow,
    OrderRow,
    Pending,
    PeriodKey,
    Promised,
    Recorded,
    Standing,
    Wanted,
)
from crossdock.orders.credits import CreditRules
from crossdock.orders.matching import match
from crossdock.orders.periods import Periods
from crossdock.orders.state import Figures, OrderState, all_figures, status
from crossdock.sagas.accounts import Accounts
from crossdock.sagas.ahead import AheadBook
from crossdock.sagas.backorders import ranking
from crossdock.sagas.loads import LoadBook
from crossdock.sagas.policy import Policy
from crossdock.sagas.pools import KIND as POOL
from crossdock.sagas.pools import PoolBook, item_of
from crossdock.sagas.turn import Turn, WaitingList

_ITEM = msgspec.json.Decoder(Item)
_HELD = msgspec.json.Decoder(Reservation)
CALENDAR = "accounting-periods"
"""The kind of document that says which periods finance has closed."""

MAIN = "main"
"""The calendar that counts."""

_PERIODS = msgspec.json.Decoder(AccountingPeriods)
_ORDER = msgspec.json.Decoder(OrderState)


class MasterNotLoaded(LookupError):
    """A decision asked for master records, by (kind, id), that the batch had not loaded."""

    def __init__(self, keys: set[tuple[str, str]]) -> None:
        super().__init__(*sorted(keys))
        self.keys = keys


class DocumentNotLoaded(LookupError):
    """A decision asked for documents, by (kind, id), that the batch had not loaded."""

    def __init__(self, keys: set[tuple[str, str]]) -> None:
        super().__init__(*sorted(keys))
        self.keys = keys


class OrderNotLoaded(LookupError):
    """A decision asked for an order that the batch had not loaded."""

    def __init__(self, order_id: str) -> None:
        super().__init__(order_id)
        self.order_id = order_id


class PromisedNotLoaded(LookupError):
    """A decision asked to whom units are promised, which the batch had not loaded."""

    def __init__(self, item: str) -> None:
        super().__init__(item)
        self.item = item


class HeldNotLoaded(LookupError):
    """A decision asked for held messages that the batch had not loaded."""

    def __init__(self, places: set[str]) -> None:
        super().__init__(places)
        self.places = places


class EffectNotLoaded(LookupError):
    """A decision asked for an effect that the batch had not loaded."""

    def __init__(self, business_key: str) -> None:
        super().__init__(business_key)
        self.business_key = business_key


class Batch:
    """The working view of one batch of messages."""

    def __init__(self, policy: Policy, wanted: Wanted, loaded: Loaded) -> None:
        self.policy = policy
        self.wanted = wanted
        self.book = PromiseBook(loaded.stock, wanted.items)
        self.waiting = WaitingList(loaded.waiting, ranking(policy))
        around: Batch = proxy(self)  # in no cycle: a decided batch is freed at once, not some day
        self.pools = PoolBook(around)
        self.ahead = AheadBook(around)
        self.loads = LoadBook(around)
        self.orders: dict[str, OrderState] = {}
        self.masters = dict(loaded.masters)
        self.documents = dict(loaded.documents)
        self.accounts = Accounts(wanted, loaded)
        self.blocked: dict[Lot, Blocked] = {}
        self.decided = Decided()
        self._loaded = loaded
        self._effects = dict(loaded.effects)
        self._pending = dict(loaded.pending)
        self._items: dict[str, tuple[bytes, Item]] = {}
        self._changed_masters: dict[tuple[str, str], MasterRow] = {}
        self._changed_documents: dict[tuple[str, str], Document] = {}
        self._settled: dict[str, dict[str, Figures]] = {}

    def order(self, order_id: str) -> OrderState:
        """The order's state; an empty shell when nothing is known of it yet."""
        found = self.orders.get(order_id)
        if found is None:
            stored = self._loaded.orders.get(order_id)
            found = OrderState(order_id) if stored is None else _ORDER.decode(stored)
            self.orders[order_id] = found
        return found

    def glance(self, order_id: str) -> OrderState:
        """As `known_order`, with an empty shell where nothing is known of it."""
        return self.known_order(order_id) or OrderState(order_id)

    def known_order(self, order_id: str) -> OrderState | None:
        """The order as it stands, to look at only; None when nothing is known of it.

        Raises:
            OrderNotLoaded: the batch did not load it.
        """
        if order_id not in self.wanted.orders:
            raise OrderNotLoaded(order_id)
        if order_id in self.orders:
            return self.orders[order_id]
        stored = self._loaded.orders.get(order_id)
        return None if stored is None else _ORDER.decode(stored)

    def items_of_orders(self) -> set[str]:
        """The items of every order of the batch: who misses one will soon miss the next."""
        orders = {*self._loaded.orders, *self.orders}
        return {line.item for key in orders for line in self.order(key).lines.values()}

    def items_of_reservations(self) -> set[str]:
        """The items of every reservation that was loaded: what is given back may be waited for."""
        return {
            line.item
            for (kind, _), document in self.documents.items()
            if kind == "reservation"
            for line in _HELD.decode(document.body).lines
        }

    def master(self, kind: str, number: str) -> bytes | None:
        """The newest stored master record, or None.

        Raises:
            MasterNotLoaded: the batch did not load it.
        """
        if (kind, number) not in self.wanted.masters:
            raise MasterNotLoaded({(kind, number)})
        return self.masters.get((kind, number))

    def item(self, number: str) -> Item | None:
        """The item's newest stored master record, or None.

        Raises:
            MasterNotLoaded: the batch did not load it.
        """
        body = self.master("item", number)
        if body is None:
            return None
        known = self._items.get(number)
        if known is None or known[0] is not body:
            known = self._items[number] = (body, _ITEM.decode(body))
        return known[1]

    def components(self, number: str) -> dict[str, int] | None:
        """What a kit consists of, base units by item; None for an item that is no kit.

        Raises:
            MasterNotLoaded: the batch did not load the item, or its components.
        """
        item = self.item(number)
        if item is None or item.kind is not ItemKind.KIT:
            return None
        missing = {("item", one.item) for one in item.components} - self.wanted.masters
        if missing:
            raise MasterNotLoaded(missing)
        return item.units_of_components()

    def store_master(self, row: MasterRow) -> None:
        """Keep a newer revision."""
        self.masters[(row.kind, row.id)] = row.body
        self._changed_masters[(row.kind, row.id)] = row

    def document(self, kind: str, number: str) -> Document | None:
        """The document as it stands, or None.

        Raises:
            DocumentNotLoaded: the batch did not load it.
        """
        if (kind, number) not in self.wanted.documents:
            raise DocumentNotLoaded({(kind, number)})
        return self.documents.get((kind, number))

    def need_documents(self, kind: str, numbers: Collection[str]) -> None:
        """See that these documents are there, before one after the other is asked for.

        Raises:
            DocumentNotLoaded: the batch did not load some of them.
        """
        missing = {(kind, number) for number in numbers} - self.wanted.documents
        if missing:
            raise DocumentNotLoaded(missing)

    def store_document(
        self,
        turn: Turn,
        kind: str,
        number: str,
        body: msgspec.Struct,
        due: datetime | None = None,
    ) -> None:
        """Let the document stand so from now on, under its next revision; `due` sets its timer.

        Raises:
            DocumentNotLoaded: the batch did not load it.
        """
        known = self.document(kind, number)
        revision = 1 if known is None else known.revision + 1
        document = Document(kind, number, revision, due, msgspec.Raw(msgspec.json.encode(body)))
        self.documents[(kind, number)] = self._changed_documents[(kind, number)] = document
        turn.outcome.documents.append(document)

    def held(self, places: Collection[str]) -> list[Held]:
        """The messages at these places that were decided to be held; others are left out.

        Raises:
            HeldNotLoaded: the batch did not load some of them.
        """
        missing = set(places) - self.wanted.held
        if missing:
            raise HeldNotLoaded(missing)
        return [self._loaded.held[place] for place in places if place in self._loaded.held]

    def effect(self, business_key: str) -> Standing | None:
        """The effect of this business key as it stands, or None.

        Raises:
            EffectNotLoaded: the batch did not load it.
        """
        if business_key not in self.wanted.effects:
            raise EffectNotLoaded(business_key)
        return self._effects.get(business_key)

    def rule(self, business_key: str, state: EffectState | None) -> None:
        """Let an effect stand so for the rest of the batch: nobody rules on it as it was seen."""
        self._effects[business_key] = replace(self._effects[business_key], state=state)

    def new_document(self, turn: Turn, kind: str, number: str, body: msgspec.Struct) -> None:
        """Make a document under an id that is made of the message's place, so it has to be new."""
        self.wanted.documents.add((kind, number))
        self.store_document(turn, kind, number, body)

    def take_pending(self, key: PeriodKey) -> Pending:
        """What a day of a site has pending, for whoever is first of the batch to ask for it."""
        return self._pending.pop(key, Pending())

    def promised_at(self, item: str, site: str) -> list[Promised]:
        """To whom units of the item are promised at the site, as the store knew it.

        Raises:
            PromisedNotLoaded: the batch did not load it.
        """
        if item not in self.wanted.promised:
            raise PromisedNotLoaded(item)
        return [one for one in self._loaded.promised if (one.item, one.site) == (item, site)]

    def turn(self, message: Recorded) -> Turn:
        """Begin a message's turn."""
        return Turn(
            message,
            self.policy,
            self.book,
            self.waiting,
            self.pools,
            self.ahead,
            self._settled,
            self.accounts.entered,
            self.loads,
            self.periods,
        )

    def periods(self) -> Periods:
        """What finance has closed, as the log says by now.

        Raises:
            DocumentNotLoaded: the batch did not load it.
        """
        known = self.document(CALENDAR, MAIN)
        if known is None:
            return Periods()
        said = self.periods_said(known)
        return Periods(said.closed_to or "", said.closed)

    @staticmethod
    def periods_said(calendar: Document) -> AccountingPeriods:
        """A calendar as finance said it."""
        return _PERIODS.decode(calendar.body)

    def take(self, turn: Turn) -> None:
        """Take what a turn decided into the batch."""
        message = turn.message
        decided = self.decided
        decided.outcomes.append((message.partition, message.position, turn.outcome))
        decided.event_times.append(message.event_time)
        decided.effects.extend((message.partition, message.position, e) for e in turn.effects)
        decided.messages.extend(turn.messages)

    def _to_look_at(self) -> list[str]:
        """Items of which a channel may be told otherwise though nothing free moved, in order.

        Units are promised out of a channel's pool, or go from one pool to another; and whoever is
        told what is on hand is told of what moved, and of promises that others took the place of.
        """
        stays = [change for change in self.decided.stock if not change.moves_free]
        found = {item_of(number) for kind, number in self._changed_documents if kind == POOL}
        found -= {change.item for change in self.decided.stock if change.moves_free}
        if any(channel.wants_on_hand for channel in self.policy.channels.values()):
            outcomes = (outcome for _, _, outcome in self.decided.outcomes)
            found |= {moved.item for outcome in outcomes for moved in outcome.movements}
            found |= {change.item for change in stays if change.reserved}
        return sorted(found)

    def finish(self) -> Decided:
        """Everything that the batch changes."""
        self.decided.orders = [
            order_row(order, self._settled.get(key))
            for key, order in sorted(self.orders.items())
            if order.facts  # one that was refused, or never heard of, is none
        ]
        self.decided.stock = self.book.changes()
        self.decided.marks = self._to_look_at()
        self.decided.waiting = self.waiting.changes()
        self.decided.masters = [row for _, row in sorted(self._changed_masters.items())]
        self.decided.expected = self.accounts.expected()
        self.decided.whole = self.accounts.whole()
        self.decided.counted = self.accounts.counted()
        self.decided.blocked = [block for _, block in sorted(self.blocked.items())]
        before = self._loaded.documents
        self.decided.documents = [
            (document, before[key].revision if key in before else 0)
            for key, document in sorted(self._changed_documents.items())
        ]
        return self.decided


def order_row(order: OrderState, known: dict[str, Figures] | None = None) -> OrderRow:
    """An order's row: its state, and the sums that lists show; `known` if derived already."""
    known = all_figures(order) if known is None else known
    totals = [now for number, now in known.items() if not order.lines[number].kit]
    return OrderRow(
        order_id=order.order_id,
        status=status(order, known),
        customer=order.customer,
        channel=order.channel,
        ordered=sum(f.ordered for f in totals),
        shipped=sum(f.shipped for f in totals),
        invoiced=sum(f.invoiced for f in totals),
        cancelled=sum(f.cancelled for f in totals),
        returned=sum(f.returned for f in totals),
        state=msgspec.json.encode(order),
        unmatched=bool(match(order, _EVERYTHING)),
    )


_EVERYTHING = CreditRules(credited=frozenset(Disposition))
"""By these rules whatever is open by the house's own is open too."""
