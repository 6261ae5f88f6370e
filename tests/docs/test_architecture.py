"""ARCHITECTURE.md says what the code says: rooms, floors, files, invariants."""

from __future__ import annotations

import re

from crossdock.storage.postgres.verify import CHECKS
from tests.docs.pages import ROOT, section, table_rows, text_of
from tests.tidy import scan

PAGE = ROOT / "ARCHITECTURE.md"
CODE = re.compile(r"`([^`]+)`")
FILE = re.compile(r"[\w./-]+(?:\.(?:py|sql|md|toml)|/)")


def test_rooms_are_those_of_the_tree() -> None:
    """Each room is listed with the first line of its own docstring."""
    rows = table_rows(section(PAGE, "Floors"))[1:]
    said = {row[0].strip("`/"): row[2] for row in rows}
    found = {
        name: scan.first_line((scan.SOURCE / name / "__init__.py").read_text())
        for name in scan.folders(scan.SOURCE)
    }
    assert said == found


def test_floors_are_those_of_the_import_contract() -> None:
    """Each room stands on the floor that the import contract gives it."""
    rows = table_rows(section(PAGE, "Floors"))[1:]
    said = {row[0].strip("`/"): row[1] for row in rows}
    layers = list(reversed(scan.contract("floors")["layers"]))
    floors = {room.strip(): str(n) for n, layer in enumerate(layers) for room in layer.split("|")}
    assert said == {**floors, "testing": "-"}


def test_every_file_named_is_there() -> None:
    """A path in the page leads to a file of the project, seen from its root or from the package."""
    named = {text for text in CODE.findall(text_of(PAGE)) if FILE.fullmatch(text) and "/" in text}
    gone = [path for path in named if not ((ROOT / path).exists() or (scan.SOURCE / path).exists())]
    assert gone == []


def invariants() -> dict[str, list[str]]:
    """The rows of the table of invariants by number."""
    return {row[0]: row for row in table_rows(section(PAGE, "Invariants"))[1:]}


def test_every_invariant_has_its_row() -> None:
    """I1 to I28 are listed, once and in order."""
    assert list(invariants()) == [f"I{number}" for number in range(1, 29)]


def test_every_check_stands_with_its_invariant() -> None:
    """What `crossdock verify` asks is named in the row of its invariant, and nothing else is."""
    rows = invariants()
    missing = [c.name for c in CHECKS if f"`{c.name}`" not in rows[c.invariant][3]]
    assert missing == []
    known = {check.name for check in CHECKS}
    assert {name for row in rows.values() for name in CODE.findall(row[3])} <= known


def test_warnings_are_told_from_broken_promises() -> None:
    """A check that only warns is in italics where it stands with its invariant."""
    rows = invariants()
    wrong = [c.name for c in CHECKS if (f"*`{c.name}`*" in rows[c.invariant][3]) != c.warning]
    assert wrong == []


def test_every_constraint_named_is_in_the_schema() -> None:
    """What the page says the database refuses is a constraint or a unique index of a migration."""
    folder = scan.SOURCE / "storage" / "postgres" / "migrations"
    schema = "\n".join(path.read_text() for path in sorted(folder.glob("*.sql")))
    made = set(re.findall(r"(?:CONSTRAINT|UNIQUE INDEX) (\w+)", schema))
    named = {name for row in invariants().values() for name in CODE.findall(row[2])}
    assert named <= made, named - made
