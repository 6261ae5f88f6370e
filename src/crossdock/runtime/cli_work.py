"""The commands of people who work on what waits: `exceptions` and `dead-letters`.

What they do lives in `runtime/commands/`, imported only when it is called.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", envvar="CROSSDOCK_CONFIG")
]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
By = Annotated[str, typer.Option("--by", help="Who acts; default: the login of this user.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record; --apply needs it.")]
Apply = Annotated[
    bool, typer.Option("--apply", help="Do it; without it is only shown what would happen.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
_CONFIG = Path("crossdock.yaml")

exceptions = typer.Typer(no_args_is_help=True, help="Conditions that people work on.")
dead_letters = typer.Typer(
    no_args_is_help=True, help="Held and dead messages and held effects, and what to do about them."
)


def _run(module: str, function: str, *arguments: Any, **options: Any) -> None:
    found = import_module(f"crossdock.runtime.commands.{module}")
    raise typer.Exit(getattr(found, function)(*arguments, **options))


def _said(by: str, reason: str, apply: bool) -> Any:
    return import_module("crossdock.runtime.commands.acting").Said(by, reason, apply)


# Exceptions -------------------------------------------------------------------------------------

Kind = Annotated[str, typer.Argument(help="The kind, as `list` shows it.")]
Key = Annotated[str, typer.Argument(help="What it is about, as `list` shows it.")]


@exceptions.command("list")
def exceptions_list(
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Of these kinds only.")] = None,
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Of these categories only.")
    ] = None,
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help="Of these severities only.")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="Of this person or team only.")] = "",
    key: Annotated[str, typer.Option("--key", help="About keys that begin so only.")] = "",
    older: Annotated[
        int, typer.Option("--older-than", min=0, help="Open for so many hours or more.")
    ] = 0,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue.")] = False,
    snoozed: Annotated[bool, typer.Option("--snoozed", help="Also what is left alone.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="Also what is closed.")] = False,
    limit: Limit = 50,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """List conditions, the most severe first, with money at risk; exit code 1 if any is overdue."""
    wanted = import_module("crossdock.runtime.commands.exceptions").Filter(
        kinds=tuple(kind or ()),
        categories=tuple(category or ()),
        severities=tuple(severity or ()),
        to=to,
        key=key,
        older_hours=older,
        overdue=overdue,
        snoozed=snoozed,
        closed=closed,
    )
    _run("exceptions", "show_list", config, wanted, limit, as_json=as_json)


@exceptions.command("show")
def exceptions_show(kind: Kind, key: Key, config: Config = _CONFIG, as_json: Json = False) -> None:
    """Show a condition with its evidence and its runbook."""
    _run("exceptions", "show_one", config, kind, key, as_json=as_json)


@exceptions.command("assign")
def exceptions_assign(
    kind: Kind,
    key: Key,
    to: Annotated[
        str, typer.Option("--to", help="A person or a team; empty: that of its kind.")
    ] = "",
    snooze: Annotated[
        int, typer.Option("--snooze", min=0, help="Leave it alone for so many hours.")
    ] = 0,
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Let a condition be somebody's to look at, or nobody's for a while."""
    said = _said(by, reason, apply)
    _run("exceptions", "assign", config, kind, key, to, snooze, said, as_json=as_json)


@exceptions.command("close")
def exceptions_close(
    kind: Kind,
    key: Key,
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Close what was seen of a condition; what is noted later opens it again."""
    _run("exceptions", "close", config, kind, key, _said(by, reason, apply), as_json=as_json)


# Dead letters -----------------------------------------------------------------------------------

Target = Annotated[str, typer.Argument(help="A message's place (3:17), or an effect's key.")]
OfKind = Annotated[str, typer.Option("--kind", help="Held for this kind of condition only.")]
OfSource = Annotated[
    str, typer.Option("--source", help="Of this sender, or for this destination, only.")
]
OfType = Annotated[str, typer.Option("--type", help="Of this message type only.")]
OfKey = Annotated[str, typer.Option("--key", help="About this order, item or such only.")]
OfReason = Annotated[str, typer.Option("--because", help="With this in the reason only.")]
OfFate = Annotated[str, typer.Option("--fate", help="held, dead or 'held effect' only.")]


def _filter(kind: str, source: str, of_type: str, key: str, because: str, fate: str) -> Any:
    module = import_module("crossdock.runtime.commands.dead_letters")
    return module.Filter(kind, source, of_type, key, because, fate)


@dead_letters.command("list")
def dead_letters_list(
    kind: OfKind = "",
    source: OfSource = "",
    of_type: OfType = "",
    key: OfKey = "",
    because: OfReason = "",
    fate: OfFate = "",
    limit: Limit = 50,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """List what is held or dead and was not handled; exit code 1 if there is anything."""
    wanted = _filter(kind, source, of_type, key, because, fate)
    _run("dead_letters", "show_list", config, wanted, limit, as_json=as_json)


@dead_letters.command("show")
def dead_letters_show(target: Target, config: Config = _CONFIG, as_json: Json = False) -> None:
    """Show one: what it says, what was tried, what can be done."""
    _run("dead_letters", "show_one", config, target, as_json=as_json)


@dead_letters.command("retry")
def dead_letters_retry(
    target: Target,
    certain: Annotated[
        bool,
        typer.Option("--certain", help="Of an effect: somebody looked, it is not done over there."),
    ] = False,
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Decide a message again, or tell an effect again with all its tries."""
    said = _said(by, reason, apply)
    _run("dead_letters", "retry", config, target, said, certain=certain, as_json=as_json)


@dead_letters.command("edit")
def dead_letters_edit(
    target: Target,
    data: Annotated[Path, typer.Option("--data", help="A file with the data as it was meant.")],
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Decide a message with other data, in its sender's name."""
    said = _said(by, reason, apply)
    _run("dead_letters", "edit", config, target, data, said, as_json=as_json)


@dead_letters.command("override")
def dead_letters_override(
    target: Target,
    owner: Annotated[
        str, typer.Option("--as", help="The owner; default: the first that the matrix names.")
    ] = "",
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Decide a message that was not its sender's to say in the name of its owner."""
    said = _said(by, reason, apply)
    _run("dead_letters", "override", config, target, owner, said, as_json=as_json)


@dead_letters.command("cancel")
def dead_letters_cancel(
    target: Target,
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Never apply a message, or never tell an effect; what waits behind it goes on."""
    said = _said(by, reason, apply)
    _run("dead_letters", "cancel", config, target, said, as_json=as_json)


@dead_letters.command("adopt")
def dead_letters_adopt(
    target: Target,
    reference: Annotated[str, typer.Option("--reference", help="The far side's number for it.")],
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Take an effect as done: somebody found it over there."""
    said = _said(by, reason, apply)
    _run("dead_letters", "adopt", config, target, reference, said, as_json=as_json)


@dead_letters.command("compensate")
def dead_letters_compensate(
    order: Annotated[str, typer.Argument(help="The order.")],
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Cancel what is open of an order in the name of who may, and give its promises back."""
    said = _said(by, reason, apply)
    _run("dead_letters", "compensate", config, order, said, as_json=as_json)


@dead_letters.command("redrive")
def dead_letters_redrive(
    kind: OfKind = "",
    source: OfSource = "",
    of_type: OfType = "",
    key: OfKey = "",
    because: OfReason = "",
    fate: OfFate = "",
    limit: Limit = 100,
    per_second: Annotated[int, typer.Option("--per-second", min=1, help="How fast.")] = 50,
    by: By = "",
    reason: Reason = "",
    apply: Apply = False,
    config: Config = _CONFIG,
    as_json: Json = False,
) -> None:
    """Retry many, in order and paced; cut off, it goes on where it was when it is begun again."""
    wanted = _filter(kind, source, of_type, key, because, fate)
    said = _said(by, reason, apply)
    _run("dead_letters", "redrive", config, wanted, limit, per_second, said, as_json=as_json)
