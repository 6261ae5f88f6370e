"""The demo's house: eight far systems, the hub's configuration for them, and the hub's process."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from crossdock.contracts.connector import Ability
from crossdock.estate.config import (
    AnySystem,
    ErpConfig,
    EstateConfig,
    WmsConfig,
    parcel_systems,
    standard_systems,
)
from crossdock.estate.estate import Estate
from crossdock.estate.faults import Faults
from crossdock.estate.stories.planner import PRICE_TOLERANCE_PERCENT

PARTITIONS = 16
SYSTEMS = [*standard_systems(), *parcel_systems()]
"""Who is there in the demo."""
KEEP_BACK = 0
_SITES = {"EAST": "wms_east", "WEST": "wms_west"}
_CHAOS = Faults(
    latency_seconds=(0.0, 0.05),
    busy=0.02,
    errors=0.03,
    item_errors=0.005,
    lost_requests=0.03,
    lost_replies=0.05,
    duplicates=0.05,
    reordering=0.05,
    forgotten_receipts=0.03,
)
_WORK = {
    "short": 0.01,
    "count_seconds": (0.5, 2.0),
    "part": 0.05,
    "split": 0.08,
    "quarantined": 0.15,
    "scrapped": 0.05,
    "to_supplier": 0.05,
    "repaired": 0.05,
    "held": 0.05,
    "inspect_seconds": (0.5, 1.0),
}
"""How warehouses of this demo go wrong on a good day, when a count finds what was missed, and where
what comes back is sent."""

_PAID_AFTER = (0.1, 0.5)
"""Seconds until a customer pays."""

TAXES: dict[str, list[dict[str, Any]]] = {
    "rates": [
        {"percent": 20},
        {"country": "EIRE", "percent": 23},
        {"country": "Germany", "percent": 19},
        {"country": "France", "percent": "5.5"},
    ],
    "rounding": [
        {"per": "total", "mode": "half_up", "remainder": "carried"},
        {"country": "Germany", "per": "line", "mode": "half_even"},
        {"country": "France", "per": "total", "mode": "half_even", "remainder": "largest"},
    ],
}
"""How the demo's house taxes: rates by country, and three ways to round."""


ORDERS: dict[str, Any] = {
    "channels": {
        "web": {
            "rules": {
                "customer": "hold",
                "terms": "hold",
                "credit": "hold",
                "price": "hold",
                "tax": "hold",
                "address": "hold",
                "availability": "warn",
            },
            "terms": ["NET30"],
            "price_tolerance_percent": PRICE_TOLERANCE_PERCENT,
        }
    },
    "holds": {"pricing": {"released_by": ["crm"]}, "manual": {"released_by": ["crm"]}},
}
"""Which rules its orders are asked, and who lets go on what the desk held back."""

PARCELS: dict[str, Any] = {
    "recipes": ["parcel", "order-to-ship", "return", "invoice-match"],
    "ownership": {
        "rate": {"consumers": ["carrier"]},
        "label": {"consumers": ["carrier"]},
        "parcel_posting": {"consumers": ["erp"]},
        "booking": {"consumers": ["tms"]},
        "notice": {"consumers": ["notifier"]},
        "parcel": {"consumers": ["notifier"]},
    },
}
"""What a house says that has its parcels labelled, posted, booked and told of."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What each system shows the hub, and what the hub shows it."""

    inbound: dict[str, str]
    outbound: dict[str, str]


def make_keys(folder: Path, names: list[str]) -> Keys:
    """Fresh secrets, kept in files that only we may read; made once per folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, str]] = {"in": {}, "out": {}}
    for direction, keys in found.items():
        for name in names:
            file = folder / f"{name}.{direction}.key"
            if not file.exists():
                file.touch(mode=0o600)
                file.write_text(secrets.token_hex(24), encoding="ascii")
            keys[name] = file.read_text(encoding="ascii")
    return Keys(found["in"], found["out"])


def make_estate(
    hub: str,
    keys: Keys,
    seed: int,
    *,
    chaos: bool,
    abilities: Mapping[str, Ability] | None = None,
) -> Estate:
    """The systems that have keys, listening on free ports once entered.

    Those that `abilities` names can do that against doing a thing twice.
    """
    every = {**standard_systems(keys.inbound), **parcel_systems(keys.inbound)}
    systems = {
        name: _tuned(
            config,
            keys.outbound[name],
            chaos=chaos,
            ability=(abilities or {}).get(name, config.ability),
        )
        for name, config in every.items()
        if name in keys.outbound
    }
    return Estate(EstateConfig(hub=hub, seed=seed, systems=systems))


def _tuned(config: AnySystem, accepts: str, *, chaos: bool, ability: Ability) -> AnySystem:
    changes: dict[str, object] = {"accepts": accepts, "ability": ability}
    if chaos:
        changes["faults"] = _CHAOS
    if isinstance(config, WmsConfig):
        changes |= _WORK
    if isinstance(config, ErpConfig):
        changes["pay_seconds"] = _PAID_AFTER
    return msgspec.structs.replace(config, **changes)


def write_config(
    data: Path,
    estate: Estate,
    port: int,
    *,
    urls: Mapping[str, str] | None = None,
    timeout_seconds: float = 30.0,
    more: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """The hub's configuration for this estate, as a user would write it.

    `urls` are ways to the systems that are not their own, by name; `timeout_seconds` is how long
    the hub waits for one of them; `more` adds to sections.
    """
    systems = {
        name: {
            "connector": "rest",
            "url": url,
            "credentials": f"file:{data}/keys/{name}.out.key",
            "inbound_key": f"file:{data}/keys/{name}.in.key",
            "batch_max": 200,
            "timeout_seconds": timeout_seconds,
            "operations": {
                "default": {
                    "path": "/told",
                    "ability": estate.config.systems[name].ability.value,
                    "look_up": "/effects/{key}",
                }
            },
        }
        for name, url in {**estate.urls, **(urls or {})}.items()
    }
    config: dict[str, dict[str, Any]] = {
        "hub": {
            "name": "demo",
            "listen": f"127.0.0.1:{port}",
            "data": str(data),
            "partitions": PARTITIONS,
            "workers": 1,  # customers' accounts are shared: two would keep deciding anew
        },
        "systems": systems,
        "sites": {site: {"wms": wms} for site, wms in _SITES.items()},
        "posting": {"adjustment": "each"},  # its days are too short to be added up
        "taxes": TAXES,
        "returns": {"days": 400, "reasons": ["customer", "damaged", "wrong_item"]},
        "orders": ORDERS,
        "ownership": {"order_hold": {"owner": ["crm", "erp", "shop"]}},
        "channels": {"web": {"system": "shop", "sells_from": list(_SITES), "keep_back": KEEP_BACK}},
    }
    if "carrier" in systems:
        config["recipes"] = PARCELS["recipes"]
        config["ownership"] |= PARCELS["ownership"]
    for section, settings in (more or {}).items():
        config.setdefault(section, {}).update(settings)
    file = data / "crossdock.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return file
