"""How the tidy tests look at the tree: which files there are, and what their syntax says."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: A pattern of dotted names, matched whole.
Ban = re.Pattern[str]

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "crossdock"

#: Names that read the ambient clock, or wait on it.
CLOCK = re.compile(
    r"time\.\w+|datetime\.datetime\.(now|today|utcnow)|datetime\.date\.today",
)
#: Names that draw ambient chance or make ids out of it. A generator that is given its seed is fine.
CHANCE = re.compile(
    r"random\.(?!Random\b)\w+|random\.Random\(\)|secrets\.\w+|os\.urandom|uuid\.uuid[14]",
)
#: Names that read the environment.
ENVIRONMENT = re.compile(r"os\.(environb?|getenvb?|putenv)")

#: What no file may hold. The patterns are spelled so that they do not find themselves here.
UNWANTED = {
    "a path of one machine": re.compile(r"(?<![\w.:/-])/(?:[w]ork|[r]oot|[U]sers/\w+|[h]ome/\w+)/"),
    "a package registry's host": re.compile(r"(?:pypi|pythonhosted|npmjs|yarnpkg)\.(?:org|io|com)"),
    "a private key": re.compile(r"-{5}BEGIN [A-Z ]*PRIVATE KEY-{5}"),
    "a cloud access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a forge's token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{22,}"),
    "a payment provider's live key": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}"),
    "a chat token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
}


def modules() -> list[Path]:
    """List every Python file we ship."""
    return sorted(SOURCE.rglob("*.py"))


def project_files() -> list[Path]:
    """List what is in version control, or would be: tracked files and new ones not ignored."""
    git = shutil.which("git")
    if git is None:
        raise FileNotFoundError("the tidy tests ask git which files belong to the project")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def short(path: Path) -> str:
    """Name a file as a reader of the repository does."""
    return path.relative_to(ROOT).as_posix()


def contract(contract_id: str) -> dict[str, Any]:
    """Fetch one import contract of pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return next(found for found in contracts if found["id"] == contract_id)


def rooms_of(layers: list[str]) -> set[str]:
    """Take the names out of layers such as ``"(rest) | shopify"``."""
    return {name.strip(" ()") for layer in layers for name in layer.split("|")}


def folders(parent: Path) -> set[str]:
    """Name the packages directly below a folder."""
    return {init.parent.name for init in parent.glob("*/__init__.py")}


def first_line(source: str) -> str:
    """Give the first line of a module's docstring, or nothing."""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0].strip()


def function_lengths(source: str) -> Iterator[tuple[str, int]]:
    """Give each function's dotted name and its length in lines, decorators left out."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}.{child.name}".lstrip(".")
                if not isinstance(child, ast.ClassDef):
                    yield name, (child.end_lineno or child.lineno) - child.lineno + 1
            yield from walk(child, name)

    yield from walk(ast.parse(source), "")


def names_used(source: str) -> Iterator[tuple[int, str]]:
    """Give every dotted name with its line, aliases resolved; ``a.b()`` is a call with nothing."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origin = alias.name if alias.asname else alias.name.partition(".")[0]
                known[alias.asname or origin] = origin
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := _dotted(node, known)):
            yield node.lineno, name
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            yield node.lineno, f"{_dotted(node.func, known)}()"


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    """Spell ``a.b.c`` with ``a`` resolved, or nothing when it does not start at an import."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute) and (owner := _dotted(node.value, known)):
        return f"{owner}.{node.attr}"
    return ""


def ambient(source: str, *bans: Ban) -> list[tuple[int, str]]:
    """Find the uses of banned names, each with its line."""
    used = set(names_used(source))
    return sorted((line, name) for line, name in used if any(ban.fullmatch(name) for ban in bans))


def unwanted(text: str) -> list[str]:
    """Say what a file's text holds that no file of this project may hold."""
    return [
        f"{what}: {found.group()}"
        for what, pattern in UNWANTED.items()
        if (found := pattern.search(text))
    ]
