"""Makes the reference pages that follow from the code: errors, limits, commands, checks, verdicts,
ownership, faults and the tests that are named after them.

`python -m tests.docs.reference` writes them into docs/reference; a test says when they are stale.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer.main

from crossdock.connectors.kit import verdicts
from crossdock.connectors.kit.card import SettingField, describe
from crossdock.connectors.kit.kind import Kind
from crossdock.contracts.conditions import CONDITIONS, Condition
from crossdock.contracts.movements import KIND_RULES
from crossdock.contracts.vocabulary import StockState
from crossdock.gateway.problems import status_of
from crossdock.kernel import limits
from crossdock.kernel.errors import CrossdockError
from crossdock.orders.lifecycle import LINE_TABLE, TABLE
from crossdock.orders.refusals import KINDS, REFUSALS
from crossdock.ownership.flows import all_flows
from crossdock.ownership.matrix import DEFAULT_RULES
from crossdock.ownership.subjects import STAGES, events_of, fields_of, objects
from crossdock.ownership.table import HEADINGS, table
from crossdock.runtime.cli import app
from crossdock.runtime.commands.connector import default_of
from crossdock.runtime.connecting import SHIPPED as CONNECTORS
from crossdock.sagas.recipes import drawing
from crossdock.sagas.recipes.shipped import SHIPPED
from crossdock.sagas.recipes.transitions import TRANSITIONS
from crossdock.storage.postgres.verify import CHECKS
from tests.docs.pages import DOCS, ROOT
from tests.faults.catalogue import GROUPS, NEEDED, Shown, cases, shown
from tests.tidy import scan

FOLDER = DOCS / "reference"
_NOTE = "<!-- Made by `python -m tests.docs.reference`; do not edit. -->\n\n"
_UNFORESEEN = 500
_CODE = '    code = "'  # how a class of error names its code

_ERRORS = """# Errors

Every error that the hub raises on purpose has a code that does not change. Over HTTP it is the
`code` of a problem document (RFC 9457), with the status shown here; on the command line it stands
in `error (code): ...`. Where no status is shown, the error is not an answer to a request. A
refusal of business (out of stock, a hold) is not an error: see
[order life](../concepts/order-life.md)."""

_ORDER_LIFE = """# The life of an order, as a table

Drawn from `orders/lifecycle.py` and `orders/refusals.py`. Statuses are derived from quantities;
this is what the derivation may make of each message, and what the message means there. After every
message the order may also stand as it stood before. See [order life](../concepts/order-life.md)."""

_LIMITS = """# Limits

What the hub takes in is bounded by these caps, all in `kernel/limits.py`. They are constants, not
settings. How often and how long the hub tries to tell something is in `delivery/retry.py`; how
long it waits for the database is in `storage/postgres/pool.py`."""

_COMMANDS = """# Commands

`crossdock COMMAND --help` says the same. With `--json` the last line of standard output is one
JSON object; progress and warnings go to standard error."""

_CHECKS = """# Checks

What `crossdock verify` asks of the database, in one read-only transaction. A *broken* check is a
promise that the hub did not keep: it is a defect, or somebody wrote to the database. A *warning*
is a condition that facts can bring about, such as a shelf that a warehouse emptied further than
the ledger knew. The invariants are listed in
[ARCHITECTURE.md](../../ARCHITECTURE.md#invariants)."""

_VERDICTS = """# Verdicts

What the reply of a far system means, from the tables in `connectors/kit/verdicts.py`. The six
answers are told in [effects and delivery](../concepts/effects-and-delivery.md); `slow-down` is
*retry later* without using up a try. A status with a row of its own goes before its class."""

_OWNERSHIP = """# The ownership matrix that ships with the hub

Who may say what, and who is told, by `ownership/matrix.py`. `crossdock.yaml` replaces rows and adds
narrower ones ([configure](../guides/configure.md#ownership)); how rules are chosen and enforced is
told in [ownership](../concepts/ownership.md). `crossdock check --ownership` shows the matrix of a
house."""

_RECIPES = """# Recipes

The recipes that ship with the hub, drawn from `sagas/recipes/`. A house says in `recipes` of
`crossdock.yaml` which it uses, and writes [its own](../guides/write-a-recipe.md). In the pictures a
step stands below those that it waits for; whom a step tells, the ownership matrix says, and a house
that names nobody has no such step. What the words mean: [recipes](../concepts/recipes.md)."""

_STEPS = """## How a step comes to stand otherwise

The literal table of `sagas/recipes/transitions.py`; what is not in it changes nothing. What follows
a bad end (`refused`, `silent`, `unknown`, `undo_failed`) comes after, by the step's cases."""

_FLOWS = """## Flows

Message types that start and stop together. A flow that touches a hole or an overlap of the matrix
does not start; `flows` in `crossdock.yaml` cuts them otherwise."""
_MOVEMENTS = """# Movements

Which goods a movement of each kind may take from where to where, from the table in
`contracts/movements.py`. *Apart* says that the goods may change their site; else both sides are one
site. A movement of version 1 of the message has no kind: the first row that fits its states is
meant. What fits no row, or not the kind that it names, is held as `movement-contradicts-kind`."""

_CONDITIONS = """# Conditions

What a person may have to look at, by kind: the table in `contracts/conditions.py`. A condition is
*noted* beside what is decided, or is why a message is *held* or *dead*, or why an *effect* is held
after an attempt. Category, severity, team and hours can be set otherwise for a house
([configure](../guides/configure.md)). *At risk* says which money `crossdock exceptions` adds up:
*line* and *order* are what left or is to leave against what is invoiced, at the order's prices;
*document* is the total of what is to be told, else the order's. Runbooks are commands: in them
`{kind}` and `{key}` are the condition's, `{place}` is the message that met it, `{order}` and
`{last}` are the first and the last part of the key; capitals are for you to fill in."""

_CONNECTORS = """# Connectors

What ships with the hub, by the cards and settings in `connectors/`. Settings stand below
`systems.NAME` in `crossdock.yaml`; secrets are given by reference (`env:NAME`, `file:PATH`), the
one called `credential` as `credentials`. `crossdock connector show NAME` says the same, also of a
connector of your own ([add a connector](../guides/add-a-connector.md))."""

_FAULTS = """# Faults

What happens to a hub, and what must hold all the same. Each case has an id, and the tests that show
it are named after it: `pytest -k c5_` runs those of a power cut. Beside them the simulator plays
most cases in any mixture ([`crossdock simulate`](cli.md#crossdock-simulate)), and `make chaos`
strikes real processes for as long as one likes. Cases in *italics* are shown though no release
needs them."""

_INTERNAL = """`internal-error` (500) stands for a defect: the answer says no more, the hub's log
has the rest under the correlation id."""


def documents() -> dict[str, str]:
    """Every generated page, by its name below docs/reference."""
    return {
        "errors.md": errors_page(),
        "limits.md": limits_page(),
        "cli.md": cli_page(),
        "checks.md": checks_page(),
        "verdicts.md": verdicts_page(),
        "ownership.md": ownership_page(),
        "movements.md": movements_page(),
        "recipes.md": recipes_page(),
        "conditions.md": conditions_page(),
        "connectors.md": connectors_page(),
        "order-life.md": order_life_page(),
        "faults.md": faults_page(),
    }


def main() -> None:
    """Write them."""
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


# Errors -----------------------------------------------------------------------------------------


def errors() -> list[type[CrossdockError]]:
    """Every error of the hub that has a code of its own, by room and code."""
    for path in scan.modules():
        if _CODE in path.read_text(encoding="utf-8"):
            import_module(".".join(path.relative_to(scan.SOURCE.parent).with_suffix("").parts))
    found = {kind for kind in _below(CrossdockError) if "code" in kind.__dict__}
    return sorted(found, key=lambda kind: (_room(kind), kind.code))


def _below(kind: type[CrossdockError]) -> Iterator[type[CrossdockError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("crossdock.") and _room(child) != "testing":
            yield from _below(child)


def _room(kind: type[CrossdockError]) -> str:
    return kind.__module__.split(".")[1]


def errors_page() -> str:
    """The table of all errors."""
    lines = [
        _NOTE + _ERRORS,
    ]
    room = ""
    for kind in errors():
        if _room(kind) != room:
            room = _room(kind)
            lines += ["", f"## {room}", "", "| code | HTTP | meaning | what to do |"]
            lines += ["|---|---|---|---|"]
        status = status_of(kind.__new__(kind))
        meaning = (kind.__doc__ or "").partition("\n")[0]
        shown = "" if status == _UNFORESEEN else str(status)
        lines.append(f"| `{kind.code}` | {shown} | {_cell(meaning)} | {_cell(kind.advice)} |")
    lines += [
        "",
        _INTERNAL,
    ]
    return "\n".join(lines) + "\n"


# Limits -----------------------------------------------------------------------------------------


def limits_page() -> str:
    """The table of all caps, with the reasons that stand beside them in the code."""
    lines = [
        _NOTE + _LIMITS,
    ]
    for heading, rows in _limit_sections():
        lines += ["", f"## {heading}", "", "| limit | value | why |", "|---|---|---|"]
        lines += [f"| `{name}` | {_amount(name)} | {_cell(why)} |" for name, why in rows]
    return "\n".join(lines) + "\n"


def _limit_sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    source = (ROOT / "src/crossdock/kernel/limits.py").read_text(encoding="utf-8")
    names = {
        node.lineno: node.target.id
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    heading, why, fresh = "", "", True
    rows: list[tuple[str, str]] = []
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("# ---"):
            if rows:
                yield heading, rows
            heading, rows, why = line.strip("# -").capitalize(), [], ""
        elif line.startswith("#"):
            why = line[1:].strip() if fresh else f"{why} {line[1:].strip()}"
            fresh = False
        else:
            if number in names and heading:
                rows.append((names[number], why))
            fresh = True
    yield heading, rows


def _amount(name: str) -> str:
    value = getattr(limits, name)
    if "BYTES" in name and value % limits.KIB == 0:
        whole, unit = (value // limits.MIB, "MiB") if value % limits.MIB == 0 else (0, "")
        return f"{whole} {unit}" if unit else f"{value // limits.KIB} KiB"
    text = f"{value:,}"
    return f"{text} s" if "SECONDS" in name else text


# Commands ---------------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """The commands of the command line, by name, in the order of help."""
    group: Any = typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        found |= {name: command} if below is None else {f"{name} {n}": c for n, c in below.items()}
    return found


def cli_page() -> str:
    """Every command with its arguments and options."""
    lines = [
        _NOTE + _COMMANDS,
        "",
        "| exit code | means |",
        "|---|---|",
        "| 0 | done, and what was looked at is sound |",
        "| 1 | done, and something is wrong with what was looked at |",
        "| 2 | the command could not do its work: wrong input, no database |",
        "| 130 | interrupted |",
    ]
    for name, command in commands().items():
        lines += ["", f"## crossdock {name}", "", command.help or ""]
        rows = [_parameter(one) for one in command.params if one.name != "help"]
        if rows:
            lines += ["", "| | default | means |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _parameter(one: Any) -> str:
    if one.param_type_name == "argument":
        name, default = one.name.upper(), ""
    else:
        name = ", ".join(one.opts)
        default = "" if one.default is None or one.is_flag else f"`{one.default}`"
    said = getattr(one, "help", None) or ""
    if getattr(one, "envvar", None):
        said = f"{said} Also by `{one.envvar}` in the environment.".strip()
    return f"| `{name}` | {default} | {_cell(said)} |"


# Checks and verdicts ----------------------------------------------------------------------------


def checks_page() -> str:
    """What `crossdock verify` asks."""
    lines = [
        _NOTE + _CHECKS,
        "",
        "| check | invariant | kind | holds while |",
        "|---|---|---|---|",
    ]
    for check in CHECKS:
        kind = "warning" if check.warning else "broken"
        lines.append(f"| `{check.name}` | {check.invariant} | {kind} | {_cell(check.title)} |")
    return "\n".join(lines) + "\n"


def verdicts_page() -> str:
    """What a far side's reply means."""
    lines = [
        _NOTE + _VERDICTS,
        "",
        "| status | verdict | words |",
        "|---|---|---|",
    ]
    for status, (verdict, words) in sorted(verdicts.STATUSES.items()):
        lines.append(f"| {status} | {verdict} | {words} |")
    for first, (verdict, words) in sorted(verdicts.CLASSES.items()):
        lines.append(f"| other {first}xx | {verdict} | {words} |")
    lines += ["", "| no reply | verdict |", "|---|---|"]
    lines += [f"| {trouble} | {verdict} |" for trouble, verdict in verdicts.TROUBLES.items()]
    return "\n".join(lines) + "\n"


# Ownership --------------------------------------------------------------------------------------


def ownership_page() -> str:
    """The default matrix, what it can speak of, and the default flows."""
    lines = [_NOTE + _OWNERSHIP, "", _row(HEADINGS), "|---|---|---|---|---|"]
    for row in table(DEFAULT_RULES, {}, {}):
        rule, *others = row.cells()
        lines.append(_row((f"`{rule}`", *others)))
    lines += ["", "## What rules may name", "", "| object | fields | stages | events |"]
    lines += ["|---|---|---|---|"]
    for entity in objects():
        named = (fields_of(entity), STAGES.get(entity, ()), events_of(entity))
        lines.append(_row((f"`{entity}`", *(", ".join(f"`{n}`" for n in one) for one in named))))
    lines += ["", _FLOWS, "", "| flow | model | message types |", "|---|---|---|"]
    for flow in all_flows({}).values():
        types = ", ".join(f"`{kind}`" for kind in flow.types)
        lines.append(_row((f"`{flow.name}`", flow.model, types)))
    return "\n".join(lines) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def recipes_page() -> str:
    """Every shipped recipe in its newest version, and how a step comes to stand otherwise."""
    lines = [_NOTE + _RECIPES]
    for name, versions in sorted(SHIPPED.items()):
        recipe = versions[-1]
        begun = ", ".join(f"`{opening.kind}`" for opening in recipe.openings)
        lines += ["", f"## {name}", "", f"Version {recipe.version}. {recipe.summary}"]
        lines += [f"Begun by {begun}.", "", "```text", *drawing.picture(recipe), "```", ""]
        lines += ["| step | does | answer from | within | refused | silent | unknown | undo |"]
        lines += ["|---|---|---|---|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in drawing.rows(recipe)]
    lines += ["", _STEPS, "", "| stands | meets | stands then |", "|---|---|---|"]
    lines += [f"| `{s}` | `{met}` | `{then}` |" for (s, met), then in TRANSITIONS.items()]
    return "\n".join(lines) + "\n"


def order_life_page() -> str:
    """The table of an order's life, with a picture of the moves that it allows."""
    lines = [
        _NOTE + _ORDER_LIFE,
        "",
        "| event | when the order is | it may become | means |",
        "|---|---|---|---|",
    ]
    for row in TABLE:
        before = ", ".join(f"`{one}`" for one in row.before)
        after = ", ".join(f"`{one}`" for one in row.after) or "the same"
        late = " **Too late.**" if row.late else ""
        lines.append(f"| {row.event} | {before} | {after} | {row.means}.{late} |")
    lines += ["", "## The moves", "", "```mermaid", "stateDiagram-v2"]
    moves = dict.fromkeys(
        (before, after) for row in TABLE for before in row.before for after in row.after
    )
    lines += [f"    {before} --> {after}" for before, after in moves if before is not after]
    lines += ["```", "", "## Lines", "", "| a line that is | may become |", "|---|---|"]
    for line, after_it in LINE_TABLE.items():
        lines.append(f"| {line} | {', '.join(one for one in after_it if one is not line)} |")
    lines += [
        "",
        "## Rules and refusals",
        "",
        "| rule | may find | its holds are of kind |",
        "|---|---|---|",
    ]
    for rule, refusals in REFUSALS.items():
        kind = f"`{KINDS[rule]}`" if rule in KINDS else "none: it refuses or warns"
        lines.append(f"| `{rule}` | {', '.join(f'`{one}`' for one in refusals)} | {kind} |")
    return "\n".join(lines) + "\n"


def movements_page() -> str:
    """From where to where each kind of movement goes."""
    lines = [
        _NOTE + _MOVEMENTS,
        "",
        "| kind | goods that | from | to | apart |",
        "|---|---|---|---|---|",
    ]
    for rule in KIND_RULES:
        apart = "yes" if rule.apart else ""
        for sources, targets in rule.routes:
            lines.append(
                f"| `{rule.kind}` | {rule.meaning} | {_states(sources)} | {_states(targets)}"
                f" | {apart} |"
            )
    return "\n".join(lines) + "\n"


def conditions_page() -> str:
    """The table of conditions, and below it what can be done about each."""
    lines = [
        _NOTE + _CONDITIONS,
        "",
        "| kind | means | arises | category | severity | team | hours | at risk | closed when |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in CONDITIONS.values():
        cured = row.cured or "a person closes it"
        cells = (f"`{row.kind}`", row.meaning, ", ".join(row.arises), row.category, row.severity)
        lines.append(_row((*cells, row.team, str(row.hours), row.risk, cured)))
    lines += ["", "## Runbooks"]
    for row in CONDITIONS.values():
        lines += ["", f"### {row.kind}", "", *_runbook(row)]
    return "\n".join(lines) + "\n"


def _runbook(row: Condition) -> Iterator[str]:
    for number, step in enumerate(row.runbook, 1):
        yield f"{number}. *{step.action}*: `{step.command}` - {step.when}."


def connectors_page() -> str:
    """The card and the settings of each kind of far system."""
    lines = [_NOTE + _CONNECTORS]
    for kind in CONNECTORS.values():
        lines += ["", f"## {kind.card.id}", "", *_connector(kind)]
    return "\n".join(lines) + "\n"


def _connector(kind: Kind) -> Iterator[str]:
    card = kind.card
    yield f"{card.label}: {card.summary}. Their interface: <{card.documentation}>."
    yield ""
    yield f"Can: {', '.join(sorted(card.capabilities))}. Most documents in one request:"
    yield f"{card.limits.documents_per_request_max}."
    yield ""
    if card.operations:
        yield "| told | offers against doing it twice |"
        yield "|---|---|"
        for told, ability in card.operations.items():
            yield _row((f"`{told}`", f"`{ability}`"))
        yield ""
    yield "| setting | means | unit | default |"
    yield "|---|---|---|---|"
    for one in describe(kind.settings):
        yield _row((f"`{one.name}`", _cell(one.summary), one.unit, _default(one)))


def _default(one: SettingField) -> str:
    if one.secret:
        return "a secret, by reference"
    return "required" if one.required else f"`{default_of(one)}`"


def faults_page() -> str:
    """Every case with its tests."""
    lines = [_NOTE + _FAULTS]
    for heading, group in GROUPS.items():
        lines += ["", f"## {heading}", "", "| case | happens | must hold | shown by |"]
        lines += ["|---|---|---|---|"]
        for case in group:
            name = case.id if case.id in NEEDED else f"*{case.id}*"
            tests = "<br>".join(map(_test, shown().get(case.id, ())))
            lines.append(_row((name, _cell(case.happens), _cell(case.holds), tests)))
    return "\n".join(lines) + "\n"


def _test(one: Shown) -> str:
    path = one.path.relative_to(ROOT).as_posix()
    words = one.name.removeprefix("test_").partition("_")[2]
    while words.split("_")[0].upper() in {case.id for case in cases()}:
        words = words.partition("_")[2]
    return f"[{words.replace('_', ' ')}](../../{path})"


def _states(states: frozenset[StockState]) -> str:
    return ", ".join(state for state in StockState if state in states) or "the same state"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    main()
