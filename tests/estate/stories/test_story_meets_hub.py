"""A story told to the pure hub: whatever runs short on the way, every order comes to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.invoices import Invoice, InvoiceLine, InvoiceRequest
from crossdock.contracts.orders import Release
from crossdock.contracts.returns import ReturnAuthorisation, ReturnReceipt, ReturnReceiptLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.vocabulary import Fate, OrderStatus, StockState
from crossdock.contracts.words import Noun
from crossdock.estate.stories.generated import generated_story
from crossdock.estate.stories.planner import Cast, PlannedStory
from crossdock.estate.stories.story import Step
from crossdock.log.records import Claimed, Settlement, Verdict
from crossdock.orders.state import figures, status
from crossdock.sagas.policy import Policy
from crossdock.testing.builders import T0, at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

OVER = {OrderStatus.INVOICED, OrderStatus.CANCELLED, OrderStatus.RETURNED}


class PromptHouse(SmallHub):
    """A hub whose far systems do at once and in full what they are asked."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.backordered = 0

    def hear(self, step: Step) -> None:
        """Take a step of the story in, as its sender says it."""
        entity = CATALOGUE[step.type].entity
        site, channel = (getattr(step.noun, name, None) for name in ("site", "channel"))
        # The matrix that ships lets the ERP hold orders back; a house gives that to its desk.
        source = "erp" if entity == "order_hold" else step.source
        assert self.policy.matrix.may_say(source, entity, site, channel), step
        self._say(step.type, step.noun, step.id, source, step.at)
        if step.type == catalogue.ORDER_PLACED:
            order = self.order(step.noun.order_id)  # type: ignore[attr-defined]
            self.backordered += sum(
                bool(figures(order, line).backordered) for line in order.lines.values()
            )

    def work(self, moment: datetime) -> None:
        """Let every system do what it was asked, until the hub asks for nothing more."""
        while asked := [effect for name in SYSTEMS for effect in self._claim(name)]:
            for effect in asked:
                for kind, noun in _answers(effect):
                    number = f"{effect.business_key}/{CATALOGUE[kind].business_key(noun)}"
                    self._say(kind, noun, number[-120:], effect.destination, moment)

    def _claim(self, system: str) -> list[Claimed]:
        claimed = at_once(self.store.claim(system, at(0), at(10), 1_000))
        settled = [Settlement(c.effect_id, c.attempt, Verdict.ACCEPTED) for c in claimed]
        at_once(self.store.settle(settled, at(0)))
        return claimed

    def _say(self, kind: str, noun: Noun, number: str, source: str, moment: datetime) -> None:
        seconds = (moment - T0).total_seconds()
        receipts = self.tell(noun_message(kind, noun, number, source=source, seconds=seconds))
        assert len(receipts) == 1


SYSTEMS = ("wms_east", "wms_west", "erp", "shop", "crm")


def _answers(effect: Claimed) -> Iterator[tuple[str, Noun]]:
    if effect.type == catalogue.ORDER_RELEASED:
        release = msgspec.json.decode(effect.body, type=Release)
        yield (
            catalogue.SHIPMENT_SHIPPED,
            Shipment(
                shipment_id=f"S-{release.release_id}",
                order_id=release.order_id,
                site=release.site,
                lines=tuple(
                    ShipmentLine(line=line.line, item=line.item, quantity=line.quantity)
                    for line in release.lines
                ),
            ),
        )
    elif effect.type == catalogue.INVOICE_REQUESTED:
        asked = msgspec.json.decode(effect.body, type=InvoiceRequest)
        yield (
            catalogue.INVOICE_POSTED,
            Invoice(
                invoice_id=f"I-{asked.shipment_id}",
                order_id=asked.order_id,
                shipment_id=asked.shipment_id,
                currency=asked.currency,
                lines=tuple(
                    InvoiceLine(line=n.line, quantity=n.quantity, amount_minor=n.amount_minor)
                    for n in asked.lines
                ),
                total_minor=asked.total_minor,
            ),
        )
    elif effect.type == catalogue.RETURN_AUTHORISED and effect.destination.startswith("wms"):
        allowed = msgspec.json.decode(effect.body, type=ReturnAuthorisation)
        yield (
            catalogue.RETURN_RECEIVED,
            ReturnReceipt(
                return_receipt_id=f"RR-{allowed.return_id}",
                order_id=allowed.order_id,
                site=allowed.site,
                return_id=allowed.return_id,
                lines=tuple(
                    ReturnReceiptLine(line=n.line, item=n.item, quantity=n.quantity)
                    for n in allowed.lines
                ),
            ),
        )


def _told(story: PlannedStory, keep_back: int) -> PromptHouse:
    # As in earnest: an order for an item that nobody announced, or of another kind, is held.
    policy = replace(small_policy(keep_back=keep_back), known_items_only=True)
    house = PromptHouse(policy)
    for step in story.steps():
        house.hear(step)
        house.work(step.at)
    return house


@pytest.mark.parametrize("keep_back", [0, 2])
def test_every_order_of_a_story_comes_to_its_end(keep_back: int) -> None:
    """Some lines wait for stock; at the end all placed orders are invoiced, cancelled, returned."""
    story = generated_story(150, seed=4, cast=Cast(keep_back=keep_back))
    house = _told(story, keep_back)
    account = story.accounting()
    orders = {name: house.order(name) for name in house.store.data.orders}
    ends = Counter(status(order) for order in orders.values())
    assert ends.pop(OrderStatus.AWAITED) == account.returns_unseen
    assert set(ends) <= OVER, ends
    assert ends.total() == account.orders + account.orders_credit
    assert account.orders >= 150
    assert house.backordered > 0
    assert not house.ending().waiting
    fates = at_once(house.store.fates())
    assert (fates[Fate.HELD], fates[Fate.DEAD]) == (0, 0)
    for row in house.ending().balances:
        if row.state in (StockState.AVAILABLE, StockState.PICKED, StockState.DAMAGED):
            assert row.quantity >= 0, row
