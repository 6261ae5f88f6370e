"""What the warehouses' facts about stock do: receipts, movements, adjustments."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec.structs import replace

from crossdock.contracts import catalogue, stock
from crossdock.contracts.words import Measured
from crossdock.inventory import ledger, weights
from crossdock.inventory.units import Refusal
from crossdock.log.records import Wanted
from crossdock.sagas import conflicts, fulfilment, pools
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider, items_of_lines, its_item
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.measures import in_base_units
from crossdock.sagas.pools import Pool
from crossdock.sagas.turn import Turn

M = TypeVar("M", bound=Measured)


def _received(batch: Batch, turn: Turn, noun: stock.Receipt) -> None:
    lines = []
    for line in noun.lines:
        counted = count(batch, turn, line.item, line)
        if counted is None:
            return
        lines.append(counted)
    noun = replace(noun, lines=tuple(lines))
    enter(turn, ledger.received(noun))
    turn.outcome.weights += weights.received(noun)
    for line in noun.lines:
        if line.expected is not None and line.expected != line.quantity:
            turn.note(
                "receipt-discrepancy",
                f"{noun.site}/{noun.receipt_id}/{line.item}",
                f"{line.quantity} received of {line.expected} expected",
            )


def _adjusted(batch: Batch, turn: Turn, noun: stock.StockAdjustment) -> None:
    counted = count(batch, turn, noun.item, noun)
    if counted is None:
        return
    if counted.quantity == 0 and not counted.weight_change_grams:
        turn.supersede("an adjustment by nothing")
        return
    enter(turn, ledger.adjusted(counted))
    turn.outcome.weights += weights.adjusted(counted)


def _moved(batch: Batch, turn: Turn, noun: stock.StockMovement) -> None:
    contradiction = ledger.misfit(noun)
    if contradiction is not None:
        turn.hold("the states of this movement contradict its kind")
        turn.note("movement-contradicts-kind", noun.movement_id, contradiction)
        return
    if noun.serials and len(noun.serials) != noun.quantity:
        turn.note(
            "serials-do-not-match",
            noun.movement_id,
            f"{len(noun.serials)} serial numbers for {noun.quantity} units of {noun.item}",
        )
    movements = ledger.moved(noun)
    enter(turn, movements)
    conflicts.watch(batch, turn, movements)
    turn.outcome.weights += weights.moved(noun)


def count(batch: Batch, turn: Turn, item: str, said: M) -> M | None:
    """The same in base units; None where it does not come out, and the message is held."""
    if said.unit is None:
        return said
    base = in_base_units(batch, item, said)
    if isinstance(base, Refusal):
        turn.hold(f"{base}: {said.unit_quantity} {said.unit} of {item}")
        return None
    return replace(said, quantity=base, unit=None, unit_quantity=None)


def enter(turn: Turn, movements: list[Any]) -> None:
    """Enter movements, then give what came free to those who wait."""
    freed: set[tuple[str, str]] = set()
    for movement in movements:
        turn.move(movement)
        freed.update(
            (item, site) for item, site, change in ledger.sellable_change(movement) if change > 0
        )
    for item, site in sorted(freed):
        fulfilment.serve_waiting(turn, item, site)


def _items_and_measured(wanted: Wanted, noun: stock.Receipt) -> None:
    items_of_lines(wanted, noun)
    wanted.masters.update(("item", line.item) for line in noun.lines if line.unit is not None)


def _item_if_measured(wanted: Wanted, noun: stock.StockAdjustment) -> None:
    its_item(wanted, noun)
    if noun.unit is not None:
        wanted.masters.add(("item", noun.item))


def _pooled(batch: Batch, turn: Turn, noun: stock.ChannelPool) -> None:
    known = turn.pools.pool(noun.item, noun.site, noun.channel)
    if known.version >= noun.version:
        turn.supersede(f"version {known.version} is known")
        return
    after = Pool(noun.quantity, known.used, noun.version)
    turn.pools.put(turn, noun.item, noun.site, noun.channel, after)
    fulfilment.serve_waiting(turn, noun.item, noun.site)


def _wants_pool(wanted: Wanted, noun: stock.ChannelPool) -> None:
    wanted.items.add(noun.item)
    number = pools.number_of(noun.item, noun.site, noun.channel)
    wanted.documents.add((pools.KIND, number))


def _item_and_conflicts(wanted: Wanted, noun: stock.StockMovement) -> None:
    its_item(wanted, noun)
    conflicts.wants(wanted, noun)


DECIDERS: dict[str, Decider] = {
    catalogue.POOL_CHANGED: Decider(_pooled, _wants_pool),
    catalogue.RECEIPT_POSTED: Decider(_received, _items_and_measured),
    catalogue.STOCK_ADJUSTED: Decider(_adjusted, _item_if_measured),
    catalogue.STOCK_MOVED: Decider(_moved, _item_and_conflicts),
}
"""Every fact about goods that belongs to no order."""

TIMERS[conflicts.CONFLICT] = conflicts.look
