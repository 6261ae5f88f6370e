"""What an estate is made of: its systems, their ports and keys, how they work and what fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from crossdock.contracts.connector import Ability
from crossdock.contracts.words import Identifier
from crossdock.estate.faults import Faults, Seconds, Share

Port = Annotated[int, Meta(ge=0, le=65_535)]


class SystemConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every system has."""

    port: Port = 0  # 0: any free one
    key: str = ""  # what it shows to the hub
    accepts: str = ""  # what the hub must show to it; empty: anybody may speak
    ability: Ability = Ability.KEYS  # whether it honours idempotency keys or may be asked
    faults: Faults = Faults()


class ErpConfig(SystemConfig, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="erp"):
    """Finance and master data."""

    invoice_seconds: tuple[Seconds, Seconds] = (0.0, 0.0)  # from the request to the posting
    pay_seconds: tuple[Seconds, Seconds] | None = None  # until an invoice is paid; None: never


class WmsConfig(SystemConfig, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="wms"):
    """The warehouse of one site."""

    site: Identifier
    work_seconds: tuple[Seconds, Seconds] = (0.0, 0.0)  # each of pick, pack and ship
    return_seconds: tuple[Seconds, Seconds] = (0.0, 0.0)  # until the customer's parcel comes
    short: Share = 0.0  # a line of which half is not where it should be
    count_seconds: tuple[Seconds, Seconds] | None = None  # until it is found; None: never
    part: Share = 0.0  # a release that is picked in two rounds
    split: Share = 0.0  # a release that leaves in two shipments
    quarantined: Share = 0.15  # of the lines that come back
    scrapped: Share = 0.05  # likewise
    to_supplier: Share = 0.0  # likewise
    repaired: Share = 0.0  # likewise
    held: Share = 0.0  # likewise, until somebody has looked again; the rest goes on the shelf
    inspect_seconds: tuple[Seconds, Seconds] = (0.0, 0.0)  # until somebody has


class ShopConfig(SystemConfig, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="shop"):
    """The shop of one channel."""

    channel: Identifier


class CrmConfig(SystemConfig, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="crm"):
    """The customer desk."""


class CarrierConfig(
    SystemConfig, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="carrier"
):
    """A parcel carrier."""

    account: Identifier = "ACC-1"  # of ours, which buys its labels
    currency: str = "GBP"
    label_seconds: tuple[Seconds, Seconds] = (0.0, 0.0)  # from the request to the label
    stale: Share = 0.0  # a first answer that is a cancelled label of long ago


class TmsConfig(SystemConfig, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tms"):
    """Transport management."""


class NotifierConfig(
    SystemConfig, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="notifier"
):
    """The notification service, and the dashboard."""


AnySystem = (
    ErpConfig | WmsConfig | ShopConfig | CrmConfig | CarrierConfig | TmsConfig | NotifierConfig
)


class EstateConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole estate."""

    hub: str  # the hub's address, such as http://127.0.0.1:8080
    seed: int = 1
    host: str = "127.0.0.1"
    systems: Mapping[Identifier, AnySystem]


def standard_systems(keys: Mapping[str, str] | None = None) -> dict[str, AnySystem]:
    """The five systems of the demo: one ERP, two warehouses, a shop, a customer desk.

    `keys` are what they show to the hub, by system.
    """
    keys = keys or {}
    return {
        "erp": ErpConfig(key=keys.get("erp", "")),
        "wms_east": WmsConfig(site="EAST", key=keys.get("wms_east", "")),
        "wms_west": WmsConfig(site="WEST", key=keys.get("wms_west", "")),
        "shop": ShopConfig(channel="web", key=keys.get("shop", "")),
        "crm": CrmConfig(key=keys.get("crm", "")),
    }


def parcel_systems(keys: Mapping[str, str] | None = None) -> dict[str, AnySystem]:
    """Those whom the recipe of a parcel speaks to besides the ERP: see `standard_systems`."""
    keys = keys or {}
    return {
        "carrier": CarrierConfig(key=keys.get("carrier", ""), stale=0.02),
        "tms": TmsConfig(key=keys.get("tms", "")),
        "notifier": NotifierConfig(key=keys.get("notifier", "")),
    }
