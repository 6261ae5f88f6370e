"""The demo's summary: every line accounted for, every figure read from the hub or its partners."""

from __future__ import annotations

from collections import Counter
from typing import Any

import asyncpg

from crossdock.contracts.vocabulary import Fate
from crossdock.estate.stories.supply import CURRENCY
from crossdock.runtime.console import say
from crossdock.runtime.demo.agreement import DIFFERENCES_SHOWN_MAX, compare
from crossdock.runtime.demo.money import money_of, reconciled
from crossdock.runtime.demo.parcels import instances
from crossdock.runtime.demo.run import Played
from crossdock.runtime.watching import orders_by_status
from crossdock.storage.postgres.store import PostgresStore

_WAITED_FOR_CREDIT = """
SELECT count(DISTINCT m.key) FROM outcome o JOIN message m USING (partition, position)
WHERE position(convert_to('credit-exceeded:', 'UTF8') IN o.body) > 0
"""


async def summarise(played: Played, store: PostgresStore) -> dict[str, Any]:
    """Read everything; gives what `demo --json` prints, the verification not included."""
    connection = played.connection
    fates = await store.fates()
    accounting = played.fed.accounting
    totals = await connection.fetchrow(
        "SELECT count(*) AS orders, sum(ordered)::bigint AS ordered, sum(shipped)::bigint AS"
        " shipped, sum(invoiced)::bigint AS invoiced, sum(cancelled)::bigint AS cancelled,"
        " sum(returned)::bigint AS returned FROM sales_order"
    )
    money = await money_of(store)
    agreement = await compare(connection, played.estate, money)
    return {
        "lines_in": accounting.lines_in,
        "lines_accounted": accounting.lines_accounted,
        "dispositions": accounting.dispositions,
        "documents": accounting.documents,
        "orders": accounting.orders + accounting.orders_credit,
        "orders_by_status": await orders_by_status(connection),
        "units_ordered": totals["ordered"] or 0,
        "units_shipped": totals["shipped"] or 0,
        "units_invoiced": totals["invoiced"] or 0,
        "units_cancelled": totals["cancelled"] or 0,
        "units_returned": totals["returned"] or 0,
        "units_credited": money.credited_units,
        "money": reconciled(money, accounting, played.estate, CURRENCY),
        "holds": {
            "placed": money.holds["placed"],
            "released": money.holds["released"],
            "price_holds_released": money.holds["price_holds_released"],
            "waited_for_credit": await connection.fetchval(_WAITED_FOR_CREDIT),
            "still_waiting_for_credit": money.holds["still_waiting_for_credit"],
            "still_held": money.holds["still_held"],
        },
        "paid_minor": money.paid.total(),
        "findings": dict(sorted(money.findings.items())),
        "messages": played.left.accepted,
        "effects": sum(n for (_, state), n in (await _effects(store)).items() if state != "held"),
        "effects_by_destination": _by_destination(await _effects(store)),
        "duplicates_absorbed": fates["absorbed"],
        "held": fates[Fate.HELD] + played.left.held,
        "dead": fates[Fate.DEAD],
        "fates": fates,
        "waiting_lines": played.left.waiting,
        "exceptions": await _exceptions(connection),
        "recipes": await instances(connection),
        "seconds": round(played.seconds, 1),
        "seconds_trading": round(played.fed.seconds_trading, 1),
        "first_order_seconds": round(played.first_order_seconds, 2),
        "messages_per_second": round(played.left.accepted / played.seconds),
        "peak_mib": round(played.peak_mib, 1),
        "agreement": {one.what: one.differences for one in agreement},
        "compared": {one.what: one.compared for one in agreement},
    }


async def _effects(store: PostgresStore) -> dict[tuple[str, str], int]:
    return await store.effects_summary()


def _by_destination(summary: dict[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (destination, state), count in sorted(summary.items()):
        found.setdefault(destination, {})[state] = count
    return found


async def _exceptions(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch(
        "SELECT kind, count(*) AS n FROM exception WHERE closed_time IS NULL GROUP BY kind"
    )
    return dict(sorted(Counter({row["kind"]: row["n"] for row in rows}).items()))


def sound(figures: dict[str, Any]) -> bool:
    """Whether every line is accounted for, both sides agree, and the money adds up."""
    left_over = [
        amount
        for sums in figures["money"].values()
        for name, amount in sums.items()
        if name.startswith("difference")
    ]
    return (
        figures["lines_in"] == figures["lines_accounted"]
        and not any(figures["agreement"].values())
        and not any(left_over)
        and not figures["holds"]["still_held"]
    )


def _show_money(figures: dict[str, Any]) -> None:
    for currency, sums in figures["money"].items():
        for name, minor in sums.items():
            if name != "difference_units_credited":
                what = name.removesuffix("_minor").replace("_", " ")
                say(f"  {currency} {what:20} {minor / 100:15,.2f}")
    for finding, count in figures["findings"].items():
        say(f"    open: {finding:18} {count}")


def show(figures: dict[str, Any]) -> None:
    """Print the summary for people."""
    say("")
    say("What came of it")
    say(
        f"  lines in              {figures['lines_in']}, accounted for {figures['lines_accounted']}"
    )
    for name, count in figures["dispositions"].items():
        if count:
            say(f"    {name:24} {count}")
    say(f"  orders                {figures['orders']}")
    for name, count in figures["orders_by_status"].items():
        say(f"    {name:24} {count}")
    for name in ("ordered", "cancelled", "shipped", "invoiced", "returned", "credited"):
        say(f"  units {name:15} {figures[f'units_{name}']}")
    _show_money(figures)
    for name, count in figures["holds"].items():
        say(f"  holds {name.replace('_', ' '):25} {count}")
    say(f"  effects               {figures['effects']}")
    for destination, states in figures["effects_by_destination"].items():
        inside = ", ".join(f"{count} {state}" for state, count in states.items())
        say(f"    {destination:24} {inside}")
    say(f"  duplicates absorbed   {figures['duplicates_absorbed']}")
    say(f"  held, dead            {figures['held']}, {figures['dead']}")
    say(f"  lines still waiting   {figures['waiting_lines']}")
    for name, count in figures["recipes"].items():
        say(f"  recipe {name:23} {count}")
    for kind, count in figures["exceptions"].items():
        say(f"    shown: {kind:17} {count}")
    say(
        f"  time                  {figures['seconds']} s, {figures['messages']} messages,"
        f" {figures['messages_per_second']}/s; first order after {figures['first_order_seconds']} s"
    )
    say(f"  hub's peak memory     {figures['peak_mib']} MiB")
    say("Do both sides agree?")
    for what, compared in figures["compared"].items():
        differences = figures["agreement"][what]
        say(f"  {what:40} {compared:7} compared, {len(differences)} differences")
        for difference in differences[:DIFFERENCES_SHOWN_MAX]:
            say(f"      {difference}")
