"""`crossdock orders ...`: orders as they stand, and what the order desk decides about one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.contracts.vocabulary import CancelReason, HoldKind, OrderStatus, OverrideAction

app = typer.Typer(no_args_is_help=True, help="Orders: see them, hold, hurry, cancel, override.")

Config = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", envvar="CROSSDOCK_CONFIG")
]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
Number = Annotated[str, typer.Argument(help="The order's id.")]
By = Annotated[str, typer.Option("--by", help="Who wants it, for the record.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without this it is only shown.")]
Owner = Annotated[
    str, typer.Option("--as", help="In whose name; default: the first owner that the matrix names.")
]
LineOption = Annotated[str, typer.Option("--line", help="Only this line.")]
_CONFIG = Path("crossdock.yaml")


def _decide(
    action: str,
    order_id: str,
    more: dict[str, Any],
    by: str,
    reason: str,
    owner: str,
    config: Path,
    *,
    apply: bool,
    as_json: bool,
) -> None:
    module = import_module("crossdock.runtime.commands.orders")
    acting = import_module("crossdock.runtime.commands.acting")
    said = acting.Said(by, reason, apply)
    raise typer.Exit(module.decide(action, config, order_id, more, said, owner, as_json=as_json))


@app.command("list")
def orders_list(
    status: Annotated[OrderStatus | None, typer.Option("--status", help="Only these.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 100,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """List orders by id, with their holds."""
    module = import_module("crossdock.runtime.commands.orders")
    wanted = "" if status is None else status.value
    raise typer.Exit(module.list_orders(config, wanted, limit, as_json=as_json))


@app.command("show")
def orders_show(order_id: Number, config: Config = _CONFIG, as_json: Json = False) -> None:
    """Show an order: its lines, its holds, how far it has come."""
    module = import_module("crossdock.runtime.commands.orders")
    raise typer.Exit(module.show(config, order_id, as_json=as_json))


@app.command("hold")
def orders_hold(
    order_id: Number,
    kind: Annotated[HoldKind, typer.Option("--kind", help="Of which kind.")] = HoldKind.MANUAL,
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    owner: Owner = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Hold an order back: its promises are given back, warehouses are asked to stop."""
    more = {"kind": kind.value}
    _decide("hold", order_id, more, by, reason, owner, config, apply=apply, as_json=as_json)


@app.command("release-hold")
def orders_release_hold(
    order_id: Number,
    hold: Annotated[str, typer.Argument(help="The hold, as `show` names it.")],
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    owner: Owner = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let a hold go; without another one the order goes on."""
    more = {"hold": hold}
    _decide("release-hold", order_id, more, by, reason, owner, config, apply=apply, as_json=as_json)


@app.command("prioritise")
def orders_prioritise(
    order_id: Number,
    priority: Annotated[int, typer.Argument(help="1 is most urgent, 5 normal.", min=1, max=9)],
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    owner: Owner = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Make an order more or less urgent; warehouses at work are told."""
    more = {"priority": priority}
    _decide("prioritise", order_id, more, by, reason, owner, config, apply=apply, as_json=as_json)


@app.command("cancel")
def orders_cancel(
    order_id: Number,
    why: Annotated[
        CancelReason, typer.Option("--kind", help="Why, as a code.")
    ] = CancelReason.OTHER,
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    owner: Owner = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Cancel what has not left the house; the rest is asked back."""
    more = {"reason": why.value}
    _decide("cancel", order_id, more, by, reason, owner, config, apply=apply, as_json=as_json)


@app.command("override")
def orders_override(
    order_id: Number,
    action: Annotated[OverrideAction, typer.Argument(help="What to do against the rules.")],
    line: LineOption = "",
    site: Annotated[str, typer.Option("--site", help="With source: from where.")] = "",
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    owner: Owner = "",
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Release in spite of holds, close short, or name the site of a line."""
    more: dict[str, Any] = {"action": action.value}
    more |= {name: value for name, value in (("line", line), ("site", site)) if value}
    _decide("override", order_id, more, by, reason, owner, config, apply=apply, as_json=as_json)
