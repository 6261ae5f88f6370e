"""`crossdock contracts`: the documents that are generated from the contracts' structs."""

from __future__ import annotations

from pathlib import Path

from crossdock.gateway.documents import (
    breaking_changes,
    contract_problems,
    documents,
    stale_documents,
    unwritten_documents,
    write_documents,
)
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.console import OK, UNSOUND, finish, say

PUBLISHED = Path("docs/reference")
"""Where the repository keeps what was published."""


class NothingPublished(CrossdockError):
    """There are no published contracts to compare with."""

    code = "nothing-published"
    advice = "say --against FOLDER, the folder that holds schemas/, or write it first with --write"


def run(write: Path | None, against: Path | None, check: bool, as_json: bool) -> int:
    """Write the documents into a folder, check them against one, or list them.

    Raises:
        BreakingChange: a contract in the folder would be broken; nothing is written then.
        BadContract: a message type breaks a rule of the catalogue; nothing is written then.
        NothingPublished: there is nothing to check against.
    """
    if check or against is not None:
        return _check(against or PUBLISHED, as_json)
    if write is not None:
        return _write(write, as_json)
    names = sorted(documents())
    for name in names:
        say(name)
    finish({"documents": names}, as_json=as_json)
    return OK


def _write(folder: Path, as_json: bool) -> int:
    changed = write_documents(folder)
    for path in changed:
        say(f"written: {path}")
    say(f"{len(changed)} documents changed")
    finish({"changed": changed}, as_json=as_json)
    return OK


def _check(folder: Path, as_json: bool) -> int:
    """Say what breaks the rules, what breaks users, and what is not written as the code has it."""
    if not (folder / "schemas").is_dir():
        raise NothingPublished(where=str(folder))
    rules = contract_problems()
    broken = breaking_changes(folder)
    unwritten = sorted([*unwritten_documents(folder), *stale_documents(folder)])
    for rule in rules:
        say(f"RULE    {rule}")
    for one in broken:
        say(f"BREAKS  {one.rule:20} {one}")
    for path in unwritten:
        say(f"STALE   {path}")
    say(f"{len(rules)} rules broken, {len(broken)} breaking, {len(unwritten)} stale")
    found = [{"rule": one.rule, "where": one.where, "text": str(one)} for one in broken]
    finish({"rules": rules, "broken": found, "stale": unwritten}, as_json=as_json)
    return UNSOUND if rules or broken or unwritten else OK
