"""What customers and far systems do of themselves: mostly what makes sense, now and then not.

Few items, few orders, small quantities, so that everything meets everything. Each step draws from a
stream of its own, so that leaving one out leaves the others as they are.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, cast

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.counts import StockCount
from crossdock.contracts.orders import (
    LineChange,
    LineQuantity,
    Order,
    OrderCancellation,
    OrderChange,
    OrderLine,
)
from crossdock.contracts.products import Component, Item
from crossdock.contracts.purchasing import PurchaseOrder, PurchaseOrderLine
from crossdock.contracts.replenishment import StockPolicy
from crossdock.contracts.reservations import (
    ReservationCommitment,
    ReservationLine,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.returns import ReturnRequest
from crossdock.contracts.stock import (
    ChannelPool,
    Receipt,
    ReceiptLine,
    StockAdjustment,
    StockMovement,
    StockPlace,
)
from crossdock.contracts.transfers import TransferLine, TransferReceipt, TransferShipment
from crossdock.contracts.vocabulary import (
    AdjustmentReason,
    ItemKind,
    MovementKind,
    PromiseLevel,
    StockState,
)
from crossdock.contracts.words import Noun
from crossdock.estate.system import System
from crossdock.estate.wms import Wms
from crossdock.runtime.simulation.chance import stream
from crossdock.runtime.simulation.nonsense import talk_nonsense

if TYPE_CHECKING:
    from crossdock.runtime.simulation.world import World

ITEMS = ("bolt", "nut", "cog")
KIT = "set"
SITES = ("EAST", "WEST")
CALL_TRIES_MAX = 12
"""How often a customer's call is repeated that got no answer."""


class Doings:
    """Everything that happens outside the hub without being asked for by it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.orders: dict[str, tuple[str, ...]] = {}  # order -> the items of its lines 1, 2, ...
        self.reservations: list[str] = []
        self.calls: list[tuple[str, bytes, bytes]] = []  # kind, body, answer; in order of answers
        self.counted: Counter[tuple[str, str]] = Counter()  # units never had, at the last count
        self.is_straight = world.plan.nonsense == 0.0

    def step(self, number: int) -> Awaitable[None]:
        """What the step of this number is."""
        draw = stream(self.world.plan.seed, "step", number)
        if draw.random() < self.world.plan.nonsense:
            return talk_nonsense(self.world, draw, number)
        weights = self.world.plan.weights
        doing = draw.choices(list(weights), list(weights.values()))[0]
        return cast("Awaitable[None]", getattr(self, doing)(draw, number))

    async def open_house(self) -> None:
        """Master data and opening stock."""
        draw = stream(self.world.plan.seed, "opening")
        erp = self.world.estate["erp"]
        for item in ITEMS:
            await erp.report(catalogue.ITEM_CHANGED, Item(item=item))
        parts = (Component(item="bolt", quantity=2), Component(item="nut", quantity=1))
        kit = Item(item=KIT, kind=ItemKind.KIT, components=parts)
        await erp.report(catalogue.ITEM_CHANGED, kit)
        for site in SITES:
            for item in ITEMS:
                if units := draw.randint(0, 5):
                    await self._adjust(f"opening-{site}-{item}", site, item, units)

    # --- customers ------------------------------------------------------------------------------

    async def order(self, draw: Random, number: int) -> None:
        """An order of one line or a few."""
        items = tuple(draw.choice((*ITEMS, KIT)) for _ in range(draw.choice((1, 1, 2, 3))))
        await self._order(draw, f"o-{number}", items)

    async def _order(self, draw: Random, order_id: str, items: tuple[str, ...]) -> None:
        """Now and then it comes under a purchase order's number that was used before."""
        said = Order(
            order_id=order_id,
            channel="web",
            customer="acme",
            currency="EUR",
            priority=draw.randint(1, 9),
            purchase_order=f"po-{draw.randint(1, 3)}" if draw.random() < 0.1 else None,
            reservation=draw.choice(self.reservations)
            if self.reservations and draw.random() < 0.3
            else None,
            lines=tuple(
                OrderLine(
                    line=str(line),
                    item=item,
                    quantity=draw.randint(1, 4),
                    unit_price_e4=10_000,
                    kind=ItemKind.KIT if item == KIT else ItemKind.STOCK,
                )
                for line, item in enumerate(items, 1)
            ),
        )
        self.orders[order_id] = items
        await self._seller(draw).report(catalogue.ORDER_PLACED, said)

    async def rush(self, draw: Random, number: int) -> None:
        """Several want the same items at one moment, some units perhaps set aside for them."""
        items = (draw.choice(ITEMS),)
        if draw.random() < 0.6:
            await self._pool(draw, items[0], number)
            await asyncio.sleep(draw.choice((0.0, 0.5, 2.0)))
        orders = (self._order(draw, f"o-{number}-{n}", items) for n in range(draw.randint(2, 4)))
        carts = (self._cart(draw, f"v-{number}-{n}", items) for n in range(draw.randint(0, 2)))
        await asyncio.gather(*orders, *carts)

    async def change(self, draw: Random, number: int) -> None:
        """Another quantity for a line that is known, or a new line."""
        order_id, items = self._any_order(draw)
        line = draw.randint(1, len(items) + 1)
        item = items[line - 1] if line <= len(items) else draw.choice(ITEMS)
        change = LineChange(
            line=str(line),
            item=item,
            quantity=draw.randint(0, 5),
            kind=ItemKind.KIT if item == KIT else ItemKind.STOCK,
        )
        await self._seller(draw).report(
            catalogue.ORDER_CHANGE_REQUESTED,
            OrderChange(
                change_id=f"c-{number}",
                order_id=order_id,
                revision=draw.randint(1, 3),
                lines=(change,),
            ),
        )

    async def cancel(self, draw: Random, number: int) -> None:
        """All of an order, or a part of a line."""
        order_id, items = self._any_order(draw)
        lines: tuple[LineQuantity, ...] = ()
        if draw.random() < 0.5:
            line = draw.randint(1, len(items))
            lines = (
                LineQuantity(line=str(line), item=items[line - 1], quantity=draw.randint(1, 3)),
            )
        await self._seller(draw).report(
            catalogue.ORDER_CANCELLATION_REQUESTED,
            OrderCancellation(cancellation_id=f"x-{number}", order_id=order_id, lines=lines),
        )

    async def send_back(self, draw: Random, number: int) -> None:
        """A customer wants to return something, arrived or not."""
        order_id, items = self._any_order(draw)
        line = draw.randint(1, len(items))
        wish = LineQuantity(line=str(line), item=items[line - 1], quantity=draw.randint(1, 2))
        await self._seller(draw).report(
            catalogue.RETURN_REQUESTED,
            ReturnRequest(return_id=f"r-{number}", order_id=order_id, lines=(wish,)),
        )

    async def reserve(self, draw: Random, number: int) -> None:
        """A cart."""
        items = tuple(draw.choice(ITEMS) for _ in range(draw.choice((1, 2))))
        await self._cart(draw, f"v-{number}", items)

    async def _cart(self, draw: Random, reservation: str, items: tuple[str, ...]) -> None:
        """Units set aside, until they expire unless they are said to be held hard."""
        self.reservations.append(reservation)
        hard = draw.random() < 0.2
        said = ReservationRequest(
            reservation_id=reservation,
            channel="web",
            lines=tuple(
                ReservationLine(line=str(line), item=item, quantity=draw.randint(0, 3))
                for line, item in enumerate(items, 1)
            ),
            hard=hard,
            expires_in_seconds=None if hard else draw.choice((2, 10, 30)),
            all_or_nothing=draw.random() < 0.6,
            level=draw.choice(list(PromiseLevel)),
        )
        await self._call(catalogue.RESERVATION_REQUESTED, said, draw)

    async def commit(self, draw: Random, number: int) -> None:
        """A cart is paid."""
        said = ReservationCommitment(
            reservation_id=self._any_reservation(draw), attempt=1 + number % 1000
        )
        await self._call(catalogue.RESERVATION_COMMITTED, said, draw)

    async def leave(self, draw: Random, number: int) -> None:
        """A cart is left."""
        said = ReservationRelease(
            reservation_id=self._any_reservation(draw), attempt=1 + number % 1000
        )
        await self._call(catalogue.RESERVATION_RELEASED, said, draw)

    async def _call(self, kind: str, noun: Noun, draw: Random) -> None:
        """Ask until there is an answer, with the same words."""
        body = msgspec.json.encode(noun)
        for _ in range(CALL_TRIES_MAX):
            posted = await self.world.wires["shop"].call(lambda node: node.ask("shop", kind, body))
            if posted is not None and posted.status == 200:
                self.world.trace.reach(f"call answered {kind}")
                self.calls.append((kind, body, posted.body))
                if draw.random() < 0.7:
                    return
            await asyncio.sleep(draw.uniform(0.1, 3.0))

    # --- warehouses -----------------------------------------------------------------------------

    async def receive(self, draw: Random, number: int) -> None:
        """Goods come in."""
        wms = self._any_wms(draw)
        line = ReceiptLine(
            item=draw.choice(ITEMS),
            quantity=draw.randint(0, 5),
            state=draw.choice((StockState.AVAILABLE, StockState.AVAILABLE, StockState.QUARANTINE)),
            expected=draw.choice((None, None, 3)),
        )
        said = Receipt(receipt_id=f"g-{number}", site=wms.site, lines=(line,), supplier="smith")
        await wms.report(catalogue.RECEIPT_POSTED, said)

    async def adjust(self, draw: Random, number: int) -> None:
        """Units are found, or written off."""
        wms = self._any_wms(draw)
        item = draw.choice(ITEMS)
        units = draw.choice((1, 2, -1))
        if wms.bins.units(item) + units >= 0:
            await self._adjust(f"a-{number}", wms.site, item, units)

    async def _adjust(self, name: str, site: str, item: str, units: int) -> None:
        said = StockAdjustment(
            adjustment_id=name,
            site=site,
            item=item,
            quantity=units,
            reason=AdjustmentReason.OPENING if units > 0 else AdjustmentReason.WRITE_OFF,
        )
        await self.world.estate.wms(site).report(catalogue.STOCK_ADJUSTED, said)

    async def count(self, draw: Random, number: int) -> None:
        """Units vanish unseen, and a count tells what is on the shelf."""
        wms = self._any_wms(draw)
        item = draw.choice(ITEMS)
        if wms.bins.units(item) > 0 and draw.random() < 0.5:
            wms.lose(item, 1)
        wms.bins.own_up(item)
        self.counted[wms.site, item] = wms.bins.never_had[item]
        said = StockCount(
            count_id=f"k-{number}", site=wms.site, item=item, quantity=max(0, wms.bins.units(item))
        )
        wms.say(catalogue.STOCK_COUNTED, said)

    async def put_aside(self, draw: Random, number: int) -> None:
        """Units go into quarantine, or come out of it."""
        wms = self._any_wms(draw)
        item = draw.choice(ITEMS)
        states = [StockState.AVAILABLE, StockState.QUARANTINE]
        kinds = [MovementKind.QUARANTINE, MovementKind.RELEASE_FROM_QUARANTINE]
        back = draw.randint(0, 1)
        source, target = states[back], states[1 - back]
        if wms.bins.units(item, source) > 0:
            said = StockMovement(
                movement_id=f"m-{number}",
                kind=kinds[back],
                item=item,
                quantity=1,
                source=StockPlace(state=source, site=wms.site),
                target=StockPlace(state=target, site=wms.site),
            )
            await wms.report(catalogue.STOCK_MOVED, said)

    async def transfer(self, draw: Random, number: int) -> None:
        """Goods leave one site for the other, and arrive there some time later."""
        wms = self._any_wms(draw)
        other = self.world.estate.wms(SITES[1 - SITES.index(wms.site)])
        item = draw.choice(ITEMS)
        units = min(wms.bins.units(item), draw.randint(1, 2))
        if units <= 0:
            return
        lines = (TransferLine(item=item, quantity=units),)
        name = f"t-{number}"
        wms.bins.move(item, StockState.AVAILABLE, StockState.ADJUSTMENT, units)
        wms.say(
            catalogue.TRANSFER_SHIPPED,
            TransferShipment(
                transfer_id=name,
                leg_id="1",
                site=wms.site,
                destination=other.site,
                lines=lines,
                expected_by=wms.now() + timedelta(seconds=draw.choice((2, 3600))),
            ),
        )
        await asyncio.sleep(draw.uniform(0.0, 8.0))
        other.bins.move(item, StockState.ADJUSTMENT, StockState.AVAILABLE, units)
        other.say(
            catalogue.TRANSFER_RECEIVED,
            TransferReceipt(transfer_id=name, leg_id="1", site=other.site, lines=lines),
        )

    # --- the ERP --------------------------------------------------------------------------------

    async def pool(self, draw: Random, number: int) -> None:
        """A channel gets units to itself."""
        await self._pool(draw, draw.choice(ITEMS), number)

    async def _pool(self, draw: Random, item: str, number: int) -> None:
        said = ChannelPool(
            channel="web",
            item=item,
            site=draw.choice(SITES),
            quantity=draw.randint(0, 3),
            version=number + 1,
        )
        await self.world.estate["erp"].report(catalogue.POOL_CHANGED, said)

    async def policy(self, draw: Random, number: int) -> None:
        """Safety stock and a reorder point."""
        said = StockPolicy(
            item=draw.choice(ITEMS),
            site=draw.choice(SITES),
            revision=number + 1,
            safety_stock=draw.randint(0, 1),
            reorder_point=draw.randint(0, 3),
            reorder_quantity=3,
        )
        await self.world.estate["erp"].report(catalogue.STOCK_POLICY_CHANGED, said)

    async def purchase(self, draw: Random, number: int) -> None:
        """Goods are ordered from a supplier, or not any more."""
        erp = self.world.estate["erp"]
        line = PurchaseOrderLine(
            line="1",
            item=draw.choice(ITEMS),
            quantity=draw.randint(0, 4),
            expected_at=erp.now() + timedelta(seconds=draw.choice((30, 90_000))),
        )
        said = PurchaseOrder(
            purchase_order=f"p-{draw.randint(1, 2)}",
            site=draw.choice(SITES),
            revision=number + 1,
            lines=(line,),
        )
        await erp.report(catalogue.PURCHASE_ORDER_CHANGED, said)

    async def repeat(self, draw: Random, number: int) -> None:
        """Something is sent again: as it was, or under its id with other words, or a new id."""
        said = self.world.said_by_anybody
        if not said:
            return
        name, message_id, event = draw.choice(said)
        system: System = self.world.estate[name]
        how = draw.choice(("same", "same", "other id"))
        if how == "other id":
            try:
                tree: Any = dict(msgspec.json.decode(event))
            except (msgspec.DecodeError, TypeError, ValueError):
                return  # it was nonsense
            tree["id"] = f"again-{number}"
            event, message_id = msgspec.json.encode(tree), tree["id"]
        self.world.trace.reach(f"repeated with {how}")
        system.outbox.put(message_id, event)

    # --- who and what ---------------------------------------------------------------------------

    def _seller(self, draw: Random) -> System:
        return self.world.estate[draw.choice(("shop", "shop", "crm"))]

    def _any_wms(self, draw: Random) -> Wms:
        return self.world.estate.wms(draw.choice(SITES))

    def _any_order(self, draw: Random) -> tuple[str, tuple[str, ...]]:
        """An order, mostly one of the newest."""
        if not self.orders:
            return "o-0", ("bolt",)
        return draw.choice(list(self.orders.items())[-4:])

    def _any_reservation(self, draw: Random) -> str:
        return draw.choice(self.reservations[-3:]) if self.reservations else "v-0"
