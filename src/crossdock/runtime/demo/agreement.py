"""Do both sides agree? The hub's tables against each far system's own books, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from crossdock.contracts.vocabulary import INSIDE
from crossdock.estate.estate import Estate
from crossdock.runtime.demo.house import KEEP_BACK
from crossdock.runtime.demo.money import Money, reckoned_tax
from crossdock.runtime.demo.parcels import parcels_beside

DIFFERENCES_SHOWN_MAX = 10


@dataclass(slots=True)
class Comparison:
    """One thing that both sides know, how many of them, and where they differ."""

    what: str
    compared: int
    differences: list[str]


async def compare(connection: asyncpg.Connection, estate: Estate, money: Money) -> list[Comparison]:
    """Compare stock, shipments, invoices, credits, tracking and availability."""
    shipped = await _units_by_shipment(connection)
    return [
        _compared(
            "stock at EAST: hub and WMS", await _stock(connection, "EAST"), _bins(estate, "EAST")
        ),
        _compared(
            "stock at WEST: hub and WMS", await _stock(connection, "WEST"), _bins(estate, "WEST")
        ),
        _compared("units per shipment: hub and WMS", shipped, _wms_shipments(estate)),
        _compared(
            "units invoiced per order: hub and ERP",
            await _figure(connection, "invoiced"),
            {k: v for k, v in estate.erp.orders.items() if v},
        ),
        _compared(
            "stock by item and site: hub and ERP",
            await _financial_stock(connection),
            {f"{site}/{item}": units for (site, item), units in estate.erp.stock.items() if units},
        ),
        _compared(
            "units per shipment: hub and shop",
            await _units_by_shipment(connection, channel="web"),
            {s: n for units in estate.shop.shipped.values() for s, n in units.items()},
        ),
        _compared(
            "availability: hub and shop",
            await _free(connection),
            {i: q for i, (_, q) in estate.shop.availability.items() if q},
        ),
        _compared(
            "money invoiced per order: hub and ERP",
            _some(money.charged),
            _some(estate.erp.charged),
        ),
        _compared(
            "tax per order: hub and reckoned anew",
            _some(money.tax),
            reckoned_tax(estate, money.country),
        ),
        _compared(
            "money credited per order: hub and ERP",
            _some(money.credited),
            _some(estate.erp.given_back),
        ),
        _compared("money paid per order: hub and ERP", _some(money.paid), _some(estate.erp.paid)),
        _compared("holds let go: hub and desk", money.released, dict(estate.crm.let_go)),
        *(_compared(*pair) for pair in await parcels_beside(connection, estate)),
        _compared("effects done twice", {}, _twice(estate)),
    ]


def _some(amounts: Mapping[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in amounts.items() if amount}


def _compared(what: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Comparison:
    keys = ours.keys() | theirs.keys()
    differences = [
        f"{key}: hub {ours.get(key, 0)}, they {theirs.get(key, 0)}"
        for key in sorted(keys)
        if ours.get(key, 0) != theirs.get(key, 0)
    ]
    return Comparison(what, len(keys), differences)


async def _stock(connection: asyncpg.Connection, site: str) -> dict[str, int]:
    rows = await connection.fetch(
        "SELECT item, state, sum(quantity)::bigint AS units FROM balance"
        " WHERE site = $1 AND state = ANY($2) GROUP BY item, state HAVING sum(quantity) <> 0",
        site,
        [state.value for state in INSIDE],
    )
    return {f"{row['item']}/{row['state']}": row["units"] for row in rows}


async def _financial_stock(connection: asyncpg.Connection) -> dict[str, int]:
    """What the ERP was asked to account for, by site and item; what is pending it cannot know."""
    rows = await connection.fetch(
        "SELECT site || '/' || item AS place, sum(quantity)::bigint AS units FROM financial_entry"
        " WHERE asked IS NOT NULL GROUP BY 1 HAVING sum(quantity) <> 0"
    )
    return {row["place"]: row["units"] for row in rows}


def _bins(estate: Estate, site: str) -> dict[str, int]:
    inside = {state.value for state in INSIDE}
    return {
        f"{item}/{state}": units
        for item, states in estate.wms(site).bins.truth().items()
        for state, units in states.items()
        if state in inside
    }


async def _units_by_shipment(
    connection: asyncpg.Connection, channel: str | None = None
) -> dict[str, int]:
    rows = await connection.fetch(
        """
        SELECT s.key AS shipment, sum(l.value::bigint)::bigint AS units
        FROM sales_order o,
             json_each((convert_from(o.state, 'UTF8')::json) -> 'shipments') s,
             json_each_text(s.value -> 'lines') l
        WHERE $1::text IS NULL OR o.channel = $1
        GROUP BY s.key
        """,
        channel,
    )
    return {row["shipment"]: row["units"] for row in rows}


def _wms_shipments(estate: Estate) -> dict[str, int]:
    return {**estate.wms("EAST").shipments, **estate.wms("WEST").shipments}


async def _figure(connection: asyncpg.Connection, column: str) -> dict[str, int]:
    rows = await connection.fetch(f"SELECT order_id, {column} FROM sales_order WHERE {column} <> 0")  # noqa: S608 - our own name
    return {row[0]: row[1] for row in rows}


async def _free(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch(
        "SELECT item, sum(units)::bigint AS units FROM ("
        "  SELECT item, greatest(sellable - reserved - pooled - safety - $1, 0) AS units"
        "  FROM promise) free GROUP BY item HAVING sum(units) <> 0",
        KEEP_BACK,
    )
    return {row["item"]: row["units"] for row in rows}


def _twice(estate: Estate) -> dict[str, int]:
    counts = {
        "invoices": estate.erp.invoices.total() - len(estate.erp.invoices),
        "credits": estate.erp.credits.total() - len(estate.erp.credits),
        "stock postings": estate.erp.postings.total() - len(estate.erp.postings),
        "notices": estate.crm.books(brief=True)["notices_twice"],
        "tracking": estate.shop.told_twice.total(),
        "releases": sum(
            estate.wms(site).releases.total() - len(estate.wms(site).releases)
            for site in ("EAST", "WEST")
        ),
    }
    return {what: count for what, count in counts.items() if count}
