"""The faults that the hub is built for, by their ids; a test is named after each case it shows.

A test's name begins with the ids of its cases: `test_c1_c4_a_hub_that_is_killed_goes_on`. From
that `docs/reference/faults.md` is generated, and a tidy test says which case has no test.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.tidy import scan


@dataclass(frozen=True)
class Case:
    """One fault: what happens, and what must hold all the same."""

    id: str
    happens: str
    holds: str


@dataclass(frozen=True)
class Shown:
    """A test that is named after cases."""

    path: Path
    name: str


def _groups(text: str) -> dict[str, tuple[Case, ...]]:
    """The cases of a table by its headings."""
    found: dict[str, list[Case]] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            found[heading := line.strip("# ")] = []
        elif line:
            found[heading].append(Case(*(cell.strip() for cell in line.split("|"))))
    return {heading: tuple(cases) for heading, cases in found.items()}


GROUPS = _groups(Path(__file__).with_name("cases.txt").read_text(encoding="utf-8"))
"""Every case with a test, by kind of fault."""

NEEDED = frozenset(
    [
        "C1",
        "C2",
        "C3",
        "C4",
        "C5",
        "C6",
        "C8",
        "D1",
        "D2",
        "D3",
        "D4",
        "D5",
        "D6",
        "D7",
        "D8",
        "D12",
        "D14",
        "N1",
        "N2",
        "N3",
        "N4",
        "N5",
        "N6",
        "N7",
        "N8",
        "N9",
        "N12",
        "N13",
        "N14",
        "O1",
        "O2",
        "O3",
        "O4",
        "O5",
        "O6",
        "O7",
        "O8",
        "O10",
        "O15",
        "T1",
        "T2",
        "L1",
        "L2",
        "L3",
        "L4",
        "U1",
        "U2",
        "U3",
        "U4",
        "U7",
        "V1",
        "V2",
        "V3",
        "V4",
        "V5",
        "V7",
        "V8",
        "V10",
        "V11",
        "V12",
    ]
)
"""The cases without which there is no release."""

_IDS = re.compile(r"test_((?:[cdnotluv]\d+_)+)")


def cases() -> Iterator[Case]:
    """All of them, in their order."""
    for group in GROUPS.values():
        yield from group


@cache
def shown() -> dict[str, list[Shown]]:
    """By case, the tests that are named after it, those of the shipped contracts included."""
    found: defaultdict[str, list[Shown]] = defaultdict(list)
    for path in _files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if (ids := _IDS.match(node.name)) is not None:
                one = Shown(path, node.name)
                for case in ids[1].upper().strip("_").split("_"):
                    found[case].append(one)
    return found


def _files() -> list[Path]:
    tests = (scan.ROOT / "tests").rglob("test_*.py")
    return sorted([*tests, *(scan.SOURCE / "testing").rglob("*.py")])
