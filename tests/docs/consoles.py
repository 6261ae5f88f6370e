"""Runs the marked blocks of a page as a reader would, and compares what they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import Block, blocks

SECONDS_MAX = 60
_SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Step:
    """One command and the lines that it must print, in order, among others."""

    command: str
    expected: tuple[str, ...]


def follow(
    page: Path, folder: Path, written: Callable[[str], str] = lambda text: text
) -> Iterator[Step]:
    """Write the files and run the commands of a page in a folder; gives each step once done.

    `written` is what becomes of a file's text, such as a port of this machine for one of the page.
    """
    for block in blocks(page):
        verb, _, name = block.mark.partition(" ")
        if verb == "file":
            (folder / name).write_text(written(block.text), encoding="utf-8")
        elif verb == "run":
            for step in steps(block):
                check(step, run(step.command, folder))
                yield step


def steps(block: Block) -> Iterator[Step]:
    """The commands of a console block."""
    command = ""
    expected: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step(command, tuple(expected))
            command, expected = line[2:], []
        elif line.strip():
            expected.append(line)
    yield Step(command, tuple(expected))


def run(command: str, folder: Path) -> str:
    """Run a command with the project's scripts first on the path; it must end with 0."""
    environment = {**os.environ, "PATH": f"{_SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("CROSSDOCK_CONFIG", None)
    done = subprocess.run(
        shlex.split(command),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def check(step: Step, printed: str) -> None:
    """Each expected line is printed, in order; blanks count once, `...` stands for anything."""
    lines = iter([_plain(line) for line in printed.splitlines()])
    for expected in step.expected:
        parts = [re.escape(_plain(part)) for part in expected.split("...")]
        pattern = re.compile(r"\s*.*\s*".join(parts))
        assert any(pattern.fullmatch(line) for line in lines), (
            f"{step.command} does not print, in this order: {expected}\n{printed}"
        )


def _plain(line: str) -> str:
    return " ".join(line.split())
