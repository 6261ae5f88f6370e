"""What is sold: the item master (R1)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import ItemKind, ItemStatus
from crossdock.contracts.words import Identifier, Noun, Quantity, Text
from crossdock.kernel.limits import KIT_COMPONENTS_MAX


class PackLevel(Noun, frozen=True, kw_only=True):
    """A unit that an item is spoken of in: `per` of this unit are `base_units` base units, exactly.

    A case of twelve is 12 per 1; a metre of a roll of 50 metres is 1 per 50.
    """

    code: Identifier
    base_units: Quantity
    per: Quantity = 1
    gtin: Annotated[str, Meta(pattern=r"\A(?:[0-9]{8}|[0-9]{12,14})\Z")] | None = None


class Component(Noun, frozen=True, kw_only=True):
    """What a kit holds of one item, in that item's base units; the item may be a kit itself."""

    item: Identifier
    quantity: Quantity


class Item(Noun, frozen=True, kw_only=True):
    """An item as its owner describes it; quantities everywhere are in its `base_unit`."""

    item: Identifier
    description: Text = ""
    kind: ItemKind = ItemKind.STOCK
    status: ItemStatus = ItemStatus.ACTIVE
    base_unit: Identifier = "EA"
    pack_levels: Annotated[tuple[PackLevel, ...], Meta(max_length=12)] = ()
    item_class: Identifier | None = None  # of its count and adjustment limits: A, B, C
    lot_tracked: bool = False
    serial_tracked: bool = False
    catch_weight: bool = False  # pieces differ in weight: grams are kept beside the count
    weight_grams: Quantity | None = None
    components: Annotated[tuple[Component, ...], Meta(max_length=KIT_COMPONENTS_MAX)] = ()
    zone: Identifier | None = None  # where in a warehouse it is kept (R21)
    carton_rule: Identifier | None = None  # how it is packed
    routing_code: Identifier | None = None  # what automation is told of it
    wave_group: Identifier | None = None  # with what it is released to the floor
    tax_code: Identifier | None = None  # by which rate it is taxed; None: the standard one
    returnable: bool = True
    revision: Quantity = 1  # grows with every change; a lower one never overwrites a higher

    def units_of_components(self) -> dict[str, int]:
        """Base units per kit, by item, summed where a component stands twice."""
        units: dict[str, int] = {}
        for one in self.components:
            units[one.item] = units.get(one.item, 0) + one.quantity
        return units
