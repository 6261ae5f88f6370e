"""Field by field: do books of different systems say the same of what both speak of?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.peers import records
from tests.peers.house import House
from tests.peers.records import Book

Fields = frozenset[tuple[str, str]]
"""What of which things: `("line", "shipped")`."""

_LINE: Fields = frozenset(("line", field) for field in ("item", "ordered", "shipped"))
_ORDER: Fields = frozenset(("order", field) for field in ("orders", "all sent"))
_ERP: Fields = frozenset(
    {
        *_LINE, *_ORDER, ("line", "invoiced"), ("line", "returned"), ("stock", "inside"),
        ("documents", "documents"), ("documents", "minor units"),
    }
)  # fmt: skip
_SHOP: Fields = frozenset({*_LINE, *_ORDER, ("stock", "to sell")})
_LEDGER: Fields = frozenset({("stock", "to sell"), ("stock", "inside")})
_UNITS: Fields = frozenset({("shipment", "units")})
_TRACKED: Fields = frozenset({("shipment", "units"), ("shipment", "tracking")})
_NOTICES: Fields = frozenset({("shipment", "notices")})


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two books beside each other."""

    names: str
    fields: int
    differences: tuple[str, ...]

    def __str__(self) -> str:
        """For whoever reads the test's output."""
        told = "".join(f"\n    {one}" for one in self.differences)
        return f"{self.names}: {self.fields} fields, {len(self.differences)} differences{told}"


def compared(names: str, ours: Book, theirs: Book, fields: Fields) -> Comparison:
    """Every place of these fields that stands on either side; what is missing is a difference."""
    places = sorted(one for one in {*ours, *theirs} if (one[0], one[2]) in fields)
    differences = [
        f"{what} {which}, {field}: {ours.get(place)!r} and {theirs.get(place)!r}"
        for place in places
        for what, which, field in [place]
        if ours.get(place) != theirs.get(place) or place not in ours or place not in theirs
    ]
    return Comparison(names, len(places), tuple(differences))


def of_orders(book: Book, orders: Iterable[str]) -> Book:
    """A book with these orders only, and everything that is of no order."""
    wanted = set(orders)
    return {
        place: value
        for place, value in book.items()
        if place[0] not in ("order", "line") or place[1].partition("/")[0] in wanted
    }


async def everywhere(
    house: House,
    partner: Path,
    of_shop: Sequence[str],
    of_partner: Sequence[str],
    of_people: Sequence[str] = (),
) -> list[Comparison]:
    """All systems' own records beside the hub's, and what left beside the warehouses'.

    `partner` is the folder of the partner that exchanges files; `of_people` are orders that the
    ERP's own people entered.
    """
    orders = [*of_shop, *of_partner, *of_people]
    hub = await records.of_hub(house, orders)
    erp = await records.of_erp(house, orders)
    people = await records.of_erp(house, of_people)
    shop = await records.of_shop(house, of_shop)
    files = records.of_partner(partner)
    warehouses = records.of_warehouses(house)
    told: Book = {("shipment", one[1], "notices"): 1 for one in warehouses if one[0] == "shipment"}
    shipped: Fields = frozenset({("line", "shipped")})
    sent_by_files = {one: units for one, units in files.items() if one[0] == "shipment"}
    of_files = {one[1] for one in sent_by_files}
    of_others = of_files | {one[1] for one in people if one[0] == "shipment"}
    by_shop = {one: value for one, value in warehouses.items() if one[1] not in of_others}
    by_files = {one: value for one, value in warehouses.items() if one[1] in of_files}
    partners_lines: Book = {
        one: value for one, value in of_orders(hub, of_partner).items() if one[0] == "line"
    }
    return [
        compared("hub and erp", hub, erp, _ERP),
        compared("hub and shop", of_orders(hub, of_shop), shop, _SHOP),
        compared("hub and partner's files", partners_lines, files, shipped),
        compared("hub and warehouses", hub, warehouses, _LEDGER),
        compared("warehouses and erp", warehouses, erp, _UNITS),
        compared("warehouses and shop", by_shop, shop, _TRACKED),
        compared("warehouses and partner's files", by_files, files, _UNITS),
        compared("warehouses and customer desk", told, records.of_desk(house), _NOTICES),
    ]
