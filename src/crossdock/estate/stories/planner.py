"""From documents to steps: who says what to the hub, and what that makes of each line.

| line | becomes | said by |
|---|---|---|
| sold | a line of the order with the document's number; beyond the cap on lines of one order the next ones make order `<number>-P2`, `-P3` | the channel's shop |
| absorbed | nothing: the equal line before it stands for both | |
| sold to nobody named | on the account `WALK-IN-<channel>-<day>`, one for each day | the shop |
| taken back, matched order younger than 24 h | a cancellation of these lines of that order | the desk |
| taken back, matched order older | a return request against that order | the desk |
| taken back, nothing matches | a return request against order `BEFORE-<number>`, which the hub has never seen: it shows up as awaited | the desk |
| credited | a service line at a negative price of an order with the document's number (`<number>-C` unless that begins with C): finance is asked to pay back | the desk |
| written off | a stock adjustment of damaged goods | the site's WMS |
| found | a stock adjustment of available goods | the site's WMS |
| book entry | nothing: neither goods nor money | |

A share of the orders is held back by the shop and let go by the desk some documents later, as are those at
more than twice the price of the list; a share of the customers may owe no more than their dearest order is
worth. An item's price on a list is the one at which most of its lines were sold: to customers with an account,
and to nobody named.

An id is made of numbers of the source alone, so the same story told twice is the same messages.
Before the first document come the items, the parties and the opening stock, stamped a day earlier.
"""  # noqa: E501  a table

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from urllib.parse import quote

from msgspec import Struct, field

from crossdock.contracts import catalogue
from crossdock.contracts.credit import Credit
from crossdock.contracts.holds import OrderHold, OrderHoldRelease
from crossdock.contracts.money import line_amount_minor
from crossdock.contracts.orders import LineQuantity, Order, OrderCancellation, OrderLine
from crossdock.contracts.parties import Party
from crossdock.contracts.prices import Price, PriceStep, price_key
from crossdock.contracts.products import Item
from crossdock.contracts.returns import ReturnRequest
from crossdock.contracts.stock import Receipt, ReceiptLine, StockAdjustment
from crossdock.contracts.vocabulary import (
    AdjustmentReason,
    HoldKind,
    ItemKind,
    OrderRefusal,
    StockState,
)
from crossdock.contracts.words import Address, Noun
from crossdock.estate.stories.documents import Document, Lines, Role, documents, kind_of, roles
from crossdock.estate.stories.matching import OpenLines
from crossdock.estate.stories.rows import SourceLine
from crossdock.estate.stories.story import (
    Accounting,
    Disposition,
    LineLedger,
    Phase,
    Rejection,
    Step,
)
from crossdock.estate.stories.supply import (
    CURRENCY,
    DELIVERY_AFTER_DAYS_MAX,
    RETAIL,
    TRADE,
    Shelf,
    Survey,
    drawn,
    list_of,
    site_of,
    survey,
)
from crossdock.kernel.invariants import require
from crossdock.kernel.limits import DOCUMENT_LINES_MAX, ORDER_LINES_MAX

CANCELLED_UNTIL = timedelta(hours=24)
"""A younger order is cancelled, an older one has left the house: its goods are returned."""

SET_UP_BEFORE = timedelta(days=1)
TERMS = "NET30"
CREDIT_TIGHT_PERCENT = 10
"""Customers whose limit is their dearest order: a second one waits until the first is paid."""

CREDIT_WIDE_MINOR = 10**11
"""What everybody else may owe."""

PRICE_TOLERANCE_PERCENT = 100
"""Beyond it the desk looks at a price: it is more than twice that of the list."""

HELD_PER_1000 = 40
"""Orders that the shop has looked at before they go on."""

HELD_DOCUMENTS = 12
"""How many documents later the desk lets such an order go on."""


class Cast(Struct, frozen=True, kw_only=True):
    """Which far system plays which part."""

    erp: str = "erp"
    shop: str = "shop"
    desk: str = "crm"
    channel: str = "web"
    sites: dict[str, str] = field(  # site -> its WMS; the first holds most of the stock
        default_factory=lambda: {"EAST": "wms_east", "WEST": "wms_west"}
    )
    keep_back: int = 0  # what the channel never promises per item and site; laid on top at opening


class PlannedStory:
    """The story that a source of lines tells; told once."""

    def __init__(self, lines: Lines, cast: Cast | None = None) -> None:
        """Tell of these lines with this cast; reads nothing yet."""
        self.ledger = LineLedger()
        self._lines = lines
        self._cast = cast or Cast()
        self._sites = tuple(self._cast.sites)
        self._survey: Survey | None = None
        self._open = OpenLines()
        self._told: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._parts: Counter[str] = Counter()
        self._held: deque[tuple[int, OrderHoldRelease]] = deque()
        self._documents = 0
        self._begun = False
        self._stopped = False
        self._lines_in = 0

    def prepare(self) -> None:
        """Read the source ahead, to know its items and what stock they need; idempotent."""
        if self._survey is None:
            self._survey = survey(documents(self._lines()), self._sites)
            self._open = OpenLines(self._survey.taken_back)

    def stop(self) -> None:
        """Begin no further document; deliveries that the begun ones wait for still come."""
        self._stopped = True

    def steps(self) -> Iterator[Step]:
        """Tell the story in time order, once."""
        self.prepare()
        require(not self._begun, "a story is told once")
        self._begun = True
        assert self._survey is not None
        for step in self._all(self._survey):
            self._told[step.type] += 1
            self._told[step.phase] += 1
            yield step
        require(
            self._lines_in == self.ledger.accounted,
            "every line has one disposition",
            read=self._lines_in,
            accounted=self.ledger.accounted,
        )

    def accounting(self) -> Accounting:
        """The sums so far."""
        told, sums, ledger = self._told, self._sums, self.ledger
        openings = told[Phase.OPENING]
        return Accounting(
            lines_in=self._lines_in,
            lines_accounted=ledger.accounted,
            dispositions=ledger.counts(),
            rejections={fault.value: count for fault, count in sorted(ledger.faults.items())},
            documents=ledger.documents,
            documents_cancelling=ledger.documents_cancelling,
            steps=told[Phase.MASTERS] + openings + told[Phase.TRADING],
            items=told[catalogue.ITEM_CHANGED],
            parties=told[catalogue.PARTY_CHANGED],
            orders=told[catalogue.ORDER_PLACED] - sums["orders_credit"],
            orders_credit=sums["orders_credit"],
            cancellations=told[catalogue.ORDER_CANCELLATION_REQUESTED],
            returns=told[catalogue.RETURN_REQUESTED],
            returns_unseen=sums["returns_unseen"],
            adjustments=told[catalogue.STOCK_ADJUSTED] - openings,
            openings=openings,
            receipts=told[catalogue.RECEIPT_POSTED],
            units_ordered=sums["units_ordered"],
            units_ordered_goods=sums["units_goods"],
            units_supplied=self._survey.units if self._survey else 0,
            lines_short_planned=self._survey.lines_short if self._survey else 0,
            value_ordered_minor=sums["value_ordered"],
            value_credited_minor=sums["value_credited"],
        )

    # --- the parts of the story in time order --------------------------------------------------

    def _all(self, ahead: Survey) -> Iterator[Step]:
        if ahead.starts is not None:
            before = ahead.starts - SET_UP_BEFORE
            yield from self._masters(ahead, before)
            yield from self._opening(ahead, before)
        owed = sorted(ahead.deliveries)
        newest = None
        for document in documents(self._lines()):
            if self._stopped:
                break
            if isinstance(document, Rejection):
                self._lines_in += 1
                self.ledger.reject(document)
                continue
            newest = document.at
            while owed and owed[0] <= newest:
                yield from self._delivery(owed[0], ahead.deliveries[owed.pop(0)])
            yield from self._document(document)
            self._documents += 1
            yield from self._let_go(newest, self._documents - HELD_DOCUMENTS)
        if newest is not None:
            yield from self._let_go(newest, self._documents)
        if self._stopped:
            last = newest + timedelta(days=DELIVERY_AFTER_DAYS_MAX + 1) if newest else None
            owed = [at for at in owed if last is not None and at <= last]
        for at in owed:
            yield from self._delivery(at, ahead.deliveries[at])

    def _masters(self, ahead: Survey, at: datetime) -> Iterator[Step]:
        erp, phase = self._cast.erp, Phase.MASTERS
        for sku, description in ahead.items.items():
            item = Item(item=sku, description=description, kind=kind_of(sku))
            yield _step(at, erp, catalogue.ITEM_CHANGED, f"item/{sku}/1", item, phase)
        accounts = {**ahead.customers, **{self._cash_account(d): "" for d in ahead.cash_days}}
        for number in accounts:
            price_list = TRADE if number in ahead.customers else RETAIL
            party = Party(
                party=number,
                name=f"Customer {number}",
                terms=TERMS,
                tax_class="standard",
                price_list=price_list,
            )
            yield _step(at, erp, catalogue.PARTY_CHANGED, f"party/{number}/1", party, phase)
            credit = Credit(
                credit=number, currency=CURRENCY, limit_minor=_limit(number, ahead.dearest)
            )
            yield _step(at, erp, catalogue.CREDIT_CHANGED, f"credit/{number}/1", credit, phase)
        for (price_list, sku), price_e4 in ahead.prices.items():
            step = PriceStep(currency=CURRENCY, from_quantity=1, unit_price_e4=price_e4)
            key = price_key(price_list, sku)
            price = Price(price=key, price_list=price_list, item=sku, steps=(step,))
            yield _step(at, erp, catalogue.PRICE_CHANGED, f"price/{key}/1", price, phase)

    def _opening(self, ahead: Survey, at: datetime) -> Iterator[Step]:
        shelves = dict(ahead.opening)
        if self._cast.keep_back:
            for sku in ahead.items:
                if kind_of(sku) is ItemKind.STOCK:
                    for site in self._sites:
                        held = shelves.get((site, sku), 0)
                        shelves[site, sku] = held + self._cast.keep_back
        for state, units in (
            (StockState.AVAILABLE, shelves),
            (StockState.DAMAGED, ahead.damaged),
        ):
            for (site, sku), quantity in units.items():
                number = f"OPEN-{site}-{state.value}-{sku}"
                yield self._adjusted(
                    at, number, site, sku, quantity, AdjustmentReason.OPENING, state, Phase.OPENING
                )

    def _delivery(self, at: datetime, units: dict[Shelf, int]) -> Iterator[Step]:
        """One receipt per site, or several where it has more lines than a document may."""
        for site, system in self._cast.sites.items():
            lines = iter(
                [
                    ReceiptLine(item=sku, quantity=quantity, expected=quantity)
                    for (there, sku), quantity in units.items()
                    if there == site
                ]
            )
            part = 0
            while batch := tuple(islice(lines, DOCUMENT_LINES_MAX)):
                part += 1
                number = _part(f"GR-{site}-{at:%Y%m%d}", part)
                receipt = Receipt(receipt_id=number, site=site, lines=batch)
                yield _step(at, system, catalogue.RECEIPT_POSTED, f"receipt/{number}", receipt)

    # --- one document --------------------------------------------------------------------------

    def _document(self, document: Document) -> Iterator[Step]:
        self._lines_in += len(document.lines)
        by_role: dict[Role, list[SourceLine]] = {}
        rejected: list[Rejection] = []
        for line, role in roles(document):
            if isinstance(role, Role):
                by_role.setdefault(role, []).append(line)
            else:
                rejected.append(
                    Rejection(line.place, role, line.sku, document.number, line.line_no)
                )
        for role, disposition in _SILENT.items():
            for line in by_role.get(role, ()):
                self.ledger.note(document.number, line.line_no, disposition)
        yield from self._sold(document, by_role.get(Role.SOLD, []))
        yield from self._taken_back(document, by_role.get(Role.TAKEN_BACK, []))
        yield from self._credited(document, by_role.get(Role.CREDITED, []))
        for line in by_role.get(Role.WRITTEN_OFF, ()):
            yield self._stock_line(document, line, Disposition.WRITTEN_OFF)
        for line in by_role.get(Role.FOUND, ()):
            yield self._stock_line(document, line, Disposition.FOUND)
        # Last, so that of two lines with one number the ledger finds the one that counts.
        for rejection in rejected:
            self.ledger.reject(rejection)

    def _sold(self, document: Document, lines: list[SourceLine]) -> Iterator[Step]:
        for start in range(0, len(lines), ORDER_LINES_MAX):
            batch = lines[start : start + ORDER_LINES_MAX]
            number = self._next_part(document.number)
            wanted = []
            for line in batch:
                wanted.append(self._order_line(line, line.quantity, line.price_e4))
                amount = line_amount_minor(line.quantity, line.price_e4, CURRENCY)
                self._sums["value_ordered"] += amount
                self._note_sold(document, line, number)
            yield self._order(document, self._cast.shop, number, wanted)
            yield from self._hold(document, number)
            for one in wanted:
                self._look_at_price(document, number, one)

    def _hold(self, document: Document, order_id: str) -> Iterator[Step]:
        """The shop has a share of its orders looked at, when warehouses know of them."""
        if drawn(f"hold/{order_id}", 1000) >= HELD_PER_1000:
            return
        kind = (HoldKind.PRICING, HoldKind.MANUAL)[drawn(order_id, 2)]
        hold = OrderHold(hold_id=f"H-{order_id}", order_id=order_id, kind=kind, by="shop")
        self._will_let_go(order_id, hold.hold_id, kind, f"L-{order_id}")
        number = f"hold/{order_id}"
        yield _step(document.at, self._cast.shop, catalogue.ORDER_HOLD_PLACED, number, hold)

    def _look_at_price(self, document: Document, order_id: str, line: OrderLine) -> None:
        """The hub holds an order whose price is far off the list; the desk finds it right."""
        assert self._survey is not None
        listed = self._survey.prices.get((list_of(document.customer), line.item))
        if listed is None or line.kind is ItemKind.SERVICE:
            return
        off = line.unit_price_e4 - listed
        if abs(off) * 100 <= listed * PRICE_TOLERANCE_PERCENT:
            return
        refusal = OrderRefusal.PRICE_TOO_LOW if off < 0 else OrderRefusal.PRICE_TOO_HIGH
        hold = f"{refusal.value.replace('_', '-')}:{line.line}"  # as the hub calls it
        self._will_let_go(order_id, hold, HoldKind.PRICING, f"L-{order_id}-{line.line}")

    def _will_let_go(self, order_id: str, hold: str, kind: HoldKind, number: str) -> None:
        let_go = OrderHoldRelease(
            release_id=number, order_id=order_id, hold=hold, kind=kind, by="desk"
        )
        self._held.append((self._documents, let_go))

    def _let_go(self, at: datetime, until: int) -> Iterator[Step]:
        """The desk lets go on what it held back before the document of this number."""
        while self._held and self._held[0][0] < until:
            _, let_go = self._held.popleft()
            number = f"hold-release/{let_go.release_id}"
            yield _step(at, self._cast.desk, catalogue.ORDER_HOLD_RELEASED, number, let_go)

    def _note_sold(self, document: Document, line: SourceLine, order_id: str) -> None:
        if line.price_e4 == 0:
            disposition = Disposition.ORDERED_FREE
        elif kind_of(line.sku) is ItemKind.SERVICE:
            disposition = Disposition.ORDERED_SERVICE
        else:
            disposition = Disposition.ORDERED
        self.ledger.note(document.number, line.line_no, disposition, order_id)
        self._sums["units_ordered"] += line.quantity
        if kind_of(line.sku) is ItemKind.STOCK:
            self._sums["units_goods"] += line.quantity
            self._open.sold(order_id, line)

    def _credited(self, document: Document, lines: list[SourceLine]) -> Iterator[Step]:
        stem = document.number if document.takes_back else f"{document.number}-C"
        for start in range(0, len(lines), ORDER_LINES_MAX):
            number = self._next_part(stem)
            wanted = []
            for line in lines[start : start + ORDER_LINES_MAX]:
                wanted.append(self._order_line(line, -line.quantity, -line.price_e4))
                amount = line_amount_minor(-line.quantity, line.price_e4, CURRENCY)
                self._sums["value_credited"] += amount
                self.ledger.note(document.number, line.line_no, Disposition.CREDITED, number)
            self._sums["orders_credit"] += 1
            yield self._order(document, self._cast.desk, number, wanted)

    def _order_line(self, line: SourceLine, quantity: int, price_e4: int) -> OrderLine:
        assert self._survey is not None
        named = self._survey.items[line.sku]
        return OrderLine(
            line=str(line.line_no),
            item=line.sku,
            quantity=quantity,
            unit_price_e4=price_e4,
            kind=kind_of(line.sku),
            # The item's own name need not travel with every line.
            description="" if line.description == named else line.description,
        )

    def _order(self, document: Document, source: str, number: str, lines: list[OrderLine]) -> Step:
        order = Order(
            order_id=number,
            channel=self._cast.channel,
            customer=document.customer or self._cash_account(document.at.date().isoformat()),
            currency=CURRENCY,
            lines=tuple(lines),
            ship_to=Address(country=document.country[:60].rstrip()),
        )
        return _step(document.at, source, catalogue.ORDER_PLACED, f"order/{number}", order)

    def _taken_back(self, document: Document, lines: list[SourceLine]) -> Iterator[Step]:
        cancelled: dict[str, dict[tuple[str, str], int]] = {}
        returned: dict[str, dict[tuple[str, str], int]] = {}
        unseen: dict[tuple[str, str], int] = {}
        for line in lines:
            parts, rest = self._open.take(line)
            young = 0
            for part in parts:
                is_young = document.at - part.ordered_at < CANCELLED_UNTIL
                young += is_young
                request = (cancelled if is_young else returned).setdefault(part.order_id, {})
                key = (part.line, line.sku)
                request[key] = request.get(key, 0) + part.quantity
            if rest:
                unseen[str(line.line_no), line.sku] = rest
            disposition = _taken_back_as(young, len(parts) - young, rest)
            self.ledger.note(document.number, line.line_no, disposition)
        for order_id, units in cancelled.items():
            yield from self._cancellation(document, order_id, units)
        for order_id, units in returned.items():
            yield from self._return(document, order_id, units)
        for step in self._return(document, f"BEFORE-{document.number}", unseen):
            self._sums["returns_unseen"] += 1
            yield step

    def _cancellation(
        self, document: Document, order_id: str, units: dict[tuple[str, str], int]
    ) -> Iterator[Step]:
        for number, lines in self._requests(document, order_id, units):
            said = OrderCancellation(cancellation_id=number, order_id=order_id, lines=lines)
            kind = catalogue.ORDER_CANCELLATION_REQUESTED
            yield _step(document.at, self._cast.desk, kind, f"cancellation/{number}", said)

    def _return(
        self, document: Document, order_id: str, units: dict[tuple[str, str], int]
    ) -> Iterator[Step]:
        for number, lines in self._requests(document, order_id, units):
            said = ReturnRequest(return_id=number, order_id=order_id, lines=lines)
            kind = catalogue.RETURN_REQUESTED
            yield _step(document.at, self._cast.desk, kind, f"return/{number}", said)

    def _requests(
        self, document: Document, order_id: str, units: dict[tuple[str, str], int]
    ) -> Iterator[tuple[str, tuple[LineQuantity, ...]]]:
        """Requests of one document about one order, each with a number of its own."""
        lines = iter([LineQuantity(line=n, item=sku, quantity=q) for (n, sku), q in units.items()])
        while batch := tuple(islice(lines, min(ORDER_LINES_MAX, DOCUMENT_LINES_MAX))):
            yield self._next_part(f"{document.number}/{order_id}"), batch

    def _stock_line(self, document: Document, line: SourceLine, became: Disposition) -> Step:
        self.ledger.note(document.number, line.line_no, became)
        off = became is Disposition.WRITTEN_OFF
        return self._adjusted(
            document.at,
            self._next_part(f"{document.number}-L{line.line_no}"),
            site_of(line.sku, self._sites),
            line.sku,
            line.quantity,
            AdjustmentReason.WRITE_OFF if off else AdjustmentReason.FOUND,
            StockState.DAMAGED if off else StockState.AVAILABLE,
            note=line.description,
        )

    def _adjusted(
        self,
        at: datetime,
        number: str,
        site: str,
        sku: str,
        quantity: int,
        reason: AdjustmentReason,
        state: StockState,
        phase: Phase = Phase.TRADING,
        note: str = "",
    ) -> Step:
        said = StockAdjustment(
            adjustment_id=number,
            site=site,
            item=sku,
            quantity=quantity,
            reason=reason,
            state=state,
            note=note,
        )
        system = self._cast.sites[site]
        return _step(at, system, catalogue.STOCK_ADJUSTED, f"adjustment/{number}", said, phase)

    def _cash_account(self, day: str) -> str:
        return f"WALK-IN-{self._cast.channel.upper()}-{day}"

    def _next_part(self, stem: str) -> str:
        """The stem itself the first time, then `-P2`, `-P3`."""
        self._parts[stem] += 1
        return _part(stem, self._parts[stem])


def _limit(account: str, dearest: dict[str, int]) -> int:
    """What an account may owe: a share of the customers has little more than one order's worth."""
    tight = dearest.get(account, 0) and drawn(f"credit/{account}", 100) < CREDIT_TIGHT_PERCENT
    return dearest[account] if tight else CREDIT_WIDE_MINOR


_SILENT = {Role.ABSORBED: Disposition.ABSORBED, Role.BOOK_ENTRY: Disposition.BOOK_ENTRY}


def _taken_back_as(young: int, old: int, unseen: int) -> Disposition:
    if unseen:
        seen = young or old
        return Disposition.RETURNED_PARTLY_UNSEEN if seen else Disposition.RETURNED_UNSEEN
    if young and old:
        return Disposition.CANCELLED_AND_RETURNED
    return Disposition.CANCELLED if young else Disposition.RETURNED


def _part(stem: str, part: int) -> str:
    return stem if part == 1 else f"{stem}-P{part}"


def _step(
    at: datetime, source: str, kind: str, number: str, noun: Noun, phase: Phase = Phase.TRADING
) -> Step:
    # A message id is visible ASCII; item codes may hold spaces.
    return Step(at=at, source=source, type=kind, id=quote(number), noun=noun, phase=phase)
