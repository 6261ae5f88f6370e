"""The generated pages are those that the code makes now, and nothing is missing from them."""

from __future__ import annotations

import pytest

from tests.docs import reference
from tests.docs.pages import ROOT

PAGES = reference.documents()


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_current(name: str) -> None:
    """`python -m tests.docs.reference` would change nothing."""
    assert (reference.FOLDER / name).read_text(encoding="utf-8") == PAGES[name]


def test_every_error_has_a_code_of_its_own() -> None:
    """No two errors of the hub share a code; the estate is not part of the hub."""
    codes = [kind.code for kind in reference.errors() if ".estate." not in kind.__module__]
    assert sorted({code for code in codes if codes.count(code) > 1}) == []


def test_every_error_says_what_it_is() -> None:
    """Each error has a sentence of its own, which the table shows."""
    silent = [
        kind.__name__
        for kind in reference.errors()
        if not (kind.__dict__.get("__doc__") or "").partition("\n")[0].endswith(".")
    ]
    assert silent == []


def test_every_limit_says_why() -> None:
    """Each cap is listed, with the reason that stands beside it in the code."""
    source = (ROOT / "src/crossdock/kernel/limits.py").read_text(encoding="utf-8")
    rows = [line for line in PAGES["limits.md"].splitlines() if line.startswith("| `")]
    assert len(rows) == source.count(": Final") - 2  # KIB and MIB are units
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_command_and_option_is_explained() -> None:
    """Each command has a sentence, each argument and option a row that says what it means."""
    silent = [
        line
        for line in PAGES["cli.md"].splitlines()
        if line.startswith("| `") and line.endswith("|  |")
    ]
    # `--messages` of the bench says it all by its name.
    assert [line for line in silent if "--messages" not in line] == []
    for name, command in reference.commands().items():
        assert command.help, name
