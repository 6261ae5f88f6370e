"""A distributor of real and simulated systems around one hub, each a process or a port of its own.

A real ERP and a real shop, two simulated warehouses and a customer desk, all over HTTP. What each
of them knows is read from its own interface, and compared field by field at the end.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from crossdock.connectors.tryton.interfaces.rest import RestApi as ErpApi
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts import catalogue
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import INSIDE, AdjustmentReason, StockState
from crossdock.estate.config import AnySystem, CrmConfig, EstateConfig, WmsConfig
from crossdock.estate.estate import Estate
from crossdock.runtime.demo.house import Keys, make_keys
from crossdock.runtime.processhub import HubProcess
from crossdock.testing.fault_proxy import LOOPBACK, FaultProxy, Faults, Toxics
from tests.helpers.aio import eventually_async
from tests.peers.conftest import Peers
from tests.peers.programs import free_port
from tests.peers.tryton.program import Tryton
from tests.peers.vendure.api import ADMIN_PASSWORD
from tests.peers.vendure.api import Api as ShopApi
from tests.peers.vendure.program import Vendure

SITES = {"EAST": "wms_east", "WEST": "wms_west"}
OPENING = 20
"""Of each item at each site, as the warehouses count it before the first order."""

_POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Lines:
    """The lines to and from the hub, which can be broken."""

    door: FaultProxy  # what everybody tells the hub
    to_erp: FaultProxy
    to_shop: FaultProxy

    def break_all(self) -> None:
        """Every seventh reply is lost, messages to the hub come twice and late."""
        told = Faults(lost_replies=0.15)
        self.to_erp.faults = self.to_shop.faults = told
        late = Toxics(jitter_seconds=0.2)
        self.door.faults = Faults(up=late, lost_replies=0.15, duplicates=0.15)

    def did(self) -> dict[str, int]:
        """What was done to lines and exchanges, by its name."""
        return dict(self.door.did + self.to_erp.did + self.to_shop.did)


@dataclass
class House:
    """All of it, running."""

    erp: Tryton
    shop: Vendure
    estate: Estate
    hub: HubProcess
    erp_api: ErpApi
    folder: Path
    lines: Lines
    partner: Path
    """The folder through which a partner sends orders and hears of shipments."""

    async def levels(self) -> dict[tuple[str, str], int]:
        """What the shop offers of each item at each site."""
        query = (
            "{productVariants(options:{take:100}){items{sku stockLevels{stockOnHand stockAllocated"
            " stockLocation{name}}}}}"
        )
        async with ShopApi(f"{self.shop.url}/admin-api") as admin:
            await admin.log_in()
            variants = (await admin(query))["productVariants"]["items"]
        return {
            (one["sku"], level["stockLocation"]["name"]): level["stockOnHand"]
            - level["stockAllocated"]
            for one in variants
            for level in one["stockLevels"]
            if level["stockLocation"]["name"] in SITES
        }

    async def on_hand(self) -> dict[tuple[str, str], int]:
        """What the ERP believes on the shelves of each site."""
        today = datetime.now(UTC).date()
        stamp = {"year": today.year, "month": today.month, "day": today.day}
        found = {}
        for site in SITES:
            place = self.erp.seed["warehouses"][site]["storage"]
            context = {
                "company": self.erp.seed["company"],
                "locations": [place],
                "with_childs": True,
                "stock_date_end": {"__class__": "date", **stamp},
            }
            for record in await self._with_context(context):
                found[record["code"], site] = int(record["quantity"])
        return found

    async def _with_context(self, context: dict[str, Any]) -> list[dict[str, Any]]:
        http = self.erp_api._http
        encoded = base64.urlsafe_b64encode(json.dumps(context).encode()).decode()
        reply = await http.get(
            f"/{self.erp.database}/rest/model/product.product",
            [("f", "code"), ("f", "quantity")],
            {"X-Tryton-Context": encoded},
        )
        found: list[dict[str, Any]] = json.loads(reply.body)  # type: ignore[union-attr]
        return found

    def shelves(self) -> dict[tuple[str, str], int]:
        """What the warehouses have on their shelves, to be sold."""
        return self._units({StockState.AVAILABLE})

    def inside(self) -> dict[tuple[str, str], int]:
        """What is in the warehouses' books at all: what their owner accounts for."""
        return self._units(INSIDE)

    def _units(self, states: Collection[StockState]) -> dict[tuple[str, str], int]:
        return {
            (item, site): sum(held.get(state, 0) for state in states)
            for site in SITES
            for item, held in self.estate.wms(site).bins.truth().items()
        }

    async def stop_erp(self) -> None:
        """Let the ERP be away."""
        await self.erp.program.stop()

    async def start_erp(self) -> None:
        """Let it come back, as it was, where it was."""
        await self.erp.start_again()

    async def verified(self) -> dict[str, Any]:
        """What `crossdock verify` says."""
        return await self.command("verify")

    async def command(self, *words: str) -> dict[str, Any]:
        """A command of the hub, with `--json`; gives its last line."""
        process = await asyncio.create_subprocess_exec(
            *self._crossdock(*words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert out, err.decode()
        said: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
        return said

    def _crossdock(self, *words: str) -> list[str]:
        config = str(self.folder / "crossdock.yaml")
        return [sys.executable, "-m", "crossdock", *words, "--config", config, "--json"]


@asynccontextmanager
async def a_house(peers: Peers, folder: Path) -> AsyncIterator[House]:
    """Start everything, with a proxy in every line to and from the hub that lets all pass."""
    port = free_port()
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    keys = make_keys(folder / "keys", [*SITES.values(), "crm"])
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(FaultProxy((LOOPBACK, port), seed=1))
        address = f"http://{LOOPBACK}:{door.port}"
        erp = await peers.tryton(folder)
        stack.push_async_callback(erp.program.stop)
        shop = await peers.vendure(folder, (f"{address}/v1/webhooks/shop", secret))
        stack.push_async_callback(shop.program.stop)
        to_erp = await stack.enter_async_context(FaultProxy((LOOPBACK, erp.port), seed=2))
        to_shop = await stack.enter_async_context(FaultProxy((LOOPBACK, shop.port), seed=3))
        for name, value in (("erp", erp.key), ("shop", ADMIN_PASSWORD), ("hook", secret)):
            (folder / f"{name}.secret").write_text(value)
        estate = await stack.enter_async_context(Estate(_simulated(address, keys)))
        api = ErpApi(erp_settings(erp))
        stack.push_async_callback(api.close)
        lines = Lines(door, to_erp, to_shop)
        configuration = _configuration(folder, port, erp, lines, estate)
        (folder / "crossdock.yaml").write_text(yaml.safe_dump(configuration))
        partner = folder / "partner"
        partner.mkdir()
        hub = HubProcess(folder / "crossdock.yaml", folder / "hub.log")
        await hub.start()
        stack.push_async_callback(hub.stop)
        yield House(erp, shop, estate, hub, api, folder, lines, partner)


def _simulated(address: str, keys: Keys) -> EstateConfig:
    """Two warehouses that put back on the shelf what comes back, and a customer desk."""
    systems: dict[str, AnySystem] = {
        name: WmsConfig(
            site=site,
            key=keys.inbound[name],
            accepts=keys.outbound[name],
            quarantined=0.0,
            scrapped=0.0,
        )
        for site, name in SITES.items()
    }
    systems["crm"] = CrmConfig(key=keys.inbound["crm"], accepts=keys.outbound["crm"])
    return EstateConfig(hub=address, seed=1, systems=systems)


def erp_settings(erp: Tryton, **settings: Any) -> TrytonSettings:
    """How the hub is told of this ERP."""
    known = {
        "url": erp.url,
        "database": erp.database,
        "credential": erp.key,
        "company": erp.seed["company"],
        "payment_term": erp.seed["payment_term"],
    }
    return TrytonSettings(**{**known, **settings})


def _configuration(
    folder: Path, port: int, erp: Tryton, lines: Lines, estate: Estate
) -> dict[str, Any]:
    """The hub's configuration, as a user would write it."""
    systems: dict[str, Any] = {
        name: {
            "connector": "rest",
            "url": url,
            "credentials": f"file:{folder}/keys/{name}.out.key",
            "inbound_key": f"file:{folder}/keys/{name}.in.key",
            "operations": {
                "default": {"path": "/told", "ability": "keys", "look_up": "/effects/{key}"}
            },
        }
        for name, url in estate.urls.items()
    }
    systems["erp"] = {
        "connector": "tryton",
        "url": f"http://{LOOPBACK}:{lines.to_erp.port}",
        "database": erp.database,
        "look_up_after_seconds": 2.0,
        "credentials": f"file:{folder}/erp.secret",
        "company": erp.seed["company"],
        "payment_term": erp.seed["payment_term"],
        "price_list": "LIST",
        "channel": "counter",
        "heard_from": (datetime.now(UTC) - timedelta(days=1)).date().isoformat(),
        "poll_seconds": 1,
    }
    systems["shop"] = {
        "connector": "vendure",
        "url": f"http://{LOOPBACK}:{lines.to_shop.port}",
        "look_up_after_seconds": 2.0,
        "user": "superadmin",
        "credentials": f"file:{folder}/shop.secret",
        "webhook_secret": f"file:{folder}/hook.secret",
        "channel": "web",
        "customer": "WEB",
        "price_list": "LIST",
        "poll_seconds": 2,
    }
    systems["partner"] = {
        "connector": "files",
        "folder": str(folder / "partner"),
        "feeds": {"orders": _ORDER_FILES},
        "out": {
            "crossdock.shipment.shipped.v1": "shipments",
            "crossdock.availability.published.v1": "levels",
        },
        "stable_seconds": 1,
        "poll_seconds": 1,
    }
    return {
        "hub": {
            "name": "house",
            "listen": f"127.0.0.1:{port}",
            "data": str(folder / "data"),
            "partitions": 4,
        },
        "systems": systems,
        "sites": {site: {"wms": wms} for site, wms in SITES.items()},
        "channels": {
            "web": {"system": "shop", "sells_from": list(SITES), "per_site": True},
            "edi": {"system": "partner", "sells_from": list(SITES)},
            "counter": {"system": "erp", "sells_from": list(SITES)},
        },
        "ownership": {
            "item": {"owner": "erp", "consumers": ["shop"]},
            "price": {"owner": "erp", "consumers": ["shop"]},
            "order_notice/order.acknowledged": {"consumers": ["erp"]},
            "order via counter": {"consumers": []},
            "availability via counter": {"consumers": []},
            "return via counter": {"consumers": ["wms of site"]},
            "receipt": {"consumers": ["erp"]},
            "shipment": {
                "owner": "wms of site",
                "consumers": ["erp", "system of channel", "crm"],
            },
        },
        "posting": {
            "adjustment": "each",
            "receipt": "none",
            "shipment": "none",
            "return_receipt": "none",
        },
        "returns": {"days": 30, "reasons": ["customer", "damaged", "wrong_item"]},
    }


_ORDER_FILES: dict[str, Any] = {
    "match": "orders-*.csv",
    "format": "csv",
    "type": catalogue.ORDER_PLACED,
    "key": ["order_no"],
    "fields": {
        "order_id": {"from": "order_no"},
        "channel": {"constant": "edi"},
        "customer": {"from": "customer"},
        "currency": {"from": "currency"},
    },
    "lines": {
        "fields": {
            "line": {"from": "pos"},
            "item": {"from": "item"},
            "quantity": {"from": "qty", "as": "whole"},
            "unit_price_e4": {"from": "price", "as": "price"},
        }
    },
}
"""How the partner's files are read: rows that share an order's number are one order."""


async def opened(house: House) -> None:
    """Both warehouses count what they have, and everybody has heard of it."""
    await until_heard_of_items(house)
    for site in SITES:
        for item in house.erp.seed["products"]:
            said = StockAdjustment(
                adjustment_id=f"opening-{site}-{item}",
                site=site,
                item=item,
                quantity=OPENING,
                reason=AdjustmentReason.OPENING,
            )
            await house.estate.wms(site).report(catalogue.STOCK_ADJUSTED, said)
    await in_step(house)


async def until_heard_of_items(house: House) -> None:
    """The hub has read the ERP's masters."""

    async def heard() -> bool:
        said = await house.command("state")
        return int(said["fates"]["applied"]) >= len(house.erp.seed["products"])

    await eventually_async(heard, 60, _POLL_SECONDS)


async def in_step(house: House, seconds_max: float = 120.0) -> None:
    """Shelves, the ERP's stock and the shop's offers are the same."""

    differences: list[str] = []

    async def same() -> bool:
        differences[:] = await differences_of_stock(house)
        return not differences

    try:
        await eventually_async(same, seconds_max, _POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"after {seconds_max:.0f} s: {'; '.join(differences)}") from None


async def differences_of_stock(house: House) -> list[str]:
    """Where ERP or shop say another number than the warehouse, by item and site."""
    shelves, inside = house.shelves(), house.inside()
    erp, shop = await house.on_hand(), await house.levels()
    return [
        f"{item} at {site}: {inside[key]} inside, erp {erp.get(key)};"
        f" {units} to sell, shop {shop.get(key)}"
        for key, units in sorted(shelves.items())
        for item, site in [key]
        if inside[key] != erp.get(key) or units != shop.get(key)
    ]
