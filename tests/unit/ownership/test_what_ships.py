"""The matrix that ships with the hub fits a usual house: every flow may start."""

from __future__ import annotations

from crossdock.ownership.findings import House, findings
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix


def test_a_usual_house_has_neither_holes_nor_overlaps() -> None:
    """One ERP, one shop, one desk, two warehouses, all reached: nothing is stopped."""
    matrix = Matrix(
        DEFAULT_RULES,
        sites={"EAST": {"wms": "wms_east"}, "WEST": {"wms": "wms_west"}},
        channels={"web": {"system": "shop"}},
    )
    systems = ("erp", "shop", "crm", "wms_east", "wms_west")
    assert findings(matrix, House(dict.fromkeys(systems, True), [])) == []
