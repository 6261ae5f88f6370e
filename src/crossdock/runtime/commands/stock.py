"""`crossdock stock rebase`: an item's counters beside the ledger's entries, and put right by them.

Balances, what may be sold and what is promised are compared; pools and safety stock are not.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

from crossdock.kernel.redaction import shown
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.commands.trace_parts import KeyUnknown
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.storage.postgres.rebase import Difference, differences, rebase


def run_rebase(config: Path, item: str, *, apply: bool, as_json: bool) -> int:
    """Show what differs, and put it right with `apply`; gives 1 where it was left so.

    Raises:
        KeyUnknown: the item has no entries and no counters.
        ConfigurationWrong: the configuration cannot be used.
        StoreError: the database cannot be read or written.
    """
    found = asyncio.run(_rebase(read_settings(config), item, apply))
    for one in found:
        say(str(one))
    if not found:
        say(f"nothing differs: the counters of {item} are what the entries say")
    else:
        say(f"{len(found)} counters put right" if apply else f"{len(found)} counters differ")
    finish(
        {"item": item, "applied": apply and bool(found), "differences": [asdict(d) for d in found]},
        as_json=as_json,
    )
    return UNSOUND if found and not apply else OK


async def _rebase(settings: Settings, item: str, apply: bool) -> list[Difference]:
    async with opened_store(settings) as store:
        found = await differences(store.pool, item)
        if found is None:
            raise KeyUnknown(where="stock rebase", found=shown(item), expected="a known item")
        return await rebase(store.pool, item, SystemClock().now()) if apply else found
