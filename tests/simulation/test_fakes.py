"""Schedules with the connectors' fakes: the hub's own loops, real connectors, virtual time.

What the contract suite asks of a connector alone is asked here of connector, delivery and feeds
together, while requests are lost, doubled and late, processes are killed and people change things
over there: in the end each side says what the other told last, and everything was heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from crossdock.connectors.kit.http import passing
from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Source
from crossdock.contracts.products import Item
from crossdock.delivery.retry import RetrySchedule
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.hub import Hub
from crossdock.runtime.pace import Pace
from crossdock.runtime.simulation.chance import Chance, NodeClock, stream
from crossdock.runtime.simulation.loop import Life, VirtualLoop, in_the_name_of
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import T0, noun_message
from crossdock.testing.fakes.line import Line
from crossdock.testing.fakes.rest import FakeRest
from crossdock.testing.fakes.vendure import FakeVendure

SKUS = ("SKU-001", "SKU-002")
RECORDS = 6
STEPS = 60
SEEDS = 4
PACE = Pace(
    attempt_seconds=20.0,
    idle_seconds=2.0,
    feed_idle_seconds=2.0,
    publish_idle_seconds=10.0,
    sweep_seconds=10.0,
    silent_seconds=40.0,
    retry=RetrySchedule(0.25, 8.0, 40),
)


class Story:
    """One schedule: a hub, a system of the REST kind and a shop."""

    def __init__(self, seed: int, folder: Path, far: FakeRest | None = None) -> None:
        self.far, self.shop = far or FakeRest(), FakeVendure()
        self.seed = seed
        self.loop = VirtualLoop(stream(seed, "order"))
        self.draw = stream(seed, "story")
        self.line = Line((self.far, self.shop), stream(seed, "line"))
        self.clock = NodeClock(self.loop, T0)
        self.settings = _settings(folder, self.far, self.shop)
        self.data = Data()
        self.names: dict[str, str] = {}
        self.revisions = dict.fromkeys(SKUS, 0)
        self.boots = 0
        self.life = Life("none")
        self.hub: Hub | None = None

    def play(self) -> None:
        """Play it; raises AssertionError where a promise is broken."""

        async def whole() -> None:
            with passing(self.line.through):
                await self._play()

        try:
            self.loop.run(whole())
        finally:
            self.loop.end_all()
        assert self.loop.troubles == []

    async def _play(self) -> None:
        self._boot()
        self.line.rate = 0.08
        for _ in range(STEPS):
            self._step()
            await asyncio.sleep(self.draw.uniform(0.0, 4.0))
        for sku in SKUS:
            await self._name(sku)
        self.line.rate = 0.0
        self.line.down.clear()
        if self.life.has_ended:
            self._boot()
        await asyncio.sleep(240)
        self._judge()

    def _step(self) -> None:
        """Something happens somewhere."""
        steps: list[Callable[[], Any]] = [
            lambda: asyncio.ensure_future(self._name(self.draw.choice(SKUS))),
            lambda: self.far.change("shipments", self._record(), self._stamp()),
            lambda: self.shop.change("orders", self._record(), self._stamp()),
            self._by_hand,
            self._kill,
            lambda: self.line.down.add(self.draw.choice((self.far, self.shop))),
            self.line.down.clear,
        ]
        self.draw.choices(steps, (6, 6, 6, 2, 1, 1, 3))[0]()

    def _record(self) -> int:
        return self.draw.randint(1, RECORDS)

    def _stamp(self) -> datetime:
        """Now, or some time ago, as of a transaction that took so long."""
        late = self.draw.choice((0, 0, 20))
        return self.clock.now() - timedelta(seconds=late)

    async def _name(self, sku: str) -> None:
        """The ERP gives an item another name."""
        self.revisions[sku] += 1
        revision = self.revisions[sku]
        self.names[sku] = f"{sku} by name {revision}"
        message = noun_message(
            catalogue.ITEM_CHANGED,
            Item(item=sku, description=self.names[sku], revision=revision),
            f"erp-{sku}-{revision}",
            source="erp",
            partitions=self.settings.hub.partitions,
            seconds=self.loop.time(),
        )
        await MemoryStore(data=self.data).append([message])
        if self.hub is not None:
            self.hub.ring_deciders()

    def _by_hand(self) -> None:
        """Somebody there changes a name, perhaps between our look and our write."""
        sku = self.draw.choice(SKUS)
        known = self.far.effects().get(sku)
        if known is not None:
            self.far.write_by_hand(sku, {**known, "label": {"en": "by hand"}})

    def _boot(self) -> None:
        self.boots += 1
        self.life = Life(f"hub.{self.boots}")
        self.loop.create_task(self._run(), context=in_the_name_of(self.life))

    async def _run(self) -> None:
        connectors = {
            name: one.kind.reach(one.reached, self.clock)
            for name, one in self.settings.systems.items()
            if one.reached is not None
        }
        hub = Hub(
            self.settings,
            MemoryStore(data=self.data),
            connectors,
            self.clock,
            Chance(stream(self.seed, "hub", self.boots)),
            PACE,
            {name: one.feeds for name, one in connectors.items() if isinstance(one, Source)},
        )
        await hub.reclaim()
        hub.start()
        self.hub = hub
        await hub.runs_until(asyncio.Event())

    def _kill(self) -> None:
        """`kill -9`, and another start a little later."""
        if self.hub is not None:
            self.loop.end(self.life)
            self.hub = None
            self.loop.call_later(self.draw.uniform(0.1, 4.0), self._boot)

    def _judge(self) -> None:
        unsettled = {
            one.effect.business_key: one.state_name
            for one in self.data.effects.by_id.values()
            if one.state is not None
        }
        assert unsettled == {}
        for sku in SKUS:
            assert self.far.effects()[sku]["label"] == {"en": self.names[sku]}
            assert self.shop.effects()[f"variant {sku}"][0] == self.names[sku]
        heard = {
            (kept.message.source, kept.message.id)
            for part in self.data.partitions.values()
            for kept in part.messages
        } | {(one.source, one.id) for one in self.data.absorbed}
        for shipment in self.far.shipments():
            assert ("far", f"shipments/{shipment['number']}/{shipment['rev']}") in heard
        orders = {found for source, found in heard if source == "shop"}
        for order in self.shop.orders():
            assert any(order["code"] in found for found in orders), order["code"]


def _settings(folder: Path, far: FakeRest, shop: FakeVendure) -> Settings:
    """The configuration as a user would write it."""
    said: dict[str, Any] = {
        "hub": {"partitions": 4, "workers": 1},
        "systems": {
            "erp": {},
            "far": {"connector": "rest", **_public(far.settings()), "poll_seconds": 5},
            "shop": {"connector": "vendure", **_public(shop.settings()), "poll_seconds": 5},
        },
        "sites": {"EAST": {"wms": "far"}},
        "channels": {"web": {"system": "shop", "sells_from": ["EAST"]}},
        "ownership": {
            "item": {"owner": "erp", "consumers": ["far", "shop"]},
            "order": {"owner": "shop", "consumers": []},
            **{name: {"consumers": []} for name in ("availability", "invoice", "release")},
            **{name: {"consumers": []} for name in ("shipment", "return", "stock_posting")},
        },
    }
    file = folder / "crossdock.yaml"
    secrets = {"FAR": far.settings()["credential"], "SHOP": shop.settings()["credential"]}
    for name in ("far", "shop"):
        said["systems"][name]["credentials"] = f"env:{name.upper()}"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return read_settings(file, secrets)


def _public(given: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in given.items() if name != "credential"}


def test_both_sides_agree_in_the_end_whatever_befalls_them(tmp_path: Path) -> None:
    """Names told last stand there, what they wrote last was heard, and nothing waits.

    Over the seeds everything that may befall a request did, and processes were killed.
    """
    befell: set[str] = set()
    boots = 0
    for seed in range(SEEDS):
        story = Story(seed, tmp_path)
        story.play()
        befell |= set(story.line.befell)
        boots += story.boots - 1
    assert befell == {
        "arrived twice",
        "lost on its way",
        "reply cut short",
        "reply late",
        "reply lost",
        "turned away",
    }
    assert boots > 0


def test_an_overlap_shorter_than_their_longest_transaction_is_found(tmp_path: Path) -> None:
    """The schedules see what they are for: a change that commits late under an older stamp."""

    class Short(FakeRest):
        def settings(self) -> dict[str, Any]:
            return {**super().settings(), "overlap_seconds": 1}

    found = []
    for seed in range(SEEDS):
        try:
            Story(seed, tmp_path, Short()).play()
        except AssertionError as missed:
            found.append(str(missed))
    assert any("shipments/" in one for one in found)
