"""`crossdock trace item:X --fields`: every field of a master record, who set it and what lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from crossdock.gateway.masters import MasterView, master_view
from crossdock.kernel.redaction import shown
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.trace_parts import KeyUnknown
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas import golden
from crossdock.sagas.provenance import Said


def run(key: str, config: Path, *, as_json: bool = False) -> int:
    """Show the fields of `item:X`, `party:X`, …; gives 0.

    Raises:
        KeyUnknown: there is no such record.
    """
    view = asyncio.run(_look(read_settings(config), key))
    say(f"{view.entity} {view.id}")
    for one in view.fields:
        say(f"  {one.field:18} {shown(one.value):30} {_cited(one.set_by)}")
        for other in one.others:
            say(f"  {'':18} {shown(other.value):30} not taken: {_cited(other)}")
    finish(
        {"kind": view.entity, "id": view.id, "fields": msgspec.to_builtins(view.fields)},
        as_json=as_json,
    )
    return OK


def _cited(said: Said | None) -> str:
    if said is None:
        return "nobody"
    return f"{said.source} as {said.said_as}, {words.when(said.event_time)}  [{said.place}]"


async def _look(settings: Settings, key: str) -> MasterView:
    entity, _, number = key.partition(":")
    async with opened_store(settings) as store:
        view = await master_view(store, entity, number)
    if view is None:
        expected = "a record that is known: " + ", ".join(f"{one}:ID" for one in golden.nouns())
        raise KeyUnknown(where="trace --fields", found=shown(key), expected=expected)
    return view
