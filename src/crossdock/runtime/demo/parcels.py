"""Do both sides agree on parcels? Labels paid for are of cartons that left, none twice (I26)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import asyncpg

from crossdock.estate.carrier import Carrier
from crossdock.estate.estate import Estate

_LEFT = """
SELECT DISTINCT p ->> 'package_id' AS carton
FROM message m
CROSS JOIN LATERAL jsonb_array_elements(
    convert_from(m.raw, 'UTF8')::jsonb -> 'data' -> 'packages') p
WHERE m.type = 'crossdock.shipment.shipped.v1' AND NOT EXISTS (
    SELECT FROM document d
    WHERE d.kind = 'saga' AND d.id = 'parcel/' || (p ->> 'package_id')
      AND convert_from(d.body, 'UTF8')::jsonb ->> 'standing' = 'compensated')
"""
"""One that left though nothing in it was wanted any more has no label: its recipe went back."""
_STANDING = """
SELECT convert_from(body, 'UTF8')::jsonb ->> 'recipe' AS recipe,
       coalesce(convert_from(body, 'UTF8')::jsonb ->> 'standing', 'running') AS standing,
       count(*) AS n
FROM document WHERE kind = 'saga' GROUP BY 1, 2 ORDER BY 1, 2
"""

Pair = tuple[str, Mapping[str, int], Mapping[str, int]]
"""What is compared, ours by carton, theirs by carton."""


async def parcels_beside(connection: asyncpg.Connection, estate: Estate) -> list[Pair]:
    """Cartons that left beside what each far system has for them; none where nobody carries."""
    if not any(isinstance(system, Carrier) for system in estate.systems.values()):
        return []
    left = {row["carton"]: 1 for row in await connection.fetch(_LEFT)}
    return [
        ("labels paid for: cartons that left and carrier", left, estate.carrier.active_by_carton()),
        ("bookings: cartons that left and TMS", left, estate.tms.by_carton()),
        (
            "parcel postings: cartons that left and ERP",
            left,
            Counter(estate.erp.parcels.values()),
        ),
        ("notices: cartons that left and notifier", left, estate.notifier.notices),
    ]


async def instances(connection: asyncpg.Connection) -> dict[str, int]:
    """How many instances of each recipe stand how."""
    return {
        f"{row['recipe']} {row['standing']}": row["n"] for row in await connection.fetch(_STANDING)
    }
