"""An order as the hub keeps it: quantities per line and site; every status is derived from them.

Facts only ever add, so that any permutation and duplication of the same facts ends in the same
state (decision 5). What the hub itself promised or asked for (`reserved`, `released`, memories)
follows from the facts and the stock; it is not part of the fingerprint where it only remembers
history.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from crossdock.contracts.kits import begun_kits, whole_kits
from crossdock.contracts.vocabulary import ItemKind, OrderStatus, ReturnReason
from crossdock.contracts.words import Address


class LotGoods(msgspec.Struct, array_like=True):
    """What was said of one lot at a site, or of goods from elsewhere than the shelf, in base units.

    `source` is a `PickSource`; a shipment does not know it and says "available".
    """

    lot: str
    source: str
    picked: int = 0
    shipped: int = 0


class GoodsTold(msgspec.Struct, array_like=True, omit_defaults=True, order=True):
    """One fact about goods at a place: when it happened, and how much it added to which figure.

    `goods` are the units of it by (source, lot), where a lot or another place than the shelf was
    named.
    """

    at: int  # microseconds of UTC since 1970
    figure: str  # "picked", "packed" or "shipped"
    units: int
    goods: tuple[tuple[str, str, int], ...] = ()


class SiteLine(msgspec.Struct, omit_defaults=True):
    """One line at one site, in base units; `stopping` is asked to be stopped and not answered.

    `reserved` is promised and still on the shelf; `released` is the part of it that the warehouse
    was asked for; `stopped` is what the warehouse was asked to put back after it had picked,
    `put_back` what it says that it did put back.
    """

    reserved: int = 0
    released: int = 0
    picked: int = 0
    short: int = 0
    packed: int = 0
    shipped: int = 0
    returned: int = 0
    stopped: int = 0
    stopping: int = 0
    picked_grams: int = 0
    shipped_grams: int = 0
    goods: list[LotGoods] = []  # what was said of lots, by (lot, source)
    told: list[GoodsTold] = []  # the facts that make up picked, packed and shipped, by moment
    put_back: int = 0

    @property
    def taken(self) -> int:
        """Units ever off the shelf: a shipment implies its packing, a packing implies its pick."""
        most = self.picked
        if self.packed > most:
            most = self.packed
        return max(most, self.shipped)

    @property
    def away(self) -> int:
        """Units off the shelf now: what was put back is not, what has left stays away."""
        return max(self.taken - self.put_back, self.shipped) if self.put_back else self.taken

    @property
    def staged(self) -> int:
        """Units that stand picked or packed in the house."""
        return self.away - self.shipped

    @property
    def to_put_back(self) -> int:
        """Staged units that the warehouse was asked to put back, and has not."""
        return max(0, self.stopped - self.put_back)

    @property
    def taken_grams(self) -> int:
        """Grams off the shelf, as far as anybody weighed: at the pick or at the door."""
        return max(self.picked_grams, self.shipped_grams)


class Line(msgspec.Struct, omit_defaults=True):
    """One order line; `revision` names the change that set `ordered` (empty: the order itself).

    What was said in a unit stands in `unit` and `in_unit`; `ordered` is 0 until it is converted. A
    kit's line lists its components' lines in `parts`; each of those names it as its `kit`, with
    `each` base units per kit, and is reserved, picked and shipped like any other.
    """

    item: str = ""
    kind: ItemKind = ItemKind.STOCK
    ordered: int = 0
    unit: str = ""
    in_unit: int | str = 0
    price_e4: int = 0
    price_unit: str = ""
    price_each: tuple[int, int] = (1, 1)  # base units per price unit, as a fraction
    priced: bool = False
    discount: int = 0  # off all that is ordered, its part of the order's own included
    tax_code: str = ""
    kept: bool = False  # its item's master says that it is not taken back
    revision: tuple[int, str] = (0, "")
    price_revision: tuple[int, str] = (0, "")  # of the change that set the price
    cancel: int = 0
    invoiced: int = 0
    waiting: int = 0
    closed: bool = False  # a person ships what is picked and cancels the rest
    short_closed: int = 0  # not found, and by policy not served from elsewhere
    compensated: int = 0  # cancelled when it had left, and asked back
    only_site: str = ""  # where a person wants it served from
    only_site_revision: tuple[int, str] = (0, "")
    parts: list[str] = []
    kit: str = ""
    each: int = 0
    handling: dict[str, str] = {}  # what a warehouse is told of the item
    shown: list[str] = []  # the conditions of this line that people are shown, as "kind=numbers"
    asked: int = 0  # units that finance was asked to invoice
    credit_asked: int = 0  # units that finance was asked to credit
    sites: dict[str, SiteLine] = {}

    @property
    def uncounted(self) -> bool:
        """Whether its quantity was said in a unit and is not converted yet."""
        return bool(self.unit) and not self.ordered

    def at(self, site: str) -> SiteLine:
        """The line at this site, made when it is first spoken of."""
        found = self.sites.get(site)
        if found is None:
            found = self.sites[site] = SiteLine()
        return found

    def total(self, figure: str) -> int:
        """The sum of one figure over all sites."""
        return sum(getattr(place, figure) for place in self.sites.values())


class ShipmentMark(msgspec.Struct, omit_defaults=True):
    """A shipment of the order, and when it left.

    `withheld` says why finance is not asked to invoice it although there is something to invoice;
    `closed` what a person made of it, where the order that it names was never placed.
    """

    site: str
    lines: dict[str, int]
    at: str = ""  # ISO 8601 in UTC
    withheld: str = ""
    closed: str = ""


class ReturnMark(msgspec.Struct, omit_defaults=True):
    """A wish to send goods back; served in the order of (since, id)."""

    since: str
    lines: dict[str, int]
    authorised: bool = False
    items: dict[str, str] = {}  # line -> what the customer says it is
    reason: str = ""
    condition: str = ""
    granted: bool = False  # at a desk, to a caller who waited: not taken back
    told: str = ""  # the status that desks and channels were last told


class Amounts(msgspec.Struct, array_like=True, frozen=True):
    """So many units of a line, what they cost net, the tax on it, what was off; minor units."""

    units: int
    net: int = 0
    tax: int = 0
    off: int = 0


class InvoiceAsk(msgspec.Struct, omit_defaults=True):
    """An invoice that finance was asked for: of a shipment and, from 1 on, of which correction."""

    shipment: str
    lines: dict[str, Amounts]
    total: int
    correction: int = 0
    freight: int = 0
    freight_tax: int = 0
    rounding: int = 0
    day: str = ""  # under which finance is to book it
    attempt: int = 1
    rejected: str = ""  # in finance's words; a blank where it gave none


class InvoiceMark(msgspec.Struct, omit_defaults=True):
    """An invoice that finance posted."""

    shipment: str
    currency: str
    lines: dict[str, Amounts]
    total: int
    correction: int = 0
    freight: int = 0
    freight_tax: int = 0
    rounding: int = 0
    role: str = "shop"
    at: str = ""


class PaymentMark(msgspec.Struct, array_like=True, frozen=True):
    """Money that came for an invoice."""

    invoice: str
    currency: str
    amount: int


class Piece(msgspec.Struct, array_like=True, frozen=True, order=True):
    """Returned goods of one line and lot, and what a site says becomes of them."""

    line: str
    item: str
    lot: str
    disposition: str
    units: int


class ReceiptMark(msgspec.Struct, omit_defaults=True):
    """Goods that came back; `orders.receipts` says what becomes of them.

    `set_apart` are the lines whose goods stand apart until a person has inspected them: nobody
    asked for them, or they are others than were sold.
    """

    site: str = ""
    at: str = ""
    pieces: list[Piece] = []
    return_id: str = ""
    inspected: list[Piece] = []
    set_apart: list[str] = []


class CreditAsk(msgspec.Struct, omit_defaults=True):
    """A credit that finance was asked for."""

    reason: str
    lines: dict[str, Amounts]
    total: int
    fee: int = 0
    rounding: int = 0
    receipt: str = ""
    shipment: str = ""
    correction: str = ""


class CreditMark(msgspec.Struct, omit_defaults=True):
    """A credit memo that finance posted."""

    currency: str
    lines: dict[str, Amounts]
    total: int
    fee: int = 0
    rounding: int = 0
    ask: str = ""
    role: str = "shop"
    at: str = ""


class CorrectionMark(msgspec.Struct, omit_defaults=True):
    """Somebody's word that an invoice charged too much."""

    shipment: str
    lines: dict[str, Amounts]


class OrderState(msgspec.Struct, omit_defaults=True):
    """Everything the hub knows of one order."""

    order_id: str
    placed: bool = False
    channel: str = ""
    customer: str = ""
    currency: str = ""
    priority: int = 5
    since: str = ""  # event time of the order, ISO 8601 in UTC
    ship_to: Address = Address()
    cancel_all: bool = False
    holds: list[str] = []  # those that stand: `holding.restand`
    lines: dict[str, Line] = {}
    shipments: dict[str, ShipmentMark] = {}
    returns: dict[str, ReturnMark] = {}
    receipts: dict[str, ReceiptMark] = {}
    freight: int = 0
    invoices: dict[str, InvoiceMark] = {}
    payments: dict[str, PaymentMark] = {}
    credits: dict[str, CreditMark] = {}
    corrections: dict[str, CorrectionMark] = {}
    asks: dict[str, InvoiceAsk] = {}  # by the id that `ask_id` gives
    credit_asks: dict[str, CreditAsk] = {}
    open: list[str] = []  # what contradicts between its documents, as people are shown it
    facts: dict[str, str] = {}  # fact key -> its place on the log
    releases: int = 0
    told: str = ""  # the status that channels were last told
    reservation: str = ""
    took_over: bool = False  # whether the reservation's units were looked for
    version: int = 0  # how many messages about the order were applied: each told thing bears it
    purchase_order: str = ""
    terms: str = ""
    requested_for: str = ""  # ISO 8601 in UTC
    priority_revision: tuple[int, str] = (0, "")  # of the change that set it
    ship_to_revision: tuple[int, str] = (0, "")
    requested_revision: tuple[int, str] = (0, "")
    found_holds: list[str] = []  # what rules find wrong with it
    placed_holds: dict[str, str] = {}  # id -> kind
    released_holds: list[str] = []  # "kind/id" or "kind/name"
    lapsed_holds: list[str] = []
    forced: bool = False  # a person lets it go on in spite of its holds
    closed: bool = False  # likewise, every line is shipped as far as it is picked
    exposed_to: str = ""  # the account against whose credit it counts
    exposed_minor: int = 0  # so much of its value does
    watching: dict[str, int] = {}  # master record -> the round of its list that the order is on
    acknowledged: str = ""  # what was acknowledged last, as a digest
    reached: list[str] = []  # the milestones that were told last
    unpacked: list[str] = []  # cartons of which nothing is left, as `carton_key` names them

    def line(self, number: str, item: str) -> Line:
        """The line with this number, made when a fact names it before the order does."""
        found = self.lines.get(number)
        if found is None:
            found = self.lines[number] = Line(item=item)
        return found

    def parts_of(self, line: Line) -> dict[str, Line]:
        """The components' lines of a kit's line, by line."""
        return {number: self.lines[number] for number in line.parts}

    def order_parts(self, line: Line) -> None:
        """Let a kit's components be wanted as often as the kit is."""
        for part in self.parts_of(line).values():
            part.ordered = line.ordered * part.each

    def stock_lines(self) -> Iterator[tuple[str, Line]]:
        """The lines that sit on shelves, in line order."""
        for number in sorted(self.lines):
            if self.lines[number].kind is ItemKind.STOCK:
                yield number, self.lines[number]

    def services_only(self) -> bool:
        """Whether nothing of this order sits on a shelf."""
        return all(line.kind is ItemKind.SERVICE for line in self.lines.values())


def carton_key(site: str, carton: str) -> str:
    """The name of a carton: every site numbers its own."""
    return f"{site}/{carton}"


class Figures(msgspec.Struct, gc=False):
    """One line's derived quantities; ordered = open + taken for it + cancelled, all >= 0 (I9)."""

    ordered: int
    shipped: int
    taken: int  # off the shelf now, or gone
    cancelled: int
    refused_cancel: int  # asked for too late: it had left the house
    open: int  # still to be taken off a shelf
    reserved: int
    backordered: int
    returned: int
    invoiced: int


def figures(order: OrderState, line: Line) -> Figures:
    """Derive one line's quantities from its facts."""
    shipped = taken = reserved = returned = 0
    for place in line.sites.values():
        shipped += place.shipped
        taken += place.away
        reserved += place.reserved - place.stopping
        returned += place.returned
    ordered = line.ordered
    wish = ordered if order.cancel_all else line.cancel
    if line.kit:
        kit = order.lines[line.kit]
        wish = _cancelled_kits(order, kit) * line.each
    if line.kind is _KIT:
        return _kit_figures(order, line, wish)
    if line.kind is _STOCK:
        less = wish + line.short_closed
        cancelled = max(0, min(less, ordered - shipped)) if less else 0
        if line.closed or order.closed:
            cancelled = max(cancelled, ordered - taken)
        still_open = max(0, ordered - cancelled - taken)
        backordered = max(0, still_open - reserved)
    else:
        shipped, cancelled = _served(order, line, wish)
        taken, still_open, backordered = shipped, max(0, ordered - cancelled - shipped), 0
    return Figures(
        ordered,
        shipped,
        taken,
        cancelled,
        max(0, min(wish, ordered) - cancelled) if wish else 0,
        still_open,
        reserved,
        backordered,
        returned,
        line.invoiced,
    )


_STOCK = ItemKind.STOCK
_KIT = ItemKind.KIT


def _kit_figures(order: OrderState, line: Line, wish: int) -> Figures:
    """A kit's figures follow from its components': only what is whole has left, or come back.

    Its promises stand on its components' lines; it is backordered as often as one of them is.
    """
    each = {number: part.each for number, part in order.parts_of(line).items()}
    parts = {number: figures(order, order.lines[number]) for number in each}
    cancelled = _cancelled_kits(order, line)
    taken = whole_kits(each, {number: now.taken for number, now in parts.items()})
    return Figures(
        ordered=line.ordered,
        shipped=whole_kits(each, {number: now.shipped for number, now in parts.items()}),
        taken=taken,
        cancelled=cancelled,
        refused_cancel=max(0, min(wish, line.ordered) - cancelled),
        open=max(0, line.ordered - cancelled - taken),
        reserved=0,
        backordered=begun_kits(each, {number: now.backordered for number, now in parts.items()}),
        returned=whole_kits(each, {number: now.returned for number, now in parts.items()}),
        invoiced=line.invoiced,
    )


def _cancelled_kits(order: OrderState, kit: Line) -> int:
    """Kits are cancelled whole, as long as no component of them has left the house."""
    whole = order.cancel_all or order.closed or kit.closed
    wish = kit.ordered if whole else kit.cancel
    if not wish:
        return 0
    parts = order.parts_of(kit)
    shipped = {number: part.total("shipped") for number, part in parts.items()}
    begun = begun_kits({number: part.each for number, part in parts.items()}, shipped)
    return max(0, min(wish, kit.ordered - begun))


def _served(order: OrderState, line: Line, wish: int) -> tuple[int, int]:
    """(shipped, cancelled) of a service: it leaves with the first shipment of its order.

    In an order of services alone nothing is ever shipped: what is not cancelled counts as served
    when the order is placed.
    """
    if order.shipments:
        return line.ordered, 0
    cancelled = min(wish, line.ordered)
    if order.placed and order.services_only():
        return line.ordered - cancelled, cancelled
    return 0, cancelled


def all_figures(order: OrderState) -> dict[str, Figures]:
    """Every line's figures, by line."""
    return {number: figures(order, line) for number, line in order.lines.items()}


def status(order: OrderState, known: dict[str, Figures] | None = None) -> OrderStatus:
    """The order's status, a function of its line quantities (`known` if derived already)."""
    if not order.placed:
        return OrderStatus.AWAITED
    ordered = cancelled = shipped = to_leave = taken = returned = invoiced = backordered = 0
    for number, now in (all_figures(order) if known is None else known).items():
        line = order.lines[number]
        taken += now.taken
        if line.kit:
            continue  # its kit stands for it
        ordered += now.ordered
        if line.uncounted and not order.cancel_all:
            ordered += 1  # something is: its order is held until it is known how much
            to_leave += 1
        cancelled += now.cancelled
        shipped += now.shipped
        to_leave += max(0, now.ordered - now.cancelled - now.shipped)
        returned += now.returned
        invoiced += now.invoiced
        backordered += now.backordered
    if cancelled >= ordered and not shipped:  # what has left has left, wanted or not (I8)
        return OrderStatus.CANCELLED
    if not to_leave:  # line by line: too much of one does not make up for another
        if returned >= shipped:
            return OrderStatus.RETURNED
        return OrderStatus.INVOICED if invoiced >= shipped else OrderStatus.SHIPPED
    if shipped:
        return OrderStatus.PARTLY_SHIPPED
    if taken:
        return OrderStatus.PICKING
    if order.holds:
        return OrderStatus.HELD
    return OrderStatus.BACKORDERED if backordered else OrderStatus.RELEASED


_FACTS = (
    "picked", "short", "packed", "shipped", "returned", "picked_grams", "shipped_grams", "put_back",
)  # fmt: skip


def fingerprint(order: OrderState) -> str:
    """A digest of everything about the order that must not depend on the order of arrival.

    Facts count by line and site. Promises count by item: which site and which of two lines of one
    item they stand on is a decision of its moment, recorded in the log, and a warehouse that is at
    work on one is not sent away because another order of arrival would have chosen otherwise.
    """
    promised: dict[str, int] = {}
    for line in order.lines.values():
        now = figures(order, line)
        if now.reserved:
            promised[line.item] = promised.get(line.item, 0) + now.reserved
    lines = {
        number: [
            line.item,
            line.kind,
            line.ordered,
            line.price_e4,
            line.cancel,
            line.short_closed,
            line.closed,
            line.only_site,
            line.invoiced,
            {site: _facts(place) for site, place in line.sites.items() if _facts(place)},
        ]
        for number, line in order.lines.items()
    }
    said = {
        "header": [
            order.placed,
            order.channel,
            order.customer,
            order.currency,
            order.priority,
            order.ship_to,
            order.requested_for,
        ],
        "cancel_all": order.cancel_all,
        "unpacked": order.unpacked,
        "by_hand": [order.forced, order.closed],
        "holds": sorted(order.holds),
        "lines": lines,
        "promised": promised,
        "facts": sorted(key for key in order.facts if not key.startswith(_HISTORY)),
        "shipments": sorted(order.shipments),
        "returns": {
            number: mark.authorised
            for number, mark in order.returns.items()
            if mark.reason != ReturnReason.LATE_CANCELLATION
        },
        "money": [
            sorted(order.receipts.items()),
            sorted(order.invoices.items()),
            sorted(order.credits.items()),
            sorted(order.payments.items()),
            sorted(order.corrections.items()),
        ],
        "status": status(order),
    }
    return sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


STOP_ANSWER = "release-stopped/"
"""The fact keys of warehouses' answers to stops: whether one was asked is history."""

ASKED_BACK_FACT = "asked-back/"
"""The fact keys of what the hub asked back: how often it did is history."""

_HISTORY = (STOP_ANSWER, ASKED_BACK_FACT)


def _facts(place: SiteLine) -> dict[str, object]:
    facts: dict[str, object] = {n: getattr(place, n) for n in _FACTS if getattr(place, n)}
    if place.goods:
        facts["goods"] = place.goods
    return facts
