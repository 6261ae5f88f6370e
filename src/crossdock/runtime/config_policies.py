"""The section `policies`: where goods stand that come in, and what a correction may change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossdock.inventory.limits import CorrectionLimit
from crossdock.ownership.flows import Flow
from crossdock.ownership.pausing import NotARule, PauseRule, rule_of
from crossdock.runtime.config_reader import Reader


@dataclass(frozen=True, slots=True)
class StockPolicies:
    """How a house handles its stock."""

    docks: frozenset[str] = frozenset()
    transfer_hours: int = 72
    adjustment_limits: tuple[CorrectionLimit, ...] = ()
    count_tolerances: tuple[CorrectionLimit, ...] = ()
    pauses: tuple[PauseRule, ...] = ()  # which flows wait while events are late


def read_policies(
    reader: Reader, said: object, sites: Collection[str], flows: Mapping[str, Flow]
) -> StockPolicies:
    """What the file says; what it does not say is as by default.

    A list stands for its `rules` alone.
    """
    where = "policies"
    section = {"rules": said} if isinstance(said, list) else reader.section(said, where)
    known = ("receives_to", "transfer_hours", "adjustments", "tolerances", "rules")
    reader.only(section, where, known)
    docks = set()
    for site, state in reader.section(section.get("receives_to"), "policies.receives_to").items():
        if site not in sites:
            reader.wrong("policies.receives_to", site, "a site of this file")
        if state not in ("available", "received"):
            reader.wrong(f"policies.receives_to.{site}", state, "available or received")
        if state == "received":
            docks.add(site)
    default = StockPolicies()
    hours = reader.number(section, "transfer_hours", where, default.transfer_hours, 1, 8760)
    return StockPolicies(
        frozenset(docks),
        hours,
        _limits(reader, section, "adjustments", sites),
        _limits(reader, section, "tolerances", sites),
        tuple(_pauses(reader, section.get("rules"), flows, listed=isinstance(said, list))),
    )


def _pauses(
    reader: Reader, rules: object, flows: Mapping[str, Flow], *, listed: bool
) -> Iterator[PauseRule]:
    """The rules that can be read; what is wrong with the others is said by its path."""
    base = "policies" if listed else "policies.rules"
    if rules is not None and not isinstance(rules, list):
        reader.wrong(base, rules, "a list of rules")
        return
    for number, one in enumerate(rules or ()):
        where = f"{base}[{number}]"
        said = reader.section(one, where)
        reader.only(said, where, ("when", "then", "keep"))
        when, then = reader.text(said, "when", where), reader.text(said, "then", where)
        try:
            yield rule_of(when, then, reader.texts(said.get("keep"), f"{where}.keep"), flows)
        except NotARule as error:
            reader.wrong(f"{where}.{error.part}", error.found, error.expected)


def _limits(
    reader: Reader, section: Mapping[str, Any], name: str, sites: Collection[str]
) -> tuple[CorrectionLimit, ...]:
    limits = section.get(name, [])
    if not isinstance(limits, list):
        reader.wrong(f"policies.{name}", limits, "a list of limits")
        return ()
    return tuple(
        _limit(reader, one, f"policies.{name}[{number}]", sites)
        for number, one in enumerate(limits)
    )


def _limit(reader: Reader, value: object, where: str, sites: Collection[str]) -> CorrectionLimit:
    one = reader.section(value, where)
    reader.only(one, where, ("site", "item_class", "units", "percent"))
    site = reader.text(one, "site", where)
    if site and site not in sites:
        reader.wrong(f"{where}.site", site, "a site of this file")
    if "units" not in one and "percent" not in one:
        reader.wrong(where, "no limit", "units, percent, or both")
    return CorrectionLimit(
        site=site,
        item_class=reader.text(one, "item_class", where),
        units=reader.number(one, "units", where, 0, 0, 10**12) if "units" in one else None,
        percent=reader.number(one, "percent", where, 0, 0, 10**6) if "percent" in one else None,
    )
