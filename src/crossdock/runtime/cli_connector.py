"""The commands `crossdock connector ...`: which there are, what they need, a new one, its proof."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.runtime.cli_work import Config, Json

connectors = typer.Typer(
    no_args_is_help=True, help="Kinds of far systems: see them, make one, try one."
)
_CONFIG = Path("crossdock.yaml")


def _run(action: str, **arguments: Any) -> None:
    module = import_module("crossdock.runtime.commands.connector")
    raise typer.Exit(getattr(module, action)(**arguments))


@connectors.command("list")
def connector_list(as_json: Json = False) -> None:
    """List the connectors that ship with the hub, and those that other packages brought."""
    _run("list_all", as_json=as_json)


@connectors.command("show")
def connector_show(
    name: Annotated[str, typer.Argument(help="Its name, as `list` shows it, or its module.")],
    as_json: Json = False,
) -> None:
    """Show what a connector can do, its limits, and every setting."""
    _run("show", name=name, as_json=as_json)


@connectors.command("new")
def connector_new(
    name: Annotated[str, typer.Argument(help="Its name, as a Python package: acme_wms.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where; default: ./NAME, which may not exist.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a connector that keeps the contract, to be changed into another one."""
    _run("new", name=name, folder=folder, as_json=as_json)


@connectors.command("certify")
def connector_certify(
    system: Annotated[str, typer.Argument(help="A system of crossdock.yaml, a sandbox.")],
    tell: Annotated[
        bool,
        typer.Option("--tell", help="Also tell it the golden documents: they leave records there."),
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", help="Also take down what passes, without secrets and people, in this file."
        ),
    ] = None,
    hide: Annotated[
        list[str] | None,
        typer.Option("--hide", help="Of a recording: a further field to hide. May be repeated."),
    ] = None,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Ask a live system what the contract asks of a fake; exit code 1 if a promise is broken."""
    _run(
        "certify",
        system=system,
        tell=tell,
        record=record,
        hide=hide or (),
        config=config,
        as_json=as_json,
    )
