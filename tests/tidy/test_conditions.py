"""Every kind of condition that code uses has a row in the table, and every row is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from crossdock.contracts.conditions import CONDITIONS, Arises, check_rows, kind_of_reason
from crossdock.contracts.kits import Broken
from crossdock.inventory.units import Refusal
from crossdock.log.records import SETTLED, Verdict
from crossdock.orders.matching import NOTED
from tests.docs.reference import commands
from tests.tidy import scan

_ENUMERATED = {"broken": Broken, "base": Refusal}
"""Variables that begin a reason with a member of an enumeration."""

_COMING = {"sagas"}
"""Commands of runbooks that are on their way."""

_HOLDS = {"hold", "refuse"}


@cache
def _trees() -> dict[Path, ast.Module]:
    rooms = ("sagas", "runtime", "storage", "delivery", "orders", "inventory", "returns")
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in scan.modules()
        if path.relative_to(scan.SOURCE).parts[0] in rooms
    }


def _constants(tree: ast.Module) -> dict[str, str]:
    """Module constants that are one text."""
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant):
            found[target.id] = str(node.value.value)
    return found


def _imported() -> dict[str, str]:
    """Constants by their last name, wherever they are defined."""
    return {name: text for tree in _trees().values() for name, text in _constants(tree).items()}


def _calls(names: set[str]) -> Iterator[tuple[Path, ast.AST, ast.Call]]:
    """Calls of these names, each with the file and the function that it stands in."""
    for path, tree in _trees().items():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _name(node.func) in names:
                    yield path, function, node


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _kinds_noted() -> set[str]:
    """The first argument of every `turn.note(kind, key, detail)` and `Note(kind, key, detail)`.

    What does not match between an order's documents is noted under the name of its finding.
    """
    found = {finding.value for finding in NOTED}
    for path, _, call in _calls({"note", "Note"}):
        if len(call.args) != 3 or call.keywords:
            continue
        kind = call.args[0]
        if isinstance(kind, ast.Constant):
            found.add(str(kind.value))
        elif isinstance(kind, ast.Name) and kind.id != "kind":
            found.add(_constants(_trees()[path]).get(kind.id) or _imported()[kind.id])
    return found | _kinds_of_lines()


def _kinds_of_lines() -> set[str]:
    """What `telling` finds odd in an order's line, as `(kind, numbers)`."""
    [tree] = [tree for path, tree in _trees().items() if path.name == "telling.py"]
    found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Yield)]
    return {
        str(pair.elts[0].value)
        for pair in found
        if isinstance(pair, ast.Tuple) and isinstance(pair.elts[0], ast.Constant)
    }


def _beginnings(function: ast.AST, said: ast.expr) -> Iterator[str]:
    """How a reason begins, whatever its variables hold."""
    if isinstance(said, ast.Constant):
        yield str(said.value)
    elif isinstance(said, ast.JoinedStr):
        first = said.values[0]
        if isinstance(first, ast.Constant):
            yield str(first.value)
        elif isinstance(first, ast.FormattedValue) and isinstance(first.value, ast.Name):
            yield from (str(member) for member in _ENUMERATED[first.value.id])
    elif isinstance(said, ast.Name):
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == said.id for target in node.targets
            ):
                yield from _beginnings(function, node.value)


def _reasons() -> dict[str, Path]:
    """How the reasons begin with which messages are held or refused."""
    found = {}
    for path, function, call in _calls(_HOLDS):
        if "sagas" not in path.parts or path.name == "turn.py":
            continue
        beginnings = list(_beginnings(function, call.args[0]))
        assert beginnings, f"{scan.short(path)}:{call.lineno}: a reason that nobody can foresee"
        found.update(dict.fromkeys(beginnings, path))
    return found


def test_every_kind_that_is_noted_has_a_row() -> None:
    """A condition without a row would have no owner, no due time and no runbook."""
    noted = {kind for kind, row in CONDITIONS.items() if Arises.NOTED in row.arises}
    assert _kinds_noted() | {"stock-rebased"} == noted


def test_every_reason_begins_as_a_row_says() -> None:
    """Each message that is held or refused is so for a kind of the table."""
    lost = [
        f"{scan.short(path)}: {reason}"
        for reason, path in _reasons().items()
        if not kind_of_reason(reason)
    ]
    assert lost == []


def test_every_beginning_is_used() -> None:
    """No row waits for a reason that no code gives."""
    given = [*_reasons(), "cannot be decided:", "cannot be kept:"]
    unused = [
        (row.kind, begin)
        for row in CONDITIONS.values()
        for begin in row.begins
        if not any(reason.startswith(begin) for reason in given)
    ]
    assert unused == []


def test_every_verdict_that_holds_an_effect_has_a_row() -> None:
    """What an effect may be held for is exactly what the table says of effects."""
    told = {kind for kind, row in CONDITIONS.items() if Arises.EFFECT in row.arises}
    assert told == {verdict.value for verdict in set(Verdict) - SETTLED - {Verdict.LOST}}


def test_the_table_keeps_its_own_rules() -> None:
    """No kind stands twice; each has a runbook and a time; who waits has a reason."""
    assert check_rows() == []


@pytest.mark.parametrize("kind", CONDITIONS)
def test_runbooks_can_be_filled_in(kind: str) -> None:
    """Every step of a runbook is a command that there is, and names only what a condition has."""
    known = {"kind": kind, "key": "K", "place": "0:1", "order": "O", "second": "S", "last": "L"}
    for step in CONDITIONS[kind].runbook:
        command = step.command.format(**known)
        assert "{" not in command
        words = command.split()
        assert words[0] == "crossdock"
        known_commands = commands().keys() | _COMING
        assert {words[1], " ".join(words[1:3])} & known_commands, command
