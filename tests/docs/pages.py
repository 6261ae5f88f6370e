"""Reads the project's Markdown: pages, fenced blocks, links and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.tidy import scan

ROOT = scan.ROOT
DOCS = ROOT / "docs"

_FENCE = re.compile(
    r"^(?:<!-- test: (?P<mark>[^\n]*?) -->\n)?(?P<fence>```+)(?P<language>[a-z-]*)\n"
    r"(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE_SPAN = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True)
class Block:
    """A fenced block; `mark` is what a comment just before it asks of the tests."""

    page: str
    language: str
    mark: str
    text: str


@cache
def pages() -> tuple[Path, ...]:
    """Every page that a reader may open, those beside the code included."""
    found = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "src").rglob("*.md")]
    return tuple(sorted(found))


@cache
def text_of(page: Path) -> str:
    """A page's text."""
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    """A page's path within the project."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in _FENCE.finditer(text_of(page)):
        yield Block(name_of(page), found["language"], found["mark"] or "", found["text"])


def block(page: Path, mark: str) -> Block:
    """The one block of a page with this mark."""
    [found] = [one for one in blocks(page) if one.mark == mark]
    return found


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text_of(page))


def links(page: Path) -> list[str]:
    """Where a page's links lead, those in code left out."""
    return _LINK.findall(_CODE_SPAN.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """The fragments by which a page's headings are reached."""
    return {_slug(heading) for heading in _HEADING.findall(prose(page))}


def table_rows(text: str) -> list[list[str]]:
    """The cells of every table row, rulers left out."""
    rows = []
    for line in text.splitlines():
        if line.startswith("|") and not set(line) <= set("|-: "):
            inside = re.split(r"(?<!\\)\|", line.strip()[1:-1])
            rows.append([cell.strip() for cell in inside])
    return rows


def section(page: Path, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or a higher one."""
    text = text_of(page)
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found is not None, f"{name_of(page)} has no heading {heading!r}"
    end = re.compile(rf"^#{{1,{len(found[1])}}} ", re.MULTILINE).search(text, found.end())
    return text[found.end() : end.start() if end else len(text)]


def _slug(heading: str) -> str:
    plain = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
