"""What was said in a unit or of a kit, in base units of items that sit on shelves.

The item's master says how much a case holds and what a kit consists of. What it says at that moment
is remembered in the outcome, so that a later change of the master changes no order, and a rebuild
needs no master (I28). What does not come out is held under its name, never rounded or guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from crossdock.contracts.kits import Broken, flattened
from crossdock.contracts.reservations import ReservationLine, ReservationRequest
from crossdock.contracts.vocabulary import ItemKind, ItemStatus
from crossdock.contracts.words import Measured
from crossdock.inventory.units import Refusal, conversions, to_base
from crossdock.kernel.limits import IDENTIFIER_LENGTH_MAX
from crossdock.orders.doings import Doing, part_line
from crossdock.orders.state import Line, OrderState
from crossdock.sagas import fulfilment
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn


def in_base_units(batch: Batch, item: str, said: Measured) -> int | Refusal:
    """The base units that a line speaks of."""
    if said.unit is None or said.unit_quantity is None:
        return said.units
    known = batch.item(item)
    if known is None:
        return Refusal.UNKNOWN_UNIT
    return to_base(conversions(known), said.unit_quantity, said.unit)


def understand(batch: Batch, turn: Turn, order: OrderState) -> set[str]:
    """Count what was ordered in units and take kits apart; gives why the order must be held."""
    holds = set()
    for number in sorted(order.lines):
        line = order.lines[number]
        if line.kit:
            continue  # its kit's line speaks for it
        for problem in (
            *_count(batch, turn, order, number, line),
            *_price(batch, turn, order, number, line),
            *_take_apart(batch, turn, order, number, line),
        ):
            holds.add(f"{problem}:{line.item}")
    return holds


def _count(batch: Batch, turn: Turn, order: OrderState, number: str, line: Line) -> Iterator[str]:
    """Convert the quantity, once."""
    if not line.uncounted:
        return
    item = batch.item(line.item)
    base = (
        Refusal.UNKNOWN_UNIT
        if item is None
        else to_base(conversions(item), line.in_unit, line.unit)
    )
    if isinstance(base, Refusal):
        yield base.value
    else:
        turn.remember(order, Doing.ORDERED, base, number)


def _price(batch: Batch, turn: Turn, order: OrderState, number: str, line: Line) -> Iterator[str]:
    """Find how many base units the price is for, once."""
    if not line.price_unit or line.price_each != (1, 1):
        return
    item = batch.item(line.item)
    each = None if item is None else conversions(item).get(line.price_unit)
    if each is None:
        yield Refusal.UNKNOWN_UNIT.value
    elif each != 1:
        said = f"{each.numerator}/{each.denominator}"
        turn.remember(order, Doing.PRICED_PER, said, number)


def _take_apart(
    batch: Batch, turn: Turn, order: OrderState, number: str, line: Line
) -> Iterator[str]:
    """Take a kit apart, once; again where a component has turned out to be a kit itself."""
    if line.kind is ItemKind.SERVICE:
        return
    if batch.components(line.item) is None:
        if line.kind is ItemKind.KIT and not line.parts:
            yield "unknown-item" if batch.item(line.item) is None else "item-kind"
        return
    parts = order.parts_of(line)
    if parts and all(batch.components(part.item) is None for part in parts.values()):
        return
    flat = flattened(line.item, batch.components)
    if isinstance(flat, Broken):
        yield flat.value
        return
    numbers = [part_line(number, count) for count in range(1, len(flat) + 1)]
    taken = any(one in order.lines and order.lines[one].priced for one in numbers)
    if taken or len(numbers[-1]) > IDENTIFIER_LENGTH_MAX:
        yield "kit-line"
        return
    for name, part in parts.items():
        if part.waiting:
            fulfilment.wait_without_site(turn, order, name, 0)
    turn.remember(order, Doing.PARTS, [f"{each} {item}" for item, each in flat.items()], number)


def taken_apart(batch: Batch, said: ReservationRequest) -> ReservationRequest:
    """A call with its kits as lines of their components, numbered as an order's would be.

    A kit that cannot be taken apart, or may not be sold, stays as it is: of itself there is none.
    """
    if all(batch.components(line.item) is None for line in said.lines):
        return said
    lines: list[ReservationLine] = []
    for line in said.lines:
        item = batch.item(line.item)
        kit = item is not None and item.kind is ItemKind.KIT and item.status is ItemStatus.ACTIVE
        flat = flattened(line.item, batch.components) if kit else {}
        if isinstance(flat, Broken) or not flat:
            lines.append(line)
            continue
        for count, (part, each) in enumerate(flat.items(), start=1):
            number, units = part_line(line.line, count), line.quantity * each
            lines.append(replace(line, line=number, item=part, quantity=units))
    return replace(said, lines=tuple(lines))
