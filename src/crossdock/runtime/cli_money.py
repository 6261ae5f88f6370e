"""The commands `crossdock money ...`: what is open between order, shipment, invoice and credit."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    no_args_is_help=True, help="Orders against shipments, invoices, returns and credits."
)

Config = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", envvar="CROSSDOCK_CONFIG")
]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
By = Annotated[str, typer.Option("--by", help="Who wants it, for the record.")]
Note = Annotated[str, typer.Option("--note", help="Why, for the record.")]
Order = Annotated[str, typer.Argument(help="An order.")]
_CONFIG = Path("crossdock.yaml")


def _run(action: str, **arguments: Any) -> None:
    module = import_module("crossdock.runtime.commands.money")
    raise typer.Exit(getattr(module, action)(**arguments))


@app.command()
def match(
    order: Annotated[str, typer.Argument(help="An order; default: all with something open.")] = "",
    finding: Annotated[str, typer.Option("--finding", help="Only this kind of finding.")] = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """List what does not match between orders, shipments, invoices, returns and credits."""
    _run("match_all", order=order, finding=finding, config=config, as_json=as_json)


@app.command("shipped-not-invoiced")
def shipped_not_invoiced(config: Config = _CONFIG, as_json: Json = False) -> None:
    """List what left and is not invoiced, the oldest first, with its age and value."""
    _run("shipped_not_invoiced", config=config, as_json=as_json)


@app.command()
def credits(config: Config = _CONFIG, as_json: Json = False) -> None:  # noqa: A001  as people call them
    """List what came back and is not credited, and credits that match no request."""
    _run("credits_open", config=config, as_json=as_json)


@app.command("control-totals")
def control_totals(
    day: Annotated[str, typer.Option("--day", help="Only this day: YYYY-MM-DD.")] = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Add up units and money by day, site, kind and currency, beside what far systems report."""
    _run("control_totals", day=day, config=config, as_json=as_json)


@app.command()
def link(
    order: Order,
    shipment: Annotated[str, typer.Argument(help="A shipment that was booked under it.")],
    to: Annotated[str, typer.Option("--to", help="The order that it belongs to.")],
    note: Note = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Say to which order a shipment belongs that names one nobody placed."""
    _run("link", order=order, shipment=shipment, to=to, note=note, config=config, as_json=as_json)


@app.command()
def close(
    order: Order,
    shipment: Annotated[str, typer.Argument(help="A shipment that was booked under it.")],
    note: Note = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Say that a shipment of an order that nobody placed is not to be invoiced."""
    _run("close", order=order, shipment=shipment, note=note, config=config, as_json=as_json)


@app.command()
def retry(
    order: Order,
    shipment: Annotated[str, typer.Argument(help="The shipment that is to be invoiced.")],
    day: Annotated[str, typer.Option("--day", help="Book it under this day: YYYY-MM-DD.")] = "",
    note: Note = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Ask finance again for an invoice that it rejected, or that was withheld."""
    _run(
        "retry", order=order, shipment=shipment, day=day, note=note, config=config, as_json=as_json
    )
