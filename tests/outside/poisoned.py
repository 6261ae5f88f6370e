"""A process that decides five messages, one of which ends it or never ends; run as a script.

Arguments: a folder for the record of suspects, and what the message does: `crash`, `loop`, `hang`,
`grind` (a loop in C that lets nobody else run) or `nothing`. The log is made anew in memory by each
process, as a database would have kept it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.log.records import Lease, NewMessage, Recorded
from crossdock.runtime import watchdog
from crossdock.runtime.deciding import Decider
from crossdock.runtime.suspects import SuspectsFile
from crossdock.runtime.thinking import watched_thinking
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import at_once, small_policy

POISON = 3
SECONDS_MAX = 0.2
STUCK_SECONDS = {"hang": 2.0, "grind": 1.0}  # the others are to be ended otherwise


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return at(0)

    def monotonic(self) -> float:
        return 0.0


class Poisoned(Recorded):
    """A message whose content does something to whoever looks at it."""

    does = "crash"

    def __getattribute__(self, name: str) -> object:
        if name == "raw":
            poison(Poisoned.does)
        return super().__getattribute__(name)


def poison(what: str) -> None:
    """Crash at once, loop for ever, loop in C for ever, or wait for ever; or do no harm."""
    if what == "nothing":
        return
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    while what == "loop":
        pass
    if what == "grind":
        sum(range(10**13))
    time.sleep(3600)


class Store(MemoryStore):
    """Five messages, the third of them poisoned."""

    async def read(self, leases: Sequence[Lease], limit: int) -> list[Recorded]:
        messages = await super().read(leases, limit)
        return [_poisoned(each) if each.position == POISON else each for each in messages]


def _poisoned(message: Recorded) -> Recorded:
    fields = {name: getattr(message, name) for name in Recorded.__dataclass_fields__}
    return Poisoned(**fields)


async def main(folder: Path, what: str) -> None:
    """Decide everything, then print the fate of each message in order."""
    Poisoned.does = what
    watchdog.prepare()
    suspects = SuspectsFile(folder)
    store = Store()
    at_once(store.append([_order(number) for number in range(1, 6)]))
    decider = Decider(
        "hub/0",
        [0],
        store,
        small_policy(),
        Clock(),
        thinking=watched_thinking(suspects, SECONDS_MAX),
        suspects=suspects,
    )
    async with watchdog.Heartbeat(STUCK_SECONDS.get(what, 60.0), tick_seconds=0.1):
        await decider.turn()
    for row in await store.outcomes(0, 0, 100):
        sys.stdout.write(f"{row.outcome.fate} {row.outcome.reason}\n")
    suspects.close()


def _order(number: int) -> NewMessage:
    line = OrderLine(line="1", item="bolt", quantity=number)
    order = Order(
        order_id=f"O-{number}", customer="C-1", channel="web", currency="EUR", lines=(line,)
    )
    return noun_message(catalogue.ORDER_PLACED, order, f"placed-{number}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
