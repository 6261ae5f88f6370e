"""The command `replay`; what it does lives in `runtime/commands/replay.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from crossdock.runtime.cli_work import Apply, By, Config, Json, Reason

_CONFIG = Path("crossdock.yaml")


def replay(
    places: Annotated[list[str] | None, typer.Argument(help="Places of messages: 3:17.")] = None,
    first: Annotated[
        str, typer.Option("--from", help="From these positions on: 0:10,3:2 as `state` prints.")
    ] = "",
    last: Annotated[str, typer.Option("--to", help="Up to these positions.")] = "",
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Of these message types only.")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Of this sender only.")] = "",
    key: Annotated[str, typer.Option("--key", help="About this order, item or such only.")] = "",
    since: Annotated[
        datetime | None, typer.Option("--since", help="That happened since then (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", help="That happened until then (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 1_000,
    resend: Annotated[
        bool, typer.Option("--resend", help="Tell their effects once more, under new keys.")
    ] = False,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Into a shadow: decide by this file.")
    ] = None,
    mapping: Annotated[
        str, typer.Option("--mapping", help="Into a shadow: read by FILE.py:FUNCTION.")
    ] = "",
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Say messages again: into the hub, which absorbs them, or into a shadow, with a diff."""
    module = import_module("crossdock.runtime.commands.replay")
    if policy is not None or mapping:
        raise typer.Exit(module.run_shadow(config, policy, mapping, last, as_json=as_json))
    said = import_module("crossdock.runtime.commands.acting").Said(by, reason, apply)
    wanted = module.Selection(
        places=tuple(places or ()),
        first=first,
        last=last,
        types=tuple(types or ()),
        source=source,
        key=key,
        since=None if since is None else since.replace(tzinfo=UTC),
        until=None if until is None else until.replace(tzinfo=UTC),
        limit=limit,
    )
    run = module.run_resend if resend else module.run_live
    raise typer.Exit(run(config, wanted, said, as_json=as_json))
