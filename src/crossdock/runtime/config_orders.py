"""The section `orders`: which rules an order is asked, who releases holds, how sites are chosen."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.contracts.vocabulary import HoldKind, OrderRule, RuleAction
from crossdock.orders.policy import (
    DEFAULT,
    Criterion,
    CustomerPolicy,
    HoldPolicy,
    LateCancel,
    OrderPolicy,
    ShortPick,
    SiteTerms,
    SourcingPolicy,
    Together,
)
from crossdock.runtime.config_reader import Reader

_CUT_OFF = re.compile(r"\A([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_HOOK = re.compile(r"\A[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")
_NEVER_HOLDS = frozenset({OrderRule.AVAILABILITY})
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """How a house treats its orders."""

    default: OrderPolicy = DEFAULT
    channels: Mapping[str, OrderPolicy] = field(default_factory=dict)
    holds: Mapping[HoldKind, HoldPolicy] = field(default_factory=dict)
    customers: Mapping[str, CustomerPolicy] = field(default_factory=dict)
    sourcing: SourcingPolicy = field(default_factory=SourcingPolicy)


def read_orders(
    reader: Reader,
    section: Mapping[str, Any],
    sites: Collection[str],
    channels: Collection[str],
    systems: Collection[str],
) -> OrderSettings:
    """What the file says; a channel says what differs from the default."""
    reader.only(section, "orders", ("default", "channels", "holds", "customers", "sourcing"))
    default = _channel(reader, section.get("default"), "orders.default", DEFAULT)
    found = {}
    for name, value in reader.section(section.get("channels"), "orders.channels").items():
        where = f"orders.channels.{name}"
        if name not in channels:
            reader.wrong(where, name, "a channel of this file")
        found[name] = _channel(reader, value, where, default)
    return OrderSettings(
        default=default,
        channels=found,
        holds=_holds(reader, section.get("holds"), systems),
        customers={
            name: _customer(reader, value, f"orders.customers.{name}", sites)
            for name, value in reader.section(section.get("customers"), "orders.customers").items()
        },
        sourcing=_sourcing(reader, section.get("sourcing"), sites),
    )


def _channel(reader: Reader, value: object, where: str, default: OrderPolicy) -> OrderPolicy:
    one = reader.section(value, where)
    known = (
        "rules", "price_list", "price_tolerance_percent", "terms", "short_pick", "late_cancel",
        "together",
    )  # fmt: skip
    reader.only(one, where, known)
    together = default.together
    if "together" in one:
        together = _words(reader, one["together"], f"{where}.together", Together)
    return OrderPolicy(
        rules={**default.rules, **_rules(reader, one.get("rules"), f"{where}.rules")},
        price_list=reader.text(one, "price_list", where, default.price_list),
        price_tolerance_percent=reader.number(
            one, "price_tolerance_percent", where, default.price_tolerance_percent, 0, 100
        ),
        terms=reader.texts(one["terms"], f"{where}.terms") if "terms" in one else default.terms,
        short_pick=reader.choice(one, "short_pick", where, ShortPick, default.short_pick),
        late_cancel=reader.choice(one, "late_cancel", where, LateCancel, default.late_cancel),
        together=together,
    )


def _rules(reader: Reader, value: object, where: str) -> dict[OrderRule, RuleAction]:
    said = reader.section(value, where)
    names = tuple(rule.value for rule in OrderRule if rule is not OrderRule.DUPLICATE)
    reader.only(said, where, names)
    found = {}
    for name in said:
        if name not in names:
            continue
        rule = OrderRule(name)
        does = reader.choice(said, name, where, RuleAction, RuleAction.OFF)
        if does is RuleAction.HOLD and rule in _NEVER_HOLDS:
            reader.wrong(f"{where}.{name}", does.value, "reject, warn or off: what lacks waits")
        found[rule] = does
    return found


def _words(reader: Reader, value: object, where: str, kind: type[Word]) -> tuple[Word, ...]:
    said = reader.texts(value, where)
    for word in said:
        if word not in list(kind):
            reader.wrong(where, word, " or ".join(kind))
    return tuple(kind(word) for word in dict.fromkeys(said) if word in list(kind))


def _holds(reader: Reader, value: object, systems: Collection[str]) -> dict[HoldKind, HoldPolicy]:
    said = reader.section(value, "orders.holds")
    reader.only(said, "orders.holds", tuple(HoldKind))
    found = {}
    for name, about in said.items():
        where = f"orders.holds.{name}"
        one = reader.section(about, where)
        reader.only(one, where, ("released_by", "remind_hours"))
        who = reader.texts(one.get("released_by"), f"{where}.released_by")
        for system in who:
            if system not in systems:
                reader.wrong(f"{where}.released_by", system, "a system of this file")
        hours = reader.number(one, "remind_hours", where, 0, 0, 8760)
        if name in list(HoldKind):
            found[HoldKind(name)] = HoldPolicy(who, hours)
    return found


def _customer(reader: Reader, value: object, where: str, sites: Collection[str]) -> CustomerPolicy:
    one = reader.section(value, where)
    reader.only(one, where, ("only", "never", "short_pick"))
    lists = {}
    for name in ("only", "never"):
        lists[name] = reader.texts(one.get(name), f"{where}.{name}")
        for site in lists[name]:
            if site not in sites:
                reader.wrong(f"{where}.{name}", site, "a site of this file")
    short = reader.choice(one, "short_pick", where, ShortPick, ShortPick.RESOURCE)
    return CustomerPolicy(lists["only"], lists["never"], short if "short_pick" in one else None)


def _sourcing(reader: Reader, value: object, sites: Collection[str]) -> SourcingPolicy:
    where = "orders.sourcing"
    one = reader.section(value, where)
    reader.only(one, where, ("by", "sites", "hook"))
    said = reader.section(one.get("sites"), f"{where}.sites")
    for site in said:
        if site not in sites:
            reader.wrong(f"{where}.sites", site, "a site of this file")
    return SourcingPolicy(
        by=_words(reader, one.get("by"), f"{where}.by", Criterion),
        sites={
            site: _terms(reader, about, f"{where}.sites.{site}") for site, about in said.items()
        },
        hook=_hook(reader, one, where),
    )


def _terms(reader: Reader, value: object, where: str) -> SiteTerms:
    one = reader.section(value, where)
    known = (
        "time_zone", "cut_off", "transit_days", "units_per_day", "cost_per_order", "cost_per_unit",
    )  # fmt: skip
    reader.only(one, where, known)
    zone = reader.text(one, "time_zone", where, "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        reader.wrong(f"{where}.time_zone", zone, "a time zone such as Europe/London")
        zone = "UTC"
    said = reader.section(one.get("transit_days"), f"{where}.transit_days")
    days = {
        country: reader.number(said, country, f"{where}.transit_days", 0, 0, 365)
        for country in said
    }
    units = one.get("units_per_day")
    most = 10**9
    return SiteTerms(
        time_zone=zone,
        cut_off_minutes=_cut_off(reader, one, where),
        transit_days=days,
        units_per_day=None
        if units is None
        else reader.number(one, "units_per_day", where, 0, 0, most),
        cost_per_order=reader.number(one, "cost_per_order", where, 0, 0, most),
        cost_per_unit=reader.number(one, "cost_per_unit", where, 0, 0, most),
    )


def _cut_off(reader: Reader, one: Mapping[str, Any], where: str) -> int | None:
    said = one.get("cut_off")
    if said is None:
        return None
    found = _CUT_OFF.match(said) if isinstance(said, str) else None
    if found is None:
        reader.wrong(f"{where}.cut_off", said, 'a time of the day in quotes, "15:30"')
        return None
    return int(found[1]) * 60 + int(found[2])


def _hook(
    reader: Reader, one: Mapping[str, Any], where: str
) -> Callable[..., Sequence[str]] | None:
    """The house's own rule, imported once, when the file is read."""
    said = one.get("hook")
    if said is None:
        return None
    if not isinstance(said, str) or _HOOK.match(said) is None:
        reader.wrong(f"{where}.hook", said, "package.module:function")
        return None
    module, _, name = said.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        reader.wrong(
            f"{where}.hook", f"{said} ({type(error).__name__})", "a function that is there"
        )
        return None
    if not callable(found):
        reader.wrong(f"{where}.hook", said, "a function")
        return None
    rule: Callable[..., Sequence[str]] = found
    return rule
