"""What the warehouses' facts about stock do: receipts and movements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from crossdock.contracts import catalogue, stock
from crossdock.contracts.words import Measured
from crossdock.inventory import ledger, weights
from crossdock.inventory.units import Refusal
from crossdock.log.accounts import document_id
from crossdock.log.records import Wanted
from crossdock.sagas import conflicts, fulfilment, lots, pools, telling
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders import purchasing
from crossdock.sagas.deciders.decider import Decider
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
        state = batch.policy.state_of_receipt(noun.site, line.state)
        lines.append(replace(counted, state=state))
    noun = replace(noun, lines=tuple(lines))
    purchasing.received(batch, turn, noun)
    enter(turn, lots.admit(batch, turn, ledger.received(noun)))
    turn.outcome.weights += weights.received(noun)
    telling.tell_receipt(turn, noun)
    for line in noun.lines:
        check_serials(batch, turn, noun.receipt_id, line.item, line.units, line.serials)
        if line.expected is not None and line.expected != line.quantity:
            turn.note(
                "receipt-discrepancy",
                f"{noun.site}/{noun.receipt_id}/{line.item}",
                f"{line.quantity} received of {line.expected} expected",
            )


def _moved(batch: Batch, turn: Turn, noun: stock.StockMovement) -> None:
    contradiction = ledger.misfit(noun)
    if contradiction is not None:
        turn.hold("the states of this movement contradict its kind")
        turn.note("movement-contradicts-kind", noun.movement_id, contradiction)
        return
    movements = lots.admit(batch, turn, ledger.moved(noun))
    enter(turn, movements)
    conflicts.watch(batch, turn, movements)
    turn.outcome.weights += weights.moved(noun)
    check_serials(batch, turn, noun.movement_id, noun.item, noun.quantity, noun.serials)


def check_serials(
    batch: Batch, turn: Turn, document: str, item: str, units: int, serials: Sequence[str]
) -> None:
    """Note serial numbers that are not one per unit, or of which the house has two units."""
    if not serials:
        return
    if len(serials) != units:
        turn.note(
            "serials-do-not-match",
            document,
            f"{len(serials)} serial numbers for {units} units of {item}",
        )
    lots.watch_serials(batch, turn, item, serials)


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


def wants_lots(wanted: Wanted, item: str, lot: str | None, serials: Sequence[str]) -> None:
    """Ask for what is known of the lots and of the single units that a line names."""
    wanted.items.add(item)
    for one in (lot, *serials) if lot else serials:
        wanted.documents.add((lots.LOT, document_id(item, one)))
    wanted.lots.update((item, serial) for serial in serials)


def _moves(wanted: Wanted, noun: stock.StockMovement) -> None:
    wants_lots(wanted, noun.item, noun.lot, noun.serials)
    conflicts.wants(wanted, noun)


def _items_and_measured(wanted: Wanted, noun: stock.Receipt) -> None:
    for line in noun.lines:
        wants_lots(wanted, line.item, line.lot, line.serials)
    wanted.masters.update(("item", line.item) for line in noun.lines if line.unit is not None)
    purchasing.wants_received(wanted, noun)


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


DECIDERS: dict[str, Decider] = {
    catalogue.POOL_CHANGED: Decider(_pooled, _wants_pool),
    catalogue.RECEIPT_POSTED: Decider(_received, _items_and_measured),
    catalogue.STOCK_MOVED: Decider(_moved, _moves),
}
"""Every fact about goods that belongs to no order."""

TIMERS[conflicts.CONFLICT] = conflicts.look
