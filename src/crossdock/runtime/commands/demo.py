"""`crossdock demo`: the whole path on one machine, with an account of every line at its end."""

from __future__ import annotations

from pathlib import Path

import uvloop

from crossdock.runtime.commands.verify import tell
from crossdock.runtime.config import read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, hint, say
from crossdock.runtime.demo.run import Wish, played
from crossdock.runtime.demo.summary import show, sound, summarise
from crossdock.runtime.hub import opened_store
from crossdock.storage.postgres.verify import verify


def run(
    orders: int,
    seconds: int | None,
    source: Path | None,
    chaos: bool,
    seed: int,
    data: Path | None,
    as_json: bool,
) -> int:
    """Run it; gives 0 only if all lines are accounted for, both sides agree, verify is clean."""
    return uvloop.run(_run(Wish(orders, seconds, source, chaos, seed), data, as_json))


async def _run(wish: Wish, data: Path | None, as_json: bool) -> int:
    async with played(wish, data) as end:
        settings = read_settings(end.data / "crossdock.yaml")
        async with opened_store(settings) as store:
            figures = await summarise(end, store)
            hint("verifying every invariant")
            verification = await verify(store.pool)
    broken = [finding.check.name for finding in verification.broken]
    figures["verify"] = {"checked": len(verification.checked), "broken": broken}
    show(figures)
    result = f"broken: {', '.join(broken)}" if broken else "none broken"
    say(f"Verified {len(verification.checked)} invariants, {result}")
    for finding in verification.broken:
        tell(finding.check, finding)
    finish(figures, as_json=as_json)
    return OK if sound(figures) and not broken else UNSOUND
