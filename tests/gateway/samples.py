"""One full sample of every noun that a far system may send: each field is there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from crossdock.contracts import catalogue

_ADDRESS = {"lines": ["1 Quay"], "city": "Hull", "postal_code": "HU1", "country": "GB"}
_LINE = {"line": "1", "item": "85123A", "quantity": 6}
_ASKED = {"request_id": "RQ-1", "order_id": "SO-1"}
_PLACE = {"state": "available", "site": "EAST"}

#: type -> (who says it, data)
SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    catalogue.ITEM_CHANGED: (
        "erp",
        {
            "item": "85123A",
            "description": "WHITE HANGING HEART T-LIGHT HOLDER",
            "kind": "kit",
            "status": "blocked",
            "base_unit": "PCE",
            "pack_levels": [{"code": "CS", "base_units": 12, "per": 2, "gtin": "09501101530003"}],
            "item_class": "A",
            "lot_tracked": True,
            "serial_tracked": True,
            "catch_weight": True,
            "weight_grams": 140,
            "components": [{"item": "22423", "quantity": 3}],
            "zone": "Z4",
            "wave_group": "W2",
            "carton_rule": "flat",
            "routing_code": "AS2",
            "tax_code": "reduced",
            "returnable": False,
            "revision": 2,
        },
    ),
    catalogue.PARTY_CHANGED: (
        "erp",
        {
            "party": "C-17",
            "name": "Harbour Gifts",
            "role": "supplier",
            "parent": "C-1",
            "bill_to": "C-2",
            "price_list": "RETAIL",
            "tax_class": "standard",
            "ship_to": [{"ship_to": "S1", "address": _ADDRESS}],
            "terms": "NET30",
            "blocked": True,
            "revision": 2,
        },
    ),
    catalogue.CREDIT_CHANGED: (
        "erp",
        {
            "credit": "C-17",
            "currency": "GBP",
            "limit_minor": 500000,
            "receivables_minor": 1200,
            "stopped": True,
            "revision": 2,
        },
    ),
    catalogue.PRICE_CHANGED: (
        "erp",
        {
            "price": "RETAIL/85123A",
            "price_list": "RETAIL",
            "item": "85123A",
            "steps": [
                {
                    "currency": "GBP",
                    "unit_price_e4": 25500,
                    "from_quantity": 12,
                    "unit": "CS",
                    "valid_from": "2026-03-01T00:00:00Z",
                    "valid_until": "2026-04-01T00:00:00Z",
                }
            ],
            "revision": 2,
        },
    ),
    catalogue.RATE_QUOTED: (
        "erp",
        {**_ASKED, "price_minor": 595, "currency": "GBP", "service": "next day"},
    ),
    catalogue.LABEL_BOUGHT: (
        "erp",
        {
            **_ASKED,
            "label_id": "LB-1",
            "account": "OURS",
            "tracking": "1Z999",
            "state": "cancelled",
            "price_minor": 595,
            "currency": "GBP",
            "service": "next day",
        },
    ),
    catalogue.LABEL_DECLINED: ("erp", {**_ASKED, "reason": "no such street"}),
    catalogue.LABEL_VOIDED: ("erp", {**_ASKED, "found": False}),
    catalogue.SITE_CHANGED: (
        "erp",
        {"site": "EAST", "name": "East", "system": "wms_east", "address": _ADDRESS, "revision": 2},
    ),
    catalogue.CHANNEL_CHANGED: (
        "erp",
        {
            "channel": "web",
            "name": "Web",
            "system": "shop",
            "sells_from": ["EAST", "WEST"],
            "keep_back": 2,
            "revision": 2,
        },
    ),
    catalogue.LOCATION_CHANGED: (
        "wms_east",
        {
            "location": "E-Z4-07",
            "site": "EAST",
            "kind": "bin",
            "parent": "E-Z4",
            "name": "Zone 4, bin 7",
            "revision": 2,
        },
    ),
    catalogue.IDENTITY_LINKED: (
        "erp",
        {
            "change_id": "XR-1",
            "entity": "item",
            "system": "shop",
            "external": "4711",
            "canonical": "85123A",
            "by": "master data",
        },
    ),
    catalogue.IDENTITY_UNLINKED: (
        "erp",
        {
            "change_id": "XR-2",
            "entity": "item",
            "system": "shop",
            "external": "4711",
            "by": "master data",
        },
    ),
    catalogue.IDENTITY_MERGED: (
        "erp",
        {
            "change_id": "XR-3",
            "entity": "party",
            "loser": "C-18",
            "survivor": "C-17",
            "by": "master data",
        },
    ),
    catalogue.IDENTITY_SPLIT: (
        "erp",
        {
            "change_id": "XR-4",
            "entity": "item",
            "canonical": "85123A",
            "into": "85123B",
            "numbers": [{"system": "shop", "external": "4711"}],
            "by": "master data",
        },
    ),
    catalogue.ORDER_PLACED: (
        "shop",
        {
            "order_id": "SO-1",
            "channel": "web",
            "customer": "C-17",
            "currency": "GBP",
            "lines": [
                {
                    **_LINE,
                    "unit_price_e4": 25500,
                    "kind": "service",
                    "description": "Postage",
                    "discount_minor": 100,
                    "tax_code": "reduced",
                },
                {"line": "2", "item": "22423", "unit": "CS", "unit_quantity": "1.5"},
            ],
            "purchase_order": "PO-7",
            "reservation": "RV-1",
            "ship_to": _ADDRESS,
            "ship_to_id": "S1",
            "requested_for": "2026-03-09T00:00:00Z",
            "priority": 3,
            "freight_minor": 595,
            "discount_minor": 100,
            "terms": "NET30",
        },
    ),
    catalogue.ORDER_CHANGE_REQUESTED: (
        "shop",
        {
            "change_id": "CH-1",
            "order_id": "SO-1",
            "revision": 2,
            "lines": [{**_LINE, "unit_price_e4": 25500, "kind": "service"}],
            "ship_to": _ADDRESS,
            "requested_for": "2026-03-09T00:00:00Z",
        },
    ),
    catalogue.ORDER_PRIORITISED: (
        "shop",
        {
            "change_id": "CH-2",
            "order_id": "SO-1",
            "revision": 2,
            "priority": 1,
            "reason": "the customer called",
            "by": "order desk",
        },
    ),
    catalogue.ORDER_OVERRIDDEN: (
        "erp",
        {
            "override_id": "OV-1",
            "order_id": "SO-1",
            "action": "source",
            "reason": "the other site is flooded",
            "by": "order desk",
            "line": "1",
            "site": "WEST",
            "revision": 2,
        },
    ),
    catalogue.ORDER_HOLD_PLACED: (
        "shop",
        {
            "hold_id": "H-1",
            "order_id": "SO-1",
            "kind": "fraud",
            "reason": "another country",
            "by": "fraud desk",
            "expires_at": "2026-03-09T00:00:00Z",
        },
    ),
    catalogue.ORDER_HOLD_RELEASED: (
        "shop",
        {
            "release_id": "HR-1",
            "order_id": "SO-1",
            "hold": "H-1",
            "kind": "fraud",
            "reason": "they were called",
            "by": "fraud desk",
        },
    ),
    catalogue.ORDER_CANCELLATION_REQUESTED: (
        "shop",
        {"cancellation_id": "CX-1", "order_id": "SO-1", "lines": [_LINE], "reason": "fraud"},
    ),
    catalogue.STOCK_MOVED_V1: (
        "wms_east",
        {
            "movement_id": "MV-1",
            "item": "85123A",
            "quantity": 6,
            "source": _PLACE,
            "target": {**_PLACE, "state": "damaged"},
            "lot": "L1",
            "owner": "C-9",
            "document": "D1",
            "reason": "dropped",
        },
    ),
    catalogue.STOCK_MOVED: (
        "wms_east",
        {
            "movement_id": "MV-2",
            "kind": "damage",
            "item": "85123A",
            "quantity": 6,
            "source": _PLACE,
            "target": {**_PLACE, "state": "damaged"},
            "lot": "L1",
            "serials": ["SN-1"],
            "owner": "C-9",
            "document": "D1",
            "weight_grams": 840,
            "reason": "dropped",
        },
    ),
    catalogue.STOCK_ADJUSTED: (
        "wms_east",
        {
            "adjustment_id": "AD-1",
            "site": "EAST",
            "item": "85123A",
            "quantity": -6,
            "reason": "count",
            "state": "damaged",
            "lot": "L1",
            "owner": "C-9",
            "weight_change_grams": -20,
            "note": "counted twice",
        },
    ),
    catalogue.STOCK_COUNTED: (
        "wms_east",
        {
            "count_id": "CN-1",
            "site": "EAST",
            "item": "85123A",
            "quantity": 6,
            "state": "damaged",
            "lot": "L1",
            "owner": "C-9",
            "note": "behind the pillar",
        },
    ),
    catalogue.ADJUSTMENT_APPROVED: (
        "erp",
        {"adjustment_id": "CN-1", "decided_by": "inventory desk", "note": "seen"},
    ),
    catalogue.ADJUSTMENT_REJECTED: (
        "erp",
        {"adjustment_id": "CN-1", "decided_by": "inventory desk", "note": "count again"},
    ),
    catalogue.TRANSFER_SHIPPED: (
        "wms_east",
        {
            "transfer_id": "TR-1",
            "leg_id": "1",
            "site": "EAST",
            "destination": "WEST",
            "lines": [{"item": "85123A", "quantity": 6, "lot": "L1", "serials": ["SN-1"]}],
            "expected_by": "2026-03-09T00:00:00Z",
        },
    ),
    catalogue.TRANSFER_RECEIVED: (
        "wms_east",
        {
            "transfer_id": "TR-2",
            "leg_id": "1",
            "site": "EAST",
            "lines": [{"item": "85123A", "quantity": 6, "lot": "L1", "serials": ["SN-1"]}],
            "state": "damaged",
            "final": False,
        },
    ),
    catalogue.LOT_CHANGED: (
        "erp",
        {
            "lot": "L1",
            "item": "85123A",
            "batch": "B-9",
            "expires_at": "2026-12-31T00:00:00Z",
            "revision": 2,
        },
    ),
    catalogue.RECALL_ORDERED: (
        "erp",
        {
            "recall_id": "RL-1",
            "item": "85123A",
            "lots": ["L1"],
            "sites": ["EAST"],
            "reason": "sharp edges",
            "lifted": True,
        },
    ),
    catalogue.RECEIPT_POSTED: (
        "wms_east",
        {
            "receipt_id": "RC-1",
            "site": "EAST",
            "lines": [
                {
                    "item": "85123A",
                    "quantity": 6,
                    "expected": 7,
                    "state": "damaged",
                    "lot": "L1",
                    "serials": ["SN-1"],
                    "owner": "C-9",
                    "weight_grams": 840,
                },
                {"item": "22423", "unit": "CS", "unit_quantity": "2"},
            ],
            "supplier": "S-1",
            "purchase_order": "PO-9",
        },
    ),
    catalogue.PURCHASE_ORDER_CHANGED: (
        "erp",
        {
            "purchase_order": "PO-9",
            "supplier": "S-1",
            "site": "EAST",
            "revision": 2,
            "lines": [
                {
                    "line": "1",
                    "item": "85123A",
                    "quantity": 120,
                    "expected_at": "2026-03-20T00:00:00Z",
                }
            ],
        },
    ),
    catalogue.POOL_CHANGED: (
        "erp",
        {"channel": "web", "item": "85123A", "site": "EAST", "quantity": 6, "version": 2},
    ),
    catalogue.RESERVATION_REQUESTED: (
        "shop",
        {
            "reservation_id": "RV-1",
            "channel": "web",
            "lines": [{**_LINE, "site": "EAST"}],
            "hard": True,
            "expires_in_seconds": 600,
            "expires_at": "2026-03-09T00:00:00Z",
            "all_or_nothing": False,
            "level": "site",
        },
    ),
    catalogue.RESERVATION_COMMITTED: (
        "shop",
        {
            "reservation_id": "RV-1",
            "lines": [{"line": "1", "quantity": 6}],
            "order_id": "SO-1",
            "attempt": 2,
        },
    ),
    catalogue.RESERVATION_RELEASED: ("shop", {"reservation_id": "RV-1", "attempt": 2}),
    catalogue.PICK_CONFIRMED: (
        "wms_east",
        {
            "pick_id": "PK-1",
            "order_id": "SO-1",
            "site": "EAST",
            "lines": [
                {
                    **_LINE,
                    "short": 1,
                    "lot": "L1",
                    "serials": ["SN-1"],
                    "source": "received",
                    "weight_grams": 840,
                }
            ],
        },
    ),
    catalogue.RELEASE_STOPPED: (
        "wms_east",
        {
            "release_cancellation_id": "SO-1-R1-C",
            "order_id": "SO-1",
            "site": "EAST",
            "lines": [_LINE],
            "put_back": [{**_LINE}],
            "unpacked": ["CT-1"],
        },
    ),
    catalogue.CARTON_PACKED: (
        "wms_east",
        {
            "carton_id": "CT-1",
            "order_id": "SO-1",
            "site": "EAST",
            "lines": [_LINE],
            "weight_grams": 900,
        },
    ),
    catalogue.SHIPMENT_SHIPPED: (
        "wms_east",
        {
            "shipment_id": "SH-1",
            "order_id": "SO-1",
            "site": "EAST",
            "lines": [{**_LINE, "lot": "L1", "serials": ["SN-1"], "weight_grams": 840}],
            "carrier": "DHL",
            "service": "express",
            "tracking": "JD1",
            "packages": [
                {"package_id": "P1", "parent": "P0", "tracking": "JD2", "weight_grams": 900}
            ],
        },
    ),
    catalogue.RETURN_REQUESTED: (
        "shop",
        {
            "return_id": "RT-1",
            "order_id": "SO-1",
            "lines": [_LINE],
            "reason": "damaged",
            "condition": "opened",
        },
    ),
    catalogue.RETURN_SUBMITTED: (
        "shop",
        {
            "return_id": "RT-2",
            "order_id": "SO-1",
            "lines": [_LINE],
            "reason": "wrong_item",
            "condition": "unopened",
        },
    ),
    catalogue.SHIPMENT_LINKED: (
        "crm",
        {
            "order_id": "SO-X",
            "shipment_id": "SH-9",
            "to_order": "SO-1",
            "note": "mistyped at the pallet",
        },
    ),
    catalogue.SHIPMENT_CLOSED: (
        "crm",
        {"order_id": "SO-X", "shipment_id": "SH-9", "note": "samples"},
    ),
    catalogue.CONTROL_TOTALS_REPORTED: (
        "erp",
        {
            "day": "2026-03-02",
            "revision": 2,
            "lines": [
                {
                    "site": "EAST",
                    "kind": "invoiced",
                    "currency": "GBP",
                    "documents": 2,
                    "units": 8,
                    "value_minor": 952,
                }
            ],
        },
    ),
    catalogue.RETURN_INSPECTED: (
        "wms_east",
        {
            "inspection_id": "RI-1",
            "order_id": "SO-1",
            "site": "EAST",
            "return_receipt_id": "RR-1",
            "lines": [{**_LINE, "disposition": "repair"}],
        },
    ),
    catalogue.RETURN_RECEIVED: (
        "wms_east",
        {
            "return_receipt_id": "RR-1",
            "order_id": "SO-1",
            "site": "EAST",
            "lines": [
                {
                    **_LINE,
                    "disposition": "scrap",
                    "lot": "L1",
                    "serials": ["SN-1"],
                    "weight_grams": 840,
                }
            ],
            "return_id": "RT-1",
        },
    ),
    catalogue.INVOICE_POSTED: (
        "erp",
        {
            "invoice_id": "IN-1",
            "order_id": "SO-1",
            "shipment_id": "SH-1",
            "currency": "GBP",
            "lines": [{"line": "1", "quantity": 6, "amount_minor": 1530, "tax_minor": 306}],
            "total_minor": 2555,
            "correction": 1,
            "freight_minor": 600,
            "freight_tax_minor": 120,
            "rounding_minor": -1,
            "role": "presentment",
            "also": [{"amount_minor": 2555, "currency": "GBP", "role": "settlement"}],
            "posting_date": "2026-03-02",
        },
    ),
    catalogue.INVOICE_REJECTED: (
        "erp",
        {
            "order_id": "SO-1",
            "shipment_id": "SH-1",
            "correction": 1,
            "attempt": 2,
            "reason": "no such customer",
        },
    ),
    catalogue.INVOICE_RETRIED: (
        "erp",
        {
            "order_id": "SO-1",
            "shipment_id": "SH-1",
            "correction": 1,
            "attempt": 2,
            "posting_date": "2026-04-01",
            "note": "customer made",
        },
    ),
    catalogue.INVOICE_PAID: (
        "erp",
        {
            "payment_id": "PM-1",
            "order_id": "SO-1",
            "invoice_id": "IN-1",
            "currency": "GBP",
            "amount_minor": 2555,
        },
    ),
    catalogue.INVOICE_CORRECTED: (
        "erp",
        {
            "correction_id": "IC-1",
            "order_id": "SO-1",
            "shipment_id": "SH-1",
            "lines": [{"line": "1", "quantity": 0, "amount_minor": 30, "tax_minor": 6}],
            "note": "wrong price",
        },
    ),
    catalogue.CREDIT_POSTED: (
        "erp",
        {
            "credit_memo_id": "CM-1",
            "order_id": "SO-1",
            "currency": "GBP",
            "lines": [{"line": "1", "quantity": 1, "amount_minor": 255, "tax_minor": 51}],
            "total_minor": 277,
            "fee_minor": 30,
            "rounding_minor": 1,
            "credit_request_id": "EAST/RR-1",
            "role": "presentment",
            "also": [{"amount_minor": 277, "currency": "GBP", "role": "shop"}],
        },
    ),
    catalogue.PERIODS_CHANGED: (
        "erp",
        {
            "calendar": "main",
            "revision": 2,
            "closed_to": "2026-01",
            "closed": ["2026-03"],
        },
    ),
    "crossdock.proposal.settled.v1": (
        "erp",
        {"proposal_id": "P-3-17-1", "verdict": "accepted", "reason": "weighed again"},
    ),
    catalogue.STOCK_POLICY_CHANGED: (
        "erp",
        {
            "item": "85123A",
            "site": "EAST",
            "safety_stock": 2,
            "reorder_point": 12,
            "reorder_quantity": 48,
            "revision": 2,
        },
    ),
    catalogue.STOCK_POSTED: ("erp", {"posting_id": "SP-0-1-1", "reference": "MAT-77"}),
    catalogue.STOCK_POSTING_REJECTED: (
        "erp",
        {"posting_id": "SP-0-1-1", "attempt": 2, "reason": "the period is closed"},
    ),
    catalogue.STOCK_POSTING_RETRIED: (
        "erp",
        {"posting_id": "SP-0-1-1", "attempt": 2, "note": "the period is open again"},
    ),
}

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in a sample that holds no others, with its path."""
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        yield path, value
    for name, item in members:
        yield from leaves(item, (*path, name))


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy of a sample in which one value is another."""
    result = copy.deepcopy(value)
    at = result
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = new
    return result


def written(path: Path) -> str:
    """A path as errors write it, from the root of a message."""
    steps = (f"[{name}]" if isinstance(name, int) else f".{name}" for name in path)
    return "$.data" + "".join(steps)
