"""The tree stays tidy: contracts, one-liners, small functions, ports for what is ambient."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy import scan

#: Lines in one function, docstring and all.
FUNCTION_LINES_MAX = 80

#: A ratchet: ``"path::function": (lines, reason)``. It may shrink; what is not needed must go.
LONG_FUNCTIONS: dict[str, tuple[int, str]] = {}

#: Rooms that may ask the real clock: they are, or they drive, real processes.
CLOCK_ROOMS = {"runtime", "estate", "testing"}
#: Rooms that may draw chance and read the environment.
CHANCE_ROOMS = {"runtime"}
ENVIRONMENT_ROOMS = {"runtime"}

#: Modules of delivery that do work rather than decide, and so need not be pure.
DELIVERY_AT_WORK = {"__init__", "gatekeeper", "pump"}

README_LINES_MAX = 150


def room(path: Path) -> str:
    """Name the room a module lives in."""
    return path.relative_to(scan.SOURCE).parts[0]


def test_import_contracts_hold() -> None:
    """Every import contract of pyproject.toml is kept."""
    # In a process of its own: the linter switches off every logger that it finds.
    program = "import sys; from importlinter.cli import lint_imports as lint; sys.exit(lint())"
    environment = {**os.environ, "PYTHONPATH": str(scan.ROOT / "src")}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=scan.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_room_is_kept_from_the_test_kit() -> None:
    """The contract against importing the test kit names every room but the kit itself."""
    listed = set(scan.contract("test-kit")["source_modules"])
    assert listed == {f"crossdock.{name}" for name in scan.folders(scan.SOURCE) - {"testing"}}


def test_every_connector_is_declared_a_stranger() -> None:
    """Once there are two connectors, each folder but the kit is in the contract between them."""
    present = scan.folders(scan.SOURCE / "connectors") - {"kit"}
    declared = scan.rooms_of(scan.contract("connectors-strangers")["layers"][:1])
    assert len(present) < 2 or present == declared


def test_every_policy_of_delivery_is_declared_pure() -> None:
    """Each module of delivery but those that do the work is in the contract of pure deciders."""
    policies = {path.stem for path in (scan.SOURCE / "delivery").glob("*.py")} - DELIVERY_AT_WORK
    pure = set(scan.contract("pure")["source_modules"])
    assert {f"crossdock.delivery.{name}" for name in policies} <= pure


def test_every_module_says_what_it_is() -> None:
    """Every package and module begins with a docstring whose first line is a sentence."""
    silent = [
        scan.short(path)
        for path in scan.modules()
        if not scan.first_line(path.read_text()).endswith((".", "?", ":"))
    ]
    assert silent == []


def test_functions_stay_readable() -> None:
    """No function is longer than the ceiling, but those the ratchet names, and they do not grow."""
    long = {
        f"{scan.short(path)}::{name}": lines
        for path in scan.modules()
        for name, lines in scan.function_lengths(path.read_text())
        if lines > FUNCTION_LINES_MAX
    }
    allowed = {name: lines for name, (lines, _) in LONG_FUNCTIONS.items()}
    grown = {name: lines for name, lines in long.items() if lines > allowed.get(name, 0)}
    assert grown == {}, f"split these, each is over {FUNCTION_LINES_MAX} lines"
    assert set(LONG_FUNCTIONS) <= set(long), "these are short now: take them off the ratchet"


@pytest.mark.parametrize(
    ("ban", "rooms"),
    [
        pytest.param(scan.CLOCK, CLOCK_ROOMS, id="clock"),
        pytest.param(scan.CHANCE, CHANCE_ROOMS, id="chance and ids"),
        pytest.param(scan.ENVIRONMENT, ENVIRONMENT_ROOMS, id="environment"),
    ],
)
def test_nothing_ambient_outside_its_port(ban: scan.Ban, rooms: set[str]) -> None:
    """Clock, chance, ids and environment are asked for at their ports, save in rooms named here."""
    found = [
        f"{scan.short(path)}:{line} {name}"
        for path in scan.modules()
        if room(path) not in rooms
        for line, name in scan.ambient(path.read_text(), ban)
    ]
    assert found == []


def test_no_secret_no_machine_no_registry_in_any_file() -> None:
    """No file holds a credential, a path of one machine or a package registry's host."""
    found = [
        f"{scan.short(path)} holds {what}"
        for path in scan.project_files()
        for what in scan.unwanted(path.read_text(errors="replace"))
    ]
    assert found == []


def test_readme_fits_a_first_reading() -> None:
    """The README is short enough to be read to its end."""
    assert len((scan.ROOT / "README.md").read_text().splitlines()) <= README_LINES_MAX
