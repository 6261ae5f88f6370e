"""The command line. Names and keys are fixed: others script against them.

Commands live in `runtime/commands/`, imported only when they are called, so that help is quick.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.kernel.errors import CrossdockError
from crossdock.runtime import cli_money, cli_orders, cli_sagas
from crossdock.runtime.cli_connector import connectors
from crossdock.runtime.cli_replay import replay
from crossdock.runtime.cli_work import dead_letters, exceptions
from crossdock.runtime.console import FAILED, INTERRUPTED, explain, hint

app = typer.Typer(
    name="crossdock",
    help="The hub between a distributor's systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", envvar="CROSSDOCK_CONFIG")
]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
_CONFIG = Path("crossdock.yaml")


def _run(command: str, **arguments: Any) -> None:
    module = import_module(f"crossdock.runtime.commands.{command}")
    raise typer.Exit(module.run(**arguments))


@app.command()
def serve(config: Config = _CONFIG) -> None:
    """Run the hub: gateway, deciders, delivery. Ends cleanly on SIGTERM."""
    _run("serve", config=config)


@app.command()
def worker(
    config: Config = _CONFIG,
    name: Annotated[
        str, typer.Option("--name", help="A name to keep over restarts; default: one of its own.")
    ] = "",
) -> None:
    """Run further deciders and deliverers on the database of a hub that serves elsewhere."""
    _run("worker", config=config, name=name)


@app.command()
def check(
    config: Config = _CONFIG,
    ownership: Annotated[
        bool, typer.Option("--ownership", help="Show the resolved ownership matrix and the flows.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check configuration, ownership, connectors, credentials, schema and database settings."""
    _run("check", config=config, ownership=ownership, as_json=as_json)


@app.command()
def ingest(
    file: Annotated[Path, typer.Argument(help="NDJSON or a CloudEvents batch; - is stdin.")],
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Put canonical messages through intake and decide them until nothing is left to decide."""
    _run("ingest", file=file, config=config, as_json=as_json)


@app.command()
def state(
    config: Config = _CONFIG,
    item: Annotated[str | None, typer.Option("--item", help="Only this item's accounts.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="All that stood at this place: 0:17,3:5, as printed.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Accounts as of this event time.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="Of what the hub had recorded by this time.")
    ] = None,
    financial: Annotated[
        bool, typer.Option("--financial", help="Execution stock beside financial stock.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the position, the state hash, counts by fate, and balances, now or in the past."""
    _run(
        "state",
        config=config,
        item=item,
        at=at,
        as_of=as_of,
        known_at=known_at,
        financial=financial,
        as_json=as_json,
    )


@app.command()
def trace(
    key: Annotated[
        str,
        typer.Argument(
            help="An order, shipment, item or message place; lot:ITEM/LOT; item:X with --fields."
        ),
    ],
    config: Config = _CONFIG,
    fields: Annotated[
        bool, typer.Option("--fields", help="Of a master record: which message set each field.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one timeline of an order, shipment or item, and why it is stuck; where a lot went."""
    command = "fields" if fields else "lots" if key.startswith("lot:") else "trace"
    _run(command, key=key, config=config, as_json=as_json)


identity = typer.Typer(no_args_is_help=True, help="Whose number is this: see it, change it.")
app.add_typer(identity, name="identity")
By = Annotated[str, typer.Option("--by", help="Who wants it, for the record.")]
Entity = Annotated[str, typer.Argument(help="item, party or location.")]
System = Annotated[str, typer.Argument(help="Whose number; crossdock: a name for everybody.")]
External = Annotated[str, typer.Argument(help="The number.")]


def _change(change: str, **arguments: Any) -> None:
    module = import_module("crossdock.runtime.commands.identity")
    raise typer.Exit(getattr(module, change)(**arguments))


@identity.command("list")
def identity_list(
    entity: Annotated[str | None, typer.Option("--entity", help="Of these records only.")] = None,
    system: Annotated[str | None, typer.Option("--system", help="Of this system only.")] = None,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """List numbers and what they mean now."""
    _change("show_links", config=config, entity=entity, system=system, as_json=as_json)


@identity.command("review")
def identity_review(config: Config = _CONFIG, as_json: Json = False) -> None:
    """List the numbers that wait for a person, with who they might be; exit code 1 if any."""
    _change("show_review", config=config, as_json=as_json)


@identity.command("link")
def identity_link(
    system: System,
    entity: Entity,
    external: External,
    canonical: Annotated[str, typer.Argument(help="The canonical id.")],
    by: By = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let a number mean a canonical id; what was held for it goes on."""
    _change(
        "link",
        config=config,
        system=system,
        entity=entity,
        external=external,
        canonical=canonical,
        by=by,
        as_json=as_json,
    )


@identity.command("unlink")
def identity_unlink(
    system: System,
    entity: Entity,
    external: External,
    by: By = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let a number mean nothing from now on."""
    _change(
        "unlink",
        config=config,
        system=system,
        entity=entity,
        external=external,
        by=by,
        as_json=as_json,
    )


@identity.command("merge")
def identity_merge(
    entity: Entity,
    loser: Annotated[str, typer.Argument(help="The canonical id that goes.")],
    survivor: Annotated[str, typer.Argument(help="The canonical id that stays.")],
    by: By = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let whatever names the loser name the survivor."""
    _change(
        "merge",
        config=config,
        entity=entity,
        loser=loser,
        survivor=survivor,
        by=by,
        as_json=as_json,
    )


@identity.command("split")
def identity_split(
    entity: Entity,
    canonical: Annotated[str, typer.Argument(help="The canonical id that they have now.")],
    into: Annotated[str, typer.Argument(help="The canonical id that they get.")],
    numbers: Annotated[list[str], typer.Argument(help="Numbers as SYSTEM:NUMBER.")],
    by: By = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let some numbers of a record mean another one from now on."""
    _change(
        "split",
        config=config,
        entity=entity,
        canonical=canonical,
        into=into,
        numbers=numbers,
        by=by,
        as_json=as_json,
    )


@identity.command("retry")
def identity_retry(
    places: Annotated[list[str], typer.Argument(help="Places of held messages, like 3:17.")],
    by: By = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let held messages be decided again after a link or a table of codes was put right."""
    _change("retry", config=config, places=places, by=by, as_json=as_json)


app.command()(replay)
app.add_typer(exceptions, name="exceptions")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(connectors, name="connector")

adjustments = typer.Typer(
    no_args_is_help=True, help="Large counts and corrections that wait for approval."
)
app.add_typer(adjustments, name="adjustments")
Adjustment = Annotated[str, typer.Argument(help="Its id, as `list` shows it.")]
Note = Annotated[str, typer.Option("--note", help="Why, for the record.")]
Owner = Annotated[
    str, typer.Option("--as", help="In whose name; default: the first owner that the matrix names.")
]


def _adjust(action: str, **arguments: Any) -> None:
    module = import_module("crossdock.runtime.commands.adjustments")
    raise typer.Exit(getattr(module, action)(**arguments))


@adjustments.command("list")
def adjustments_list(config: Config = _CONFIG, as_json: Json = False) -> None:
    """List what waits for approval, with the limit that it is beyond."""
    _adjust("show", config=config, as_json=as_json)


@adjustments.command("approve")
def adjustments_approve(
    number: Adjustment,
    by: By = "",
    note: Note = "",
    owner: Owner = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let it be booked, as of its own event time."""
    _adjust(
        "settle",
        verdict="approve",
        config=config,
        number=number,
        by=by,
        note=note,
        owner=owner,
        as_json=as_json,
    )


@adjustments.command("reject")
def adjustments_reject(
    number: Adjustment,
    by: By = "",
    note: Note = "",
    owner: Owner = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let it not be booked: it is to be counted again."""
    _adjust(
        "settle",
        verdict="reject",
        config=config,
        number=number,
        by=by,
        note=note,
        owner=owner,
        as_json=as_json,
    )


app.add_typer(cli_money.app, name="money")
app.add_typer(cli_sagas.app, name="sagas")
app.add_typer(cli_orders.app, name="orders")


stock = typer.Typer(no_args_is_help=True, help="Counters of stock beside the ledger's entries.")
app.add_typer(stock, name="stock")


@stock.callback()
def _stock() -> None:
    """Counters of stock beside the ledger's entries."""


@stock.command("rebase")
def stock_rebase(
    item: Annotated[str, typer.Option("--item", help="The item.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Put them right; without it they are only shown.")
    ] = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Compare an item's counters with the entries; exit code 1 if any differs and is left so."""
    module = import_module("crossdock.runtime.commands.stock")
    raise typer.Exit(module.run_rebase(config=config, item=item, apply=apply, as_json=as_json))


@app.command()
def verify(config: Config = _CONFIG, as_json: Json = False) -> None:
    """Check every invariant; exit code 1 and the rows that break one."""
    _run("verify", config=config, as_json=as_json)


@app.command()
def contracts(
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the documents into this folder.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Refuse broken rules, breaking changes, stale documents."),
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Check against this folder; default: docs/reference."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Generate JSON Schema, OpenAPI, AsyncAPI and reference pages from the contracts."""
    _run("contracts", write=write, against=against, check=check, as_json=as_json)


@app.command()
def demo(
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders to generate.")] = 500,
    seconds: Annotated[
        int | None, typer.Option("--for", min=1, help="Stop feeding after so many seconds.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--input", help="Orders of the UCI Online Retail data set.")
    ] = None,
    chaos: Annotated[bool, typer.Option("--chaos", help="Switch the estate's faults on.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything that is random.")] = 1,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data folder; default: a fresh temporary one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Boot store, hub and a simulated distributor, feed it orders, show what came of them."""
    _run(
        "demo",
        orders=orders,
        seconds=seconds,
        source=source,
        chaos=chaos,
        seed=seed,
        data=data,
        as_json=as_json,
    )


@app.command()
def bench(
    workload: Annotated[
        str, typer.Option("--workload", help="W1, W1s, W1p, W2, W3, W4, W5, W6, asof or restart.")
    ] = "W1",
    messages: Annotated[int, typer.Option("--messages", min=1000)] = 60_000,
    items: Annotated[
        int, typer.Option("--items", min=1000, help="Of asof: items, each at 20 sites.")
    ] = 1_000_000,
    calls: Annotated[
        int, typer.Option("--calls", min=1000, help="Of W5: calls at the store's port.")
    ] = 40_000,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Of W5: callers.")] = 64,
    rate: Annotated[
        int, typer.Option("--rate", min=1, help="Of W5: calls a second in the steady part.")
    ] = 1_000,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="Of W5: processes at the port, a desk each.")
    ] = 1,
    kills: Annotated[
        int, typer.Option("--kills", min=0, max=50, help="Of W5: kill -9 of the hub among calls.")
    ] = 0,
    hot: Annotated[
        int, typer.Option("--hot", min=1, max=5, help="Of W5: items that all calls are about.")
    ] = 5,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data folder; default: a fresh temporary one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a workload end to end beside the hand-written floor, in one run."""
    _run(
        "bench",
        workload=workload,
        messages=messages,
        items=items,
        calls=calls,
        workers=workers,
        rate=rate,
        processes=processes,
        kills=kills,
        hot=hot,
        data=data,
        as_json=as_json,
    )


@app.command()
def simulate(
    seeds: Annotated[str, typer.Option("--seeds", help="A..B, or one seed to play it again.")] = (
        "1..1000"
    ),
    store: Annotated[str, typer.Option("--store", help="memory or postgres.")] = "memory",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes that share them.")] = 2,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Each schedule, and the evidence of each failure.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Play seeded schedules of faults on virtual time, and say which promise broke."""
    _run("simulate", seeds=seeds, store=store, jobs=jobs, verbose=verbose, as_json=as_json)


def main() -> None:
    """The entry point: no traceback reaches a user.

    SIGTERM ends a command as Ctrl-C does, so that what it started (a hub, a database) ends with it;
    what serves listens to it by itself.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except CrossdockError as error:
        hint(explain(error))
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
