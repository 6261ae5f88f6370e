"""Who may say what, and who must be told: one table, enforced at the door, and the routing.

A rule names, per entity, its owners and its consumers. A name is a system, or one of three
phrases that the message's own fields answer: "wms of site", "system of channel", "hub" (decision
10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WMS_OF_SITE = "wms of site"
SYSTEM_OF_CHANNEL = "system of channel"
HUB = "hub"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the matrix."""

    entity: str
    owners: tuple[str, ...]
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """The rules by entity, with the places that the phrases refer to."""

    rules: Mapping[str, Rule]
    wms: Mapping[str, str]  # site -> system
    channels: Mapping[str, str]  # channel -> system

    def owners(self, entity: str, site: str | None, channel: str | None) -> tuple[str, ...]:
        """The systems that may originate this entity for this site and channel."""
        rule = self.rules.get(entity)
        return self._resolve(rule.owners, site, channel) if rule is not None else ()

    def may_say(self, source: str, entity: str, site: str | None, channel: str | None) -> bool:
        """Whether this source owns the entity there."""
        return source in self.owners(entity, site, channel)

    def consumers(self, entity: str, site: str | None, channel: str | None) -> tuple[str, ...]:
        """The systems that must be told, each once, in the matrix's order."""
        rule = self.rules.get(entity)
        return self._resolve(rule.consumers, site, channel) if rule is not None else ()

    def _resolve(
        self, names: tuple[str, ...], site: str | None, channel: str | None
    ) -> tuple[str, ...]:
        found: list[str] = []
        for name in names:
            system: str | None = name
            if name == WMS_OF_SITE:
                system = self.wms.get(site) if site is not None else None
            elif name == SYSTEM_OF_CHANNEL:
                system = self.channels.get(channel) if channel is not None else None
            if system is not None and system not in found:
                found.append(system)
        return tuple(found)


DEFAULT_RULES = (
    Rule("item", ("erp",), ()),
    Rule("party", ("erp",), ()),
    Rule("site", ("erp",), ()),
    Rule("channel", ("erp",), ()),
    Rule("order", (SYSTEM_OF_CHANNEL, "crm"), (SYSTEM_OF_CHANNEL, "crm")),
    Rule("release", (HUB,), (WMS_OF_SITE,)),
    Rule("stock", (WMS_OF_SITE,), ()),
    Rule("receipt", (WMS_OF_SITE,), ()),
    Rule("pick", (WMS_OF_SITE,), ()),
    Rule("pack", (WMS_OF_SITE,), ()),
    Rule("shipment", (WMS_OF_SITE,), (SYSTEM_OF_CHANNEL, "crm")),
    Rule("return", (SYSTEM_OF_CHANNEL, "crm"), (WMS_OF_SITE, SYSTEM_OF_CHANNEL, "crm")),
    Rule("return_receipt", (WMS_OF_SITE,), ()),
    Rule("invoice", ("erp",), ("erp",)),
    Rule("availability", (HUB,), (SYSTEM_OF_CHANNEL,)),
    Rule("reservation", (HUB,), ()),
)
"""The matrix that ships with the hub; `crossdock.yaml` replaces rows by entity."""
