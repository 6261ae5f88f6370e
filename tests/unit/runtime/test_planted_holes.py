"""Every hole and every overlap is found: planted one by one in a sound configuration.

A plant is one change of the file. What it breaks must be named by its path, with what was found
there, and must stop the message types that it touches and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from crossdock.ownership.findings import Finding
from crossdock.runtime.config import Settings, read_settings

SOUND = """
systems:
  erp: {url: "https://erp.example"}
  pim: {url: "https://pim.example"}
  crm: {url: "https://crm.example"}
  shop: {url: "https://shop.example"}
  edi: {url: "https://edi.example"}
  wms_east: {url: "https://east.example"}
  wms_west: {url: "https://west.example"}
  scale: {}
sites:
  EAST: {wms: wms_east, erp: erp}
  WEST: {wms: wms_west, erp: erp}
channels:
  web: {system: shop, erp: erp, sells_from: [EAST, WEST]}
  desk: {system: crm, erp: erp, sells_from: [WEST]}
ownership:
  item: {owner: pim}
  item.weight_grams: {owner: scale, on_violation: hold}
  item.status: {owner: erp, on_violation: propose}
  order@released/change_requested: {owner: erp}
  order via desk: {owner: crm}
  order@released/change_requested via desk: {owner: crm}
  receipt: {publisher: erp of site}
  pack: {publisher: erp of site}
  stock at EAST: {owner: [wms_east, erp]}
  invoice: {owner: erp of channel, consumers: [erp of channel]}
"""


def read(text: str, folder: Path) -> Settings:
    """The settings of a file with this text."""
    file = folder / "crossdock.yaml"
    file.write_text(text)
    return read_settings(file, {})


def test_the_sound_configuration_has_none(tmp_path: Path) -> None:
    """Nothing is reported where nothing is wrong, and every flow runs."""
    settings = read(SOUND, tmp_path)
    assert settings.findings() == []
    assert settings.policy().stopped == {}


@dataclass(frozen=True)
class Plant:
    """One change, and what must be said of it."""

    name: str
    old: str
    new: str
    where: str
    found: str
    kind: str
    stops: str  # a part of every type that it stops


E = "hole"
O = "overlap"  # noqa: E741 - a letter of a table
PLANTS = [
    Plant("an owner that nobody configured", "item: {owner: pim}", "item: {owner: mdm}",
          "ownership.item", "the owner mdm", E, ".item."),
    Plant("no owner at all", "item: {owner: pim}", "item: {owner: []}",
          "ownership.item", "no owner", E, ".item."),
    Plant("a field without an owner", "{owner: scale, on", "{owner: [], on",
          "ownership.item.weight_grams", "no owner", E, ".item."),
    Plant("a field of an unknown system", "{owner: scale, on", "{owner: scales, on",
          "ownership.item.weight_grams", "the owner scales", E, ".item."),
    Plant("two owners of a record", "item: {owner: pim}", "item: {owner: [pim, erp]}",
          "ownership.item", "owners pim, erp", E, ".item."),
    Plant("two owners of a field", "{owner: scale, on", "{owner: [scale, pim], on",
          "ownership.item.weight_grams", "owners scale, pim", E, ".item."),
    Plant("anybody owns a record", "item: {owner: pim}", "item: {owner: anybody}",
          "ownership.item", "owners anybody", E, ".item."),
    Plant("two owners of a party", "receipt: {", "party: {owner: [erp, crm]}\n  receipt: {",
          "ownership.party", "owners erp, crm", E, ".party."),
    Plant("a site without a warehouse", "WEST: {wms: wms_west, erp: erp}", "WEST: {erp: erp}",
          "ownership.pick", 'owner "wms of site", and site WEST has no wms', E, "."),
    Plant("nobody to release to", "WEST: {wms: wms_west, erp: erp}", "WEST: {erp: erp}",
          "ownership.release", 'consumer "wms of site", and site WEST has no wms', E, "."),
    Plant("a site without an ERP", "EAST: {wms: wms_east, erp: erp}", "EAST: {wms: wms_east}",
          "ownership.receipt", 'publisher "erp of site", and site EAST has no erp', E, ".receipt."),
    Plant("a channel without an ERP", "desk: {system: crm, erp: erp,", "desk: {system: crm,",
          "ownership.invoice", 'owner "erp of channel", and channel desk has no erp', E,
          ".invoice."),
    Plant("nobody to ask for invoices", "desk: {system: crm, erp: erp,", "desk: {system: crm,",
          "ownership.invoice", 'consumer "erp of channel", and channel desk has no erp', E,
          ".invoice."),
    Plant("a phrase about a place that the message lacks", "item: {owner: pim}",
          "item: {owner: erp of site}", "ownership.item", 'owner "erp of site"', E, ".item."),
    Plant("a phrase about a channel that the message lacks", "receipt: {publisher: erp of site}",
          "receipt: {publisher: erp of channel}", "ownership.receipt",
          'publisher "erp of channel"', E, ".receipt."),
    Plant("a consumer that nobody configured", "consumers: [erp of channel]", "consumers: [tax]",
          "ownership.invoice", "the consumer tax", E, ".invoice."),
    Plant("a consumer without an address", "consumers: [erp of channel]", "consumers: [scale]",
          "ownership.invoice", "the consumer scale, which has no url", E, ".invoice."),
    Plant("a warehouse without an address", 'wms_west: {url: "https://west.example"}',
          "wms_west: {}", "ownership.release",
          "the consumer wms_west of site WEST, which has no url", E, "."),
    Plant("a shop without an address", 'shop: {url: "https://shop.example"}', "shop: {}",
          "ownership.availability", "the consumer shop of channel web, which has no url", E, "."),
    Plant("the hub as a consumer", "consumers: [erp of channel]", "consumers: [hub]",
          "ownership.invoice", "the consumer hub", E, ".invoice."),
    Plant("anybody as a consumer", "consumers: [erp of channel]", "consumers: [anybody]",
          "ownership.invoice", "the consumer anybody", E, ".invoice."),
    Plant("a consumer of one stage", "order via desk: {owner: crm}",
          "order via desk: {owner: crm}\n  order@shipped: {consumers: [scale]}",
          "ownership.order@shipped", "the consumer scale, which has no url", E, ".order."),
    Plant("a consumer of one channel", "order via desk: {owner: crm}",
          "order via desk: {owner: crm, consumers: [tax]}",
          "ownership.order via desk", "the consumer tax", E, ".order."),
    Plant("a publisher that nobody configured", "receipt: {publisher: erp of site",
          "receipt: {publisher: broker",
          "ownership.receipt", "the publisher broker", E, ".receipt."),
    Plant("an owner of one stage", "change_requested: {owner: erp}",
          "change_requested: {owner: oms}",
          "ownership.order@released/order.change_requested", "the owner oms", E,
          ".change_requested."),
    Plant("an owner at one site", "{owner: [wms_east, erp]}", "{owner: [wms_east, wes]}",
          "ownership.stock at EAST", "the owner wes", E, ".stock."),
    Plant("no owner at one site", "{owner: [wms_east, erp]}", "{owner: []}",
          "ownership.stock at EAST", "no owner", E, ".stock."),
    Plant("an owner via one channel", "order via desk: {owner: crm}",
          "order via desk: {owner: pos}", "ownership.order via desk", "the owner pos", E,
          ".order."),
    Plant("the hub owns what others say", "receipt: {publisher", "receipt: {owner: hub, publisher",
          "ownership.receipt", "the owner hub alone", E, ".receipt."),
    Plant("others own what the hub says", "receipt: {", "release: {owner: erp}\n  receipt: {",
          "ownership.release", "owner erp", E, "."),
    Plant("others publish what the hub publishes", "receipt: {",
          "availability: {publisher: erp}\n  receipt: {",
          "ownership.availability", "owner wms of site", E, ".availability."),
    Plant("an event that the hub alone says", "receipt: {",
          "order/status_changed: {owner: shop}\n  receipt: {",
          "ownership.order/order.status_changed", "owner shop", E, ".status_changed."),
    Plant("proposals to who cannot be told", "{owner: scale, on_violation: hold}",
          "{owner: scale, on_violation: propose}", "ownership.item.weight_grams",
          "proposals to the owner scale, which has no url", E, ".item."),
    Plant("a stage and a channel", "  order@released/change_requested via desk: {owner: crm}\n", "",
          "ownership.order@released/order.change_requested", "", "none", ""),
    Plant("a stage meets a channel", "order@released/change_requested: {owner: erp}",
          "order@released: {owner: erp}", "ownership.order via desk",
          "owner crm, and owner erp in `order@released`", O, ".order."),
    Plant("an event meets a site", "receipt: {", "stock/moved: {owner: erp}\n  receipt: {",
          "ownership.stock at EAST", "owner wms_east, erp, and owner erp in `stock/stock.moved`", O,
          ".stock.moved."),
    Plant("two endings meet", "order via desk: {owner: crm}",
          "order via desk: {owner: crm, on_violation: hold}\n"
          "  order/placed: {on_violation: propose}", "ownership.order via desk",
          "on_violation hold, and on_violation propose in `order/order.placed`", O, ".placed."),
    Plant("two routes meet", "order via desk: {owner: crm}",
          "order via desk: {owner: crm, consumers: [crm]}\n"
          "  order/status_changed: {consumers: [erp]}", "ownership.order via desk",
          "consumers crm, and consumers erp in `order/order.status_changed`", O,
          ".status_changed."),
    Plant("two publishers meet", "order via desk: {owner: crm}",
          "order via desk: {owner: crm, publisher: edi}\n  order/placed: {publisher: erp}",
          "ownership.order via desk", "publisher edi, and publisher erp in `order/order.placed`", O,
          ".placed."),
    Plant("a site meets an event with two names each", "stock at EAST: {owner: [wms_east, erp]}",
          "stock/adjusted at EAST: {owner: erp}\n  stock/adjusted at WEST: {owner: erp}\n"
          "  stock at EAST: {owner: [wms_east, erp]}", "", "", "none", ""),
]  # fmt: skip
PLACED = [plant for plant in PLANTS if plant.kind != "none"]
HARMLESS = [plant for plant in PLANTS if plant.kind == "none"]


def planted(plant: Plant, folder: Path) -> Settings:
    """The sound configuration with one change."""
    assert SOUND.count(plant.old) == 1
    return read(SOUND.replace(plant.old, plant.new), folder)


@pytest.mark.parametrize("plant", PLACED, ids=lambda plant: plant.name)
def test_what_is_planted_is_found(plant: Plant, tmp_path: Path) -> None:
    """By its path, in words, and with what it stops."""
    settings = planted(plant, tmp_path)
    found = [
        one
        for one in settings.findings()
        if one.where == plant.where and one.found.startswith(plant.found)
    ]
    assert [one.kind for one in found] == [plant.kind], settings.findings()
    assert found[0].types
    assert all(plant.stops in kind for kind in found[0].types)
    assert found[0].expected
    assert set(found[0].types) <= set(settings.policy().stopped)


@pytest.mark.parametrize("plant", PLACED, ids=lambda plant: plant.name)
def test_the_rest_of_the_hub_runs(plant: Plant, tmp_path: Path) -> None:
    """Types that no finding touches, in flows that none touches, are not stopped."""
    settings = planted(plant, tmp_path)
    touched = {kind for one in settings.findings() for kind in one.types}
    flowing = {
        kind
        for flow in settings.flows.values()
        if not touched & set(flow.types)
        for kind in flow.types
    }
    assert flowing
    assert not flowing & set(settings.policy().stopped)


@pytest.mark.parametrize("plant", HARMLESS, ids=lambda plant: plant.name)
def test_what_is_settled_is_no_overlap(plant: Plant, tmp_path: Path) -> None:
    """Rules of other specificity, or that agree, live side by side."""
    assert planted(plant, tmp_path).findings() == []


def test_enough_is_planted() -> None:
    """Kinds and places: the measure of issue 3 asks for 25."""
    assert len({(plant.where, plant.found) for plant in PLACED}) >= 25
    assert {plant.kind for plant in PLACED} == {"hole", "overlap"}


def test_a_finding_reads_as_a_sentence() -> None:
    """Where, what was found, what to write."""
    one = Finding("ownership.item", "no owner", "owner: a system that says it", "hole")
    assert str(one) == "ownership.item: found no owner, expected owner: a system that says it"
