"""The part of the configuration that says who owns what: `ownership`, `flows`, roles of places."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.ownership import grammar
from crossdock.ownership.flows import Criticality, Flow, Model
from crossdock.ownership.matrix import DEFAULT_RULES
from crossdock.ownership.phrases import phrase_of
from crossdock.ownership.rule import OnViolation, Rule
from crossdock.ownership.subjects import masters, objects, types_of
from crossdock.runtime.config_reader import Reader


def read_rules(
    reader: Reader, section: Mapping[str, Any], sites: Collection[str], channels: Collection[str]
) -> tuple[Rule, ...]:
    """The matrix that ships with the hub, its rows replaced and narrowed by the file's."""
    rules = {rule.key: rule for rule in DEFAULT_RULES}
    spelt: dict[str, str] = {}
    for key, value in section.items():
        where = f"ownership.{key}"
        rule = grammar.rule_of(key)
        if rule is None:
            reader.wrong(where, key, grammar.SPELLING)
            continue
        for found, expected in grammar.faults(rule, sites, channels):
            reader.wrong(where, found, expected)
        if (first := spelt.setdefault(rule.key, key)) != key:
            reader.wrong(where, f"what `{first}` says already", "one row for one cell")
        said = _answers(reader, where, value, rule)
        rules[rule.key] = _over(rules.get(rule.key, rule), said)
    return tuple(rules.values())


def _answers(reader: Reader, where: str, value: object, rule: Rule) -> Rule:
    one = reader.section(value, where)
    reader.only(one, where, ("owner", "publisher", "consumers", "on_violation"))
    if not value:
        reader.wrong(where, "no answer", "owner, publisher, consumers or on_violation")
    ending = reader.choice(one, "on_violation", where, OnViolation, OnViolation.REJECT)
    if rule.field is not None and "consumers" in one:
        reader.wrong(f"{where}.consumers", rule.field, "no consumers: a record is told whole")
    return replace(
        rule,
        owners=_names(reader, one, "owner", where),
        consumers=_names(reader, one, "consumers", where),
        publisher=reader.text(one, "publisher", where) if "publisher" in one else None,
        on_violation=ending if "on_violation" in one else None,
    )


def _names(
    reader: Reader, section: Mapping[str, Any], key: str, where: str
) -> tuple[str, ...] | None:
    return reader.texts(section[key], f"{where}.{key}") if key in section else None


def _over(shipped: Rule, said: Rule) -> Rule:
    """The shipped row with what the file says put over it."""
    return replace(
        shipped,
        owners=shipped.owners if said.owners is None else said.owners,
        consumers=shipped.consumers if said.consumers is None else said.consumers,
        publisher=shipped.publisher if said.publisher is None else said.publisher,
        on_violation=shipped.on_violation if said.on_violation is None else said.on_violation,
    )


# Roles of places --------------------------------------------------------------------------------


def roles_named(ownership: Mapping[str, Any], scope: str) -> tuple[str, ...]:
    """The roles of sites or channels that some phrase of the matrix names: none else is read.

    So a misspelt role is a problem and never a silent hole.
    """
    names: list[object] = [name for rule in DEFAULT_RULES for name in _all_names(rule)]
    for value in ownership.values():
        for answer in value.values() if isinstance(value, dict) else ():
            names += answer if isinstance(answer, list) else [answer]
    phrases = [phrase_of(name) for name in names if isinstance(name, str)]
    named = (phrase.role for phrase in phrases if phrase is not None and phrase.scope == scope)
    return tuple(sorted(set(named)))


def _all_names(rule: Rule) -> tuple[str, ...]:
    publisher = () if rule.publisher is None else (rule.publisher,)
    return (*(rule.owners or ()), *(rule.consumers or ()), *publisher)


def read_roles(
    reader: Reader,
    section: Mapping[str, Any],
    where: str,
    roles: Sequence[str],
    systems: Collection[str],
) -> dict[str, str]:
    """Who plays which role at one place."""
    played = {}
    for role in roles:
        if role not in section:
            continue
        system = reader.text(section, role, where)
        if system not in systems:
            reader.wrong(f"{where}.{role}", system, "a system of this file")
        else:
            played[role] = system
    return played


# Flows ------------------------------------------------------------------------------------------


def read_flows(reader: Reader, section: Mapping[str, Any]) -> dict[str, Flow]:
    """The flows that the file configures; which others ship is in `ownership.flows`."""
    flows: dict[str, Flow] = {}
    first: dict[str, str] = {}
    for name, value in section.items():
        where = f"flows.{name}"
        flow = _flow(reader, name, value, where)
        for kind in flow.types:
            if (other := first.setdefault(kind, name)) != name:
                reader.wrong(f"{where}.messages", kind, f"a type that flows.{other} does not take")
        flows[name] = flow
    return flows


def _flow(reader: Reader, name: str, value: object, where: str) -> Flow:
    one = reader.section(value, where)
    known = ("messages", "model", "criticality", "within", "every", "enabled")
    reader.only(one, where, known)
    usual = Model.BATCH if name in masters() else Model.EVENT
    return Flow(
        name=name,
        types=_types(reader, one, name, where),
        model=reader.choice(one, "model", where, Model, usual),
        criticality=reader.choice(one, "criticality", where, Criticality, Criticality.NORMAL),
        within_seconds=reader.seconds(one, "within", where),
        every_seconds=reader.seconds(one, "every", where),
        enabled=reader.flag(one, "enabled", where, default=True),
    )


def _types(reader: Reader, section: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    """The message types of a flow: those it lists, by type or object, or those of its name."""
    if "messages" not in section:
        if name not in objects():
            reader.wrong(where, "no messages", "messages: types or objects of the catalogue")
        return tuple(row.name for row in types_of(name))
    types: dict[str, None] = {}
    for one in reader.texts(section["messages"], f"{where}.messages"):
        if one in CATALOGUE:
            types[one] = None
        elif one in objects():
            types.update(dict.fromkeys(row.name for row in types_of(one)))
        else:
            reader.wrong(f"{where}.messages", one, "a message type or an object of the catalogue")
    return tuple(types)
