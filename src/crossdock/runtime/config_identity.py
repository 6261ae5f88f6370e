"""The part of the configuration that says how far systems speak, and which claim on a field stands.

`systems.*.ids` (whose numbers), `codes` (whose words), `identity` (who looks alike) and
`survivorship`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crossdock.contracts.codes import PLACES, VOCABULARIES, CodeTable
from crossdock.contracts.vocabulary import Entity
from crossdock.identity.matching import DEFAULT_RULES, KINDS, MatchRule
from crossdock.ownership.subjects import fields_of, masters
from crossdock.ownership.survivorship import Criterion, FieldRule
from crossdock.runtime.config_reader import Reader
from crossdock.sagas.understanding import Speech

_ALL = frozenset(Entity)


def read_ids(reader: Reader, section: Mapping[str, Any], where: str) -> frozenset[Entity]:
    """The records that a system calls by its own numbers: `canonical`, `own`, or their names."""
    said = reader.texts(section.get("ids"), f"{where}.ids")
    if said in ((), ("canonical",)):
        return frozenset()
    if said == ("own",):
        return _ALL
    known = {entity.value: entity for entity in Entity}
    for name in said:
        if name not in known:
            expected = f"canonical, own, or a list of {', '.join(known)}"
            reader.wrong(f"{where}.ids", name, expected)
    return frozenset(known[name] for name in said if name in known)


def read_speech(
    reader: Reader,
    section: Mapping[str, Any],
    ids: Mapping[str, frozenset[Entity]],
    places: Mapping[str, Collection[str]],
) -> dict[str, Speech]:
    """How each system speaks that does not speak as we do; `section` is `codes`.

    `places` are the names of this configuration's sites and channels.
    """
    words = {name: [word.value for word in words] for name, words in VOCABULARIES.items()}
    spoken = {**words, **{name: list(places[name]) for name in PLACES}}
    tables = {name: _tables(reader, name, value, spoken) for name, value in section.items()}
    for name in tables:
        if name not in ids:
            reader.wrong(f"codes.{name}", name, "a system of this file")
    return {
        name: Speech(own, tables.get(name, {}))
        for name, own in ids.items()
        if own or name in tables
    }


def _tables(
    reader: Reader, system: str, value: object, spoken: Mapping[str, Collection[str]]
) -> dict[str, CodeTable[Any]]:
    found: dict[str, CodeTable[Any]] = {}
    for name, codes in reader.section(value, f"codes.{system}").items():
        where = f"codes.{system}.{name}"
        if name not in spoken:
            reader.wrong(where, name, f"one of {', '.join(spoken)}")
            continue
        enumerated = VOCABULARIES.get(name)
        known = {word: word if enumerated is None else enumerated(word) for word in spoken[name]}
        table = {}
        for code, word in reader.section(codes, where).items():
            if word in known:
                table[code] = known[word]
            else:
                reader.wrong(f"{where}.{code}", word, f"one of {', '.join(known)}")
        found[name] = CodeTable(name, table)
    return found


def read_matching(
    reader: Reader, section: Mapping[str, Any], speech: Mapping[str, Speech]
) -> dict[str, tuple[MatchRule, ...]]:
    """The rules by which records are compared, of each entity that somebody numbers his own way."""
    reader.only(section, "identity", ("match",))
    said = reader.section(section.get("match"), "identity.match")
    own = {entity.value for one in speech.values() for entity in one.own}
    found = {entity: DEFAULT_RULES[entity] for entity in sorted(own)}
    for entity, value in said.items():
        where = f"identity.match.{entity}"
        if entity not in set(Entity):
            reader.wrong(where, entity, f"one of {', '.join(Entity)}")
        elif not isinstance(value, list):
            reader.wrong(where, value, "a list of rules")
        else:
            rules = (_rule(reader, entity, f"{where}[{n}]", one) for n, one in enumerate(value))
            found[entity] = tuple(rules)
    return found


def _rule(reader: Reader, entity: str, where: str, value: object) -> MatchRule:
    one = reader.section(value, where)
    reader.only(one, where, ("by", "sure"))
    by = reader.texts(one.get("by"), f"{where}.by")
    if not by or not set(by) <= set(KINDS[entity]):
        reader.wrong(f"{where}.by", ", ".join(by), f"some of {', '.join(KINDS[entity])}")
    return MatchRule(by, sure=reader.flag(one, "sure", where, default=False))


def read_survivorship(
    reader: Reader, section: Mapping[str, Any], systems: Mapping[str, Any]
) -> dict[str, dict[str, FieldRule]]:
    """By entity and field (`*` for all others), which of several claims stands."""
    found: dict[str, dict[str, FieldRule]] = {}
    for name, value in section.items():
        where = f"survivorship.{name}"
        entity, _, field = name.partition(".")
        if entity not in masters() or (field and field not in fields_of(entity)):
            reader.wrong(where, name, f"one of {', '.join(masters())}, or a field of one")
            continue
        found.setdefault(entity, {})[field or "*"] = _survivor(reader, where, value, systems)
    return found


def _survivor(reader: Reader, where: str, value: object, systems: Mapping[str, Any]) -> FieldRule:
    one = reader.section(value, where)
    reader.only(one, where, ("by", "rank"))
    rank = reader.texts(one.get("rank"), f"{where}.rank")
    for name in rank:
        if name not in systems:
            reader.wrong(f"{where}.rank", name, "a system of this file")
    said = reader.texts(one.get("by"), f"{where}.by")
    criteria = {criterion.value: criterion for criterion in Criterion}
    for word in said:
        if word not in criteria:
            reader.wrong(f"{where}.by", word, f"some of {', '.join(criteria)}")
    by = tuple(criteria[word] for word in said if word in criteria)
    return FieldRule(by or FieldRule().by, rank)
