"""The house that every schedule plays in: the hub's configuration and its far systems, per plan."""

from __future__ import annotations

import dataclasses
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from crossdock.connectors.rest.settings import Operation
from crossdock.contracts.connector import Ability
from crossdock.delivery.gate import Sparing
from crossdock.delivery.retry import RetrySchedule
from crossdock.estate.config import (
    AnySystem,
    CarrierConfig,
    CrmConfig,
    ErpConfig,
    EstateConfig,
    NotifierConfig,
    ShopConfig,
    TmsConfig,
    WmsConfig,
)
from crossdock.estate.estate import Estate
from crossdock.estate.faults import Faults
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.pace import Pace
from crossdock.runtime.simulation.plan import FAR_SYSTEMS, PARCEL_SYSTEMS, Fault, Plan
from crossdock.sagas.policy import Policy

ASK_AFTER_SECONDS = 8.0
"""How long a far system may be at a request that nobody waits for any more."""

_SITES = {"EAST": "wms_east", "WEST": "wms_west"}


_PARCELS: dict[str, Any] = {
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
"""What a house says besides that has its parcels labelled, posted, booked and told of."""


@cache
def _settings(*, parcels: bool) -> Settings:
    """The configuration as a user would write it, read as a user's is."""
    names = (*FAR_SYSTEMS, *PARCEL_SYSTEMS) if parcels else FAR_SYSTEMS
    said: dict[str, Any] = {
        "systems": {
            name: {
                "connector": "rest",
                "url": "http://127.0.0.1:1",
                "operations": {
                    "default": {"path": "/told", "ability": "keys", "look_up": "/effects/{key}"}
                },
            }
            for name in names
        },
        "sites": {site: {"wms": wms} for site, wms in _SITES.items()},
        "channels": {"web": {"system": "shop", "sells_from": list(_SITES)}},
    }
    if parcels:
        said |= _PARCELS
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "crossdock.yaml"
        file.write_text(yaml.safe_dump(said), encoding="utf-8")
        return read_settings(file, {})


def settings_of(plan: Plan) -> Settings:
    """The configuration of one schedule."""
    whole = _settings(parcels=plan.parcels)
    hub = dataclasses.replace(
        whole.hub,
        partitions=plan.partitions,
        workers=plan.workers,
        batch=plan.batch,
        desks=plan.desks,
        backorders=plan.backorders,
        known_items_only=plan.known_items_only,
        reservation_seconds=20,
    )
    systems = {}
    for name, system in whole.systems.items():
        assert system.reached is not None
        operation = Operation(
            path="/told",
            ability=plan.abilities.get(name, Ability.KEYS),
            look_up="/effects/{key}",
            look_up_after_seconds=ASK_AFTER_SECONDS,
        )
        reached = msgspec.structs.replace(
            system.reached, operations={"default": operation}, batch_max=plan.batch_max
        )
        systems[name] = dataclasses.replace(system, reached=reached, sparing=Sparing(plan.at_once))
    channels = {
        name: dataclasses.replace(channel, keep_back=plan.keep_back)
        for name, channel in whole.channels.items()
    }
    return dataclasses.replace(whole, hub=hub, systems=systems, channels=channels)


@cache
def _policy(*, parcels: bool) -> Policy:
    return _settings(parcels=parcels).policy()


def policy_of(plan: Plan) -> Policy:
    """What decisions may know of this configuration; the matrix is the same for all plans."""
    settings = settings_of(plan)
    return dataclasses.replace(
        _policy(parcels=plan.parcels),
        partitions=plan.partitions,
        channels=settings.channels,
        known_items_only=plan.known_items_only,
        backorders=plan.backorders,
        soft_seconds=settings.hub.reservation_seconds,
    )


def pace_of(plan: Plan) -> Pace:
    """The waits of one schedule: longer than a server's, since others ring and polling costs."""
    return Pace(
        lease_seconds=plan.lease_seconds,
        attempt_seconds=plan.attempt_seconds,
        gather_seconds=0.05,
        idle_seconds=plan.idle_seconds,
        publish_idle_seconds=plan.idle_seconds,
        publish_seconds=0.25,
        sweep_seconds=plan.idle_seconds,
        beat_seconds=0.75 * plan.attempt_seconds,
        silent_seconds=3 * plan.attempt_seconds,
        retry=RetrySchedule(0.25, 8.0, plan.tries_max),
    )


def estate_of(plan: Plan) -> Estate:
    """The far systems of one schedule; they listen to nobody until they are wired."""
    faults = Faults(
        item_errors=plan.faults.get(Fault.ITEM_ERRORS, 0.0),
        forgotten_receipts=plan.faults.get(Fault.LOST_REPLY, 0.0) / 2,
    )

    def ability(name: str) -> Ability:
        return plan.abilities.get(name, Ability.KEYS)

    systems: dict[str, AnySystem] = {
        "erp": ErpConfig(faults=faults, ability=ability("erp"), invoice_seconds=(0.0, 4.0)),
        "shop": ShopConfig(faults=faults, ability=ability("shop"), channel="web"),
        "crm": CrmConfig(faults=faults, ability=ability("crm")),
    }
    for site, name in _SITES.items():
        systems[name] = WmsConfig(
            site=site,
            faults=faults,
            ability=ability(name),
            work_seconds=(0.0, 3.0),
            return_seconds=(0.0, 5.0),
            part=0.2,
            split=0.3,
            short=0.15,
            count_seconds=(1.0, 6.0),
        )
    if plan.parcels:
        systems["carrier"] = CarrierConfig(
            faults=faults, ability=ability("carrier"), label_seconds=(0.0, 3.0)
        )
        systems["tms"] = TmsConfig(faults=faults, ability=ability("tms"))
        systems["notifier"] = NotifierConfig(faults=faults, ability=ability("notifier"))
    return Estate(EstateConfig(hub="http://hub", seed=plan.seed, systems=systems))
