"""The section `sequences`: which systems number their messages per key, and what a gap means."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.runtime.config_reader import Reader
from crossdock.sagas.policy import AfterLimit, SequenceRule


def read_sequences(
    reader: Reader, section: Mapping[str, Any], systems: Collection[str]
) -> dict[str, SequenceRule]:
    """By system, how it numbers its messages; a system that is not named does not."""
    found = {}
    for system, value in section.items():
        where = f"sequences.{system}"
        if system not in systems:
            reader.wrong(where, "an unknown system", "a system of this file")
        said = reader.section(value, where)
        reader.only(said, where, ("types", "wait", "after_limit", "refetch"))
        types = reader.texts(said.get("types"), f"{where}.types")
        for kind in types:
            if kind not in CATALOGUE or not CATALOGUE[kind].inbound:
                reader.wrong(f"{where}.types", kind, "a message type that a system may say")
        if not types:
            reader.wrong(f"{where}.types", "nothing", "the message types that are numbered")
        default = SequenceRule(frozenset())
        found[system] = SequenceRule(
            frozenset(types),
            reader.seconds(said, "wait", where) or default.wait_seconds,
            reader.choice(said, "after_limit", where, AfterLimit, default.after_limit),
            reader.flag(said, "refetch", where, default=default.refetch),
        )
    return found
