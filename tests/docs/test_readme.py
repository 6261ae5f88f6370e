"""The README's claims that can be checked are true; so are those of the changelog's neighbours."""

from __future__ import annotations

import re

from tests.docs import reference
from tests.docs.pages import DOCS, ROOT, links, section, table_rows, text_of

README = ROOT / "README.md"


def test_every_command_is_listed() -> None:
    """The table of commands has each command of the command line, and no other."""
    rows = table_rows(section(README, "Commands"))[1:]
    assert {row[0].strip("`").split()[1] for row in rows} == {
        name.split()[0] for name in reference.commands()
    }


def test_make_targets_exist() -> None:
    """What a reader is told to make is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (README, ROOT / "CONTRIBUTING.md", DOCS / "start.md"):
        told = set(re.findall(r"(?:^|`)make ([a-z]+)", text_of(page), re.MULTILINE))
        assert told <= targets, page.name


def test_every_room_that_is_built_is_in_the_tree() -> None:
    """The tree names each room of the package that holds more than its name."""
    tree = section(README, "Where things are")
    rooms = [
        path.name
        for path in (ROOT / "src" / "crossdock").iterdir()
        if (path / "__init__.py").exists() and len(list(path.rglob("*.py"))) > 1
    ]
    assert [room for room in rooms if f"{room}/" not in tree] == []


def test_every_decision_is_listed() -> None:
    """The list of decisions links each record under its own title."""
    index = DOCS / "decisions" / "index.md"
    records = sorted(path.name for path in index.parent.glob("0*.md"))
    assert sorted(links(index)) == records
    for name in records:
        title = text_of(index.parent / name).partition("\n")[0].removeprefix("# ")
        assert f"[{title}]({name})" in text_of(index)


def test_decisions_fit_their_form() -> None:
    """Each record has at most forty lines, decision first, and says what would change our mind."""
    for path in (DOCS / "decisions").glob("0*.md"):
        text = text_of(path)
        assert text.count("\n") <= 40, path.name
        assert text.split("\n\n")[1].startswith("**Decision.**"), path.name
        assert "**What would change our mind.**" in text, path.name


def test_codes_in_the_guide_to_trouble_are_codes() -> None:
    """An error code in the guide's tables is one that the hub knows."""
    page = DOCS / "guides" / "troubleshoot.md"
    known = {kind.code for kind in reference.errors()}
    for heading in ("It does not start", "A sender is refused"):
        for row in table_rows(section(page, heading))[1:]:
            assert set(re.findall(r"`([a-z-]+)`", row[0])) <= known, row[0]
