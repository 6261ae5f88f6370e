"""`crossdock sagas ...`: instances of recipes, and a person's word on them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Instances of recipes: see them, move them on.")

Config = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", envvar="CROSSDOCK_CONFIG")
]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
Number = Annotated[str, typer.Argument(help="Its id, as `list` shows it.")]
By = Annotated[str, typer.Option("--by", help="Who wants it, for the record.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
StepName = Annotated[str, typer.Option("--step", help="The step.")]
_CONFIG = Path("crossdock.yaml")


@app.command("list")
def sagas_list(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """List instances that are not over, those that wait for a person first."""
    module = import_module("crossdock.runtime.commands.sagas")
    raise typer.Exit(module.list_sagas(config, everything=everything, as_json=as_json))


@app.command("show")
def sagas_show(number: Number, config: Config = _CONFIG, as_json: Json = False) -> None:
    """Show an instance: what is done, what is awaited from whom, what is safe next."""
    module = import_module("crossdock.runtime.commands.sagas")
    raise typer.Exit(module.show(config, number, as_json=as_json))


@app.command("skip")
def sagas_skip(
    number: Number,
    step: StepName,
    by: By,
    reason: Reason,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Leave a step out and go on; going back: somebody has dealt with it by hand."""
    _instruct("skip", number, by, reason, config, as_json, step=step)


@app.command("retry")
def sagas_retry(
    number: Number,
    step: StepName,
    by: By,
    reason: Reason,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Ask for a step once more under a new number; going back: for its undo."""
    _instruct("retry", number, by, reason, config, as_json, step=step)


@app.command("undo")
def sagas_undo(
    number: Number, by: By, reason: Reason, config: Config = _CONFIG, as_json: Json = False
) -> None:
    """Undo everything that was done, last first. Facts stay."""
    _instruct("undo", number, by, reason, config, as_json)


@app.command("park")
def sagas_park(
    number: Number, by: By, reason: Reason, config: Config = _CONFIG, as_json: Json = False
) -> None:
    """Let an instance begin nothing more until it is resumed."""
    _instruct("park", number, by, reason, config, as_json)


@app.command("resume")
def sagas_resume(
    number: Number, by: By, reason: Reason, config: Config = _CONFIG, as_json: Json = False
) -> None:
    """Let a parked instance go on."""
    _instruct("resume", number, by, reason, config, as_json)


@app.command("migrate")
def sagas_migrate(
    number: Number,
    version: Annotated[int, typer.Option("--to", min=1, help="The version.")],
    by: By,
    reason: Reason,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let an instance go on by another version of its recipe."""
    _instruct("migrate", number, by, reason, config, as_json, version=version)


def _instruct(
    action: str,
    number: str,
    by: str,
    reason: str,
    config: Path,
    as_json: bool,
    *,
    step: str | None = None,
    version: int | None = None,
) -> None:
    module = import_module("crossdock.runtime.commands.sagas")
    raise typer.Exit(
        module.instruct(
            action, config, number, by, reason, step=step, version=version, as_json=as_json
        )
    )
