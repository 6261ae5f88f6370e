"""A whole distributor: every far system, each on its port, in one process."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TypeVar

from crossdock.estate.carrier import Carrier
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
from crossdock.estate.crm import Crm
from crossdock.estate.erp import Erp
from crossdock.estate.notifier import Notifier
from crossdock.estate.shop import Shop
from crossdock.estate.system import System
from crossdock.estate.tms import Tms
from crossdock.estate.wms import Wms

Kind = TypeVar("Kind", bound=System)


class Estate:
    """The systems of one configuration; use it as `async with Estate(config) as estate`."""

    def __init__(self, config: EstateConfig) -> None:
        self.config = config
        self.systems = {name: _make(name, each, config) for name, each in config.systems.items()}

    async def __aenter__(self) -> Estate:
        """Listen on every port; raises OSError when one is taken."""
        try:
            for system in self.systems.values():
                await system.start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    def __getitem__(self, name: str) -> System:
        """The system of this name; raises KeyError."""
        return self.systems[name]

    @property
    def ports(self) -> dict[str, int]:
        """The port of each system."""
        return {name: system.port for name, system in self.systems.items()}

    @property
    def urls(self) -> dict[str, str]:
        """The address of each system."""
        return {name: system.url for name, system in self.systems.items()}

    @property
    def erp(self) -> Erp:
        """The ERP; raises LookupError where there is none."""
        return self._first(Erp)

    @property
    def shop(self) -> Shop:
        """The first shop; raises LookupError where there is none."""
        return self._first(Shop)

    @property
    def crm(self) -> Crm:
        """The customer desk; raises LookupError where there is none."""
        return self._first(Crm)

    @property
    def carrier(self) -> Carrier:
        """The first carrier; raises LookupError where there is none."""
        return self._first(Carrier)

    @property
    def tms(self) -> Tms:
        """The transport management; raises LookupError where there is none."""
        return self._first(Tms)

    @property
    def notifier(self) -> Notifier:
        """The notification service; raises LookupError where there is none."""
        return self._first(Notifier)

    def wms(self, site: str) -> Wms:
        """The warehouse of a site; raises LookupError where there is none."""
        for system in self.systems.values():
            if isinstance(system, Wms) and system.site == site:
                return system
        raise LookupError(site)

    @property
    def pending(self) -> int:
        """Jobs not done and messages without a receipt, over all systems."""
        return sum(system.pending for system in self.systems.values())

    async def quiet(self, poll_seconds: float = 0.02) -> None:
        """Wait until no system has work or an unanswered message.

        What the hub still has to tell them is not known here.
        """
        while self.pending:  # noqa: ASYNC110 - the systems owe nobody an event
            await asyncio.sleep(poll_seconds)

    def _first(self, kind: type[Kind]) -> Kind:
        for system in self.systems.values():
            if isinstance(system, kind):
                return system
        raise LookupError(kind.__name__)

    async def _stop(self) -> None:
        for system in self.systems.values():
            await system.stop()


def _make(name: str, config: AnySystem, estate: EstateConfig) -> System:
    if isinstance(config, ErpConfig):
        return Erp(name, config, estate.hub, estate.seed, estate.host)
    if isinstance(config, WmsConfig):
        return Wms(name, config, estate.hub, estate.seed, estate.host)
    if isinstance(config, ShopConfig):
        return Shop(name, config, estate.hub, estate.seed, estate.host)
    if isinstance(config, CarrierConfig):
        return Carrier(name, config, estate.hub, estate.seed, estate.host)
    if isinstance(config, TmsConfig):
        return Tms(name, config, estate.hub, estate.seed, estate.host)
    if isinstance(config, NotifierConfig):
        return Notifier(name, config, estate.hub, estate.seed, estate.host)
    assert isinstance(config, CrmConfig)
    return Crm(name, config, estate.hub, estate.seed, estate.host)
